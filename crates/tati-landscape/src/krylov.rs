//! Leading eigenpairs of a symmetric operator that can only be applied to vectors: block Krylov iteration with restarts.

use std::ops::Range;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Col, Mat, MatMut, MatRef, Par, Scale};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use tati_core::Result;

use crate::eigenpairs::symmetric_eigen;

/// How eigenpairs are sought.
pub(crate) struct KrylovSettings {
    /// Eigenpairs wanted, k.
    pub(crate) num_eigenpairs: usize,
    /// Vectors that the operator is applied to at a time.
    pub(crate) block_size: usize,
    /// Vectors kept, at which the iteration restarts from the best of them.
    pub(crate) max_dimension: usize,
    /// The residual |Av − λv| to be reached, in units of |λ|.
    pub(crate) tolerance: f64,
    /// Applications of the operator after which to give up.
    pub(crate) max_applications: usize,
    pub(crate) seed: u64,
}

/// Leading eigenpairs and how well they are known.
pub(crate) struct KrylovEigenpairs {
    /// The k algebraically largest eigenvalues, descending.
    pub(crate) values: Vec<f64>,
    /// Their eigenvectors, of shape \[N, k\].
    pub(crate) vectors: Mat<f64>,
    /// |Av − λv| of each. An eigenvalue of A lies at most this far from λ.
    pub(crate) residuals: Vec<f64>,
    /// How often the operator was applied.
    pub(crate) applications: usize,
}

