//! What a sampling step costs: `cargo bench --bench step`.
//!
//! For the perceptron 784-10 and the MLP 784-128-10 at batches of 100 and 1000: forward and backward pass alone, with
//! Burn's SGD, with every sampler by plain tensor operations, and with every sampler fused; the steps of the samplers alone; a whole loop with its mini-batch
//! gathered from 60,000 images; and noise in nanoseconds per number. Criterion measures noise and
//! updates; the rows of a whole step take turns and are compared within each turn. `TATI_BENCH_THREADS` sets the threads (default 1, which is fastest for the smaller cases).

mod plain;
mod rounds;
mod tables;

use std::hint::black_box;
use std::time::Duration;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use criterion::{BatchSize, Criterion};
use plain::Plain;
use rounds::Rounds;
use tati::models::{Mlp, MlpConfig, Perceptron, PerceptronConfig, softmax_cross_entropy};
use tati::samplers::{
    BaoabConfig, CcadlConfig, Gla1Config, Gla2Config, NoiseStream, PsgldConfig, SghmcConfig,
    SgldConfig, SgnhtConfig,
};
use tati::{ModelPotential, open_device};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEP_SIZE: f64 = 1e-4;
const INVERSE_TEMPERATURE: f64 = 6e4;
const IMAGES: usize = 60_000;

fn main() {
    let threads = std::env::var("TATI_BENCH_THREADS")
        .ok()
        .and_then(|threads| threads.parse().ok())
        .unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool");
    pool.install(|| {
        let mut criterion = Criterion::default()
            .configure_from_args()
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .output_directory(&tables::output_directory());
        noise(&mut criterion);
        updates(&mut criterion);
        criterion.final_summary();
        println!("\n{threads} thread(s), flex, mimalloc\n");
        tables::print();
        for batch in [100, 1000] {
            steps(
                "perceptron",
                batch,
                |device| PerceptronConfig::new().init(device),
                Perceptron::forward,
            );
            steps(
                "mlp",
                batch,
                |device| MlpConfig::new(vec![128]).init(device),
                Mlp::forward,
            );
        }
    });
}

/// Every row of one model and batch size, in turns.
fn steps<M: Module>(
    name: &str,
    batch: usize,
    init: impl Fn(&Device) -> M,
    forward: fn(&M, Tensor<2>) -> Tensor<2>,
) {
    let group = format!("{name} {batch}");
    if !rounds::is_wanted(&group) {
        return;
    }
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    let images = Tensor::<2>::random([batch, 784], Distribution::Uniform(0.0, 1.0), &device);
    let labels: Vec<i32> = (0..batch as i32).map(|item| item % 10).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &device);
    let gradients = |model: &M| {
        let loss = cross_entropy(forward(model, images.clone()), labels.clone());
        GradientsParams::from_grads(loss.backward(), model)
    };
    let model = init(&device);
    let mut rounds = Rounds::default();
    rounds.row("forward+backward", || {
        black_box(gradients(&model));
    });
    let mut row = |id: &str, mut optimizer: ModuleOptimizer| {
        let mut model = Some(init(&device));
        let gradients = &gradients;
        rounds.row(id, move || {
            let current = model.take().expect("put back below");
            let gradients = gradients(&current);
            model = Some(optimizer.step(STEP_SIZE, current, gradients));
        });
    };
    row("sgd", SgdConfig::new().init());
    for (name, plain) in [
        ("sgld plain", Plain::Sgld),
        ("gla1 plain", Plain::Gla1),
        ("gla2 plain", Plain::Gla2),
        ("baoab plain", Plain::Baoab),
    ] {
        row(name, plain.into());
    }
    fused_samplers(&mut row);
    rounds.row(
        "sgld fused, whole loop",
        whole_loop(batch, init, forward, &device),
    );
    rounds.print(&group);
}

