//! The network and its data.

use burn::tensor::{Device, Tensor, TensorData};
use tati::TatiError;
use tati::landscape::UnitSymmetry;
use tati::models::{Activation, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape};
use tati::prelude::*;

/// Widens the clusters to a standard deviation of 0.5 + 7 · 0.1.
const NOISE: f64 = 0.1;

/// The first feature of each point, and ±1 for its cluster.
type Items = (Tensor<2>, Tensor<2>);
type Loss = fn(&Mlp, Items) -> Tensor<1>;

/// What is explored.
pub struct Task {
    pub model: Mlp,
    pub potential: ModelPotential<Mlp, Items, Loss>,
    pub symmetry: UnitSymmetry,
}

impl Task {
    /// A network of one input, some tanh units and one output, without biases, at weights drawn from the device's generator.
    pub fn new(hidden: usize, points: usize, device: &Device) -> Result<Self, TatiError> {
        let mut model = MlpConfig::new(vec![hidden])
            .with_inputs(1)
            .with_outputs(1)
            .with_activation(Activation::Tanh)
            .init(device);
        for layer in &mut model.layers {
            layer.bias = None;
        }
        let clusters = PlaygroundConfig::new(PlaygroundShape::Clusters)
            .with_samples(points)
            .with_noise(NOISE)
            .with_seed(1)
            .generate()?;
        let column = |of: fn((&[f32], u32)) -> f32| {
            let numbers: Vec<f32> = clusters.iter().map(of).collect();
            let data = TensorData::new(numbers, [points, 1]);
            Tensor::<2>::from_data(data, &device.clone().inner())
        };
        let items = (
            column(|(point, _)| point[0]),
            column(|(_, label)| 2.0 * label as f32 - 1.0),
        );
        let loss: Loss = |model, (inputs, labels)| {
            let difference = model.forward(inputs) - labels;
            difference.powi_scalar(2).mean()
        };
        let potential = ModelPotential::new(model.clone(), items, loss)?;
        let layers = ["layers.0", "layers.1"];
        Ok(Self {
            symmetry: UnitSymmetry::of_linear_layers(potential.layout(), &layers, true)?,
            model,
            potential,
        })
    }
}
