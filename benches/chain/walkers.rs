//! What walkers together do in a second against a chain alone: on two threads, with Burn's tape and with gradients in closed form.

use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor};
use rayon::ThreadPool;
use tati::models::{
    Mlp, MlpConfig, Perceptron, PerceptronConfig, softmax_cross_entropy,
    softmax_cross_entropy_and_slope,
};
use tati::prelude::*;

use crate::{BATCH, Data, INVERSE_TEMPERATURE, STEP_SIZE, median};

const WALKERS: usize = 8;
const THREADS: usize = 2;

/// The runs that are compared: one walker of Burn's tape, one with the closed form, eight of either, and eight that see the same
/// mini-batch.
const RUNS: [&str; 5] = [
    "a chain",
    "a chain, closed form",
    "8 walkers",
    "8 walkers, closed form",
    "the same, shared batches",
];

type Loss<M> = fn(&M, Data) -> Tensor<1>;
type Gradients<M> = fn(&[M], Data) -> Vec<(f64, GradientsParams)>;

/// One line for each network over mini-batches and over all data.
pub fn measure(is_measurement: bool) {
    println!(
        "\n{:<34} {:>12} {:>25} {:>25} {:>25} {:>25}",
        "walker-steps/s of a chain's", "chain, 1/s", RUNS[1], RUNS[2], RUNS[3], RUNS[4]
    );
    let perceptron = |device: &Device| PerceptronConfig::new().init(device);
    let network = |device: &Device| MlpConfig::new(vec![128]).init(device);
    let rows = if is_measurement { 60_000 } else { 2000 };
    for (batch, steps, turns) in [(Some(BATCH), 400, 21), (None, 4, 7)] {
        let name = |network: &str| match batch {
            Some(batch) => format!("{network}, batch {batch}"),
            None => format!("{network}, all {rows} rows"),
        };
        let case = Case {
            name: name("7,850 parameters"),
            rows,
            batch,
            steps,
            turns: if is_measurement { turns } else { 1 },
        };
        case.measure(perceptron, perceptron_loss, perceptron_gradients);
        let case = Case {
            name: name("101,770 parameters"),
            steps: steps / 4,
            ..case
        };
        case.measure(network, network_loss, network_gradients);
    }
}

struct Case {
    name: String,
    rows: usize,
    batch: Option<usize>,
    /// Steps of a walker in a turn.
    steps: u64,
    turns: usize,
}

impl Case {
    fn measure<M: Module + 'static>(
        &self,
        init: impl Fn(&Device) -> M,
        loss: Loss<M>,
        gradients: Gradients<M>,
    ) {
        let mut wanted = std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with('-'));
        if wanted.next().is_some_and(|part| !self.name.contains(&part)) {
            return;
        }
        let plain = open_device("flex").expect("flex is compiled in");
        let model = init(&plain.clone().autodiff());
        let images = Tensor::random([self.rows, 784], Distribution::Uniform(0.0, 1.0), &plain);
        let labels: Vec<i32> = (0..self.rows as i32).map(|row| row * 7 % 10).collect();
        let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &plain);
        let mut tape =
            ModelPotential::new(model.clone(), (images, labels), loss).expect("a potential");
        if let Some(batch) = self.batch {
            tape = tape.with_batch_size(batch, 1).expect("small batches");
        }
        let closed_form = tape.clone().with_closed_form_gradients(gradients);
        let closed_form = closed_form.expect("the same gradients");
        let pool = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a thread pool")
        };
        // A chain alone has both threads too, for what uses them.
        let (alone, together) = match self.batch {
            Some(_) => (pool(1), pool(THREADS)),
            None => (pool(THREADS), pool(THREADS)),
        };
        let mut times = vec![Vec::new(); RUNS.len()];
        for _ in 0..self.turns {
            for (run, times) in times.iter_mut().enumerate() {
                let potential = if [0, 2].contains(&run) {
                    &tape
                } else {
                    &closed_form
                };
                let (walkers, pool) = if run < 2 {
                    (1, &alone)
                } else {
                    (WALKERS, &together)
                };
                let config =
                    EnsembleConfig::new(walkers, self.chain()).with_shared_batches(run == 4);
                let sampler = BaoabConfig::new(INVERSE_TEMPERATURE).with_seed(Some(1));
                let sampler = ChainSampler::optimizer(&sampler, STEP_SIZE);
                let (model, potential) = (model.clone(), potential.clone());
                let seconds = seconds(pool, move || {
                    let ensemble = config.init(model, potential, sampler);
                    ensemble.expect("an ensemble").run().expect("a run");
                });
                times.push(seconds / (walkers as f64 * self.steps as f64));
            }
        }
        let against = |run: usize| {
            let turns = times[0].iter().zip(&times[run]).map(|(a, b)| a / b);
            let mut turns: Vec<f64> = turns.collect();
            turns.sort_by(f64::total_cmp);
            let (low, high) = (turns[turns.len() / 4], turns[turns.len() * 3 / 4]);
            format!("{:.2} ({low:.2} to {high:.2})", median(turns))
        };
        println!(
            "{:<34} {:>12.1} {:>25} {:>25} {:>25} {:>25}",
            self.name,
            median(times[0].clone()).recip(),
            against(1),
            against(2),
            against(3),
            against(4)
        );
    }

    fn chain(&self) -> ChainConfig {
        ChainConfig::new(self.steps).with_burn_in(self.steps - 1)
    }
}

/// The time of `work` on the threads of `pool`, less that in which other processes kept these from their processors: the mean over
/// the threads.
fn seconds(pool: &ThreadPool, work: impl FnOnce() + Send) -> f64 {
    let waited = || {
        pool.broadcast(|_| crate::turns::kept_waiting())
            .iter()
            .sum::<f64>()
    };
    let (before, started) = (waited(), Instant::now());
    pool.install(work);
    let elapsed = started.elapsed().as_secs_f64();
    elapsed - (waited() - before) / pool.current_num_threads() as f64
}

fn perceptron_loss(model: &Perceptron, (images, labels): Data) -> Tensor<1> {
    softmax_cross_entropy(model.forward(images), labels)
}

fn perceptron_gradients(
    models: &[Perceptron],
    (images, labels): Data,
) -> Vec<(f64, GradientsParams)> {
    Perceptron::losses_and_gradients(models, images, |logits| {
        softmax_cross_entropy_and_slope(logits, labels.clone())
    })
}

fn network_loss(model: &Mlp, (images, labels): Data) -> Tensor<1> {
    softmax_cross_entropy(model.forward(images), labels)
}

fn network_gradients(models: &[Mlp], (images, labels): Data) -> Vec<(f64, GradientsParams)> {
    Mlp::losses_and_gradients(models, images, |logits| {
        softmax_cross_entropy_and_slope(logits, labels.clone())
    })
}
