//! From training to sampling in Burn's own `SupervisedTraining`, by one changed line.
//!
//! The function `learn` of this example is an ordinary Burn training program: data loaders, metrics, checkpoints, a model and
//! a `ModuleOptimizer`. It is called twice, and the calls differ in the optimizer and its learning rate:
//!
//! ```text
//! learn(&program, model, AdamConfig::new().init(), 1e-3)                            goes to a minimum of U
//! learn(&program, model, BaoabConfig::new(beta).with_friction(10.0).init(), 0.1)    draws from exp(−βU) around it
//! ```
//!
//! U is the mean cross-entropy of LeNet-5 (LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (1998) 2278) over n digits. Burn's
//! learning rate is the step size h of BAOAB (Leimkuhler, Matthews, Appl. Math. Res. Express 2013 (2012) 34), which has the
//! dimension of a time, not of a time squared as that of SGD: with friction γ the drift down the gradient is about h/γ a step.
//!
//! β = n/T. At T = 1 that is the Bayesian posterior under a flat prior: noise and gradient balance, and the training loss stays
//! above that of the minimum. At T = 0.01 the noise is too small to matter in a few epochs, and BAOAB trains on as SGD with
//! momentum would.
//!
//! The sampler is checkpointed like any Burn optimizer. To show it, the last epoch is sampled a second time from the checkpoint
//! before it, by a new network and a sampler with another seed: parameters, momenta and noise stream all come from the
//! files, so the parameters at the end are the same, on a CPU bit for bit.
//!
//! ```text
//! cargo run --release --example langevin_in_burn_training -- --temperature 0.01 --sampling-epochs 20
//! ```

mod data;
mod model;
mod renderer;
mod report;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use burn::module::Module;
use burn::optim::{AdamConfig, ModuleOptimizer};
use burn::tensor::Device;
use burn::train::checkpoint::KeepLastNCheckpoints;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ExecutionStrategy, Learner, SupervisedTraining, TrainingStrategy};
use clap::Parser;
use data::{DataSource, Task};
use model::Classifier;
use renderer::{Epoch, QuietRenderer};
use report::Results;
use support::{CommonOptions, Failure};
use tati::prelude::*;
use tati::{require_count, require_positive};

/// Train LeNet with Burn's SupervisedTraining, then sample it with the same program.
#[derive(Parser, Debug)]
struct Options {
    #[command(flatten)]
    common: CommonOptions,
    /// MNIST with glyphs in its place where it is not on this machine, if left out
    #[arg(long, value_enum)]
    data: Option<DataSource>,
    /// Digits n to train and sample with
    #[arg(long, default_value_t = 2_000)]
    train_items: usize,
    /// Digits to validate with
    #[arg(long, default_value_t = 500)]
    valid_items: usize,
    /// Digits in a mini-batch
    #[arg(long, default_value_t = 50)]
    batch_size: usize,
    /// Epochs of Adam
    #[arg(long, default_value_t = 8)]
    training_epochs: usize,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 1e-3, allow_negative_numbers = true)]
    learning_rate: f64,
    /// Epochs of BAOAB, at least 2
    #[arg(long, default_value_t = 8)]
    sampling_epochs: usize,
    /// Temperature T of the sampled density: β = n/T
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f64,
    /// Step size h of BAOAB
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    step_size: f64,
    /// Friction γ of BAOAB
    #[arg(long, default_value_t = 10.0, allow_negative_numbers = true)]
    friction: f64,
    /// Folder for Burn's metrics and checkpoints; a new one among the system's temporary files if left out
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    support::run(|| example(&options))
}

fn example(options: &Options) -> Result<(), Failure> {
    options.check()?;
    let device = options.common.open_device()?;
    let seed = options.common.seed();
    let task = Task::load(options, seed)?;
    let out = options.out_folder()?;
    let beta = InverseTemperature::tempered(task.num_train_items(), options.temperature);
    let baoab = |seed| -> Result<ModuleOptimizer, TatiError> {
        let config = BaoabConfig::new(beta)
            .with_friction(options.friction)
            .with_seed(Some(seed));
        Ok(config.build()?.into_optimizer())
    };

    device.seed(seed);
    let program = |name, epochs, resume_after| Program {
        name,
        task: &task,
        device: &device,
        folder: out.join(name),
        epochs,
        resume_after,
    };
    let training = program("adam", options.training_epochs, None);
    let start = Classifier::new(&device);
    let adam = AdamConfig::new().init();
    let trained = learn(&training, start, adam, options.learning_rate)?;

    let sampling = program("baoab", options.sampling_epochs, None);
    let found = trained.model.clone();
    let sampled = learn(&sampling, found, baoab(seed)?, options.step_size)?;

    // Neither the model nor the seed given here matters: both are in the checkpoint.
    let checkpoint = options.sampling_epochs - 1;
    let resuming = program("baoab", options.sampling_epochs, Some(checkpoint));
    let other = Classifier::new(&device);
    let resumed = learn(&resuming, other, baoab(!seed)?, options.step_size)?;

    let results = Results {
        dataset: task.name,
        origin: task.origin.clone(),
        seed,
        device: &options.common.device,
        num_parameters: sampled.model.num_params(),
        train_items: options.train_items,
        valid_items: options.valid_items,
        batch_size: options.batch_size,
        learning_rate: options.learning_rate,
        step_size: options.step_size,
        friction: options.friction,
        temperature: options.temperature,
        inverse_temperature: beta,
        out: out.display().to_string(),
        sampling_largest_change: largest_difference(&trained.model, &sampled.model)?,
        resumed_after_epoch: checkpoint,
        resumed_largest_difference: largest_difference(&sampled.model, &resumed.model)?,
        adam: trained.history,
        baoab: sampled.history,
    };
    options.common.print(&results, || results.text())
}

