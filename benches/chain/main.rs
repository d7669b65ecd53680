//! What the chain driver and the record cost: `cargo bench --bench chain`.
//!
//! Four runs of the same steps in turns: a bare loop of gradient and sampler; a chain that takes one draw, at its end; one
//! that takes them all; and one that records them. For each the ratio to the run before it, and for the record also to the chain
//! without draws: the median over the turns, and in brackets that of the whole runs, where the rarer things are in, as flushes.
//! Flushes go by the clock, and come more often than they would without the others' turns. Then ensembles of eight walkers against a
//! chain, in walker-steps a second: the median of the ratios and, in brackets, their quartiles. An argument chooses the rows whose name
//! has it, as `101,770`.

mod turns;
mod walkers;

use std::fs;
use std::panic;
use std::process;
use std::thread;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Distribution, Int, Tensor};
use tati::models::{Mlp, MlpConfig, Perceptron, PerceptronConfig};
use tati::prelude::*;
use turns::Turns;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEP_SIZE: f64 = 1e-4;
const INVERSE_TEMPERATURE: f64 = 6e4;
const BATCH: usize = 100;

type Data = (Tensor<2>, Tensor<1, Int>);

fn main() {
    // A run that fails would leave the others waiting.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        process::exit(1);
    }));
    // `cargo test` only checks that it runs.
    let is_measurement = std::env::args().any(|argument| argument == "--bench");
    let turns = if is_measurement { 50 } else { 2 };
    println!(
        "{:<42} {:>8} {:>13} {:>13} {:>13} {:>13} {:>10}",
        "run, batch 100",
        "µs/step",
        "chain/loop",
        "draws/chain",
        "record/draws",
        "record/chain",
        "MiB held"
    );
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
    Comparison {
        name: "3 parameters, a draw every step",
        data: (500, 2),
        steps: 20_000,
        thinning: 1,
        turns,
    }
    .measure(small, points);
    let perceptron = |device: &Device| PerceptronConfig::new().init(device);
    let digits =
        |model: &Perceptron, (images, labels): Data| cross_entropy(model.forward(images), labels);
    Comparison {
        name: "7,850 parameters, a draw every 20 steps",
        data: (10_000, 784),
        steps: 400,
        thinning: 20,
        turns,
    }
    .measure(perceptron, digits);
    let network = |device: &Device| MlpConfig::new(vec![128]).init(device);
    let digits = |model: &Mlp, (images, labels): Data| cross_entropy(model.forward(images), labels);
    for (name, thinning) in [
        ("101,770 parameters, a draw every 20 steps", 20),
        ("101,770 parameters, a draw every 10 steps", 10),
    ] {
        Comparison {
            name,
            data: (10_000, 784),
            steps: 20 * thinning,
            thinning,
            turns,
        }
        .measure(network, digits);
    }
    walkers::measure(is_measurement);
}

struct Comparison {
    name: &'static str,
    /// Rows and columns.
    data: (usize, usize),
    /// Steps of a turn.
    steps: u64,
    thinning: u64,
    turns: u64,
}

/// What takes the steps.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Loop,
    Chain,
    DrawingChain,
    RecordedChain,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Loop,
        Self::Chain,
        Self::DrawingChain,
        Self::RecordedChain,
    ];
}

impl Comparison {
    fn measure<M: Module, L>(&self, init: impl Fn(&Device) -> M, loss: L)
    where
        L: Fn(&M, Data) -> Tensor<1> + Sync,
    {
        let mut wanted = std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with('-'));
        if wanted.next().is_some_and(|part| !self.name.contains(&part)) {
            return;
        }
        let plain = open_device("flex").expect("flex is compiled in");
        let model = init(&plain.clone().autodiff());
        let inputs = Tensor::random(
            [self.data.0, self.data.1],
            Distribution::Uniform(0.0, 1.0),
            &plain,
        );
        let labels: Vec<i32> = (0..self.data.0 as i32).map(|row| row * 7 % 10).collect();
        let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &plain);
        let turns = Turns::new(Kind::ALL.len(), self.steps);
        let loss = |model: &M, rows: Data| {
            turns.step();
            loss(model, rows)
        };
        let potential = ModelPotential::new(model.clone(), (inputs, labels), &loss)
            .and_then(|potential| potential.with_batch_size(BATCH, 1))
            .expect("a potential");
        let turns = &turns;
        thread::scope(|scope| {
            for (number, kind) in Kind::ALL.into_iter().enumerate() {
                let (model, potential) = (model.clone(), potential.clone());
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                let pool = pool.expect("a thread pool");
                scope.spawn(move || {
                    pool.install(|| turns.take(number, || self.run(kind, model, potential)))
                });
            }
        });
        self.print(&turns.times(), &turns.held());
    }

    fn run<M: Module, L>(&self, kind: Kind, mut model: M, mut potential: ModelPotential<M, Data, L>)
    where
        L: Fn(&M, Data) -> Tensor<1> + Sync,
    {
        let steps = self.steps * self.turns;
        let sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_prior(Some(Prior::Gaussian(1e-3)))
            .with_seed(Some(1));
        if kind == Kind::Loop {
            let mut optimizer = sampler.init();
            for _ in 0..steps {
                let (_, gradients) = potential.gradients(&model);
                model = optimizer.step(STEP_SIZE, model, gradients);
                potential.next_batch();
            }
            return;
        }
        let config = match kind {
            Kind::Chain => ChainConfig::new(steps).with_burn_in(steps - 1),
            _ => ChainConfig::new(steps).with_thinning(self.thinning),
        };
        let sampler = ChainSampler::optimizer(&sampler, STEP_SIZE);
        let mut chain = config.init(model, potential, sampler).expect("a chain");
        let folder = std::env::temp_dir().join(format!("tati-bench-{}", process::id()));
        if kind == Kind::RecordedChain {
            chain = chain.record(&folder).expect("a new folder");
        }
        chain.run().expect("a run");
        if kind == Kind::RecordedChain {
            fs::remove_dir_all(&folder).expect("the folder of the run");
        }
    }

    fn print(&self, times: &[Vec<f64>], held: &[f64]) {
        let ratio = |a: usize, b: usize| {
            let turns = times[a].iter().zip(&times[b]).map(|(a, b)| a / b);
            let whole = times[a].iter().sum::<f64>() / times[b].iter().sum::<f64>();
            format!("{:.3} ({whole:.3})", median(turns.collect()))
        };
        println!(
            "{:<42} {:>8.1} {:>13} {:>13} {:>13} {:>13} {:>10}",
            self.name,
            1e6 * median(times[0].clone()),
            ratio(1, 0),
            ratio(2, 1),
            ratio(3, 2),
            ratio(3, 1),
            match (held.first(), held.last()) {
                (Some(first), Some(last)) => format!("{first:.0} to {last:.0}"),
                _ => "not known".to_string(),
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
