//! Stop a chain at any moment, by Ctrl-C or kill -9, and go on as if nothing had happened.
//!
//! A small network on the `spiral` data is sampled and recorded in a run folder: its configuration, the
//! draws as a Zarr store, a checkpoint every so many steps, and at the end the last model. A checkpoint holds all that the steps
//! to come depend on: θ, the momenta, thermostats and running moments, the step, the place in the order of mini-batches. Noise
//! is a function of (seed, walker, tensor, step) and needs no state. So a run that was killed and resumed records what
//! the uninterrupted run records, bit for bit:
//!
//! ```text
//! cargo run --release --example resume -- --seed 1 --out target/whole
//! cargo run --release --example resume -- --seed 1 --out target/stopped      # stop it with Ctrl-C, or kill -9
//! cargo run --release --example resume -- --out target/stopped --resume
//! diff -r target/whole/trajectory.zarr target/stopped/trajectory.zarr        # no difference
//! ```
//!
//! With `--walkers 8` an ensemble does the same: one store with a chain for each walker, one checkpoint of all; with
//! `--covariance-blending 10` the walkers precondition each other besides, with `--hottest 0.1` they exchange their temperatures on a ladder
//! down to a tenth of the inverse temperature.
//!
//! `--sampler` takes every sampler of tati. Those with an accept step, and the microcanonical one, need exact energies and use
//! all data at every step; the others mini-batches.

mod samplers;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use burn::tensor::{Int, Tensor};
use clap::Parser;
use serde::Serialize;
use support::sampler::Sampler;
use support::{CommonOptions, Failure};
use tati::models::{
    Activation, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape, softmax_cross_entropy,
};
use tati::prelude::*;
use tati::samplers::{EnsembleSummary, Progress, ReplicaExchangeSummary, Summary, recorded_seed};
use tati::{Trajectory, require_count};

/// Sample a small network, recording it; stop it as you like, and resume.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Folder of the run
    #[arg(long, default_value = "target/resume")]
    out: PathBuf,
    /// Go on with the run in the folder instead of beginning a new one
    #[arg(long)]
    resume: bool,
    /// The sampler
    #[arg(long, default_value = "baoab")]
    sampler: Sampler,
    /// Steps in all
    #[arg(long, default_value_t = 20_000)]
    steps: usize,
    /// Steps at the start that are not recorded
    #[arg(long, default_value_t = 1000)]
    burn_in: usize,
    /// Steps from one draw to the next
    #[arg(long, default_value_t = 10)]
    thinning: usize,
    /// Steps from one checkpoint to the next
    #[arg(long, default_value_t = 1000)]
    checkpoint_every: usize,
    /// Data points in a mini-batch
    #[arg(long, default_value_t = 50)]
    batch_size: usize,
    /// Walkers; more than one are an ensemble
    #[arg(long, default_value_t = 1)]
    walkers: usize,
    /// η: the weight of the walkers' covariance in their preconditioner, for sgld, gla1, gla2, baoab and hmc
    #[arg(long)]
    covariance_blending: Option<f64>,
    /// Steps from one look at the walkers to the next
    #[arg(long, default_value_t = 1000)]
    refresh_every: usize,
    /// Exchange replicas down to this share of the inverse temperature, for sgld, gla1, gla2, baoab and hmc
    #[arg(long, conflicts_with = "covariance_blending")]
    hottest: Option<f64>,
}

#[derive(Serialize)]
struct Results {
    num_parameters: usize,
    walkers: usize,
    device: String,
    #[serde(rename = "run")]
    out: String,
    mean_potential: f64,
    #[serde(flatten)]
    run: Run,
}

/// What a chain and an ensemble both tell.
#[derive(Serialize)]
struct Run {
    sampler: String,
    seed: u64,
    num_steps: u64,
    num_draws: u64,
    interrupted: bool,
    step_size: f64,
    /// Of all walkers.
    steps_per_second: f64,
}

impl From<Summary> for Run {
    fn from(summary: Summary) -> Self {
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: summary.num_draws,
            interrupted: summary.interrupted,
            step_size: summary.step_size,
            steps_per_second: summary.steps_per_second,
        }
    }
}

impl From<EnsembleSummary> for Run {
    fn from(summary: EnsembleSummary) -> Self {
        let draws = summary.walkers.iter().map(|walker| walker.num_draws);
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: draws.sum(),
            interrupted: summary.interrupted,
            step_size: summary.walkers[0].step_size,
            steps_per_second: summary.walker_steps_per_second,
        }
    }
}

