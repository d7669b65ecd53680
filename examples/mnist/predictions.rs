//! Class probabilities on a set, and what they are worth.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use tati::models::Perceptron;
use tati::samplers::{PredictiveAverage, PredictiveSummary};
use tati::{Rows as _, TatiError};

use crate::perceptron::{Rows, Task, Trained};
use crate::support::Failure;

/// Items evaluated together, which stay in cache.
const CHUNK: usize = 1000;

/// An average of the predictions of perceptrons on one set.
pub type Average = PredictiveAverage<Box<dyn Fn(&Perceptron) -> Tensor<2>>>;

/// An average over the items of `rows`, of nothing yet.
pub fn average_on(rows: &Rows) -> Result<Average, TatiError> {
    let (images, labels): (Tensor<2>, Tensor<1, Int>) = rows.clone();
    let logits = move |model: &Perceptron| {
        let total = images.num_rows();
        let chunks = (0..total).step_by(CHUNK).map(|start| {
            let chunk: Tensor<2> = images.slice_rows(start..(start + CHUNK).min(total));
            model.forward(chunk)
        });
        Tensor::cat(chunks.collect(), 0)
    };
    Average::with_label_tensor(Box::new(logits), labels)
}

/// What is known of the predictions on a set, of one model or averaged over draws.
pub struct Predictions {
    pub summary: PredictiveSummary,
    /// Items in the order of falling confidence, with predicted class and confidence.
    pub by_confidence: Vec<(usize, usize, f64)>,
}

impl Predictions {
    /// Those of one model.
    pub fn of(model: &Perceptron, rows: &Rows) -> Result<Self, Failure> {
        let mut average = average_on(rows)?;
        average.include(model)?;
        Self::averaged(&average).ok_or_else(|| Failure::Other("no predictions".to_string()))
    }

    /// Those of an average, if anything is in it.
    pub fn averaged(average: &Average) -> Option<Self> {
        let summary = average.summary()?;
        let rows = average.probabilities().chunks_exact(average.num_classes());
        let mut by_confidence: Vec<_> = rows
            .enumerate()
            .map(|(item, row)| {
                let (class, confidence) = most_probable(row);
                (item, class, confidence)
            })
            .collect();
        by_confidence.sort_by(|a, b| b.2.total_cmp(&a.2));
        Some(Self {
            summary,
            by_confidence,
        })
    }
}

/// The trained perceptron with what it predicts.
pub struct Optimum {
    pub model: Perceptron,
    /// The loss of each training step's batch.
    pub losses: Vec<f64>,
    pub train: Predictions,
    pub test: Predictions,
}

impl Optimum {
    pub fn of(trained: Trained, task: &Task) -> Result<Self, Failure> {
        let fixed = trained.model.valid();
        Ok(Self {
            train: Predictions::of(&fixed, &task.train)?,
            test: Predictions::of(&fixed, &task.test)?,
            model: trained.model,
            losses: trained.losses,
        })
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
