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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(epoch);
    }
}

pub struct QuietRenderer {
    bar: ProgressBar,
    history: History,
    names: HashMap<MetricId, String>,
    /// Final values of the epoch that runs, by split and metric.
    train: HashMap<String, f64>,
    valid: HashMap<String, f64>,
    split: String,
    items_before: u64,
}
