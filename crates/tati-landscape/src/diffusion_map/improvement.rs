//! How approximate eigenvectors of the matrix of a diffusion map are made better.

use faer::Mat;
use rayon::prelude::*;

use super::operator::{Filter, Interval, Operator};
use super::preconditioner::{IncompleteCholesky, VECTORS};

/// How many times more than eigenvalues of its interval a filter enlarges one of 1: so many times at least, and up to so many as long as that
/// takes no more than some degree. More of it is more than single precision holds.
const LEAST_ENLARGEMENT: f64 = 300.0;
const ENLARGEMENT: f64 = 1e6;
const LEAST_DEGREE: f64 = 12.0;
const DEGREE: f64 = 24.0;

/// The degree above which eigenvalues crowd at 1, and an approximate inverse does better.
const MAX_DEGREE: f64 = 40.0;

/// Rounds after which filters are given up: what they gain is then lost in single precision.
const MAX_FILTERS: usize = 20;

/// The least length of a filter's interval.
const LEAST_LENGTH: f64 = 1e-2;

/// What brings out the leading eigenvectors.
pub(super) enum Improvement {
    /// A Chebyshev polynomial of A, small on an interval of eigenvalues that are not sought (Y. Zhou, Y. Saad, SIAM J. Matrix Anal. Appl. 29
    /// (2007) 954).
    Filter(Filter),
    /// M ≈ (1 − A)⁻¹, which brings out eigenvalues that crowd at 1 as the inverse itself would.
    Inverse(IncompleteCholesky),
}

impl Improvement {
    /// A filter for the given interval.
    pub(super) fn new(interval: Interval) -> Self {
        Self::Filter(Filter::new(interval, degree(interval) as usize))
    }

    /// Makes what comes next after some `rounds` fit the Ritz `values` of a space, descending, of which those after the first `block` are
    /// not sought.
    pub(super) fn choose(
        &mut self,
        operator: &Operator,
        values: &[f64],
        block: usize,
        rounds: usize,
    ) {
        let Self::Filter(filter) = self else {
            return;
        };
        let least = filter.interval.least;
        let beside = values.get(block).or(values.last()).copied();
        let interval = Interval {
            least,
            upper: beside
                .map_or(least, |value| value.min(1.0))
                .max(least + LEAST_LENGTH),
        };
        *self = if degree(interval) <= MAX_DEGREE && rounds < MAX_FILTERS {
            Self::new(interval)
        } else {
            Self::Inverse(IncompleteCholesky::new(operator.matrix()))
        };
    }

    /// The directions that lead from approximate eigenvectors with these `values` and `residuals` to better ones.
    pub(super) fn of(&self, operator: &Operator, values: &[f64], residuals: Mat<f64>) -> Mat<f64> {
        match self {
            Self::Filter(filter) => operator.filtered(filter, values, residuals.as_ref()),
            Self::Inverse(factor) => {
                let mut directions = residuals;
                let blocks = directions.as_mut().par_col_chunks_mut(VECTORS);
                blocks.for_each(|vectors| factor.solve(vectors));
                directions
            }
        }
    }
}

/// The degree of a filter for the given interval.
fn degree(interval: Interval) -> f64 {
    let enlarging = |times: f64| times.acosh() / interval.scaled(1.0).acosh();
    (enlarging(ENLARGEMENT).min(DEGREE))
        .max(enlarging(LEAST_ENLARGEMENT))
        .max(LEAST_DEGREE)
}
