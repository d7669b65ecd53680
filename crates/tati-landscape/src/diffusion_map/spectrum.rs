//! The leading eigenpairs of a random walk between points, by its symmetric conjugate.

use std::cmp::Ordering;

use faer::Mat;
use nalgebra::DMatrix;
use tati_core::{Result, TatiError};

use super::bandwidth::Scales;
use super::faint;
use super::kernel::Walk;
use super::operator::{BLOCK, Filter, Operator};
use crate::eigenpairs::{symmetric_eigen, with_fixed_signs};
use crate::krylov::{KrylovSettings, leading_eigenpairs, product};

/// The residual |Aψ − μψ| to be reached, |ψ| = 1 and the largest μ = 1.
const TOLERANCE: f64 = 1e-12;

/// Applications of the matrix to a block of vectors after which the search ends.
const MAX_APPLICATIONS: usize = 20_000;

/// Points up to which all eigenpairs are computed.
const MAX_DENSE: usize = 200;

/// Applications from which the interval of the filter is taken.
const ROUGH_APPLICATIONS: usize = 6;

/// Eigenvalues of the generator, descending, and its eigenvectors in columns.
pub(super) struct Spectrum {
    pub(super) eigenvalues: Vec<f64>,
    pub(super) coordinates: DMatrix<f64>,
}

impl Spectrum {
    /// The `count` leading eigenpairs. `parts` are the parts of the graph, at most as many as eigenpairs.
    pub(super) fn new(walk: &Walk, scales: &Scales, parts: &[usize], count: usize) -> Result<Self> {
        let size = parts.len();
        // s, such that no |1 − A| is larger than that of S.
        let least = (0..size)
            .map(|at| scales.of(at))
            .fold(f64::INFINITY, f64::min);
        let step = least * least;
        let mut values = walk.symmetric();
        if scales.point_scales.is_some() {
            let pattern = &walk.log_kernel;
            pattern.transform(&mut values, |row, column, value| {
                let [own, other] = [row, column].map(|at| least / scales.of(at));
                let diagonal = f64::from(u8::from(row == column));
                diagonal + own * other * (value - diagonal)
            });
        }
        // √π, π the stationary density of L.
        let mut log_stationary: Vec<f64> = (0..size)
            .map(|at| walk.log_weights[at] + walk.log_sums[at] + 2.0 * scales.of(at).ln())
            .collect();
        let largest = log_stationary
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = log_stationary.iter().map(|log| (log - largest).exp()).sum();
        log_stationary
            .iter_mut()
            .for_each(|log| *log -= largest + sum.ln());
        let roots: Vec<f64> = log_stationary.iter().map(|log| (0.5 * log).exp()).collect();
        let parts = Parts::new(&roots, parts)?;
        let known = parts.masses.len();
        let operator = Operator {
            pattern: &walk.log_kernel,
            values,
            known: Mat::from_fn(size, known, |row, column| {
                roots[row] * parts.coordinate(row, column)
            }),
        };
        let (found, vectors) = leading(&operator, count - known)?;
        let mut eigenvalues = vec![0.0; known];
        eigenvalues.extend(
            found
                .iter()
                .map(|value| (value - 1.0) / (step * scales.bandwidth)),
        );
        let mut coordinates =
            DMatrix::from_fn(size, count, |row, column| match column.checked_sub(known) {
                None => parts.coordinate(row, column),
                Some(column) => vectors[(row, column)] / roots[row],
            });
        faint::fill(walk, scales, &roots, &eigenvalues, known, &mut coordinates)?;
        Ok(Self {
            eigenvalues,
            coordinates: with_fixed_signs(coordinates),
        })
    }
}

/// Vectors that a search for `count` eigenpairs keeps.
pub(super) fn basis_vectors(count: usize) -> usize {
    (count + BLOCK).next_multiple_of(BLOCK) + 7 * BLOCK
}

/// Whether all eigenpairs are computed.
pub(super) fn is_dense(size: usize, count: usize) -> bool {
    size <= MAX_DENSE || 4 * count > size
}

/// The parts of the graph, each of which has an eigenvalue 0 of the generator.
struct Parts<'a> {
    of_points: &'a [usize],
    /// Stationary probability of each.
    masses: Vec<f64>,
    /// That of each and all after it.
    rest: Vec<f64>,
}

