//! The symmetric matrix of a diffusion map, applied to several vectors at a time.

use std::ops::{AddAssign, Mul};

use faer::{Mat, MatRef};
use rayon::prelude::*;
use tati_core::SimdLevel;

use super::rows::{ROWS_PER_TASK, Rows};
use crate::krylov::product;

/// Vectors that share a pass over the matrix.
pub(super) const BLOCK: usize = 8;

/// A = 1 + s ρ⁻¹(S − 1)ρ⁻¹, which has the eigenvalue 1 + sελ for every eigenvalue λ of the generator L = (P − 1)/(ερ²).
pub(super) struct Operator {
    matrix: Rows,
    /// The values of the matrix in single precision.
    single: Vec<f32>,
    /// The eigenvectors of eigenvalue 1, orthonormal, in columns.
    pub(super) known: Mat<f64>,
}

/// Where eigenvalues lie that are not sought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) least: f64,
    pub(super) upper: f64,
}

/// The Chebyshev polynomial T of some degree, at most 1 on an interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    pub(super) interval: Interval,
    pub(super) degree: usize,
}

impl Interval {
    pub(super) fn middle(self) -> f64 {
        0.5 * (self.least + self.upper)
    }

    fn half(self) -> f64 {
        0.5 * (self.upper - self.least)
    }

    /// `value` in units in which the interval is [−1, 1].
    pub(super) fn scaled(self, value: f64) -> f64 {
        (value - self.middle()) / self.half()
    }
}

impl Filter {
    pub(super) fn new(interval: Interval, degree: usize) -> Self {
        Self { interval, degree }
    }
}

