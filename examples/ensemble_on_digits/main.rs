//! Ensemble quasi-Newton on digits 7 and 9: how much sooner walkers forget the weights that the data leave free (F. Heber,
//! Z. Trst'anová, B. Leimkuhler, J. Mach. Learn. Res. 21(228), 2020, section 3.4.2).
//!
//! A perceptron with two outputs and fixed biases tells sevens from nines; eight walkers sample its 1568 weights by BAOAB with β = 10, γ = 10,
//! h = 0.125 and mini-batches of 550, as in the paper. The loss alone has no density: what both outputs have in common it does not feel, walkers drift
//! along it for ever, and the autocorrelation time that is measured is a seventh of the length of the run, however long that is.
//! So there is a prior (λ/2)|θ|² here. Along the 784 sums of the two weights of a pixel it is all there is, which makes these the slowest directions
//! of the density, with a variance of 1/(βλ) and, for a walker alone, τ = 2γ/(λh) steps: both exact.
//!
//! Eight walkers know six directions at a time, of some thousand that are equally slow. To speed up all of these they have to look at each other
//! every few steps, so they learn in order (`QuasiNewtonConfig::ordered`): all from all others, they would draw from another density. Shown is τ
//! along the sums for each η, their variance beside the exact one, and what a step costs more than that of walkers which know
//! nothing of each other, by the median of turns. B grows with η until h is too large for it: walkers then diverge, and the table
//! says so.
//!
//! MNIST is looked for in `--data-dir`, `$TATI_MNIST_DIR` and Burn's cache, and downloaded if that fails. Where it cannot be had, the
//! bundled glyphs take its place.
//!
//! ```text
//! cargo run --release --example ensemble_on_digits -- --seed 1
//! ```
//!
//! JSON: `seed`, `device`, `dataset`, `origin`, `items`, `num_parameters`, `walkers`, `steps`, `refresh_every`, `time_alone`, `variance_exact`;
//! `rows`, each with `covariance_blending` and `diverged` or else `slowest_time`, `slowest_time_error`, `speed_up` (against the first row),
//! `variance`, `variance_error`, `mean_potential`, `walker_steps_per_second`; and `overhead`, of a step at the last η that did not diverge.

#[path = "../support/data.rs"]
mod data;
#[path = "../support/perceptron.rs"]
mod perceptron;
mod report;
mod sampling;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use clap::Parser;
use data::DataOptions;
use perceptron::Recipe;
use report::{Results, Row};
use sampling::{Plan, Task};
use support::{CommonOptions, Failure};
use tati::{require_count, require_non_negative, require_positive};

/// Measure the autocorrelation of walkers that precondition each other, on digits 7 and 9.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    data: DataOptions,
    /// Walkers
    #[arg(long, default_value_t = 8)]
    walkers: usize,
    /// Steps of each walker, after the burn-in
    #[arg(long, default_value_t = 150_000)]
    steps: usize,
    /// Steps of each walker that are left out
    #[arg(long, default_value_t = 10_000)]
    burn_in: usize,
    /// Values of η, the weight of the walkers' covariance, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "0,1,3,10")]
    covariance_blending: Vec<f64>,
    /// Steps from one look at the walkers to the next
    #[arg(long, default_value_t = 25)]
    refresh_every: usize,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 550)]
    batch_size: usize,
    /// Strength λ of the Gaussian prior (λ/2)|θ|²
    #[arg(long, default_value_t = 0.0005)]
    prior_strength: f64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("walkers", options.walkers, 1..=1024)?;
    require_count("steps", options.steps, 1000..)?;
    require_count("refresh_every", options.refresh_every, 1..)?;
    require_count("batch_size", options.batch_size, 1..)?;
    require_positive("prior_strength", options.prior_strength)?;
    for blending in &options.covariance_blending {
        require_non_negative("covariance_blending", *blending)?;
    }
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let interrupted = support::interrupt_flag()?;
    let data = data::load(&options.data, Recipe::Quick, seed)?;
    let (dataset, origin) = (data.name.clone(), data.origin.clone());
    let task = Task::new(data, options, &device)?;

    let stretch = options.burn_in + options.steps;
    let bar = support::progress("sampling", options.covariance_blending.len() * stretch);
    let mut rows: Vec<Row> = Vec::new();
    let mut last_stable = None;
    for &blending in &options.covariance_blending {
        let done = bar.position();
        let plan = Plan::new(options, blending, seed);
        let sampled = plan.run(&task, &interrupted, |step| bar.set_position(done + step))?;
        if sampled.is_some() && blending > 0.0 {
            last_stable = Some(plan);
        }
        rows.push(Row::new(blending, sampled.as_ref(), rows.first()));
        bar.set_position(done + stretch as u64);
    }
    bar.finish_and_clear();
    let overhead = match last_stable {
        Some(plan) => Some(plan.overhead(&task, &interrupted)?),
        None => None,
    };
    let results = Results {
        seed,
        device: options.common.device.clone(),
        dataset,
        origin,
        items: task.num_items,
        num_parameters: task.num_parameters(),
        walkers: options.walkers,
        steps: options.steps,
        refresh_every: options.refresh_every,
        time_alone: 2.0 * sampling::FRICTION / (options.prior_strength * sampling::STEP_SIZE),
        variance_exact: 1.0 / (sampling::INVERSE_TEMPERATURE * options.prior_strength),
        rows,
        overhead,
    };
    options.common.print(&results, || results.text())
}
