//! The ensemble, run on a list of devices.

use burn::tensor::{Device, Int, Tensor};
use tati::models::{Perceptron, softmax_cross_entropy};
use tati::prelude::*;
use tati::samplers::{FinishedEnsemble, Progress};

use crate::Options;
use crate::support::{self, Failure};

const DIGITS: usize = 1_000;
const BATCH_SIZE: usize = 100;
const FRICTION: f64 = 1.0;
/// The standard deviation of the walkers' starts about the common one.
const JITTER: f64 = 0.01;

type Rows = (Tensor<2>, Tensor<1, Int>);
type Loss = fn(&Perceptron, Rows) -> Tensor<1>;

/// What every list of devices is given.
pub struct Job<'a> {
    options: &'a Options,
    seed: u64,
    model: Perceptron,
    potential: ModelPotential<Perceptron, Rows, Loss>,
}

/// What it makes of it.
pub struct Outcome {
    /// The last parameters of each walker.
    pub ends: Vec<Vec<f64>>,
    /// Each walker's mean of the batch's potential.
    pub mean_potentials: Vec<f64>,
    pub walker_steps_per_second: f64,
}

impl<'a> Job<'a> {
    pub fn new(options: &'a Options, home: &Device, seed: u64) -> Result<Self, TatiError> {
        let digits = GlyphsConfig::new().with_train(DIGITS).with_test(1);
        let data = digits.generate()?.train.to_tensors(&home.clone().inner());
        home.seed(seed);
        let model = PerceptronConfig::new().init(home);
        let loss: Loss =
            |model, (images, labels)| softmax_cross_entropy(model.forward(images), labels);
        let potential = ModelPotential::new(model.clone(), data, loss)?;
        Ok(Self {
            options,
            seed,
            model,
            potential: potential.with_batch_size(BATCH_SIZE, seed)?,
        })
    }

    /// Runs the walkers on `devices`, recorded as `name` if anywhere.
    pub fn run(&self, name: &'static str, devices: &[Device]) -> Result<Outcome, Failure> {
        let options = self.options;
        let sampler = BaoabConfig::new(InverseTemperature::posterior(DIGITS))
            .with_friction(FRICTION)
            .with_seed(Some(self.seed));
        let chain = ChainConfig::new(options.steps as u64)
            .with_checkpoint_every_steps(Some(options.checkpoint_every as u64));
        let bar = support::progress(name, options.steps);
        let mut ensemble = EnsembleConfig::new(options.walkers, chain)
            .with_jitter(JITTER)
            .init(
                self.model.clone(),
                self.potential.clone(),
                ChainSampler::optimizer(&sampler, options.step_size),
            )?
            .with_devices(devices)
            .with_progress(|at: &Progress| bar.set_position(at.step));
        if let Some(out) = &options.out {
            let folder = out.join(name);
            // A run that another one's failure kept from beginning is no less to be gone on with.
            ensemble = if options.resume && folder.exists() {
                ensemble.resume(folder)?
            } else {
                ensemble.record(folder)?
            };
        }
        let finished = ensemble.run()?;
        bar.finish_and_clear();
        self.outcome(&finished)
    }

    fn outcome(&self, finished: &FinishedEnsemble<Perceptron>) -> Result<Outcome, Failure> {
        let mut ends = Vec::new();
        for (model, walker) in finished.models.iter().zip(&finished.summary.walkers) {
            let Some(model) = model else {
                let error = walker.error.clone().unwrap_or_default();
                return Err(Failure::Other(error));
            };
            let mut end = Vec::new();
            self.potential.layout().copy_to_host(model, &mut end)?;
            ends.push(end);
        }
        let walkers = finished.summary.walkers.iter();
        let mean = |name: &str, statistics: &[tati::samplers::StatisticSummary]| {
            let statistic = statistics.iter().find(|statistic| statistic.name == name);
            statistic.map_or(f64::NAN, |statistic| statistic.mean)
        };
        Ok(Outcome {
            ends,
            mean_potentials: walkers
                .map(|walker| mean("potential", &walker.statistics))
                .collect(),
            walker_steps_per_second: finished.summary.walker_steps_per_second,
        })
    }
}
