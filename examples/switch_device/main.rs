//! One sampling run on every device that is compiled in: same program, same start, same noise.
//!
//! A perceptron x ↦ softmax(Wx + b) on bundled digits is sampled with BAOAB (Leimkuhler, Matthews, Appl. Math. Res. Express
//! 2013 (2012) 34), the same few dozen mini-batch steps on each device. What decides the run is
//!
//! - the initial parameters, drawn once and moved to each device through the flat vector of a `ParameterLayout`;
//! - the noise ξ(seed; walker, tensor, step, element), which comes from a counter-based generator (Salmon, Moraes, Dror, Shaw,
//!   SC 2011) and so is a function of its indices, the same on every device;
//! - the data, visited in order.
//!
//! What is left is rounding: devices add up in different orders, each step by about 10⁻⁷ of the size of the numbers. On a
//! convex loss such as this one the differences stay that small; on a deep network they would grow.
//!
//! The noise is compared by itself with one SGLD step θ ← θ − h∇U + sqrt(2h/β) ξ at θ = 0, ∇U = 0, h = 1, β = 2, after which
//! θ = ξ.
//!
//! ```text
//! cargo run --release --features wgpu --example switch_device -- --device flex
//! ```

mod report;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::Instant;

use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::Parser;
use report::{Comparison, Results, Row};
use support::{CommonOptions, Failure};
use tati::models::Perceptron;
use tati::prelude::*;
use tati::{require_count, require_positive};

const DIGITS: usize = 1_000;
const BATCH_SIZE: usize = 100;
/// Steps before the clock starts: the first ones compile kernels on a GPU.
const WARM_UP_STEPS: usize = 3;
/// Elements of the noise that are compared.
const NOISE_ELEMENTS: usize = 100_000;

/// Run the same BAOAB chain on every device that is compiled in, and compare with the one that --device names.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// Steps of the chain
    #[arg(long, default_value_t = 60)]
    steps: usize,
    /// Step size h
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    step_size: f64,
    /// Friction γ
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    friction: f64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    require_positive("step_size", options.step_size)?;
    require_positive("friction", options.friction)?;
    require_count("steps", options.steps, 1..)?;
    let reference = options.common.device.as_str();
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let job = Job::new(options, seed, &device)?;

    let others = available_devices()
        .into_iter()
        .filter(|name| *name != reference);
    let progress = support::progress("devices", 1 + others.clone().count());
    let expected = job.run(&device)?;
    let mut rows = vec![Row::new(
        reference,
        Ok(Comparison::new(&expected, &expected)),
    )];
    for name in others {
        progress.inc(1);
        // Compiled in but not in this machine: that is a result, too.
        let comparison = match open_device(name) {
            Ok(device) => Ok(Comparison::new(&job.run(&device.autodiff())?, &expected)),
            Err(error) => Err(error),
        };
        rows.push(Row::new(name, comparison));
    }
    progress.finish_and_clear();

    let results = Results {
        seed,
        device: reference,
        num_parameters: job.initial_parameters.num_elements(),
        steps: options.steps,
        step_size: options.step_size,
        friction: options.friction,
        inverse_temperature: job.inverse_temperature,
        devices: rows,
    };
    options.common.print(&results, || results.text())
}

/// What every device is given.
struct Job<'a> {
    options: &'a Options,
    seed: u64,
    inverse_temperature: f64,
    digits: LabelledSet,
    initial_parameters: TensorData,
}

/// What a device makes of it.
struct Outcome {
    steps_per_second: f64,
    final_loss: f64,
    parameters: Vec<f64>,
    noise: Vec<f64>,
}

impl<'a> Job<'a> {
    fn new(options: &'a Options, seed: u64, device: &Device) -> Result<Self, TatiError> {
        let digits = GlyphsConfig::new()
            .with_train(DIGITS)
            .with_test(1)
            .generate()?
            .train;
        device.seed(seed);
        let model = PerceptronConfig::new().init(device);
        let initial_parameters = ParameterLayout::of(&model)?.flatten(&model)?.into_data();
        Ok(Self {
            options,
            seed,
            inverse_temperature: InverseTemperature::posterior(digits.len()),
            digits,
            initial_parameters,
        })
    }

    fn run(&self, device: &Device) -> Result<Outcome, TatiError> {
        let model = PerceptronConfig::new().init(device);
        let layout = ParameterLayout::of(&model)?;
        let parameters =
            Tensor::from_data(self.initial_parameters.clone(), &device.clone().inner());
        let model = layout.unflatten(model, parameters)?;
        let (images, labels) = self.digits.to_tensors(device);

        self.sample(model.clone(), &images, &labels, WARM_UP_STEPS)?;
        let start = Instant::now();
        let model = self.sample(model, &images, &labels, self.options.steps)?;
        // Reading the parameters waits for the device.
        let parameters = host(layout.flatten(&model)?);
        let seconds = start.elapsed().as_secs_f64();

        let final_loss = loss(&model.valid(), images.inner(), labels.inner()).into_scalar::<f64>();
        if !final_loss.is_finite() {
            return Err(TatiError::NotFinite {
                what: "the final loss".to_string(),
                value: final_loss,
                remedy: "take a smaller step size",
            });
        }
        Ok(Outcome {
            steps_per_second: self.options.steps as f64 / seconds,
            final_loss,
            parameters,
            noise: self.noise(device)?,
        })
    }

    /// The chain: an ordinary training loop, with BAOAB for an optimizer.
    fn sample(
        &self,
        mut model: Perceptron,
        images: &Tensor<2>,
        labels: &Tensor<1, Int>,
        steps: usize,
    ) -> Result<Perceptron, TatiError> {
        let mut sampler: ModuleOptimizer = BaoabConfig::new(self.inverse_temperature)
            .with_friction(self.options.friction)
            .with_seed(Some(self.seed))
            .build()?
            .into_optimizer();
        for step in 0..steps {
            let first = step * BATCH_SIZE % DIGITS;
            let images = images.clone().narrow(0, first, BATCH_SIZE);
            let labels = labels.clone().narrow(0, first, BATCH_SIZE);
            let gradients = loss(&model, images, labels).backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            model = sampler.step(self.options.step_size, model, gradients);
        }
        Ok(model)
    }

    /// The normals that a step draws on `device`.
    fn noise(&self, device: &Device) -> Result<Vec<f64>, TatiError> {
        let normals = Normals {
            values: Param::from_tensor(Tensor::zeros([NOISE_ELEMENTS], device)),
        };
        let mut gradients = GradientsParams::new();
        gradients.register(normals.values.id, normals.values.val().inner().zeros_like());
        let sampler = SgldConfig::new(2.0).with_seed(Some(self.seed)).build()?;
        let normals = sampler.into_optimizer().step(1.0, normals, gradients);
        Ok(host(normals.values.val().inner()))
    }
}

/// A parameter that one SGLD step fills with normals.
#[derive(Module, Debug)]
struct Normals {
    values: Param<Tensor<1>>,
}

fn loss(model: &Perceptron, images: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let logits = model.forward(images);
    CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits, labels)
}

fn host(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
