//! The ladder of inverse temperatures, and how often replicas are exchanged along it.

use burn::config::Config;
use tati_core::{Result, TatiError, require_count, require_positive};

use crate::ChainConfig;

/// Sweeps of the shortest round of tuning: each pair of neighbours meets in every other sweep.
pub(super) const SHORTEST_ROUND: u64 = 32;

/// Configuration of a [`ReplicaExchange`](crate::ReplicaExchange).
///
/// # Example
/// ```
/// use tati_samplers::{ChainConfig, ReplicaExchangeConfig};
///
/// let chain = ChainConfig::new(100_000).with_burn_in(20_000);
/// let config = ReplicaExchangeConfig::geometric(16.0, 1.0, 5, chain)
///     .with_swap_every(20)
///     .with_tune_ladder(true);
/// assert_eq!(config.inverse_temperatures, [16.0, 8.0, 4.0, 2.0, 1.0]);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ReplicaExchangeConfig {
    /// β of each rung of the ladder, the coldest (largest β) first, which is the one that the sampler's config has.
    pub inverse_temperatures: Vec<f64>,
    /// How long each walker runs, and what is kept of each rung.
    pub chain: ChainConfig,
    /// Steps from one sweep of exchanges to the next.
    #[config(default = 10)]
    pub swap_every: u64,
    /// Whether the rungs between the coldest and the hottest are moved during burn-in until all pairs of neighbours reject alike:
    /// [`ReplicaExchange`](crate::ReplicaExchange) says how. They stay where they are then.
    #[config(default = false)]
    pub tune_ladder: bool,
}

impl ReplicaExchangeConfig {
    /// `num_rungs` inverse temperatures in a constant ratio, from `coldest` to `hottest`: of equal acceptance where the heat capacity does
    /// not depend on the temperature, as in a harmonic well.
    pub fn geometric(coldest: f64, hottest: f64, num_rungs: usize, chain: ChainConfig) -> Self {
        let last = num_rungs.saturating_sub(1);
        let rung = |index: usize| match index {
            0 => coldest,
            // Exactly as given.
            index if index == last => hottest,
            index => coldest * (hottest / coldest).powf(index as f64 / last as f64),
        };
        Self::new((0..num_rungs).map(rung).collect(), chain)
    }

    pub(super) fn validate(&self) -> Result<()> {
        let ladder = &self.inverse_temperatures;
        require_count("number of inverse_temperatures", ladder.len(), 2..=1 << 16)?;
        for beta in ladder {
            require_positive("inverse_temperatures", *beta)?;
        }
        if let Some(pair) = ladder.windows(2).find(|pair| pair[0] <= pair[1]) {
            return invalid(
                "inverse_temperatures",
                format!("{} before {}", pair[0], pair[1]),
                "from the coldest, which is the largest, to the hottest, and no two alike"
                    .to_string(),
            );
        }
        if self.swap_every == 0 {
            return invalid("swap_every", "0".to_string(), "at least 1".to_string());
        }
        let least = SHORTEST_ROUND.saturating_mul(self.swap_every);
        if self.tune_ladder && self.chain.burn_in < least {
            return invalid(
                "burn_in",
                self.chain.burn_in.to_string(),
                format!("at least {least} steps, {SHORTEST_ROUND} sweeps, to tune the ladder in"),
            );
        }
        Ok(())
    }

    /// Whether a round of tuning ends once `step` steps are taken: rounds double in length, and the last ends with burn-in.
    pub(super) fn ends_round(&self, step: u64) -> bool {
        let (sweep, all) = (step / self.swap_every, self.chain.burn_in / self.swap_every);
        let mut end = all;
        while self.tune_ladder && end >= SHORTEST_ROUND {
            if sweep == end {
                return true;
            }
            end /= 2;
        }
        false
    }
}

pub(super) fn invalid<T>(name: &'static str, value: String, expected: String) -> Result<T> {
    Err(TatiError::InvalidSetting {
        name,
        value,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_double_and_end_with_burn_in() {
        let chain = ChainConfig::new(10_000).with_burn_in(3005);
        let config = ReplicaExchangeConfig::geometric(4.0, 1.0, 3, chain).with_swap_every(10);
        let ends = |config: &ReplicaExchangeConfig| -> Vec<u64> {
            let steps = (1..1000).map(|sweep| 10 * sweep);
            steps.filter(|step| config.ends_round(*step)).collect()
        };
        assert_eq!(
            ends(&config.clone().with_tune_ladder(true)),
            [370, 750, 1500, 3000]
        );
        assert!(ends(&config).is_empty());
        assert_eq!(config.inverse_temperatures[1], 2.0);
    }
}
