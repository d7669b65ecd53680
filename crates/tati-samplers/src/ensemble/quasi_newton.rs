//! The quasi-Newton preconditioner of an ensemble: the symmetric root of I + η cov(the other walkers), of low rank.

use std::ops::Range;
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use tati_core::{Result, SimdLevel, TatiError, require_non_negative};

use crate::fused::real::Real;

/// Elements that are worked on together: sums are added block by block in their order, so that nothing depends on the number of
/// threads.
const BLOCK: usize = 2048;
/// Elements below which a second thread costs more than it saves.
const ELEMENTS_PER_TASK: usize = 1 << 17;
/// Sums that run side by side: a single one would wait for each of its additions.
const LANES: usize = 16;

/// The preconditioner of one walker, with the deviations of the *other* W' walkers from their mean as columns of D (N × W', divided
/// by sqrt(W')):
///
/// ```text
/// B = (I + η D Dᵀ)^(1/2) = I + η D (I + (I + η DᵀD)^(1/2))⁻¹ Dᵀ
/// ```
///
/// The root is taken of the W' × W' matrix DᵀD by its eigenvectors, which are those of the thin singular value decomposition of D: with
/// D = Q S Rᵀ it is B v = v + Q((sqrt(1 + ηS²) − 1) ∘ Qᵀv), and no small singular value is ever divided by. One or no other walker,
/// equal walkers and η = 0 give B = I. B is symmetric and positive definite.
///
/// All walkers of an ensemble share one array of deviations, of the size of their positions in single precision: any symmetric B leads
/// to the same density, so it need not be exact to more. To apply B costs 4 N W operations.
///
/// Source: B. Leimkuhler, C. Matthews, J. Weare, "Ensemble preconditioning for Markov chain Monte Carlo simulation", Stat. Comput. 28
/// (2018) 277; F. Heber, Z. Trst'anová, B. Leimkuhler, J. Mach. Learn. Res. 21(228) (2020), section 2.3.
///
/// # Example
/// ```
/// use tati_samplers::QuasiNewton;
///
/// // Two walkers at ±2 along the first axis: cov = diag(4, 0), B = diag(sqrt(1 + 4η), 1).
/// let root = QuasiNewton::new(&[vec![2.0, 1.0], vec![-2.0, 1.0]], 2.0)?;
/// let mut vector = vec![1.0, 1.0];
/// root.apply(&mut vector);
/// assert!((vector[0] - 3.0).abs() < 1e-12 && vector[1] == 1.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct QuasiNewton {
    spread: Arc<Spread>,
    /// For each group of parameters the matrix M of B = I + Y M Yᵀ, Y being the deviations.
    coefficients: Vec<DMatrix<f64>>,
}

impl QuasiNewton {
    /// B = (I + η cov)^(1/2) of positions of length N, `blending` being η.
    ///
    /// # Errors
    /// If the positions differ in length, one is not finite, or η is not a finite number of at least 0.
    pub fn new(positions: &[Vec<f64>], blending: f64) -> Result<Self> {
        require_non_negative("covariance_blending", blending)?;
        let num_parameters = positions.first().map_or(0, Vec::len);
        if let Some(other) = positions.iter().find(|other| other.len() != num_parameters) {
            return Err(TatiError::ShapeMismatch {
                what: "length of a walker's position".to_string(),
                expected: num_parameters.to_string(),
                found: other.len().to_string(),
            });
        }
        let positions: Vec<&[f64]> = positions.iter().map(Vec::as_slice).collect();
        let spread = Spread::of(&positions, &all(num_parameters))?;
        Ok(Self::of_all(&Arc::new(spread), blending))
    }

    /// `vector`, of length N, times B.
    ///
    /// # Panics
    /// If the vector has another length.
    pub fn apply(&self, vector: &mut [f64]) {
        self.multiply(vector);
    }

    /// The root of the covariance of all walkers of `spread`.
    fn of_all(spread: &Arc<Spread>, blending: f64) -> Self {
        let others: Vec<usize> = (0..spread.deviations.len()).collect();
        Self::of(spread, &others, others.len(), blending)
    }

    /// The root of the covariance of all walkers of `spread` but the one at `index`.
    pub(crate) fn without(spread: &Arc<Spread>, index: usize, blending: f64) -> Self {
        let walkers = 0..spread.deviations.len();
        let others: Vec<usize> = walkers.filter(|other| *other != index).collect();
        Self::of(spread, &others, others.len(), blending)
    }

    /// The root of what the walkers that come before the one at `index` in `order` add to the covariance of all but one.
    pub(crate) fn after(
        spread: &Arc<Spread>,
        order: &[usize],
        index: usize,
        blending: f64,
    ) -> Self {
        let others = order.iter().copied();
        let others: Vec<usize> = others.take_while(|other| *other != index).collect();
        Self::of(spread, &others, order.len() - 1, blending)
    }

