//! Annealing: schedules of the inverse temperature.

use burn::config::Config;
use tati_core::{Result, require_count, require_positive};

use super::Stage;
use super::cyclical::{stage_at, validate_cycle};

/// How a sampler comes to the inverse temperature β of its config. Steps are counted from 0.
///
/// Draws belong to exp(−βU) with the β of their step, so those taken before the final one are of another density.
///
/// # Example
/// ```
/// use tati_samplers::{InverseTemperatureSchedule, SgldConfig};
///
/// // From hot to cold in 1000 steps.
/// let annealing = InverseTemperatureSchedule::Geometric { initial: 1.0, steps: 1000 };
/// let config = SgldConfig::new(1.0e4).with_annealing(Some(annealing.clone()));
/// assert!((annealing.inverse_temperature_at(500, 1.0e4) - 100.0).abs() < 1e-9);
/// assert_eq!(annealing.inverse_temperature_at(1000, 1.0e4), 1.0e4);
/// ```
#[derive(Config, Debug, PartialEq)]
pub enum InverseTemperatureSchedule {
    /// βₙ = initial + (β − initial) n/steps for n < steps, β from then on.
    Linear {
        /// The inverse temperature of the first step.
        initial: f64,
        /// Steps until the final one.
        steps: usize,
    },
    /// βₙ = initial (β/initial)^(n/steps) for n < steps, β from then on.
    Geometric {
        /// The inverse temperature of the first step.
        initial: f64,
        /// Steps until the final one.
        steps: usize,
    },
    /// β = ∞, plain descent, in the exploration stage of each cycle, and β in its sampling stage;
    /// [`CyclicalConfig::annealing`](crate::CyclicalConfig::annealing) makes the one that fits a cyclical step size.
    Cyclical {
        /// The length of a cycle.
        steps_per_cycle: usize,
        /// The part of each cycle that is descent.
        exploration_fraction: f64,
    },
}

