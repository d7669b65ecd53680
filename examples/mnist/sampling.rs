//! BAOAB in place of SGD.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::module::Module;
use tati::models::Perceptron;
use tati::prelude::*;

use crate::Options;
use crate::perceptron::{PerceptronPotential, Task, require_finite};
use crate::predictions::{Predictions, average_on};
use crate::report::Setup;
use crate::support::{self, Failure, statistics};

/// A draw is averaged into the predictions every so many steps.
const STEPS_PER_DRAW: usize = 50;
/// Mini-batches that the gradient noise is estimated from.
const NOISE_BATCHES: usize = 100;
/// Relaxation times 1/γ after which the momentum has forgotten its start.
const RELAXATION_TIMES: f64 = 10.0;

/// What sampling found.
pub struct Sampled {
    pub full_batch: Chain,
    pub mini_batch: Chain,
    /// The kinetic temperature that theory expects of the mini-batch chain.
    pub expected_mini_batch_temperature: f64,
    /// Test predictions averaged over the draws of the mini-batch chain; those of the optimum if there are none.
    pub average: Predictions,
    pub num_draws: u64,
    pub interrupted: bool,
}

/// Observables along a chain, one number a step.
#[derive(Default)]
pub struct Chain {
    /// The loss of each step's batch, without the prior.
    pub losses: Vec<f64>,
    /// U, with the prior.
    pub potentials: Vec<f64>,
    pub kinetic_temperatures: Vec<f64>,
    pub virials: Vec<f64>,
    /// Steps at the start that the averages leave out.
    pub burn_in: usize,
    pub wall_time: Duration,
}

impl Chain {
    /// Mean and standard error of 2K/N.
    pub fn kinetic_temperature(&self) -> (f64, f64) {
        statistics::block_average(&self.kinetic_temperatures[self.burn_in..])
    }

    /// Mean and standard error of U.
    pub fn potential(&self) -> (f64, f64) {
        statistics::block_average(&self.potentials[self.burn_in..])
    }

    /// Mean and standard error of θ·∇U/2.
    pub fn virial(&self) -> (f64, f64) {
        statistics::block_average(&self.virials[self.burn_in..])
    }

    pub fn steps_per_second(&self) -> f64 {
        self.potentials.len() as f64 / self.wall_time.as_secs_f64()
    }
}

/// Samples from `optimum`: a short chain with exact gradients for the thermometer, then a long one with mini-batches for the
/// predictions.
pub fn sample(
    task: &Task,
    optimum: &Perceptron,
    setup: &Setup,
    options: &Options,
    interrupted: &AtomicBool,
) -> Result<Sampled, Failure> {
    let exact = task.potential(optimum)?;
    let batch_size = options.batch_size.min(task.num_train());
    let noisy = exact.clone().with_batch_size(batch_size, setup.seed)?;
    let noise_at = |model: &Perceptron| gradient_noise(&exact, noisy.clone(), model);
    let noise_at_optimum = noise_at(optimum)?;

    let run = Run {
        options,
        setup,
        interrupted,
    };
    let (full_batch, _) = run.chain(
        "full batch",
        exact.clone(),
        optimum.clone(),
        1,
        options.full_batch_steps,
        |_, _| Ok(()),
    )?;
    let mut average = average_on(&task.test)?;
    let burn_in = run.burn_in(options.steps);
    let (mini_batch, last) = run.chain(
        "sampling",
        noisy.clone(),
        optimum.clone(),
        0,
        options.steps,
        |step, model| {
            if step >= burn_in && step % STEPS_PER_DRAW == 0 {
                average.include(&model.valid())?;
            }
            Ok(())
        },
    )?;
    let noise = 0.5 * (noise_at_optimum + noise_at(&last)?);
    Ok(Sampled {
        expected_mini_batch_temperature: 1.0 / setup.inverse_temperature
            + heating(
                options.step_size,
                options.friction,
                noise,
                task.num_train() / batch_size,
            ),
        full_batch,
        mini_batch,
        num_draws: average.num_draws(),
        average: match Predictions::averaged(&average) {
            Some(predictions) => predictions,
            None => Predictions::of(&optimum.valid(), &task.test)?,
        },
        interrupted: interrupted.load(Ordering::Relaxed),
    })
}

