//! Gradients in closed form against Burn's tape, over shapes, losses and activations.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Distribution, Int, Tensor};
use proptest::prelude::*;
use tati_core::{ParameterLayout, freeze_parameters, open_device};

use crate::{
    Activation, Mlp, MlpConfig, Perceptron, PerceptronConfig, softmax_cross_entropy,
    softmax_cross_entropy_and_slope,
};

type Points = (Tensor<2>, Tensor<1, Int>);

/// Points, with labels below `classes`.
fn points(rows: usize, inputs: usize, classes: usize) -> Points {
    let device = open_device("flex").unwrap();
    let labels: Vec<i32> = (0..rows).map(|row| (row * 7 % classes) as i32).collect();
    (
        Tensor::random([rows, inputs], Distribution::Uniform(-1.0, 1.0), &device),
        Tensor::from_data(labels.as_slice(), &device),
    )
}

/// The mean squared distance of outputs from 0.3.
fn squared(outputs: Tensor<2>) -> Tensor<1> {
    outputs.sub_scalar(0.3).powi_scalar(2).mean()
}

fn squared_and_slope(outputs: Tensor<2>) -> (f64, Tensor<2>) {
    let share = 2.0 / outputs.shape().num_elements() as f64;
    let value = squared(outputs.clone()).into_scalar::<f64>();
    (value, outputs.sub_scalar(0.3).mul_scalar(share))
}

/// The largest difference of losses and gradients from those of the tape, relative to the largest gradient.
fn difference<M: Module>(
    models: &[M],
    evaluated: Vec<(f64, GradientsParams)>,
    loss: impl Fn(&M) -> Tensor<1>,
) -> f64 {
    assert_eq!(models.len(), evaluated.len());
    let mut worst: f64 = 0.0;
    for (model, (value, gradients)) in models.iter().zip(evaluated) {
        let layout = ParameterLayout::of(model).unwrap();
        let expected = loss(model);
        let expected_value = expected.clone().inner().into_scalar::<f64>();
        let tape = GradientsParams::from_grads(expected.backward(), model);
        assert_eq!(gradients.len(), tape.len());
        let flat = |gradients| layout.flatten_gradients(model, gradients).unwrap();
        let (found, expected) = (flat(&gradients), flat(&tape));
        let largest = expected.clone().abs().max().into_scalar::<f64>();
        let off = (found - expected).abs().max().into_scalar::<f64>();
        worst = worst.max(off / largest.max(1e-3));
        worst = worst.max((value - expected_value).abs() / expected_value.abs().max(1.0));
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn those_of_mlps_are_the_tape_s(
        walkers in 1usize..5,
        rows in 1usize..40,
        inputs in 1usize..9,
        hidden in prop::collection::vec(prop_oneof![1usize..7, 60usize..70], 0..3),
        outputs in 1usize..6,
        activation in prop::sample::select(Activation::ALL.to_vec()),
        output_activation in prop::sample::select(Activation::ALL.to_vec()),
        is_classification in any::<bool>(),
        frozen in any::<bool>(),
    ) {
        let device = open_device("flex").unwrap().autodiff();
        let config = MlpConfig::new(hidden)
            .with_inputs(inputs)
            .with_outputs(outputs)
            .with_activation(activation)
            .with_output_activation(output_activation);
        let mut models: Vec<Mlp> = (0..walkers).map(|_| config.init(&device)).collect();
        if frozen {
            let freeze = |model| freeze_parameters(model, &["layers.0.weight"]).unwrap();
            models = models.into_iter().map(freeze).collect();
        }
        let (points, labels) = points(rows, inputs, outputs);
        let worst = if is_classification {
            let evaluated = Mlp::losses_and_gradients(&models, points.clone(), |logits| {
                softmax_cross_entropy_and_slope(logits, labels.clone())
            });
            difference(&models, evaluated, |model| {
                softmax_cross_entropy(model.forward(points.clone()), labels.clone())
            })
        } else {
            let evaluated = Mlp::losses_and_gradients(&models, points.clone(), squared_and_slope);
            difference(&models, evaluated, |model| squared(model.forward(points.clone())))
        };
        prop_assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn those_of_perceptrons_are_the_tape_s(
        walkers in 1usize..5,
        rows in 1usize..40,
        inputs in 1usize..9,
        classes in prop_oneof![1usize..6, 62usize..66],
    ) {
        let device = open_device("flex").unwrap().autodiff();
        let config = PerceptronConfig::new().with_inputs(inputs).with_classes(classes);
        let models: Vec<Perceptron> = (0..walkers).map(|_| config.init(&device)).collect();
        let (points, labels) = points(rows, inputs, classes);
        let evaluated = Perceptron::losses_and_gradients(&models, points.clone(), |logits| {
            softmax_cross_entropy_and_slope(logits, labels.clone())
        });
        let worst = difference(&models, evaluated, |model| {
            softmax_cross_entropy(model.forward(points.clone()), labels.clone())
        });
        prop_assert!(worst < 1e-5, "{worst}");
    }
}

/// The slopes of the activations against differences, in double precision, on both sides of their kinks.
#[test]
fn slopes_of_activations_are_their_derivatives() {
    let device = open_device("flex").unwrap();
    let at = [-7.0, -2.5, -0.3, 0.2, 1.7, 5.9, 6.3, 15.0];
    let tensor = |shift: f64| {
        let values = at.map(|x| x + shift);
        Tensor::<1>::from_data(values, (&device, DType::F64)).unsqueeze::<2>()
    };
    let step = 1e-6;
    for activation in Activation::ALL {
        let input = tensor(0.0);
        let output = activation.forward(input.clone());
        let found = activation
            .slope(&input, &output)
            .unwrap_or_else(|| input.ones_like());
        let rise = activation.forward(tensor(step)) - activation.forward(tensor(-step));
        let expected = rise.div_scalar(2.0 * step);
        let worst = (found - expected).abs().max().into_scalar::<f64>();
        assert!(worst < 1e-8, "{activation}: {worst}");
    }
}
