//! `tati train`: from a random start, or a saved run, to a minimum of the loss.

mod folder;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tati::samplers::entropy_seed;
use tati::workflow::{TrainConfig, TrainOptimizer, TrainStage};

use crate::error::CliError;
use crate::options::data::absolute;
use crate::options::prior::PriorArgs;
use crate::options::problem::{ProblemArgs, Score};
use crate::options::saved_run::{SavedRun, require_new};
use crate::options::without_nulls;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;
use folder::TrainFolder;

/// Train a network to a minimum of its loss
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(
    next_help_heading = "Training",
    after_help = "Example: tati train --data glyphs --optimizer adam --steps 500 --batch-size 500 \\\n\
                  \x20                 --prior-gaussian 1e-4 --out optimum"
)]
pub struct TrainArgs {
    /// The folder of the run, which must not exist
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    out: PathBuf,
    /// Begin with the model of a saved run, and its data and model if none are given
    #[arg(long, value_name = "RUN")]
    from: Option<PathBuf>,
    /// What makes the steps [default: sgd]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<OptimizerName>,
    /// Steps [default: 1000]
    #[arg(long, value_name = "N", conflicts_with = "stages")]
    steps: Option<u64>,
    /// Step size [default: 0.1 for sgd, 0.001 for adam, 1 for lbfgs, first step 0.01 for bb]
    #[arg(long, value_name = "H", conflicts_with = "stages")]
    step_size: Option<f64>,
    /// Items in a mini-batch [default: all]
    #[arg(long, value_name = "N", conflicts_with = "stages")]
    batch_size: Option<usize>,
    /// Stages STEPS:STEP_SIZE[:BATCH_SIZE] in place of these three, as 3000:0.5:550,1000:0.1
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = stage, hide_short_help = true)]
    stages: Option<Vec<String>>,
    /// Share of the last step in the next, for sgd [default: 0]
    #[arg(long, value_name = "MU", hide_short_help = true)]
    momentum: Option<f64>,
    /// End where the norm of the full-batch gradient is below this [default: 0]
    #[arg(long, value_name = "G", hide_short_help = true)]
    gradient_tolerance: Option<f64>,
    /// Record parameters and loss every N steps [default: 10]
    #[arg(long, value_name = "N", hide_short_help = true)]
    record_every: Option<u64>,
    /// Seed of start and mini-batches [default: from entropy; printed]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    problem: ProblemArgs,
    #[command(flatten)]
    #[serde(flatten)]
    prior: PriorArgs,
}

/// An optimizer by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OptimizerName {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// L-BFGS with a line search, full batch
    Lbfgs,
    /// Gradient descent with the step size of Barzilai and Borwein, full batch
    Bb,
}

/// What `tati train` reports.
#[derive(Debug, Serialize)]
struct Results {
    run: PathBuf,
    dataset: String,
    device: String,
    seed: u64,
    num_parameters: usize,
    num_steps: u64,
    interrupted: bool,
    potential: f64,
    gradient_norm: f64,
    train_loss: f64,
    train_accuracy: f64,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
}

/// Checks a stage, which is kept as it is written.
fn stage(text: &str) -> Result<String, String> {
    let stage = text.parse::<TrainStage>();
    stage
        .map(|stage| stage.to_string())
        .map_err(|error| error.to_string())
}

impl TrainArgs {
    /// The options in full.
    fn resolve(mut self, saved: Option<&SavedRun>) -> Result<Self, CliError> {
        let saved = saved.map(|saved| &saved.problem);
        self.problem = self.problem.resolve(saved)?;
        let optimizer = *self.optimizer.get_or_insert(OptimizerName::Sgd);
        if self.stages.is_none() {
            self.steps.get_or_insert(1000);
            self.step_size.get_or_insert(match optimizer {
                OptimizerName::Sgd => 0.1,
                OptimizerName::Adam => 0.001,
                OptimizerName::Lbfgs => 1.0,
                OptimizerName::Bb => 0.01,
            });
        }
        if self.momentum.is_some() && optimizer != OptimizerName::Sgd {
            return Err(CliError::Usage(
                "--momentum means nothing for this --optimizer: take sgd, or leave it out"
                    .to_string(),
            ));
        }
        self.record_every.get_or_insert(10);
        self.seed.get_or_insert_with(entropy_seed);
        self.from = self.from.map(|from| absolute(&from)).transpose()?;
        Ok(self)
    }

