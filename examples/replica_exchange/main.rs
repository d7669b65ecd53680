//! Replica exchange over a double well that a single chain does not cross.
//!
//! U(θ) = b(x² − 1)² + cx + (k/2)|y|², θ = (x, y): two wells along x, parted by b = 20 kT at β = 1, and 15 harmonic directions, which make the ladder
//! as long as that of a larger model. The right well lies about 2c above the left one, and everything begins in it.
//!
//! 1. The control: a single chain of BAOAB at β = 1 for 1,000,000 steps. It never leaves the right well: its population of the left one is 0.
//! 2. A ladder of inverse temperatures from β = 1 to 0.1, evenly spaced, and so with uneven acceptance.
//! 3. The same ladder, tuned during burn-in until all neighbours accept alike. Its rungs have the populations of both wells that quadrature
//!    gives, the coldest within its standard error of some per cent.
//!
//! The figures: the free energy along x at β = 1 beside the exact one (the top of the barrier is never visited at β = 1: a gap), the acceptance along both
//! ladders, and the population of the left well at each rung beside the exact one.
//!
//! ```text
//! cargo run --release --example replica_exchange -- --seed 1
//! ```
//!
//! JSON: `seed`, `device`, `steps`, `burn_in`; `control` with `steps`, `crossings`, `population`; `rungs`, each with `inverse_temperature`,
//! `population`, `error`, `exact`; `pairs` and `untuned_pairs`, each with `inverse_temperatures`, `attempts`, `exchanges`, `acceptance`;
//! `round_trips`, `round_trips_expected`, `communication_barrier`, `walker_steps_per_second`, `figures`.

mod figures;
mod report;
mod sampling;
#[path = "../support/mod.rs"]
mod support;
mod well;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::{Results, Rung};
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// Sample a double well by replica exchange, where a single chain stays in one well.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Number of parameters
    #[arg(long, default_value_t = 16)]
    dimensions: usize,
    /// b: the height of the barrier in kT at the coldest rung
    #[arg(long, default_value_t = 20.0, allow_negative_numbers = true)]
    barrier: f64,
    /// c: the right well lies 2c above the left one
    #[arg(long, default_value_t = 0.3, allow_negative_numbers = true)]
    tilt: f64,
    /// Inverse temperature of the hottest rung; the coldest has 1
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    hottest: f64,
    /// Rungs of the ladder
    #[arg(long, default_value_t = 8)]
    rungs: usize,
    /// Steps of each walker, after a quarter as many of burn-in
    #[arg(long, default_value_t = 100_000)]
    steps: usize,
    /// Steps from one sweep of exchanges to the next
    #[arg(long, default_value_t = 10)]
    swap_every: usize,
    /// Steps of the single chain
    #[arg(long, default_value_t = 1_000_000)]
    control_steps: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/replica_exchange"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("dimensions", options.dimensions, 2..=1 << 20)?;
    require_count("steps", options.steps, 1000..)?;
    require_count("control_steps", options.control_steps, 1000..)?;
    require_positive("barrier", options.barrier)?;
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let plan = sampling::Plan {
        well: well::Well {
            dimensions: options.dimensions,
            barrier: options.barrier,
            tilt: options.tilt,
        },
        hottest: options.hottest,
        rungs: options.rungs,
        swap_every: options.swap_every as u64,
        seed,
        interrupted: support::interrupt_flag()?,
        device,
    };
    let steps = options.steps as u64;
    let burn_in = steps / 4;
    let untuned_steps = steps / 5;
    let all = options.control_steps as u64 + burn_in + steps + untuned_steps;
    let bar = support::progress("sampling", all as usize);
    let untuned = plan.exchange(
        burn_in.min(untuned_steps) / 2,
        untuned_steps,
        false,
        |step| {
            bar.set_position(step);
        },
    )?;
    let tuned = plan.exchange(burn_in, steps, true, |step| {
        bar.set_position(untuned_steps + step);
    })?;
    let control = plan.control(options.control_steps as u64, |step| {
        bar.set_position(untuned_steps + burn_in + steps + step);
    })?;
    bar.finish_and_clear();
    let rungs = tuned.summary.rungs.iter().zip(&tuned.series);
    let summary = &tuned.summary;
    let mut results = Results {
        seed,
        device: options.common.device.clone(),
        steps: options.steps,
        burn_in: burn_in as usize,
        control,
        rungs: rungs
            .map(|(rung, series)| Rung::new(&plan.well, rung.inverse_temperature, series))
            .collect(),
        pairs: summary.pairs.clone(),
        untuned_pairs: untuned.summary.pairs,
        round_trips: summary.round_trips,
        round_trips_expected: summary.round_trips_expected,
        communication_barrier: summary.communication_barrier,
        walker_steps_per_second: summary.walker_steps_per_second,
        figures: Vec::new(),
    };
    results.figures = figures::write(&options.out, &plan.well, &results, &tuned.series[0])?;
    options.common.print(&results, || results.text())
}
