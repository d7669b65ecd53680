//! Several chains of BAOAB from the end of the training, side by side and recorded.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use indicatif::ProgressBar;
use tati::landscape::Draws;
use tati::models::Perceptron;
use tati::prelude::*;
use tati::samplers::{Progress, Summary};

use crate::Options;
use crate::perceptron::Task;
use crate::support::{self, Failure};

/// The chains of a run, as they are on disk.
pub struct Sampled {
    pub trajectories: Vec<Trajectory>,
    pub summaries: Vec<Summary>,
    /// What names the record in figures.
    pub source: String,
}

impl Sampled {
    /// The draws that all chains have.
    pub fn draws(&self) -> Result<Draws<'_>, TatiError> {
        Draws::of_all(&self.trajectories)
    }

    /// A recorded statistic, a series for each chain.
    pub fn statistic(&self, name: &str) -> Result<Vec<Vec<f64>>, TatiError> {
        let chains = self.trajectories.iter();
        chains.map(|chain| chain.statistic(name, 0, ..)).collect()
    }

    pub fn interrupted(&self) -> bool {
        self.summaries.iter().any(|summary| summary.interrupted)
    }
}

/// The run folder of a chain.
pub fn folder(options: &Options, chain: usize) -> PathBuf {
    options.out.join(format!("chain-{chain}"))
}

/// Checks that no chain would go where there is one, before the training costs its time.
pub fn require_new(options: &Options) -> Result<(), TatiError> {
    let mut folders = (0..options.chains).map(|chain| folder(options, chain));
    match folders.find(|folder| folder.exists()) {
        None => Ok(()),
        Some(path) => Err(TatiError::Exists {
            path,
            remedy: "go on with it by `--resume`, or choose another folder with `--out`",
        }),
    }
}

/// Samples all chains, each on a thread of its own.
pub fn sample(
    task: &Task,
    optimum: &Perceptron,
    options: &Options,
    seed: u64,
    interrupted: &Arc<AtomicBool>,
) -> Result<Sampled, Failure> {
    let bar = support::progress("sampling", options.chains * options.steps);
    let steps_taken: Vec<AtomicU64> = (0..options.chains).map(|_| AtomicU64::new(0)).collect();
    let summaries = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.chains)
            .map(|chain| {
                let run = Run {
                    options,
                    seed,
                    interrupted,
                    chain,
                    bar: &bar,
                    steps_taken: &steps_taken,
                };
                let model = optimum.clone();
                let potential = task.potential(optimum);
                // One thread a chain is fastest for a network this small.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                scope.spawn(move || {
                    let pool = pool.map_err(|error| Failure::of("starting threads", error))?;
                    let potential = potential?;
                    pool.install(|| run.sample(potential, model))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(summary) => summary,
                Err(_) => Err(Failure::Other("a chain's thread ended".to_string())),
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    bar.finish_and_clear();
    let trajectories = (0..options.chains)
        .map(|chain| Trajectory::open(folder(options, chain).join("trajectory.zarr")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Sampled {
        trajectories,
        summaries,
        source: format!(
            "{}, seed {seed}, prior strength {}",
            options.out.join("chain-*").display(),
            options.prior_strength
        ),
    })
}

/// One chain.
struct Run<'a> {
    options: &'a Options,
    seed: u64,
    interrupted: &'a Arc<AtomicBool>,
    chain: usize,
    bar: &'a ProgressBar,
    steps_taken: &'a [AtomicU64],
}

impl Run<'_> {
    fn sample(
        &self,
        potential: crate::perceptron::PerceptronPotential,
        model: Perceptron,
    ) -> Result<Summary, Failure> {
        let options = self.options;
        let prior =
            (options.prior_strength > 0.0).then_some(Prior::Gaussian(options.prior_strength));
        let sampler = BaoabConfig::new(options.inverse_temperature)
            .with_friction(options.friction)
            .with_prior(prior)
            .with_seed(Some(self.seed))
            .with_walker(self.chain as u32);
        let batch_size = options.batch_size.min(potential.num_rows());
        let batch_seed = self.seed.wrapping_add(self.chain as u64);
        let chain = ChainConfig::new(options.steps as u64)
            .with_burn_in(options.burn_in as u64)
            .with_thinning(options.thinning as u64)
            .init(
                model,
                potential.with_batch_size(batch_size, batch_seed)?,
                ChainSampler::optimizer(&sampler, options.step_size),
            )?
            .with_interrupt(self.interrupted)
            .with_progress(|progress| self.report(progress));
        let folder = folder(options, self.chain);
        // A chain that was interrupted before it began has no folder to go on in.
        let chain = if options.resume && folder.exists() {
            chain.resume(folder)?
        } else {
            chain.record(folder)?
        };
        Ok(chain.run()?.summary)
    }

    fn report(&self, progress: &Progress) {
        self.steps_taken[self.chain].store(progress.step, Ordering::Relaxed);
        let all = self.steps_taken.iter();
        self.bar
            .set_position(all.map(|steps| steps.load(Ordering::Relaxed)).sum());
        self.bar
            .set_message(format!("U = {:.4}", progress.potential));
    }
}
