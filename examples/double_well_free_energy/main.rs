//! Free energies of two wells, measured from chains and known exactly: values, barriers, populations, and errors that hold.
//!
//! BAOAB (B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013 (2012) 34) draws from exp(−βU) in
//!
//! - *the double well* U = b(θ² − 1)²: in one dimension F(θ) = −(1/β) ln ρ(θ) is U up to a constant, and its barrier is b;
//! - *the Müller-Brown surface* in the plane: F(x, y) is U there, with three basins between which two saddles lead. Along x alone
//!   F(x) = −(1/β) ln ∫ρ(x, y) dy, known by quadrature, in which the third basin is hidden.
//!
//! F is that of histograms. Its errors are a bootstrap over blocks of draws that are long against the autocorrelation time: z is the distance
//! of measurement and theory in errors, two thirds of which should be below 1 and next to none above 3. Basins are the minima whose
//! barrier is 5 errors high, so that noise makes none.
//!
//! Many independent chains are one parameter tensor, so that one step of the optimizer moves them all. The step is so small that the bias
//! of BAOAB, of fourth order in h at high friction, is below the errors.
//!
//! ```text
//! cargo run --release --example double_well_free_energy -- --barrier 3 --seed 1
//! ```
//!
//! JSON: `seed`, `device`, `chains`, `draws`; `profiles`, each with `well`, `variable`, `inverse_temperature`, `coordinate`, `free_energy` (0 at
//! its minimum), `error`, `theory` (of the mean density in each bin, shifted as the measurement), `largest_z`, `within_one_error`,
//! `autocorrelation_time`, `block_length`, `basins` and `barriers`; `plane`, with `inverse_temperature` and the basins and barriers of the
//! Müller-Brown surface in the plane; `figures`. Each barrier has its `heights` above both basins, their `errors` and what is `exact`: from
//! point to point, of which bins see the mean.

mod chains;
mod comparison;
mod figures;
mod report;
#[path = "../support/mod.rs"]
mod support;
mod wells;

use std::path::PathBuf;
use std::process::ExitCode;

use chains::{Chains, Plan};
use clap::Parser;
use comparison::{Plane, Profile};
use report::Results;
use support::{CommonOptions, Failure};
use tati::analytic::DoubleWell;
use tati::{require_count, require_positive};
use wells::Well;

/// Measure the free energies of the double well and of the Müller-Brown surface, beside the exact ones.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Barrier b of the double well U = b(θ² − 1)²
    #[arg(long, default_value_t = 2.0)]
    barrier: f64,
    /// β in the double well
    #[arg(long, default_value_t = 2.0)]
    inverse_temperature: f64,
    /// β on the Müller-Brown surface, whose minima are 40 and 106 below its saddles
    #[arg(long, default_value_t = 0.04)]
    mueller_brown_inverse_temperature: f64,
    /// Independent chains in each well
    #[arg(long, default_value_t = 256)]
    chains: usize,
    /// Draws of each chain
    #[arg(long, default_value_t = 4000)]
    draws: usize,
    /// Bins along a variable
    #[arg(long, default_value_t = 32)]
    bins: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/double_well_free_energy"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("inverse_temperature", options.inverse_temperature)?;
    let mueller_brown_beta = options.mueller_brown_inverse_temperature;
    require_positive("mueller_brown_inverse_temperature", mueller_brown_beta)?;
    require_count("chains", options.chains, 1..=1_000_000)?;
    require_count("draws", options.draws, 10..=100_000_000)?;
    require_count("bins", options.bins, 8..=1000)?;
    let double_well = Well::Double(DoubleWell::new(options.barrier)?);
    std::fs::create_dir_all(&options.out)
        .map_err(|error| tati::TatiError::file(&options.out, "creating the folder", error))?;

    let plans = [
        Plan::double_well(options.barrier, options.inverse_temperature),
        Plan::mueller_brown(mueller_brown_beta),
    ];
    let steps = plans.iter().map(|plan| plan.steps(options.draws)).sum();
    let chains = Chains {
        count: options.chains,
        draws: options.draws,
        seed: options.common.seed(),
        device: options.common.open_device()?,
        progress: support::progress("sampling", steps),
    };
    let theta = chains.sample(&double_well, &plans[0], 0)?;
    let positions = chains.sample(&Well::MuellerBrown, &plans[1], 1)?;
    chains.progress.finish_and_clear();

    let lengths = vec![options.draws; options.chains];
    let profiles = [
        Profile::new(
            &double_well,
            options.inverse_temperature,
            &theta[0],
            &lengths,
            options.bins,
        )?,
        Profile::new(
            &Well::MuellerBrown,
            mueller_brown_beta,
            &positions[0],
            &lengths,
            options.bins,
        )?,
    ];
    let plane = Plane::new(mueller_brown_beta, &positions, &lengths)?;
    let source = format!(
        "BAOAB, {} chains of {} draws, seed {}",
        options.chains, options.draws, chains.seed
    );
    let figures = figures::write(&options.out, &source, &profiles, &plane)?;
    let results = Results::new(options, &chains, &profiles, &plane, figures);
    options.common.print(&results, || results.text())
}
