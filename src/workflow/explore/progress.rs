//! How far an exploration has come.

use std::fmt;

/// How far an exploration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExploreProgress {
    /// The round, from 0; the number of rounds once they have come to their end.
    pub round: usize,
    /// What is being done.
    pub stage: ExploreStage,
}

/// What an exploration is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExploreStage {
    /// Chains are running.
    Sampling {
        /// Steps taken, of all chains of the round together.
        num_steps: u64,
        /// Steps to take.
        max_steps: u64,
    },
    /// The diffusion map of all draws so far is made.
    Mapping {
        /// Draws in it.
        num_points: usize,
    },
    /// Minima are looked for.
    Quenching {
        /// Points quenched.
        done: usize,
        /// Points to quench.
        total: usize,
    },
    /// The negative curvatures of the minima are counted.
    Counting {
        /// Minima done.
        done: usize,
        /// Minima to do.
        total: usize,
    },
    /// Barriers between minima are looked for.
    Connecting {
        /// Pairs of minima done.
        done: usize,
        /// Pairs to do.
        total: usize,
    },
}

impl fmt::Display for ExploreProgress {
    /// As `round 3: 1200/16000 steps`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            ExploreStage::Sampling {
                num_steps,
                max_steps,
            } => write!(f, "round {}: {num_steps}/{max_steps} steps", self.round),
            ExploreStage::Mapping { num_points } => {
                write!(f, "round {}: map of {num_points} draws", self.round)
            }
            ExploreStage::Quenching { done, total } => write!(f, "{done}/{total} points quenched"),
            ExploreStage::Counting { done, total } => {
                write!(f, "curvatures of {done}/{total} minima counted")
            }
            ExploreStage::Connecting { done, total } => {
                write!(f, "{done}/{total} pairs of minima connected")
            }
        }
    }
}
