//! The negative eigenpairs of a Hessian, and the lowest of the others.

use rand::SeedableRng;
use rand::rngs::StdRng;
use tati_core::{Result, require_count, require_positive};

use super::eigenpairs::{Found, Pair, SpectrumEnd, first_start, unusual_weight};
use super::lanczos::{Asymmetry, Lanczos, Ritz};
use super::{Eigenpairs, Hessian, resolution, vectors};

/// The share of the largest eigenvalue below whose negative no eigenvalue is overlooked, but for the probability of
/// [`unusual_weight`]; those nearer to 0 are seen where they have converged.
const LEAST: f64 = 1e-3;

/// The share of the largest eigenvalue to which the residual of the lowest pair has to fall where none is negative: what the differences resolve in
/// single precision. Of thousands of eigenvalues about 0 the lowest would take much longer to tell.
const SETTLED: f64 = 1e-5;

/// A search for the negative eigenpairs, by Lanczos' method as [`EigenpairsConfig`](super::EigenpairsConfig) has it.
///
/// Krylov spaces are extended until all of their negative pairs have converged, each in the complement of the pairs found; the last one has
/// none, and ends when its lowest pair has converged and an eigenvalue below −LEAST·(the largest) would have shown. Pairs that are not
/// negative are not told apart: eigenvalues of 0, of which a network may have thousands, cost what one of them does.
pub(crate) struct NegativeSearch {
    /// The residual relative to the eigenvalue at which a pair has converged.
    pub(crate) tolerance: f64,
    /// Products after which it ends without having converged.
    pub(crate) max_products: usize,
    /// Seed of the random starts.
    pub(crate) seed: u64,
}

/// What a Krylov space has shown.
struct Seen {
    ritz: Ritz,
    /// Which of its pairs are negative.
    negative: Vec<usize>,
    /// Whether these are all, and have converged.
    complete: bool,
}

impl NegativeSearch {
    /// The negative pairs and the lowest that is not, if there is one. Not converged, there are at least so many negative ones.
    pub(crate) fn run(&self, hessian: &mut Hessian) -> Result<Eigenpairs> {
        let length = hessian.num_parameters();
        require_count("max_products", self.max_products, 1..)?;
        require_positive("tolerance", self.tolerance)?;
        hessian.plan(self.max_products);
        let first_gradient = hessian.num_gradients();
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut found = Found::default();
        let mut asymmetry = Asymmetry::default();
        let mut converged = true;
        let mut start = first_start(hessian, &mut random)?;
        // There is no space left where all directions are negative.
        while let Some(mut lanczos) = Lanczos::start(start, &found.vectors) {
            let seen = self.search(hessian, &mut lanczos)?;
            asymmetry.add(lanczos.asymmetry());
            let is_last = seen.negative.is_empty() || !seen.complete;
            let others = lanczos.len() - seen.negative.len();
            let lowest = others.checked_sub(1).filter(|_| is_last);
            let pairs: Vec<(Pair, Vec<f64>)> = (seen.negative.iter().copied())
                .chain(lowest)
                .map(|at| {
                    let pair = Pair {
                        value: seen.ritz.values[at],
                        residual: seen.ritz.residuals[at],
                    };
                    let coefficients = seen.ritz.coefficients.column(at);
                    (pair, lanczos.vector(coefficients.as_slice()))
                })
                .collect();
            for (pair, vector) in pairs {
                found.insert(pair, vector, SpectrumEnd::Smallest);
            }
            converged = seen.complete;
            if is_last {
                break;
            }
            start = vectors::random_direction(length, &mut random);
        }
        let noise = asymmetry.root_mean_square();
        found.report(hessian, noise, converged, first_gradient, self.seed)
    }

    /// Extends a Krylov space until its negative pairs have converged, or until there are sure to be none.
    fn search(&self, hessian: &mut Hessian, lanczos: &mut Lanczos) -> Result<Seen> {
        loop {
            lanczos.step(hessian)?;
            let spent = hessian.progress.num_products >= self.max_products;
            let size = lanczos.len();
            let due = size.is_multiple_of(1 + size / 25);
            if !(due || spent || lanczos.is_invariant()) {
                continue;
            }
            let ritz = lanczos.ritz()?;
            let noise = lanczos.asymmetry().root_mean_square();
            let floor = noise.max(resolution(hessian.evaluator.dtype()) * lanczos.scale());
            let has_converged = |at: usize, floor: f64| {
                ritz.residuals[at] <= (self.tolerance * ritz.values[at].abs()).max(floor)
            };
            let negative: Vec<usize> = (0..size).filter(|&at| ritz.values[at] < -floor).collect();
            let settled = match negative.as_slice() {
                [] => {
                    let weight = lanczos.most_weight(-LEAST * lanczos.scale());
                    has_converged(size - 1, floor.max(SETTLED * lanczos.scale()))
                        && weight < unusual_weight(lanczos.num_parameters())
                }
                negative => negative.iter().all(|&at| has_converged(at, floor)),
            };
            let complete = lanczos.is_invariant() || settled;
            if complete || spent {
                return Ok(Seen {
                    ritz,
                    negative,
                    complete,
                });
            }
        }
    }
}
