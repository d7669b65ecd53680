//! Many chains at once: how they step, and what is counted of their draws.

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use indicatif::ProgressBar;
use tati::prelude::*;
use tati::samplers::{CyclicalConfig, InverseTemperatureSchedule, Stage};

use crate::mixture::{MODES, Mixture, SIDE, nearest};
use crate::support::Failure;

/// A chain has covered a mode with so many draws this near to it, as the source counts: a passage does not.
const COVERING_DRAWS: u64 = 10;
const COVERING_RADIUS: f64 = 0.5;
/// Draws in a panel of the figure, about.
const SHOWN: usize = 4000;

/// How the step size goes.
pub enum Sampler {
    Constant(f64),
    Cyclical(CyclicalConfig),
}

impl Sampler {
    pub fn label(&self) -> String {
        match self {
            Self::Constant(step_size) => format!("constant, h = {step_size}"),
            Self::Cyclical(config) => {
                format!(
                    "{} cycles from h = {}",
                    config.num_cycles, config.initial_step_size
                )
            }
        }
    }

    fn schedule(&self) -> Result<ModuleLrScheduler, TatiError> {
        match self {
            Self::Constant(step_size) => Ok(ModuleLrScheduler::from(*step_size)),
            Self::Cyclical(config) => config.init(),
        }
    }

    fn annealing(&self) -> Option<InverseTemperatureSchedule> {
        match self {
            Self::Constant(_) => None,
            Self::Cyclical(config) => Some(config.annealing()),
        }
    }

    fn draws_at(&self, step: u64) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Cyclical(config) => config.stage_at(step) == Stage::Sampling,
        }
    }
}

/// Independent chains, stepped together.
pub struct Ensemble {
    pub chains: usize,
    pub steps: usize,
    pub seed: u64,
    pub device: Device,
}

/// What the draws of all chains come to.
pub struct Found {
    /// Draws of each chain.
    pub num_draws: u64,
    /// Modes that each chain has covered.
    pub covered: Vec<usize>,
    /// Modes that some chain has covered.
    pub covered_by_any: usize,
    /// The part of all draws that is nearest to each mode.
    pub weights: [f64; MODES],
    /// Of each chain, the mean square of a coordinate's deviation from its mode.
    pub variances: Vec<f64>,
    /// Some of the draws.
    pub shown: Vec<[f64; 2]>,
}

impl Ensemble {
    /// Runs all chains from the mode in the middle.
    pub fn sample(
        &self,
        sampler: &Sampler,
        walker: u32,
        progress: &ProgressBar,
    ) -> Result<Found, Failure> {
        let mixture = Mixture::new(&self.device.clone().inner());
        let mut schedule = sampler.schedule()?;
        let mut optimizer = SgldConfig::new(1.0)
            .with_annealing(sampler.annealing())
            .with_seed(Some(self.seed))
            .with_walker(walker)
            .build()?
            .into_optimizer();
        let mut model = Positions::at_origin(self.chains, &self.device);
        let mut counts = Counts::new(self.chains);
        for step in 0..self.steps as u64 {
            let mut gradients = GradientsParams::new();
            let position = model.coordinates.val().inner();
            gradients.register(model.coordinates.id, mixture.gradient(position));
            model = optimizer.step(schedule.step(), model, gradients);
            if sampler.draws_at(step) {
                counts.take_in(&model, self.steps)?;
            }
            progress.inc(1);
        }
        Ok(counts.found())
    }
}

/// x and y of every chain in turn, as one parameter.
#[derive(Module, Debug)]
struct Positions {
    coordinates: Param<Tensor<1>>,
}

impl Positions {
    fn at_origin(chains: usize, device: &Device) -> Self {
        Self {
            coordinates: Param::from_tensor(Tensor::zeros([2 * chains], device)),
        }
    }
}

struct Counts {
    num_draws: u64,
    /// For each chain, its draws near each mode.
    near: Vec<[u64; MODES]>,
    /// Draws of all chains nearest to each mode.
    nearest: [u64; MODES],
    /// For each chain, Σ of squared deviations of both coordinates.
    squares: Vec<f64>,
    shown: Vec<[f64; 2]>,
}

impl Counts {
    fn new(chains: usize) -> Self {
        Self {
            num_draws: 0,
            near: vec![[0; MODES]; chains],
            nearest: [0; MODES],
            squares: vec![0.0; chains],
            shown: Vec::new(),
        }
    }

    fn take_in(&mut self, model: &Positions, steps: usize) -> Result<(), Failure> {
        let coordinates = model.coordinates.val().inner().into_data();
        let coordinates: Vec<f64> = coordinates.iter::<f64>().collect();
        let chains = self.near.len();
        let shown_every = (steps * chains).div_ceil(SHOWN) as u64;
        for (chain, position) in coordinates.chunks_exact(2).enumerate() {
            let position = [position[0], position[1]];
            if let Some(value) = position.into_iter().find(|x| !x.is_finite()) {
                return Err(Failure::Tati(TatiError::NotFinite {
                    what: format!("a coordinate of chain {chain}"),
                    value,
                    remedy: "take a smaller step size",
                }));
            }
            let (index, deviation) = nearest(position);
            let mode = SIDE * index[1] + index[0];
            let square = deviation[0] * deviation[0] + deviation[1] * deviation[1];
            self.nearest[mode] += 1;
            self.squares[chain] += square;
            self.near[chain][mode] += u64::from(square.sqrt() < COVERING_RADIUS);
            let number = self.num_draws * chains as u64 + chain as u64;
            if number.is_multiple_of(shown_every) {
                self.shown.push(position);
            }
        }
        self.num_draws += 1;
        Ok(())
    }

    fn found(self) -> Found {
        let is_covered = |near: &u64| *near >= COVERING_DRAWS;
        let by_any = |mode: usize| self.near.iter().any(|near| is_covered(&near[mode]));
        let coordinates = 2.0 * self.num_draws as f64;
        let total = self.nearest.iter().sum::<u64>() as f64;
        Found {
            num_draws: self.num_draws,
            covered_by_any: (0..MODES).filter(|mode| by_any(*mode)).count(),
            covered: self
                .near
                .iter()
                .map(|near| near.iter().filter(|near| is_covered(near)).count())
                .collect(),
            weights: self.nearest.map(|count| count as f64 / total),
            variances: self.squares.iter().map(|sum| sum / coordinates).collect(),
            shown: self.shown,
        }
    }
}