impl From<ReplicaExchangeSummary> for Run {
    fn from(summary: ReplicaExchangeSummary) -> Self {
        let draws = summary.rungs.iter().map(|rung| rung.num_draws);
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: draws.sum(),
            interrupted: summary.interrupted,
            step_size: summary.rungs[0].step_size,
            steps_per_second: summary.walker_steps_per_second,
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("steps", options.steps, 1..)?;
    require_count("walkers", options.walkers, 1..)?;
    let device = options.common.open_device()?;
    let seed = match options.common.seed {
        None if options.resume => recorded_seed(&options.out)?,
        _ => options.common.seed(),
    };
    // Burn draws initial weights from the device's generator: seeded, so that a run killed before its first checkpoint
    // begins again where it began.
    device.seed(seed);
    let model = MlpConfig::new(vec![8])
        .with_inputs(2)
        .with_outputs(2)
        .with_activation(Activation::Tanh)
        .init(&device);
    let data = PlaygroundConfig::new(PlaygroundShape::Spiral)
        .with_samples(200)
        .with_noise(0.1)
        .with_seed(1)
        .generate()?
        .to_tensors(&device.clone().inner());
    let loss = |model: &Mlp, (points, labels): (Tensor<2>, Tensor<1, Int>)| {
        softmax_cross_entropy(model.forward(points), labels)
    };
    let mut potential = ModelPotential::new(model.clone(), data, loss)?;
    if !options.sampler.is_kernel() {
        potential = potential.with_batch_size(options.batch_size, seed)?;
    }
    let num_parameters = potential.layout().num_parameters();
    let config = ChainConfig::new(options.steps as u64)
        .with_burn_in(options.burn_in as u64)
        .with_thinning(options.thinning as u64)
        .with_checkpoint_every_steps(Some(options.checkpoint_every as u64));
    let sampler = samplers::build(options.sampler, seed);
    let interrupted = support::interrupt_flag()?;
    let bar = support::progress("sampling", options.steps);
    let report = |progress: &Progress| {
        bar.set_position(progress.step);
        bar.set_message(format!("U = {:.4}", progress.potential));
    };
    let run = if let Some(hottest) = options.hottest {
        let coldest = samplers::INVERSE_TEMPERATURE;
        let rungs = options.walkers;
        let exchange = ReplicaExchangeConfig::geometric(coldest, hottest * coldest, rungs, config)
            .with_tune_ladder(true)
            .with_swap_every(2)
            .init(model, potential, sampler)?;
        let exchange = exchange.with_interrupt(&interrupted).with_progress(report);
        let exchange = if options.resume {
            exchange.resume(&options.out)?
        } else {
            exchange.record(&options.out)?
        };
        Run::from(exchange.run()?.summary)
    } else if options.walkers == 1 {
        let chain = config.init(model, potential, sampler)?;
        let chain = chain.with_interrupt(&interrupted).with_progress(report);
        let chain = if options.resume {
            chain.resume(&options.out)?
        } else {
            chain.record(&options.out)?
        };
        Run::from(chain.run()?.summary)
    } else {
        let quasi_newton = options.covariance_blending.map(|blending| {
            QuasiNewtonConfig::new(blending).with_refresh_every(options.refresh_every as u64)
        });
        let ensemble = EnsembleConfig::new(options.walkers, config)
            .with_quasi_newton(quasi_newton)
            .init(model, potential, sampler)?;
        let ensemble = ensemble.with_interrupt(&interrupted).with_progress(report);
        let ensemble = if options.resume {
            ensemble.resume(&options.out)?
        } else {
            ensemble.record(&options.out)?
        };
        Run::from(ensemble.run()?.summary)
    };
    bar.finish_and_clear();

    let results = Results {
        num_parameters,
        walkers: options.walkers,
        device: options.common.device.clone(),
        out: options.out.display().to_string(),
        mean_potential: mean_potential(options)?,
        run,
    };
    options.common.print(&results, || results.text())
}

/// Of all draws recorded, those before the last stop included.
fn mean_potential(options: &Options) -> Result<f64, TatiError> {
    let path = options.out.join("trajectory.zarr");
    if !path.exists() {
        return Ok(f64::NAN);
    }
    let trajectory = Trajectory::open(path)?;
    let mut potentials = Vec::new();
    for chain in 0..trajectory.num_chains() {
        potentials.extend(trajectory.statistic("potential", chain, ..)?);
    }
    Ok(potentials.iter().sum::<f64>() / potentials.len() as f64)
}

impl Results {
    fn text(&self) -> String {
        let run = &self.run;
        let end = if run.interrupted {
            format!("stopped; go on with `--resume --out {}`", self.out)
        } else {
            "finished".to_string()
        };
        format!(
            "{} over {} parameters on {}, {} walkers, seed {}\n{} steps, {} draws in {}: {end}\nstep size {:.4e}, {:.0} steps/s, mean \
             potential {:.5}\n",
            run.sampler,
            self.num_parameters,
            self.device,
            self.walkers,
            run.seed,
            run.num_steps,
            run.num_draws,
            self.out,
            run.step_size,
            run.steps_per_second,
            self.mean_potential
        )
    }
}
