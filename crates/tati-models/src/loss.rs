//! The losses that a network is trained and sampled with, by name.

use std::fmt;
use std::str::FromStr;

use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError, require_count};

use crate::names::from_name;
use crate::softmax_cross_entropy::on_tape;
use crate::{softmax_cross_entropy, softmax_cross_entropy_and_slope};

/// A mean loss of outputs o of shape \[items, outputs\] for the classes of the items, over all items i and outputs k:
///
/// ```text
/// mean-squared            L = ⟨(o − y)²⟩
/// softmax-cross-entropy   L = −(1/n) Σᵢ ln softmax(oᵢ)[labelᵢ]
/// sigmoid-cross-entropy   L = −⟨y ln σ(o) + (1 − y) ln(1 − σ(o))⟩
/// hinge                   L = ⟨max(0, 1 − s o)⟩
/// log                     L = −⟨y ln(o + ε) + (1 − y) ln(1 − o + ε)⟩,  ε = 10⁻⁷
/// absolute-difference     L = ⟨|o − y|⟩
/// ```
///
/// The target y of output k is 1 if the item is of class k, else 0; s is 1 or −1. A network with one output tells two classes apart: y is
/// −1 for class 0 and 1 for class 1 (0 and 1 for the two losses of probabilities). ⟨⟩ is the mean over items and outputs.
///
/// `log` is for outputs that are probabilities, as of a sigmoid; others have no loss.
///
/// # Example
/// ```
/// use burn::tensor::{Int, Tensor};
/// use tati_models::Loss;
///
/// let device = tati_core::open_device("flex")?;
/// let outputs = Tensor::<2>::from_data([[0.5], [-1.0]], &device);
/// let labels = Tensor::<1, Int>::from_data([1, 0], &device);
/// let loss: Loss = "mean-squared".parse()?;
/// assert_eq!(loss.value(outputs, labels).into_scalar::<f32>(), 0.125);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The mean of the squared differences.
    MeanSquared,
    /// The cross-entropy of classes that exclude each other.
    SoftmaxCrossEntropy,
    /// The cross-entropy of each output by itself.
    SigmoidCrossEntropy,
    /// Linear where an output is not beyond 1 on the right side.
    Hinge,
    /// The cross-entropy of outputs that are probabilities.
    Log,
    /// The mean of the differences.
    AbsoluteDifference,
}

/// What keeps the logarithm of a probability 0 finite.
const EPSILON: f64 = 1e-7;

impl Loss {
    /// Every loss, in the order in which error messages list them.
    pub const ALL: [Self; 6] = [
        Self::MeanSquared,
        Self::SoftmaxCrossEntropy,
        Self::SigmoidCrossEntropy,
        Self::Hinge,
        Self::Log,
        Self::AbsoluteDifference,
    ];

    /// L, of shape \[1\], on the tape if the outputs are, by one product ([`softmax_cross_entropy`] says why).
    ///
    /// # Panics
    /// If there are not as many labels as rows of outputs, or a label is above the number of outputs.
    pub fn value(self, outputs: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        if self == Self::SoftmaxCrossEntropy {
            return softmax_cross_entropy(outputs, labels);
        }
        let plain = outputs.clone().inner();
        let targets = self.targets(&plain, labels);
        if !outputs.is_autodiff() {
            return mean(self.terms(plain, targets));
        }
        let slope = self.slope(plain.clone(), targets.clone());
        on_tape(outputs, mean(self.terms(plain, targets)), slope)
    }

    /// L and ∂L/∂outputs, off the tape: the loss for gradients in closed form.
    ///
    /// # Panics
    /// As [`value`](Self::value).
    pub fn value_and_slope(self, outputs: Tensor<2>, labels: Tensor<1, Int>) -> (f64, Tensor<2>) {
        if self == Self::SoftmaxCrossEntropy {
            return softmax_cross_entropy_and_slope(outputs, labels);
        }
        let targets = self.targets(&outputs, labels);
        let slope = self.slope(outputs.clone(), targets.clone());
        (
            mean(self.terms(outputs, targets)).into_scalar::<f64>(),
            slope,
        )
    }

    /// Checks that a network with so many outputs can tell so many classes apart.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a number of outputs that the loss cannot use.
    pub fn validate(self, outputs: usize, classes: usize) -> Result<()> {
        if self == Self::SoftmaxCrossEntropy && outputs < 2 && classes > 1 {
            return Err(TatiError::InvalidSetting {
                name: "outputs",
                value: outputs.to_string(),
                expected: format!("at least 2 for {self}, one for each class"),
            });
        }
        if outputs == 1 && classes <= 2 {
            return Ok(());
        }
        require_count("outputs", outputs, classes.max(1)..)
    }

