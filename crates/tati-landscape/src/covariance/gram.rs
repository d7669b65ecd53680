//! Principal components from the products of all pairs of draws, where there are fewer draws than parameters.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, Par, Scale};
use tati_core::Result;

use super::centred::CentredDraws;
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{orthonormalised, product};

/// The `count` leading eigenpairs of the covariance XᵀX/(n − 1) by those of XXᵀ/(n − 1), for centred draws X of shape \[n, N\]: with
/// XXᵀu = μu, the vector Xᵀu/√μ is an eigenvector of XᵀX for the same μ.
pub(super) fn eigenpairs(draws: &CentredDraws<'_>, count: usize) -> Result<(Vec<f64>, Mat<f64>)> {
    let [n, size] = [draws.num_draws(), draws.num_parameters()];
    let mut gram = Mat::zeros(n, n);
    draws.for_each_column_block(|_, columns| {
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
    })?;
    gram *= Scale(1.0 / (n - 1) as f64);
    let (values, small) = symmetric_eigen(gram.as_ref())?;
    let small = small.as_ref().subcols(0, count);
    let mut vectors = Mat::zeros(size, count);
    draws.for_each_column_block(|first, columns| {
        vectors
            .as_mut()
            .subrows_mut(first, columns.ncols())
            .copy_from(product(columns.transpose(), small));
    })?;
    // Where the variance is zero, Xᵀu is no more than rounding.
    Ok((values, orthonormalised(vectors, 0)))
}
