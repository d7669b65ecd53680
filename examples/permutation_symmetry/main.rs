//! Two minima of one network: what a symmetry does to a landscape, and how to find one's way between its copies.
//!
//! A network of one input, one tanh unit and one output without biases has two parameters, and computes the same after both change their
//! sign. Trained to tell two clusters by their first feature, with targets ±1 and a Gaussian prior, its potential
//!
//! ```text
//! U(w₁, w₂) = (1/n) Σᵢ (w₂ tanh(w₁ xᵢ) − yᵢ)² + (s/2)(w₁² + w₂²)
//! ```
//!
//! has two bent minima, at ±(w₁, w₂), and a saddle at 0, where U = 1. (The same holds for the n! permutations of n hidden units; here all can
//! be seen.) Chains at a temperature at which they hop between the two are mapped: the first diffusion coordinate is the slowest motion, the
//! hop, so that its sign tells the basin, which a quench of every draw confirms. (The bandwidth must reach the draws in the thin tails: one that
//! is out of reach of all others has a coordinate of its own, slower than any motion.) Then the barrier is measured, on the straight line and on a
//! nudged elastic band, and the minima are merged up to the symmetry.
//!
//! ```text
//! cargo run --release --example permutation_symmetry -- --inverse-temperature 8
//! ```

mod analysis;
mod figures;
mod network;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::Results;
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// The two minima of a network of two parameters, the diffusion coordinate that tells them apart, and the barrier between them.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Points of the two clusters
    #[arg(long, default_value_t = 500)]
    points: usize,
    /// Strength s of the Gaussian prior
    #[arg(long, default_value_t = 0.1)]
    prior: f64,
    /// Inverse temperature β
    #[arg(long, default_value_t = 4.0)]
    inverse_temperature: f64,
    /// Chains, each from a start of its own
    #[arg(long, default_value_t = 4)]
    chains: usize,
    /// Draws of each chain, all of which are mapped and quenched
    #[arg(long, default_value_t = 250)]
    draws: usize,
    /// Steps of BAOAB from one draw to the next
    #[arg(long, default_value_t = 100)]
    thinning: u64,
    /// Step size h
    #[arg(long, default_value_t = 0.1)]
    step_size: f64,
    /// Bandwidth ε of the diffusion map, whose kernel is exp(−d²/4ε)
    #[arg(long, default_value_t = 0.1)]
    bandwidth: f64,
    /// Images of the elastic band
    #[arg(long, default_value_t = 15)]
    images: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/permutation_symmetry"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("points", options.points, 2..)?;
    require_count("chains", options.chains, 1..)?;
    require_count("draws", options.draws, 2..)?;
    require_count("images", options.images, 1..)?;
    require_count(
        "thinning",
        usize::try_from(options.thinning).unwrap_or(usize::MAX),
        1..,
    )?;
    require_positive("prior", options.prior)?;
    require_positive("inverse_temperature", options.inverse_temperature)?;
    require_positive("step_size", options.step_size)?;
    require_positive("bandwidth", options.bandwidth)?;
    let seed = options.common.seed();
    let device = options.common.open_device()?;
    device.seed(seed);
    let task = network::Task::new(options.points, options.prior, &device)?;
    let sampled = network::sample(options, &task, &device, seed)?;
    let found = analysis::analyse(options, &task, &sampled)?;
    let mut results = Results::new(options, seed, &sampled, &found);
    results.figures = figures::write(&options.out, &task.potential, &sampled, &found, &results)?;
    options.common.print(&results, || results.text())
}
