//! NUTS on a Burn network beside HMC and BAOAB: what does a gradient buy, and do they agree?
//!
//! A perceptron with one hidden layer of tanh units learns to tell a disc from the ring around it. Sampled is its Bayesian
//! posterior exp(−nU), n being the number of points and
//!
//! ```text
//! U(θ) = (1/n) Σᵢ −ln softmax(f(xᵢ; θ))[yᵢ] + |θ|²/(2nσ²)
//! ```
//!
//! under the prior N(0, σ²) on every parameter. Its hidden units can be exchanged and change their sign without a change of U, so
//! that single weights have no mean worth measuring. U has, and so have predictions: the probability of the disc at points on
//! the border between the classes. All samplers have the same density, hence the same averages:
//!
//! - *NUTS* tunes its step and the scale of every parameter, and decides by itself how long to follow Hamilton's equations.
//! - *HMC* tunes its step; the length of its legs is given.
//! - *BAOAB* takes one gradient a step, rejects nothing, and has a bias of second order in its step, which is small here.
//!
//! Each has the same number of gradients after burn-in, in several chains from different initial weights. Standard errors come
//! from the integrated autocorrelation time with one mean for all chains, so that chains which do not agree with one another
//! make them large. z is the difference of two samplers in standard errors: above 4 once in 16,000 comparisons of right
//! samplers that have run long enough.
//!
//! ```text
//! cargo run --release --example nuts_on_a_small_network -- --seed 1 --hidden 4
//! ```
//!
//! JSON: `seed`, `device`, `num_parameters`, `num_data`, `inverse_temperature`, `walkers`, `gradients_per_walker`; `samplers`, each
//! with `sampler`, `step_size`, `num_draws`, `gradients`, `acceptance`, `divergences`, `mean_potential`,
//! `mean_potential_error`, `potential_draws_per_gradient`, `prediction_draws_per_gradient` (of the border point where they are
//! fewest), `seconds`, `test_accuracy`, `test_nll`, `test_ece`, `single_draw_test_nll`; `comparisons`, each with `first`,
//! `second`, `quantity`, `difference`, `standard_error`, `z`; `largest_z` and `figures`.

mod figures;
mod report;
mod sampling;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::Results;
use sampling::{Sampler, Task};
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// Sample the posterior of a small network with NUTS, HMC and BAOAB, and compare.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Hidden units
    #[arg(long, default_value_t = 6)]
    hidden: usize,
    /// Data points
    #[arg(long, default_value_t = 200)]
    points: usize,
    /// σ of the prior on every parameter
    #[arg(long, default_value_t = 2.0)]
    prior_deviation: f64,
    /// Chains of each sampler
    #[arg(long, default_value_t = 4)]
    walkers: usize,
    /// Gradients of each chain after burn-in
    #[arg(long, default_value_t = 12_000)]
    gradients: usize,
    /// Transitions of NUTS and HMC that tune them, which are their burn-in
    #[arg(long, default_value_t = 200)]
    tuning_steps: usize,
    /// Length of a leg of HMC, in time
    #[arg(long, default_value_t = 12.0)]
    trajectory_length: f64,
    /// Step size h of BAOAB
    #[arg(long, default_value_t = 0.7)]
    step_size: f64,
    /// Friction γ of BAOAB
    #[arg(long, default_value_t = 0.05)]
    friction: f64,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/nuts_on_a_small_network"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("hidden", options.hidden, 1..=1000)?;
    require_count("points", options.points, 2..=1_000_000)?;
    require_count("walkers", options.walkers, 1..=1000)?;
    require_count("gradients", options.gradients, 1000..)?;
    require_count("tuning_steps", options.tuning_steps, 20..)?;
    require_positive("prior_deviation", options.prior_deviation)?;
    require_positive("trajectory_length", options.trajectory_length)?;
    require_positive("step_size", options.step_size)?;
    require_positive("friction", options.friction)?;
    let task = Task::new(options)?;
    figures::make_folder(&options.out)?;

    let gradients = Sampler::ALL.len() * options.walkers * options.gradients;
    let progress = support::progress("sampling", gradients);
    let mut sampled = Vec::new();
    for sampler in Sampler::ALL {
        sampled.push(task.sample(sampler, &progress)?);
    }
    progress.finish_and_clear();

    let figures = figures::write(&options.out, &task, &sampled)?;
    let results = Results::new(options, &task, &sampled, figures);
    options.common.print(&results, || results.text())
}
