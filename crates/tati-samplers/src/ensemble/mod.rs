//! Ensembles: several walkers over one potential, and what they learn from each other.
//!
//! [`Ensemble`] runs them on all threads with one record, [`QuasiNewton`] is what preconditions each by the covariance of the others, and
//! [`ReplicaExchange`] has them at different temperatures, which they exchange.

mod checkpoint;
mod config;
mod drive;
mod member;
mod moments;
mod preconditioning;
mod quasi_newton;
mod refresh;
mod replica_exchange;
mod start;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use serde_json::Value;
use tati_core::{BatchOrder, ModelPotential, Result, Rows, TatiError};

use crate::chain::Report;
use crate::chain::run_folder::{FORMAT, RunConfig, RunFolder};
use crate::{ChainSampler, Observer, Progress, entropy_seed};

pub use config::{EnsembleConfig, QuasiNewtonConfig};
pub use moments::StatisticSummary;
pub(crate) use preconditioning::Preconditioning;
pub use quasi_newton::QuasiNewton;
pub use replica_exchange::{
    FinishedReplicaExchange, PairSummary, ReplicaExchange, ReplicaExchangeConfig,
    ReplicaExchangeSummary, RungSummary,
};

/// The samplers that take a preconditioner.
const PRECONDITIONED: [&str; 5] = ["sgld", "gla1", "gla2", "baoab", "hmc"];

/// W walkers over one potential, each a chain with its own stream of noise (walker w + i of the seed, w being that of the sampler's
/// config), its own order of mini-batches, and its own place on Burn's tape.
///
/// Walkers run on the threads of rayon's current pool, each for a while on its own; nothing depends on the number of threads. Without a
/// preconditioner walker i takes the steps of a [`Chain`](crate::Chain) with that walker number, bit for bit (with mini-batches, of
/// one whose order begins at epoch i·2³²). The record is one store with a chain for each walker.
///
/// A potential with [gradients in closed form](ModelPotential::with_closed_form_gradients) keeps walkers from waiting for each other at
/// the lock of Burn's tape. Over the full batch, which all walkers see, a Burn optimizer's walkers are evaluated together then, sharing
/// matrix products, where they are all on one device: they take the same steps to rounding, and a resumed run the same bits. Over
/// mini-batches, of which each has its own, there is no product to share, and walkers go on apart.
///
/// A walker whose potential is no longer finite is stopped and the others go on: the error is in the summary, in `summary.json` and
/// in the checkpoint, and the draws that it took before stay in the record.
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati_core::{ModelPotential, open_device};
/// use tati_samplers::{
///     BaoabConfig, ChainConfig, ChainSampler, EnsembleConfig, Prior, QuasiNewtonConfig,
/// };
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     (model.forward(inputs) - 1.0).powi_scalar(2).mean()
/// })?;
///
/// let sampler = BaoabConfig::new(100.0).with_prior(Some(Prior::Gaussian(0.01))).with_seed(Some(1));
/// let finished = EnsembleConfig::new(4, ChainConfig::new(200).with_burn_in(100))
///     .with_jitter(0.1)
///     .with_quasi_newton(Some(QuasiNewtonConfig::new(10.0).with_refresh_every(50)))
///     .init(model, potential, ChainSampler::optimizer(&sampler, 0.1))?
///     .run()?;
/// assert_eq!(finished.models.len(), 4);
/// assert_eq!(finished.summary.pooled[0].num_draws, 400);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub struct Ensemble<'a, M, R, L> {
    config: EnsembleConfig,
    model: M,
    potential: ModelPotential<M, R, L>,
    sampler: ChainSampler,
    seed: u64,
    starts: Option<Vec<Vec<f64>>>,
    devices: Vec<Device>,
    /// Those of each walker.
    observers: Vec<Vec<&'a mut (dyn Observer<M> + Send)>>,
    progress: Option<Report<'a>>,
    interrupted: Arc<AtomicBool>,
    description: Option<Value>,
    folder: Option<(RunFolder, IsResumed)>,
    /// What makes its members the rungs of a ladder.
    exchange: Option<replica_exchange::Exchange>,
}

#[cfg(test)]
mod tests;

type IsResumed = bool;