/// A step of fused SGLD with its mini-batch from a resident data set, as the peers' loops do it, and with the loss of
/// `tati::models`; the rows above all have Burn's.
fn whole_loop<M: Module>(
    batch: usize,
    init: impl Fn(&Device) -> M,
    forward: fn(&M, Tensor<2>) -> Tensor<2>,
    device: &Device,
) -> impl FnMut() {
    let plain = device.clone().inner();
    let images = Tensor::<2>::random([IMAGES, 784], Distribution::Uniform(0.0, 1.0), &plain);
    let labels: Vec<i32> = (0..IMAGES as i32).map(|item| item * 7 % 10).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [IMAGES]), &plain);
    let mut model = Some(init(device));
    let mut potential = ModelPotential::new(
        init(device),
        (images, labels),
        move |model: &M, (images, labels): (Tensor<2>, Tensor<1, Int>)| {
            softmax_cross_entropy(forward(model, images), labels)
        },
    )
    .and_then(|potential| potential.with_batch_size(batch, 1))
    .expect("a potential");
    let mut sampler = SgldConfig::new(INVERSE_TEMPERATURE).init();
    move || {
        let current = model.take().expect("put back below");
        potential.next_batch();
        let (_, gradients) = potential.gradients(&current);
        model = Some(sampler.step(STEP_SIZE, current, gradients));
    }
}

fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits, labels)
}

/// The step of each sampler alone, with a gradient that is there already: what differs between them.
fn updates(criterion: &mut Criterion) {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    for hidden in [vec![], vec![128]] {
        let model: Mlp = MlpConfig::new(hidden).init(&device);
        let mut group = criterion.benchmark_group(format!("update {}", model.num_params()));
        let images = Tensor::<2>::ones([1, 784], &device);
        let loss = model.forward(images).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let mut row = |id: &str, mut optimizer: ModuleOptimizer| {
            let mut current = Some(model.clone().fork(&device));
            group.bench_function(id, |bencher| {
                bencher.iter_batched(
                    || clone_gradients(&model, &gradients),
                    |gradients| {
                        let model = current.take().expect("put back below");
                        current = Some(optimizer.step(STEP_SIZE, model, gradients));
                    },
                    BatchSize::SmallInput,
                );
            });
        };
        row("sgd", SgdConfig::new().init());
        fused_samplers(&mut row);
        group.finish();
    }
}

/// A row for each sampler on the fused kernel.
fn fused_samplers(row: &mut impl FnMut(&str, ModuleOptimizer)) {
    let beta = INVERSE_TEMPERATURE;
    row("sgld fused", SgldConfig::new(beta).init());
    row("gla1 fused", Gla1Config::new(beta).init());
    row("gla2 fused", Gla2Config::new(beta).init());
    row("baoab fused", BaoabConfig::new(beta).init());
    row("sghmc fused", SghmcConfig::new(beta).init());
    row("sgnht fused", SgnhtConfig::new(beta).init());
    row("psgld fused", PsgldConfig::new(beta).init());
    row("ccadl fused", CcadlConfig::new(beta).init());
}

/// The same gradients in memory of their own, as a backward pass leaves them.
fn clone_gradients<M: Module>(model: &M, gradients: &GradientsParams) -> GradientsParams {
    struct Cloner<'a>(&'a GradientsParams, GradientsParams);
    impl ModuleVisitor for Cloner<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.get::<D>(param.id) {
                self.1.register(param.id, gradient.add_scalar(0.0));
            }
        }
    }
    let mut cloner = Cloner(gradients, GradientsParams::new());
    model.visit(&mut cloner);
    cloner.1
}

/// Standard normals on one thread, in nanoseconds per number.
fn noise(criterion: &mut Criterion) {
    let device = open_device("flex").expect("flex is compiled in");
    for length in [10_000, 1_000_000] {
        let mut group = criterion.benchmark_group(format!("noise {length}"));
        group.bench_function("Tensor::random", |bencher| {
            bencher.iter(|| {
                black_box(Tensor::<1>::random(
                    [length],
                    Distribution::Normal(0.0, 1.0),
                    &device,
                ))
            });
        });
        let stream = NoiseStream {
            seed: 1,
            walker: 0,
            tensor: 0,
        };
        let mut numbers = vec![0.0; length];
        let mut step = 0;
        group.bench_function("Philox", |bencher| {
            bencher.iter(|| {
                step += 1;
                stream.fill_normal(step, black_box(&mut numbers));
            });
        });
        group.finish();
    }
}
