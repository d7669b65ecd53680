//! Walkers on the loss over sevens and nines, seen along the sums of the two weights of some pixels.

use std::f64::consts::FRAC_1_SQRT_2;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tati::models::{
    LabelledSet, Perceptron, PerceptronConfig, softmax_cross_entropy,
    softmax_cross_entropy_and_slope,
};
use tati::prelude::*;
use tati::samplers::{Ensemble, Progress};
use tati::{TatiError, freeze_parameters};

use crate::Options;
use crate::data::Data;
use crate::perceptron::{Loss, PerceptronPotential, Rows};
use crate::support::Failure;

pub const STEP_SIZE: f64 = 0.125;
pub const FRICTION: f64 = 10.0;
pub const INVERSE_TEMPERATURE: f64 = 10.0;
const DIGITS: [u32; 2] = [7, 9];
/// Items of MNIST that the paper trains on.
const PAPER_ITEMS: usize = 55_000;
/// Steps from one reading to the next.
pub const STRIDE: u64 = 50;
/// Pixels from one that is looked at to the next.
const PIXEL_STRIDE: usize = 12;

/// The loss over sevens and nines.
pub struct Task {
    pub num_items: usize,
    model: Perceptron,
    potential: PerceptronPotential,
}

impl Task {
    pub fn new(data: Data, options: &Options, device: &Device) -> Result<Self, Failure> {
        let digits = sevens_and_nines(&data.train.take(PAPER_ITEMS))?;
        let (num_items, dimension) = (digits.len(), digits.dimension());
        let mut model = PerceptronConfig::new()
            .with_inputs(dimension)
            .with_classes(DIGITS.len())
            .init(device);
        model.bias = Initializer::Zeros.init([DIGITS.len()], device);
        model = freeze_parameters(model, &["bias"])?;
        let rows = digits.into_tensors(&device.clone().inner());
        let loss: Loss =
            |model, (images, labels): Rows| softmax_cross_entropy(model.forward(images), labels);
        let potential = ModelPotential::new(model.clone(), rows, loss)?
            .with_closed_form_gradients(|models, (images, labels): Rows| {
                Perceptron::losses_and_gradients(models, images, |logits| {
                    softmax_cross_entropy_and_slope(logits, labels.clone())
                })
            })?;
        let potential = match options.batch_size < num_items {
            true => potential.with_batch_size(options.batch_size, options.common.seed())?,
            false => potential,
        };
        Ok(Self {
            num_items,
            model,
            potential,
        })
    }

    pub fn num_parameters(&self) -> usize {
        self.potential.layout().num_parameters()
    }
}

/// The items of the two digits, as classes 0 and 1.
fn sevens_and_nines(set: &LabelledSet) -> Result<LabelledSet, TatiError> {
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    for (item, label) in set.iter() {
        if let Some(class) = DIGITS.iter().position(|digit| *digit == label) {
            features.extend_from_slice(item);
            labels.push(class as u32);
        }
    }
    LabelledSet::new(features, labels, set.dimension(), DIGITS.len())
}

/// How a run is made.
pub struct Plan {
    chain: ChainConfig,
    walkers: usize,
    quasi_newton: QuasiNewtonConfig,
    prior_strength: f64,
    seed: u64,
}

/// What a run gave.
pub struct Sampled {
    /// For each walker and pixel the sum of its weights over √2, a series.
    pub sums: Vec<Vec<Vec<f64>>>,
    pub mean_potential: f64,
    pub walker_steps_per_second: f64,
}

impl Plan {
    pub fn new(options: &Options, covariance_blending: f64, seed: u64) -> Self {
        let (burn_in, steps) = (options.burn_in as u64, options.steps as u64);
        Self {
            chain: ChainConfig::new(burn_in + steps)
                .with_burn_in(burn_in)
                .with_thinning(STRIDE)
                .with_checkpoint_every_seconds(None),
            walkers: options.walkers,
            quasi_newton: QuasiNewtonConfig::new(covariance_blending)
                .with_refresh_every(options.refresh_every as u64)
                .with_ordered(true),
            prior_strength: options.prior_strength,
            seed,
        }
    }

