//! Every sampler of tati on densities whose moments are known: is each of them right, and what does it get out of a gradient?
//!
//! Four densities exp(−βU) in the plane: a correlated Gaussian, the Müller-Brown surface (three basins with barriers between
//! them), a Gaussian of condition number 1000 and a tilted double well; the last two for kernels only. Measured are the mean,
//! the covariance and the populations of the basins. Theory stands beside them:
//!
//! - *MALA, HMC, NUTS* accept or reject, and so sample exp(−βU) itself, whatever their step. Its moments are known in closed
//!   form for a Gaussian, and by quadrature elsewhere.
//! - *Langevin samplers* have a stationary density of their own. On U = ½ θᵀAθ it is Gaussian, and in the directions of A's
//!   eigenvectors every scheme is the one-dimensional one, whose discrete Lyapunov equation is solved exactly. For SGLD
//!   the covariance is (1/β)(A − (h/2)A²)⁻¹; for pSGLD, with its preconditioner G frozen, (1/β)(A − (h/2)AGA)⁻¹. SGNHT and
//!   CCAdL share one thermostat ζ between 256 walkers, hence it hardly moves, and rests where the kinetic temperature of the
//!   scheme with friction ζ is 1/β. Steps are large here, so that these covariances are not that of the density.
//! - On the Müller-Brown surface no such form is known. SGLD samples exp(−βU)(1 + h((β/4)|∇U|² − ½ΔU)) up to second order,
//!   which quadrature deals with; all others have steps so small that their bias is below the standard error.
//! - *MCLMC* has a bias of second order in ε. Its steps are as small.
//!
//! The standard error of a mean of n correlated readings is sqrt(variance·τ/n) with τ the integrated autocorrelation time, and
//! z the distance of measurement and theory in standard errors: a right sampler exceeds |z| = 4 once in 16,000 comparisons.
//! n/τ readings are worth independent draws; their number for each gradient evaluated after burn-in, of the quantity
//! where it is smallest, is what a sampler's work comes to.
//!
//! Langevin samplers run as Burn optimizers on one parameter tensor that holds 256 independent walkers, kernels walker by walker.
//!
//! ```text
//! cargo run --release --example sampler_zoo -- --seed 1
//! ```
//!
//! JSON: `seed`, `device`; `rows`, each with `sampler`, `target`, `quantity`, `density` (its average over exp(−βU)), `reference`
//! (what the sampler should give), `measured`, `standard_error`, `z`, `effective_draws`, `gradients` and
//! `effective_draws_per_gradient`; `largest_z` and `figures`.

mod draws;
mod figures;
mod references;
mod report;
mod samplers;
#[path = "../support/mod.rs"]
mod support;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use draws::Runner;
use report::{Results, Run};
use samplers::Plan;
use support::sampler::Sampler;
use support::{CommonOptions, Failure};
use targets::Target;
use tati::require_positive;

/// Run every sampler on densities whose moments are known, and compare.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// The number of draws as a multiple of the usual
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    effort: f64,
    /// A short run: --effort 0.2
    #[arg(long, conflicts_with = "effort")]
    quick: bool,
    /// The samplers to run, with commas between them; all if left out
    #[arg(long, value_delimiter = ',')]
    samplers: Vec<Sampler>,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sampler_zoo"))]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("effort", options.effort)?;
    let effort = if options.quick { 0.2 } else { options.effort };
    let device = options.common.open_device()?;
    figures::make_folder(&options.out)?;
    let targets = [
        Target::gaussian(),
        Target::mueller_brown(),
        Target::narrow_gaussian(),
        Target::double_well()?,
    ];
    let is_chosen =
        |sampler: Sampler| options.samplers.is_empty() || options.samplers.contains(&sampler);
    let mut plans: Vec<(u32, &Target, Plan)> = Vec::new();
    for target in &targets {
        for sampler in Sampler::value_variants() {
            let plan = Plan::of(*sampler, target, effort).filter(|_| is_chosen(*sampler));
            // A number for each run makes its noise independent of the others', whichever of them are chosen.
            let number = 16 * target.number + *sampler as u32;
            plans.extend(plan.map(|plan| (number, target, plan)));
        }
    }

    let runner = Runner {
        device,
        seed: options.common.seed(),
        progress: support::progress(
            "sampling",
            plans.iter().map(|(_, _, plan)| plan.steps()).sum(),
        ),
    };
    let mut runs = Vec::new();
    for (number, target, plan) in plans {
        let draws = runner.run(&plan, target, number)?;
        let expected = references::expected(&plan, target, &draws.preconditioners);
        runs.push(Run::new(plan, target, expected, draws));
    }
    runner.progress.finish_and_clear();

    let figures = figures::write(&options.out, &targets, &runs)?;
    let results = Results::new(runner.seed, &options.common.device, &runs, figures);
    options
        .common
        .print(&results, || report::text(&targets, &runs, &results))
}
