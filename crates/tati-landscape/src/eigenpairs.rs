//! Eigenpairs of symmetric matrices, in the order and with the signs that all of tati uses.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, MatRef, Par};
use nalgebra::DMatrix;
use tati_core::{Result, TatiError};

/// All eigenpairs of the symmetric matrix whose lower triangle is given, descending, with whatever signs. On one thread, so that
/// they do not depend on the number of threads.
pub(crate) fn symmetric_eigen(matrix: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let size = matrix.ncols();
    let is_finite =
        (0..size).all(|column| (column..size).all(|row| matrix[(row, column)].is_finite()));
    if !is_finite {
        return Err(not_finite());
    }
    let mut vectors = Mat::zeros(size, size);
    let mut values = Diag::zeros(size);
    let scratch = self_adjoint_evd_scratch::<f64>(
        size,
        ComputeEigenvectors::Yes,
        Par::Seq,
        Default::default(),
    );
    self_adjoint_evd(
        matrix,
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .map_err(|_| not_finite())?;
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    let values = values.into_iter().rev().collect();
    Ok((values, vectors.as_ref().reverse_cols().to_owned()))
}

/// `vectors` with the sign of each column such that its component of largest magnitude is positive.
pub(crate) fn with_fixed_signs(mut vectors: DMatrix<f64>) -> DMatrix<f64> {
    for mut vector in vectors.column_iter_mut() {
        let largest = vector
            .iter()
            .fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            vector.neg_mut();
        }
    }
    vectors
}

/// The matrix as the public interface has it.
pub(crate) fn to_nalgebra(matrix: MatRef<'_, f64>) -> DMatrix<f64> {
    DMatrix::from_fn(matrix.nrows(), matrix.ncols(), |row, column| {
        matrix[(row, column)]
    })
}

fn not_finite() -> TatiError {
    TatiError::NotFinite {
        what: "a matrix whose eigenvalues are asked for".to_string(),
        value: f64::NAN,
        remedy: "look for draws or potentials that are not finite",
    }
}
