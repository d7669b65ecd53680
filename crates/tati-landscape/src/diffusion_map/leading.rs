//! Leading eigenpairs of the matrix of a diffusion map.

use faer::Mat;
use tati_core::Result;

use super::davidson;
use super::operator::{BLOCK, Interval, Operator};
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{KrylovSettings, leading_eigenpairs};

/// Points up to which all eigenpairs are computed.
const MAX_DENSE: usize = 200;

/// Applications of the matrix after which its least eigenvalue is known well enough, and how far below it may still lie.
const APPLICATIONS: usize = 3;
const MARGIN: f64 = 0.1;

/// Whether all eigenpairs are computed.
pub(super) fn is_dense(size: usize, count: usize) -> bool {
    size <= MAX_DENSE || 8 * count > size
}

/// Vectors that a search for `count` eigenpairs keeps.
pub(super) fn vectors_kept(count: usize) -> usize {
    davidson::vectors_kept(count)
}

/// The `count` leading eigenpairs beside the known ones.
pub(super) fn leading(operator: &Operator, count: usize) -> Result<(Vec<f64>, Mat<f64>)> {
    let size = operator.size();
    if count == 0 {
        return Ok((Vec::new(), Mat::zeros(size, 0)));
    }
    if is_dense(size, operator.known.ncols() + count) {
        let identity = Mat::<f64>::identity(size, size);
        let matrix = operator.apply_below(identity.as_ref());
        let (values, vectors) = symmetric_eigen(matrix.as_ref())?;
        return Ok((
            values[..count].to_vec(),
            vectors.as_ref().subcols(0, count).to_owned(),
        ));
    }
    davidson::leading(operator, count, rough_interval(operator)?)
}

/// An interval of most eigenvalues, beyond which none lies on the left.
fn rough_interval(operator: &Operator) -> Result<Interval> {
    let vectors = APPLICATIONS * BLOCK;
    let settings = KrylovSettings {
        num_eigenpairs: vectors,
        block_size: BLOCK,
        max_dimension: vectors + BLOCK,
        tolerance: MARGIN,
        max_applications: APPLICATIONS,
        seed: 0,
    };
    let size = operator.size();
    let rough = leading_eigenpairs(size, &settings, |vectors| Ok(operator.apply(vectors)))?;
    Ok(Interval {
        least: rough.values[vectors - 1] - MARGIN,
        upper: rough.values[BLOCK - 1],
    })
}
