//! The chain driver: a sampler and a potential, run for long.
//!
//! [`Chain`] takes steps, draws, records, saves and resumes; [`ChainSampler`] is what it steps with, [`Observer`] what looks at
//! its draws, [`Progress`] what it tells on its way.

pub(crate) mod checkpoint;
pub(crate) mod clock;
mod config;
pub(crate) mod divergence;
mod drive;
mod observer;
mod predictive;
mod progress;
pub(crate) mod recorder;
pub(crate) mod run_folder;
pub(crate) mod sampler;
mod statistics;
pub(crate) mod walker;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::module::Module;
use burn::tensor::Tensor;
use serde::Serialize;
use serde_json::Value;
use tati_core::{BatchOrder, ModelPotential, Result, Rows};

use crate::NoiseSource;
use run_folder::{RunConfig, RunFolder};

pub use config::ChainConfig;
pub use observer::{Draw, Observer};
pub use predictive::{PredictiveAverage, PredictiveSummary, ReliabilityBin};
pub use progress::Progress;
pub use run_folder::{recorded_description, recorded_seed};
pub use sampler::ChainSampler;
pub use statistics::Statistics;

/// One walker: a sampler on its way over the potential of a Burn model.
///
/// A draw of a sampler that is a Burn optimizer is the θ at the beginning of a step, with the U, gradient and on-step momentum of
/// that θ. A draw of a kernel is the θ after its transition.
///
/// # Example
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati_core::{BatchOrder, ModelPotential, open_device};
/// use tati_samplers::{BaoabConfig, ChainConfig, ChainSampler, Draw, Prior};
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     (model.forward(inputs) - 1.0).powi_scalar(2).mean()
/// })?;
///
/// let sampler = BaoabConfig::new(100.0).with_prior(Some(Prior::Gaussian(0.01))).with_seed(Some(1));
/// let mut mean = 0.0;
/// let mut average = |draw: &Draw<'_, Linear>| {
///     mean += draw.statistics.potential / 100.0;
///     Ok(())
/// };
/// let finished = ChainConfig::new(200)
///     .with_burn_in(100)
///     .init(model, potential, ChainSampler::optimizer(&sampler, 0.1))?
///     .with_observer(&mut average)
///     .run()?;
/// assert_eq!((finished.summary.num_draws, finished.summary.seed), (100, 1));
/// assert!(mean > 0.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub struct Chain<'a, M, R, L> {
    config: ChainConfig,
    /// `None` once the chain is run.
    model: Option<M>,
    potential: ModelPotential<M, R, L>,
    sampler: ChainSampler,
    noise: NoiseSource,
    observers: Vec<&'a mut dyn Observer<M>>,
    progress: Option<Report<'a>>,
    interrupted: Arc<AtomicBool>,
    description: Option<Value>,
    folder: Option<(RunFolder, Place)>,
}

pub(crate) type Report<'a> = Box<dyn FnMut(&Progress) + 'a>;

/// What a run does with its folder.
pub(crate) enum Place {
    New,
    Resumed,
}

/// A chain that has come to its end, or was interrupted.
#[derive(Clone, Debug)]
pub struct Finished<M> {
    /// The model after the last step.
    pub model: M,
    /// What was done.
    pub summary: Summary,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The sampler's name.
    pub sampler: String,
    /// The seed of the noise.
    pub seed: u64,
    /// Steps taken, those before a restart included.
    pub num_steps: u64,
    /// Draws taken, those before a restart included.
    pub num_draws: u64,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
    /// The last step size: the tuned one of a kernel that tunes it.
    pub step_size: f64,
    /// Steps a second since the run was started or resumed.
    pub steps_per_second: f64,
}

