//! How far a chain has come.

use std::fmt;
use std::time::Duration;

/// How far a run has come, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps taken, those before a restart included.
    pub step: u64,
    /// Steps in all.
    pub num_steps: u64,
    /// Draws taken.
    pub num_draws: u64,
    /// Steps a second since the run was started or resumed.
    pub steps_per_second: f64,
    /// U at the last step.
    pub potential: f64,
}

impl Progress {
    /// The time that the steps left will take at the speed so far.
    pub fn time_left(&self) -> Duration {
        let steps = self.num_steps.saturating_sub(self.step) as f64;
        Duration::try_from_secs_f64(steps / self.steps_per_second).unwrap_or(Duration::MAX)
    }
}

impl fmt::Display for Progress {
    /// As `2000/10000 steps, 15123 steps/s, 1 s left, U = 0.26712`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} steps, {:.0} steps/s, {} s left, U = {:.5}",
            self.step,
            self.num_steps,
            self.steps_per_second,
            self.time_left().as_secs(),
            self.potential
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_speed() {
        let progress = Progress {
            step: 2000,
            num_steps: 10_000,
            num_draws: 3,
            steps_per_second: 4000.0,
            potential: 0.25,
        };
        assert_eq!(progress.time_left(), Duration::from_secs(2));
        assert_eq!(
            progress.to_string(),
            "2000/10000 steps, 4000 steps/s, 2 s left, U = 0.25000"
        );
        let stalled = Progress {
            steps_per_second: 0.0,
            ..progress
        };
        assert_eq!(stalled.time_left(), Duration::MAX);
    }
}
