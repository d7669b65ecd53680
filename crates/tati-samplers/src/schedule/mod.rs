//! Schedules of step size and inverse temperature.
//!
//! | what varies | schedule | type |
//! |---|---|---|
//! | nothing | h | a number: `f64` is a Burn `LrScheduler` already |
//! | step size | h (1 + n/b)^(−γ) | [`PolynomialDecay`] |
//! | step size | falls along half a cosine, again and again | [`Cyclical`] |
//! | inverse temperature | to its final value, or in cycles | [`InverseTemperatureSchedule`] |
//!
//! A step size is Burn's learning rate, hence its schedules are Burn `LrScheduler`s: they go wherever `Learner` or a
//! hand-written loop takes one, and into the same checkpoints. Steps are counted from 0 in all of them, so that schedules of
//! both kinds agree on the number of a step.

mod annealing;
mod cyclical;
mod polynomial;

pub use annealing::InverseTemperatureSchedule;
pub use cyclical::{Cyclical, CyclicalConfig, Stage};
pub use polynomial::{PolynomialDecay, PolynomialDecayConfig};

/// Implements Burn's trait for a schedule `$Schedule` that is `config.step_size_at(step)`, and makes it from `$Config`.
macro_rules! lr_scheduler {
    ($Schedule:ident, $Config:ident) => {
        impl $Config {
            /// The schedule itself, for hand-written loops and for `ModuleLrScheduler::with_group`.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn build(&self) -> tati_core::Result<$Schedule> {
                self.validate()?;
                Ok($Schedule {
                    config: self.clone(),
                    step: 0,
                })
            }

            /// The schedule for a whole module, ready for `Learner`.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn init(
                &self,
            ) -> tati_core::Result<burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler> {
                Ok(self.build()?.into())
            }
        }

        impl $Schedule {
            /// Steps taken.
            pub fn num_steps_taken(&self) -> u64 {
                self.step
            }
        }

        impl burn::lr_scheduler::LrScheduler for $Schedule {
            fn step(&mut self) -> burn::optim::LearningRate {
                let step_size = self.config.step_size_at(self.step);
                self.step += 1;
                step_size
            }

            fn to_record(&self) -> burn::lr_scheduler::LrSchedulerRecord {
                burn::lr_scheduler::LrSchedulerRecord::new().with_scalar("step", self.step)
            }

            fn load_record(&mut self, record: burn::lr_scheduler::LrSchedulerRecord) {
                if let Some(step) = record.scalar("step") {
                    self.step = step;
                }
            }
        }
    };
}
use lr_scheduler;

#[cfg(test)]
mod tests {
    use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
    use burn::lr_scheduler::{LrScheduler, LrSchedulerRecord};

    use super::*;

    /// Step sizes after the schedule went through bytes at step `saved_at`, and those of one that did not.
    fn resumed_and_whole<S: LrScheduler + Clone>(fresh: S, saved_at: usize) -> [Vec<u64>; 2] {
        const STEPS: usize = 200;
        let take = |schedule: &mut S, steps: usize| -> Vec<u64> {
            (0..steps).map(|_| schedule.step().to_bits()).collect()
        };
        let mut first = fresh.clone();
        let mut resumed = take(&mut first, saved_at);
        let bytes = first.to_record().into_bytes().expect("bytes");
        let mut second = fresh.clone();
        second.load_record(LrSchedulerRecord::from_bytes(bytes).expect("a record"));
        resumed.extend(take(&mut second, STEPS - saved_at));
        [resumed, take(&mut fresh.clone(), STEPS)]
    }

    #[test]
    fn a_loaded_schedule_continues_to_the_last_bit() {
        let polynomial = PolynomialDecayConfig::new(0.1, 1e-3, 150)
            .build()
            .expect("valid");
        let cyclical = CyclicalConfig::new(0.3, 150, 7).build().expect("valid");
        for saved_at in [0, 1, 63, 150, 199] {
            let [resumed, whole] = resumed_and_whole(polynomial.clone(), saved_at);
            assert_eq!(resumed, whole, "polynomial, saved at {saved_at}");
            let [resumed, whole] = resumed_and_whole(cyclical.clone(), saved_at);
            assert_eq!(resumed, whole, "cyclical, saved at {saved_at}");
        }
    }

    #[test]
    fn as_the_schedule_of_a_module_it_is_recorded_too() {
        let config = CyclicalConfig::new(0.3, 150, 7);
        let mut schedule = config.init().expect("valid");
        for step in 0..40 {
            assert_eq!(schedule.step().base(), config.step_size_at(step));
        }
        let mut loaded: ModuleLrScheduler = config
            .init()
            .expect("valid")
            .load_record(schedule.to_record());
        assert_eq!(loaded.step().base(), config.step_size_at(40));
    }

    #[test]
    fn a_record_of_something_else_leaves_the_schedule_as_it_is() {
        let mut schedule = CyclicalConfig::new(0.3, 150, 7).build().expect("valid");
        schedule.step();
        schedule.load_record(LrSchedulerRecord::new());
        assert_eq!(schedule.num_steps_taken(), 1);
    }
}