impl ChainConfig {
    /// A chain from the parameters of `model`, which must be of the kind that `potential` was made of.
    ///
    /// # Errors
    /// For a setting outside its domain; for a model unlike the potential's; for a kernel with mini-batches.
    pub fn init<'a, M, R, L>(
        &self,
        model: M,
        potential: ModelPotential<M, R, L>,
        sampler: ChainSampler,
    ) -> Result<Chain<'a, M, R, L>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Sync,
    {
        self.validate()?;
        // Leaves of its own on the tape: chains on several threads that share them may wait for each other for ever.
        let position = potential.layout().flatten(&model)?;
        let model = potential.layout().unflatten(model, position)?;
        sampler.check_batches(potential.batch_order())?;
        sampler.check_settings(|| potential.layout().flatten(&model))?;
        Ok(Chain {
            config: self.clone(),
            noise: sampler.noise(),
            model: Some(model),
            potential,
            sampler,
            observers: Vec::new(),
            progress: None,
            interrupted: Arc::default(),
            description: None,
            folder: None,
        })
    }
}

impl<'a, M, R, L> Chain<'a, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// The seed in use: the one that was set, or one from entropy. Print it.
    pub fn seed(&self) -> u64 {
        self.noise.seed()
    }

    /// Keeps `description` with the configuration of a run that is recorded: what the chain cannot know, as where its data came from.
    /// [`recorded_description`] reads it. To be called before [`record`](Self::record) or [`resume`](Self::resume); a resumed run keeps the one it has if none is given.
    pub fn with_description(mut self, description: Value) -> Self {
        self.description = Some(description);
        self
    }

    /// Records the run in the new folder `path`: configuration, draws, checkpoints, the last model.
    ///
    /// # Errors
    /// If the folder exists or cannot be made.
    pub fn record(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let folder = RunFolder::create(path.as_ref(), &self.run_config())?;
        self.folder = Some((folder, Place::New));
        Ok(self)
    }

    /// Goes on with the run recorded in the folder `path`, from its last checkpoint: what it records is bit for bit what the run
    /// would have recorded without the stop, on CPU devices. The seed is taken from the record; a larger number of steps
    /// extends the run.
    ///
    /// # Errors
    /// If there is no run in the folder, or one of another model, sampler, data or setting; nothing is changed then.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let (folder, recorded) = RunFolder::open(path.as_ref())?;
        if self.sampler.seed().is_none() {
            self.noise = NoiseSource::new(recorded.seed, self.noise.walker());
        }
        self.description = self.description.or_else(|| recorded.description.clone());
        let config = self.run_config();
        config.check_continues(&recorded, &folder.config_file())?;
        folder.write_config(&config)?;
        self.folder = Some((folder, Place::Resumed));
        Ok(self)
    }

    /// Shows every draw to `observer`.
    pub fn with_observer(mut self, observer: &'a mut dyn Observer<M>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Calls `progress` about ten times a second, and at the end.
    pub fn with_progress(mut self, progress: impl FnMut(&Progress) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Ends the run after the step at which the flag is found set, as at its regular end: with everything saved.
    pub fn with_interrupt(mut self, interrupted: &Arc<AtomicBool>) -> Self {
        self.interrupted = interrupted.clone();
        self
    }

    /// Runs to the end, or until interrupted.
    ///
    /// # Errors
    /// A potential that is not finite, naming step, walker and tensor; a step size that is not positive; files that cannot be
    /// written; an observer's error; a remote device that went away. What was recorded until then stays readable, and the last
    /// checkpoint can be resumed, also on another device.
    pub fn run(self) -> Result<Finished<M>> {
        drive::run(self)
    }

    fn run_config(&self) -> RunConfig {
        let order = self.potential.batch_order();
        RunConfig {
            format: run_folder::FORMAT,
            chain: self.config.clone(),
            sampler: self.sampler.name().to_string(),
            settings: self.sampler.settings().clone(),
            first_step_size: self.sampler.first_step_size(),
            seed: self.noise.seed(),
            walker: self.noise.walker(),
            batch_size: order.map(BatchOrder::batch_size),
            batch_seed: order.map(BatchOrder::seed),
            num_rows: self.potential.num_rows(),
            parameters: RunConfig::parameters(self.potential.layout()),
            closed_form_gradients: Some(self.potential.has_closed_form_gradients()),
            ensemble: None,
            description: self.description.clone(),
        }
    }
}
