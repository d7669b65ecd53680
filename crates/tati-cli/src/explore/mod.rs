//! `tati explore`: rounds of chains from the corners of their diffusion map, then the minima below.

mod report;

use std::path::PathBuf;

use serde::Serialize;
use tati::landscape::{MinimaConfig, QuenchConfig, UnitSymmetry};
use tati::models::{Activation, NetworkConfig};
use tati::prelude::*;
use tati::workflow::{ExploreConfig, ExploreStage};

use crate::error::CliError;
use crate::options::diffusion_map::DiffusionMapOptions;
use crate::options::point::{Point, PointOptions};
use crate::options::saved_run::require_new;
use crate::output::Outcome;
use crate::program::Program;
use crate::sample::SamplerArgs;
use report::Results;

/// Explore the landscape: chains that start where the last ones came farthest, then minima and barriers
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    next_help_heading = "Exploration",
    after_help = "Examples:\n  tati explore RUN --step-size 0.1 --inverse-temperature 100 --steps 2000 --rounds 10 --out found\n\
                  Go on with a stopped one: the same command with --resume"
)]
pub struct ExploreArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// Folder of the exploration, which must not exist but to be resumed
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    out: PathBuf,
    /// Go on with the exploration in the folder; --rounds may be larger than it was
    #[arg(long)]
    #[serde(skip)]
    resume: bool,
    /// Most rounds
    #[arg(long, value_name = "N", default_value_t = 40)]
    rounds: usize,
    /// Chains of a round
    #[arg(long, value_name = "N", default_value_t = 4)]
    chains: usize,
    /// Corner points of a map, where the chains of the next round begin
    #[arg(long, value_name = "N", default_value_t = 8)]
    corners: usize,
    /// Steps of a chain
    #[arg(long, value_name = "N", default_value_t = 1000)]
    steps: u64,
    /// Take every N-th step as a draw
    #[arg(long, value_name = "N", default_value_t = 10)]
    every: u64,
    /// Items in a mini-batch of the chains [default: all]
    #[arg(long, value_name = "N", hide_short_help = true)]
    batch_size: Option<usize>,
    /// Relative change of an eigenvalue that counts as none
    #[arg(long, value_name = "X", default_value_t = 0.02)]
    tolerance: f64,
    /// Eigenpairs of the map, the constant counted
    #[arg(long, value_name = "K", default_value_t = 4)]
    eigenpairs: usize,
    /// Length of the gradient at which a minimum is reached
    #[arg(long, value_name = "G", default_value_t = 1e-5, hide_short_help = true)]
    gradient_tolerance: f64,
    /// Distance below which two minima are one
    #[arg(long, value_name = "D", default_value_t = 1e-3, hide_short_help = true)]
    merge_distance: f64,
    /// Look for barriers between so many lowest minima; 0 for none
    #[arg(long, value_name = "N", default_value_t = 4, hide_short_help = true)]
    connect: usize,
    /// Take minima that differ by the order or the signs of hidden units as one, of an mlp
    #[arg(long, hide_short_help = true)]
    merge_copies: bool,
    #[command(flatten)]
    #[serde(flatten)]
    map: DiffusionMapOptions,
    #[command(flatten)]
    #[serde(flatten)]
    sampler: SamplerArgs,
}

pub fn run(arguments: &ExploreArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    if !arguments.resume {
        require_new(&arguments.out)?;
    }
    let point = arguments.point.open(program)?;
    let mut sampler = arguments.sampler.clone();
    let prior = point.saved.options()?;
    sampler.prior = sampler.prior.over(Some(&prior));
    sampler
        .inverse_temperature
        .get_or_insert(point.potential.num_rows() as f64);
    let seed = match arguments.resume {
        // That of the folder, unless another is asked for and refused.
        true => sampler.seed,
        false => Some(sampler.seed.unwrap_or_else(entropy_seed)),
    };
    let symmetry = match arguments.merge_copies {
        true => Some(symmetry(&point)?),
        false => None,
    };
    let bar = program.progress("exploring", arguments.rounds as u64);
    let interrupted = program.interrupt_flag()?;
    let mut explorer = arguments
        .config()
        .with_seed(seed)
        .init(&point.network, &point.potential, &sampler.build()?)?
        .with_interrupt(&interrupted)
        .with_progress(|progress| {
            bar.set_position(progress.round as u64);
            if !matches!(progress.stage, ExploreStage::Sampling { .. }) {
                bar.set_message(progress.to_string());
            }
        });
    if let Some(symmetry) = &symmetry {
        explorer = explorer.with_symmetry(symmetry);
    }
    let found = match arguments.resume {
        true => explorer.resume(&arguments.out)?,
        false => explorer.run(&arguments.out)?,
    };
    bar.finish_and_clear();
    let mut results = Results::new(&found, sampler.inverse_temperature, &arguments.out);
    results.files = report::write(&arguments.out, &found, point.potential.layout())?;
    if results.is_interrupted() {
        let mut words: Vec<String> = std::env::args().skip(1).collect();
        if !arguments.resume {
            words.push("--resume".to_string());
        }
        results.resume = Some(format!("tati {}", words.join(" ")));
    }
    let outcome = Outcome::new(&results, results.text())?;
    Ok(outcome.unless(results.is_interrupted()))
}

impl ExploreArgs {
    fn config(&self) -> ExploreConfig {
        let chain = ChainConfig::new(self.steps).with_thinning(self.every);
        let quench = QuenchConfig::new().with_gradient_tolerance(self.gradient_tolerance);
        let minima = MinimaConfig::new()
            .with_quench(quench)
            .with_merge_distance(self.merge_distance);
        ExploreConfig::new(chain)
            .with_num_chains(self.chains)
            .with_num_corners(self.corners)
            .with_max_rounds(self.rounds)
            .with_tolerance(self.tolerance)
            .with_diffusion_map(self.map.config(self.eigenpairs))
            .with_minima(minima)
            .with_num_connected(self.connect)
            .with_batch_size(self.batch_size)
    }
}

/// The symmetry of the hidden units of an MLP.
fn symmetry(point: &Point) -> Result<UnitSymmetry, CliError> {
    let NetworkConfig::Mlp(config) = &point.problem.network else {
        return Err(CliError::Usage(
            "`--merge-copies` is for an mlp: other networks have no hidden units that change places".to_string(),
        ));
    };
    let layers: Vec<String> = (0..=config.hidden.len())
        .map(|layer| format!("layers.{layer}"))
        .collect();
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    let is_odd = matches!(
        config.activation,
        Activation::Tanh | Activation::Softsign | Activation::Linear
    );
    Ok(UnitSymmetry::of_linear_layers(
        point.potential.layout(),
        &layers,
        is_odd,
    )?)
}