impl Operator {
    pub(super) fn new(matrix: Rows, known: Mat<f64>) -> Self {
        Self {
            single: (matrix.values.par_iter())
                .map(|&value| value as f32)
                .collect(),
            matrix,
            known,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.matrix.len()
    }

    pub(super) fn matrix(&self) -> &Rows {
        &self.matrix
    }

    /// A v.
    pub(super) fn apply(&self, vectors: MatRef<'_, f64>) -> Mat<f64> {
        in_blocks::<_, BLOCK>(
            vectors,
            |value| value,
            |_, block| {
                let mut image = vec![[0.0; BLOCK]; block.len()];
                self.times(&self.matrix.values, &block, &mut image, |_, sum, _| sum);
                image
            },
        )
    }

    /// A v, with the eigenvalue of the known eigenvectors moved from 1 to −2, below all others.
    pub(super) fn apply_below(&self, vectors: MatRef<'_, f64>) -> Mat<f64> {
        let mut image = self.apply(vectors);
        let along = product(self.known.transpose(), vectors);
        image -= product(self.known.as_ref(), along.as_ref()) * faer::Scale(3.0);
        image
    }

    /// What T(A) adds to approximate eigenvectors x with eigenvalues θ, up to a factor, from their `residuals` r ∝ Ax − θx.
    ///
    /// Of Tₘ(A)x = Tₘ(θ)x + eₘ only eₘ is computed, in single precision: it is as small as the residual, and so is what rounding does to it.
    /// With a = (A − middle)/half and t likewise of θ, e₀ = 0, e₁ = r and eₘ₊₁ = 2a eₘ − eₘ₋₁ + 2Tₘ(t)r.
    pub(super) fn filtered(
        &self,
        filter: &Filter,
        eigenvalues: &[f64],
        residuals: MatRef<'_, f64>,
    ) -> Mat<f64> {
        if residuals.ncols() > BLOCK {
            self.filtered_in::<{ 2 * BLOCK }>(filter, eigenvalues, residuals)
        } else {
            self.filtered_in::<BLOCK>(filter, eigenvalues, residuals)
        }
    }

    fn filtered_in<const LANES: usize>(
        &self,
        filter: &Filter,
        eigenvalues: &[f64],
        residuals: MatRef<'_, f64>,
    ) -> Mat<f64> {
        let interval = filter.interval;
        let [middle, twice] = [interval.middle() as f32, (2.0 / interval.half()) as f32];
        in_blocks::<f32, LANES>(
            residuals,
            |value| value as f32,
            |first, residuals| {
                let inside: [f64; LANES] = std::array::from_fn(|lane| {
                    let eigenvalue = eigenvalues.get(first + lane);
                    eigenvalue.map_or(0.0, |&value| interval.scaled(value))
                });
                let mut chebyshev = [[1.0; LANES], inside];
                let mut before = vec![[0.0_f32; LANES]; residuals.len()];
                let mut last = residuals.clone();
                for _ in 1..filter.degree {
                    let factors: [f32; LANES] = chebyshev[1].map(|value| 2.0 * value as f32);
                    self.times(
                        &self.single,
                        &last,
                        &mut before,
                        #[inline(always)]
                        |own, sum, before| {
                            let (last, residual) = (&last[own], &residuals[own]);
                            let mut next = [0.0; LANES];
                            for lane in 0..LANES {
                                next[lane] = twice * (sum[lane] - middle * last[lane])
                                    - before[lane]
                                    + factors[lane] * residual[lane];
                            }
                            next
                        },
                    );
                    std::mem::swap(&mut before, &mut last);
                    let after = std::array::from_fn(|lane| {
                        2.0 * inside[lane] * chebyshev[1][lane] - chebyshev[0][lane]
                    });
                    chebyshev = [chebyshev[1], after];
                }
                last
            },
        )
    }

    /// Puts `of` each row, its product of the matrix of these `values` with the vectors, and what is there, in place of that.
    fn times<T, const LANES: usize>(
        &self,
        values: &[T],
        vectors: &[[T; LANES]],
        target: &mut [[T; LANES]],
        of: impl Fn(usize, [T; LANES], &[T; LANES]) -> [T; LANES] + Sync,
    ) where
        T: Copy + Default + AddAssign + Mul<Output = T> + Send + Sync,
    {
        target
            .par_chunks_mut(ROWS_PER_TASK)
            .enumerate()
            .for_each(|(task, target)| {
                SimdLevel::widest().run(
                    #[inline(always)]
                    || {
                        for (at, target) in target.iter_mut().enumerate() {
                            let own = task * ROWS_PER_TASK + at;
                            let mut sums = [T::default(); LANES];
                            self.matrix.row_of(values, own).for_each(
                                #[inline(always)]
                                |column, value| {
                                    let vector = &vectors[column];
                                    for lane in 0..LANES {
                                        sums[lane] += value * vector[lane];
                                    }
                                },
                            );
                            *target = of(own, sums, target);
                        }
                    },
                );
            });
    }
}

/// `of` the number of the first and the rows of some vectors at a time.
fn in_blocks<T, const LANES: usize>(
    vectors: MatRef<'_, f64>,
    narrow: impl Fn(f64) -> T + Sync,
    of: impl Fn(usize, Vec<[T; LANES]>) -> Vec<[T; LANES]>,
) -> Mat<f64>
where
    T: Copy + Default + Into<f64> + Send + Sync,
{
    let mut image = Mat::zeros(vectors.nrows(), vectors.ncols());
    for first in (0..vectors.ncols()).step_by(LANES) {
        let count = LANES.min(vectors.ncols() - first);
        let vectors = vectors.subcols(first, count);
        let image = image.as_mut().subcols_mut(first, count);
        let mut rows = vec![[T::default(); LANES]; vectors.nrows()];
        rows.par_chunks_mut(ROWS_PER_TASK)
            .zip(vectors.par_row_chunks(ROWS_PER_TASK))
            .for_each(|(rows, vectors)| {
                for (lane, column) in vectors.col_iter().enumerate() {
                    for (row, &value) in rows.iter_mut().zip(column.iter()) {
                        row[lane] = narrow(value);
                    }
                }
            });
        let images = of(first, rows);
        image
            .par_row_chunks_mut(ROWS_PER_TASK)
            .zip(images.par_chunks(ROWS_PER_TASK))
            .for_each(|(image, rows)| {
                for (lane, column) in image.col_iter_mut().enumerate() {
                    for (target, row) in column.iter_mut().zip(rows) {
                        *target = row[lane].into();
                    }
                }
            });
    }
    image
}