/// An ensemble that has come to its end, or was interrupted.
#[derive(Clone, Debug)]
pub struct FinishedEnsemble<M> {
    /// The model of each walker after its last step; `None` where the walker was stopped by a divergence.
    pub models: Vec<Option<M>>,
    /// What was done.
    pub summary: EnsembleSummary,
}

/// What a run of an ensemble did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnsembleSummary {
    /// The sampler's name.
    pub sampler: String,
    /// The seed of the noise.
    pub seed: u64,
    /// Steps that each walker took, those before a restart included, if it was not stopped.
    pub num_steps: u64,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
    /// Steps of all walkers a second since the run was started or resumed.
    pub walker_steps_per_second: f64,
    /// Each walker.
    pub walkers: Vec<WalkerSummary>,
    /// The observables over the draws of all walkers, each draw counting the same.
    pub pooled: Vec<StatisticSummary>,
}

/// What one walker did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WalkerSummary {
    /// Its number, of which its noise is.
    pub walker: u32,
    /// Steps taken.
    pub num_steps: u64,
    /// Draws taken.
    pub num_draws: u64,
    /// The last step size.
    pub step_size: f64,
    /// Why it was stopped before the end.
    pub error: Option<String>,
    /// The observables over its draws.
    pub statistics: Vec<StatisticSummary>,
}

impl EnsembleConfig {
    /// Walkers from the parameters of `model`, which must be of the kind that `potential` was made of.
    ///
    /// # Errors
    /// For a setting outside its domain; for a model unlike the potential's; for a kernel with mini-batches; for a sampler that takes
    /// no preconditioner where one is asked for.
    pub fn init<'a, M, R, L>(
        &self,
        model: M,
        potential: ModelPotential<M, R, L>,
        sampler: ChainSampler,
    ) -> Result<Ensemble<'a, M, R, L>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Sync,
    {
        self.validate()?;
        sampler.check_batches(potential.batch_order())?;
        let position = potential.layout().flatten(&model)?;
        sampler.check_settings(|| Ok(position))?;
        if let Some(quasi_newton) = &self.quasi_newton {
            quasi_newton.ranges(potential.layout())?;
            if !PRECONDITIONED.contains(&sampler.name()) {
                return Err(TatiError::InvalidSetting {
                    name: "quasi_newton",
                    value: format!("set for `{}`", sampler.name()),
                    expected: format!("for one of {}", PRECONDITIONED.join(", ")),
                });
            }
        }
        let last = self.num_walkers - 1;
        if sampler.walker().checked_add(last as u32).is_none() {
            return Err(TatiError::InvalidSetting {
                name: "walker",
                value: sampler.walker().to_string(),
                expected: format!(
                    "at most {}, for all walkers to have a number",
                    u32::MAX - last as u32
                ),
            });
        }
        Ok(Ensemble {
            config: self.clone(),
            model,
            potential,
            seed: sampler.seed().unwrap_or_else(entropy_seed),
            sampler,
            starts: None,
            devices: Vec::new(),
            observers: (0..self.num_walkers).map(|_| Vec::new()).collect(),
            progress: None,
            interrupted: Arc::default(),
            description: None,
            folder: None,
            exchange: None,
        })
    }
}

