//! Replica exchange: walkers on a ladder of inverse temperatures that change places.

mod config;
mod exchange;
mod ladder;
mod summary;
mod swaps;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde_json::Value;
use tati_core::{ModelPotential, Result, Rows};

use super::{Ensemble, EnsembleConfig, drive};
use crate::{ChainSampler, Observer, Prior, Progress};
use config::invalid;

pub use config::ReplicaExchangeConfig;
pub(super) use exchange::Exchange;
pub use summary::{PairSummary, ReplicaExchangeSummary, RungSummary};

/// The samplers whose inverse temperature can change on their way.
const EXCHANGED: [&str; 5] = ["sgld", "gla1", "gla2", "baoab", "hmc"];

/// Replica exchange, or parallel tempering: walkers at inverse temperatures β₀ > β₁ > … sample exp(−β₀U) exp(−β₁U) … together. Those at small
/// β cross barriers that the one at β₀ never would. Every `swap_every` steps neighbours k and k + 1 change places with probability
///
/// ```text
/// α = min(1, exp((βₖ − βₖ₊₁)(U(θₖ) − U(θₖ₊₁)))),   θₖ ↔ θₖ₊₁,   pₖ ↔ sqrt(βₖ₊₁/βₖ) pₖ₊₁
/// ```
///
/// which leaves the joint density as it is: with momenta so rescaled (Y. Sugita, Y. Okamoto, Chem. Phys. Lett. 314 (1999) 141) the kinetic
/// energies cancel from α, and the walkers go on in the direction that they had. HMC draws its momenta anew in any case. The pairs are
/// (0, 1), (2, 3), … and (1, 2), (3, 4), … in turn, which carries replicas along the ladder faster than pairs drawn at random.
///
/// *U in α is over all data*, also where the steps take mini-batches. Were it an estimate with an error of variance s², α would be
/// exp(Δβ(ΔU + error)), whose mean is exp(Δβ ΔU + Δβ²s²/2) even where the minimum does not cut it: exchanges would be made that exp(−βU) does
/// not allow, and each rung would sample another density. A sweep costs one evaluation of the loss without gradients for each walker;
/// kernels have the potential already.
///
/// *The ladder tunes itself* during burn-in if asked: in rounds of 2, 4, 8, … times as many sweeps, of which the last ends with burn-in, the
/// mean rejection 1 − α of every pair is measured, and the rungs are moved to where all would have been alike (Syed et al. 2022). The ends
/// stay. A pair that never accepts tells nothing: it takes enough rungs.
///
/// Walkers run on the threads of rayon's current pool; nothing depends on the number of threads. Walker w + i begins at rung i, w being that of
/// the sampler's config, and its noise and mini-batches go with it. The record is one store with a chain for each rung, the coldest
/// first, and says of each draw β and the walker that was there (`inverse_temperature`, `replica`). Whoever wants exp(−β₀U) reads chain 0.
///
/// A walker whose potential is no longer finite ends the run, for the rungs are one chain: the error names step, walker and β, and
/// what was recorded until then stays.
///
/// Source: R. H. Swendsen, J.-S. Wang, Phys. Rev. Lett. 57 (1986) 2607; C. J. Geyer, Computing Science and Statistics 23 (1991) 156;
/// S. Syed, A. Bouchard-Côté, G. Deligiannidis, A. Doucet, J. R. Stat. Soc. B 84 (2022) 321.
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati_core::{ModelPotential, open_device};
/// use tati_samplers::{BaoabConfig, ChainConfig, ChainSampler, Prior, ReplicaExchangeConfig};
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(2, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     (model.forward(inputs) - 1.0).powi_scalar(2).mean()
/// })?;
///
/// let sampler = BaoabConfig::new(100.0).with_prior(Some(Prior::Gaussian(0.01))).with_seed(Some(1));
/// let finished = ReplicaExchangeConfig::geometric(100.0, 10.0, 3, ChainConfig::new(400).with_burn_in(100))
///     .init(model, potential, ChainSampler::optimizer(&sampler, 0.1))?
///     .run()?;
/// let summary = &finished.summary;
/// assert_eq!((summary.rungs[0].num_draws, summary.num_sweeps), (300, 30));
/// assert_eq!(summary.pairs[0].attempts, 15);
/// assert!(summary.pairs.iter().all(|pair| pair.acceptance > 0.1));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub struct ReplicaExchange<'a, M, R, L> {
    ensemble: Ensemble<'a, M, R, L>,
}

/// A replica exchange that has come to its end, or was interrupted.
#[derive(Clone, Debug)]
pub struct FinishedReplicaExchange<M> {
    /// The model at each rung after the last step, the coldest first.
    pub models: Vec<M>,
    /// What was done.
    pub summary: ReplicaExchangeSummary,
}

