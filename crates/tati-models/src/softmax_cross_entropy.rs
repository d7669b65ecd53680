//! Softmax cross-entropy with its gradient in closed form.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{DType, Int, Tensor, TensorData};
use tati_core::shares_host_memory;

/// The mean softmax cross-entropy of `logits` \[items, classes\] and `labels` \[items\], of shape \[1\]:
///
/// ```text
/// L = −(1/n) Σᵢ ln p(labelᵢ),   p = softmax(logitsᵢ),   ∂L/∂logitsᵢ = (p − onehot(labelᵢ))/n
/// ```
///
/// The same function as Burn's `CrossEntropyLoss` without weights, padding or smoothing. It puts one product on the tape in
/// place of that loss's six operations, and on the CPU makes value and slope in one pass over the logits: for a small network the
/// tape is a good part of the time of a step. Its second derivatives are not those of L.
///
/// # Panics
/// If a label is not below the number of classes, or there are not as many labels as rows, as Burn's own loss does.
///
/// # Example
/// ```
/// use burn::tensor::{Int, Tensor};
/// use tati_models::softmax_cross_entropy;
///
/// let device = tati_core::open_device("flex")?.autodiff();
/// let logits = Tensor::<2>::from_data([[0.0, 0.0], [0.0, 3.0_f32.ln()]], &device).require_grad();
/// let labels = Tensor::<1, Int>::from_data([0, 1], &device);
/// let loss = softmax_cross_entropy(logits.clone(), labels);
/// let slope = logits.grad(&loss.backward()).unwrap();
/// assert!((slope.into_data().as_slice::<f32>().unwrap()[0] + 0.25).abs() < 1e-6);
/// assert!((loss.into_scalar::<f64>() - 0.5 * (8.0_f64 / 3.0).ln()).abs() < 1e-6);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn softmax_cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let [items, _] = logits.dims();
    assert_eq!(labels.dims(), [items], "as many labels as rows of logits");
    if !logits.is_autodiff() {
        return if is_on_host(&logits) {
            value_on_host(logits, labels)
        } else {
            value_on_device(logits, labels.inner())
        };
    }
    let (value, slope) = value_and_slope(logits.clone().inner(), labels);
    on_tape(logits, value, slope)
}

/// L on the tape by one product: linear in the outputs, with the slope of L; the rest of its value is a constant.
pub(crate) fn on_tape(outputs: Tensor<2>, value: Tensor<1>, slope: Tensor<2>) -> Tensor<1> {
    let linear = (outputs * Tensor::from_inner(slope)).sum();
    let rest = value - linear.clone().inner();
    linear + Tensor::from_inner(rest)
}

/// L and ∂L/∂logits of [`softmax_cross_entropy`], off the tape: the loss for gradients in closed form.
///
/// # Panics
/// As [`softmax_cross_entropy`] does.
///
/// # Example
/// ```
/// use burn::tensor::{Int, Tensor};
/// use tati_models::softmax_cross_entropy_and_slope;
///
/// let device = tati_core::open_device("flex")?;
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &device);
/// let labels = Tensor::<1, Int>::from_data([1], &device);
/// let (loss, slope) = softmax_cross_entropy_and_slope(logits, labels);
/// assert!((loss - 2.0_f64.ln()).abs() < 1e-6);
/// assert_eq!(slope.into_data().as_slice::<f32>().unwrap(), [0.5, -0.5]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn softmax_cross_entropy_and_slope(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
) -> (f64, Tensor<2>) {
    let [items, _] = logits.dims();
    assert_eq!(labels.dims(), [items], "as many labels as rows of logits");
    let (value, slope) = value_and_slope(logits, labels);
    (value.into_scalar::<f64>(), slope)
}

fn value_and_slope(logits: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<2>) {
    if is_on_host(&logits) {
        on_host(logits, labels)
    } else {
        on_device(logits, labels.inner())
    }
}

fn is_on_host(logits: &Tensor<2>) -> bool {
    shares_host_memory(&logits.device()) && logits.dtype() == DType::F32
}

/// L and ∂L/∂logits in one pass over the memory.
fn on_host(logits: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<2>) {
    let [items, classes] = logits.dims();
    let device = logits.device();
    let labels = labels.into_data();
    let mut slope = logits.into_data();
    let rows = slope
        .as_mut_slice::<f32>()
        .unwrap_or_else(|error| unreachable!("the precision is known: {error:?}"))
        .chunks_exact_mut(classes);
    let share = 1.0 / items as f32;
    let mut value = 0.0f64;
    for (row, label) in rows.zip(labels.iter::<i64>()) {
        let label = usize::try_from(label).unwrap_or(usize::MAX);
        assert!(label < classes, "label {label} of {classes} classes");
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let of_label = row[label] - largest;
        let mut sum = 0.0;
        for logit in row.iter_mut() {
            *logit = (*logit - largest).exp();
            sum += *logit;
        }
        value += f64::from(sum.ln() - of_label);
        let scale = share / sum;
        for part in row.iter_mut() {
            *part *= scale;
        }
        row[label] -= share;
    }
    let value = (value / items as f64) as f32;
    (
        Tensor::from_data(TensorData::from([value]), &device),
        Tensor::from_data(slope, &device),
    )
}

