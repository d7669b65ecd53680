//! Potentials: functions of a flat parameter vector that are sampled, minimised and mapped.

pub mod analytic;
mod batches;
mod host;
mod model;

use burn::tensor::Tensor;

use crate::Result;

pub use batches::{BatchOrder, BatchPosition, Rows};
pub use host::HostEvaluator;
pub use model::ModelPotential;

/// A potential U(θ) over a flat vector θ of length N, with its gradient.
///
/// The density that samplers draw from is exp(−βU). A value need not be finite: what to do about a divergence is the
/// caller's decision.
pub trait Potential {
    /// N, the number of parameters.
    fn num_parameters(&self) -> usize;

    /// U(θ) and ∇U(θ) at `position`, of shape \[N\].
    ///
    /// # Errors
    /// If `position` does not have length N.
    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)>;

    /// U(θ) at `position`, of shape \[N\].
    ///
    /// # Errors
    /// If `position` does not have length N.
    fn energy(&self, position: &Tensor<1>) -> Result<f64> {
        self.energy_and_gradient(position).map(|(energy, _)| energy)
    }

    /// U at every row of `positions`, of shape \[points, N\].
    ///
    /// # Errors
    /// If the rows do not have length N.
    fn energies(&self, positions: &Tensor<2>) -> Result<Vec<f64>> {
        positions
            .clone()
            .iter_dim(0)
            .map(|row| self.energy(&row.flatten(0, 1)))
            .collect()
    }

    /// The Laplacian ΔU at `position` where it is known in closed form.
    ///
    /// # Errors
    /// If `position` does not have length N.
    fn laplacian(&self, position: &Tensor<1>) -> Result<Option<f64>> {
        let _ = position;
        Ok(None)
    }
}

/// The configurational temperature |∇U|²/ΔU at `position`, whose numerator and denominator have means of ratio 1/β:
/// average them separately. `None` where the Laplacian is not known.
///
/// Returns `(|∇U|², ΔU)`.
///
/// Source: H. H. Rugh, Phys. Rev. Lett. 78 (1997) 772.
///
/// # Errors
/// If `position` does not have length N.
pub fn configurational_temperature_terms(
    potential: &impl Potential,
    position: &Tensor<1>,
) -> Result<Option<(f64, f64)>> {
    let Some(laplacian) = potential.laplacian(position)? else {
        return Ok(None);
    };
    let (_, gradient) = potential.energy_and_gradient(position)?;
    let squared = gradient.powi_scalar(2).sum().into_scalar::<f64>();
    Ok(Some((squared, laplacian)))
}