/// What stays the same whatever the optimizer.
struct Program<'a> {
    name: &'static str,
    task: &'a Task,
    device: &'a Device,
    /// Where Burn puts metrics and checkpoints.
    folder: PathBuf,
    epochs: usize,
    /// The epoch whose checkpoint to go on from.
    resume_after: Option<usize>,
}

struct Learned {
    /// On an autodiff device, ready for more.
    model: Classifier,
    history: Vec<Epoch>,
}

/// A Burn training program. Nothing in it knows whether it trains or samples.
fn learn(
    program: &Program,
    model: Classifier,
    optimizer: ModuleOptimizer,
    learning_rate: f64,
) -> Result<Learned, Failure> {
    let Program { task, device, .. } = *program;
    let checkpoints = program.folder.join("checkpoint");
    std::fs::create_dir_all(&checkpoints)
        .map_err(|error| TatiError::file(&checkpoints, "creating", error))?;
    let epochs_done = program.resume_after.unwrap_or(0);
    let (train, valid) = task.loaders(device, epochs_done);
    let epochs = program.epochs - epochs_done;
    let (renderer, history) = QuietRenderer::new(program.name, epochs, task.num_train_items());
    let mut training = SupervisedTraining::new(&program.folder, train, valid)
        .metrics((LossMetric::new(), AccuracyMetric::new()))
        .with_default_checkpointers()
        .with_checkpointing_strategy(KeepLastNCheckpoints::new(2))
        .with_training_strategy(TrainingStrategy::Default(ExecutionStrategy::SingleDevice(
            device.clone(),
        )))
        // By default Burn writes a log entry and a line on stdout for each iteration.
        .with_application_logger(None)
        .renderer(Box::new(renderer))
        .num_epochs(program.epochs);
    if let Some(epoch) = program.resume_after {
        training = training.checkpoint(epoch);
    }

    let result = training.launch(Learner::new(model, optimizer, learning_rate));
    if let Some(error) = result.error {
        return Err(Failure::of(format!("running {}", program.name), error));
    }
    let history = history.take();
    match history.last() {
        Some(epoch) if epoch.train_loss.is_finite() => Ok(Learned {
            model: result.model.train(),
            history,
        }),
        last => Err(Failure::Tati(TatiError::NotFinite {
            what: format!("the loss of {}", program.name),
            value: last.map_or(f64::NAN, |epoch| epoch.train_loss),
            remedy: "take a smaller step size",
        })),
    }
}

/// The largest absolute difference between the parameters of two models.
fn largest_difference(a: &Classifier, b: &Classifier) -> Result<f64, TatiError> {
    let flat = |model| ParameterLayout::of(model)?.flatten(model);
    let difference = flat(a)? - flat(b)?;
    Ok(difference.abs().max().into_scalar::<f64>())
}

impl Options {
    fn check(&self) -> Result<(), TatiError> {
        require_positive("learning_rate", self.learning_rate)?;
        require_positive("temperature", self.temperature)?;
        require_positive("step_size", self.step_size)?;
        require_positive("friction", self.friction)?;
        require_count("train_items", self.train_items, 1..=60_000)?;
        require_count("valid_items", self.valid_items, 1..=60_000)?;
        require_count("batch_size", self.batch_size, 1..=60_000)?;
        require_count("training_epochs", self.training_epochs, 1..=60_000)?;
        require_count("sampling_epochs", self.sampling_epochs, 2..=60_000)
    }

    /// The folder for Burn's files.
    fn out_folder(&self) -> Result<PathBuf, TatiError> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        let folder = tempfile::Builder::new().prefix("tati-langevin-").tempdir();
        folder
            .map(tempfile::TempDir::keep)
            .map_err(|error| TatiError::file(std::env::temp_dir(), "creating a folder", error))
    }
}
