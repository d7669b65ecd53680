//! Class probabilities averaged over draws, and what they are worth.

mod gathered;
#[cfg(test)]
mod tests;

use burn::tensor::{Int, Tensor};
use tati_core::{Result, TatiError};

use super::{Draw, Observer};
use gathered::{Gathered, invalid_labels};

pub use gathered::{PredictiveSummary, ReliabilityBin};

/// What errors of records call it.
const RECORD: &str = "of a predictive average";

/// Averages the class probabilities of a model over the draws of a chain: the Bayesian predictive distribution
///
/// ```text
/// p(class | item) = 1/n Σᵢ softmax(logits(item; θᵢ))
/// ```
///
/// where exp(−βU) is the posterior. It keeps one double for each item and class, whatever the number of draws. Softmax and
/// average are computed on the host in double precision.
///
/// A [`Chain`](crate::Chain) calls it for each draw and saves it with its checkpoints; a hand-written loop calls
/// [`include`](Self::include).
///
/// # Example
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use tati_samplers::PredictiveAverage;
///
/// let device = tati_core::open_device("flex")?;
/// let inputs = Tensor::<2>::ones([4, 3], &device);
/// let labels = vec![0, 1, 1, 0];
/// let mut average = PredictiveAverage::new(move |model: &Linear| model.forward(inputs.clone()), labels)?;
/// for _ in 0..3 {
///     average.include(&LinearConfig::new(3, 2).init(&device))?;
/// }
/// let summary = average.summary().expect("three draws");
/// assert_eq!(summary.num_draws, 3);
/// assert!(summary.negative_log_likelihood <= summary.single_draw_negative_log_likelihood);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PredictiveAverage<F> {
    logits: F,
    gathered: Gathered,
}

impl<F> PredictiveAverage<F> {
    /// An average of no draws yet. `logits` evaluates a model on the items, in an order that stays the same, and returns
    /// \[items, classes\]; `labels` are the classes of the items, counted from 0.
    ///
    /// The models that a chain hands over are in inference mode. A large set is best walked in chunks inside `logits`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are no labels.
    pub fn new<M>(logits: F, labels: Vec<usize>) -> Result<Self>
    where
        F: Fn(&M) -> Tensor<2>,
    {
        if labels.is_empty() {
            return Err(invalid_labels(&"empty", "at least one label"));
        }
        Ok(Self {
            logits,
            gathered: Gathered::of(labels),
        })
    }

    /// The same with the labels as a tensor of length \[items\].
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are no labels, or one is negative.
    pub fn with_label_tensor<M>(logits: F, labels: Tensor<1, Int>) -> Result<Self>
    where
        F: Fn(&M) -> Tensor<2>,
    {
        let labels: Result<Vec<usize>> = labels
            .into_data()
            .iter::<i64>()
            .map(|label| usize::try_from(label).map_err(|_| invalid_labels(&label, "at least 0")))
            .collect();
        Self::new(logits, labels?)
    }

    /// Takes the predictions of `model` into the average, as those of one more draw.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the logits are not \[items, classes\] with the number of labels and the classes of the
    /// draws before, [`TatiError::InvalidSetting`] if a label is none of the classes, [`TatiError::NotFinite`] if
    /// logits are NaN or infinite (−∞, a class ruled out, is allowed). The average is then as it was before.
    pub fn include<M>(&mut self, model: &M) -> Result<()>
    where
        F: Fn(&M) -> Tensor<2>,
    {
        let logits = (self.logits)(model);
        let [items, classes] = logits.dims();
        let logits: Vec<f64> = logits.into_data().iter::<f64>().collect();
        self.gathered.include(&logits, items, classes)
    }

    /// What the average is worth; `None` before the first draw.
    pub fn summary(&self) -> Option<PredictiveSummary> {
        (self.gathered.num_draws > 0).then(|| self.gathered.summary())
    }

    /// The averaged probabilities, row-major \[items, classes\]; empty before the first draw.
    pub fn probabilities(&self) -> &[f64] {
        &self.gathered.probabilities
    }

    /// The labels of the items.
    pub fn labels(&self) -> &[usize] {
        &self.gathered.labels
    }

    /// The number of classes, known from the first draw on; 0 before.
    pub fn num_classes(&self) -> usize {
        self.gathered.num_classes
    }

    /// Draws in the average.
    pub fn num_draws(&self) -> u64 {
        self.gathered.num_draws
    }
}

impl<M, F: Fn(&M) -> Tensor<2>> Observer<M> for PredictiveAverage<F> {
    fn observe(&mut self, draw: &Draw<'_, M>) -> Result<()> {
        self.include(draw.model)
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing numbers into memory does not fail; if it did, restoring would say so.
        if ciborium::into_writer(&self.gathered, &mut bytes).is_err() {
            bytes.clear();
        }
        bytes
    }

    fn restore(&mut self, saved: &[u8]) -> Result<()> {
        let refused = |reason: String| TatiError::Record {
            what: RECORD.to_string(),
            reason,
        };
        let gathered: Gathered = ciborium::from_reader(saved)
            .map_err(|error| refused(format!("its bytes cannot be read: {error}")))?;
        if gathered.labels != self.gathered.labels {
            return Err(refused(
                "it was made with other items: their labels differ".to_string(),
            ));
        }
        gathered
            .check()
            .map_err(|reason| refused(reason.to_string()))?;
        self.gathered = gathered;
        Ok(())
    }
}
