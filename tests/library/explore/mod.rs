//! Exploration of a network of two weights whose potential has two minima, copies of each other.
//!
//! ```text
//! U(w₁, w₂) = mean over items of (w₂ tanh(w₁x) − y)² + (s/2)(w₁² + w₂²)
//! ```
//!
//! is the same at (−w₁, −w₂): its minima lie at ±(w₁, w₂), the saddle between them at 0.

mod both_minima;
mod ends;
mod refusals;
mod restart;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use tati::landscape::{Bandwidth, DiffusionMapConfig, MinimaConfig, QuenchConfig};
use tati::models::{Activation, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape};
use tati::samplers::{BaoabConfig, ChainConfig, ChainSampler, Prior};
use tati::workflow::{ExploreConfig, Explorer};
use tati::{ModelPotential, open_device};

const STEP_SIZE: f64 = 0.2;
/// The barrier is 4.3 kT high.
const INVERSE_TEMPERATURE: f64 = 13.0;
const BANDWIDTH: f64 = 0.03;

type Items = (Tensor<2>, Tensor<2>);
type Loss = fn(&Mlp, Items) -> Tensor<1>;
type TwoWeights = (Mlp, ModelPotential<Mlp, Items, Loss>);

/// The network at a point near one of its minima.
fn two_weights() -> TwoWeights {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    let mut model = MlpConfig::new(vec![1])
        .with_inputs(1)
        .with_outputs(1)
        .with_activation(Activation::Tanh)
        .init(&device);
    for layer in &mut model.layers {
        layer.bias = None;
    }
    let set = PlaygroundConfig::new(PlaygroundShape::Clusters)
        .with_samples(200)
        .with_noise(0.1)
        .with_seed(1)
        .generate()
        .expect("points");
    let column = |of: fn((&[f32], u32)) -> f32| {
        let numbers: Vec<f32> = set.iter().map(of).collect();
        let shape = [numbers.len(), 1];
        Tensor::<2>::from_data(TensorData::new(numbers, shape), &device.clone().inner())
    };
    let inputs = column(|(point, _)| point[0]);
    let labels = column(|(_, label)| 2.0 * label as f32 - 1.0);
    let loss: Loss = |model, (inputs, labels)| {
        let difference = model.forward(inputs) - labels;
        difference.powi_scalar(2).mean()
    };
    let potential =
        ModelPotential::new(model.clone(), (inputs, labels), loss).expect("a potential");
    let start = Tensor::<1>::from_data([0.45_f32, 0.65], &device.inner());
    let model = potential.layout().unflatten(model, start).expect("a model");
    (model, potential)
}

fn baoab(inverse_temperature: f64) -> BaoabConfig {
    BaoabConfig::new(inverse_temperature)
        .with_friction(10.0)
        .with_prior(Some(Prior::Gaussian(1.0)))
}

fn sampler() -> ChainSampler {
    ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), STEP_SIZE)
}

fn config(seed: u64) -> ExploreConfig {
    let map = DiffusionMapConfig::new(4).with_bandwidth(Bandwidth::Fixed(BANDWIDTH));
    let quench = QuenchConfig::new().with_gradient_tolerance(1e-5);
    ExploreConfig::new(ChainConfig::new(40).with_burn_in(7).with_thinning(8))
        .with_num_chains(8)
        .with_max_rounds(18)
        .with_tolerance(1e-3)
        .with_diffusion_map(map)
        .with_minima(MinimaConfig::new().with_quench(quench))
        .with_seed(Some(seed))
}

/// An exploration of few short rounds.
fn short() -> ExploreConfig {
    let map = DiffusionMapConfig::new(3).with_bandwidth(Bandwidth::Fixed(BANDWIDTH));
    ExploreConfig {
        chain: ChainConfig::new(40).with_thinning(4).with_burn_in(1),
        num_chains: 2,
        num_corners: 3,
        max_rounds: 3,
        tolerance: 1e-9,
        diffusion_map: map,
        batch_size: Some(50),
        ..config(5)
    }
}

fn explorer<'a>(
    config: &ExploreConfig,
    (model, potential): &'a TwoWeights,
) -> Explorer<'a, Mlp, Items, Loss> {
    config
        .init(model, potential, &sampler())
        .expect("an exploration")
}

/// Every file below `folder` by its path there, but for those that tell times.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_none_or(|name| name != "summary.json") {
                let name = path.strip_prefix(folder).expect("below it").to_path_buf();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The files of an exploration itself and the draws of its chains: checkpoints hold parameter ids, which are random.
fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files(folder);
    files.retain(|path, _| path.extension().is_none_or(|ending| ending != "bpk"));
    files
}

fn assert_same(whole: &Path, other: &Path) {
    let (whole, other) = (results(whole), results(other));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&whole), names(&other));
    for (name, content) in &whole {
        assert!(other[name] == *content, "{} differs", name.display());
    }
}
