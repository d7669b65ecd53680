//! The symmetric matrix whose eigenpairs a diffusion map is made of, applied to vectors.

use faer::{Mat, MatRef};
use rayon::prelude::*;

use super::rows::{ROWS_PER_TASK, Rows};
use crate::krylov::product;
use crate::simd::vectorised;

/// Vectors that share a pass over the matrix.
pub(super) const BLOCK: usize = 8;

/// The degree of a Chebyshev polynomial of the matrix is such that it enlarges an eigenvalue of 1 this many times more than those of
/// its interval.
const ENLARGEMENT: f64 = 300.0;

/// How near to 1 an interval may come, and how short it may be.
const LEAST_DISTANCE: f64 = 1e-4;

/// The largest degree.
const MAX_DEGREE: f64 = 200.0;

/// A = 1 + s ρ⁻¹(S − 1)ρ⁻¹, which has the eigenvalue 1 + sελ for every eigenvalue λ of the generator L = (P − 1)/(ερ²).
pub(super) struct Operator<'a> {
    /// Where the entries of A are.
    pub(super) pattern: &'a Rows,
    pub(super) values: Vec<f64>,
    /// Orthonormal eigenvectors to the eigenvalue 1 that are known, one for each part of the graph, in columns.
    pub(super) known: Mat<f64>,
}

/// The Chebyshev polynomial of some degree, at most 1 on an interval of eigenvalues that are not sought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) degree: usize,
}

/// One row of some vectors.
type Lanes = [f64; BLOCK];

impl Filter {
    /// The filter for an interval.
    pub(super) fn new(lower: f64, upper: f64) -> Self {
        let upper = upper.min(1.0 - LEAST_DISTANCE);
        let lower = lower.clamp(-1.0, upper - LEAST_DISTANCE);
        let at_one = (2.0 - lower - upper) / (upper - lower);
        let degree = (ENLARGEMENT.acosh() / at_one.acosh()).min(MAX_DEGREE);
        Self {
            lower,
            upper,
            degree: (degree as usize).max(1),
        }
    }

    /// The matrix itself.
    pub(super) fn none() -> Self {
        Self {
            lower: -1.0,
            upper: -1.0,
            degree: 1,
        }
    }
}

impl Operator<'_> {
    pub(super) fn size(&self) -> usize {
        self.pattern.len()
    }

    /// A v, with the eigenvalue of the known eigenvectors moved from 1 to −2, below all others.
    pub(super) fn apply(&self, vectors: MatRef<'_, f64>) -> Mat<f64> {
        let mut image = in_blocks(vectors, |block| self.times(&block, |_, sum| sum));
        let along = product(self.known.transpose(), vectors);
        image -= product(self.known.as_ref(), along.as_ref()) * faer::Scale(3.0);
        image
    }

    /// A v, with 0 for the eigenvalue of the known eigenvectors.
    pub(super) fn apply_beside(&self, vectors: MatRef<'_, f64>) -> Mat<f64> {
        self.beside(in_blocks(vectors, |block| self.times(&block, |_, sum| sum)))
    }

    /// T(A) v for the polynomial T of `filter`, with 0 for the eigenvalue of the known eigenvectors.
    pub(super) fn apply_filter(&self, filter: &Filter, vectors: MatRef<'_, f64>) -> Mat<f64> {
        let middle = 0.5 * (filter.lower + filter.upper);
        let scale = 2.0 / (filter.upper - filter.lower);
        // T₀ = 1, T₁ = x, Tₘ₊₁ = 2x Tₘ − Tₘ₋₁ with x = (A − middle)·scale.
        let image = in_blocks(self.beside(vectors.to_owned()).as_ref(), |block| {
            let mut before = block;
            let mut last = self.times(&before, |own, sum| {
                std::array::from_fn(|lane| scale * (sum[lane] - middle * before[own][lane]))
            });
            for _ in 1..filter.degree {
                let next = self.times(&last, |own, sum| {
                    std::array::from_fn(|lane| {
                        2.0 * scale * (sum[lane] - middle * last[own][lane]) - before[own][lane]
                    })
                });
                before = std::mem::replace(&mut last, next);
            }
            last
        });
        self.beside(image)
    }

    /// What is left of vectors beside the known eigenvectors.
    fn beside(&self, mut vectors: Mat<f64>) -> Mat<f64> {
        let along = product(self.known.transpose(), vectors.as_ref());
        vectors -= product(self.known.as_ref(), along.as_ref());
        vectors
    }

    /// `of` each row and its product with the vectors.
    fn times(&self, vectors: &[Lanes], of: impl Fn(usize, Lanes) -> Lanes + Sync) -> Vec<Lanes> {
        let mut images = vec![[0.0; BLOCK]; vectors.len()];
        images
            .par_chunks_mut(ROWS_PER_TASK)
            .enumerate()
            .for_each(|(task, images)| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (at, image) in images.iter_mut().enumerate() {
                            let own = task * ROWS_PER_TASK + at;
                            let mut sums = [0.0; BLOCK];
                            for (column, value) in self.pattern.row_of(&self.values, own).entries()
                            {
                                for (sum, x) in sums.iter_mut().zip(&vectors[column]) {
                                    *sum += value * x;
                                }
                            }
                            *image = of(own, sums);
                        }
                    },
                );
            });
        images
    }
}

/// `of` some vectors at a time, row by row.
fn in_blocks(vectors: MatRef<'_, f64>, of: impl Fn(Vec<Lanes>) -> Vec<Lanes>) -> Mat<f64> {
    let mut image = Mat::zeros(vectors.nrows(), vectors.ncols());
    for first in (0..vectors.ncols()).step_by(BLOCK) {
        let count = BLOCK.min(vectors.ncols() - first);
        let mut rows = vec![[0.0; BLOCK]; vectors.nrows()];
        for lane in 0..count {
            for (row, &value) in rows.iter_mut().zip(vectors.col(first + lane).iter()) {
                row[lane] = value;
            }
        }
        let images = of(rows);
        for lane in 0..count {
            let column = image.as_mut().col_mut(first + lane);
            for (target, row) in column.iter_mut().zip(&images) {
                *target = row[lane];
            }
        }
    }
    image
}
