//! The local learning coefficient by tethered SGLD chains.

mod sweep;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use rayon::prelude::*;
use tati_core::{
    ModelPotential, Potential, Result, Rows, TatiError, require_count, require_non_negative,
    require_positive, shares_host_memory,
};
use tati_landscape::{LearningCoefficient, learning_coefficient_inverse_temperature};
use tati_samplers::{ChainConfig, ChainSampler, Draw, Prior, SgldConfig, entropy_seed};

pub use sweep::{
    LearningCoefficientSweep, LearningCoefficientSweepConfig, SweepOutcome, SweepSetting,
};

/// Estimates the local learning coefficient at the parameters θ* of a model: SGLD chains from θ* draw from
///
/// ```text
/// exp(−β L(θ) − (γ/2)|θ − θ*|²),   β = n/ln n
/// ```
///
/// L being the mean loss over the n data items, and the losses along them make the [`LearningCoefficient`]. Its baseline L(θ*) is the loss
/// over all data, also where the chains take mini-batches; the tether's energy is not counted. Each chain has its own noise and its own
/// order of mini-batches.
///
/// The step size is that of θ ← θ − h∇L + …; Lau et al. write ε = 2h/β. A step that is too large biases the estimate, one that is too
/// small leaves it low after as many steps; a tether that is too strong lowers it, one that is too weak lets chains leave for
/// other minima. [`LearningCoefficientSweepConfig`] shows where the estimate depends on neither.
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati::ModelPotential;
/// use tati::workflow::LearningCoefficientConfig;
///
/// let device = tati::open_device("flex")?.autodiff();
/// let model = LinearConfig::new(1, 1).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0], [1.0], [2.0], [3.0]], &device.clone().inner());
/// let potential = ModelPotential::new(model.clone(), inputs, |model: &Linear, inputs| {
///     model.forward(inputs).powi_scalar(2).mean()
/// })?;
/// let config = LearningCoefficientConfig::new(0.01, 1.0)
///     .with_num_chains(2)
///     .with_num_steps(200)
///     .with_burn_in(100)
///     .with_seed(Some(1));
/// let (coefficient, seed) = config.run(&model, &potential, |_| ())?;
/// assert_eq!((coefficient.of_chains.len(), coefficient.num_draws, seed), (2, 100, 1));
/// # Ok::<(), tati::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct LearningCoefficientConfig {
    /// h, the step size of SGLD.
    pub step_size: f64,
    /// γ, the strength of the tether; 0 for none.
    pub tether_strength: f64,
    /// Chains; at least 2, which the error needs.
    #[config(default = 8)]
    pub num_chains: usize,
    /// Steps of each chain, those of burn-in included.
    #[config(default = 2000)]
    pub num_steps: u64,
    /// Steps at the start of each chain whose losses are not counted.
    #[config(default = 1000)]
    pub burn_in: u64,
    /// Items in a mini-batch; all of them if `None`.
    pub batch_size: Option<usize>,
    /// β; n/ln n if `None`.
    pub inverse_temperature: Option<f64>,
    /// Seed of the noise and of the mini-batches; from entropy if `None`.
    pub seed: Option<u64>,
}

/// How far the chains have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainsProgress {
    /// Steps taken, of all chains together.
    pub num_steps: u64,
    /// Steps to take.
    pub max_steps: u64,
}

impl fmt::Display for ChainsProgress {
    /// As `1200/16000 steps`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} steps", self.num_steps, self.max_steps)
    }
}

