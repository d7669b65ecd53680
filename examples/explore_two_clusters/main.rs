//! Both minima of a network from one start: exploration by chains from corner points of a diffusion map.
//!
//! A network of one input, one tanh unit and one output, without biases, tells two clusters apart by their first feature:
//!
//! ```text
//! U(w₁, w₂) = mean over points of (w₂ tanh(w₁x) − y)² + (s/2)(w₁² + w₂²),   y = ±1
//! ```
//!
//! U is the same at (−w₁, −w₂): it has two minima, with a saddle at 0 between them. At the temperature here about half of all chains of a
//! few thousand steps never leave the basin in which they begin. An exploration takes as many steps in short chains, and lets each round
//! begin at the corner points of the diffusion map of all draws so far: some of them lie up the barrier. It ends when the eigenvalues of
//! the map settle, or its rounds are spent, and quenches corner points and low draws to the minima below.
//!
//! The run is recorded; stop it with Ctrl-C or kill -9, and `--resume` goes on as if nothing had happened:
//!
//! ```text
//! cargo run --release --example explore_two_clusters -- --seed 1 --out target/two
//! cargo run --release --example explore_two_clusters -- --out target/two --resume
//! ```
//!
//! `--hidden 3` explores a network of six weights, each of whose minima comes in 3! 2³ copies; `--merge-copies` takes these as one.

mod figures;
mod network;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use network::Task;
use report::Results;
use support::{CommonOptions, Failure};
use tati::landscape::{Bandwidth, DiffusionMapConfig, MinimaConfig, QuenchConfig};
use tati::prelude::*;
use tati::workflow::{ExploreConfig, ExploreStage};
use tati::{Potential, require_count, require_positive};

/// The length of the gradient at which a quench ends: within reach of single precision.
const GRADIENT_TOLERANCE: f64 = 1e-5;

/// Explore a small network on two clusters: rounds, corner points, minima and barriers.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Folder of the exploration
    #[arg(long, default_value = "target/explore_two_clusters")]
    out: PathBuf,
    /// Go on with the exploration in the folder instead of beginning a new one
    #[arg(long)]
    resume: bool,
    /// Hidden units
    #[arg(long, default_value_t = 1)]
    hidden: usize,
    /// Points of the two clusters
    #[arg(long, default_value_t = 200)]
    points: usize,
    /// Most rounds
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Chains of a round
    #[arg(long, default_value_t = 8)]
    chains: usize,
    /// Corner points of a map
    #[arg(long, default_value_t = 8)]
    corners: usize,
    /// Steps of a chain
    #[arg(long, default_value_t = 40)]
    steps: u64,
    /// Steps from one draw to the next
    #[arg(long, default_value_t = 8)]
    thinning: u64,
    /// Relative change of an eigenvalue that counts as none
    #[arg(long, default_value_t = 0.03)]
    tolerance: f64,
    /// Bandwidth ε of the map, in units of the weights squared
    #[arg(long, default_value_t = 0.03)]
    bandwidth: f64,
    /// β
    #[arg(long, default_value_t = 13.0)]
    inverse_temperature: f64,
    /// s, the strength of the Gaussian prior
    #[arg(long, default_value_t = 1.0)]
    prior: f64,
    /// h, the step size of BAOAB
    #[arg(long, default_value_t = 0.2)]
    step_size: f64,
    /// γ
    #[arg(long, default_value_t = 10.0)]
    friction: f64,
    /// Take minima that differ by the order or the signs of hidden units as one
    #[arg(long)]
    merge_copies: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_count("hidden", options.hidden, 1..)?;
    require_count("points", options.points, 2..)?;
    require_positive("step_size", options.step_size)?;
    require_positive("prior", options.prior)?;
    require_positive("inverse_temperature", options.inverse_temperature)?;
    let device = options.common.open_device()?;
    let seed = match options.common.seed {
        // That of the folder.
        None if options.resume => None,
        _ => Some(options.common.seed()),
    };
    device.seed(seed.unwrap_or_default());
    let task = Task::new(options.hidden, options.points, &device)?;
    let sampler = BaoabConfig::new(options.inverse_temperature)
        .with_friction(options.friction)
        .with_prior(Some(Prior::Gaussian(options.prior)));
    let sampler = ChainSampler::optimizer(&sampler, options.step_size);
    let map = DiffusionMapConfig::new(4).with_bandwidth(Bandwidth::Fixed(options.bandwidth));
    let quench = QuenchConfig::new().with_gradient_tolerance(GRADIENT_TOLERANCE);
    let chain = ChainConfig::new(options.steps).with_thinning(options.thinning);
    let bar = support::progress("exploring", options.rounds);
    let mut explorer = ExploreConfig::new(chain)
        .with_num_chains(options.chains)
        .with_num_corners(options.corners)
        .with_max_rounds(options.rounds)
        .with_tolerance(options.tolerance)
        .with_diffusion_map(map)
        .with_minima(MinimaConfig::new().with_quench(quench))
        .with_seed(seed)
        .init(&task.model, &task.potential, &sampler)?
        .with_interrupt(&support::interrupt_flag()?)
        .with_progress(|progress| {
            bar.set_position(progress.round as u64);
            if !matches!(progress.stage, ExploreStage::Sampling { .. }) {
                bar.set_message(progress.to_string());
            }
        });
    if options.merge_copies {
        explorer = explorer.with_symmetry(&task.symmetry);
    }
    let found = if options.resume {
        explorer.resume(&options.out)?
    } else {
        explorer.run(&options.out)?
    };
    bar.finish_and_clear();
    let figures = figures::write(&options.out, &found)?;
    let num_parameters = task.potential.num_parameters();
    let results = Results::new(options, num_parameters, &found, figures);
    options.common.print(&results, || results.text())
}
