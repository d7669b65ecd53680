//! A module as one flat vector and back: exact, ordered, frozen tensors left out, bad input refused.

use burn::module::{Module, ParamGroup};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, FloatDType, Tensor};
use proptest::prelude::*;
use tati_core::{ParameterLayout, TatiError, freeze_parameters, open_device};

#[derive(Module, Debug)]
struct TwoLayers {
    first: Linear,
    second: Linear,
}

fn device() -> Device {
    open_device("flex").unwrap().autodiff()
}

fn two_layers(inputs: usize, hidden: usize) -> TwoLayers {
    TwoLayers {
        first: LinearConfig::new(inputs, hidden).init(&device()),
        second: LinearConfig::new(hidden, 2)
            .with_bias(false)
            .init(&device()),
    }
}

fn values(tensor: &Tensor<1>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn unflatten_then_flatten_is_the_identity(
        inputs in 1usize..7, hidden in 1usize..9, seed in -1.0f32..1.0,
    ) {
        let model = two_layers(inputs, hidden);
        let layout = ParameterLayout::of(&model).unwrap();
        prop_assert_eq!(layout.num_parameters(), model.num_params());
        let theta: Vec<f32> =
            (0..layout.num_parameters()).map(|i| seed + i as f32).collect();
        let flat = Tensor::<1>::from_data(theta.as_slice(), &device().inner());
        let model = layout.unflatten(model, flat).unwrap();
        let back: Vec<f32> = layout.flatten(&model).unwrap().to_data().iter().collect();
        prop_assert_eq!(back, theta);
    }
}

#[test]
fn names_shapes_and_offsets_follow_the_declaration() {
    let layout = ParameterLayout::of(&two_layers(3, 4)).unwrap();
    let table: Vec<_> = layout
        .tensors()
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.shape.clone(), tensor.offset))
        .collect();
    assert_eq!(
        table,
        [
            ("first.weight", vec![3, 4], Some(0)),
            ("first.bias", vec![4], Some(12)),
            ("second.weight", vec![4, 2], Some(16)),
        ]
    );
}

#[test]
fn frozen_tensors_are_listed_but_not_moved() {
    let model = two_layers(3, 4).freeze_group(ParamGroup::from_predicate("first.weight"));
    let layout = ParameterLayout::of(&model).unwrap();
    assert_eq!(layout.num_parameters(), 12);
    assert!(layout.tensors()[0].is_frozen());
    let before = model.first.weight.val().to_data();
    let moved = layout
        .unflatten(model, Tensor::zeros([12], &device().inner()))
        .unwrap();
    assert_eq!(moved.first.weight.val().to_data(), before);
    assert!(!moved.first.weight.is_require_grad());
    assert!(moved.second.weight.is_require_grad());
    assert_eq!(values(&layout.flatten(&moved).unwrap()), vec![0.0; 12]);
}

#[test]
fn a_moved_module_still_trains() {
    let model = two_layers(2, 3);
    let layout = ParameterLayout::of(&model).unwrap();
    let theta = layout.flatten(&model).unwrap();
    let model = layout.unflatten(model, theta.mul_scalar(0.5)).unwrap();
    let input = Tensor::<2>::ones([1, 2], &device());
    let loss = model.first.forward(input).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let flat = values(&layout.flatten_gradients(&model, &gradients).unwrap());
    // The loss is the sum of the first layer's outputs: gradient 1 for its parameters, none for the second layer.
    assert_eq!(flat, [vec![1.0; 9], vec![0.0; 6]].concat());
}

#[test]
fn parameters_in_f64_stay_in_f64() {
    let model = two_layers(2, 2).map(&mut ToF64);
    let layout = ParameterLayout::of(&model).unwrap();
    assert_eq!(layout.dtype(), DType::F64);
    let theta = layout.flatten(&model).unwrap() + 1e-12;
    let model = layout.unflatten(model, theta.clone()).unwrap();
    assert_eq!(values(&layout.flatten(&model).unwrap()), values(&theta));
}

#[test]
fn what_does_not_fit_is_refused() {
    let model = two_layers(3, 4);
    let layout = ParameterLayout::of(&model).unwrap();
    let short = Tensor::zeros([5], &device().inner());
    let message = layout.unflatten(model, short).unwrap_err().to_string();
    assert_eq!(
        message,
        "length of the flat parameter vector: expected 24, found 5"
    );

    let other = layout.flatten(&two_layers(3, 5)).unwrap_err().to_string();
    assert!(
        other.contains("first.weight") && other.contains("[3, 5]"),
        "{other}"
    );

    let frozen = ParameterLayout::of(&two_layers(3, 4).no_grad()).unwrap_err();
    assert!(
        matches!(frozen, TatiError::ShapeMismatch { .. }),
        "{frozen}"
    );
}

struct ToF64;

impl burn::module::ModuleMapper for ToF64 {
    fn map_float<const D: usize>(
        &mut self,
        param: burn::module::Param<Tensor<D>>,
    ) -> burn::module::Param<Tensor<D>> {
        param.map(|tensor| Tensor::from_inner(tensor.inner().cast(FloatDType::F64)).require_grad())
    }
}

#[test]
fn parameters_are_frozen_by_name() {
    let frozen = |names: &[&str]| {
        let module = freeze_parameters(two_layers(3, 4), names).expect("frozen");
        let layout = ParameterLayout::of(&module).expect("a layout");
        let tensors = layout.tensors().iter().filter(|tensor| tensor.is_frozen());
        tensors
            .map(|tensor| tensor.name.clone())
            .collect::<Vec<_>>()
    };
    let layout = ParameterLayout::of(&two_layers(3, 4)).expect("a layout");
    let names: Vec<&str> = layout
        .tensors()
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    assert_eq!(frozen(&[names[1]]), [names[1]]);
    let layer = names[0].rsplit_once('.').expect("a field of a field").0;
    assert_eq!(frozen(&[layer]), names[..2]);
    assert_eq!(frozen(&[]), Vec::<String>::new());

    let part = &names[0][..names[0].len() - 1];
    for unknown in ["nothing", part, ""] {
        let message = freeze_parameters(two_layers(3, 4), &[unknown])
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(names[2]) && message.contains(unknown),
            "{message}"
        );
    }
}

#[test]
fn gradients_are_replaced_where_there_are_any() {
    let model = freeze_parameters(two_layers(3, 4), &["first.bias"]).unwrap();
    let layout = ParameterLayout::of(&model).unwrap();
    let flat = |length: usize| {
        let numbers: Vec<f32> = (0..length).map(|i| i as f32).collect();
        Tensor::<1>::from_data(numbers.as_slice(), &device().inner())
    };
    // A loss that the second layer has no part in.
    let inputs = Tensor::<2>::ones([5, 3], &device());
    let loss = model.first.forward(inputs).sum();
    let mut gradients = GradientsParams::from_grads(loss.backward(), &model);
    layout
        .replace_gradients(&model, &mut gradients, flat(20))
        .unwrap();
    let found = values(&layout.flatten_gradients(&model, &gradients).unwrap());
    let expected = (0..20).map(|i| if i < 12 { f64::from(i) } else { 0.0 });
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert!(gradients.get::<2>(model.second.weight.id).is_none());
    let error = layout.replace_gradients(&model, &mut gradients, flat(19));
    assert_eq!(
        error.unwrap_err().to_string(),
        "length of the flat parameter vector: expected 20, found 19"
    );
}