impl<'a, M, R, L> Ensemble<'a, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// The seed in use: the one that was set, or one from entropy. Print it.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Starts walker i at the i-th of `positions`, each of length N, in place of the model's parameters. They are no part of the record:
    /// a run that is resumed before its first checkpoint has to be given the same ones.
    ///
    /// # Errors
    /// If there is not one position of length N for each walker.
    pub fn with_starts(mut self, positions: Vec<Vec<f64>>) -> Result<Self> {
        let mismatch = |what: &str, expected: usize, found: usize| {
            Err(TatiError::ShapeMismatch {
                what: what.to_string(),
                expected: expected.to_string(),
                found: found.to_string(),
            })
        };
        let (walkers, length) = (
            self.config.num_walkers,
            self.potential.layout().num_parameters(),
        );
        if positions.len() != walkers {
            return mismatch("number of starts", walkers, positions.len());
        }
        if let Some(other) = positions.iter().find(|start| start.len() != length) {
            return mismatch("length of a start", length, other.len());
        }
        self.starts = Some(positions);
        Ok(self)
    }

    /// Spreads the walkers over `devices`: walker i is on device i modulo their number, with its own copy of the data. All on the device of
    /// the model if there is none.
    ///
    /// Remote ones take their copies through this process, if the model and its data are on a device of this machine. If one
    /// of them goes away the run ends, and can be resumed on others.
    pub fn with_devices(mut self, devices: &[Device]) -> Self {
        self.devices = devices.to_vec();
        self
    }

    /// Shows every draw of walker `walker`, counted from 0, to `observer`.
    ///
    /// # Errors
    /// If there is no such walker.
    pub fn with_observer(
        mut self,
        walker: usize,
        observer: &'a mut (dyn Observer<M> + Send),
    ) -> Result<Self> {
        let Some(observers) = self.observers.get_mut(walker) else {
            return Err(TatiError::InvalidSetting {
                name: "walker",
                value: walker.to_string(),
                expected: format!("below the number of walkers, {}", self.config.num_walkers),
            });
        };
        observers.push(observer);
        Ok(self)
    }

    /// Calls `progress` about ten times a second, and at the end. Its steps are those of each walker, its draws those of all, and its
    /// potential that of the first.
    pub fn with_progress(mut self, progress: impl FnMut(&Progress) + 'a) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Ends the run soon after the flag is set, with all walkers at the same step and everything saved.
    pub fn with_interrupt(mut self, interrupted: &Arc<AtomicBool>) -> Self {
        self.interrupted = interrupted.clone();
        self
    }

    /// As [`Chain::with_description`](crate::Chain::with_description).
    pub fn with_description(mut self, description: Value) -> Self {
        self.description = Some(description);
        self
    }

    /// Records the run in the new folder `path`: configuration, the draws of each walker, checkpoints, the last models.
    ///
    /// # Errors
    /// If the folder exists or cannot be made.
    pub fn record(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let folder = RunFolder::create(path.as_ref(), &self.run_config())?;
        self.folder = Some((folder, false));
        Ok(self)
    }

    /// Goes on with the run recorded in the folder `path`, from its last checkpoint: what it records is bit for bit what the run
    /// would have recorded without the stop, on CPU devices and with any number of threads. The seed is taken from the record; a
    /// larger number of steps extends the run. A walker that was stopped stays so.
    ///
    /// # Errors
    /// If there is no run in the folder, or one of another model, sampler, data, ensemble or setting; nothing is changed then.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let (folder, recorded) = RunFolder::open(path.as_ref())?;
        if self.sampler.seed().is_none() {
            self.seed = recorded.seed;
        }
        self.description = self.description.or_else(|| recorded.description.clone());
        let config = self.run_config();
        config.check_continues(&recorded, &folder.config_file())?;
        folder.write_config(&config)?;
        self.folder = Some((folder, true));
        Ok(self)
    }

    /// Runs to the end, or until interrupted.
    ///
    /// # Errors
    /// A divergence if all walkers have diverged, or if one has and `stop_at_divergence` is set; files that cannot be written; an
    /// observer's error; a remote device that went away. What was recorded until then stays readable, and the last checkpoint can be
    /// resumed, also on other devices.
    pub fn run(self) -> Result<FinishedEnsemble<M>> {
        let ended = drive::run(self)?;
        Ok(FinishedEnsemble {
            models: ended.models,
            summary: ended.summary,
        })
    }

    fn run_config(&self) -> RunConfig {
        let order = self.potential.batch_order();
        let settings = match &self.exchange {
            Some(exchange) => serde_json::to_value(exchange.settings()),
            None => serde_json::to_value(&self.config),
        };
        let mut ensemble = settings.unwrap_or_default();
        if let Some(ensemble) = ensemble.as_object_mut() {
            ensemble.remove("chain");
        }
        RunConfig {
            format: FORMAT,
            chain: self.config.chain.clone(),
            sampler: self.sampler.name().to_string(),
            settings: self.sampler.settings().clone(),
            first_step_size: self.sampler.first_step_size(),
            seed: self.seed,
            walker: self.sampler.walker(),
            batch_size: order.map(BatchOrder::batch_size),
            batch_seed: order.map(BatchOrder::seed),
            num_rows: self.potential.num_rows(),
            parameters: RunConfig::parameters(self.potential.layout()),
            closed_form_gradients: Some(self.potential.has_closed_form_gradients()),
            ensemble: Some(ensemble),
            description: self.description.clone(),
        }
    }
}
