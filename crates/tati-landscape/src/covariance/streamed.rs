//! Principal components by block Krylov iteration over draws that are read anew for each product.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Scale};
use tati_core::Result;

use super::centred::CentredDraws;
use crate::krylov::{KrylovEigenpairs, KrylovSettings, leading_eigenpairs};

/// The leading eigenpairs of the covariance, which is never formed: C V = Xᵀ(X V)/(n − 1), one pass over the draws X for each block V.
pub(super) fn eigenpairs(
    draws: &CentredDraws<'_>,
    settings: &KrylovSettings,
) -> Result<KrylovEigenpairs> {
    let size = draws.num_parameters();
    let scale = Scale(1.0 / (draws.num_draws() - 1) as f64);
    leading_eigenpairs(size, settings, |vectors| {
        let count = vectors.ncols();
        let parts = draws.fold(size * count, |sum: &mut Option<Mat<f64>>, rows| {
            let sum = sum.get_or_insert_with(|| Mat::zeros(size, count));
            let rows = MatRef::from_row_major_slice(rows, rows.len() / size, size);
            let mut along = Mat::zeros(rows.nrows(), count);
            matmul(along.as_mut(), Accum::Replace, rows, vectors, 1.0, Par::Seq);
            matmul(
                sum.as_mut(),
                Accum::Add,
                rows.transpose(),
                along,
                1.0,
                Par::Seq,
            );
            Ok(())
        })?;
        let mut image = Mat::zeros(size, count);
        for part in parts.into_iter().flatten() {
            image += part;
        }
        image *= scale;
        Ok(image)
    })
}