impl<'a> Parts<'a> {
    fn new(roots: &[f64], of_points: &'a [usize]) -> Result<Self> {
        let count = of_points.iter().max().map_or(0, |last| last + 1);
        let mut masses = vec![0.0; count];
        for (root, &part) in roots.iter().zip(of_points) {
            masses[part] += root * root;
        }
        if let Some(part) = masses.iter().position(|mass| !mass.is_normal()) {
            let first = of_points.iter().position(|&of| of == part).unwrap_or(0);
            return Err(TatiError::InvalidSetting {
                name: "log_weights",
                value: format!("next to nothing on the part of the points with point {first}"),
                expected: "above 10⁻³⁰⁰ of the whole on each part that no step leads to: leave these points out"
                    .to_string(),
            });
        }
        let mut rest = masses.clone();
        for part in (1..count).rev() {
            rest[part - 1] += rest[part];
        }
        Ok(Self {
            of_points,
            masses,
            rest,
        })
    }

    /// Orthonormal functions, constant on each part: the first is 1, number m tells part m − 1 from those after it.
    fn coordinate(&self, point: usize, number: usize) -> f64 {
        let Some(own) = number.checked_sub(1) else {
            return 1.0;
        };
        let [mass, after] = [self.masses[own], self.rest[own + 1]];
        match self.of_points[point].cmp(&own) {
            Ordering::Less => 0.0,
            Ordering::Equal => (after / (mass * (mass + after))).sqrt(),
            Ordering::Greater => -(mass / (after * (mass + after))).sqrt(),
        }
    }
}

/// The `count` leading eigenpairs beside the known ones.
///
/// Where those sought crowd at 1, a Krylov space of the matrix itself would have to be large. So it is one of a Chebyshev polynomial of
/// the matrix, which spreads them (Y. Zhou, Y. Saad, SIAM J. Matrix Anal. Appl. 29 (2007) 954) and is at most 1 on the interval of those
/// not sought. A rough search finds the interval; pairs found inside it mean that it was too high.
fn leading(operator: &Operator<'_>, count: usize) -> Result<(Vec<f64>, Mat<f64>)> {
    let size = operator.size();
    if count == 0 {
        return Ok((Vec::new(), Mat::zeros(size, 0)));
    }
    if is_dense(size, count) {
        let identity = Mat::<f64>::identity(size, size);
        let matrix = operator.apply(identity.as_ref());
        let (values, vectors) = symmetric_eigen(matrix.as_ref())?;
        return Ok((
            values[..count].to_vec(),
            vectors.as_ref().subcols(0, count).to_owned(),
        ));
    }
    let mut settings = KrylovSettings {
        num_eigenpairs: (count + 2 * BLOCK).max(ROUGH_APPLICATIONS * BLOCK),
        block_size: BLOCK,
        max_dimension: basis_vectors(count),
        tolerance: TOLERANCE,
        max_applications: ROUGH_APPLICATIONS.max((count + 3 * BLOCK) / BLOCK),
        seed: 0,
    };
    let rough = leading_eigenpairs(
        size,
        &settings,
        |vectors| Ok(operator.apply_beside(vectors)),
    )?;
    settings.num_eigenpairs = count;
    let mut filter = Filter::new(
        rough.values.last().copied().unwrap_or(-1.0) - 0.1,
        rough.values[count + 1],
    );
    loop {
        settings.max_applications = MAX_APPLICATIONS / filter.degree;
        let found = leading_eigenpairs(size, &settings, |vectors| {
            Ok(if filter.degree == 1 {
                operator.apply(vectors)
            } else {
                operator.apply_filter(&filter, vectors)
            })
        })?;
        let (values, vectors, residual) = rayleigh_ritz(operator, &found.vectors)?;
        let least = values[count - 1];
        if filter.degree > 1 && least <= filter.upper {
            filter = if least < filter.lower || filter.upper < 0.0 {
                Filter::none()
            } else {
                Filter::new(filter.lower, 2.0 * filter.upper - 1.0)
            };
            continue;
        }
        if residual > 10.0 * TOLERANCE {
            return Err(TatiError::NotConverged {
                what: "the residual of a diffusion map's eigenpairs".to_string(),
                reached: residual,
                tolerance: TOLERANCE,
                remedy: "take a larger bandwidth, more neighbours or fewer eigenpairs",
            });
        }
        return Ok((values, vectors));
    }
}

/// The eigenpairs of the operator within the span of orthonormal vectors, and the largest residual.
fn rayleigh_ritz(operator: &Operator<'_>, vectors: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>, f64)> {
    let images = operator.apply(vectors.as_ref());
    let inside = product(vectors.transpose(), images.as_ref());
    let (values, rotation) = symmetric_eigen(inside.as_ref())?;
    let rotated = product(vectors.as_ref(), rotation.as_ref());
    let images = product(images.as_ref(), rotation.as_ref());
    let residual = (values.iter().enumerate())
        .map(|(at, value)| (images.col(at) - rotated.col(at) * faer::Scale(*value)).norm_l2())
        .fold(0.0, f64::max);
    Ok((values, rotated, residual))
}
