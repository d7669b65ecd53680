//! The sampler's metrics in Burn's own `SupervisedTraining`, read back from the files that Burn logs them to.

use std::fs;
use std::path::Path;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig};
use burn::optim::ModuleOptimizer;
use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use burn::train::metric::{Adaptor, ItemLazy, LossInput, LossMetric, NumericEntry};
use burn::train::renderer::CliMetricsRenderer;
use burn::train::{
    ExecutionStrategy, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep,
    TrainingStrategy,
};
use tati::prelude::*;
use tati::samplers::metrics::{
    AcceptanceInput, AcceptanceMetric, GradientNormMetric, KineticTemperatureMetric,
    VirialTemperatureMetric,
};

const INPUTS: usize = 16;
const OUTPUTS: usize = 8;
const ITEMS: usize = 500;
const BATCH_SIZE: usize = 10;
const STEPS_PER_EPOCH: usize = ITEMS / BATCH_SIZE;
const EPOCHS: usize = 14;
/// Epochs until the positions have forgotten their start.
const BURN_IN: usize = 4;
const INVERSE_TEMPERATURE: f64 = 100.0;

/// Inputs and targets of one item, and the acceptance that a step with it reports.
#[derive(Clone, Debug)]
struct Item {
    inputs: [f32; INPUTS],
    targets: [f32; OUTPUTS],
    acceptance: f64,
}

#[derive(Clone, Debug)]
struct Batch {
    inputs: Tensor<2>,
    targets: Tensor<2>,
    acceptance: f64,
}

struct ToTensors;

impl Batcher<Item, Batch> for ToTensors {
    fn batch(&self, items: Vec<Item>, device: &Device) -> Batch {
        let table = |values: Vec<f32>, width| {
            let data = TensorData::new(values, [items.len(), width]);
            Tensor::from_data(data, device)
        };
        let acceptance = items.iter().map(|item| item.acceptance).sum::<f64>();
        Batch {
            inputs: table(items.iter().flat_map(|item| item.inputs).collect(), INPUTS),
            targets: table(
                items.iter().flat_map(|item| item.targets).collect(),
                OUTPUTS,
            ),
            acceptance: acceptance / items.len() as f64,
        }
    }
}

/// Linear regression.
#[derive(Module, Debug)]
struct Regression {
    linear: Linear,
}

struct Output {
    loss: Tensor<1>,
    acceptance: f64,
}

impl Adaptor<LossInput> for Output {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

impl Adaptor<AcceptanceInput> for Output {
    fn adapt(&self) -> AcceptanceInput {
        AcceptanceInput::new(self.acceptance)
    }
}

impl ItemLazy for Output {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(Self {
            loss: self.loss.without_autodiff(),
            ..self
        })
    }
}

impl Regression {
    fn fit(&self, batch: Batch) -> Output {
        let found = self.linear.forward(batch.inputs);
        Output {
            loss: MseLoss::new().forward(found, batch.targets, Reduction::Mean),
            acceptance: batch.acceptance,
        }
    }
}

impl TrainStep for Regression {
    type Input = Batch;
    type Output = Output;

