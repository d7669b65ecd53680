//! The eigenpairs at an end of a Hessian's spectrum.

use burn::config::Config;
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tati_core::{Result, require_count, require_positive};

use super::lanczos::{Asymmetry, Lanczos, Ritz};
use super::{Hessian, resolution, vectors};

/// The probability with which the search may overlook a pair beside those found.
const OVERSIGHT: f64 = 1e-3;

/// Which end of a spectrum.
#[derive(Config, Debug, PartialEq, Eq, Copy)]
pub enum SpectrumEnd {
    /// The largest eigenvalues: the sharpest directions of a valley.
    Largest,
    /// The smallest: the most negative ones, the directions down from a saddle.
    Smallest,
    /// Those of largest magnitude, of either sign.
    LargestMagnitude,
}

/// The leading eigenpairs of a [`Hessian`] by Lanczos' method with full reorthogonalisation.
///
/// A pair (λ, y) has converged when its residual |Hy − λy| is at most `tolerance`·|λ|, or below what the differences resolve: their noise,
/// the root mean square of what should be zero in VᵀHV (V: the Lanczos vectors), or u^(2/3) of the largest eigenvalue with u the spacing
/// of the numbers at 1. Its eigenvalue is then right to the square of the residual over the distance from the other eigenvalues.
///
/// The first start is a random direction with as much of the gradient's, which is rich in the eigenvectors of a network's largest
/// eigenvalues. A Krylov space has one vector of every eigenspace only. So the search goes on from a new random start v in the complement of the pairs
/// found, until that shows a further one or excludes it: the weight (y·v)² of an eigenvector of eigenvalue μ is at most the Christoffel
/// function 1/Σ pᵢ(μ)² of the polynomials that the Lanczos coefficients define, while that of a random v is below πδ²/(2N) with a
/// probability of δ = 0.001 only. Few products settle it where the pairs found stand out from the rest.
///
/// Memory: one vector of N double precision numbers a product.
///
/// Sources: B. N. Parlett, "The symmetric eigenvalue problem" (SIAM 1998), chapter 13; G. Szegő, "Orthogonal polynomials" (AMS 1939),
/// section 3.4; G. Gur-Ari, D. A. Roberts, E. Dyer, "Gradient descent happens in a tiny subspace", arXiv:1812.04754.
///
/// # Example
/// ```
/// use tati_landscape::{EigenpairsConfig, SpectrumEnd};
///
/// let config = EigenpairsConfig::new(10).with_end(SpectrumEnd::LargestMagnitude).with_tolerance(1e-4);
/// assert_eq!(config.seed, 0);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct EigenpairsConfig {
    /// k, how many pairs.
    pub num_pairs: usize,
    /// Which end of the spectrum.
    #[config(default = "SpectrumEnd::Largest")]
    pub end: SpectrumEnd,
    /// The residual |Hy − λy| relative to |λ| at which a pair has converged.
    #[config(default = 1e-3)]
    pub tolerance: f64,
    /// Products with vectors in the search, of two gradients each, after which it ends without having converged.
    #[config(default = 500)]
    pub max_products: usize,
    /// Seed of the random starts.
    #[config(default = 0)]
    pub seed: u64,
}

/// Eigenvalues and eigenvectors of a Hessian, and what they are worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpairs {
    /// The eigenvalues, descending.
    pub eigenvalues: Vec<f64>,
    /// The eigenvectors, of shape N × k: column i belongs to eigenvalue i. Orthonormal, the component of largest magnitude positive.
    pub eigenvectors: DMatrix<f64>,
    /// |Hy − λy| of each pair.
    pub residuals: Vec<f64>,
    /// The error of each eigenvalue by the finite differences: the change of y·Hy from step ε to 2ε, three times the error that the
    /// curvature's own change makes, and the root mean square of what should be zero in VᵀHV, the noise, added as squares.
    pub difference_errors: Vec<f64>,
    /// ε, the step of the differences.
    pub difference_step: f64,
    /// Whether every pair has converged and no further one was found beside them.
    pub converged: bool,
    /// Gradients evaluated, those for the errors included.
    pub num_gradients: usize,
    /// The seed of the random starts.
    pub seed: u64,
}

