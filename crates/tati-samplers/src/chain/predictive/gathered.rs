//! The running means behind a predictive average, and what they are worth.

use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError};

/// Bins of the reliability diagram.
const BINS: usize = 15;

/// What an average over draws is worth, and what its draws are worth one by one.
///
/// As −ln is convex, the negative log-likelihood of the average is at most the mean of those of the draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictiveSummary {
    /// Draws in the average.
    pub num_draws: u64,
    /// The part of the items whose most probable class is their label.
    pub accuracy: f64,
    /// The mean over items of −ln p(label), with p taken as at least the smallest normal number.
    pub negative_log_likelihood: f64,
    /// Σ over bins of the part of the items in it times |accuracy − confidence| (Guo, Pleiss, Sun, Weinberger, "On
    /// calibration of modern neural networks", ICML 2017, equation 5).
    pub expected_calibration_error: f64,
    /// The reliability diagram: 15 equal bins of the probability of the most probable class, (0, 1/15] first.
    pub bins: Vec<ReliabilityBin>,
    /// The accuracy of a single draw, averaged over draws.
    pub single_draw_accuracy: f64,
    /// The negative log-likelihood of a single draw, averaged over draws.
    pub single_draw_negative_log_likelihood: f64,
}

/// Items whose confidence falls into one bin. All zeros where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Their number.
    pub num_items: usize,
    /// Their mean confidence, the probability of the most probable class.
    pub confidence: f64,
    /// The part of them whose most probable class is their label.
    pub accuracy: f64,
}

/// Everything that the draws have left behind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Gathered {
    pub(super) labels: Vec<usize>,
    pub(super) num_classes: usize,
    pub(super) num_draws: u64,
    /// Means over draws, row-major \[items, classes\].
    pub(super) probabilities: Vec<f64>,
    /// Means over draws.
    single_draw_accuracy: f64,
    single_draw_negative_log_likelihood: f64,
}

impl Gathered {
    /// Of no draws yet, over items with these labels.
    pub(super) fn of(labels: Vec<usize>) -> Self {
        Self {
            labels,
            ..Self::default()
        }
    }

    /// Takes in the logits of one more draw, row-major \[items, classes\].
    pub(super) fn include(&mut self, logits: &[f64], items: usize, classes: usize) -> Result<()> {
        let known_classes = if self.num_draws == 0 {
            classes
        } else {
            self.num_classes
        };
        if (items, classes) != (self.labels.len(), known_classes) || classes == 0 {
            return Err(TatiError::ShapeMismatch {
                what: "logits of a predictive average, [items, classes]".to_string(),
                expected: format!("[{}, {}]", self.labels.len(), known_classes.max(1)),
                found: format!("[{items}, {classes}]"),
            });
        }
        if let Some(label) = self.labels.iter().find(|label| **label >= classes) {
            let expected = format!("below the number of classes, {classes}");
            return Err(invalid_labels(label, &expected));
        }
        let mut new = Vec::with_capacity(logits.len());
        let mut right = 0;
        let mut log_likelihood = 0.0;
        for (item, (row, label)) in logits.chunks_exact(classes).zip(&self.labels).enumerate() {
            let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|logit| (logit - highest).exp()).sum();
            if !sum.is_finite() {
                return Err(TatiError::NotFinite {
                    what: format!("a logit of item {item} in draw {}", self.num_draws),
                    value: row
                        .iter()
                        .copied()
                        .find(|logit| !logit.is_finite())
                        .unwrap_or(sum),
                    remedy: "take a smaller step size",
                });
            }
            new.extend(row.iter().map(|logit| (logit - highest).exp() / sum));
            right += usize::from(most_probable(row).0 == *label);
            // −∞ where the draw rules the label out, held as −ln p of the average is.
            let smallest = f64::MIN_POSITIVE.ln();
            log_likelihood += (row[*label] - highest - sum.ln()).max(smallest);
        }

        if self.num_draws == 0 {
            self.num_classes = classes;
            self.probabilities = vec![0.0; new.len()];
        }
        self.num_draws += 1;
        let weight = 1.0 / self.num_draws as f64;
        let take_in = |mean: &mut f64, value: f64| *mean += weight * (value - *mean);
        for (mean, value) in self.probabilities.iter_mut().zip(new) {
            take_in(mean, value);
        }
        let items = items as f64;
        take_in(&mut self.single_draw_accuracy, right as f64 / items);
        take_in(
            &mut self.single_draw_negative_log_likelihood,
            -log_likelihood / items,
        );
        Ok(())
    }

    pub(super) fn summary(&self) -> PredictiveSummary {
        let items = self.labels.len() as f64;
        let mut bins = vec![ReliabilityBin::default(); BINS];
        let (mut right, mut log_likelihood) = (0, 0.0);
        let rows = self.probabilities.chunks_exact(self.num_classes);
        for (row, label) in rows.zip(&self.labels) {
            let (class, confidence) = most_probable(row);
            let is_right = class == *label;
            right += usize::from(is_right);
            log_likelihood += row[*label].max(f64::MIN_POSITIVE).ln();
            // Bin m of M is ((m − 1)/M, m/M].
            let bin = (confidence * BINS as f64).ceil() as usize;
            let bin = &mut bins[bin.clamp(1, BINS) - 1];
            bin.num_items += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(is_right);
        }
        for bin in bins.iter_mut().filter(|bin| bin.num_items > 0) {
            bin.confidence /= bin.num_items as f64;
            bin.accuracy /= bin.num_items as f64;
        }
        PredictiveSummary {
            num_draws: self.num_draws,
            accuracy: right as f64 / items,
            negative_log_likelihood: -log_likelihood / items,
            expected_calibration_error: bins
                .iter()
                .map(|bin| bin.num_items as f64 / items * (bin.accuracy - bin.confidence).abs())
                .sum(),
            bins,
            single_draw_accuracy: self.single_draw_accuracy,
            single_draw_negative_log_likelihood: self.single_draw_negative_log_likelihood,
        }
    }

    /// Whether what was read hangs together.
    pub(super) fn check(&self) -> std::result::Result<(), &'static str> {
        let elements = self.labels.len().checked_mul(self.num_classes);
        if elements != Some(self.probabilities.len()) {
            return Err("it does not hold a probability for each item and class");
        }
        if (self.num_draws == 0) != (self.num_classes == 0) {
            return Err("its draws and its classes contradict each other");
        }
        if self.num_draws > 0 && self.labels.iter().any(|label| *label >= self.num_classes) {
            return Err("a label is none of its classes");
        }
        Ok(())
    }
}

/// The class of the highest value, the first of equal ones, and the value.
fn most_probable(row: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (class, value) in row.iter().enumerate() {
        if *value > best.1 {
            best = (class, *value);
        }
    }
    best
}

pub(super) fn invalid_labels(value: &dyn std::fmt::Display, expected: &str) -> TatiError {
    TatiError::InvalidSetting {
        name: "labels",
        value: value.to_string(),
        expected: expected.to_string(),
    }
}
