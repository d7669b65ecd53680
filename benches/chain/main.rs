//! What the chain driver and the record cost: `cargo bench --bench chain`.
//!
//! A bare loop of gradient and sampler and the same steps by a `Chain` in short turns; a `Chain` and one that records in longer
//! slices, so that what else the machine does falls on both. Medians of the ratios; and how
//! much memory the process held after each tenth of the recorded run. Arguments: how many slices (default 10).

use std::fs;
use std::path::Path;
use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Distribution, Int, Tensor};
use tati::models::{Mlp, MlpConfig, Perceptron, PerceptronConfig};
use tati::prelude::*;
use tati::samplers::Chain;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEP_SIZE: f64 = 1e-4;
const INVERSE_TEMPERATURE: f64 = 6e4;

type Data = (Tensor<2>, Tensor<1, Int>);

fn main() {
    let slices = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(10);
    // `cargo test` only checks that it runs.
    let is_measurement = std::env::args().any(|argument| argument == "--bench");
    let share = if is_measurement { 1 } else { 50 };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread pool").install(|| {
        println!(
            "{:<44} {:>12} {:>12} {:>14} {:>24}",
            "run", "µs/step", "chain/loop", "record/chain", "MiB held, first to last"
        );
        // 3 parameters, a draw at every step: 1,000,000 draws in 10 slices.
        let small = |device: &Device| {
            PerceptronConfig::new()
                .with_inputs(2)
                .with_classes(1)
                .init(device)
        };
        let points = |model: &Perceptron, (points, _): Data| {
            let logits = model.forward(points);
            (logits - 0.3).powi_scalar(2).mean()
        };
        Run {
            name: "3 parameters, every step",
            data: (500, 2),
            batch: 100,
            steps: 100_000 / share,
            thinning: 1,
            slices,
        }
        .measure(small, points);
        let perceptron = |device: &Device| PerceptronConfig::new().init(device);
        let digits = |model: &Perceptron, (images, labels): Data| {
            cross_entropy(model.forward(images), labels)
        };
        Run {
            name: "7,850 parameters, every 100th step",
            data: (10_000, 784),
            batch: 100,
            steps: 10_000 / share,
            thinning: 100,
            slices,
        }
        .measure(perceptron, digits);
        // 101,770 parameters: 1,000 draws in 10 slices.
        let network = |device: &Device| MlpConfig::new(vec![128]).init(device);
        let digits =
            |model: &Mlp, (images, labels): Data| cross_entropy(model.forward(images), labels);
        Run {
            name: "101,770 parameters, every 100th step",
            data: (10_000, 784),
            batch: 100,
            steps: 10_000 / share,
            thinning: 100,
            slices,
        }
        .measure(network, digits);
    });
}

struct Run {
    name: &'static str,
    /// Rows and columns.
    data: (usize, usize),
    batch: usize,
    /// Steps of a slice.
    steps: u64,
    thinning: u64,
    slices: usize,
}

impl Run {
    fn measure<M: Module, L>(&self, init: impl Fn(&Device) -> M, loss: L)
    where
        L: Fn(&M, Data) -> Tensor<1> + Sync + Clone,
    {
        let plain = open_device("flex").expect("flex is compiled in");
        let model = init(&plain.clone().autodiff());
        let inputs = Tensor::random(
            [self.data.0, self.data.1],
            Distribution::Uniform(0.0, 1.0),
            &plain,
        );
        let labels: Vec<i32> = (0..self.data.0 as i32).map(|row| row * 7 % 10).collect();
        let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &plain);
        let potential = ModelPotential::new(model.clone(), (inputs, labels), loss)
            .and_then(|potential| potential.with_batch_size(self.batch, 1))
            .expect("a potential");
        let sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_prior(Some(Prior::Gaussian(1e-3)))
            .with_seed(Some(1));
        let folder = std::env::temp_dir().join(format!("tati-bench-{}", std::process::id()));
        let chain = |steps| {
            ChainConfig::new(steps).with_thinning(self.thinning).init(
                model.clone(),
                potential.clone(),
                ChainSampler::optimizer(&sampler, STEP_SIZE),
            )
        };
        let bare = |steps: u64| {
            let mut bare = (model.clone(), potential.clone(), sampler.init());
            let start = Instant::now();
            for _ in 0..steps {
                let (_, gradients) = bare.1.gradients(&bare.0);
                bare.0 = bare.2.step(STEP_SIZE, bare.0, gradients);
                bare.1.next_batch();
            }
            start.elapsed().as_secs_f64() / steps as f64
        };
        // One draw at the end, so that nothing is measured before.
        let unrecorded = |steps: u64| {
            let chain = ChainConfig::new(steps).with_burn_in(steps - 1).init(
                model.clone(),
                potential.clone(),
                ChainSampler::optimizer(&sampler, STEP_SIZE),
            );
            let start = Instant::now();
            chain.and_then(Chain::run).expect("a run");
            start.elapsed().as_secs_f64() / steps as f64
        };
        // Short turns: what differs by a hundredth is lost in what the machine does over seconds.
        let turn = (self.steps / 50).max(20);
        let turns: Vec<_> = (0..8 * self.slices + 1)
            .map(|_| (bare(turn), unrecorded(turn)))
            .collect();
        let mut times = [Vec::new(), Vec::new()];
        let mut held = Vec::new();
        for slice in 1..=self.slices {
            times[0].push(unrecorded(self.steps));
            // The run so far, gone on with: its folder grows over the slices.
            let recorded = chain(self.steps * slice as u64).expect("a chain");
            let recorded = if slice == 1 {
                recorded.record(&folder)
            } else {
                recorded.resume(&folder)
            };
            let recorded = recorded.expect("a folder");
            let start = Instant::now();
            recorded.run().expect("a run");
            times[1].push(start.elapsed().as_secs_f64() / self.steps as f64);
            held.extend(resident_mebibytes());
        }
        remove(&folder);
        let ratio = |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a / b).collect());
        println!(
            "{:<44} {:>12.1} {:>12.3} {:>14.3} {:>24}",
            self.name,
            median(turns.iter().map(|(bare, _)| bare * 1e6).collect()),
            median(turns.iter().map(|(bare, chain)| chain / bare).collect()),
            ratio(&times[1], &times[0]),
            match (held.first(), held.last()) {
                (Some(first), Some(last)) => format!("{first:.0} to {last:.0}"),
                _ => "not known here".to_string(),
            }
        );
    }
}

fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits, labels)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What this process holds in memory, where /proc tells.
fn resident_mebibytes() -> Option<f64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / (1 << 20) as f64)
}

fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        eprintln!("{}: {error}", folder.display());
    }
}
