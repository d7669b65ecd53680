//! How draws are made: many walkers at once by Burn optimizers, one after the other by kernels.

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use indicatif::ProgressBar;
use tati::TatiError;
use tati::analytic::HostPotential;
use tati::samplers::NoiseSource;

use crate::samplers::Plan;
use crate::targets::Target;

/// Walkers in the parameter tensor of a Burn optimizer.
const OPTIMIZER_WALKERS: usize = 256;
/// Walkers of a kernel.
pub const KERNEL_WALKERS: usize = 4;

/// What a run has given.
pub struct Draws {
    /// The readings of every walker.
    pub walkers: Vec<Vec<[f64; 2]>>,
    /// Gradients evaluated after burn-in, by all walkers together.
    pub gradients: u64,
    /// G of every walker, of pSGLD.
    pub preconditioners: Vec<[f64; 2]>,
}

/// The positions of all walkers as one parameter, of shape \[walkers, 2\].
#[derive(Module, Debug)]
struct Walkers {
    positions: Param<Tensor<2>>,
}

/// How a plan is carried out.
pub struct Runner {
    pub device: Device,
    pub seed: u64,
    pub progress: ProgressBar,
}

impl Runner {
    /// Carries out a plan. `number` makes the noise of every run its own.
    pub fn run(&self, plan: &Plan, target: &Target, number: u32) -> Result<Draws, TatiError> {
        if plan.sampler.is_kernel() {
            self.transit(plan, target, number)
        } else {
            self.optimize(plan, target, number)
        }
    }

    /// Draws with a Burn optimizer, all walkers at once.
    fn optimize(&self, plan: &Plan, target: &Target, number: u32) -> Result<Draws, TatiError> {
        let mut optimizer = plan.optimizer(&NoiseSource::new(self.seed, number))?;
        let mut model = Walkers::new(target, &self.device);
        let steps = plan.readings * plan.pause;
        let mut walkers = vec![Vec::new(); OPTIMIZER_WALKERS];
        for step in 0..plan.burn_in + steps {
            let positions = model.to_host()?;
            if step >= plan.burn_in && (step - plan.burn_in).is_multiple_of(plan.pause) {
                for (walker, position) in walkers.iter_mut().zip(&positions) {
                    walker.push(*position);
                }
                self.progress.inc(plan.pause as u64);
            }
            let gradient = positions.iter().flat_map(|position| {
                let mut gradient = [0.0; 2];
                target.surface.value_and_gradient(position, &mut gradient);
                gradient.map(|slope| slope as f32)
            });
            model = model.step(&mut optimizer, plan.step_size, gradient.collect());
        }
        Ok(Draws {
            walkers,
            gradients: (steps * OPTIMIZER_WALKERS) as u64,
            preconditioners: model.preconditioners(&optimizer, plan.step_size)?,
        })
    }

    /// Draws with kernels, a walker after the other.
    fn transit(&self, plan: &Plan, target: &Target, number: u32) -> Result<Draws, TatiError> {
        let mut walkers = Vec::new();
        let mut gradients = 0;
        for walker in 0..KERNEL_WALKERS {
            let start = target.starts[walker % target.starts.len()];
            let start = Tensor::from_data(start, &self.device.clone().inner());
            let number = KERNEL_WALKERS as u32 * number + walker as u32;
            let mut kernel = plan.kernel(&start, &NoiseSource::new(self.seed, number))?;
            for _ in 0..plan.burn_in {
                kernel.transition(&target.surface)?;
            }
            let mut own = Vec::with_capacity(plan.readings);
            for _ in 0..plan.readings {
                for _ in 0..plan.pause {
                    gradients += kernel.transition(&target.surface)?.num_gradients as u64;
                }
                self.progress.inc(plan.pause as u64);
                own.push([kernel.position()[0], kernel.position()[1]]);
            }
            walkers.push(own);
            self.progress.inc(plan.burn_in as u64);
        }
        Ok(Draws {
            walkers,
            gradients,
            preconditioners: Vec::new(),
        })
    }
}

impl Walkers {
    fn new(target: &Target, device: &Device) -> Self {
        let starts = target.starts.iter().cycle().take(OPTIMIZER_WALKERS);
        let starts: Vec<f32> = starts.flatten().map(|x| *x as f32).collect();
        let data = TensorData::new(starts, [OPTIMIZER_WALKERS, 2]);
        Self {
            positions: Param::from_tensor(Tensor::from_data(data, device)),
        }
    }

    fn to_host(&self) -> Result<Vec<[f64; 2]>, TatiError> {
        let data = self.positions.val().inner().into_data();
        let mut positions = Vec::with_capacity(OPTIMIZER_WALKERS);
        let mut numbers = data.iter::<f64>();
        while let (Some(x), Some(y)) = (numbers.next(), numbers.next()) {
            if !(x + y).is_finite() {
                return Err(TatiError::NotFinite {
                    what: "a walker's position".to_string(),
                    value: x + y,
                    remedy: "take a smaller step size",
                });
            }
            positions.push([x, y]);
        }
        Ok(positions)
    }

    fn step(self, optimizer: &mut ModuleOptimizer, step_size: f64, gradient: Vec<f32>) -> Self {
        let data = TensorData::new(gradient, [OPTIMIZER_WALKERS, 2]);
        let gradient = Tensor::<2>::from_data(data, &self.positions.val().device().inner());
        let mut gradients = GradientsParams::new();
        gradients.register(self.positions.id, gradient);
        optimizer.step(step_size, self, gradients)
    }

    /// G in θ ← θ − h G g + noise: noise is a function of the step, so two copies of a sampler that are given the gradients 0 and 1
    /// end up h G from each other.
    fn preconditioners(
        &self,
        optimizer: &ModuleOptimizer,
        step_size: f64,
    ) -> Result<Vec<[f64; 2]>, TatiError> {
        let end = |slope: f32| {
            let gradient = vec![slope; 2 * OPTIMIZER_WALKERS];
            let moved = self
                .clone()
                .step(&mut optimizer.clone(), step_size, gradient);
            moved.to_host()
        };
        let pairs = end(0.0)?.into_iter().zip(end(1.0)?);
        Ok(pairs
            .map(|(without, with)| [0, 1].map(|i| (without[i] - with[i]) / step_size))
            .collect())
    }
}
