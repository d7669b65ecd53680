//! Analyses whose products are the GPU's: the same as on the CPU.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use tati::AffineSubspace;
use tati::landscape::{Axis, DiffusionMapConfig, Draws, Surface};
use tati::models::{Perceptron, softmax_cross_entropy};
use tati::prelude::*;

use super::gpu;
use crate::common::flex;

type Rows = (Tensor<2>, Tensor<1, Int>);

/// Some numbers between −1 and 1, the same in every run.
fn vector(length: usize, seed: usize) -> Vec<f64> {
    let scattered = |i: usize| (12.9898 * i as f64 + 78.233 * seed as f64).sin() * 43_758.545_3;
    (0..length)
        .map(|i| 2.0 * scattered(i).rem_euclid(1.0) - 1.0)
        .collect()
}

/// Products in single precision only say which distances are worth computing.
#[test]
fn diffusion_maps_are_the_same_to_the_last_bit() {
    let Some((gpu, _guard)) = gpu("diffusion_maps_are_the_same_to_the_last_bit") else {
        return;
    };
    const POINTS: usize = 300;
    const WIDTH: usize = 40;
    let points = vector(POINTS * WIDTH, 1);
    let draws = Draws::from_f64(&points, [1, POINTS, WIDTH]).expect("draws");
    let config = DiffusionMapConfig::new(5).with_neighbors(Some(30));
    let here = config.fit(&draws).expect("a map");
    let there = config.fit_on(&gpu, &draws).expect("a map");
    assert_eq!(there.eigenvalues(), here.eigenvalues());
    assert_eq!(there.coordinates(), here.coordinates());
}

/// A plane through a perceptron, point by point and by outputs that are affine in the parameters.
#[test]
fn surfaces_are_those_of_the_cpu() {
    let Some((gpu, _guard)) = gpu("surfaces_are_those_of_the_cpu") else {
        return;
    };
    let digits = GlyphsConfig::new().with_train(100).with_test(1);
    let digits = digits.generate().expect("glyphs").train;
    let start: Perceptron = PerceptronConfig::new().init(&flex().autodiff());
    let axes = ["c0", "c1"].map(|name| Axis::equidistant(name, -1.0..=1.0, 3).expect("an axis"));
    let surfaces = |device: &Device| {
        let device = device.clone().autodiff();
        let model = start.clone().fork(&device);
        let loss = |model: &Perceptron, (images, labels): Rows| {
            softmax_cross_entropy(model.forward(images), labels)
        };
        let potential =
            ModelPotential::new(model, digits.to_tensors(&device), loss).expect("a potential");
        let size = potential.num_parameters();
        let directions = [&vector(size, 2)[..], &vector(size, 3)[..]];
        let plane = AffineSubspace::new(&vec![0.0; size], &directions).expect("a plane");
        let outputs = |model: &Perceptron, (images, _): Rows| model.forward(images);
        let loss = |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels);
        let by_outputs = potential.clone().with_affine_outputs(outputs, loss);
        let by_outputs = by_outputs.expect("affine outputs");
        [
            Surface::over(&potential, &plane, &axes, &mut |_| {}).expect("a surface"),
            Surface::over(&by_outputs, &plane, &axes, &mut |_| {}).expect("a surface"),
        ]
    };
    for (ours, theirs) in surfaces(&gpu).iter().zip(&surfaces(&flex())) {
        for (ours, theirs) in ours.potential.iter().zip(&theirs.potential) {
            assert!((ours / theirs - 1.0).abs() < 1e-5, "{ours} {theirs}");
        }
    }
}