    /// With the sum of squares over `others` divided by `divisor`.
    fn of(spread: &Arc<Spread>, others: &[usize], divisor: usize, blending: f64) -> Self {
        let coefficients = spread.groups.iter();
        Self {
            coefficients: coefficients
                .map(|group| coefficients_of(&group.gram, others, divisor, blending))
                .collect(),
            spread: spread.clone(),
        }
    }

    /// `vector` times B, in either precision.
    pub(crate) fn multiply<T: Real>(&self, vector: &mut [T]) {
        assert_eq!(
            vector.len(),
            self.spread.num_parameters(),
            "a vector has the length of the positions"
        );
        for (group, coefficients) in self.spread.groups.iter().zip(&self.coefficients) {
            let products = self.spread.products(group, vector);
            let weights = coefficients * products;
            // Exactly I where the walkers are equal, few, or η = 0.
            if weights.iter().any(|weight| *weight != 0.0) {
                self.spread.add_combination(group, &weights, vector);
            }
        }
    }
}

/// M of B = I + Y M Yᵀ from the Gram matrix YᵀY: with D = Y P, P taking the mean of the other walkers off their deviations,
/// M = P η (I + (I + η DᵀD)^(1/2))⁻¹ Pᵀ.
fn coefficients_of(
    gram: &DMatrix<f64>,
    others: &[usize],
    divisor: usize,
    blending: f64,
) -> DMatrix<f64> {
    let (all, count) = (gram.nrows(), others.len());
    if count < 2 {
        return DMatrix::zeros(all, all);
    }
    let share = 1.0 / count as f64;
    let scale = (divisor as f64).sqrt().recip();
    let centering = DMatrix::from_fn(all, count, |row, column| {
        let is_other = f64::from(u8::from(others.contains(&row)));
        let own = f64::from(u8::from(others[column] == row));
        (own - share * is_other) * scale
    });
    let eigen = (centering.transpose() * gram * &centering).symmetric_eigen();
    let inner = eigen.eigenvalues.map(|eigenvalue| {
        // Rounding may make a zero negative.
        blending / (1.0 + (1.0 + blending * eigenvalue.max(0.0)).sqrt())
    });
    let half = centering * eigen.eigenvectors;
    &half * DMatrix::from_diagonal(&inner) * half.transpose()
}

/// The deviations Y of some walkers from their mean, and the groups of parameters whose covariances are taken apart.
#[derive(Debug)]
pub(crate) struct Spread {
    /// One vector of length N a walker.
    deviations: Vec<Vec<f32>>,
    groups: Vec<Group>,
}

/// Parameters that are preconditioned together.
#[derive(Debug)]
struct Group {
    ranges: Vec<Range<usize>>,
    /// YᵀY over these parameters.
    gram: DMatrix<f64>,
}

/// One group of all parameters.
pub(crate) fn all(num_parameters: usize) -> Vec<Vec<Range<usize>>> {
    let whole = 0..num_parameters;
    vec![vec![whole]]
}

impl Spread {
    /// Of walkers at `positions`, each of length N, with groups made of ranges of parameters.
    ///
    /// # Errors
    /// If a position is not finite, or a deviation too large for single precision.
    pub(crate) fn of<T: Real>(positions: &[&[T]], groups: &[Vec<Range<usize>>]) -> Result<Self> {
        let num_parameters = positions.first().map_or(0, |first| first.len());
        let mut deviations = vec![vec![0.0; num_parameters]; positions.len()];
        let share = 1.0 / positions.len().max(1) as f64;
        let mut mean = vec![0.0; num_parameters];
        for position in positions {
            for (mean, theta) in mean.iter_mut().zip(*position) {
                *mean += share * theta.to_f64();
            }
        }
        for (deviations, position) in deviations.iter_mut().zip(positions) {
            for ((deviation, theta), mean) in deviations.iter_mut().zip(*position).zip(&mean) {
                *deviation = (theta.to_f64() - mean) as f32;
            }
            let lost = deviations.iter().find(|deviation| !deviation.is_finite());
            if let Some(&lost) = lost {
                return Err(TatiError::NotFinite {
                    what: "the deviation of a walker from the mean of all".to_string(),
                    value: f64::from(lost),
                    remedy: "a walker has diverged; use a smaller step size, or a prior that keeps the parameters bounded",
                });
            }
        }
        Ok(Self::from_deviations(deviations, groups))
    }

