//! A perceptron trained with SGD to the optimum of its loss on digits.
#![allow(dead_code)] // Each example uses its part.

use std::sync::atomic::{AtomicBool, Ordering};

use burn::nn::Initializer;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor};
use tati::models::{Perceptron, PerceptronConfig, softmax_cross_entropy};
use tati::{ModelPotential, TatiError};

use crate::data::Data;
use crate::support::{self, Failure};

/// Images and labels, resident on the device.
pub type Rows = (Tensor<2>, Tensor<1, Int>);
/// The mean cross-entropy of a perceptron over some rows.
pub type Loss = fn(&Perceptron, Rows) -> Tensor<1>;
pub type PerceptronPotential = ModelPotential<Perceptron, Rows, Loss>;

/// The data on the device.
pub struct Task {
    pub classes: usize,
    pub dimension: usize,
    pub train: Rows,
    pub test: Rows,
}

impl Task {
    pub fn new(data: Data, device: &Device) -> Result<Self, TatiError> {
        let Data { train, test, .. } = data;
        // Data are constants: off the tape.
        let plain = device.clone().inner();
        Ok(Self {
            classes: train.classes().max(test.classes()),
            dimension: train.dimension(),
            test: test.to_tensors(&plain),
            train: train.into_tensors(&plain),
        })
    }

    pub fn num_train(&self) -> usize {
        self.train.0.dims()[0]
    }

    /// The loss over the training data as a potential of the perceptron's parameters, full batch.
    pub fn potential(&self, model: &Perceptron) -> Result<PerceptronPotential, TatiError> {
        ModelPotential::new(model.clone(), self.train.clone(), cross_entropy as Loss)
    }
}

fn cross_entropy(model: &Perceptron, (images, labels): Rows) -> Tensor<1> {
    softmax_cross_entropy(model.forward(images), labels)
}

/// The optimum and how it was reached.
pub struct Trained {
    pub model: Perceptron,
    /// The loss of each step's batch.
    pub losses: Vec<f64>,
}

/// Training schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Recipe {
    /// A few thousand mini-batch steps
    Quick,
    /// JMLR 21(228) section 3.2: 9,000 steps, the last 3,000 with the full batch
    Paper,
}

/// Steps of one batch size and learning rate.
struct Stage {
    batch_size: usize,
    learning_rate: f64,
    steps: usize,
}

impl Recipe {
    fn stages(self, num_train: usize) -> [Stage; 3] {
        let stage = |batch_size: usize, learning_rate, steps| Stage {
            batch_size: batch_size.min(num_train),
            learning_rate,
            steps,
        };
        match self {
            Self::Quick => [
                stage(500, 0.5, 3_000),
                stage(500, 0.1, 1_000),
                stage(5_000, 0.1, 200),
            ],
            Self::Paper => [
                stage(550, 0.5, 3_000),
                stage(5_500, 0.05, 3_000),
                stage(num_train, 0.01, 3_000),
            ],
        }
    }

    /// Burn's usual start, or that of the paper's software (TATi 0.9): weights uniform in ±0.5, biases 0.1.
    fn start(self, task: &Task, device: &Device) -> Perceptron {
        let (inputs, classes) = (task.dimension, task.classes);
        let mut model = PerceptronConfig::new()
            .with_inputs(inputs)
            .with_classes(classes)
            .init(device);
        if self == Self::Paper {
            let weights = Initializer::Uniform {
                min: -0.5,
                max: 0.5,
            };
            model.weight = weights.init([classes, inputs], device);
            model.bias = Initializer::Constant { value: 0.1 }.init([classes], device);
        }
        model
    }

    /// The paper trains without regularisation.
    fn optimizer(self, prior_strength: f64) -> ModuleOptimizer {
        let config = SgdConfig::new();
        match self {
            Self::Quick => config
                .with_weight_decay(Some(WeightDecayConfig::new(prior_strength as f32)))
                .init(),
            Self::Paper => config.init(),
        }
    }
}

/// Trains a perceptron by `recipe` from a random start. `each` sees the model before each step, with the number of the step.
pub fn train(
    task: &Task,
    recipe: Recipe,
    prior_strength: f64,
    device: &Device,
    seed: u64,
    interrupted: &AtomicBool,
    mut each: impl FnMut(usize, &Perceptron) -> Result<(), TatiError>,
) -> Result<Trained, Failure> {
    device.seed(seed);
    let mut model = recipe.start(task, device);
    let mut optimizer = recipe.optimizer(prior_strength);
    let stages = recipe.stages(task.num_train());
    let bar = support::progress("training", stages.iter().map(|stage| stage.steps).sum());
    let mut losses = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let mut potential = task
            .potential(&model)?
            .with_batch_size(stage.batch_size, seed ^ index as u64)?;
        for _ in 0..stage.steps {
            if interrupted.load(Ordering::Relaxed) {
                return Err(Failure::Other("interrupted while training".to_string()));
            }
            each(losses.len(), &model)?;
            let (loss, gradients) = potential.gradients(&model);
            require_finite("training", losses.len(), loss)?;
            model = optimizer.step(stage.learning_rate, model, gradients);
            potential.next_batch();
            losses.push(loss);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(Trained { model, losses })
}

/// Ends a run that has diverged.
pub fn require_finite(what: &str, step: usize, loss: f64) -> Result<(), TatiError> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(TatiError::NotFinite {
        what: format!("the loss at step {step} of {what}"),
        value: loss,
        remedy: "take a smaller step size",
    })
}
