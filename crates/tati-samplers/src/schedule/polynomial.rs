//! Polynomial decay of the step size, under which averages over draws become exact.

use burn::config::Config;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::lr_scheduler;

/// Configuration of [`PolynomialDecay`].
#[derive(Config, Debug, PartialEq)]
pub struct PolynomialDecayConfig {
    /// h₀, the size of the first step.
    pub initial_step_size: f64,
    /// The step size after `num_steps` steps; it goes on falling after that. At most `initial_step_size`.
    pub final_step_size: f64,
    /// T, the steps in which the step size falls from one to the other.
    pub num_steps: usize,
    /// γ, above 0 and at most 1; 0.55 is that of the source's examples.
    #[config(default = 0.55)]
    pub exponent: f64,
}

/// Step sizes that fall as a power of the step number n, counted from 0:
///
/// ```text
/// hₙ = a (b + n)^(−γ),   a and b such that h₀ and h_T are those of the config
/// ```
///
/// As b = T/((h₀/h_T)^(1/γ) − 1) and a = h₀ b^γ, this is hₙ = h₀ (1 + n/b)^(−γ). For ½ < γ ≤ 1 and h_T < h₀ the sum of all
/// step sizes is infinite and that of their squares is not: the chain reaches everywhere, and averages over draws that are
/// weighted with their step sizes lose the bias of the step size. For γ ≤ ½ the squares diverge too, and only the
/// first holds.
///
/// Source: M. Welling, Y. W. Teh, "Bayesian learning via stochastic gradient Langevin dynamics", ICML 2011, section 3.
///
/// # Example
/// ```
/// use burn::lr_scheduler::LrScheduler;
/// use tati_samplers::PolynomialDecayConfig;
///
/// let mut schedule = PolynomialDecayConfig::new(1e-2, 1e-4, 10_000).build()?;
/// assert_eq!(schedule.step(), 1e-2);
/// assert!(schedule.step() < 1e-2);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolynomialDecay {
    config: PolynomialDecayConfig,
    /// The number of the next step.
    step: u64,
}

impl PolynomialDecayConfig {
    /// h of step number `step`, counted from 0.
    pub fn step_size_at(&self, step: u64) -> f64 {
        let progress = step as f64 / self.num_steps as f64;
        self.initial_step_size * (1.0 + progress * self.growth()).powf(-self.exponent)
    }

    /// T/b, by how much b + n grows in T steps relative to b.
    fn growth(&self) -> f64 {
        let ratio = self.initial_step_size / self.final_step_size;
        ratio.powf(self.exponent.recip()) - 1.0
    }

    fn validate(&self) -> Result<()> {
        require_positive("initial_step_size", self.initial_step_size)?;
        require_positive("final_step_size", self.final_step_size)?;
        require_count("num_steps", self.num_steps, 1..)?;
        let invalid = |name, value: f64, expected: String| {
            Err(TatiError::InvalidSetting {
                name,
                value: value.to_string(),
                expected,
            })
        };
        if self.final_step_size > self.initial_step_size {
            return invalid(
                "final_step_size",
                self.final_step_size,
                format!("at most `initial_step_size`, {}", self.initial_step_size),
            );
        }
        if !(self.exponent > 0.0 && self.exponent <= 1.0) {
            let expected = "above 0 and at most 1".to_string();
            return invalid("exponent", self.exponent, expected);
        }
        if !self.growth().is_finite() {
            let expected = "larger, or the step sizes nearer to each other: b underflows";
            return invalid("exponent", self.exponent, expected.to_string());
        }
        Ok(())
    }
}

lr_scheduler!(PolynomialDecay, PolynomialDecayConfig);

#[cfg(test)]
mod tests {
    use burn::lr_scheduler::LrScheduler;

    use super::*;

    #[test]
    fn step_sizes_written_out() {
        // (h₀/h_T)^(1/γ) = 4² = 16, so b = 15/15 = 1 and a = 0.8: hₙ = 0.8/sqrt(1 + n).
        let config = PolynomialDecayConfig::new(0.8, 0.2, 15).with_exponent(0.5);
        let mut schedule = config.build().expect("valid");
        let steps: Vec<f64> = (0..16).map(|_| schedule.step()).collect();
        assert_eq!(steps[0], 0.8);
        for (step, expected) in [(3, 0.4), (8, 0.8 / 3.0), (15, 0.2)] {
            assert!(
                (steps[step] / expected - 1.0).abs() < 1e-14,
                "step {step}: {}",
                steps[step]
            );
        }
        // γ = 1: (h₀/h_T) = 10, b = 9/9 = 1, so hₙ = 1/(1 + n), and on it goes past T.
        let harmonic = PolynomialDecayConfig::new(1.0, 0.1, 9).with_exponent(1.0);
        for (step, expected) in [(0, 1.0), (1, 0.5), (9, 0.1), (99, 0.01)] {
            assert!(
                (harmonic.step_size_at(step) / expected - 1.0).abs() < 1e-14,
                "step {step}"
            );
        }
    }

    #[test]
    fn equal_ends_are_a_constant() {
        let config = PolynomialDecayConfig::new(0.1, 0.1, 10);
        let mut schedule = config.build().expect("valid");
        assert!((0..1000).all(|_| schedule.step() == 0.1));
    }

    #[test]
    fn settings_outside_their_domain_are_refused() {
        let config = PolynomialDecayConfig::new(0.1, 0.01, 100);
        let cases = [
            (
                PolynomialDecayConfig::new(0.0, 0.01, 100),
                "initial_step_size",
            ),
            (
                PolynomialDecayConfig::new(f64::NAN, 0.01, 100),
                "initial_step_size",
            ),
            (
                PolynomialDecayConfig::new(0.1, -0.01, 100),
                "`final_step_size` is -0.01",
            ),
            (
                PolynomialDecayConfig::new(0.1, 0.2, 100),
                "at most `initial_step_size`, 0.1",
            ),
            (PolynomialDecayConfig::new(0.1, 0.01, 0), "num_steps"),
            (config.clone().with_exponent(0.0), "exponent"),
            (config.clone().with_exponent(1.5), "exponent"),
            (config.clone().with_exponent(f64::NAN), "exponent"),
            (config.with_exponent(1e-3), "underflows"),
        ];
        for (config, part) in cases {
            let message = config.build().expect_err("refused").to_string();
            assert!(message.contains(part), "{message}");
            assert!(config.init().is_err());
        }
    }
}
