//! Losses against their formulas, term by term in double precision, and slopes against differences.

use burn::tensor::{DType, TensorData};

use super::*;

/// The loss written out.
fn formula(loss: Loss, outputs: &[Vec<f64>], labels: &[usize]) -> f64 {
    let (items, width) = (outputs.len() as f64, outputs[0].len());
    if loss == Loss::SoftmaxCrossEntropy {
        let of_item = |(row, label): (&Vec<f64>, &usize)| {
            row.iter().map(|output| output.exp()).sum::<f64>().ln() - row[*label]
        };
        return outputs.iter().zip(labels).map(of_item).sum::<f64>() / items;
    }
    let mut sum = 0.0;
    for (row, &label) in outputs.iter().zip(labels) {
        for (index, &output) in row.iter().enumerate() {
            let is_class = if width == 1 {
                label == 1
            } else {
                label == index
            };
            let probability = f64::from(u8::from(is_class));
            let sign = 2.0 * probability - 1.0;
            let value = if width == 1 { sign } else { probability };
            let entropy = |p: f64| -(if is_class { p } else { 1.0 - p }).ln();
            sum += match loss {
                Loss::MeanSquared => (output - value).powi(2),
                Loss::AbsoluteDifference => (output - value).abs(),
                Loss::Hinge => (1.0 - sign * output).max(0.0),
                Loss::SigmoidCrossEntropy => entropy(1.0 / (1.0 + (-output).exp())),
                Loss::Log => entropy(output),
                Loss::SoftmaxCrossEntropy => unreachable!(),
            };
        }
    }
    sum / (items * width as f64)
}

fn tensors(outputs: &[Vec<f64>], labels: &[usize], dtype: DType) -> (Tensor<2>, Tensor<1, Int>) {
    let device = tati_core::open_device("flex").unwrap().autodiff();
    let flat: Vec<f64> = outputs.iter().flatten().copied().collect();
    let shape = [outputs.len(), outputs[0].len()];
    let data = TensorData::new(flat, shape).convert_dtype(dtype);
    let labels: Vec<i64> = labels.iter().map(|label| *label as i64).collect();
    (
        Tensor::from_data(data, (&device, dtype)),
        Tensor::from_data(labels.as_slice(), &device),
    )
}

/// Outputs between 0 and 1, so that they are probabilities too.
fn cases() -> [(Vec<Vec<f64>>, Vec<usize>); 2] {
    let one = [0.125, 0.75, 0.5, 0.9].map(|output| vec![output]).to_vec();
    let three = vec![vec![0.25, 0.5, 0.125], vec![0.9, 0.2, 0.6]];
    [(one, vec![0, 1, 0, 1]), (three, vec![2, 0])]
}

#[test]
fn values_are_those_of_the_formulas() {
    for (outputs, labels) in cases() {
        for loss in Loss::ALL {
            if loss
                .validate(outputs[0].len(), labels.iter().max().unwrap() + 1)
                .is_err()
            {
                continue;
            }
            let expected = formula(loss, &outputs, &labels);
            for (dtype, tolerance) in [(DType::F64, 1e-6), (DType::F32, 1e-6)] {
                let (outputs, labels) = tensors(&outputs, &labels, dtype);
                let taped = loss.value(outputs.clone(), labels.clone());
                let plain = loss.value(outputs.clone().inner(), labels.clone());
                let (closed, _) = loss.value_and_slope(outputs.inner(), labels);
                for value in [taped.into_scalar::<f64>(), plain.into_scalar(), closed] {
                    assert!(
                        (value - expected).abs() < tolerance,
                        "{loss}: {value}, {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn slopes_are_those_of_differences() {
    const H: f64 = 1e-4;
    for (outputs, labels) in cases() {
        for loss in Loss::ALL {
            if loss
                .validate(outputs[0].len(), labels.iter().max().unwrap() + 1)
                .is_err()
            {
                continue;
            }
            let (tensor, classes) = tensors(&outputs, &labels, DType::F64);
            let leaf = tensor.require_grad();
            let (_, slope) = loss.value_and_slope(leaf.clone().inner(), classes.clone());
            let taped = leaf
                .grad(&loss.value(leaf.clone(), classes).backward())
                .unwrap();
            assert_eq!(slope.clone().into_data(), taped.into_data(), "{loss}");
            let slope: Vec<f64> = slope.into_data().iter::<f64>().collect();
            let width = outputs[0].len();
            for (index, slope) in slope.into_iter().enumerate() {
                let shifted = |by: f64| {
                    let mut moved = outputs.clone();
                    moved[index / width][index % width] += by;
                    formula(loss, &moved, &labels)
                };
                let difference = (shifted(H) - shifted(-H)) / (2.0 * H);
                assert!(
                    (slope - difference).abs() < 1e-5,
                    "{loss}: {slope}, {difference}"
                );
            }
        }
    }
}

#[test]
fn large_outputs_do_not_overflow() {
    let (outputs, labels) = tensors(&[vec![1e4], vec![-1e4]], &[0, 1], DType::F32);
    let value = |loss: Loss| {
        loss.value(outputs.clone(), labels.clone())
            .into_scalar::<f64>()
    };
    assert_eq!(value(Loss::SigmoidCrossEntropy), 1e4);
    assert_eq!(value(Loss::Hinge), 1e4 + 1.0);
    assert_eq!(value(Loss::AbsoluteDifference), 1e4 + 1.0);
    assert!(value(Loss::Log).is_nan());
}

#[test]
fn the_number_of_outputs_is_checked() {
    assert!(Loss::MeanSquared.validate(1, 2).is_ok());
    assert!(Loss::SoftmaxCrossEntropy.validate(2, 2).is_ok());
    let message = |loss: Loss, outputs, classes| {
        let error = loss.validate(outputs, classes).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message(Loss::SoftmaxCrossEntropy, 1, 2),
        "`outputs` is 1: it must be at least 2 for softmax-cross-entropy, one for each class"
    );
    assert_eq!(
        message(Loss::Hinge, 1, 3),
        "`outputs` is 1: it must be at least 3"
    );
}

#[test]
fn classes_are_told_by_side_or_size() {
    let (one, _) = tensors(
        &[vec![0.25], vec![0.75], vec![-0.1]],
        &[0, 0, 0],
        DType::F32,
    );
    assert_eq!(Loss::Hinge.classes_of(one.clone()), [1, 1, 0]);
    assert_eq!(Loss::Log.classes_of(one), [0, 1, 0]);
    let (three, _) = tensors(
        &[vec![0.0, 0.0, -1.0], vec![0.0, 1.0, 2.0]],
        &[0, 0],
        DType::F32,
    );
    assert_eq!(Loss::SoftmaxCrossEntropy.classes_of(three), [0, 2]);
}

#[test]
fn names_are_the_same_everywhere() {
    for loss in Loss::ALL {
        assert_eq!(loss.to_string().parse::<Loss>().unwrap(), loss);
        let wrapped = Wrapper { loss };
        let json = burn::config::config_to_json(&wrapped);
        assert!(json.contains(&format!("\"{loss}\"")), "{json}");
    }
    assert!("mse".parse::<Loss>().is_err());
}

#[derive(burn::config::Config, Debug)]
struct Wrapper {
    loss: Loss,
}
