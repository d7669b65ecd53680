//! A renderer for Burn's learner that draws one bar on a terminal, nothing in a pipe, and keeps the metrics of each epoch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::support::progress;

/// Metrics of one epoch: means over its mini-batches for training, of the network after it for validation.
#[derive(Clone, Debug, Serialize)]
pub struct Epoch {
    pub epoch: usize,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub valid_loss: f64,
    pub valid_accuracy: f64,
}

/// What the renderer has seen; it outlives the learner, which owns the renderer.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Vec<Epoch>>>);

impl History {
    pub fn take(&self) -> Vec<Epoch> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, epoch: Epoch) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(epoch);
    }
}

pub struct QuietRenderer {
    bar: ProgressBar,
    history: History,
    names: HashMap<MetricId, String>,
    /// The means of this epoch by metric, for training and validation.
    train: HashMap<String, f64>,
    valid: HashMap<String, f64>,
    items_per_epoch: usize,
    epochs_done: usize,
    is_training: bool,
}

impl QuietRenderer {
    /// A renderer of this many epochs, and where to find its metrics afterwards.
    pub fn new(name: &'static str, epochs: usize, items_per_epoch: usize) -> (Self, History) {
        let history = History::default();
        let renderer = Self {
            bar: progress(name, epochs.saturating_mul(items_per_epoch)),
            history: history.clone(),
            names: HashMap::new(),
            train: HashMap::new(),
            valid: HashMap::new(),
            items_per_epoch,
            epochs_done: 0,
            is_training: false,
        };
        (renderer, history)
    }

    /// The name and value of a metric at the end of an epoch.
    fn mean(&self, state: MetricState) -> Option<(String, f64)> {
        match state {
            MetricState::Numeric(entry, Some(NumericEntry::Final(value))) => {
                Some((self.names.get(&entry.metric_id)?.clone(), value))
            }
            _ => None,
        }
    }
}

impl MetricsRendererTraining for QuietRenderer {
    fn update_train(&mut self, state: MetricState) {
        self.train.extend(self.mean(state));
    }

    fn update_valid(&mut self, state: MetricState) {
        self.valid.extend(self.mean(state));
    }
}

impl TrainingProgressLogger for QuietRenderer {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}

    fn start_split(&mut self, split: &str, _: usize) {
        self.is_training = split == "train";
    }

    fn update_split(&mut self, items_processed: usize) {
        if self.is_training {
            let items = self.epochs_done * self.items_per_epoch + items_processed;
            self.bar.set_position(items as u64);
        }
    }

    fn end_split(&mut self) {}

    fn update_epoch(&mut self, epoch: usize) {
        self.epochs_done += 1;
        let metric = |metrics: &HashMap<String, f64>, name: &str| {
            metrics.get(name).copied().unwrap_or(f64::NAN)
        };
        // Burn's accuracy is in percent.
        self.history.push(Epoch {
            epoch,
            train_loss: metric(&self.train, "Loss"),
            train_accuracy: 0.01 * metric(&self.train, "Accuracy"),
            valid_loss: metric(&self.valid, "Loss"),
            valid_accuracy: 0.01 * metric(&self.valid, "Accuracy"),
        });
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }

    fn log_event_training(&mut self, _: String) {}
}

// A learner does not evaluate.
impl EvaluationProgressLogger for QuietRenderer {
    fn start_global_progress(&mut self, _: usize) {}

    fn start_test(&mut self, _: &str, _: usize) {}

    fn update_test_progress(&mut self, _: usize) {}

    fn end_test(&mut self) {}

    fn end_global_progress(&mut self) {}

    fn log_event_evaluation(&mut self, _: String) {}
}

impl MetricsRendererEvaluation for QuietRenderer {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}

impl MetricsRenderer for QuietRenderer {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        self.names
            .insert(definition.metric_id, definition.name.to_string());
    }
}
