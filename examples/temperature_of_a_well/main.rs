//! How warm is a harmonic well at a finite step size? Four samplers beside their exact discrete answers.
//!
//! On U(θ) = κθ²/2 the density exp(−βU) has ⟨θ²⟩ = 1/(βκ), and the momentum of kinetic samplers ⟨p²⟩ = 1/β. A sampler
//! with step size h has a slightly different stationary state. Every update is linear here, so its covariance S solves the
//! discrete Lyapunov equation S = M S Mᵀ + n nᵀ (M the matrix of the update, n its noise vector) and is known exactly:
//!
//! | sampler | ⟨θ²⟩ | ⟨p²⟩ | stable for |
//! |---|---|---|---|
//! | SGLD (Welling, Teh, ICML 2011) | 1/(βκ(1 − hκ/2)) | – | hκ < 2 |
//! | GLA1 = BAO (Bou-Rabee, Owhadi, SIAM J. Numer. Anal. 48 (2010) 278) | solved numerically | solved numerically | h²κ < 2(1 + e^(−γh)) |
//! | GLA2 = OBABO (Bou-Rabee, Owhadi 2010) | 1/(βκ(1 − h²κ/4)) | 1/β | h²κ < 4 |
//! | BAOAB (Leimkuhler, Matthews, Appl. Math. Res. Express 2013 (2012) 34) | 1/(βκ) | (1 − h²κ/4)/β | h²κ < 4 |
//!
//! The step size of SGLD has the dimension time², that of the others time.
//!
//! Thousands of independent oscillators are one parameter tensor, so that one step moves them all. They are read after
//! pauses in which correlations decay to e⁻¹², hence n readings are n independent draws. θ and p are Gaussian, so the mean
//! of n squares has the standard error ⟨θ²⟩ sqrt(2/n).
//!
//! ```text
//! cargo run --release --example temperature_of_a_well -- --step-sizes 0.5,1,1.5 --friction 0.2
//! ```

mod report;
#[path = "../support/mod.rs"]
mod support;
mod well;

use std::process::ExitCode;

use clap::Parser;
use report::{Results, Row};
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};
use well::{Sampler, Well};

/// Measure ⟨θ²⟩ and ⟨p²⟩ of Langevin samplers on a harmonic well, beside their exact discrete values.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// κ of the well U = κθ²/2
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    curvature: f64,
    /// Friction γ of the kinetic samplers
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    friction: f64,
    /// β of the sampled density exp(−βU)
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    inverse_temperature: f64,
    /// Step sizes h, with commas between them
    #[arg(
        long,
        default_value = "0.1,0.5,1,1.5,2",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    step_sizes: Vec<f64>,
    /// Independent oscillators
    #[arg(long, default_value_t = 16_384)]
    members: usize,
    /// Independent readings of all oscillators, for each sampler and step size
    #[arg(long, default_value_t = 30)]
    readings: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("curvature", options.curvature)?;
    require_positive("friction", options.friction)?;
    require_positive("inverse_temperature", options.inverse_temperature)?;
    for step_size in &options.step_sizes {
        require_positive("step_sizes", *step_size)?;
    }
    require_count("members", options.members, 1..=100_000_000)?;
    require_count("readings", options.readings, 1..=100_000_000)?;
    let well = Well {
        curvature: options.curvature,
        friction: options.friction,
        inverse_temperature: options.inverse_temperature,
        members: options.members,
        readings: options.readings,
        seed: options.common.seed(),
        device: options.common.open_device()?,
    };

    let mut plans = Vec::new();
    for sampler in Sampler::ALL {
        for step_size in &options.step_sizes {
            plans.push((sampler, *step_size, well.pause(sampler, *step_size)?));
        }
    }
    let steps = plans
        .iter()
        .map(|(_, _, pause)| pause.unwrap_or(0))
        .sum::<usize>();
    let progress = support::progress("sampling", steps * options.readings);
    let mut rows = Vec::new();
    for (number, (sampler, step_size, pause)) in plans.into_iter().enumerate() {
        let Some(pause) = pause else {
            rows.push(Row::unstable(sampler, step_size));
            continue;
        };
        // A walker number for each row makes their noise independent.
        let measured = well.measure(sampler, step_size, number as u32, pause, &progress)?;
        rows.push(Row::new(&well, sampler, step_size, measured));
    }
    progress.finish_and_clear();

    let results = Results::new(&well, &options.common.device, rows);
    options.common.print(&results, || results.text())
}
