//! The kinds of network as one type: the same names, numbers and records as by themselves.

use burn::tensor::Tensor;
use tati_core::{ParameterLayout, Potential, open_device};

use super::*;

fn configs() -> [NetworkConfig; 3] {
    let mlp = MlpConfig::new(vec![5])
        .with_inputs(784)
        .with_outputs(3)
        .with_output_activation(Activation::Sigmoid);
    [
        NetworkConfig::Perceptron(PerceptronConfig::new().with_classes(3)),
        NetworkConfig::Mlp(mlp),
        NetworkConfig::LeNet(LeNetConfig::new().with_classes(3)),
    ]
}

fn rows(device: &Device) -> LabelledRows {
    let pixels: Vec<f32> = (0..4 * 784).map(|i| (i % 101) as f32 / 101.0).collect();
    let points = Tensor::<1>::from_floats(pixels.as_slice(), device).reshape([4, 784]);
    (points, Tensor::from_data([2, 0, 1, 1], device))
}

#[test]
fn names_are_those_of_the_network_itself() {
    let device = open_device("flex").unwrap().autodiff();
    let first = |config: &NetworkConfig| {
        let layout = ParameterLayout::of(&config.init(&device)).unwrap();
        layout.tensors()[0].name.clone()
    };
    let names = configs().map(|config| first(&config));
    assert_eq!(names, ["weight", "layers.0.weight", "convolution1.weight"]);
}

/// Every kind with every loss, at parameters that are no random ones: gradients are the slopes of energies.
#[test]
fn every_kind_is_a_potential_with_every_loss() {
    let device = open_device("flex").unwrap().autodiff();
    let plain = device.clone().inner();
    for config in configs() {
        let network = config.init(&device);
        let layout = ParameterLayout::of(&network).unwrap();
        let theta: Vec<f32> = (0..layout.num_parameters())
            .map(|i| 0.1 * ((i * 7919 % 101) as f32 / 50.0 - 1.0))
            .collect();
        let theta = Tensor::<1>::from_floats(theta.as_slice(), &plain);
        let network = layout.unflatten(network, theta.clone()).unwrap();
        for loss in Loss::ALL {
            if config.check_fits(loss, 784, 3).is_err() {
                assert_eq!(loss, Loss::Log, "{config:?}");
                continue;
            }
            let potential = network_potential(&network, rows(&plain), loss).unwrap();
            let (energy, gradient) = potential.energy_and_gradient(&theta).unwrap();
            let own = loss.value(network.forward(rows(&plain).0), rows(&plain).1);
            assert!((energy - own.into_scalar::<f64>()).abs() < 1e-6, "{loss}");
            let square = gradient.clone().powi_scalar(2).sum().into_scalar::<f64>();
            // A change of U far above its rounding.
            let reach = (1e-3 / square).min(0.01);
            let step = gradient.mul_scalar(reach);
            let [up, down] = [theta.clone() + step.clone(), theta.clone() - step];
            let change = potential.energy(&up).unwrap() - potential.energy(&down).unwrap();
            let expected = 2.0 * reach * square;
            assert!(
                (change - expected).abs() < 0.05 * expected + 1e-6,
                "{loss}: {change}, {expected}"
            );
        }
    }
}

#[test]
fn a_record_goes_back_into_the_network() {
    let device = open_device("flex").unwrap().autodiff();
    for config in configs() {
        let (one, other) = (config.init(&device), config.init(&device));
        let points = rows(&device).0;
        let expected = one.forward(points.clone()).into_data();
        let loaded = other.load_record(one.into_record());
        assert_eq!(loaded.forward(points).into_data(), expected);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let [perceptron, mlp, _] = configs();
    let message = |config: &NetworkConfig, loss, features, classes| {
        let fits = config.check_fits(loss, features, classes);
        fits.unwrap_err().to_string()
    };
    assert_eq!(
        message(&perceptron, Loss::Log, 784, 3),
        "`loss` is log: it must be of outputs between 0 and 1, as an mlp with output activation sigmoid has"
    );
    assert_eq!(
        message(&mlp, Loss::Log, 2, 3),
        "inputs of the network: expected 2, as many as the data have features, found 784"
    );
    assert_eq!(
        message(&mlp, Loss::Log, 784, 4),
        "`outputs` is 3: it must be at least 4"
    );
}

#[test]
fn a_configuration_survives_json() {
    for config in configs() {
        let text = serde_json::to_string(&config).unwrap();
        let read: NetworkConfig = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{config:?}"));
    }
}