impl InverseTemperatureSchedule {
    /// The inverse temperature of step number `step`, counted from 0, where that of the sampler's config is
    /// `final_inverse_temperature`.
    ///
    /// If that is infinite, the first step of a rise is still at `initial`, and all that follow are at ∞.
    pub fn inverse_temperature_at(&self, step: u64, final_inverse_temperature: f64) -> f64 {
        match *self {
            Self::Linear { initial, .. } | Self::Geometric { initial, .. } if step == 0 => initial,
            Self::Linear { initial, steps } if step < steps as u64 => {
                initial + (final_inverse_temperature - initial) * (step as f64 / steps as f64)
            }
            Self::Geometric { initial, steps } if step < steps as u64 => {
                initial * (final_inverse_temperature / initial).powf(step as f64 / steps as f64)
            }
            Self::Cyclical {
                steps_per_cycle,
                exploration_fraction,
            } if stage_at(step, steps_per_cycle, exploration_fraction) == Stage::Exploration => {
                f64::INFINITY
            }
            _ => final_inverse_temperature,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
    pub fn validate(&self) -> Result<()> {
        match *self {
            Self::Linear { initial, steps } | Self::Geometric { initial, steps } => {
                require_positive("initial inverse temperature", initial)?;
                require_count("steps of the annealing", steps, 1..)
            }
            Self::Cyclical {
                steps_per_cycle,
                exploration_fraction,
            } => {
                require_count("steps_per_cycle", steps_per_cycle, 1..)?;
                validate_cycle(steps_per_cycle, exploration_fraction)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CyclicalConfig;

    const BETA: f64 = 81.0;

    fn first_five(schedule: &InverseTemperatureSchedule, beta: f64) -> Vec<f64> {
        (0..5)
            .map(|step| schedule.inverse_temperature_at(step, beta))
            .collect()
    }

    #[test]
    fn inverse_temperatures_written_out() {
        let linear = InverseTemperatureSchedule::Linear {
            initial: 1.0,
            steps: 4,
        };
        assert_eq!(first_five(&linear, BETA), [1.0, 21.0, 41.0, 61.0, 81.0]);
        assert_eq!(linear.inverse_temperature_at(u64::MAX, BETA), BETA);
        let geometric = InverseTemperatureSchedule::Geometric {
            initial: 1.0,
            steps: 4,
        };
        for (found, expected) in first_five(&geometric, BETA)
            .into_iter()
            .zip([1.0, 3.0, 9.0, 27.0, 81.0])
        {
            assert!((found / expected - 1.0).abs() < 1e-14, "{found}");
        }
        // From cold to hot as well.
        let heating = InverseTemperatureSchedule::Linear {
            initial: 101.0,
            steps: 2,
        };
        assert_eq!(first_five(&heating, BETA)[..3], [101.0, 91.0, 81.0]);
    }

    #[test]
    fn an_infinite_final_value_makes_no_nan() {
        let infinite = f64::INFINITY;
        for schedule in [
            InverseTemperatureSchedule::Linear {
                initial: 2.0,
                steps: 3,
            },
            InverseTemperatureSchedule::Geometric {
                initial: 2.0,
                steps: 3,
            },
        ] {
            let mut expected = [infinite; 5];
            expected[0] = 2.0;
            assert_eq!(first_five(&schedule, infinite), expected, "{schedule:?}");
        }
    }

    #[test]
    fn descent_is_where_the_cyclical_step_size_explores() {
        for (steps, cycles, fraction) in [(100, 10, 0.8), (997, 13, 0.25), (64, 3, 0.0)] {
            let config =
                CyclicalConfig::new(0.1, steps, cycles).with_exploration_fraction(fraction);
            let annealing = config.annealing();
            annealing.validate().expect("valid");
            let mut sampled = 0;
            for step in 0..2 * steps as u64 {
                let sampling = config.stage_at(step) == Stage::Sampling;
                let expected = if sampling { BETA } else { f64::INFINITY };
                assert_eq!(
                    annealing.inverse_temperature_at(step, BETA),
                    expected,
                    "step {step}"
                );
                sampled += usize::from(sampling);
            }
            assert!(sampled > 0);
        }
    }

    #[test]
    fn it_survives_its_file() {
        let schedules = [
            InverseTemperatureSchedule::Linear {
                initial: 0.1,
                steps: 4,
            },
            CyclicalConfig::new(0.1, 100, 10).annealing(),
        ];
        for schedule in schedules {
            let json = serde_json::to_string(&schedule).expect("JSON");
            let read: InverseTemperatureSchedule = serde_json::from_str(&json).expect("a schedule");
            assert_eq!(read, schedule);
        }
    }

    #[test]
    fn settings_outside_their_domain_are_refused() {
        let linear = |initial, steps| InverseTemperatureSchedule::Linear { initial, steps };
        let geometric = |initial, steps| InverseTemperatureSchedule::Geometric { initial, steps };
        let cyclical =
            |steps_per_cycle, exploration_fraction| InverseTemperatureSchedule::Cyclical {
                steps_per_cycle,
                exploration_fraction,
            };
        let cases = [
            (linear(0.0, 10), "initial inverse temperature"),
            (linear(f64::INFINITY, 10), "initial inverse temperature"),
            (geometric(-1.0, 10), "initial inverse temperature"),
            (geometric(1.0, 0), "steps of the annealing"),
            (cyclical(0, 0.5), "steps_per_cycle"),
            (cyclical(10, 1.0), "exploration_fraction"),
            (cyclical(10, f64::NAN), "exploration_fraction"),
        ];
        for (schedule, part) in cases {
            let message = schedule.validate().expect_err("refused").to_string();
            assert!(message.contains(part), "{message}");
            // Asked without having been checked, it does not panic.
            schedule.inverse_temperature_at(3, BETA);
        }
    }
}
