//! Chains of BAOAB from random starts, side by side, in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use burn::tensor::Device;
use tati::landscape::Draws;
use tati::models::{Perceptron, PerceptronConfig, softmax_cross_entropy};
use tati::prelude::*;
use tati::samplers::{ChainConfig, ChainSampler, Draw};

use crate::Options;
use crate::perceptron::{Rows, Task};
use crate::support::{self, Failure};

/// Fewer draws of a chain say nothing of time.
pub const LEAST_DRAWS: usize = 40;
/// Training images that the loss of a draw is taken over, at most.
const LOSS_IMAGES: usize = 10_000;

/// The draws that all chains have.
pub struct Sampled {
    /// θ, of shape \[chains, draws, N\].
    theta: Vec<f32>,
    pub shape: [usize; 3],
    /// The loss of each draw, without the prior.
    pub losses: Vec<f64>,
    pub inverse_temperature: f64,
    pub steps_per_second: f64,
    pub interrupted: bool,
}

/// One chain.
#[derive(Default)]
struct Trace {
    theta: Vec<f32>,
    losses: Vec<f64>,
    steps_per_second: f64,
    interrupted: bool,
}

impl Sampled {
    pub fn draws(&self) -> Result<Draws<'_>, TatiError> {
        Draws::from_f32(&self.theta, self.shape)
    }
}

/// Samples every chain, each on a thread of its own.
pub fn sample(
    task: &Task,
    options: &Options,
    device: &Device,
    seed: u64,
    interrupted: &Arc<AtomicBool>,
) -> Result<Sampled, Failure> {
    let config = PerceptronConfig::new()
        .with_inputs(task.dimension)
        .with_classes(task.classes);
    device.seed(seed);
    let starts = (0..options.chains).map(|_| {
        let start = config.init(device);
        // Burn draws weights when they are first used, which would be on the threads in any order.
        let _ = start.weight.val();
        let _ = start.bias.val();
        start
    });
    let starts: Vec<Perceptron> = starts.collect();
    let inverse_temperature = InverseTemperature::posterior(task.num_train());
    let bar = support::progress("sampling", options.chains * options.steps);
    let steps_taken: Vec<AtomicU64> = (0..options.chains).map(|_| AtomicU64::new(0)).collect();
    let traces = std::thread::scope(|scope| {
        let threads: Vec<_> = starts
            .into_iter()
            .enumerate()
            .map(|(walker, start)| {
                let (bar, steps_taken) = (&bar, &steps_taken);
                // One thread a chain is fastest for a network this small.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                scope.spawn(move || {
                    let pool = pool.map_err(|error| Failure::of("starting threads", error))?;
                    let sampler = BaoabConfig::new(inverse_temperature)
                        .with_friction(options.friction)
                        .with_prior(Some(Prior::Gaussian(options.prior_strength)))
                        .with_seed(Some(seed))
                        .with_walker(walker as u32);
                    let report = |step: u64, potential: f64| {
                        steps_taken[walker].store(step, Ordering::Relaxed);
                        let all = steps_taken.iter();
                        bar.set_position(all.map(|steps| steps.load(Ordering::Relaxed)).sum());
                        bar.set_message(format!("U = {potential:.4}"));
                    };
                    let batch_seed = seed.wrapping_add(walker as u64);
                    pool.install(|| {
                        chain(
                            task,
                            options,
                            start,
                            &sampler,
                            batch_seed,
                            interrupted,
                            report,
                        )
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(trace) => trace,
                Err(_) => Err(Failure::Other("a chain's thread ended".to_string())),
            })
            .collect::<Result<Vec<Trace>, _>>()
    })?;
    bar.finish_and_clear();
    gathered(traces, inverse_temperature)
}

fn chain(
    task: &Task,
    options: &Options,
    start: Perceptron,
    sampler: &BaoabConfig,
    batch_seed: u64,
    interrupted: &Arc<AtomicBool>,
    report: impl Fn(u64, f64),
) -> Result<Trace, Failure> {
    let mut trace = Trace::default();
    let batch_size = options.batch_size.min(task.num_train());
    let potential = task
        .potential(&start)?
        .with_batch_size(batch_size, batch_seed)?;
    let (images, labels) = task.train.clone();
    let rows = 0..LOSS_IMAGES.min(task.num_train());
    let rows: Rows = (images.slice([rows.clone()]), labels.slice([rows]));
    let mut keep = |draw: &Draw<'_, Perceptron>| {
        let position = draw.position.to_data();
        trace.theta.extend(position.iter::<f32>());
        let (images, labels) = rows.clone();
        let loss = softmax_cross_entropy(draw.model.forward(images), labels);
        trace.losses.push(loss.into_scalar::<f64>());
        Ok(())
    };
    let finished = ChainConfig::new(options.steps as u64)
        .with_burn_in(options.burn_in as u64)
        .with_thinning(options.thinning as u64)
        .init(
            start,
            potential,
            ChainSampler::optimizer(sampler, options.step_size),
        )?
        .with_interrupt(interrupted)
        .with_progress(|progress| report(progress.step, progress.potential))
        .with_observer(&mut keep)
        .run()?;
    trace.steps_per_second = finished.summary.steps_per_second;
    trace.interrupted = finished.summary.interrupted;
    Ok(trace)
}

/// The draws that all chains have, of chains that may have been interrupted.
fn gathered(traces: Vec<Trace>, inverse_temperature: f64) -> Result<Sampled, Failure> {
    let draws = traces.iter().map(|trace| trace.losses.len()).min();
    let draws = draws.unwrap_or(0);
    if draws < LEAST_DRAWS {
        return Err(Failure::Other(format!(
            "interrupted after {draws} draws of a chain, which are fewer than {LEAST_DRAWS}"
        )));
    }
    let size = traces[0].theta.len() / traces[0].losses.len();
    let mut theta = Vec::with_capacity(traces.len() * draws * size);
    let mut losses = Vec::new();
    for trace in &traces {
        theta.extend_from_slice(&trace.theta[..draws * size]);
        losses.extend_from_slice(&trace.losses[..draws]);
    }
    Ok(Sampled {
        theta,
        shape: [traces.len(), draws, size],
        losses,
        inverse_temperature,
        steps_per_second: traces.iter().map(|trace| trace.steps_per_second).sum(),
        interrupted: traces.iter().any(|trace| trace.interrupted),
    })
}
