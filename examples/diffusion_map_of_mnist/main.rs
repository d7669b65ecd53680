//! Diffusion maps of MNIST: of the draws of a perceptron's posterior, and of the images themselves.
//!
//! A diffusion map (R. Coifman, S. Lafon, Appl. Comput. Harmon. Anal. 21 (2006) 5) finds the slowest coordinates of a random walk between
//! neighbouring points. Of images it finds what tells digits apart, without having seen a label. Of the draws of a chain it finds
//! what the chain is slow in, and there it has a trap: a chain that has not come back to where it was is a random walk itself, whose
//! slowest coordinate is time, whatever landscape it walks on.
//!
//! So each coordinate of the map of draws is taken apart: what share of its variance lies between the chains, and what share, within them,
//! is a slow cosine of time. The spectrum stands beside that of the map of free random walks from the same starts, and the random-walk check of the
//! principal components and R̂ beside both. And draws are held out of the map, put into it by Nyström's extension, and compared with
//! a map of all draws: coordinates that are not found again are noise. What the map shows is then said in one line.
//!
//! The posterior of a perceptron has one mode and no slow variable. The chains of the default settings forget where they were from one
//! draw to the next, and the map of their draws shows nothing: its rates lie close together, and no coordinate is found again. With
//! `--friction 1 --thinning 25` draws follow each other closely. Each draw's neighbours are then those before and after it, and the map shows time,
//! with the spectrum of a free walk, though nothing about the posterior has changed.
//!
//! The perceptron is sampled with BAOAB at β = n, the posterior, under a Gaussian prior (λ/2)|θ|² that makes it one. Every chain has a random
//! start of its own. Test images are put into the map of the images by extension, where the class of the nearest neighbour is compared with
//! theirs.
//!
//! MNIST is looked for in `--data-dir`, `$TATI_MNIST_DIR` and Burn's cache, and downloaded if that fails. Where it cannot be had, the
//! bundled glyphs take its place. `--quick` takes fewer images, and chains too short to forget where they began.

mod chains;
#[path = "../support/data.rs"]
mod data;
mod figures;
mod images;
mod map;
#[path = "../support/perceptron.rs"]
mod perceptron;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use data::DataOptions;
use images::ImageMap;
use map::DrawMap;
use perceptron::{Recipe, Task};
use report::Results;
use support::{CommonOptions, Failure};
use tati::{require_count, require_positive};

/// Diffusion maps of a perceptron's posterior draws on MNIST, and of its images.
#[derive(Parser, Debug)]
#[command(allow_negative_numbers = true)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    #[command(flatten)]
    data: DataOptions,
    /// Chains, each from a random start
    #[arg(long, default_value_t = 4)]
    chains: usize,
    /// Steps of each chain
    #[arg(long, default_value_t = 12_000)]
    steps: usize,
    /// Steps at the start of each chain that are left out
    #[arg(long, default_value_t = 2_000)]
    burn_in: usize,
    /// Steps from one draw to the next
    #[arg(long, default_value_t = 100)]
    thinning: usize,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 500)]
    batch_size: usize,
    /// Step size h of BAOAB
    #[arg(long, default_value_t = 0.25)]
    step_size: f64,
    /// Friction γ of BAOAB; 2√λ forgets fastest
    #[arg(long, default_value_t = 0.2)]
    friction: f64,
    /// Strength λ of the Gaussian prior (λ/2)|θ|²
    #[arg(long, default_value_t = 0.01)]
    prior_strength: f64,
    /// Nearest draws that each draw is joined to
    #[arg(long, default_value_t = 32)]
    neighbors: usize,
    /// Bandwidth ε of the map of draws, in units of the parameters squared; by the criterion of Berry, Giannakis and Harlim if left out
    #[arg(long)]
    bandwidth: Option<f64>,
    /// Images in their map
    #[arg(long, default_value_t = 2_000)]
    images: usize,
    /// Nearest images that each image is joined to
    #[arg(long, default_value_t = 16)]
    image_neighbors: usize,
    /// A small run: 3 chains of 600 steps without burn-in on 2,000 images, and 500 images in their map
    #[arg(long)]
    quick: bool,
    /// Folder for the figures
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/diffusion_map_of_mnist"))]
    out: PathBuf,
}

/// Images that `--quick` samples on.
const QUICK_IMAGES: usize = 2_000;

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.quick {
        options.chains = 3;
        options.steps = 600;
        options.burn_in = 0;
        options.thinning = 10;
        options.friction = 1.0;
        options.images = 500;
    }
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("step_size", options.step_size)?;
    require_positive("friction", options.friction)?;
    require_positive("prior_strength", options.prior_strength)?;
    require_count("chains", options.chains, 2..)?;
    require_count("thinning", options.thinning, 1..)?;
    let draws = options.steps.saturating_sub(options.burn_in) / options.thinning;
    require_count(
        "draws of each chain (steps − burn-in over thinning)",
        draws,
        chains::LEAST_DRAWS..,
    )?;
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let interrupted = support::interrupt_flag()?;
    let mut data = data::load(&options.data, Recipe::Quick, seed)?;
    if options.quick {
        data.train = data.train.take(QUICK_IMAGES);
    }
    let (dataset, origin) = (data.name.clone(), data.origin.clone());

    let images = ImageMap::of(&data, options.images, options.image_neighbors)?;
    let task = Task::new(data, &device)?;
    let sampled = chains::sample(&task, options, &device, seed, &interrupted)?;
    let bar = support::progress("maps", 4);
    let map = DrawMap::of(&sampled, options, seed, || bar.inc(1))?;
    bar.finish_and_clear();

    let mut results = Results::new(options, seed, &task, &sampled, &map, &images)?;
    results.dataset = dataset;
    results.origin = origin;
    results.figures = figures::write(&options.out, &results, &sampled, &map, &images)?;
    options.common.print(&results, || results.text())
}