impl LearningCoefficientConfig {
    /// Runs the chains from the parameters of `model`, side by side on a CPU, and reports to `progress` from any of their threads about
    /// ten times a second. Returns the estimate and the seed in use. `potential` is the loss over all data, without a prior.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain, and if `potential` has mini-batches of its own;
    /// [`TatiError::NotFinite`] if a chain diverges.
    pub fn run<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        progress: impl Fn(&ChainsProgress) + Sync,
    ) -> Result<(LearningCoefficient, u64)>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
    {
        let seed = self.seed.unwrap_or_else(entropy_seed);
        let max_steps = self.max_steps();
        let report = |num_steps| {
            progress(&ChainsProgress {
                num_steps,
                max_steps,
            });
        };
        let coefficient = self.run_walkers(model, potential, seed, 0, &report)?;
        Ok((coefficient, seed))
    }

    /// Steps of all chains together.
    fn max_steps(&self) -> u64 {
        self.num_steps.saturating_mul(self.num_chains as u64)
    }

    /// [`run`](Self::run) with the noise of the walkers from `first_walker` on.
    fn run_walkers<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        seed: u64,
        first_walker: u32,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<LearningCoefficient>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
    {
        require_positive("step_size", self.step_size)?;
        require_non_negative("tether_strength", self.tether_strength)?;
        require_count("num_chains", self.num_chains, 2..)?;
        if potential.batch_order().is_some() {
            return Err(TatiError::InvalidSetting {
                name: "potential",
                value: "over mini-batches".to_string(),
                expected: "over all data, which the baseline needs: mini-batches are a setting of the estimate"
                    .to_string(),
            });
        }
        let inverse_temperature = match self.inverse_temperature {
            Some(inverse_temperature) => inverse_temperature,
            None => learning_coefficient_inverse_temperature(potential.num_rows())?,
        };
        require_positive("inverse_temperature", inverse_temperature)?;
        let minimum = potential.layout().flatten(model)?;
        let baseline = potential.energy(&minimum)?;
        let steps: Vec<AtomicU64> = (0..self.num_chains).map(|_| AtomicU64::new(0)).collect();
        let run_chain = |(chain, model, potential): (usize, M, ModelPotential<M, R, L>)| {
            self.losses(
                model,
                potential,
                inverse_temperature,
                (seed, first_walker + chain as u32),
                |step| {
                    steps[chain].store(step, Ordering::Relaxed);
                    report(
                        steps
                            .iter()
                            .map(|steps| steps.load(Ordering::Relaxed))
                            .sum(),
                    );
                },
            )
        };
        // Parameters of its own for each: Burn's tape makes chains that share them wait for each other, possibly for ever.
        let chains = (0..self.num_chains)
            .map(|chain| {
                let model = potential
                    .layout()
                    .unflatten(model.clone(), minimum.clone())?;
                Ok((chain, model, potential.clone()))
            })
            .collect::<Result<Vec<_>>>()?;
        let losses: Result<Vec<Vec<f64>>> = if shares_host_memory(&minimum.device()) {
            chains.into_par_iter().map(run_chain).collect()
        } else {
            chains.into_iter().map(run_chain).collect()
        };
        LearningCoefficient::from_losses(&losses?, 0, baseline, inverse_temperature)
    }

    /// The losses of one chain after burn-in.
    fn losses<M, R, L>(
        &self,
        model: M,
        potential: ModelPotential<M, R, L>,
        inverse_temperature: f64,
        (seed, walker): (u64, u32),
        mut report: impl FnMut(u64),
    ) -> Result<Vec<f64>>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Sync,
    {
        let potential = match self.batch_size {
            // The orders of two walkers have nothing in common: they follow from unlike seeds.
            Some(batch_size) => potential.with_batch_size(
                batch_size,
                seed.wrapping_add(u64::from(walker).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            )?,
            None => potential,
        };
        // A prior of U is multiplied by β, the tether is not.
        let tether = Prior::Tether(self.tether_strength / inverse_temperature);
        let sampler = SgldConfig::new(inverse_temperature)
            .with_prior((self.tether_strength > 0.0).then_some(tether))
            .with_seed(Some(seed))
            .with_walker(walker);
        let mut losses = Vec::new();
        let mut keep = |draw: &Draw<'_, M>| {
            let statistics = draw.statistics;
            losses.push(statistics.potential - statistics.prior_energy.unwrap_or(0.0));
            Ok(())
        };
        ChainConfig::new(self.num_steps)
            .with_burn_in(self.burn_in)
            .init(
                model,
                potential,
                ChainSampler::optimizer(&sampler, self.step_size),
            )?
            .with_observer(&mut keep)
            .with_progress(|progress| report(progress.step))
            .run()?;
        Ok(losses)
    }
}
