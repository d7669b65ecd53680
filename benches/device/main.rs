//! What a sampling step costs on a GPU: `cargo bench --bench device --features cuda`.
//!
//! - The fused update beside a copy: gigabytes a second over 10⁸ parameters. SGLD reads θ and g and writes θ, BAOAB reads and writes p,
//!   too; a copy reads one array and writes one. A kernel that hides its noise behind memory moves as many bytes a second as a copy.
//! - LeNet at a batch of 100: steps of the samplers beside Burn's SGD.
//! - Four walkers in turn beside one.
//!
//! Rows take turns, and the medians of their ratios within a turn are printed. `TATI_BENCH_DEVICE` names the device (default: the
//! first GPU that opens), `TATI_BENCH_ELEMENTS` the parameters; `-- update`, `-- step` or `-- walkers` chooses a part. `cargo test --bench
//! device` runs everything a few times, at a small size.

use std::time::Instant;

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use tati::models::{LeNet, LeNetConfig, softmax_cross_entropy};
use tati::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEP_SIZE: f64 = 1e-4;
const INVERSE_TEMPERATURE: f64 = 6e4;
const BATCH: usize = 100;
const WALKERS: usize = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let parts: Vec<_> = arguments
        .iter()
        .filter(|part| !part.starts_with('-'))
        .collect();
    let is_wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    let Some((name, device)) = gpu() else {
        println!(
            "no GPU: of {:?} none is one that opens",
            available_devices()
        );
        return;
    };
    let elements = match std::env::var("TATI_BENCH_ELEMENTS") {
        Ok(elements) => elements.parse().expect("TATI_BENCH_ELEMENTS: a number"),
        Err(_) if is_bench => 100_000_000,
        Err(_) => 10_000,
    };
    let size = Size {
        turns: if is_bench { 15 } else { 3 },
        repeats: if is_bench { 20 } else { 1 },
    };
    println!("device {name}, {elements} parameters\n");
    if is_wanted("update") {
        bandwidth(&device, elements, size);
    }
    if is_wanted("step") {
        steps(&device, size);
    }
    if is_wanted("walkers") {
        walkers(&device, size);
    }
}

/// How often things are done.
#[derive(Clone, Copy)]
struct Size {
    turns: usize,
    /// Within a turn, between two waits for the device.
    repeats: usize,
}

fn gpu() -> Option<(String, Device)> {
    if let Ok(name) = std::env::var("TATI_BENCH_DEVICE") {
        let device = open_device(&name).unwrap_or_else(|error| panic!("{error}"));
        return Some((name, device));
    }
    available_devices()
        .into_iter()
        .filter(|name| !["flex", "ndarray"].contains(name))
        .find_map(|name| Some((name.to_string(), open_device(name).ok()?)))
}

