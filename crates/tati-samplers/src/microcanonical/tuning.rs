//! How MCLMC finds its step size.

use serde::{Deserialize, Serialize};

use crate::metropolis::running_variance::RunningVariance;

/// Tuning of ε: the energy error's square grows as ε⁶, so that of each step gives an estimate of the right ε, and they are
/// averaged with weights that prefer steps near it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tuning {
    pub(super) taken: u64,
    /// Lowered at each step that led to no finite energy.
    largest_step_size: f64,
    weighted: f64,
    weight: f64,
    /// Positions whose variances give L.
    pub(super) positions: RunningVariance,
}

impl Tuning {
    pub(super) fn new(num_parameters: usize) -> Self {
        Self {
            taken: 0,
            largest_step_size: f64::INFINITY,
            weighted: 0.0,
            weight: 0.0,
            positions: RunningVariance::new(num_parameters),
        }
    }

    /// The next ε, from the current one and the ratio of its squared energy error to that asked for; `None` if it was not finite.
    pub(super) fn step_size(&mut self, step_size: f64, ratio: Option<f64>) -> f64 {
        const SHRINK: f64 = 0.8;
        /// Steps that an estimate is averaged over.
        const MEMORY: f64 = 150.0;
        /// Spread of ln ε over which a step's estimate is trusted.
        const SPREAD: f64 = 1.5;
        const FLOOR: f64 = 1e-8;

        let Some(ratio) = ratio.filter(|ratio| ratio.is_finite()) else {
            self.largest_step_size = SHRINK * step_size;
            return self.largest_step_size;
        };
        let ratio = ratio + FLOOR;
        let distance = ratio.ln() / (6.0 * SPREAD);
        let trust = (-0.5 * distance * distance).exp().max(f64::MIN_POSITIVE);
        let keep = (MEMORY - 1.0) / (MEMORY + 1.0);
        self.weighted = keep * self.weighted + trust * ratio / step_size.powi(6);
        self.weight = keep * self.weight + trust;
        (self.weighted / self.weight)
            .powf(-1.0 / 6.0)
            .min(self.largest_step_size)
    }
}