/// A pair found.
pub(super) struct Pair {
    pub(super) value: f64,
    pub(super) residual: f64,
}

/// Pairs found, the outermost first, with their vectors.
#[derive(Default)]
pub(super) struct Found {
    pairs: Vec<Pair>,
    pub(super) vectors: Vec<Vec<f64>>,
}

impl EigenpairsConfig {
    /// Finds the pairs. There are fewer than k only if `max_products` were not enough.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are no or more than N pairs to find, fewer products than pairs,
    /// or the tolerance is not a finite number above 0; [`NotFinite`](tati_core::TatiError::NotFinite) if a gradient is not finite.
    pub fn run(&self, hessian: &mut Hessian) -> Result<Eigenpairs> {
        let length = hessian.num_parameters();
        require_count("num_pairs", self.num_pairs, 1..=length)?;
        require_count("max_products", self.max_products, self.num_pairs..)?;
        require_positive("tolerance", self.tolerance)?;
        hessian.plan(self.max_products + self.num_pairs);
        let first_gradient = hessian.num_gradients;
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut found = Found::default();
        let mut asymmetry = Asymmetry::default();
        let mut converged = false;
        let mut start = first_start(hessian, &mut random)?;
        while !converged {
            let Some(mut lanczos) = Lanczos::start(start, &found.vectors) else {
                converged = true;
                break;
            };
            let (ritz, complete) = self.search(hessian, &mut lanczos, &found)?;
            let further = self.further(&ritz, &found);
            asymmetry.add(lanczos.asymmetry());
            converged = complete && further.is_empty() && found.pairs.len() >= self.num_pairs;
            let pairs: Vec<(Pair, Vec<f64>)> = further
                .into_iter()
                .map(|at| {
                    let pair = Pair {
                        value: ritz.values[at],
                        residual: ritz.residuals[at],
                    };
                    let coefficients = ritz.coefficients.column(at);
                    (pair, lanczos.vector(coefficients.as_slice()))
                })
                .collect();
            for (pair, vector) in pairs {
                found.insert(pair, vector, self.end);
            }
            if !complete {
                break;
            }
            start = vectors::random_direction(length, &mut random);
        }
        let noise = asymmetry.root_mean_square();
        found.pairs.truncate(self.num_pairs);
        found.report(hessian, noise, converged, first_gradient, self.seed)
    }

    /// Extends a Krylov space until those of its pairs that are wanted have converged, or until there are sure to be none. `false` if
    /// the products did not suffice.
    fn search(
        &self,
        hessian: &mut Hessian,
        lanczos: &mut Lanczos,
        found: &Found,
    ) -> Result<(Ritz, bool)> {
        let missing = self.num_pairs.saturating_sub(found.pairs.len());
        loop {
            lanczos.step(hessian)?;
            let spent = hessian.progress.num_products >= self.max_products;
            let size = lanczos.len();
            let due = size >= missing && size.is_multiple_of(1 + size / 25);
            if !(due || spent || lanczos.is_invariant()) {
                continue;
            }
            let ritz = lanczos.ritz()?;
            let noise = lanczos.asymmetry().root_mean_square();
            let floor = noise.max(resolution(hessian.evaluator.dtype()) * lanczos.scale());
            let has_converged = |&at: &usize| {
                ritz.residuals[at] <= (self.tolerance * ritz.values[at].abs()).max(floor)
            };
            let further = self.further(&ritz, found);
            let settled = if further.is_empty() {
                self.is_excluded(lanczos, found)
            } else {
                size >= missing && further.iter().all(has_converged)
            };
            let complete = lanczos.is_invariant() || settled;
            if complete || spent {
                return Ok((ritz, complete));
            }
        }
    }

    /// Whether a pair that would change the k outermost by more than the tolerance would have shown.
    fn is_excluded(&self, lanczos: &Lanczos, found: &Found) -> bool {
        let Some(last) = found.pairs[..self.num_pairs].last() else {
            return true;
        };
        let least = self.end.rank(last.value) + self.tolerance * last.value.abs();
        let ranks = found.pairs.iter().map(|pair| self.end.rank(pair.value));
        let Some(rank) = ranks.take_while(|&rank| rank > least).last() else {
            return true;
        };
        let eigenvalues = match self.end {
            SpectrumEnd::Largest => vec![rank],
            SpectrumEnd::Smallest => vec![-rank],
            SpectrumEnd::LargestMagnitude => vec![rank, -rank],
        };
        let mut weights = eigenvalues.into_iter().map(|at| lanczos.most_weight(at));
        weights.all(|weight| weight < unusual_weight(lanczos.num_parameters()))
    }

