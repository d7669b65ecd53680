//! Leading eigenpairs of the matrix of a diffusion map, by the way that suits how they lie.

use faer::Mat;
use tati_core::Result;

use super::davidson;
use super::operator::{BLOCK, Filter, Operator};
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{KrylovSettings, leading_eigenpairs, product};

/// The residual |Aψ − μψ| to be reached, |ψ| = 1 and the largest μ = 1.
pub(super) const TOLERANCE: f64 = 1e-11;

/// Points up to which all eigenpairs are computed.
const MAX_DENSE: usize = 200;

/// Applications from which the interval of the filter is taken.
const ROUGH_APPLICATIONS: usize = 6;

/// The largest degree of a filter, and its applications, which suffice unless eigenvalues crowd at 1.
const MAX_DEGREE: usize = 8;
const FILTERED_APPLICATIONS: usize = 14;

/// Whether all eigenpairs are computed.
pub(super) fn is_dense(size: usize, count: usize) -> bool {
    size <= MAX_DENSE || 8 * count > size
}

/// Vectors that a search for `count` eigenpairs keeps.
pub(super) fn vectors_kept(count: usize) -> usize {
    rough_pairs(count) + (2 * basis_vectors(count)).max(davidson::vectors_kept(count))
}

fn rough_pairs(count: usize) -> usize {
    (count + 2 * BLOCK).max(ROUGH_APPLICATIONS * BLOCK)
}

fn basis_vectors(count: usize) -> usize {
    (count + BLOCK).next_multiple_of(BLOCK) + 7 * BLOCK
}

/// The `count` leading eigenpairs beside the known ones.
///
/// A Krylov space of a Chebyshev polynomial of the matrix, which spreads the eigenvalues near 1 (Y. Zhou, Y. Saad, SIAM J. Matrix Anal.
/// Appl. 29 (2007) 954) and is at most 1 on an interval of those not sought; a rough search finds the interval. Where this does not do, as
/// the eigenvalues sought crowd at 1 or some are in the interval, the Davidson method goes on from what was found.
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
    let mut settings = KrylovSettings {
        num_eigenpairs: rough_pairs(count),
        block_size: BLOCK,
        max_dimension: basis_vectors(count),
        tolerance: 0.1 * TOLERANCE,
        max_applications: ROUGH_APPLICATIONS.max((count + 3 * BLOCK) / BLOCK),
        seed: 0,
    };
    let rough = leading_eigenpairs(
        size,
        &settings,
        |vectors| Ok(operator.apply_beside(vectors)),
    )?;
    let filter = Filter::new(
        rough.values.last().copied().unwrap_or(-1.0) - 0.1,
        rough.values[count + 1],
    );
    if filter.degree > MAX_DEGREE {
        let start = rough.vectors.subcols(0, count).to_owned();
        drop(rough);
        return davidson::leading(operator, start);
    }
    drop(rough);
    settings.num_eigenpairs = count;
    settings.max_applications = FILTERED_APPLICATIONS;
    let found = leading_eigenpairs(size, &settings, |vectors| {
        Ok(operator.apply_filter(&filter, vectors))
    })?;
    let (values, vectors, residual) = rayleigh_ritz(operator, &found.vectors)?;
    if residual <= TOLERANCE && values[count - 1] > filter.upper {
        return Ok((values, vectors));
    }
    drop(found);
    davidson::leading(operator, vectors)
}

/// The eigenpairs of the operator within the span of orthonormal vectors, and the largest residual.
fn rayleigh_ritz(operator: &Operator, vectors: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>, f64)> {
    let images = operator.apply_below(vectors.as_ref());
    let inside = product(vectors.transpose(), images.as_ref());
    let (values, rotation) = symmetric_eigen(inside.as_ref())?;
    let rotated = product(vectors.as_ref(), rotation.as_ref());
    let images = product(images.as_ref(), rotation.as_ref());
    let residual = (values.iter().enumerate())
        .map(|(at, value)| (images.col(at) - rotated.col(at) * faer::Scale(*value)).norm_l2())
        .fold(0.0, f64::max);
    Ok((values, rotated, residual))
}
