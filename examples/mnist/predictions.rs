//! Class probabilities on a set, and what they are worth.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use tati::Rows as _;
use tati::models::Perceptron;

use crate::training::Rows;

/// Items evaluated together, which stay in cache.
const CHUNK: usize = 1000;
/// Bins of the reliability diagram.
pub const BINS: usize = 15;

/// Class probabilities of every item of a set, perhaps averaged over draws.
#[derive(Clone)]
pub struct Predictions {
    /// Row-major \[items, classes\].
    probabilities: Vec<f64>,
    labels: Vec<usize>,
    classes: usize,
}

/// Items whose confidence falls into one bin.
#[derive(Clone, Copy, Default)]
pub struct Bin {
    pub items: usize,
    pub confidence: f64,
    pub accuracy: f64,
}

impl Predictions {
    /// The probabilities that `model` gives.
    pub fn of(model: &Perceptron, rows: &Rows) -> Self {
        let probabilities = probabilities(model, rows);
        let labels: Vec<usize> = rows
            .1
            .to_data()
            .iter::<i64>()
            .map(|label| label as usize)
            .collect();
        Self {
            classes: probabilities.len() / labels.len(),
            probabilities,
            labels,
        }
    }

    /// Takes `model` into the average as draw number `count` (from 1), over the items of `rows`.
    pub fn average_in(&mut self, model: &Perceptron, rows: &Rows, count: usize) {
        let weight = 1.0 / count as f64;
        for (mean, new) in self
            .probabilities
            .iter_mut()
            .zip(probabilities(model, rows))
        {
            *mean += weight * (new - *mean);
        }
    }

    pub fn accuracy(&self) -> f64 {
        let right = self
            .items()
            .filter(|(row, label)| most_probable(row).0 == *label)
            .count();
        right as f64 / self.labels.len() as f64
    }

    /// The mean of −ln p(label).
    pub fn negative_log_likelihood(&self) -> f64 {
        let sum: f64 = self
            .items()
            .map(|(row, label)| -row[label].max(f64::MIN_POSITIVE).ln())
            .sum();
        sum / self.labels.len() as f64
    }

    /// Σ over bins of their share times |accuracy − confidence| (Naeini, Cooper, Hauskrecht, AAAI 2015).
    pub fn expected_calibration_error(&self) -> f64 {
        let total = self.labels.len() as f64;
        self.bins()
            .iter()
            .map(|bin| bin.items as f64 / total * (bin.accuracy - bin.confidence).abs())
            .sum()
    }

    /// Equal bins of the probability of the predicted class.
    pub fn bins(&self) -> [Bin; BINS] {
        let mut bins = [Bin::default(); BINS];
        for (row, label) in self.items() {
            let (class, confidence) = most_probable(row);
            let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
            bin.items += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(class == label);
        }
        for bin in bins.iter_mut().filter(|bin| bin.items > 0) {
            bin.confidence /= bin.items as f64;
            bin.accuracy /= bin.items as f64;
        }
        bins
    }

    /// Items in the order of falling confidence, with predicted class and confidence.
    pub fn by_confidence(&self) -> Vec<(usize, usize, f64)> {
        let mut items: Vec<_> = self
            .items()
            .enumerate()
            .map(|(index, (row, _))| {
                let (class, confidence) = most_probable(row);
                (index, class, confidence)
            })
            .collect();
        items.sort_by(|a, b| b.2.total_cmp(&a.2));
        items
    }

    fn items(&self) -> impl Iterator<Item = (&[f64], usize)> {
        self.probabilities
            .chunks_exact(self.classes)
            .zip(self.labels.iter().copied())
    }
}

fn most_probable(row: &[f64]) -> (usize, f64) {
    row.iter()
        .copied()
        .enumerate()
        .fold((0, f64::MIN), |best, candidate| {
            if candidate.1 > best.1 {
                candidate
            } else {
                best
            }
        })
}

fn probabilities(model: &Perceptron, rows: &Rows) -> Vec<f64> {
    let total = rows.num_rows();
    let mut probabilities = Vec::new();
    for start in (0..total).step_by(CHUNK) {
        let chunk: Tensor<2> = rows.0.slice_rows(start..(start + CHUNK).min(total));
        let chunk = softmax(model.forward(chunk), 1).into_data();
        probabilities.extend(chunk.iter::<f64>());
    }
    probabilities
}