    /// Which pairs of a Krylov space belong to the k outermost of them and those found.
    fn further(&self, ritz: &Ritz, found: &Found) -> Vec<usize> {
        let mut all: Vec<(f64, Option<usize>)> = (ritz.values.iter().enumerate())
            .map(|(at, &value)| (self.end.rank(value), Some(at)))
            .collect();
        let known = found.pairs.iter();
        // Those found come first among equals: an inexact copy of one of them is none.
        all.extend(known.map(|pair| (self.end.rank(pair.value) + pair.residual, None)));
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.is_some().cmp(&b.1.is_some())));
        all.truncate(self.num_pairs);
        all.into_iter().filter_map(|(_, at)| at).collect()
    }
}

/// The squared component below which that of a random unit vector of `length` is along a given direction with a probability of
/// [`OVERSIGHT`] only.
pub(super) fn unusual_weight(length: usize) -> f64 {
    std::f64::consts::FRAC_PI_2 * OVERSIGHT * OVERSIGHT / length as f64
}

/// A random direction and the gradient's, in equal shares.
pub(super) fn first_start(hessian: &mut Hessian, random: &mut StdRng) -> Result<Vec<f64>> {
    let mut start = vectors::random_direction(hessian.num_parameters(), random);
    let gradient = hessian.gradient_at(&start, 0.0)?;
    let length = vectors::norm(&gradient);
    if length > 0.0 {
        let share = vectors::norm(&start) / length;
        vectors::add_weighted(&mut start, &[share], &[gradient]);
    }
    Ok(start)
}

impl SpectrumEnd {
    /// Larger the farther out.
    fn rank(self, value: f64) -> f64 {
        match self {
            Self::Largest => value,
            Self::Smallest => -value,
            Self::LargestMagnitude => value.abs(),
        }
    }
}

impl Found {
    /// Puts a pair in its place.
    pub(super) fn insert(&mut self, pair: Pair, vector: Vec<f64>, end: SpectrumEnd) {
        let rank = end.rank(pair.value);
        let at = (self.pairs).partition_point(|other| end.rank(other.value) >= rank);
        self.pairs.insert(at, pair);
        self.vectors.insert(at, vector);
    }

    /// Measures the errors by a second step.
    pub(super) fn report(
        self,
        hessian: &mut Hessian,
        noise: f64,
        converged: bool,
        first_gradient: usize,
        seed: u64,
    ) -> Result<Eigenpairs> {
        let length = hessian.num_parameters();
        let mut pairs: Vec<(Pair, Vec<f64>)> = self.pairs.into_iter().zip(self.vectors).collect();
        pairs.sort_by(|a, b| b.0.value.total_cmp(&a.0.value));
        let mut result = Eigenpairs {
            eigenvalues: pairs.iter().map(|(pair, _)| pair.value).collect(),
            eigenvectors: DMatrix::zeros(length, pairs.len()),
            residuals: pairs.iter().map(|(pair, _)| pair.residual).collect(),
            difference_errors: Vec::with_capacity(pairs.len()),
            difference_step: hessian.difference_step,
            converged,
            num_gradients: 0,
            seed,
        };
        for (at, (pair, mut vector)) in pairs.into_iter().enumerate() {
            let coarse = hessian.product_at(&vector, 2.0 * hessian.difference_step)?;
            let change = vectors::dot(&vector, &coarse) - pair.value;
            result.difference_errors.push(change.hypot(noise));
            let largest = (vector.iter()).fold(0.0_f64, |largest, &part| {
                if part.abs() > largest.abs() {
                    part
                } else {
                    largest
                }
            });
            vectors::scale(&mut vector, 1.0_f64.copysign(largest));
            result.eigenvectors.column_mut(at).copy_from_slice(&vector);
        }
        result.num_gradients = hessian.num_gradients - first_gradient;
        Ok(result)
    }
}