    /// The class that each row of outputs tells: the largest output, or the side that a single one lies on.
    pub fn classes_of(self, outputs: Tensor<2>) -> Vec<usize> {
        let [_, width] = outputs.dims();
        let border = if self == Self::Log { 0.5 } else { 0.0 };
        let values: Vec<f64> = outputs.into_data().iter::<f64>().collect();
        let class = |row: &[f64]| {
            if let [output] = row {
                return usize::from(*output > border);
            }
            let largest = (0..row.len()).max_by(|one, other| {
                // The first of equals.
                row[*one].total_cmp(&row[*other]).then(other.cmp(one))
            });
            largest.unwrap_or(0)
        };
        values.chunks_exact(width.max(1)).map(class).collect()
    }

    /// y, or s, of the shape of the outputs.
    fn targets(self, outputs: &Tensor<2>, labels: Tensor<1, Int>) -> Tensor<2> {
        let [items, width] = outputs.dims();
        assert_eq!(labels.dims(), [items], "as many labels as rows of outputs");
        let labels = labels.inner();
        let is_class = if width == 1 {
            labels.float().reshape([items, 1])
        } else {
            labels.one_hot::<2>(width).float()
        };
        let is_class = is_class.cast(outputs.dtype());
        let is_sign = match self {
            Self::Hinge => true,
            Self::MeanSquared | Self::AbsoluteDifference => width == 1,
            Self::SoftmaxCrossEntropy | Self::SigmoidCrossEntropy | Self::Log => false,
        };
        if is_sign {
            is_class.mul_scalar(2.0).sub_scalar(1.0)
        } else {
            is_class
        }
    }

    /// The loss of each item and output.
    fn terms(self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
        match self {
            Self::MeanSquared => (outputs - targets).powi_scalar(2),
            Self::AbsoluteDifference => (outputs - targets).abs(),
            Self::Hinge => relu((outputs * targets).neg().add_scalar(1.0)),
            // max(o, 0) − o y + ln(1 + e^−|o|) does not overflow.
            Self::SigmoidCrossEntropy => {
                let tail = outputs.clone().abs().neg().exp().log1p();
                relu(outputs.clone()) - outputs * targets + tail
            }
            Self::Log => {
                let of_class = outputs.clone().add_scalar(EPSILON).log();
                let of_others = outputs.neg().add_scalar(1.0 + EPSILON).log();
                let others = targets.clone().neg().add_scalar(1.0);
                (targets * of_class + others * of_others).neg()
            }
            Self::SoftmaxCrossEntropy => unreachable!("it is no mean over outputs"),
        }
    }

    /// ∂L/∂outputs; at a kink 0, or the slope of the right side.
    fn slope(self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
        let share = 1.0 / outputs.dims().iter().product::<usize>() as f64;
        let slope = match self {
            Self::MeanSquared => (outputs - targets).mul_scalar(2.0),
            Self::AbsoluteDifference => (outputs - targets).sign(),
            Self::Hinge => {
                let margin = outputs * targets.clone();
                let is_inside = margin.lower_scalar(1.0).float().cast(targets.dtype());
                (targets * is_inside).neg()
            }
            Self::SigmoidCrossEntropy => sigmoid(outputs) - targets,
            Self::Log => {
                let others = targets.clone().neg().add_scalar(1.0);
                let of_others = others / outputs.clone().neg().add_scalar(1.0 + EPSILON);
                of_others - targets / outputs.add_scalar(EPSILON)
            }
            Self::SoftmaxCrossEntropy => unreachable!("it has its own"),
        };
        slope.mul_scalar(share)
    }
}

/// The mean of all terms, summed in double precision where they are in host memory.
fn mean(terms: Tensor<2>) -> Tensor<1> {
    if !tati_core::shares_host_memory(&terms.device()) {
        return terms.mean();
    }
    let (device, dtype) = (terms.device(), terms.dtype());
    let count = terms.dims().iter().product::<usize>() as f64;
    let sum: f64 = terms.into_data().iter::<f64>().sum();
    let data = burn::tensor::TensorData::from([sum / count]).convert_dtype(dtype);
    Tensor::from_data(data, (&device, dtype))
}

impl fmt::Display for Loss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MeanSquared => "mean-squared",
            Self::SoftmaxCrossEntropy => "softmax-cross-entropy",
            Self::SigmoidCrossEntropy => "sigmoid-cross-entropy",
            Self::Hinge => "hinge",
            Self::Log => "log",
            Self::AbsoluteDifference => "absolute-difference",
        })
    }
}

impl FromStr for Loss {
    type Err = TatiError;

    fn from_str(text: &str) -> Result<Self> {
        from_name("loss", &Self::ALL, text)
    }
}

#[cfg(test)]
#[path = "loss_tests.rs"]
mod tests;
