//! What was found, in the numbers that a reader wants.

use serde::Serialize;

use tati_landscape::{Minimum, StationaryPoint};

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
    /// Minima that may be a lower one: they are no farther from it than both of their gradients allow, |θ − θ'| ≤ (|∇U| + |∇U'|)/κ, κ being
    /// the smallest curvature at the lower one, where it is positive beyond its error.
    pub num_indistinct: usize,
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
            num_indistinct: num_indistinct(&self.minima.minima),
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

/// How many of the minima, the lowest first, may be a lower one.
fn num_indistinct(minima: &[Minimum]) -> usize {
    let points: Vec<&StationaryPoint> = minima.iter().map(|minimum| &minimum.point).collect();
    let is_near = |lower: &StationaryPoint, other: &StationaryPoint| {
        let hessian = &lower.hessian;
        let (Some(curvature), Some(error)) = (hessian.eigenvalues.last(), hessian.errors.last())
        else {
            return false;
        };
        let squares = lower.position.iter().zip(&other.position);
        let distance = squares.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        curvature > error && distance * curvature <= lower.gradient_norm + other.gradient_norm
    };
    (1..points.len())
        .filter(|&at| points[..at].iter().any(|lower| is_near(lower, points[at])))
        .count()
}

#[cfg(test)]
mod tests {
    use tati_landscape::HessianIndex;

    use super::*;

    fn minimum(place: f64, curvature: f64) -> Minimum {
        Minimum {
            point: StationaryPoint {
                position: vec![0.0, place],
                potential: place,
                gradient_norm: 1e-5,
                hessian: HessianIndex {
                    index: 0,
                    num_flat: 0,
                    eigenvalues: vec![1.0, curvature],
                    errors: vec![1e-4, 1e-4],
                    converged: true,
                    num_gradients: 0,
                },
            },
            draw: 0,
            num_quenches: 1,
        }
    }

    /// Gradients of 1e-5 leave minima of curvature 1e-3 uncertain by 0.01 each.
    #[test]
    fn minima_that_gradients_cannot_tell_apart_are_counted() {
        let found = |places: &[f64], curvature: f64| {
            let minima: Vec<Minimum> = places.iter().map(|at| minimum(*at, curvature)).collect();
            num_indistinct(&minima)
        };
        assert_eq!(found(&[0.0, 0.019, 0.05], 1e-3), 1);
        assert_eq!(found(&[0.0, 0.019, 0.038], 1e-3), 2);
        assert_eq!(found(&[0.0, 0.021, 0.05], 1e-3), 0);
        // Flat directions say nothing.
        assert_eq!(found(&[0.0, 0.001], 1e-5), 0);
        assert_eq!(found(&[], 1e-3), 0);
    }
}
