//! Potentials: functions of a flat parameter vector that are sampled, minimised and mapped.

pub mod analytic;
mod batches;
mod host;
mod model;
mod subspace;

use std::ops::Range;

use burn::tensor::{DType, Tensor, TensorData};

use crate::{Result, TatiError, available_devices, open_device, require_count, shares_host_memory};

pub use batches::{BatchOrder, BatchPosition, Rows};
pub use host::HostEvaluator;
pub use model::{Loss, ModelPotential};
pub use subspace::AffineSubspace;

/// Points evaluated together: enough that the data are read seldom.
const POINTS_PER_BLOCK: usize = 256;
/// Numbers in the positions of a block, which bounds the memory for large N.
const NUMBERS_PER_BLOCK: usize = 1 << 23;

/// What is told the share of a long computation that is done, from 0 to 1. It may be called from any thread, never from two at
/// once, and its numbers never fall.
pub type Progress<'a> = dyn FnMut(f64) + Send + 'a;

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

    /// U and ∇U at every row of `positions`, of shape \[points, N\]; the gradients are rows of the same shape.
    ///
    /// # Errors
    /// If there is no row, or the rows do not have length N.
    fn energies_and_gradients(&self, positions: &Tensor<2>) -> Result<(Vec<f64>, Tensor<2>)> {
        require_count("number of points", positions.dims()[0], 1..)?;
        let rows = positions.clone().iter_dim(0).map(|row| {
            let (energy, gradient) = self.energy_and_gradient(&row.flatten(0, 1))?;
            Ok((energy, gradient.unsqueeze::<2>()))
        });
        let (energies, gradients): (_, Vec<_>) =
            rows.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        Ok((energies, Tensor::cat(gradients, 0)))
    }

    /// Positions in host memory, row-major of shape \[points, N\], as a tensor on the device and in the precision that this
    /// potential works in; for [`energies`](Self::energies) and, row by row, for the other methods.
    ///
    /// # Errors
    /// If the rows do not have length N.
    fn positions(&self, theta: &[f64]) -> Result<Tensor<2>> {
        let Some(name) = available_devices().into_iter().next() else {
            return Err(TatiError::DeviceNotCompiled {
                name: "flex".to_string(),
                feature: "flex",
                available: "no other".to_string(),
            });
        };
        let device = open_device(name)?;
        let dtype = if shares_host_memory(&device) {
            DType::F64
        } else {
            DType::F32
        };
        let data = position_data(theta, self.num_parameters())?.convert_dtype(dtype);
        Ok(Tensor::from_data(data, (&device, dtype)))
    }

    /// U(θ₀ + Σₖ cₖ dₖ) for every row c of `coefficients`, of shape \[points, directions\], row-major. A value need not be
    /// finite. `progress` is told now and then the share of the work that is done, at last 1.
    ///
    /// # Errors
    /// If the subspace does not have N parameters, or the coefficients do not come in rows of one a direction.
    fn energies_in_subspace(
        &self,
        subspace: &AffineSubspace,
        coefficients: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f64>> {
        energies_point_by_point(self, subspace, coefficients, progress)
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

/// U at every point of a subspace through [`Potential::energies`], some points at a time.
fn energies_point_by_point<P: Potential + ?Sized>(
    potential: &P,
    subspace: &AffineSubspace,
    coefficients: &[f64],
    progress: &mut Progress<'_>,
) -> Result<Vec<f64>> {
    subspace.require_parameters(potential.num_parameters())?;
    let num_points = subspace.num_points(coefficients)?;
    let mut energies = Vec::with_capacity(num_points);
    for block in blocks_of_points(num_points, subspace.num_parameters()) {
        let directions = subspace.num_directions();
        let rows = &coefficients[block.start * directions..block.end * directions];
        let positions = potential.positions(&subspace.points(rows))?;
        energies.extend(potential.energies(&positions)?);
        progress(block.end as f64 / num_points as f64);
    }
    Ok(energies)
}

/// `theta` as rows of N numbers.
fn position_data(theta: &[f64], num_parameters: usize) -> Result<TensorData> {
    if num_parameters == 0 || !theta.len().is_multiple_of(num_parameters) {
        return Err(TatiError::ShapeMismatch {
            what: "length of positions".to_string(),
            expected: format!("a multiple of {num_parameters}, the number of parameters"),
            found: theta.len().to_string(),
        });
    }
    let shape = [theta.len() / num_parameters, num_parameters];
    Ok(TensorData::new(theta.to_vec(), shape))
}

/// Points that are evaluated together, so that the memory for their positions is bounded.
fn blocks_of_points(
    num_points: usize,
    num_parameters: usize,
) -> impl Iterator<Item = Range<usize>> {
    let points = (NUMBERS_PER_BLOCK / num_parameters.max(1)).clamp(1, POINTS_PER_BLOCK);
    (0..num_points)
        .step_by(points)
        .map(move |start| start..(start + points).min(num_points))
}
