//! Twenty-five modes, one budget: SGLD at a constant step size beside SGLD in cycles.
//!
//! The target is the mixture of 25 equal Gaussians of R. Zhang, C. Li, J. Zhang, C. Chen, A. G. Wilson, "Cyclical stochastic
//! gradient MCMC for Bayesian deep learning", ICLR 2020: exp(−U) with
//!
//! ```text
//! U(x, y) = −ln Σₖₗ exp(−((x − μₖ)² + (y − μₗ)²)/(2σ²)),   μ = −4, −2, 0, 2, 4,   σ² = 0.03
//! ```
//!
//! Between neighbouring modes is a barrier of height 1/(2σ²) − ln 2 = 16. All chains start in the mode in the middle, and all
//! have the same number of steps. Theory stands beside measurement:
//!
//! - *Modes.* In continuous time a chain leaves its mode at Kramers' rate, `sqrt(u''|u''|)/(2π) e^(−16)` to each side with the
//!   curvatures in the well and on the barrier: hardly ever. In cycles each of the M cycles ends in some mode. Were they drawn
//!   from the density, a chain would meet 25 (1 − (24/25)^M) of them.
//! - *Weights.* Each mode has 1/25 of the mass. The distance is ½ Σ |weight − 1/25|, and even independent draws, one a cycle,
//!   are not at distance 0.
//! - *Width.* In one well of curvature κ = 1/σ² SGLD has the variance `σ²/(1 − hκ/2)`. In the sampling stage of a cycle, which
//!   begins at the bottom of a well, it follows v ← (1 − hκ)² v + 2h, averaged over the draws.
//!
//! A small constant step size stays where it is. A large one gets about, because its error lets it: its modes are far too
//! wide. Cycles do both: the step size begins so large (hκ > 2) that descent without noise is unstable and chaotic, falls
//! until it settles in a well, and then samples that well. Which well, is decided by the chaos and not by the density: all
//! modes are found and each has its width, but their weights are off, more than those of as many independent draws.
//!
//! The source explores for a quarter of each of 30 cycles. The rest begins with noise at large steps, which sets the
//! weights right, and makes the draws as wide as those of a large constant step:
//!
//! ```text
//! cargo run --release --example cyclical -- --cycles 30 --exploration-fraction 0.25
//! ```

mod chains;
mod figure;
mod mixture;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use chains::{Ensemble, Sampler};
use clap::Parser;
use report::{Results, Row};
use support::{CommonOptions, Failure};
use tati::samplers::CyclicalConfig;
use tati::{require_count, require_positive};

/// Sample a mixture of 25 Gaussians by SGLD, with constant and with cyclical step sizes.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Independent chains
    #[arg(long, default_value_t = 32)]
    chains: usize,
    /// Steps of each chain
    #[arg(long, default_value_t = 50_000)]
    steps: usize,
    /// Cycles of the cyclical step size
    #[arg(long, default_value_t = 100)]
    cycles: usize,
    /// The step size that each cycle begins with
    #[arg(long, default_value_t = 0.09, allow_negative_numbers = true)]
    initial_step_size: f64,
    /// The part of each cycle that explores, without noise and without draws
    #[arg(long, default_value_t = 0.8, allow_negative_numbers = true)]
    exploration_fraction: f64,
    /// Constant step sizes to compare with, with commas between them
    #[arg(
        long,
        default_value = "0.01,0.05",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    constant_step_sizes: Vec<f64>,
    /// Folder for the figure
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/cyclical"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("chains", options.chains, 1..=1_000_000)?;
    require_count("steps", options.steps, 1..)?;
    require_count("cycles", options.cycles, 1..=options.steps)?;
    let cycles = CyclicalConfig::new(options.initial_step_size, options.steps, options.cycles)
        .with_exploration_fraction(options.exploration_fraction);
    cycles.build()?;
    let mut samplers = Vec::new();
    for step_size in &options.constant_step_sizes {
        require_positive("constant_step_sizes", *step_size)?;
        samplers.push(Sampler::Constant(*step_size));
    }
    samplers.push(Sampler::Cyclical(cycles.clone()));
    let ensemble = Ensemble {
        chains: options.chains,
        steps: options.steps,
        seed: options.common.seed(),
        device: options.common.open_device()?,
    };

    let progress = support::progress("sampling", options.steps * samplers.len());
    let mut rows = Vec::new();
    let mut panels = Vec::new();
    for (number, sampler) in samplers.into_iter().enumerate() {
        // A walker number for each row makes their noise independent.
        let found = ensemble.sample(&sampler, number as u32, &progress)?;
        rows.push(Row::new(&ensemble, &sampler, &found));
        panels.push((sampler.label(), found.shown));
    }
    progress.finish_and_clear();

    let figure = figure::write(&options.out, &panels, &cycles)?;
    let results = Results::new(options, &ensemble, rows, figure);
    options.common.print(&results, || results.text())
}
