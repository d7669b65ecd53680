//! Where the draws of a trajectory lie on a line or plane, and how far from it.

use std::path::Path;

use nalgebra::{DMatrix, DVector};
use tati_core::{AffineSubspace, Result, TatiError, write_table};

use crate::Draws;

/// The draws of a trajectory seen from a line or plane θ₀ + Σ cₖ dₖ: for each draw θ the coefficients of the nearest point,
///
/// ```text
/// c = argmin ‖θ − θ₀ − Σₖ cₖ dₖ‖,
/// ```
///
/// by least squares, so that the directions need be neither orthogonal nor of length 1.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryProjection {
    /// The number of directions.
    pub num_directions: usize,
    /// c of each draw, a chain at a time, row-major of shape \[draws, directions\].
    pub coefficients: Vec<Vec<f64>>,
    /// ‖θ − θ₀ − Σ cₖ dₖ‖ of each draw, a chain at a time: how far the draw is from where a plot shows it.
    pub residual_norms: Vec<Vec<f64>>,
}

impl TrajectoryProjection {
    /// The projection of every draw.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the draws do not have as many parameters as the origin; [`TatiError::InvalidSetting`] if the
    /// directions are linearly dependent; what reading the draws reports.
    ///
    /// # Example
    /// ```
    /// use tati_core::AffineSubspace;
    /// use tati_landscape::{Draws, TrajectoryProjection};
    ///
    /// let plane = AffineSubspace::new(&[0.0; 3], &[&[1.0, 0.0, 0.0], &[1.0, 1.0, 0.0]])?;
    /// let theta = [3.0, 1.0, 0.5];
    /// let projection = TrajectoryProjection::of(&Draws::from_f64(&theta, [1, 1, 3])?, &plane)?;
    /// assert!((projection.coefficients[0][0] - 2.0).abs() < 1e-14);
    /// assert!((projection.residual_norms[0][0] - 0.5).abs() < 1e-14);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn of(draws: &Draws<'_>, subspace: &AffineSubspace) -> Result<Self> {
        let n = subspace.num_parameters();
        if draws.num_parameters() != n {
            return Err(TatiError::ShapeMismatch {
                what: "parameters of a draw".to_string(),
                expected: format!("{n}, as of the origin"),
                found: draws.num_parameters().to_string(),
            });
        }
        let directions = Directions::of(subspace)?;
        let origin = DVector::from_column_slice(subspace.origin());
        let mut projection = Self {
            num_directions: subspace.num_directions(),
            coefficients: Vec::with_capacity(draws.num_chains()),
            residual_norms: Vec::with_capacity(draws.num_chains()),
        };
        for chain in 0..draws.num_chains() {
            let mut coefficients =
                Vec::with_capacity(draws.num_draws() * projection.num_directions);
            let mut residual_norms = Vec::with_capacity(draws.num_draws());
            draws.for_each_block(chain, |block| {
                for theta in block.theta.chunks_exact(n) {
                    let away = DVector::from_column_slice(theta) - &origin;
                    let (c, residual_norm) = directions.nearest(away);
                    coefficients.extend(c.iter());
                    residual_norms.push(residual_norm);
                }
                Ok(())
            })?;
            projection.coefficients.push(coefficients);
            projection.residual_norms.push(residual_norms);
        }
        Ok(projection)
    }

    /// Writes one row a draw with the columns `chain,draw,c0,c1,…,residual_norm`. Every number reads back as it was.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let names: Vec<String> = (0..self.num_directions).map(|k| format!("c{k}")).collect();
        let names = names.iter().map(String::as_str);
        let header = ["chain", "draw"]
            .into_iter()
            .chain(names)
            .chain(["residual_norm"]);
        let chains = self
            .coefficients
            .iter()
            .zip(&self.residual_norms)
            .enumerate();
        let rows = chains.flat_map(|(chain, (coefficients, norms))| {
            let draws = coefficients
                .chunks_exact(self.num_directions)
                .zip(norms)
                .enumerate();
            draws.map(move |(draw, (c, &norm))| {
                let mut numbers = c.to_vec();
                numbers.push(norm);
                (vec![chain, draw], numbers)
            })
        });
        write_table(path.as_ref(), header, rows)
    }
}

/// Directions as a QR factorisation of their matrix, each scaled to length 1.
struct Directions {
    lengths: DVector<f64>,
    orthonormal: DMatrix<f64>,
    triangular: DMatrix<f64>,
}

impl Directions {
    /// Columns whose part outside the span of those before is smaller are taken for dependent.
    const LEAST_INDEPENDENT: f64 = 1e-10;

    fn of(subspace: &AffineSubspace) -> Result<Self> {
        let (n, k) = (subspace.num_parameters(), subspace.num_directions());
        let mut matrix = DMatrix::from_fn(n, k, |row, column| subspace.directions()[column][row]);
        let mut lengths = DVector::zeros(k);
        for (mut column, length) in matrix.column_iter_mut().zip(lengths.iter_mut()) {
            // In two steps, so that the square of a tiny number does not vanish.
            let largest = column.amax();
            column /= largest;
            let norm = column.norm();
            column /= norm;
            *length = largest * norm;
        }
        let (orthonormal, triangular) = matrix.qr().unpack();
        let dependent = k > n || (0..k).any(|i| triangular[(i, i)].abs() < Self::LEAST_INDEPENDENT);
        if dependent {
            return Err(TatiError::InvalidSetting {
                name: "directions",
                value: "linearly dependent".to_string(),
                expected: "independent: leave one out".to_string(),
            });
        }
        Ok(Self {
            lengths,
            orthonormal,
            triangular,
        })
    }

    /// The coefficients of the nearest point to `away` in the span of the directions, and its distance.
    fn nearest(&self, away: DVector<f64>) -> (DVector<f64>, f64) {
        let along = self.orthonormal.tr_mul(&away);
        let residual = &away - &self.orthonormal * &along;
        let norm = residual.norm();
        // The diagonal is not 0: `of` has seen to that.
        let mut coefficients = along;
        self.triangular
            .solve_upper_triangular_mut(&mut coefficients);
        coefficients.component_div_assign(&self.lengths);
        (coefficients, norm)
    }
}