    /// From deviations that were saved.
    pub(crate) fn from_deviations(deviations: Vec<Vec<f32>>, groups: &[Vec<Range<usize>>]) -> Self {
        let mut spread = Self {
            deviations,
            groups: Vec::new(),
        };
        for ranges in groups {
            let gram = spread.gram(ranges);
            spread.groups.push(Group {
                ranges: ranges.clone(),
                gram,
            });
        }
        spread
    }

    /// Y, one vector a walker.
    pub(crate) fn deviations(&self) -> &[Vec<f32>] {
        &self.deviations
    }

    fn num_parameters(&self) -> usize {
        self.deviations.first().map_or(0, Vec::len)
    }

    fn gram(&self, ranges: &[Range<usize>]) -> DMatrix<f64> {
        let count = self.deviations.len();
        let mut gram = DMatrix::zeros(count, count);
        for column in 0..count {
            let vector = &self.deviations[column];
            let later = &self.deviations[column..];
            let sums = sums_of_products(later, vector, ranges);
            for (offset, sum) in sums.iter().enumerate() {
                gram[(column + offset, column)] = *sum;
                gram[(column, column + offset)] = *sum;
            }
        }
        gram
    }

    /// Yᵀ v over the parameters of a group.
    fn products<T: Real>(&self, group: &Group, vector: &[T]) -> DVector<f64> {
        DVector::from_vec(sums_of_products(&self.deviations, vector, &group.ranges))
    }

    /// v ← v + Y w over the parameters of a group.
    fn add_combination<T: Real>(&self, group: &Group, weights: &DVector<f64>, vector: &mut [T]) {
        let level = SimdLevel::widest();
        for range in &group.ranges {
            let add = |(index, block): (usize, &mut [T])| {
                let start = range.start + index * BLOCK;
                level.run(
                    #[inline(always)]
                    || add_to_block(&self.deviations, weights.as_slice(), start, block),
                );
            };
            let part = &mut vector[range.clone()];
            if part.len() > ELEMENTS_PER_TASK {
                part.par_chunks_mut(BLOCK).enumerate().for_each(add);
            } else {
                part.chunks_mut(BLOCK).enumerate().for_each(add);
            }
        }
    }
}

/// Σ aᵢ vᵢ over the elements of `ranges`, for each a of `rows`.
fn sums_of_products<T: Real>(rows: &[Vec<f32>], vector: &[T], ranges: &[Range<usize>]) -> Vec<f64> {
    let level = SimdLevel::widest();
    let mut totals = vec![0.0; rows.len()];
    for range in ranges {
        let of_block = |(index, block): (usize, &[T])| {
            let start = range.start + index * BLOCK;
            level.run(
                #[inline(always)]
                || products_of_block(rows, start, block),
            )
        };
        let mut add = |sums: Vec<f64>| {
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += sum;
            }
        };
        let part = &vector[range.clone()];
        if part.len() > ELEMENTS_PER_TASK {
            let blocks = part.par_chunks(BLOCK).enumerate().map(of_block);
            blocks.collect::<Vec<_>>().into_iter().for_each(add);
        } else {
            part.chunks(BLOCK)
                .enumerate()
                .for_each(|block| add(of_block(block)));
        }
    }
    totals
}

#[inline(always)]
fn products_of_block<T: Real>(rows: &[Vec<f32>], start: usize, block: &[T]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(rows.len());
    for row in rows {
        let row = &row[start..start + block.len()];
        let (row_lanes, row_tail) = row.as_chunks::<LANES>();
        let (lanes, tail) = block.as_chunks::<LANES>();
        let mut parts = [0.0f64; LANES];
        for (a, v) in row_lanes.iter().zip(lanes) {
            for lane in 0..LANES {
                parts[lane] += f64::from(a[lane]) * v[lane].to_f64();
            }
        }
        let mut sum = 0.0;
        for part in parts {
            sum += part;
        }
        for (a, v) in row_tail.iter().zip(tail) {
            sum += f64::from(*a) * v.to_f64();
        }
        sums.push(sum);
    }
    sums
}

#[inline(always)]
fn add_to_block<T: Real>(rows: &[Vec<f32>], weights: &[f64], start: usize, block: &mut [T]) {
    let mut sums = [0.0f64; BLOCK];
    let sums = &mut sums[..block.len()];
    for (row, weight) in rows.iter().zip(weights) {
        let row = &row[start..start + block.len()];
        for (sum, a) in sums.iter_mut().zip(row) {
            *sum += weight * f64::from(*a);
        }
    }
    for (v, sum) in block.iter_mut().zip(sums) {
        *v = T::from_f64(v.to_f64() + *sum);
    }
}

#[cfg(test)]
#[path = "tests/root.rs"]
mod tests;
