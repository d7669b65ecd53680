//! Training: from a start to a minimum of the potential, by an optimizer, in stages.

mod barzilai_borwein;
mod mover;
mod stage;

use std::ops::ControlFlow;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{
    ModelPotential, Potential, Result, Rows, TatiError, require_non_negative, require_positive,
};
use tati_samplers::{PotentialWithPrior, Prior};

use mover::Mover;

pub use barzilai_borwein::BarzilaiBorwein;
pub use stage::TrainStage;

/// How a potential is brought to a minimum.
///
/// # Example
/// ```
/// use std::ops::ControlFlow;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati::workflow::{TrainConfig, TrainOptimizer, TrainStage};
/// use tati::{ModelPotential, open_device};
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(1, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0], [1.0], [2.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     (model.forward(inputs.clone()) - inputs * 2.0 - 1.0).powi_scalar(2).mean()
/// })?;
///
/// let stages = vec![TrainStage::new(100, 0.1)];
/// let trained = TrainConfig::new(TrainOptimizer::BarzilaiBorwein, stages)
///     .with_gradient_tolerance(1e-4)
///     .run(model, &potential, |_| Ok(ControlFlow::Continue(())))?;
/// assert!(trained.potential < 1e-6 && trained.num_steps < 100);
/// # Ok::<(), tati::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct TrainConfig {
    /// What makes the steps.
    pub optimizer: TrainOptimizer,
    /// Steps of one step size and batch size each, one stage after the other.
    pub stages: Vec<TrainStage>,
    /// A prior added to the loss; no tether, as there is no start to keep to.
    pub prior: Option<Prior>,
    /// The norm of the gradient of a full batch at which training ends before its last step; never if 0.
    #[config(default = 0.0)]
    pub gradient_tolerance: f64,
    /// Seed of the order of mini-batches.
    #[config(default = 0)]
    pub seed: u64,
}

/// What makes the steps of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrainOptimizer {
    /// Gradient descent with mini-batches: p ← μ p − h g, θ ← θ + p.
    Sgd {
        /// μ, the share of the last step in the next; 0 is plain gradient descent.
        momentum: f64,
    },
    /// Adam (Kingma, Ba 2015) with Burn's settings.
    Adam,
    /// L-BFGS with a line search by the strong Wolfe conditions (Nocedal, Wright, "Numerical optimization", algorithms 3.5 and 7.5). For the
    /// full batch.
    Lbfgs,
    /// Gradient descent with the step size of [`BarzilaiBorwein`], halved until the potential is below the highest of the last ten (Raydan,
    /// "The Barzilai and Borwein gradient method for the large scale unconstrained minimization problem", SIAM J. Optim. 7 (1997) 26).
    /// For the full batch.
    BarzilaiBorwein,
}

/// The state before a step of training.
#[derive(Debug)]
pub struct TrainStep<'a> {
    /// Steps taken.
    pub step: u64,
    /// Steps in all.
    pub num_steps: u64,
    /// U over the current batch, the prior included.
    pub potential: f64,
    /// |∇U|.
    pub gradient_norm: f64,
    /// The step size of the stage.
    pub step_size: f64,
    /// θ, of shape \[N\].
    pub position: &'a Tensor<1>,
}

/// A training that has come to its end, or was stopped.
#[derive(Clone, Debug)]
pub struct Trained<M> {
    /// The model after the last step.
    pub model: M,
    /// Steps taken.
    pub num_steps: u64,
    /// U after the last step over all data, the prior included.
    pub potential: f64,
    /// |∇U| there.
    pub gradient_norm: f64,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

impl TrainConfig {
    /// Steps in all.
    pub fn num_steps(&self) -> u64 {
        self.stages.iter().map(|stage| stage.num_steps).sum()
    }