struct Run<'a> {
    options: &'a Options,
    setup: &'a Setup,
    interrupted: &'a AtomicBool,
}

impl Run<'_> {
    fn burn_in(&self, steps: usize) -> usize {
        let relaxation = RELAXATION_TIMES / (self.options.friction * self.options.step_size);
        (relaxation.ceil() as usize).min(steps / 2)
    }

    /// `steps` steps of BAOAB from `model`, with every observable of every step; `each` sees the model before a step.
    fn chain(
        &self,
        name: &'static str,
        mut potential: PerceptronPotential,
        mut model: Perceptron,
        walker: u32,
        steps: usize,
        mut each: impl FnMut(usize, &Perceptron) -> Result<(), TatiError>,
    ) -> Result<(Chain, Perceptron), Failure> {
        let thermometer = Thermometer::new();
        let mut sampler = BaoabConfig::new(self.setup.inverse_temperature)
            .with_friction(self.options.friction)
            .with_prior(Some(Prior::Gaussian(self.options.prior_strength)))
            .with_seed(Some(self.setup.seed))
            .with_walker(walker)
            .build()?
            .with_thermometer(&thermometer)
            .into_optimizer();
        let mut chain = Chain::default();
        let bar = support::progress(name, steps);
        for step in 0..steps {
            if self.interrupted.load(Ordering::Relaxed) {
                break;
            }
            each(step, &model)?;
            let start = Instant::now();
            let (loss, gradients) = potential.gradients(&model);
            require_finite(name, step, loss)?;
            thermometer.arm();
            model = sampler.step(self.options.step_size, model, gradients);
            let observables = thermometer.read();
            potential.next_batch();
            chain.wall_time += start.elapsed();
            chain.losses.push(loss);
            chain.potentials.push(loss + observables.prior_energy);
            chain
                .kinetic_temperatures
                .extend(observables.kinetic_temperature());
            chain.virials.push(observables.virial);
            bar.inc(1);
        }
        bar.finish_and_clear();
        if chain.potentials.is_empty() {
            return Err(Failure::Other(
                "interrupted before the first step".to_string(),
            ));
        }
        chain.burn_in = self.burn_in(chain.potentials.len());
        Ok((chain, model))
    }
}

/// s²: the variance of a component of the mini-batch gradient about the exact one, averaged over components.
fn gradient_noise(
    exact: &PerceptronPotential,
    mut noisy: PerceptronPotential,
    model: &Perceptron,
) -> Result<f64, TatiError> {
    let theta = exact.layout().flatten(model)?;
    let (_, gradient) = exact.energy_and_gradient(&theta)?;
    let mut sum = 0.0;
    for _ in 0..NOISE_BATCHES {
        let (_, batch) = noisy.energy_and_gradient(&theta)?;
        sum += (batch - gradient.clone())
            .powi_scalar(2)
            .mean()
            .into_scalar::<f64>();
        noisy.next_batch();
    }
    Ok(sum / NOISE_BATCHES as f64)
}

/// What gradient noise of variance s² adds to BAOAB's on-step kinetic temperature:
/// h²s² ((1 + 2R) α²/(1−α²) + 1/4 + R), R = Σₖ αᵏ ρₖ.
///
/// Batches of one epoch share no items, so noise k steps apart has the correlation ρₖ = −(1 − k/m)/(m − 1) for m batches an
/// epoch: it cools a little what it heats.
fn heating(step_size: f64, friction: f64, noise: f64, batches_per_epoch: usize) -> f64 {
    let decay = (-friction * step_size).exp();
    let batches = batches_per_epoch as f64;
    let shared: f64 = (1..batches_per_epoch)
        .map(|lag| {
            let correlation = -(1.0 - lag as f64 / batches) / (batches - 1.0);
            decay.powf(lag as f64) * correlation
        })
        .sum();
    let memory = decay * decay / (1.0 - decay * decay);
    step_size * step_size * noise * ((1.0 + 2.0 * shared) * memory + 0.25 + shared)
}
