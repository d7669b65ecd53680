//! Ensemble quasi-Newton on a Gaussian: how much sooner the slowest direction is forgotten (Heber, Trst'anová, Leimkuhler, J. Mach.
//! Learn. Res. 21(228), 2020, section 3.4.1).
//!
//! U(θ) = θᵀCθ/n, where C has eigenvalues evenly spaced in [1, 100] and random eigenvectors: the mean squared output of a linear network
//! with n weights, whose n inputs are the eigenvectors times the roots of the eigenvalues. BAOAB with h = 0.125, β = 1, γ = 1 takes 50,000
//! steps, alone and as ensembles of walkers, each preconditioned by the root of I + η cov(the others), η = 10. Measured is the integrated
//! autocorrelation time τ along the slowest eigenvector and along the fastest, over all walkers of a run, with the standard deviation over runs
//! with other eigenvectors and noise.
//!
//! A single walker is a damped oscillator with τ = 2γ/(κh) along an eigenvector, κ being the curvature 2λ/n: the slowest has 32 steps
//! for n = 4, and 512 for n = 64. With W walkers cov has rank W − 2, so that in 64 dimensions only the slowest directions are sped up.
//! Walkers look at each other every 50 steps: much more often they would not have forgotten each other, and draw from another density
//! (`QuasiNewtonConfig` has the reason, and a way without it).
//!
//! BAOAB has the exact covariance of a Gaussian at any step size and under any fixed B. Up to eight directions are compared with
//! theory, their variances and covariances: the largest deviation in standard errors stands in the table, of up to 36 numbers.
//!
//! ```text
//! cargo run --release --example ensemble_quasi_newton -- --seed 1
//! ```
//!
//! JSON: `seed`, `device`, `steps`, `runs`, `covariance_blending`, `refresh_every`; `rows`, each with `dimensions`, `walkers`, `slowest_time`,
//! `slowest_time_deviation`, `slowest_time_published`, `slowest_time_alone` (theory for a single walker), `fastest_time`,
//! `fastest_time_deviation`, `largest_z`; `walker_steps_per_second` and `figures`.

mod figure;
mod gaussian;
mod report;
mod sampling;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::{Results, Row};
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// Measure the autocorrelation of walkers that precondition each other, on a Gaussian.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Numbers of dimensions, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "4,64")]
    dimensions: Vec<usize>,
    /// Numbers of walkers, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "1,8,16")]
    walkers: Vec<usize>,
    /// Steps of each walker
    #[arg(long, default_value_t = 50_000)]
    steps: usize,
    /// Runs with other eigenvectors and other noise
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// η: the weight of the walkers' covariance
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    covariance_blending: f64,
    /// Steps from one look at the walkers to the next
    #[arg(long, default_value_t = 50)]
    refresh_every: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/ensemble_quasi_newton"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("runs", options.runs, 1..)?;
    require_count("steps", options.steps, 1000..)?;
    require_count("refresh_every", options.refresh_every, 1..)?;
    require_positive("covariance_blending", options.covariance_blending)?;
    for dimensions in &options.dimensions {
        require_count("dimensions", *dimensions, 2..=1024)?;
    }
    for walkers in &options.walkers {
        require_count("walkers", *walkers, 1..=1024)?;
    }
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let interrupted = support::interrupt_flag()?;
    let stretches = options.dimensions.len() * options.walkers.len() * options.runs;
    let bar = support::progress("sampling", stretches * options.steps);
    let mut rows = Vec::new();
    let (mut seconds, mut walker_steps) = (0.0, 0.0);
    for &dimensions in &options.dimensions {
        for &walkers in &options.walkers {
            let mut runs = Vec::new();
            for run in 0..options.runs {
                let done = bar.position();
                let plan = sampling::Plan {
                    dimensions,
                    walkers,
                    steps: options.steps as u64,
                    covariance_blending: options.covariance_blending,
                    refresh_every: options.refresh_every as u64,
                    seed: seed.wrapping_add(run as u64),
                };
                let sampled =
                    plan.run(&device, &interrupted, |step| bar.set_position(done + step))?;
                seconds += sampled.seconds;
                walker_steps += (walkers * options.steps) as f64;
                runs.push(sampled);
            }
            rows.push(Row::new(dimensions, walkers, &runs));
        }
    }
    bar.finish_and_clear();
    let mut results = Results {
        seed,
        device: options.common.device.clone(),
        steps: options.steps,
        runs: options.runs,
        covariance_blending: options.covariance_blending,
        refresh_every: options.refresh_every,
        rows,
        walker_steps_per_second: walker_steps / seconds,
        figures: Vec::new(),
    };
    results.figures = figure::write(&options.out, &results)?;
    options.common.print(&results, || results.text())
}
