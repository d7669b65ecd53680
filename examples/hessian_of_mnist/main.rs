//! How curved is the loss of a trained network? Leading eigenvalues, trace and spectral density of its Hessian.
//!
//! The spectrum of H = ∇²L at the end of training has two parts: nearly all eigenvalues lie close to zero, and a few, about as many as
//! there are classes, lie far out (L. Sagun, U. Evci, V. U. Güney, Y. Dauphin, L. Bottou, "Empirical analysis of the Hessian of
//! over-parametrized neural networks", ICLR workshop 2018, arXiv:1706.04454). Here it is measured: the outliers are those before the
//! largest ratio of one leading eigenvalue to the next.
//!
//! Only products of H with vectors are needed, by central differences of gradients. Every number comes with its error:
//!
//! - leading eigenvalues by Lanczos' method, with their residuals |Hy − λy| and the change when the differences' step is doubled;
//! - the trace by Hutchinson's estimator (1989), with its standard error over random probes;
//! - the number of eigenvalues in an interval by stochastic Lanczos quadrature (B. Ghorbani, S. Krishnan, Y. Xiao, ICML 2019), which sums
//!   to the number of parameters.
//!
//! MNIST is looked for in `--data-dir`, `$TATI_MNIST_DIR` and Burn's cache, and downloaded if that fails. Where it cannot be had, the
//! bundled glyphs take its place.
//!
//! ```text
//! cargo run --release --example hessian_of_mnist -- --hidden 128 --items 10000
//! ```

mod figures;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use report::Results;
use support::mlp::MlpOptions;
use support::{CommonOptions, Failure};
use tati::landscape::{
    EigenpairsConfig, Hessian, HessianTraceConfig, SpectralDensityConfig, SpectrumEnd,
};
use tati::require_count;

/// Leading eigenvalues, trace and spectral density of the Hessian of a network trained on digits, with their errors.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    network: MlpOptions,
    /// Leading eigenvalues to find; twice the number of classes if left out
    #[arg(long)]
    eigenvalues: Option<usize>,
    /// Random probes of the trace and of the density
    #[arg(long, default_value_t = 10)]
    probes: usize,
    /// Lanczos steps of each probe of the density
    #[arg(long, default_value_t = 40)]
    lanczos_steps: usize,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/hessian_of_mnist"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("probes", options.probes, 2..)?;
    require_count("lanczos_steps", options.lanczos_steps, 1..)?;
    if let Some(eigenvalues) = options.eigenvalues {
        require_count("eigenvalues", eigenvalues, 2..)?;
    }
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let network = options.network.train(&device, seed)?;
    let potential = &network.potential;
    let theta = potential.layout().flatten(&network.model)?;

    let bar = support::progress("curvature", 0);
    let mut hessian = Hessian::new(potential, &theta)?.with_progress(|progress| {
        bar.set_length(progress.max_products as u64);
        bar.set_position(progress.num_products as u64);
    });
    let num_pairs = options.eigenvalues.unwrap_or(2 * network.classes);
    let largest = EigenpairsConfig::new(num_pairs)
        .with_seed(seed)
        .run(&mut hessian)?;
    let smallest = EigenpairsConfig::new(1)
        .with_end(SpectrumEnd::Smallest)
        .with_tolerance(1e-2)
        .with_seed(seed)
        .run(&mut hessian)?;
    let trace = HessianTraceConfig::new(options.probes)
        .with_seed(seed)
        .run(&mut hessian)?;
    let density = SpectralDensityConfig::new(options.probes)
        .with_num_steps(options.lanczos_steps)
        .with_seed(seed)
        .run(&mut hessian)?;
    drop(hessian);
    bar.finish_and_clear();

    let mut results = Results::new(
        &network,
        (seed, &options.common.device),
        (&largest, &smallest),
        &trace,
        &density,
    )?;
    results.figures = figures::write(&options.out, &results)?;
    options.common.print(&results, || results.text())
}
