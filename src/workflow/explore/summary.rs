//! What was found, in the numbers that a reader wants.

use serde::Serialize;

use super::{Exploration, ExplorationEnd, ExploredBarrier};

/// An [`Exploration`] in numbers that serialise as JSON, without the paths and the eigenvectors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplorationSummary {
    /// How it came to its end.
    pub end: ExplorationEnd,
    /// The rounds.
    pub rounds: Vec<RoundSummary>,
    /// The corner points of the last map.
    pub corners: Vec<CornerSummary>,
    /// The minima, the lowest first.
    pub minima: Vec<MinimumSummary>,
    /// Quenches that ended at no minimum.
    pub num_unconverged: usize,
    /// The barriers between the lowest minima.
    pub barriers: Vec<BarrierSummary>,
    /// The seed in use.
    pub seed: u64,
}

/// A round, as of [`ExplorationRound`](super::ExplorationRound).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoundSummary {
    /// Draws in the map.
    pub num_points: usize,
    /// ε of the map.
    pub bandwidth: f64,
    /// The leading eigenvalues of its generator.
    pub eigenvalues: Vec<f64>,
    /// The largest relative change of one of them.
    pub change: Option<f64>,
}

/// A corner point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CornerSummary {
    /// The chain of the draw.
    pub chain: usize,
    /// Its number in this chain.
    pub draw: usize,
    /// U there.
    pub potential: f64,
    /// θ.
    pub position: Vec<f64>,
}

/// A minimum, or another point where quenches end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MinimumSummary {
    /// U there.
    pub potential: f64,
    /// |∇U| there.
    pub gradient_norm: f64,
    /// The number of negative curvatures.
    pub index: usize,
    /// How many quenches ended there.
    pub num_quenches: usize,
    /// θ.
    pub position: Vec<f64>,
}

/// What lies between two minima.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BarrierSummary {
    /// The minimum where the path begins.
    pub from: usize,
    /// The minimum where it ends.
    pub to: usize,
    /// By how much U rises above the first minimum on the path of minimum energy.
    pub barrier: f64,
    /// By how much on the straight line.
    pub line_barrier: f64,
    /// The index of the highest saddle on the path.
    pub saddle_index: Option<usize>,
    /// Whether the path has converged.
    pub converged: bool,
}

impl Exploration {
    /// The exploration in numbers.
    pub fn summary(&self) -> ExplorationSummary {
        let rounds = self.rounds.iter().map(|round| RoundSummary {
            num_points: round.num_points,
            bandwidth: round.bandwidth,
            eigenvalues: round.eigenvalues.clone(),
            change: round.change,
        });
        let corners = self.rounds.last().map(|round| &round.corners);
        let corners = corners.into_iter().flatten().map(|corner| CornerSummary {
            chain: corner.chain,
            draw: corner.draw,
            potential: corner.potential,
            position: corner.position.clone(),
        });
        let minima = self.minima.minima.iter().map(|minimum| MinimumSummary {
            potential: minimum.point.potential,
            gradient_norm: minimum.point.gradient_norm,
            index: minimum.point.hessian.index,
            num_quenches: minimum.num_quenches,
            position: minimum.point.position.clone(),
        });
        ExplorationSummary {
            end: self.end,
            rounds: rounds.collect(),
            corners: corners.collect(),
            minima: minima.collect(),
            num_unconverged: self.minima.num_unconverged(),
            barriers: self.barriers.iter().map(ExploredBarrier::summary).collect(),
            seed: self.seed,
        }
    }
}

impl ExploredBarrier {
    fn summary(&self) -> BarrierSummary {
        let saddles = self.path.saddles.iter();
        let highest = saddles.max_by(|a, b| a.potential.total_cmp(&b.potential));
        BarrierSummary {
            from: self.from,
            to: self.to,
            barrier: self.path.profile.barrier_from_start(),
            line_barrier: self.line.barrier_from_start(),
            saddle_index: highest.map(|saddle| saddle.hessian.index),
            converged: self.path.converged,
        }
    }
}

impl ExplorationEnd {
    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Settled => {
                "The eigenvalues have settled: nothing new was found, which does not mean that there is nothing more."
            }
            Self::RoundsSpent => {
                "The rounds were spent before the eigenvalues settled: there may be more to find."
            }
            Self::Interrupted => "Stopped before its end; everything is saved.",
        }
    }
}
