//! Exchanges in the loop of an ensemble whose members are the rungs of a ladder.

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{Result, Rows, TatiError};

use super::ReplicaExchangeSummary;
use super::config::ReplicaExchangeConfig;
use super::swaps::Swaps;
use crate::chain::divergence;
use crate::chain::run_folder::{RunFolder, State};
use crate::chain::sampler::Mover;
use crate::chain::walker::Walker;
use crate::ensemble::EnsembleSummary;
use crate::ensemble::checkpoint::to_bytes;
use crate::ensemble::drive::Drive;
use crate::ensemble::member::Member;
use crate::{ChainSampler, NoiseStream, Prior};

/// The stream of what decides on exchanges, below that of the jitter.
const EXCHANGES: u32 = 0xFF_FFEF;

/// What the file of a checkpoint is called.
const SWAPS: &str = "replica_exchange";

/// A replica exchange under way.
pub(crate) struct Exchange {
    config: ReplicaExchangeConfig,
    swaps: Swaps,
    /// The first, whose stream it is that decides on exchanges.
    walker: u32,
    /// What the potential of a Burn optimizer has beside the loss, with θ₀ of a tether.
    prior: Option<(Prior, Vec<f64>)>,
}

impl Exchange {
    /// Before the first step, which is from `start` where the prior is a tether.
    pub(crate) fn new(
        config: ReplicaExchangeConfig,
        sampler: &ChainSampler,
        start: Vec<f64>,
    ) -> Self {
        let prior = sampler.prior_of_optimizer();
        Self {
            swaps: Swaps::new(config.inverse_temperatures.clone()),
            config,
            walker: sampler.walker(),
            prior: prior.map(|prior| (prior.clone(), start)),
        }
    }

    /// The settings as a run folder keeps them, but for those of the chain.
    pub(crate) fn settings(&self) -> &ReplicaExchangeConfig {
        &self.config
    }

    /// β of a rung.
    pub(crate) fn inverse_temperature(&self, rung: usize) -> f64 {
        self.swaps.ladder[rung]
    }

    /// The number of steps from one meeting of the walkers to the next.
    pub(crate) fn every(&self) -> u64 {
        self.config.swap_every
    }

    /// Whether replicas are exchanged once `step` steps are taken.
    pub(crate) fn is_sweep(&self, step: u64) -> bool {
        step.is_multiple_of(self.config.swap_every)
    }

    pub(crate) fn summary(&self, ensemble: &EnsembleSummary) -> ReplicaExchangeSummary {
        ReplicaExchangeSummary::new(ensemble, &self.swaps)
    }

    /// What decides on the exchanges of the next sweep.
    fn uniforms(&self, seed: u64) -> Vec<f64> {
        let mut uniforms = vec![0.0; self.swaps.pairs.len()];
        let stream = NoiseStream {
            seed,
            walker: self.walker,
            tensor: EXCHANGES,
        };
        stream.fill_uniform(self.swaps.sweeps, &mut uniforms);
        uniforms
    }