    fn step(&self, batch: Batch) -> TrainOutput<Output> {
        let output = self.fit(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Regression {
    type Input = Batch;
    type Output = Output;

    fn step(&self, batch: Batch) -> Output {
        self.fit(batch)
    }
}

/// Items whose inputs are spread evenly over directions; every other reports an acceptance of 0.5, the rest 1.
fn items() -> Vec<Item> {
    let wave = |item: usize, place: usize| (1.7 * item as f32 + 2.3 * (item * place) as f32).sin();
    (0..ITEMS)
        .map(|item| Item {
            inputs: std::array::from_fn(|place| wave(item, place + 1)),
            targets: std::array::from_fn(|place| 0.1 * wave(item, INPUTS + 1 + place)),
            acceptance: if item % 2 == 0 { 0.5 } else { 1.0 },
        })
        .collect()
}

fn train(folder: &Path, sampler: ModuleOptimizer, thermometer: &Thermometer, step_size: f64) {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    device.seed(1);
    let model = Regression {
        linear: LinearConfig::new(INPUTS, OUTPUTS).init(&device),
    };
    let loader = || {
        DataLoaderBuilder::new(ToTensors)
            .batch_size(BATCH_SIZE)
            .set_device(device.clone())
    };
    let train = loader().shuffle(1).build(InMemDataset::new(items()));
    let valid = loader().build(InMemDataset::new(items()));
    let result = SupervisedTraining::new(folder, train, valid)
        .metrics((LossMetric::new(),))
        .metric_train_numeric(KineticTemperatureMetric::new(thermometer))
        .metric_train_numeric(VirialTemperatureMetric::new(thermometer))
        .metric_train_numeric(GradientNormMetric::new(thermometer))
        .metric_train_numeric(AcceptanceMetric::new())
        .with_training_strategy(TrainingStrategy::Default(ExecutionStrategy::SingleDevice(
            device.clone(),
        )))
        .with_application_logger(None)
        .renderer(Box::new(CliMetricsRenderer::new()))
        .num_epochs(EPOCHS)
        .summary()
        .launch(Learner::new(model, sampler, step_size));
    assert!(result.error.is_none(), "{:?}", result.error);
}

/// What Burn logged of a training metric in one epoch.
struct Logged {
    /// Means, with the number of steps that they are over.
    values: Vec<(f64, usize)>,
    /// The mean of the epoch.
    mean: f64,
}

/// Every epoch of a metric, or `None` if there are no files.
fn logged(folder: &Path, metric: &str) -> Option<Vec<Logged>> {
    let epochs = (1..=EPOCHS).map(|epoch| {
        let file = format!("train/epoch-{epoch}/{metric}.log");
        let text = fs::read_to_string(folder.join(file)).ok()?;
        let (mut values, mut mean) = (Vec::new(), f64::NAN);
        for line in text.lines() {
            match NumericEntry::deserialize(line).expect("an entry") {
                NumericEntry::Aggregated {
                    aggregated_value,
                    count,
                } => values.push((aggregated_value, count)),
                entry => mean = entry.current(),
            }
        }
        Some(Logged { values, mean })
    });
    epochs.collect()
}

#[test]
fn burn_logs_the_temperatures_of_a_sampler() {
    let folder = tempfile::tempdir().expect("a folder");
    let thermometer = Thermometer::new();
    let sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
        .with_friction(2.0)
        .with_prior(Some(Prior::Gaussian(0.1)))
        .with_seed(Some(1))
        .build()
        .expect("valid settings")
        .with_thermometer(&thermometer)
        .into_optimizer();
    train(folder.path(), sampler, &thermometer, 0.3);

    let metrics = ["Kinetic_Temperature", "Virial_Temperature", "Gradient_Norm"];
    for metric in metrics {
        let epochs = logged(folder.path(), metric).expect(metric);
        for (epoch, Logged { values, mean }) in epochs.iter().enumerate() {
            assert!(mean.is_finite(), "{metric} of epoch {epoch}");
            assert!(values.iter().all(|(value, _)| value.is_finite()));
            // Every step is counted, and in its own epoch, however late Burn asks.
            let steps: usize = values.iter().map(|(_, count)| count).sum();
            assert_eq!(steps, STEPS_PER_EPOCH, "{metric} of epoch {epoch}");
        }
    }

    // 500 steps of 136 parameters: the means are known to about 1 % (kinetic) and 5 % (virial).
    for metric in &metrics[..2] {
        let epochs = logged(folder.path(), metric).expect(metric);
        let kept = &epochs[BURN_IN..];
        let mean = kept.iter().map(|epoch| epoch.mean).sum::<f64>() / kept.len() as f64;
        let relative = mean * INVERSE_TEMPERATURE;
        assert!(
            (relative - 1.0).abs() < 0.2,
            "{metric}: {relative} in units of 1/β"
        );
    }
    let norms = logged(folder.path(), "Gradient_Norm").expect("gradient norms");
    assert!(norms.iter().all(|epoch| epoch.mean > 0.0));

    for Logged { values, mean } in logged(folder.path(), "Acceptance").expect("acceptances") {
        assert_eq!(values.len(), STEPS_PER_EPOCH);
        assert!((mean - 0.75).abs() < 1e-12, "{mean}");
    }
    assert_eq!(
        thermometer.last_step().map(|step| step.num_parameters),
        Some((INPUTS + 1) * OUTPUTS)
    );
}

#[test]
fn a_sampler_without_momentum_logs_no_kinetic_temperature() {
    let folder = tempfile::tempdir().expect("a folder");
    let thermometer = Thermometer::new();
    let sampler = SgldConfig::new(INVERSE_TEMPERATURE)
        .with_seed(Some(1))
        .build()
        .expect("valid settings")
        .with_thermometer(&thermometer)
        .into_optimizer();
    train(folder.path(), sampler, &thermometer, 0.05);
    assert!(logged(folder.path(), "Kinetic_Temperature").is_none());
    assert!(logged(folder.path(), "Virial_Temperature").is_some());
    assert!(logged(folder.path(), "Loss").is_some());
}
