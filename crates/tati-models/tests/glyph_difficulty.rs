//! The drawn digits are as hard for a perceptron as MNIST is, about nine in ten, and quickly drawn.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Int, Tensor};
use tati_models::{Digits, GlyphsConfig, Perceptron, PerceptronConfig};

const BATCH: usize = 100;
const EPOCHS: usize = 30;

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_perceptron_tells_about_nine_in_ten() {
    let digits = GlyphsConfig::new().generate().unwrap();
    let accuracy = trained_accuracy(digits);
    assert!((0.85..0.97).contains(&accuracy), "test accuracy {accuracy}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes long without optimisation")]
fn twelve_thousand_digits_are_drawn_within_two_seconds() {
    let start = Instant::now();
    GlyphsConfig::new().generate().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

/// Test accuracy after training to near convergence, with steps that shrink to nothing.
fn trained_accuracy(digits: Digits) -> f64 {
    let device = tati_core::open_device("flex").unwrap();
    let autodiff = device.clone().autodiff();
    autodiff.seed(0);
    let loss = CrossEntropyLossConfig::new().init(&autodiff);
    let mut optimizer: ModuleOptimizer = AdamConfig::new().init();
    let mut model = PerceptronConfig::new().init(&autodiff);

    let steps = digits.train.len() / BATCH;
    let (points, labels) = digits.train.into_tensors(&autodiff);
    for epoch in 0..EPOCHS {
        let step_size = 3e-3 * (1.0 - epoch as f64 / EPOCHS as f64);
        for step in 0..steps {
            let logits = model.forward(points.clone().narrow(0, step * BATCH, BATCH));
            let value = loss.forward(logits, labels.clone().narrow(0, step * BATCH, BATCH));
            let gradients = GradientsParams::from_grads(value.backward(), &model);
            model = optimizer.step(step_size, model, gradients);
        }
    }
    let (points, labels) = digits.test.into_tensors(&device);
    accuracy(&model.valid(), points, labels)
}

fn accuracy(model: &Perceptron, points: Tensor<2>, labels: Tensor<1, Int>) -> f64 {
    let [count] = labels.dims();
    let predicted = model.forward(points).argmax(1).reshape([count]);
    f64::from(predicted.equal(labels).int().sum().into_scalar::<i32>()) / count as f64
}