/// The k algebraically largest eigenpairs of the symmetric operator `apply` on vectors of length `size`, which maps the columns of a
/// matrix.
///
/// Rayleigh-Ritz on the space spanned by V, AV, A²V, … of a random block V, fully orthogonalised; a space that has grown to its largest
/// dimension is replaced by its leading Ritz vectors (thick restart: K. Wu, H. Simon, SIAM J. Matrix Anal. Appl. 22 (2000) 602). The start
/// is random and the block wide, so that multiple eigenvalues are found as well (C. Musco, C. Musco, NIPS 2015).
pub(crate) fn leading_eigenpairs(
    size: usize,
    settings: &KrylovSettings,
    apply: impl FnMut(MatRef<'_, f64>) -> Result<Mat<f64>>,
) -> Result<KrylovEigenpairs> {
    let mut random = StdRng::seed_from_u64(settings.seed);
    let start = random_block(size, settings.block_size.min(size), &mut random);
    leading_eigenpairs_from(start, settings, apply)
}

/// As [`leading_eigenpairs`], with the given block V to start from, in place of a random one: vectors that are close to the eigenvectors
/// already.
pub(crate) fn leading_eigenpairs_from(
    start: Mat<f64>,
    settings: &KrylovSettings,
    mut apply: impl FnMut(MatRef<'_, f64>) -> Result<Mat<f64>>,
) -> Result<KrylovEigenpairs> {
    let [size, block_size] = [start.nrows(), start.ncols()];
    let wanted = settings.num_eigenpairs.min(size);
    let max_dimension = settings
        .max_dimension
        .max(wanted + 3 * block_size)
        .min(size);
    let mut random = StdRng::seed_from_u64(settings.seed);
    // The basis, of orthonormal columns; its last block is yet to be mapped.
    let mut basis = Mat::<f64>::zeros(size, max_dimension + block_size);
    let mut dimension = 0;
    let mut next = extend(&mut basis, 0, start, &mut random);
    // Vᵀ A V of the mapped part.
    let mut projected = Mat::<f64>::zeros(max_dimension, max_dimension);
    let mut applications = 0;
    let mut schedule = Schedule::default();
    loop {
        let mapped = dimension + next.columns;
        let image = apply(basis.as_ref().subcols(dimension, next.columns))?;
        applications += 1;
        let space = basis.as_ref().subcols(0, mapped);
        let coefficients = product(space.transpose(), image.as_ref());
        for column in 0..next.columns {
            for row in 0..mapped {
                let value = coefficients[(row, column)];
                projected[(row, dimension + column)] = value;
                projected[(dimension + column, row)] = value;
            }
        }
        let last = dimension..mapped;
        dimension = mapped;
        let room = size - dimension;
        let mut remainder = image;
        subtract_product(&mut remainder, space, coefficients.as_ref());
        next = extend(
            &mut basis,
            dimension,
            remainder.subcols(0, remainder.ncols().min(room)).to_owned(),
            &mut random,
        );
        let is_full = dimension + next.columns > max_dimension;
        let is_over = applications >= settings.max_applications || next.columns == 0;
        let is_due = is_full || is_over || applications >= schedule.next_check;
        if dimension < wanted || !is_due {
            continue;
        }
        let (values, ritz) =
            symmetric_eigen(projected.as_ref().submatrix(0, 0, dimension, dimension))?;
        // A (V y) − λ V y = Q R y over the block that was mapped last.
        let tail = product(
            next.triangle.as_ref(),
            ritz.as_ref()
                .submatrix(last.start, 0, next.triangle.ncols(), dimension),
        );
        let residuals: Vec<f64> = (0..wanted).map(|at| tail.col(at).norm_l2()).collect();
        let relative = residuals
            .iter()
            .zip(&values)
            .map(|(residual, value)| residual / value.abs());
        let worst = relative.fold(0.0, f64::max);
        schedule.plan(applications, worst / settings.tolerance);
        let is_converged = residuals
            .iter()
            .zip(&values)
            .all(|(residual, value)| *residual <= settings.tolerance * value.abs());
        if is_converged || is_over {
            return Ok(KrylovEigenpairs {
                vectors: product(
                    basis.as_ref().subcols(0, dimension),
                    ritz.as_ref().subcols(0, wanted),
                ),
                values: values[..wanted].to_vec(),
                residuals,
                applications,
            });
        }
        if is_full {
            let kept = (wanted + block_size)
                .min(dimension)
                .min(max_dimension - next.columns);
            let best = product(
                basis.as_ref().subcols(0, dimension),
                ritz.as_ref().subcols(0, kept),
            );
            let block = basis.as_ref().subcols(dimension, next.columns).to_owned();
            basis.as_mut().subcols_mut(0, kept).copy_from(&best);
            basis
                .as_mut()
                .subcols_mut(kept, next.columns)
                .copy_from(&block);
            projected.fill(0.0);
            for (at, value) in values.iter().take(kept).enumerate() {
                projected[(at, at)] = *value;
            }
            dimension = kept;
        }
    }
}

/// When to look whether the iteration has converged, which takes the eigenpairs of a matrix that grows.
#[derive(Default)]
struct Schedule {
    next_check: usize,
    /// The last look: after how many applications, and how many tolerances the worst residual was.
    last: Option<(usize, f64)>,
}

impl Schedule {
    /// After `applications` the worst residual is `excess` tolerances. The next look is half way to where it would be one at the pace
    /// since the last look: convergence gets faster.
    fn plan(&mut self, applications: usize, excess: f64) {
        let remaining = self.last.and_then(|(before, excess_before)| {
            let pace = (excess_before / excess).ln() / (applications - before) as f64;
            (pace > 0.0).then(|| (0.5 * excess.ln() / pace).ceil() as usize)
        });
        self.next_check = applications + remaining.unwrap_or(2).max(1);
        self.last = Some((applications, excess));
    }
}

/// The columns of `block` made orthonormal one after the other. A column that depends on those before it is replaced by a random one.
pub(crate) fn orthonormalised(block: Mat<f64>, seed: u64) -> Mat<f64> {
    let mut basis = Mat::zeros(block.nrows(), block.ncols());
    extend_by_columns(&mut basis, 0, block, &mut StdRng::seed_from_u64(seed));
    basis
}

/// Columns that were added to a basis.
pub(crate) struct Extension {
    columns: usize,
    /// R with remainder = Q R, for the columns Q that were added.
    triangle: Mat<f64>,
}

/// Puts the columns of `block`, which is orthogonal to the first `dimension` columns of `basis` up to rounding, behind them, made
/// orthonormal. A column that depends on the others is replaced by a random one, with a row of zeros in R.
pub(crate) fn extend(
    basis: &mut Mat<f64>,
    dimension: usize,
    block: Mat<f64>,
    random: &mut StdRng,
) -> Extension {
    // What rounding has left of a projection that was taken away before, and has grown where little was left of a column.
    let space = basis.as_ref().subcols(0, dimension);
    let project = |block: &mut Mat<f64>| {
        let inside = product(space.transpose(), block.as_ref());
        subtract_product(block, space, inside.as_ref());
    };
    let at_once = orthonormal_factors(&block).and_then(|(mut columns, first)| {
        project(&mut columns);
        let (columns, second) = orthonormal_factors(&columns)?;
        Some((columns, product(second.as_ref(), first.as_ref())))
    });
    if let Some((columns, triangle)) = at_once {
        let count = columns.ncols();
        basis
            .as_mut()
            .subcols_mut(dimension, count)
            .copy_from(&columns);
        return Extension {
            columns: count,
            triangle,
        };
    }
    let mut block = block;
    project(&mut block);
    extend_by_columns(basis, dimension, block, random)
}

/// Q and R with B = Q R and R triangular, by the Cholesky factor of BᵀB. The columns of Q are orthonormal up to rounding times the squared
/// condition of B, so that a second round makes them so (Y. Yamamoto, Y. Nakatsukasa, Y. Yanagisawa, T. Fukaya, ETNA 44 (2015) 306).
/// `None` where columns of B are nearly dependent.
fn orthonormal_factors(block: &Mat<f64>) -> Option<(Mat<f64>, Mat<f64>)> {
    /// The squared sine of the angle between a column and those before it.
    const LEAST_SQUARED_SINE: f64 = 1e-10;

    let count = block.ncols();
    let mut lower = product(block.transpose(), block.as_ref());
    let squares: Vec<f64> = (0..count).map(|at| lower[(at, at)]).collect();
    let scratch = cholesky_in_place_scratch::<f64>(count, Par::Seq, Default::default());
    cholesky_in_place(
        lower.as_mut(),
        Default::default(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    let mut is_independent = squares.iter().enumerate().map(|(at, square)| {
        let pivot = lower[(at, at)];
        pivot * pivot > LEAST_SQUARED_SINE * square
    });
    if !is_independent.all(|independent| independent) {
        return None;
    }
    let mut inverse = Mat::identity(count, count);
    solve_lower_triangular_in_place(lower.as_ref(), inverse.as_mut(), Par::Seq);
    let triangle = Mat::from_fn(count, count, |row, column| {
        if row <= column {
            lower[(column, row)]
        } else {
            0.0
        }
    });
    Some((product(block.as_ref(), inverse.transpose()), triangle))
}

/// As [`extend`], one column after the other, of a block whose projection on the basis has been taken away twice.
fn extend_by_columns(
    basis: &mut Mat<f64>,
    dimension: usize,
    block: Mat<f64>,
    random: &mut StdRng,
) -> Extension {
    let columns = block.ncols();
    let mut triangle = Mat::zeros(columns, columns);
    let scale = block.norm_max();
    for column in 0..columns {
        let mut vector = block.col(column).to_owned();
        let before = vector.norm_l2();
        let added = subtract_projection(basis, dimension..dimension + column, &mut vector);
        let mut norm = vector.norm_l2();
        if norm > 1e-10 * before && norm > 1e-14 * scale {
            for (row, coefficient) in added.iter().enumerate() {
                triangle[(row, column)] = *coefficient;
            }
            triangle[(column, column)] = norm;
        } else if before.is_finite() {
            vector = random_block(basis.nrows(), 1, random).col(0).to_owned();
            norm = 0.0;
        }
        if norm < 1e-3 * before || norm == 0.0 {
            // What is left of a small difference may lean to the rest of the basis again.
            subtract_projection(basis, 0..dimension + column, &mut vector);
            norm = vector.norm_l2();
        }
        basis
            .as_mut()
            .col_mut(dimension + column)
            .copy_from(&vector * Scale(1.0 / norm));
    }
    Extension { columns, triangle }
}

/// Takes from `vector`, twice, its projection on the given columns of `basis`, and returns the coefficients.
fn subtract_projection(basis: &Mat<f64>, columns: Range<usize>, vector: &mut Col<f64>) -> Vec<f64> {
    let space = basis.as_ref().subcols(columns.start, columns.len());
    let mut sum = vec![0.0; columns.len()];
    for _ in 0..2 {
        let coefficients = product(space.transpose(), vector.as_mat());
        *vector -= product(space, coefficients.as_ref()).col(0);
        for (sum, row) in sum.iter_mut().zip(0..columns.len()) {
            *sum += coefficients[(row, 0)];
        }
    }
    sum
}

pub(crate) fn random_block(rows: usize, columns: usize, random: &mut StdRng) -> Mat<f64> {
    Mat::from_fn(rows, columns, |_, _| random.random_range(-1.0..1.0))
}

/// Columns of a matrix product that one thread computes, or rows of one of tall matrices.
const COLUMNS_PER_TASK: usize = 8;
const ROWS_PER_TASK: usize = 1024;

/// The matrix product. No number depends on how many threads there are.
pub(crate) fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut result = Mat::zeros(left.nrows(), right.ncols());
    add_product(result.as_mut(), 1.0, left, right);
    result
}

/// Takes the matrix product from `target`.
pub(crate) fn subtract_product(
    target: &mut Mat<f64>,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
) {
    add_product(target.as_mut(), -1.0, left, right);
}

/// Adds `factor` times the matrix product, in parts that threads share.
fn add_product(
    target: MatMut<'_, f64>,
    factor: f64,
    left: MatRef<'_, f64>,
    right: MatRef<'_, f64>,
) {
    let [rows, inner, columns] = [left.nrows(), left.ncols(), right.ncols()];
    let part_of = |part: MatMut<'_, f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>| {
        matmul(part, Accum::Add, left, right, factor, Par::Seq);
    };
    if inner > ROWS_PER_TASK && inner > 4 * rows.max(columns) {
        // Some of the common dimension a task, added up in its order.
        let lefts = left.par_col_chunks(ROWS_PER_TASK);
        let parts = lefts.zip(right.par_row_chunks(ROWS_PER_TASK));
        let parts: Vec<Mat<f64>> = parts
            .map(|(left, right)| {
                let mut part = Mat::zeros(rows, columns);
                part_of(part.as_mut(), left, right);
                part
            })
            .collect();
        let mut target = target;
        parts.iter().for_each(|part| target += part);
    } else if rows > 4 * columns {
        let parts = target.par_row_chunks_mut(ROWS_PER_TASK);
        parts
            .zip(left.par_row_chunks(ROWS_PER_TASK))
            .for_each(|(part, left)| part_of(part, left, right));
    } else {
        let parts = target.par_col_chunks_mut(COLUMNS_PER_TASK);
        parts
            .zip(right.par_col_chunks(COLUMNS_PER_TASK))
            .for_each(|(part, right)| part_of(part, left, right));
    }
}

#[cfg(test)]
mod tests;
