//! Principal components from the covariance matrix itself.

use faer::{Mat, Scale};
use tati_core::Result;

use super::CovarianceAccumulator;
use super::centred::CentredDraws;
use crate::eigenpairs::symmetric_eigen;

/// All eigenpairs of the N × N covariance.
pub(super) fn eigenpairs(draws: &CentredDraws<'_>) -> Result<(Vec<f64>, Mat<f64>)> {
    let size = draws.num_parameters();
    let parts = draws.fold(
        size * size,
        |x| x,
        |sum: &mut Option<CovarianceAccumulator>, rows| {
            let mut all = match sum.take() {
                Some(sum) => sum,
                None => CovarianceAccumulator::new(size)?,
            };
            all.add(rows)?;
            *sum = Some(all);
            Ok(())
        },
    )?;
    let mut all = CovarianceAccumulator::new(size)?;
    for part in parts.iter().flatten() {
        all.merge(part)?;
    }
    let scale = Scale(1.0 / (all.num_draws() - 1) as f64);
    symmetric_eigen((all.scatter() * scale).as_ref())
}
