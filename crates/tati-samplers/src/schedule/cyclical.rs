//! The cyclical step size: large steps find modes, small steps sample them.

use std::f64::consts::FRAC_PI_2;

use burn::config::Config;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::{InverseTemperatureSchedule, lr_scheduler};

/// Configuration of [`Cyclical`].
#[derive(Config, Debug, PartialEq)]
pub struct CyclicalConfig {
    /// α₀, the size of the first step of each cycle.
    pub initial_step_size: f64,
    /// K, the steps of the whole run. Cycles go on after that.
    pub num_steps: usize,
    /// M, the number of cycles; each has ⌈K/M⌉ steps, so the last of the run may be cut short.
    pub num_cycles: usize,
    /// The part of each cycle in which the chain explores: at least 0, and small enough to leave a step for sampling. The
    /// source takes 0.8 for deep networks, the default here, and 0.25 for its mixture of Gaussians.
    #[config(default = 0.8)]
    pub exploration_fraction: f64,
}

/// Step sizes that begin large and fall to almost nothing, again and again. With K steps in M cycles and n counted from 0:
///
/// ```text
/// αₙ = α₀/2 [cos(π r) + 1],   r = (n mod ⌈K/M⌉)/⌈K/M⌉
/// ```
///
/// Where r is below the exploration fraction the chain explores: it descends without noise and takes no draws. In the rest of
/// the cycle it samples. [`CyclicalConfig::stage_at`] tells which, and [`CyclicalConfig::annealing`] switches the noise.
/// The step size is never 0: the smallest, at the end of a cycle, is about α₀ (π/(2⌈K/M⌉))².
///
/// A cycle ends in one mode. Which, is decided by the exploration and not by the density: draws describe each mode, but the
/// shares of the modes are only roughly those of exp(−βU).
///
/// Source: R. Zhang, C. Li, J. Zhang, C. Chen, A. G. Wilson, "Cyclical stochastic gradient MCMC for Bayesian deep learning",
/// ICLR 2020, equation 1 and algorithm 1.
///
/// # Example
/// ```
/// use burn::lr_scheduler::LrScheduler;
/// use tati_samplers::{CyclicalConfig, SgldConfig, Stage};
///
/// let cycles = CyclicalConfig::new(0.09, 10_000, 20);
/// let mut schedule = cycles.build()?;
/// let mut sampler = SgldConfig::new(1.0e3).with_annealing(Some(cycles.annealing())).init();
/// for step in 0..10_000 {
///     let step_size = schedule.step();
///     // model = sampler.step(step_size, model, gradients);
///     if cycles.stage_at(step) == Stage::Sampling {
///         // take a draw
///     }
/// }
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cyclical {
    config: CyclicalConfig,
    /// The number of the next step.
    step: u64,
}

/// What a chain does in a part of a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It looks for a mode, without noise and without taking draws.
    Exploration,
    /// It samples the mode that it has found.
    Sampling,
}

impl CyclicalConfig {
    /// ⌈K/M⌉.
    pub fn steps_per_cycle(&self) -> usize {
        self.num_steps.div_ceil(self.num_cycles.max(1)).max(1)
    }

    /// α of step number `step`, counted from 0.
    pub fn step_size_at(&self, step: u64) -> f64 {
        let length = self.steps_per_cycle() as u64;
        let left = (length - step % length) as f64 / length as f64;
        // cos(πr) + 1 = 2 sin²(π(1 − r)/2), of which no length of cycle makes 0.
        let half = (FRAC_PI_2 * left).sin();
        self.initial_step_size * half * half
    }

    /// What the chain does in step number `step`, counted from 0.
    pub fn stage_at(&self, step: u64) -> Stage {
        stage_at(step, self.steps_per_cycle(), self.exploration_fraction)
    }

    /// The schedule that takes the noise out of a sampler in the exploration stages, for its `with_annealing`.
    pub fn annealing(&self) -> InverseTemperatureSchedule {
        InverseTemperatureSchedule::Cyclical {
            steps_per_cycle: self.steps_per_cycle(),
            exploration_fraction: self.exploration_fraction,
        }
    }

    fn validate(&self) -> Result<()> {
        require_positive("initial_step_size", self.initial_step_size)?;
        require_count("num_steps", self.num_steps, 1..)?;
        require_count("num_cycles", self.num_cycles, 1..=self.num_steps)?;
        validate_cycle(self.steps_per_cycle(), self.exploration_fraction)
    }
}

lr_scheduler!(Cyclical, CyclicalConfig);

