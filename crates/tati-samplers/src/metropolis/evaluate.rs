//! U + U_prior and its gradient at a position in host memory.

use burn::tensor::Tensor;
use tati_core::{HostEvaluator, Potential, Result, require_count, require_positive};

use super::walker::Point;
use crate::prior::Prior;

/// The density exp(−β(U + U_prior)) that a kernel draws from, U being handed in at each transition.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    inverse_temperature: f64,
    prior: Option<Prior>,
    /// θ₀ of a tether.
    pub(crate) center: Option<Vec<f64>>,
    evaluator: HostEvaluator,
}

impl Target {
    /// The target of a chain that begins at `start`, and the numbers in `start`.
    pub(crate) fn new(
        start: &Tensor<1>,
        inverse_temperature: f64,
        prior: Option<&Prior>,
    ) -> Result<(Self, Vec<f64>)> {
        require_positive("inverse_temperature", inverse_temperature)?;
        if let Some(prior) = prior {
            prior.validate()?;
        }
        let position: Vec<f64> = start.to_data().iter::<f64>().collect();
        require_count("number of parameters", position.len(), 1..)?;
        let target = Self {
            inverse_temperature,
            center: prior
                .is_some_and(Prior::is_tether)
                .then(|| position.clone()),
            prior: prior.cloned(),
            evaluator: HostEvaluator::like(start),
        };
        Ok((target, position))
    }

    /// β.
    pub(crate) fn inverse_temperature(&self) -> f64 {
        self.inverse_temperature
    }

    pub(crate) fn set_inverse_temperature(&mut self, inverse_temperature: f64) -> Result<()> {
        require_positive("inverse_temperature", inverse_temperature)?;
        self.inverse_temperature = inverse_temperature;
        Ok(())
    }

    /// U + U_prior and its gradient at `position`. They need not be finite.
    pub(crate) fn evaluate(&self, potential: &dyn Potential, position: Vec<f64>) -> Result<Point> {
        let mut gradient = Vec::new();
        let energy = self.evaluate_into(potential, &position, &mut gradient)?;
        Ok(Point {
            position,
            energy,
            gradient,
        })
    }

    /// Like [`evaluate`](Self::evaluate), with the gradient written into `gradient`.
    pub(crate) fn evaluate_into(
        &self,
        potential: &dyn Potential,
        position: &[f64],
        gradient: &mut Vec<f64>,
    ) -> Result<f64> {
        let mut energy = self
            .evaluator
            .energy_and_gradient(potential, position, gradient)?;
        if let Some(prior) = &self.prior {
            energy += prior.energy_and_add_gradient(position, self.center.as_deref(), gradient);
        }
        Ok(energy)
    }
}