    fn config(&self) -> Result<TrainConfig, CliError> {
        let stages = match &self.stages {
            Some(stages) => stages
                .iter()
                .map(|stage| stage.parse())
                .collect::<Result<_, _>>()?,
            None => {
                let (steps, step_size) = (self.steps.unwrap_or(0), self.step_size.unwrap_or(0.0));
                vec![TrainStage::new(steps, step_size).with_batch_size(self.batch_size)]
            }
        };
        let optimizer = match self.optimizer.unwrap_or(OptimizerName::Sgd) {
            OptimizerName::Sgd => TrainOptimizer::Sgd {
                momentum: self.momentum.unwrap_or(0.0),
            },
            OptimizerName::Adam => TrainOptimizer::Adam,
            OptimizerName::Lbfgs => TrainOptimizer::Lbfgs,
            OptimizerName::Bb => TrainOptimizer::BarzilaiBorwein,
        };
        Ok(TrainConfig::new(optimizer, stages)
            .with_prior(self.prior.prior()?)
            .with_gradient_tolerance(self.gradient_tolerance.unwrap_or(0.0))
            .with_seed(self.seed.unwrap_or(0)))
    }
}

pub fn run(arguments: &TrainArgs, program: &Program) -> Result<Outcome, CliError> {
    let saved = arguments.from.as_deref().map(SavedRun::open).transpose()?;
    let arguments = arguments.clone().resolve(saved.as_ref())?;
    if let Some(outcome) = program.dry_run(&arguments) {
        return outcome;
    }
    require_new(&arguments.out)?;
    let config = arguments.config()?;
    let saved_device = saved.as_ref().map(|saved| saved.device.as_str());
    let device_name = program.device_name(saved_device);
    let device = program.device(saved_device)?;
    let problem = arguments.problem.load()?;
    tracing::info!("{} items of {}", problem.train.len(), problem.origin);
    let seed = arguments.seed.unwrap_or(0);
    let network = match &saved {
        Some(saved) => saved.networks(&problem, &device)?.swap_remove(0),
        None => problem.start(&device, seed)?,
    };
    let potential = problem.potential(&network, &device)?;
    let layout = potential.layout().clone();
    let every = arguments.record_every.unwrap_or(10);
    tati::require_count("record_every", every as usize, 1..)?;
    let interrupted = program.interrupt_flag()?;
    let bar = program.progress("training", config.num_steps());
    let description =
        json!({"command": "train", "options": without_nulls(&arguments)?, "device": device_name});
    let mut folder = TrainFolder::new(
        &arguments.out,
        &layout,
        description,
        config.num_steps(),
        every,
    );
    let trained = config.run(network, &potential, |state| {
        folder.record(state)?;
        bar.set_position(state.step);
        if state.step.is_multiple_of(16) {
            bar.set_message(format!("U = {:.4}", state.potential));
        }
        Ok(match interrupted.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    });
    // The draws until a failure are kept; the failure is what is reported.
    let kept = folder.flush();
    bar.finish_and_clear();
    let trained = trained?;
    kept?;
    let train = problem.score(&trained.model, &problem.train, &device);
    let test = problem.test.as_ref();
    let test = test.map(|test| problem.score(&trained.model, test, &device));
    let results = Results {
        run: arguments.out.clone(),
        dataset: problem.origin.clone(),
        device: device_name,
        seed,
        num_parameters: layout.num_parameters(),
        num_steps: trained.num_steps,
        interrupted: trained.interrupted,
        potential: trained.potential,
        gradient_norm: trained.gradient_norm,
        train_loss: train.loss,
        train_accuracy: train.accuracy,
        test_loss: test.map(|score: Score| score.loss),
        test_accuracy: test.map(|score| score.accuracy),
    };
    folder.finish(&trained.model, &results)?;
    let outcome = Outcome::new(&results, results.text())?;
    Ok(outcome.unless(results.interrupted))
}

impl Results {
    fn text(&self) -> String {
        let mut text = format!(
            "{} on {} ({}), seed {}\n{}: loss {:.6}, |gradient| {:.2e}, accuracy {:.4}\n",
            text::count(self.num_parameters, "parameter"),
            self.dataset,
            self.device,
            self.seed,
            text::count(self.num_steps as usize, "step"),
            self.train_loss,
            self.gradient_norm,
            self.train_accuracy,
        );
        if let (Some(loss), Some(accuracy)) = (self.test_loss, self.test_accuracy) {
            text.push_str(&format!("test: loss {loss:.6}, accuracy {accuracy:.4}\n"));
        }
        let run = self.run.display();
        text.push_str(&match self.interrupted {
            true => format!("stopped; go on with: tati train --from {run} --out NEW\n"),
            false => format!("saved in {run}\n"),
        });
        text
    }
}