    /// The walkers' readings; `None` if they diverge.
    pub fn run(
        &self,
        task: &Task,
        interrupted: &Arc<AtomicBool>,
        progress: impl Fn(u64),
    ) -> Result<Option<Sampled>, Failure> {
        let pixels = task.num_parameters() / DIGITS.len();
        let looked_at: Vec<usize> = (0..pixels).step_by(PIXEL_STRIDE).collect();
        let mut sums = vec![vec![Vec::new(); looked_at.len()]; self.walkers];
        let mut observers: Vec<_> = sums
            .iter_mut()
            .map(|sums| watch(&looked_at, pixels, sums))
            .collect();
        let mut ensemble = self
            .ensemble(task, &self.chain, Some(self.quasi_newton.clone()))?
            .with_interrupt(interrupted)
            .with_progress(|at: &Progress| progress(at.step));
        for (walker, observer) in observers.iter_mut().enumerate() {
            ensemble = ensemble.with_observer(walker, observer)?;
        }
        let finished = match ensemble.run() {
            Err(TatiError::NotFinite { .. }) => return Ok(None),
            finished => finished?,
        };
        drop(observers);
        let summary = finished.summary;
        if summary.interrupted {
            return Err(Failure::Other("interrupted".to_string()));
        }
        let potential = summary.pooled.iter().find(|one| one.name == "potential");
        Ok(Some(Sampled {
            sums,
            mean_potential: potential.map_or(f64::NAN, |potential| potential.mean),
            walker_steps_per_second: summary.walker_steps_per_second,
        }))
    }

    /// What a step of a walker costs more than that of walkers that know nothing of each other, as a share of that: the median of turns.
    pub fn overhead(&self, task: &Task, interrupted: &Arc<AtomicBool>) -> Result<f64, Failure> {
        const TURNS: usize = 15;
        const STEPS: u64 = 200;

        let chain = ChainConfig::new(STEPS)
            .with_burn_in(STEPS - 1)
            .with_checkpoint_every_seconds(None);
        let seconds = |quasi_newton| -> Result<f64, Failure> {
            let ensemble = self.ensemble(task, &chain, quasi_newton)?;
            let started = Instant::now();
            let finished = ensemble.with_interrupt(interrupted).run()?;
            if finished.summary.interrupted {
                return Err(Failure::Other("interrupted".to_string()));
            }
            Ok(started.elapsed().as_secs_f64())
        };
        let mut ratios = Vec::new();
        for _ in 0..TURNS {
            let alone = seconds(None)?;
            ratios.push(seconds(Some(self.quasi_newton.clone()))? / alone - 1.0);
        }
        ratios.sort_by(f64::total_cmp);
        Ok(ratios[TURNS / 2])
    }

    fn ensemble<'a>(
        &self,
        task: &Task,
        chain: &ChainConfig,
        quasi_newton: Option<QuasiNewtonConfig>,
    ) -> Result<Ensemble<'a, Perceptron, Rows, Loss>, TatiError> {
        let sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_friction(FRICTION)
            .with_prior(Some(Prior::Gaussian(self.prior_strength)))
            .with_seed(Some(self.seed));
        EnsembleConfig::new(self.walkers, chain.clone())
            .with_quasi_newton(quasi_newton)
            .with_stop_at_divergence(true)
            .init(
                task.model.clone(),
                task.potential.clone(),
                ChainSampler::optimizer(&sampler, STEP_SIZE),
            )?
            .with_starts(self.starts(task))
    }

    /// Weights whose sums are drawn from their density, so that they have nothing to forget, and whose differences are 0.
    fn starts(&self, task: &Task) -> Vec<Vec<f64>> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let scale = (INVERSE_TEMPERATURE * self.prior_strength).sqrt().recip();
        let mut start = || {
            let sums = (0..task.num_parameters() / DIGITS.len()).map(|_| {
                let normal: f64 = StandardNormal.sample(&mut random);
                FRAC_1_SQRT_2 * scale * normal
            });
            let weights: Vec<f64> = sums.collect();
            weights.repeat(DIGITS.len())
        };
        (0..self.walkers).map(|_| start()).collect()
    }
}

/// Reads the sums of the weights of these pixels. W has shape [2, pixels].
fn watch<'a>(
    looked_at: &'a [usize],
    pixels: usize,
    sums: &'a mut [Vec<f64>],
) -> impl FnMut(&Draw<'_, Perceptron>) -> tati::Result<()> + Send + 'a {
    move |draw| {
        let position: &Tensor<1> = draw.position;
        let theta: Vec<f64> = position.to_data().iter::<f64>().collect();
        for (pixel, series) in looked_at.iter().zip(sums.iter_mut()) {
            series.push(FRAC_1_SQRT_2 * (theta[*pixel] + theta[pixels + pixel]));
        }
        Ok(())
    }
}
