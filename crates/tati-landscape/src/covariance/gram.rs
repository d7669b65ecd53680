//! Principal components from the products of all pairs of draws, where there are fewer draws than parameters.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par, Scale};
use tati_core::Result;

use super::centred::CentredDraws;
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{orthonormalised, product};

/// Numbers of the draws held in memory at a time: 128 MiB.
const NUMBERS_PER_SLICE: usize = 1 << 24;

/// The `count` leading eigenpairs of the covariance XᵀX/(n − 1) by those of XXᵀ/(n − 1), for centred draws X of shape \[n, N\]: with
/// XXᵀu = μu, the vector Xᵀu/√μ is an eigenvector of XᵀX for the same μ.
pub(super) fn eigenpairs(draws: &CentredDraws<'_>, count: usize) -> Result<(Vec<f64>, Mat<f64>)> {
    let [n, size] = [draws.num_draws(), draws.num_parameters()];
    let width = (NUMBERS_PER_SLICE / n).clamp(1, size);
    let slices = || {
        (0..size)
            .step_by(width)
            .map(|start| start..(start + width).min(size))
    };
    let mut gram = Mat::zeros(n, n);
    for slice in slices() {
        let columns = draws.columns(slice.clone())?;
        let columns = MatRef::from_row_major_slice(&columns, n, slice.len());
        triangular::matmul(
            gram.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            columns,
            BlockStructure::Rectangular,
            columns.transpose(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    }
    gram *= Scale(1.0 / (n - 1) as f64);
    let (values, small) = symmetric_eigen(gram.as_ref())?;
    let small = small.as_ref().subcols(0, count);
    let mut vectors = Mat::zeros(size, count);
    for slice in slices() {
        let columns = draws.columns(slice.clone())?;
        let columns = MatRef::from_row_major_slice(&columns, n, slice.len());
        vectors
            .as_mut()
            .subrows_mut(slice.start, slice.len())
            .copy_from(product(columns.transpose(), small));
    }
    // Where the variance is zero, Xᵀu is no more than rounding.
    Ok((values, orthonormalised(vectors, 0)))
}
