//! The funnel: what the loss of a perceptron on MNIST looks like around its minimum, from ±10 down to ±10⁻⁵.
//!
//! The picture that the method is known for (F. Heber, Z. Trst'anová, B. Leimkuhler, JMLR 21(228), 2020, section 3.2): train a
//! perceptron 784-10 with SGD, sample from there with BAOAB, take the 1st and the 64th eigenvector of the covariance of the draws,
//! and plot
//!
//! ```text
//! ln|L(θ₀ + c₀ v₁ + c₁ v₆₄) − L(θ₀)|
//! ```
//!
//! over 41 × 41 points of ±10ⁱ, i = 1, 0, …, −5, with the path of the training. The loss L is the mean cross-entropy of all training
//! images, without the prior.
//!
//! Three things are done that the paper did not do:
//!
//! - *A proper target.* Softmax cross-entropy has directions along which it does not grow, so exp(−βL) is no density, and a chain walks along
//!   them for ever. A Gaussian prior (λ/2)|θ|² makes it one. `--prior-strength 0` samples as the paper did.
//! - *A null.* The covariance of a free random walk has a spectrum too, λₖ ≈ v n/(π²k²), and cosines of time for components. It
//!   stands beside the spectrum measured, with the cosine content of the components and R̂ between the chains, and a verdict says whether the
//!   eigenvectors show the landscape or a random walk.
//! - *Double precision.* In single precision the loss is rounded at about 10⁻⁷, which close to the minimum is all there is to see. What
//!   single precision would show is measured beside it.
//!
//! The chains are recorded in `OUT/chain-0`, `OUT/chain-1`, …; Ctrl-C saves them, and `--resume` goes on. MNIST is looked for in `--data-dir`,
//! `$TATI_MNIST_DIR` and Burn's cache, and downloaded if that fails. `--quick` takes fewer steps, images and points.

mod chains;
#[path = "../support/data.rs"]
mod data;
mod figures;
mod landscape;
#[path = "../support/perceptron.rs"]
mod perceptron;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use data::DataOptions;
use perceptron::{Recipe, Task};
use support::{CommonOptions, Failure};
use tati::ParameterLayout;
use tati::samplers::recorded_seed;
use tati::{require_count, require_non_negative, require_positive};

/// Sample a perceptron on MNIST, and look at its loss along the directions of its draws, at seven scales.
#[derive(Parser, Clone, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    data: DataOptions,
    /// How to train
    #[arg(long, value_enum, default_value = "paper")]
    recipe: Recipe,
    /// Chains, each with noise of its own
    #[arg(long, default_value_t = 3)]
    chains: usize,
    /// Steps of each chain
    #[arg(long, default_value_t = 200_000)]
    steps: usize,
    /// Steps at the start of each chain that are not recorded
    #[arg(long, default_value_t = 20_000)]
    burn_in: usize,
    /// Steps from one draw to the next
    #[arg(long, default_value_t = 180)]
    thinning: usize,
    /// Images in a mini-batch while sampling
    #[arg(long, default_value_t = 550)]
    batch_size: usize,
    /// Step size h of BAOAB
    #[arg(long, default_value_t = 0.125)]
    step_size: f64,
    /// Friction γ of BAOAB
    #[arg(long, default_value_t = 10.0)]
    friction: f64,
    /// β of the sampled density exp(−βU)
    #[arg(long, default_value_t = 10.0)]
    inverse_temperature: f64,
    /// Strength λ of the Gaussian prior (λ/2)|θ|²; 0 leaves it out, as the paper did
    #[arg(long, default_value_t = 0.1)]
    prior_strength: f64,
    /// The two eigenvectors that span the plane, counted from 1
    #[arg(long, num_args = 2, default_values_t = [1, 64])]
    eigenvectors: Vec<usize>,
    /// Points of the plane in each direction
    #[arg(long, default_value_t = 41)]
    points: usize,
    /// A small run: 3,000 steps a chain, the quick recipe, 5,000 images, 15 × 15 points
    #[arg(long)]
    quick: bool,
    /// Go on with the chains in the folder, after the same training
    #[arg(long)]
    resume: bool,
    /// Folder for chains, tables and figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/funnel"))]
    out: PathBuf,
}

/// Images that `--quick` keeps for training.
const QUICK_IMAGES: usize = 5_000;

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.quick {
        options.recipe = Recipe::Quick;
        options.steps = 3_000;
        options.burn_in = 600;
        options.thinning = 10;
        options.points = 15;
    }
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("step_size", options.step_size)?;
    require_positive("friction", options.friction)?;
    require_positive("inverse_temperature", options.inverse_temperature)?;
    require_non_negative("prior_strength", options.prior_strength)?;
    require_count("chains", options.chains, 1..)?;
    require_count("points", options.points, 2..)?;
    let draws = (options.steps.saturating_sub(options.burn_in)) / options.thinning.max(1);
    require_count(
        "draws of each chain (steps − burn-in over thinning)",
        draws,
        66..,
    )?;
    for eigenvector in &options.eigenvectors {
        require_count("eigenvectors", *eigenvector, 1..=64)?;
    }
    let device = options.common.open_device()?;
    let seed = match options.common.seed {
        None if options.resume => recorded_seed(chains::folder(options, 0))?,
        _ => options.common.seed(),
    };
    if !options.resume {
        chains::require_new(options)?;
    }
    let interrupted = support::interrupt_flag()?;
    let mut data = data::load(&options.data, options.recipe, seed)?;
    if options.quick {
        data.train = data.train.take(QUICK_IMAGES);
    }
    let setup = report::Setup::new(options, &data, seed);
    eprint!("{}", setup.text());

    let task = Task::new(data, &device)?;
    let mut path = Vec::new();
    let trained = perceptron::train(
        &task,
        options.recipe,
        // The loss alone is trained, as in the paper.
        0.0,
        &device,
        seed,
        &interrupted,
        |step, model| {
            if step % 50 == 0 {
                let mut theta = Vec::new();
                ParameterLayout::of(model)?.copy_to_host::<_, f64>(model, &mut theta)?;
                path.push(theta);
            }
            Ok(())
        },
    )?;
    let sampled = chains::sample(&task, &trained.model, options, seed, &interrupted)?;
    let spectra = landscape::Spectra::of(&sampled, options)?;
    let funnel = landscape::Funnel::around(&task, &trained.model, &spectra, &path, options)?;
    let figures = figures::write(options, &setup, &sampled, &spectra, &funnel)?;
    let results = report::Results::new(&setup, &trained, &sampled, &spectra, &funnel, figures);
    options.common.print(&results, || results.text())
}
