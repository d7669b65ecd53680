//! How degenerate is a minimum? The local learning coefficient, theory beside measurement, then of a network.
//!
//! The learning coefficient λ of a minimum θ* says how fast the volume of {L < L(θ*) + ε} shrinks: as ε^λ (−ln ε)^(m−1), m being the
//! multiplicity. A regular model of N parameters has λ = N/2; a singular one has less, and generalises as if it had 2λ parameters
//! (S. Watanabe, "Algebraic geometry and statistical learning theory", 2009). It is estimated from chains of SGLD that a tether holds
//! near θ*, as
//!
//! ```text
//! λ̂ = β (⟨L⟩ − L(θ*)),   density exp(−βL − (γ/2)|θ − θ*|²),   β = n/ln n
//! ```
//!
//! (E. Lau, Z. Furman, G. Wang, D. Murfet, S. Wei, arXiv:2308.12108, 2023). Four losses of two parameters have known coefficients:
//!
//! | L(w₁, w₂) | λ | m |
//! |---|---|---|
//! | w₁² + w₂² | 1 | 1 |
//! | w₁² + w₂⁴ | 1/2 + 1/4 | 1 |
//! | w₁²w₂² | 1/2 | 2 |
//! | w₁²w₂⁴ | 1/4 | 1 |
//!
//! At finite n and with a tether the expectation is a little different, and with m > 1 by as much as (m − 1)/ln β: it is computed by
//! quadrature, and the measurement must agree with that.
//!
//! Then a network is trained, and its coefficient estimated over step sizes and tether strengths: only where the estimate depends on
//! neither is it a property of the minimum.
//!
//! ```text
//! cargo run --release --example learning_coefficient -- --step-sizes 0.001,0.003,0.01 --tether-strengths 100,300
//! ```

mod figures;
mod network;
mod report;
mod singular;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::Results;
use support::mlp::MlpOptions;
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// The local learning coefficient of singular models beside theory, and of a network over step sizes and tether strengths.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    network: MlpOptions,
    /// Chains of each estimate
    #[arg(long, default_value_t = 8)]
    chains: usize,
    /// Steps of each chain on a singular model; the first sixth is burn-in
    #[arg(long, default_value_t = 12_000)]
    singular_steps: u64,
    /// Steps of each chain on the network; the first half is burn-in
    #[arg(long, default_value_t = 1_000)]
    steps: u64,
    /// Images in a mini-batch of the chains on the network
    #[arg(long, default_value_t = 200)]
    batch_size: usize,
    /// Step sizes h on the network, ascending, with commas between them
    #[arg(long, default_value = "0.0003,0.001,0.003,0.01", value_delimiter = ',')]
    step_sizes: Vec<f64>,
    /// Strengths γ of the tether on the network, ascending, with commas between them
    #[arg(long, default_value = "100,1000", value_delimiter = ',')]
    tether_strengths: Vec<f64>,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/learning_coefficient"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("chains", options.chains, 2..)?;
    require_count("batch_size", options.batch_size, 1..)?;
    for (name, steps) in [
        ("singular_steps", options.singular_steps),
        ("steps", options.steps),
    ] {
        require_count(name, usize::try_from(steps).unwrap_or(usize::MAX), 12..)?;
    }
    for step_size in &options.step_sizes {
        require_positive("step_sizes", *step_size)?;
    }
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let singular = singular::measure(options, &device, seed)?;
    let network = options.network.train(&device, seed)?;
    let sweep = network::sweep(options, &network, seed)?;
    let mut results = Results::new(&network, (seed, &options.common.device), singular, &sweep);
    results.figures = figures::write(&options.out, &results)?;
    options.common.print(&results, || results.text())
}