    /// `error` with β of the rung that it happened at.
    pub(crate) fn at_rung(&self, error: TatiError, rung: usize) -> TatiError {
        match error {
            TatiError::NotFinite {
                what,
                value,
                remedy,
            } => TatiError::NotFinite {
                what: format!(
                    "{what}, at inverse temperature {}",
                    self.inverse_temperature(rung)
                ),
                value,
                remedy,
            },
            other => other,
        }
    }
}

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// Exchanges walkers between neighbouring rungs, whose potentials the members have looked up, and moves the rungs at the end of a
    /// round of tuning.
    pub(crate) fn exchange(&mut self) -> Result<()> {
        let step = self.step;
        let Some(exchange) = self.exchange.as_mut() else {
            return Ok(());
        };
        if !exchange.is_sweep(step) {
            return Ok(());
        }
        let members = self.members.iter();
        let potentials: Vec<f64> = members.map(|member| member.full_potential).collect();
        let is_counted = step > exchange.config.chain.burn_in;
        let uniforms = exchange.uniforms(self.seed);
        for rung in exchange.swaps.sweep(&potentials, &uniforms, is_counted) {
            let (colder, hotter) = self.members.split_at_mut(rung + 1);
            colder[rung].exchange_walkers(&mut hotter[0]);
        }
        if exchange.config.ends_round(step) {
            exchange.swaps.tune();
        }
        self.set_inverse_temperatures()
    }

    /// Puts every walker at β of its rung.
    fn set_inverse_temperatures(&mut self) -> Result<()> {
        let ladder = self
            .exchange
            .iter()
            .flat_map(|exchange| &exchange.swaps.ladder);
        for (member, beta) in self.members.iter_mut().zip(ladder) {
            member.walker.set_inverse_temperature(*beta)?;
        }
        Ok(())
    }

    /// The file of a checkpoint that says who is where.
    pub(crate) fn save_exchange(&self, parts: &mut Vec<(String, Vec<u8>)>) {
        if let Some(exchange) = &self.exchange {
            parts.push((SWAPS.to_string(), to_bytes(&exchange.swaps)));
        }
    }

    /// Puts the walkers, which are at the rungs that they began at, at those where a checkpoint was taken.
    pub(crate) fn restore_exchange(&mut self, folder: &RunFolder, state: &State) -> Result<()> {
        let Some(exchange) = &mut self.exchange else {
            return Ok(());
        };
        let (file, bytes) = folder.checkpoint_part(state, SWAPS)?;
        let swaps: Swaps = ciborium::from_reader(bytes.as_slice())
            .map_err(|error| TatiError::format(&file, error.to_string()))?;
        let mut sorted = swaps.replicas.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.members.len()) || swaps.ladder.len() != sorted.len() {
            return Err(TatiError::format(&file, "is of another ladder"));
        }
        // Cycle by cycle: whoever is at a rung too early is handed on.
        let mut at: Vec<usize> = (0..self.members.len()).collect();
        for (rung, replica) in swaps.replicas.iter().enumerate() {
            let found = at[rung..].iter().position(|other| other == replica);
            let place = rung + found.unwrap_or(0);
            if place > rung {
                at.swap(rung, place);
                let (colder, hotter) = self.members.split_at_mut(place);
                colder[rung].exchange_walkers(&mut hotter[0]);
            }
        }
        exchange.swaps = swaps;
        self.set_inverse_temperatures()
    }
}

impl<M, R, L> Member<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
{
    /// Takes down U of the walker over all data, the prior included, for the exchange that comes.
    pub(crate) fn look_up_potential(&mut self, exchange: &Exchange) {
        match self.potential_over_all_data(exchange) {
            Ok(potential) if potential.is_finite() => self.full_potential = potential,
            Ok(potential) => {
                let Walker { step, noise, .. } = &self.walker;
                let error = divergence::error(potential, *step, noise.walker(), None);
                self.failure = Some(error);
            }
            Err(error) => self.failure = Some(error),
        }
    }

    fn potential_over_all_data(&self, exchange: &Exchange) -> Result<f64> {
        let (Mover::Optimizer { .. }, Some(model)) = (&self.walker.mover, &self.model) else {
            // A kernel has it of its last transition.
            return Ok(self.walker.last.potential);
        };
        let mut potential = self.walker.potential.full_batch_loss(model);
        if let Some((prior, center)) = &exchange.prior {
            let mut position: Vec<f64> = Vec::new();
            self.walker.layout().copy_to_host(model, &mut position)?;
            let center = prior.is_tether().then_some(center.as_slice());
            let mut unused = vec![0.0; position.len()];
            potential += prior.energy_and_add_gradient(&position, center, &mut unused);
        }
        Ok(potential)
    }

    /// The walkers change places; the records, observers and moments of the rungs stay.
    fn exchange_walkers(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.walker, &mut other.walker);
        std::mem::swap(&mut self.model, &mut other.model);
        std::mem::swap(&mut self.walker.recorder, &mut other.walker.recorder);
    }
}