/// L as [`on_host`] has it, to the last bit.
fn value_on_host(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let [items, classes] = logits.dims();
    let device = logits.device();
    let (logits, labels) = (logits.into_data(), labels.into_data());
    let rows = logits
        .as_slice::<f32>()
        .unwrap_or_else(|error| unreachable!("the precision is known: {error:?}"))
        .chunks_exact(classes);
    let mut value = 0.0f64;
    for (row, label) in rows.zip(labels.iter::<i64>()) {
        let label = usize::try_from(label).unwrap_or(usize::MAX);
        assert!(label < classes, "label {label} of {classes} classes");
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = row.iter().map(|logit| (logit - largest).exp()).sum();
        value += f64::from(sum.ln() - (row[label] - largest));
    }
    let value = (value / items as f64) as f32;
    Tensor::from_data(TensorData::from([value]), &device)
}

/// The same as [`on_host`] by tensor operations, off the tape.
fn on_device(logits: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<2>) {
    let [items, classes] = logits.dims();
    let one_hot = labels
        .clone()
        .one_hot::<2>(classes)
        .float()
        .cast(logits.dtype());
    let slope = (softmax(logits.clone(), 1) - one_hot).div_scalar(items as f64);
    (value_on_device(logits, labels), slope)
}

fn value_on_device(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let [items, _] = logits.dims();
    let of_label = log_softmax(logits, 1).gather(1, labels.reshape([items, 1]));
    of_label.mean().neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::loss::CrossEntropyLossConfig;

    /// Value and gradient are those of Burn's loss, by both bodies, for large logits too.
    #[test]
    fn it_is_burns_loss() {
        let device = tati_core::open_device("flex").unwrap().autodiff();
        for (dtype, scale, tolerance) in [
            (DType::F32, 1.0, 1e-6),
            (DType::F32, 100.0, 1e-5),
            (DType::F64, 1.0, 1e-14),
            (DType::F64, 300.0, 1e-12),
        ] {
            let values: Vec<f64> = (0..70)
                .map(|i| scale * f64::from(i * 37 % 23) / 23.0)
                .collect();
            let data = TensorData::new(values, [7, 10]).convert_dtype(dtype);
            let logits = Tensor::<2>::from_data(data, (&device, dtype)).require_grad();
            let labels = Tensor::<1, Int>::from_data([3, 0, 9, 1, 1, 5, 7], &device);
            let ours = softmax_cross_entropy(logits.clone(), labels.clone());
            let burns = CrossEntropyLossConfig::new()
                .init(&device)
                .forward(logits.clone(), labels.clone());
            let difference = |a: f64, b: f64| (a - b).abs() / b.abs().max(1.0);
            let value = ours.clone().into_scalar::<f64>();
            let expected = burns.clone().into_scalar::<f64>();
            assert!(
                difference(value, expected) < tolerance,
                "{value} for {expected}"
            );
            let slope = logits.grad(&ours.backward()).unwrap();
            let expected = logits.grad(&burns.backward()).unwrap();
            let largest = (slope - expected).abs().max().into_scalar::<f64>();
            assert!(largest < tolerance, "{largest}");
            let (logits, labels) = (logits.inner(), labels.inner());
            let valid = softmax_cross_entropy(logits.clone(), labels.clone());
            assert!(difference(valid.into_scalar::<f64>(), value) < tolerance);
            if dtype == DType::F32 {
                let (whole, _) = on_host(logits.clone(), labels.clone());
                let alone = value_on_host(logits, labels).into_scalar::<f32>();
                assert_eq!(alone, whole.into_scalar::<f32>());
            }
        }
    }

    #[test]
    fn diverged_logits_give_no_number() {
        let device = tati_core::open_device("flex").unwrap();
        for bad in [f32::NAN, f32::INFINITY] {
            let logits = Tensor::<2>::from_data([[0.0, bad]], &device);
            let labels = Tensor::<1, Int>::from_data([0], &device);
            let loss = softmax_cross_entropy(logits, labels).into_scalar::<f64>();
            assert!(!loss.is_finite(), "{loss}");
        }
    }
}