    /// Trains `model`, which must be of the kind that `potential`, the loss over all data, was made of. `each` is called before every step
    /// and may end the training by breaking.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain; [`TatiError::NotFinite`], naming the step, for a potential that is
    /// no finite number; the error of `each`.
    pub fn run<M, R, L>(
        &self,
        model: M,
        potential: &ModelPotential<M, R, L>,
        mut each: impl FnMut(&TrainStep<'_>) -> Result<ControlFlow<()>>,
    ) -> Result<Trained<M>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
    {
        self.validate(potential)?;
        let layout = potential.layout();
        let mut position = layout.flatten(&model)?.inner();
        let mut mover = Mover::of(self.optimizer);
        let (mut step, mut interrupted) = (0, false);
        'stages: for (index, stage) in self.stages.iter().enumerate() {
            let rows = potential.num_rows();
            let batch_size = stage.batch_size.unwrap_or(rows);
            // The orders of two stages have nothing in common.
            let seed = self.seed ^ (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut of_stage = potential.clone().with_batch_size(batch_size, seed)?;
            let mut known = None;
            for _ in 0..stage.num_steps {
                let evaluated = match known.take() {
                    Some(evaluated) => evaluated,
                    None => self.evaluate(&of_stage, &position)?,
                };
                let gradient_norm = norm(&evaluated.1);
                require_finite(step, evaluated.0, gradient_norm)?;
                let state = TrainStep {
                    step,
                    num_steps: self.num_steps(),
                    potential: evaluated.0,
                    gradient_norm,
                    step_size: stage.step_size,
                    position: &position,
                };
                if each(&state)?.is_break() {
                    interrupted = true;
                    break 'stages;
                }
                if batch_size == rows && gradient_norm <= self.gradient_tolerance {
                    break 'stages;
                }
                let evaluate = |position: &Tensor<1>| self.evaluate(&of_stage, position);
                (position, known) = mover.step(stage.step_size, position, evaluated, evaluate)?;
                of_stage.next_batch();
                step += 1;
            }
        }
        let (energy, gradient) = self.evaluate(potential, &position)?;
        let gradient_norm = norm(&gradient);
        require_finite(step, energy, gradient_norm)?;
        Ok(Trained {
            model: layout.unflatten(model, position)?,
            num_steps: step,
            potential: energy,
            gradient_norm,
            interrupted,
        })
    }

    fn evaluate(
        &self,
        potential: &dyn Potential,
        position: &Tensor<1>,
    ) -> Result<(f64, Tensor<1>)> {
        match &self.prior {
            None => potential.energy_and_gradient(position),
            Some(prior) => {
                PotentialWithPrior::new(potential, prior.clone())?.energy_and_gradient(position)
            }
        }
    }

    fn validate<M, R, L>(&self, potential: &ModelPotential<M, R, L>) -> Result<()>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
    {
        require_non_negative("gradient_tolerance", self.gradient_tolerance)?;
        if let Some(prior) = &self.prior {
            PotentialWithPrior::new(potential, prior.clone())?;
        }
        if potential.batch_order().is_some() {
            return Err(invalid("potential", "over mini-batches", "over all data"));
        }
        if self.num_steps() == 0 {
            return Err(invalid("num_steps", "0", "at least 1"));
        }
        if let TrainOptimizer::Sgd { momentum } = self.optimizer
            && !(0.0..1.0).contains(&momentum)
        {
            let value = momentum.to_string();
            return Err(invalid("momentum", &value, "from 0 to below 1"));
        }
        let needs_all = matches!(
            self.optimizer,
            TrainOptimizer::Lbfgs | TrainOptimizer::BarzilaiBorwein
        );
        for stage in &self.stages {
            require_positive("step_size", stage.step_size)?;
            let size = stage.batch_size.unwrap_or(potential.num_rows());
            if needs_all && size < potential.num_rows() {
                return Err(invalid(
                    "batch_size",
                    &size.to_string(),
                    "left out for this optimizer, which compares gradients of different positions",
                ));
            }
        }
        Ok(())
    }
}

fn invalid(name: &'static str, value: &str, expected: &str) -> TatiError {
    TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected: expected.to_string(),
    }
}

fn require_finite(step: u64, potential: f64, gradient_norm: f64) -> Result<()> {
    let (what, value) = if potential.is_finite() {
        ("the norm of the gradient", gradient_norm)
    } else {
        ("the loss", potential)
    };
    if value.is_finite() {
        return Ok(());
    }
    Err(TatiError::NotFinite {
        what: format!("{what} at step {step} of training"),
        value,
        remedy: "take a smaller step size, or check the data",
    })
}

fn norm(vector: &Tensor<1>) -> f64 {
    let values = vector.to_data();
    values.iter::<f64>().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests;
