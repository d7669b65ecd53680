//! Many chains at once: positions as one parameter tensor, stepped by BAOAB.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use indicatif::ProgressBar;
use tati::TatiError;
use tati::prelude::*;

use crate::wells::Well;

/// How a well is sampled.
pub struct Plan {
    inverse_temperature: f64,
    step_size: f64,
    friction: f64,
    /// Steps at the start that are left out.
    burn_in: usize,
    /// Steps from draw to draw.
    thinning: usize,
}

impl Plan {
    pub fn double_well(barrier: f64, inverse_temperature: f64) -> Self {
        // The frequency at the bottom.
        let frequency = (8.0 * barrier).sqrt();
        Self {
            inverse_temperature,
            step_size: 0.2 / frequency,
            friction: 0.5 * frequency,
            burn_in: 2000,
            thinning: 10,
        }
    }

    pub fn mueller_brown(inverse_temperature: f64) -> Self {
        Self {
            inverse_temperature,
            step_size: 0.005,
            friction: 10.0,
            burn_in: 10_000,
            thinning: 10,
        }
    }

    /// Steps of the optimizer for so many draws of each chain.
    pub fn steps(&self, draws: usize) -> usize {
        self.burn_in + draws * self.thinning
    }
}

/// Independent chains, stepped together.
pub struct Chains {
    pub count: usize,
    /// Of each chain.
    pub draws: usize,
    pub seed: u64,
    pub device: Device,
    pub progress: ProgressBar,
}

/// The positions of all chains, one after the other.
#[derive(Module, Debug)]
struct Positions {
    theta: Param<Tensor<1>>,
}

impl Chains {
    /// Each coordinate at all draws, chain after chain. `walker` makes the noise of each well its own.
    pub fn sample(
        &self,
        well: &Well,
        plan: &Plan,
        walker: u32,
    ) -> Result<Vec<Vec<f64>>, TatiError> {
        let potential = well.potential();
        let dimension = potential.dimension();
        let mut optimizer = BaoabConfig::new(plan.inverse_temperature)
            .with_friction(plan.friction)
            .with_seed(Some(self.seed))
            .with_walker(walker)
            .build()?
            .into_optimizer();
        let starts = well.starts();
        let starts: Vec<f64> = starts
            .iter()
            .cycle()
            .take(self.count)
            .flatten()
            .copied()
            .collect();
        let mut model = Positions {
            theta: Param::from_tensor(self.tensor(starts, &self.device)),
        };
        let mut draws = vec![vec![0.0; self.count * self.draws]; dimension];
        for step in 0..plan.steps(self.draws) {
            let theta: Vec<f64> = model
                .theta
                .val()
                .inner()
                .into_data()
                .iter::<f64>()
                .collect();
            if let Some(value) = theta.iter().find(|theta| !theta.is_finite()) {
                return Err(TatiError::NotFinite {
                    what: format!("a position in the {} at step {step}", well.name()),
                    value: *value,
                    remedy: "raise its inverse temperature or lower its barrier",
                });
            }
            let since = step.checked_sub(plan.burn_in);
            if let Some(since) = since.filter(|since| since.is_multiple_of(plan.thinning)) {
                for (chain, position) in theta.chunks_exact(dimension).enumerate() {
                    for (values, coordinate) in draws.iter_mut().zip(position) {
                        values[chain * self.draws + since / plan.thinning] = *coordinate;
                    }
                }
            }
            let mut gradient = vec![0.0; theta.len()];
            for (position, slope) in theta
                .chunks_exact(dimension)
                .zip(gradient.chunks_exact_mut(dimension))
            {
                potential.value_and_gradient(position, slope);
            }
            let mut gradients = GradientsParams::new();
            let gradient = self.tensor(gradient, &self.device.clone().inner());
            gradients.register(model.theta.id, gradient);
            model = optimizer.step(plan.step_size, model, gradients);
            self.progress.inc(1);
        }
        Ok(draws)
    }

    fn tensor(&self, numbers: Vec<f64>, device: &Device) -> Tensor<1> {
        let numbers: Vec<f32> = numbers.into_iter().map(|number| number as f32).collect();
        let shape = [numbers.len()];
        Tensor::from_data(TensorData::new(numbers, shape), device)
    }
}
