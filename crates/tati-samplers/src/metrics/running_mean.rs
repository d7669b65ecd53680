//! The running mean behind every metric.

use std::sync::Arc;

use burn::train::metric::state::{FormatOptions, NumericMetricState};
use burn::train::metric::{MetricName, SerializedEntry};

/// Digits after the decimal point of what is shown.
const PRECISION: usize = 4;

/// The mean over an epoch of something that is not there at every update.
#[derive(Clone)]
pub(super) struct RunningMean {
    pub(super) name: MetricName,
    pub(super) state: NumericMetricState,
    /// Whether the last update brought something.
    pub(super) has_current: bool,
    /// Whether any update of the epoch did.
    pub(super) has_any: bool,
}

impl RunningMean {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: Arc::new(name.to_string()),
            state: NumericMetricState::new(),
            has_current: false,
            has_any: false,
        }
    }

    /// Takes in a mean and the number of values that it is over.
    pub(super) fn update(&mut self, mean: Option<(f64, usize)>) -> SerializedEntry {
        self.has_current = mean.is_some();
        let Some((mean, count)) = mean else {
            return SerializedEntry::not_available(None);
        };
        self.has_any = true;
        self.state.update(mean, count);
        self.state.compute_update(self.format())
    }

    pub(super) fn compute(&self) -> SerializedEntry {
        if !self.has_any {
            return SerializedEntry::not_available(None);
        }
        self.state.compute_final(self.format())
    }

    pub(super) fn clear(&mut self) {
        self.state.reset();
        self.has_current = false;
        self.has_any = false;
    }

    fn format(&self) -> FormatOptions {
        FormatOptions::new(self.name.clone()).precision(PRECISION)
    }
}
