//! What a loop over steps has to do by the time of day.

use std::time::{Duration, Instant};

use super::ChainConfig;

/// Time from one report of the progress to the next.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Draws reach the disk at least this often.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// The times at which things are due.
pub(crate) struct Clock {
    started: Instant,
    first_step: u64,
    next_report: Instant,
    next_flush: Instant,
    last_checkpoint: Instant,
}

/// What is due.
pub(crate) struct Due {
    pub(crate) flush: bool,
    pub(crate) report: bool,
    pub(crate) checkpoint: bool,
}

impl Clock {
    /// Begins at `first_step`.
    pub(crate) fn start(first_step: u64) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            first_step,
            next_report: now,
            next_flush: now + FLUSH_EVERY,
            last_checkpoint: now,
        }
    }

    /// What is due after `step`; it is taken as done.
    pub(crate) fn due(&mut self, config: &ChainConfig, step: u64) -> Due {
        let now = Instant::now();
        let report = now >= self.next_report;
        let flush = report && now >= self.next_flush;
        let by_steps = config
            .checkpoint_every_steps
            .is_some_and(|steps| step.is_multiple_of(steps));
        let since = now.duration_since(self.last_checkpoint).as_secs_f64();
        let by_time = report
            && config
                .checkpoint_every_seconds
                .is_some_and(|every| since >= every);
        let checkpoint = by_steps || by_time;
        if report {
            self.next_report = now + REPORT_EVERY;
        }
        if flush {
            self.next_flush = now + FLUSH_EVERY;
        }
        if checkpoint {
            self.last_checkpoint = now;
        }
        Due {
            flush,
            report,
            checkpoint,
        }
    }

    pub(crate) fn steps_per_second(&self, step: u64) -> f64 {
        (step - self.first_step) as f64 / self.started.elapsed().as_secs_f64()
    }
}