/// The stage of a step, counted from 0, in cycles of this length.
pub(super) fn stage_at(step: u64, steps_per_cycle: usize, exploration_fraction: f64) -> Stage {
    let length = steps_per_cycle.max(1) as u64;
    let passed = (step % length) as f64 / length as f64;
    if passed < exploration_fraction {
        Stage::Exploration
    } else {
        Stage::Sampling
    }
}

/// Checks that a cycle has a step for sampling.
pub(super) fn validate_cycle(steps_per_cycle: usize, exploration_fraction: f64) -> Result<()> {
    let last = (steps_per_cycle - 1) as f64 / steps_per_cycle as f64;
    if (0.0..=last).contains(&exploration_fraction) {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name: "exploration_fraction",
        value: exploration_fraction.to_string(),
        expected: format!(
            "from 0 to {last}, to leave a step for sampling in a cycle of {steps_per_cycle}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use burn::lr_scheduler::LrScheduler;

    use super::*;

    #[test]
    fn step_sizes_written_out() {
        // K = 23 in M = 6 cycles of ⌈23/6⌉ = 4: cos is 1, 1/√2, 0, −1/√2.
        let config = CyclicalConfig::new(2.0, 23, 6).with_exploration_fraction(0.5);
        assert_eq!(config.steps_per_cycle(), 4);
        let root = 0.5f64.sqrt();
        let cycle = [2.0, 1.0 + root, 1.0, 1.0 - root];
        let mut schedule = config.build().expect("valid");
        for step in 0..30 {
            let (found, expected) = (schedule.step(), cycle[step % 4]);
            assert!((found - expected).abs() < 1e-15, "step {step}: {found}");
        }
        assert_eq!(schedule.num_steps_taken(), 30);
        // The largest is that of the config, exactly.
        assert_eq!(config.step_size_at(8), 2.0);
    }

    #[test]
    fn stages_written_out() {
        use Stage::{Exploration, Sampling};
        let stages = |fraction: f64| {
            let config = CyclicalConfig::new(0.1, 8, 2).with_exploration_fraction(fraction);
            assert!(config.build().is_ok());
            [0, 1, 2, 3, 4].map(|step| config.stage_at(step))
        };
        // r is 0, ¼, ½, ¾, 0: algorithm 1 explores where r is below the fraction.
        assert_eq!(
            stages(0.5),
            [Exploration, Exploration, Sampling, Sampling, Exploration]
        );
        assert_eq!(
            stages(0.6),
            [Exploration, Exploration, Exploration, Sampling, Exploration]
        );
        assert_eq!(
            stages(0.75),
            [Exploration, Exploration, Exploration, Sampling, Exploration]
        );
        assert_eq!(stages(0.0), [Sampling; 5]);
    }

    #[test]
    fn no_step_size_is_zero() {
        // cos(πr) + 1 itself rounds to 0 in the longest of these cycles.
        for length in [1, 2, 3, 1000, 1_000_000_000] {
            let config = CyclicalConfig::new(0.1, length, 1);
            let last = config.step_size_at(length as u64 - 1);
            let expected = 0.1 * (FRAC_PI_2 / length as f64).sin().powi(2);
            assert!(
                last > 0.0 && (last / expected - 1.0).abs() < 1e-12,
                "{length}: {last}"
            );
        }
    }

    #[test]
    fn settings_outside_their_domain_are_refused() {
        let config = CyclicalConfig::new(0.1, 100, 10);
        let cases = [
            (CyclicalConfig::new(0.0, 100, 10), "initial_step_size"),
            (
                CyclicalConfig::new(f64::INFINITY, 100, 10),
                "initial_step_size",
            ),
            (CyclicalConfig::new(0.1, 0, 10), "num_steps"),
            (CyclicalConfig::new(0.1, 100, 0), "num_cycles"),
            (
                CyclicalConfig::new(0.1, 100, 101),
                "`num_cycles` is 101: it must be from 1 to 100",
            ),
            (
                config.clone().with_exploration_fraction(-0.1),
                "from 0 to 0.9",
            ),
            (
                config.clone().with_exploration_fraction(0.95),
                "a cycle of 10",
            ),
            (
                config.clone().with_exploration_fraction(f64::NAN),
                "exploration_fraction",
            ),
            // Cycles of one step have nothing left for sampling.
            (CyclicalConfig::new(0.1, 100, 100), "a cycle of 1"),
        ];
        for (config, part) in cases {
            let message = config.build().expect_err("refused").to_string();
            assert!(message.contains(part), "{message}");
            // Looking at a config that was never checked does not panic.
            config.step_size_at(3);
            config.stage_at(3);
            config.annealing();
        }
    }
}
