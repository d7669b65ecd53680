//! Principal components by block Krylov iteration over draws that are read anew for each product.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, Mat, MatRef, Par, Scale};
use tati_core::Result;

use super::centred::CentredDraws;
use crate::krylov::{
    KrylovEigenpairs, KrylovSettings, leading_eigenpairs, leading_eigenpairs_from,
};

/// Total variances for which no product comes near the largest or the smallest number of single precision.
const FIT_FOR_SINGLE: Range<f64> = 1e-20..1e20;
/// The relative residual that passes in single precision are trusted with.
const SINGLE_TOLERANCE: f64 = 1e-6;

/// The leading eigenpairs of the covariance, which is never formed: C V = Xᵀ(X V)/(n − 1), one pass over the draws X for each block V.
///
/// Passes in single precision, which take half the time, look for the eigenvectors. The iteration in double precision starts from
/// what they find, and it alone says what the eigenpairs are and whether they have converged: mostly after one pass.
pub(super) fn eigenpairs(
    draws: &CentredDraws<'_>,
    settings: &KrylovSettings,
) -> Result<KrylovEigenpairs> {
    let size = draws.num_parameters();
    if settings.max_applications == 1 || !FIT_FOR_SINGLE.contains(&draws.total_variance) {
        return leading_eigenpairs(size, settings, |vectors| image(draws, vectors, |x| x));
    }
    let search = KrylovSettings {
        tolerance: settings.tolerance.max(SINGLE_TOLERANCE),
        max_applications: settings.max_applications - 1,
        ..*settings
    };
    let found = leading_eigenpairs(size, &search, |vectors| image(draws, vectors, |x| x as f32))?;
    let refinement = KrylovSettings {
        max_applications: settings.max_applications.saturating_sub(found.applications),
        ..*settings
    };
    leading_eigenpairs_from(found.vectors, &refinement, |vectors| {
        image(draws, vectors, |x| x)
    })
}

/// C V, the products in the precision that `round` rounds to.
fn image<T: RealField + Copy + Into<f64>>(
    draws: &CentredDraws<'_>,
    vectors: MatRef<'_, f64>,
    round: impl Fn(f64) -> T + Sync,
) -> Result<Mat<f64>> {
    let [size, count] = [draws.num_parameters(), vectors.ncols()];
    let vectors = Mat::from_fn(size, count, |row, column| round(vectors[(row, column)]));
    let one = round(1.0);
    let parts = draws.fold(size * count, &round, |sum: &mut Option<Mat<T>>, rows| {
        let sum = sum.get_or_insert_with(|| Mat::zeros(size, count));
        let rows = MatRef::from_row_major_slice(rows, rows.len() / size, size);
        let mut along = Mat::zeros(rows.nrows(), count);
        matmul(
            along.as_mut(),
            Accum::Replace,
            rows,
            &vectors,
            one,
            Par::Seq,
        );
        matmul(
            sum.as_mut(),
            Accum::Add,
            rows.transpose(),
            along,
            one,
            Par::Seq,
        );
        Ok(())
    })?;
    let mut image = Mat::<f64>::zeros(size, count);
    for part in parts.iter().flatten() {
        for column in 0..count {
            let sums = image.col_as_slice_mut(column).iter_mut();
            let parts = part.col_as_slice(column);
            sums.zip(parts).for_each(|(sum, &part)| *sum += part.into());
        }
    }
    image *= Scale(1.0 / (draws.num_draws() - 1) as f64);
    Ok(image)
}
