//! A sampler of either kind as a chain takes it: a Burn optimizer with its step sizes, or a kernel on the flat vector.

use std::sync::Arc;

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;
use serde_json::Value;
use tati_core::{BatchOrder, Result, TatiError};

use crate::{
    HeatBath, Kernel, KernelConfig, NoiseSource, Prior, SamplerConfig, Thermometer, entropy_seed,
};

/// A sampler ready for a chain.
///
/// # Example
/// ```
/// use tati_samplers::{BaoabConfig, ChainSampler, HmcConfig};
///
/// let kinetic = ChainSampler::optimizer(&BaoabConfig::new(6.0e4), 0.05);
/// let exact = ChainSampler::kernel(&HmcConfig::new(6.0e4, 0.01, 0.1));
/// assert_eq!((kinetic.name(), exact.name()), ("baoab", "hmc"));
/// ```
#[derive(Clone)]
pub struct ChainSampler {
    name: &'static str,
    settings: Value,
    prior: Option<Prior>,
    seed: Option<u64>,
    walker: u32,
    start: Start,
}

type StartOptimizer =
    Arc<dyn Fn(&NoiseSource, &Thermometer, Under<'_>) -> Result<ModuleOptimizer> + Send + Sync>;
/// [`SamplerConfig::owed_share`].
type OwedShare = Arc<dyn Fn(f64) -> f64 + Send + Sync>;
type StartKernel = Arc<dyn Fn(&Tensor<1>, &NoiseSource) -> Result<Box<dyn Kernel>> + Send + Sync>;

#[derive(Clone)]
enum Start {
    Optimizer {
        start: StartOptimizer,
        schedule: ModuleLrScheduler,
        owed_share: OwedShare,
    },
    Kernel(StartKernel),
}

/// What a caller takes in hand of an optimizer.
#[derive(Clone, Copy, Debug)]
enum Under<'a> {
    OwnSettings,
    /// The caller adds the prior to U.
    PriorOfCaller,
    /// The caller sets β.
    Bath(&'a HeatBath),
}

/// A sampler on its way.
pub(crate) enum Mover {
    Optimizer {
        optimizer: ModuleOptimizer,
        schedule: ModuleLrScheduler,
        thermometer: Thermometer,
        owed_share: OwedShare,
    },
    Kernel(Box<dyn Kernel>),
}

impl ChainSampler {
    /// A sampler that is a Burn optimizer, with a constant step size, a Burn `LrScheduler` or a `ModuleLrScheduler`.
    pub fn optimizer<C: SamplerConfig + Clone + Send + Sync + 'static>(
        config: &C,
        step_size: impl Into<ModuleLrScheduler>,
    ) -> Self {
        let (seed, walker) = config.seed_and_walker();
        let (own, kicking) = (config.clone(), config.clone());
        let mut without_prior = config.clone();
        let prior = without_prior.take_prior();
        Self {
            name: C::NAME,
            settings: settings(config),
            prior,
            seed,
            walker,
            start: Start::Optimizer {
                start: Arc::new(move |noise, thermometer, under| match under {
                    Under::OwnSettings => own.start(noise, thermometer),
                    Under::PriorOfCaller => without_prior.start(noise, thermometer),
                    Under::Bath(bath) => own.start_in(noise, thermometer, bath),
                }),
                schedule: step_size.into(),
                owed_share: Arc::new(move |step_size| kicking.owed_share(step_size)),
            },
        }
    }

    /// A kernel on the flat vector, for potentials over the full batch.
    pub fn kernel<C: KernelConfig + Clone + Send + Sync + 'static>(config: &C) -> Self {
        let (seed, walker) = config.seed_and_walker();
        let own = config.clone();
        Self {
            name: C::NAME,
            settings: settings(config),
            prior: config.prior().cloned(),
            seed,
            walker,
            start: Start::Kernel(Arc::new(move |position, noise| own.start(position, noise))),
        }
    }

    /// The sampler's name, as `baoab`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The same sampler with the noise of this seed and walker: for several chains of one kind.
    pub fn with_seed_and_walker(mut self, seed: u64, walker: u32) -> Self {
        (self.seed, self.walker) = (Some(seed), walker);
        self
    }

    /// The prior that it adds to U.
    pub fn prior(&self) -> Option<&Prior> {
        self.prior.as_ref()
    }

    /// The sampler's settings as JSON, without seed and walker.
    pub fn settings(&self) -> &Value {
        &self.settings
    }

    /// The seed that was set.
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The step size that the run begins with; `None` for kernels, whose settings have it.
    pub(crate) fn first_step_size(&self) -> Option<f64> {
        match &self.start {
            Start::Optimizer { schedule, .. } => Some(schedule.clone().step().base()),
            Start::Kernel(_) => None,
        }
    }

    /// Whether it is a Burn optimizer, which evaluates the potential once a step.
    pub(crate) fn is_optimizer(&self) -> bool {
        matches!(self.start, Start::Optimizer { .. })
    }

    /// Refuses mini-batches, which are in this order, for a kernel.
    pub(crate) fn check_batches(&self, order: Option<&BatchOrder>) -> Result<()> {
        match (&self.start, order) {
            (Start::Kernel(_), Some(_)) => Err(TatiError::InvalidSetting {
                name: "batch_size",
                value: "smaller than the data".to_string(),
                expected: format!(
                    "left out for `{}`, which compares energies of different positions",
                    self.name
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses settings outside their domain, as starting with them would: before anything is on disk.
    pub(crate) fn check_settings(
        &self,
        position: impl FnOnce() -> Result<Tensor<1>>,
    ) -> Result<()> {
        self.start(&self.noise(), position).map(|_| ())
    }

    /// The noise of the run, from the seed that was set or from entropy.
    pub(crate) fn noise(&self) -> NoiseSource {
        NoiseSource::new(self.seed.unwrap_or_else(entropy_seed), self.walker)
    }

    /// The walker that was set.
    pub(crate) fn walker(&self) -> u32 {
        self.walker
    }

    /// The prior of a Burn optimizer, which another can add to U in its stead.
    pub(crate) fn prior_of_optimizer(&self) -> Option<&Prior> {
        match &self.start {
            Start::Optimizer { .. } => self.prior.as_ref(),
            Start::Kernel(_) => None,
        }
    }

    /// The sampler at its first step. `position` is asked for by kernels alone.
    pub(crate) fn start(
        &self,
        noise: &NoiseSource,
        position: impl FnOnce() -> Result<Tensor<1>>,
    ) -> Result<Mover> {
        self.start_with(noise, position, Under::OwnSettings)
    }

    /// The same, but that the caller adds the prior of a Burn optimizer to U.
    pub(crate) fn start_without_prior(
        &self,
        noise: &NoiseSource,
        position: impl FnOnce() -> Result<Tensor<1>>,
    ) -> Result<Mover> {
        if let Some(prior) = self.prior_of_optimizer() {
            prior.validate()?;
        }
        self.start_with(noise, position, Under::PriorOfCaller)
    }

    /// The same at the inverse temperature of `bath`, which it may change; a kernel is told by
    /// [`Kernel::set_inverse_temperature`].
    pub(crate) fn start_in(
        &self,
        bath: &HeatBath,
        noise: &NoiseSource,
        position: impl FnOnce() -> Result<Tensor<1>>,
    ) -> Result<Mover> {
        let mut mover = self.start_with(noise, position, Under::Bath(bath))?;
        if let Mover::Kernel(kernel) = &mut mover {
            kernel.set_inverse_temperature(bath.inverse_temperature())?;
        }
        Ok(mover)
    }

    fn start_with(
        &self,
        noise: &NoiseSource,
        position: impl FnOnce() -> Result<Tensor<1>>,
        under: Under<'_>,
    ) -> Result<Mover> {
        match &self.start {
            Start::Optimizer {
                start,
                schedule,
                owed_share,
            } => {
                let thermometer = Thermometer::new();
                Ok(Mover::Optimizer {
                    optimizer: start(noise, &thermometer, under)?,
                    schedule: schedule.clone(),
                    thermometer,
                    owed_share: owed_share.clone(),
                })
            }
            Start::Kernel(start) => start(&position()?, noise).map(Mover::Kernel),
        }
    }
}

/// A config as JSON, without the seed and walker, which the run keeps elsewhere.
fn settings(config: &impl burn::config::Config) -> Value {
    let mut settings = serde_json::to_value(config).unwrap_or(Value::Null);
    if let Value::Object(settings) = &mut settings {
        settings.remove("seed");
        settings.remove("walker");
    }
    settings
}

/// A record of Burn that does not fit.
pub(crate) fn record_error(what: &str, error: impl std::fmt::Display) -> TatiError {
    TatiError::Record {
        what: what.to_string(),
        reason: error.to_string(),
    }
}
