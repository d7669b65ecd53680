//! How long a chain runs, what it keeps, and how often it is saved.

use burn::config::Config;
use tati_core::{Result, TatiError, require_positive};

/// Configuration of a [`Chain`](crate::Chain).
///
/// # Example
/// ```
/// use tati_samplers::ChainConfig;
///
/// let config = ChainConfig::new(100_000).with_burn_in(10_000).with_thinning(50);
/// assert_eq!(config.num_draws(), 1800);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct ChainConfig {
    /// Steps in all, those of burn-in included.
    pub num_steps: u64,
    /// Steps at the start of which no draws are taken.
    #[config(default = 0)]
    pub burn_in: u64,
    /// Steps from one draw to the next.
    #[config(default = 1)]
    pub thinning: u64,
    /// A checkpoint after every so many steps; never for their number if `None`.
    pub checkpoint_every_steps: Option<u64>,
    /// A checkpoint after so many seconds; never for the time if `None`.
    #[config(default = "Some(60.0)")]
    pub checkpoint_every_seconds: Option<f64>,
}

impl ChainConfig {
    /// How many draws the whole run takes.
    pub fn num_draws(&self) -> u64 {
        self.num_steps
            .saturating_sub(self.burn_in)
            .div_ceil(self.thinning.max(1))
    }

    /// Whether step `step` (from 0) is one that a draw is taken at.
    pub(crate) fn is_draw(&self, step: u64) -> bool {
        step >= self.burn_in && (step - self.burn_in).is_multiple_of(self.thinning)
    }

    pub(crate) fn validate(&self) -> Result<()> {
        at_least_one("num_steps", self.num_steps)?;
        at_least_one("thinning", self.thinning)?;
        if let Some(steps) = self.checkpoint_every_steps {
            at_least_one("checkpoint_every_steps", steps)?;
        }
        if let Some(seconds) = self.checkpoint_every_seconds {
            require_positive("checkpoint_every_seconds", seconds)?;
        }
        if self.burn_in >= self.num_steps {
            return Err(TatiError::InvalidSetting {
                name: "burn_in",
                value: self.burn_in.to_string(),
                expected: format!("below num_steps, {}: no draw would be left", self.num_steps),
            });
        }
        Ok(())
    }
}

fn at_least_one(name: &'static str, value: u64) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected: "at least 1".to_string(),
    })
}
