//! Which replica is at which rung, and the sweeps of exchanges between neighbours.

use serde::{Deserialize, Serialize};

use super::ladder;

/// α = min(1, exp((β₁ − β₂)(U₁ − U₂))): the probability of exchanging a replica at potential U₁ and inverse temperature β₁ with one at U₂ and β₂.
pub(super) fn acceptance(beta: [f64; 2], potential: [f64; 2]) -> f64 {
    ((beta[0] - beta[1]) * (potential[0] - potential[1]))
        .exp()
        .min(1.0)
}

/// The ladder and the replicas on it, with what is known of their exchanges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Swaps {
    pub(super) ladder: Vec<f64>,
    /// The replica at each rung; replica i began at rung i.
    pub(super) replicas: Vec<usize>,
    /// Sweeps so far, those of burn-in included.
    pub(super) sweeps: u64,
    /// Sweeps after burn-in.
    pub(super) counted_sweeps: u64,
    /// Of each rung with the next, after burn-in.
    pub(super) pairs: Vec<Pair>,
    pub(super) round_trips: u64,
    /// The same pairs in the present round of tuning.
    round: Vec<Pair>,
    /// Whether each replica has been at the hottest rung since it was last at the coldest; `None` before it was there.
    was_hot: Vec<Option<bool>>,
}

/// The exchanges of two neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) attempts: u64,
    pub(super) exchanges: u64,
    /// Σ α.
    probability: f64,
}

impl Pair {
    /// The mean of α, which is known better than the share of exchanges; NaN before the first attempt.
    pub(super) fn acceptance(&self) -> f64 {
        self.probability / self.attempts as f64
    }
}

impl Swaps {
    pub(super) fn new(ladder: Vec<f64>) -> Self {
        let rungs = ladder.len();
        Self {
            ladder,
            replicas: (0..rungs).collect(),
            sweeps: 0,
            counted_sweeps: 0,
            pairs: vec![Pair::default(); rungs - 1],
            round_trips: 0,
            round: vec![Pair::default(); rungs - 1],
            was_hot: vec![None; rungs],
        }
    }

    /// Exchanges neighbours whose potentials are these, rung after rung: pairs (0, 1), (2, 3), … in one sweep and (1, 2), (3, 4), … in the next.
    /// Returns the lower rung of each exchange. `uniforms` has a number for each pair.
    pub(super) fn sweep(
        &mut self,
        potentials: &[f64],
        uniforms: &[f64],
        is_counted: bool,
    ) -> Vec<usize> {
        let first = usize::from(!self.sweeps.is_multiple_of(2));
        self.sweeps += 1;
        let mut exchanged = Vec::new();
        for rung in (first..self.pairs.len()).step_by(2) {
            let beta = [self.ladder[rung], self.ladder[rung + 1]];
            let acceptance = acceptance(beta, [potentials[rung], potentials[rung + 1]]);
            let is_exchanged = uniforms[rung] < acceptance;
            let pair = if is_counted {
                &mut self.pairs[rung]
            } else {
                &mut self.round[rung]
            };
            pair.attempts += 1;
            pair.exchanges += u64::from(is_exchanged);
            pair.probability += acceptance;
            if is_exchanged {
                self.replicas.swap(rung, rung + 1);
                exchanged.push(rung);
            }
        }
        if is_counted {
            self.counted_sweeps += 1;
            self.count_round_trips();
        }
        exchanged
    }

    /// Moves the rungs to where the exchanges of this round would have been rejected alike, and begins another round.
    pub(super) fn tune(&mut self) {
        let rejections: Vec<f64> = self
            .round
            .iter()
            .map(|pair| 1.0 - pair.acceptance())
            .collect();
        self.ladder = ladder::equalised(&self.ladder, &rejections);
        self.round.fill(Pair::default());
    }

    pub(super) fn rejections(&self) -> impl Iterator<Item = f64> {
        self.pairs.iter().map(|pair| 1.0 - pair.acceptance())
    }

    /// From the coldest rung to the hottest and back is one.
    fn count_round_trips(&mut self) {
        let (coldest, hottest) = (self.replicas[0], self.replicas[self.replicas.len() - 1]);
        if self.was_hot[coldest].replace(false) == Some(true) {
            self.round_trips += 1;
        }
        if let Some(was_hot) = &mut self.was_hot[hottest] {
            *was_hot = true;
        }
    }
}

#[cfg(test)]
#[path = "../tests/swaps.rs"]
mod tests;