/// A row of a table, and what it does once.
type Row<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Seconds that each row takes, turn by turn.
fn measure(device: &Device, rows: &mut [Row<'_>], size: Size) -> Vec<Vec<f64>> {
    let mut seconds = vec![Vec::new(); rows.len()];
    // The first turn compiles kernels.
    for turn in 0..=size.turns {
        for ((_, row), seconds) in rows.iter_mut().zip(&mut seconds) {
            device.sync().expect("a device");
            let start = Instant::now();
            (0..size.repeats).for_each(|_| row());
            device.sync().expect("a device");
            if turn > 0 {
                seconds.push(start.elapsed().as_secs_f64() / size.repeats as f64);
            }
        }
    }
    seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the ratios within a turn.
fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    median(ours.iter().zip(theirs).map(|(a, b)| a / b).collect())
}

/// A module that is one tensor.
#[derive(Module, Debug)]
struct Parameters {
    values: Param<Tensor<1>>,
}

fn bandwidth(device: &Device, elements: usize, size: Size) {
    let zeros = || Tensor::<1>::zeros([elements], device);
    let sampler = |mut sampler: ModuleOptimizer| {
        let values = Tensor::zeros([elements], &device.clone().autodiff());
        let mut parameters = Some(Parameters {
            values: Param::from_tensor(values),
        });
        let gradient = zeros();
        move || {
            let current = parameters.take().expect("put back below");
            let mut gradients = GradientsParams::new();
            gradients.register(current.values.id, gradient.clone());
            parameters = Some(sampler.step(STEP_SIZE, current, gradients));
        }
    };
    let mut copied = Some(zeros());
    let mut rows: [Row<'_>; 3] = [
        (
            "copy",
            // Burn has no plain copy: one operation an element, which memory hides.
            Box::new(move || copied = copied.take().map(|tensor| tensor.add_scalar(1.0))),
        ),
        (
            "SGLD",
            Box::new(sampler(SgldConfig::new(INVERSE_TEMPERATURE).init())),
        ),
        (
            "BAOAB",
            Box::new(sampler(BaoabConfig::new(INVERSE_TEMPERATURE).init())),
        ),
    ];
    let seconds = measure(device, &mut rows, size);
    println!("update            GB/s  beside a copy's");
    let gigabytes = [2.0, 3.0, 5.0].map(|arrays| arrays * 4e-9 * elements as f64);
    for (index, (name, _)) in rows.iter().enumerate() {
        let rate = gigabytes[index] / median(seconds[index].clone());
        let share = ratio(&seconds[0], &seconds[index]) * gigabytes[index] / gigabytes[0];
        println!("{name:<14} {rate:>7.1} {share:>15.2}");
    }
    println!();
}

/// LeNet with its images and labels on a device.
struct Training {
    model: LeNet,
    images: Tensor<2>,
    labels: Tensor<1, Int>,
}

impl Training {
    fn new(device: &Device) -> Self {
        let device = device.clone().autodiff();
        let labels: Vec<i32> = (0..BATCH as i32).map(|item| item % 10).collect();
        Self {
            model: LeNetConfig::new().init(&device),
            images: Tensor::random([BATCH, 784], Distribution::Uniform(0.0, 1.0), &device),
            labels: Tensor::from_data(TensorData::new(labels, [BATCH]), &device),
        }
    }

    /// One step after another.
    fn steps(self, mut optimizer: ModuleOptimizer) -> impl FnMut() {
        let Self {
            model,
            images,
            labels,
        } = self;
        let mut model = Some(model);
        move || {
            let current = model.take().expect("put back below");
            let logits = current.forward(images.clone());
            let loss = softmax_cross_entropy(logits, labels.clone()).mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &current);
            model = Some(optimizer.step(STEP_SIZE, current, gradients));
        }
    }
}

fn steps(device: &Device, size: Size) {
    let row =
        |name, optimizer| -> Row<'_> { (name, Box::new(Training::new(device).steps(optimizer))) };
    let mut rows = [
        row("SGD", SgdConfig::new().init()),
        row("SGLD", SgldConfig::new(INVERSE_TEMPERATURE).init()),
        row("BAOAB", BaoabConfig::new(INVERSE_TEMPERATURE).init()),
        row("SGNHT", SgnhtConfig::new(INVERSE_TEMPERATURE).init()),
    ];
    let seconds = measure(device, &mut rows, size);
    println!("step of LeNet       ms  beside SGD's");
    for ((name, _), row) in rows.iter().zip(&seconds) {
        let (time, ratio) = (1e3 * median(row.clone()), ratio(row, &seconds[0]));
        println!("{name:<14} {time:>7.3} {ratio:>13.2}");
    }
    println!();
}

fn walkers(device: &Device, size: Size) {
    let walker = || {
        let sampler = BaoabConfig::new(INVERSE_TEMPERATURE).init();
        Training::new(device).steps(sampler)
    };
    let one = walker();
    let mut four: Vec<_> = (0..WALKERS).map(|_| walker()).collect();
    let mut rows: [Row<'_>; 2] = [
        ("one", Box::new(one)),
        (
            "four in turn",
            Box::new(move || four.iter_mut().for_each(|step| step())),
        ),
    ];
    let seconds = measure(device, &mut rows, size);
    let rate = WALKERS as f64 * ratio(&seconds[0], &seconds[1]);
    println!("steps a second of {WALKERS} walkers in turn, beside those of one: {rate:.2}");
}
