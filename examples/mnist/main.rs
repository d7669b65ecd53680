//! The main job: sample a Burn model on MNIST with Langevin dynamics.
//!
//! A perceptron 784-10 (7,850 parameters θ) is trained with SGD to an optimum of its mean cross-entropy
//!
//! ```text
//! U(θ) = (1/n) Σᵢ −ln softmax(Wxᵢ + b)[yᵢ] + (λ/2)|θ|²
//! ```
//!
//! and then SGD is replaced by BAOAB, which draws from exp(−βU) instead. At β = n/T that is the Bayesian posterior under the
//! prior N(0, 1/(nλ)), tempered by T. The default, T = 0.05, is a cold posterior, whose averages predict better than the
//! optimum does (F. Wenzel et al., "How good is the Bayes posterior in deep neural networks really?", ICML 2020). Theory is
//! printed beside measurement:
//!
//! - Each momentum component has variance 1/β, so the kinetic temperature 2K/N is 1/β up to its statistical error. That holds
//!   for exact gradients. A mini-batch gradient has noise of variance s² a component, which heats the momentum: with
//!   α = exp(−γh), BAOAB's on-step momentum then has the variance `1/β + h²s²(α²/(1−α²) + 1/4)`, a little less where an epoch
//!   has few batches (see `sampling.rs`).
//! - Predictions averaged over draws, (1/M) Σₘ softmax(f(x; θₘ)), are compared with those of the single optimum in accuracy,
//!   negative log-likelihood and calibration (expected calibration error over 15 bins).
//!
//! Four figures are written: the loss along training and sampling, the kinetic temperature, a reliability diagram, and the test
//! digits that the average is most and least certain of.
//!
//! `--recipe paper` trains as in F. Heber, Z. Trst'anová, B. Leimkuhler, JMLR 21(228), 2020, section 3.2, and prints the
//! losses published there beside ours.
//!
//! MNIST is looked for in `--data-dir`, `$TATI_MNIST_DIR` and Burn's cache, and downloaded if that fails. Where it cannot
//! be had, the bundled glyphs take its place.

#[path = "../support/data.rs"]
mod data;
mod figures;
#[path = "../support/perceptron.rs"]
mod perceptron;
mod predictions;
mod report;
mod sampling;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use data::DataOptions;
use perceptron::Recipe;
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// Train a perceptron on MNIST, sample it with BAOAB, and compare with theory.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    data: DataOptions,
    /// How to train
    #[arg(long, value_enum, default_value = "quick")]
    recipe: Recipe,
    /// Temperature T of the posterior exp(−nU/T): 1 is Bayes', colder sharpens it
    #[arg(long, default_value_t = 0.05, conflicts_with = "inverse_temperature")]
    temperature: f64,
    /// β of the sampled density exp(−βU), in place of n/T
    #[arg(long)]
    inverse_temperature: Option<f64>,
    /// Step size h of BAOAB
    #[arg(long, default_value_t = 0.25)]
    step_size: f64,
    /// Friction γ of BAOAB
    #[arg(long, default_value_t = 1.0)]
    friction: f64,
    /// Strength λ of the Gaussian prior (λ/2)|θ|², also the weight decay of the quick recipe
    #[arg(long, default_value_t = 1e-4)]
    prior_strength: f64,
    /// Sampling steps with mini-batches
    #[arg(long, default_value_t = 20_000)]
    steps: usize,
    /// Sampling steps with full-batch gradients, for the exact kinetic temperature
    #[arg(long, default_value_t = 400)]
    full_batch_steps: usize,
    /// Items in a mini-batch while sampling
    #[arg(long, default_value_t = 500)]
    batch_size: usize,
    /// Threads for tensor operations; one is fastest for a network this small
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/mnist"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads)
            .build()
            .map_err(|error| Failure::of("starting threads", error))?;
        pool.install(|| example(&options))
    })
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("step_size", options.step_size)?;
    require_positive("friction", options.friction)?;
    require_positive("prior_strength", options.prior_strength)?;
    require_count("threads", options.threads, 1..)?;
    require_count("batch_size", options.batch_size, 1..)?;
    require_count("steps", options.steps, 1..)?;
    require_count("full_batch_steps", options.full_batch_steps, 1..)?;
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let interrupted = support::interrupt_flag()?;
    let data = data::load(&options.data, options.recipe, seed)?;
    let setup = report::Setup::new(options, &data, seed)?;
    eprint!("{}", setup.text());

    let test_set = data.test.clone();
    let task = perceptron::Task::new(data, &device)?;
    let trained = perceptron::train(
        &task,
        options.recipe,
        options.prior_strength,
        &device,
        seed,
        &interrupted,
        |_, _| Ok(()),
    )?;
    let optimum = predictions::Optimum::of(trained, &task)?;
    let sampled = sampling::sample(&task, &optimum.model, &setup, options, &interrupted)?;
    let figures = figures::write(&options.out, &test_set, &optimum, &sampled, &setup)?;
    let results = report::Results::new(&setup, &optimum, &sampled, figures);
    options.common.print(&results, || results.text())
}