impl ReplicaExchangeConfig {
    /// Walkers from the parameters of `model`, which must be of the kind that `potential` was made of.
    ///
    /// # Errors
    /// For a setting outside its domain; for a sampler whose β is not that of the coldest rung, or one that keeps to its β; for a model
    /// unlike the potential's; for a kernel with mini-batches.
    pub fn init<'a, M, R, L>(
        &self,
        model: M,
        potential: ModelPotential<M, R, L>,
        sampler: ChainSampler,
    ) -> Result<ReplicaExchange<'a, M, R, L>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Sync,
    {
        self.validate()?;
        self.check_sampler(&sampler)?;
        let mut start = Vec::new();
        potential.layout().copy_to_host(&model, &mut start)?;
        // What one walker lost is lost to all.
        let walkers = EnsembleConfig::new(self.inverse_temperatures.len(), self.chain.clone())
            .with_stop_at_divergence(true);
        let mut ensemble = walkers.init(model, potential, sampler)?;
        let exchange = Exchange::new(self.clone(), &ensemble.sampler, start);
        ensemble.exchange = Some(exchange);
        Ok(ReplicaExchange { ensemble })
    }

    fn check_sampler(&self, sampler: &ChainSampler) -> Result<()> {
        if !EXCHANGED.contains(&sampler.name()) {
            return invalid(
                "sampler",
                format!("`{}`", sampler.name()),
                format!("one of {} for replica exchange", EXCHANGED.join(", ")),
            );
        }
        let setting = |name: &str| {
            sampler
                .settings()
                .get(name)
                .filter(|value| !value.is_null())
        };
        let (coldest, own) = (self.inverse_temperatures[0], setting("inverse_temperature"));
        if own.and_then(Value::as_f64) != Some(coldest) {
            return invalid(
                "inverse_temperature",
                own.map_or("infinite".to_string(), Value::to_string),
                format!("that of the coldest rung, {coldest}"),
            );
        }
        if setting("annealing").is_some() {
            return invalid(
                "annealing",
                "set".to_string(),
                "left out for replica exchange, which sets the inverse temperature".to_string(),
            );
        }
        Ok(())
    }
}

impl<'a, M, R, L> ReplicaExchange<'a, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// The seed in use: the one that was set, or one from entropy. Print it.
    pub fn seed(&self) -> u64 {
        self.ensemble.seed()
    }

    /// Starts the walker at rung i at the i-th of `positions`, each of length N, in place of the model's parameters. They are no part of the
    /// record: a run that is resumed before its first checkpoint has to be given the same ones.
    ///
    /// # Errors
    /// If there is not one position of length N for each rung; for a sampler with a tether, whose potential would be another one at each.
    pub fn with_starts(mut self, positions: Vec<Vec<f64>>) -> Result<Self> {
        if self.ensemble.sampler.prior().is_some_and(Prior::is_tether) {
            return invalid(
                "prior",
                "a tether".to_string(),
                "the same for all walkers: a tether's centre is where its walker began".to_string(),
            );
        }
        self.ensemble = self.ensemble.with_starts(positions)?;
        Ok(self)
    }

    /// Spreads the walkers over `devices`: walker i is on device i modulo their number, with its own copy of the data, wherever on the
    /// ladder it is. All on the device of the model if there is none.
    pub fn with_devices(mut self, devices: &[Device]) -> Self {
        self.ensemble = self.ensemble.with_devices(devices);
        self
    }

    /// Shows every draw of rung `rung`, counted from the coldest as 0, to `observer`.
    ///
    /// # Errors
    /// If there is no such rung.
    pub fn with_observer(
        mut self,
        rung: usize,
        observer: &'a mut (dyn Observer<M> + Send),
    ) -> Result<Self> {
        let rungs = self.ensemble.config.num_walkers;
        if rung >= rungs {
            let expected = format!("below the number of rungs, {rungs}");
            return invalid("rung", rung.to_string(), expected);
        }
        self.ensemble = self.ensemble.with_observer(rung, observer)?;
        Ok(self)
    }

    /// Calls `progress` about ten times a second, and at the end. Its steps are those of each walker, its draws those of all, and its
    /// potential that at the coldest rung.
    pub fn with_progress(mut self, progress: impl FnMut(&Progress) + 'a) -> Self {
        self.ensemble = self.ensemble.with_progress(progress);
        self
    }

    /// Ends the run soon after the flag is set, with all walkers at the same step and everything saved.
    pub fn with_interrupt(mut self, interrupted: &Arc<AtomicBool>) -> Self {
        self.ensemble = self.ensemble.with_interrupt(interrupted);
        self
    }

    /// As [`Chain::with_description`](crate::Chain::with_description).
    pub fn with_description(mut self, description: Value) -> Self {
        self.ensemble = self.ensemble.with_description(description);
        self
    }

    /// Records the run in the new folder `path`: configuration, the draws of each rung, checkpoints, the last models.
    ///
    /// # Errors
    /// If the folder exists or cannot be made.
    pub fn record(mut self, path: impl AsRef<Path>) -> Result<Self> {
        self.ensemble = self.ensemble.record(path)?;
        Ok(self)
    }

    /// Goes on with the run recorded in the folder `path`, from its last checkpoint: what it records is bit for bit what the run
    /// would have recorded without the stop, on CPU devices and with any number of threads. The seed is taken from the record; a
    /// larger number of steps extends the run.
    ///
    /// # Errors
    /// If there is no run in the folder, or one of another model, sampler, data, ladder or setting; nothing is changed then.
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self> {
        self.ensemble = self.ensemble.resume(path)?;
        Ok(self)
    }

    /// Runs to the end, or until interrupted.
    ///
    /// # Errors
    /// A divergence, naming step, walker and inverse temperature; files that cannot be written; an observer's error. What was recorded
    /// until then stays readable, and the last checkpoint can be resumed.
    pub fn run(self) -> Result<FinishedReplicaExchange<M>> {
        let ended = drive::run(self.ensemble)?;
        let Some(summary) = ended.exchange else {
            unreachable!("the ensemble was made with an exchange");
        };
        Ok(FinishedReplicaExchange {
            models: ended.models.into_iter().flatten().collect(),
            summary,
        })
    }
}
