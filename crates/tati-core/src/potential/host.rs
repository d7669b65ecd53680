//! A potential at positions in host memory.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::Potential;
use crate::{Result, TatiError};

/// Evaluates potentials at positions that are numbers in host memory, on the device and in the precision of a first position.
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{HostEvaluator, analytic::Harmonic, open_device};
///
/// let start = Tensor::<1>::from_data([1.0, 1.0], &open_device("flex")?);
/// let evaluator = HostEvaluator::like(&start);
/// let well = Harmonic::new(vec![1.0, 4.0])?;
/// let mut gradient = Vec::new();
/// assert_eq!(evaluator.energy_and_gradient(&well, &[2.0, 0.5], &mut gradient)?, 2.5);
/// assert_eq!(gradient, [2.0, 2.0]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HostEvaluator {
    device: Device,
    dtype: DType,
}

impl HostEvaluator {
    /// For tensors on the device and in the precision of `position`.
    pub fn like(position: &Tensor<1>) -> Self {
        Self {
            device: position.device().inner(),
            dtype: position.dtype(),
        }
    }

    /// The precision in which potentials are evaluated.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// U at `position`, and ∇U written into `gradient`, of the same length. They need not be finite.
    ///
    /// # Errors
    /// Those of the potential; if its gradient has another length than `position`.
    pub fn energy_and_gradient(
        &self,
        potential: &dyn Potential,
        position: &[f64],
        gradient: &mut Vec<f64>,
    ) -> Result<f64> {
        let length = [position.len()];
        // Element by element through `TensorData` costs as much as the step of a small network.
        let data = if self.dtype == DType::F32 {
            let single: Vec<f32> = position.iter().map(|&theta| theta as f32).collect();
            TensorData::new(single, length)
        } else {
            TensorData::new(position.to_vec(), length).convert_dtype(self.dtype)
        };
        let theta = Tensor::from_data(data, (&self.device, self.dtype));
        let (energy, slope) = potential.energy_and_gradient(&theta)?;
        let slope = slope.into_data();
        gradient.clear();
        match slope.as_slice::<f32>() {
            Ok(single) => gradient.extend(single.iter().map(|&slope| f64::from(slope))),
            Err(_) => gradient.extend(slope.iter::<f64>()),
        }
        if gradient.len() != position.len() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the potential's gradient".to_string(),
                expected: position.len().to_string(),
                found: gradient.len().to_string(),
            });
        }
        Ok(energy)
    }
}
