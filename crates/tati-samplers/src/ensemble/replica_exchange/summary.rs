//! What a replica exchange did.

use serde::Serialize;

use super::ladder;
use super::swaps::Swaps;
use crate::ensemble::{EnsembleSummary, StatisticSummary};

/// What a run of replica exchange did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicaExchangeSummary {
    /// The sampler's name.
    pub sampler: String,
    /// The seed of the noise.
    pub seed: u64,
    /// Steps that each walker took, those before a restart included.
    pub num_steps: u64,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
    /// Steps of all walkers a second since the run was started or resumed.
    pub walker_steps_per_second: f64,
    /// Each rung of the ladder, the coldest first.
    pub rungs: Vec<RungSummary>,
    /// Each rung with the next.
    pub pairs: Vec<PairSummary>,
    /// Sweeps of exchanges after burn-in.
    pub num_sweeps: u64,
    /// How often, after burn-in, a replica came from the coldest rung by way of the hottest back to the coldest.
    pub round_trips: u64,
    /// How often it would have, had the potentials at each rung been independent from sweep to sweep: num_sweeps/(2 + 2 Σ r/(1 − r)), r being
    /// the rejections of the pairs (Syed et al. 2022, corollary 2). More steps between sweeps bring the two closer to each other.
    pub round_trips_expected: f64,
    /// Λ = Σ r, the communication barrier. More rungs than about 2Λ + 1 slow the replicas down (Syed et al. 2022, section 5.3).
    pub communication_barrier: f64,
}

/// One rung.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RungSummary {
    /// β.
    pub inverse_temperature: f64,
    /// The number of the walker that is there at the end.
    pub replica: u32,
    /// Draws taken here.
    pub num_draws: u64,
    /// The last step size of that walker.
    pub step_size: f64,
    /// The observables over the draws of the rung.
    pub statistics: Vec<StatisticSummary>,
}

/// Two neighbours on the ladder, after burn-in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairSummary {
    /// β of the colder one and of the hotter one.
    pub inverse_temperatures: [f64; 2],
    /// How often an exchange was tried.
    pub attempts: u64,
    /// How often it was made.
    pub exchanges: u64,
    /// The mean probability with which it was made; NaN if it was never tried.
    pub acceptance: f64,
}

impl ReplicaExchangeSummary {
    pub(super) fn new(ensemble: &EnsembleSummary, swaps: &Swaps) -> Self {
        let rungs = ensemble.walkers.iter().zip(&swaps.ladder);
        let pairs = swaps.pairs.iter().zip(swaps.ladder.windows(2));
        let num_sweeps = swaps.counted_sweeps;
        Self {
            sampler: ensemble.sampler.clone(),
            seed: ensemble.seed,
            num_steps: ensemble.num_steps,
            interrupted: ensemble.interrupted,
            walker_steps_per_second: ensemble.walker_steps_per_second,
            rungs: rungs
                .map(|(walker, beta)| RungSummary {
                    inverse_temperature: *beta,
                    replica: walker.walker,
                    num_draws: walker.num_draws,
                    step_size: walker.step_size,
                    statistics: walker.statistics.clone(),
                })
                .collect(),
            pairs: pairs
                .map(|(pair, betas)| PairSummary {
                    inverse_temperatures: [betas[0], betas[1]],
                    attempts: pair.attempts,
                    exchanges: pair.exchanges,
                    acceptance: pair.acceptance(),
                })
                .collect(),
            num_sweeps,
            round_trips: swaps.round_trips,
            round_trips_expected: num_sweeps as f64 * ladder::round_trip_rate(swaps.rejections()),
            communication_barrier: swaps.rejections().sum(),
        }
    }
}
