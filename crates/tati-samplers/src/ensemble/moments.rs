//! Means and variances of what was measured at the draws, of one walker and of all.

use serde::{Deserialize, Serialize};

use crate::Statistics;

/// One observable over the draws of a walker, or of all walkers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatisticSummary {
    /// Its name, as `potential`.
    pub name: String,
    /// The number of draws.
    pub num_draws: u64,
    /// The mean.
    pub mean: f64,
    /// The variance over the draws: Σ (x − mean)²/n.
    pub variance: f64,
}

/// Running moments of every observable, added up as draws come (B. P. Welford, Technometrics 4 (1962) 419) and merged (T. F. Chan,
/// G. H. Golub, R. J. LeVeque, COMPSTAT 1982).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    num_draws: u64,
    observables: Vec<(String, Moment)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Moment {
    mean: f64,
    /// Σ (x − mean)².
    squares: f64,
}

impl Moments {
    pub(super) fn add(&mut self, statistics: &Statistics) {
        self.num_draws += 1;
        if self.observables.is_empty() {
            let names = statistics.entries().map(|(name, _)| name.to_string());
            self.observables = names.map(|name| (name, Moment::default())).collect();
        }
        for ((_, moment), (_, value)) in self.observables.iter_mut().zip(statistics.entries()) {
            let change = value - moment.mean;
            moment.mean += change / self.num_draws as f64;
            moment.squares += change * (value - moment.mean);
        }
    }

    /// Takes in the draws of another walker: each draw counts the same, whoever took it.
    pub(super) fn merge(&mut self, other: &Self) {
        if self.num_draws == 0 {
            *self = other.clone();
            return;
        }
        let (own, others) = (self.num_draws as f64, other.num_draws as f64);
        self.num_draws += other.num_draws;
        for ((_, moment), (_, other)) in self.observables.iter_mut().zip(&other.observables) {
            let change = other.mean - moment.mean;
            moment.mean += change * others / (own + others);
            moment.squares += other.squares + change * change * own * others / (own + others);
        }
    }

    pub(super) fn summaries(&self) -> Vec<StatisticSummary> {
        let summary = |(name, moment): &(String, Moment)| StatisticSummary {
            name: name.clone(),
            num_draws: self.num_draws,
            mean: moment.mean,
            variance: moment.squares / self.num_draws as f64,
        };
        self.observables.iter().map(summary).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.add(&Statistics {
                potential: *value,
                virial: Some(-value),
                ..Statistics::default()
            });
        }
        moments
    }

    #[test]
    fn merged_walkers_are_weighted_by_their_draws() {
        let (first, second) = ([1.0, 2.0, 6.0], [10.0, 3.0, -4.0, 0.5, 8.0]);
        let all: Vec<f64> = first.iter().chain(&second).copied().collect();
        let mut pooled = Moments::default();
        pooled.merge(&draws(&first));
        pooled.merge(&draws(&second));
        pooled.merge(&Moments::default());
        for (found, expected) in pooled.summaries().iter().zip(draws(&all).summaries()) {
            assert_eq!((&found.name, found.num_draws), (&expected.name, 8));
            assert!((found.mean - expected.mean).abs() < 1e-13);
            assert!((found.variance - expected.variance).abs() < 1e-12);
        }
        let mean = all.iter().sum::<f64>() / 8.0;
        assert!((pooled.summaries()[0].mean - mean).abs() < 1e-13);
        // Not the mean of the walkers' means.
        assert!((pooled.summaries()[0].mean - 0.5 * (3.0 + 3.5)).abs() > 0.01);
        assert!(Moments::default().summaries().is_empty());
    }
}
