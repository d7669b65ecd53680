//! The multilayer perceptron: any number of fully connected hidden layers.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use tati_core::{Result, require_count};

use crate::Activation;
use crate::closed_form::{Layer, losses_and_gradients};
use crate::linear::linear;

/// Sizes and activations of an [`Mlp`].
///
/// # Example
/// ```
/// use burn::module::Module;
/// use tati_models::{Activation, MlpConfig};
///
/// let device = tati_core::open_device("flex")?;
/// let config = MlpConfig::new(vec![8, 8]).with_inputs(2).with_outputs(1).with_activation(Activation::Tanh);
/// config.validate()?;
/// assert_eq!(config.init(&device).num_params(), 105);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct MlpConfig {
    /// Units of each hidden layer, from the input on; none makes a single-layer perceptron.
    pub hidden: Vec<usize>,
    /// Features of one point; 28 × 28 pixels by default.
    #[config(default = 784)]
    pub inputs: usize,
    /// Units of the last layer: one a class.
    #[config(default = 10)]
    pub outputs: usize,
    /// Activation after each hidden layer.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
    /// Activation after the last layer; leave it linear where the loss expects logits.
    #[config(default = "Activation::Linear")]
    pub output_activation: Activation,
}

/// Fully connected layers with activations in between:
///
/// ```text
/// a₀ = x;   aₖ = φ(aₖ₋₁ Wₖ + bₖ);   output = φ_out(a_L W + b)
/// ```
#[derive(Module, Debug)]
pub struct Mlp {
    /// The layers from the input to the output.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    output_activation: Activation,
}

impl MlpConfig {
    /// A network whose layers start uniform in ±1/√(inputs of the layer), drawn from the device's generator.
    ///
    /// It accepts any sizes; [`validate`](Self::validate) tells which make sense.
    pub fn init(&self, device: &Device) -> Mlp {
        let mut layers = Vec::with_capacity(self.hidden.len() + 1);
        let mut inputs = self.inputs;
        for &units in self.hidden.iter().chain([&self.outputs]) {
            layers.push(linear(inputs, units, device));
            inputs = units;
        }
        Mlp {
            layers,
            activation: self.activation,
            output_activation: self.output_activation,
        }
    }

    /// Checks that no layer is empty.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`](tati_core::TatiError::InvalidSetting) names the size that is zero.
    pub fn validate(&self) -> Result<()> {
        require_count("inputs", self.inputs, 1..)?;
        for &units in &self.hidden {
            require_count("hidden", units, 1..)?;
        }
        require_count("outputs", self.outputs, 1..)
    }
}

impl Mlp {
    /// Outputs of shape `[batch, outputs]` of points of shape `[batch, inputs]`.
    pub fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let mut values = points;
        for (index, layer) in self.layers.iter().enumerate() {
            values = self.activation_after(index).forward(layer.forward(values));
        }
        values
    }

    /// The loss of each of `models`, of one shape, over `points` of shape `[batch, inputs]`, and its gradients in closed form, for
    /// [`ModelPotential::with_closed_form_gradients`](tati_core::ModelPotential::with_closed_form_gradients); an example is at
    /// [`Perceptron::losses_and_gradients`](crate::Perceptron::losses_and_gradients). `loss` returns the mean loss of outputs and its
    /// slope. The first layers of several models are evaluated by one product where they are narrow.
    pub fn losses_and_gradients(
        models: &[Self],
        points: Tensor<2>,
        loss: impl Fn(Tensor<2>) -> (f64, Tensor<2>),
    ) -> Vec<(f64, GradientsParams)> {
        let networks: Vec<Vec<_>> = models
            .iter()
            .map(|model| {
                let layers = model.layers.iter().enumerate();
                layers
                    .map(|(index, layer)| Layer {
                        weight: &layer.weight,
                        units_first: false,
                        bias: layer.bias.as_ref(),
                        activation: model.activation_after(index),
                    })
                    .collect()
            })
            .collect();
        losses_and_gradients(&networks, points, loss)
    }

    fn activation_after(&self, layer: usize) -> Activation {
        if layer + 1 < self.layers.len() {
            self.activation
        } else {
            self.output_activation
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_layer_by_layer() {
        let device = tati_core::open_device("flex").unwrap();
        assert_eq!(MlpConfig::new(vec![]).init(&device).num_params(), 7_850);
        assert_eq!(
            MlpConfig::new(vec![128]).init(&device).num_params(),
            784 * 128 + 128 + 128 * 10 + 10
        );
    }

    #[test]
    fn activations_stand_where_the_formula_has_them() {
        let device = tati_core::open_device("flex").unwrap();
        let model = MlpConfig::new(vec![3])
            .with_inputs(2)
            .with_outputs(1)
            .with_activation(Activation::Tanh)
            .with_output_activation(Activation::Sigmoid)
            .init(&device);
        let points = Tensor::<2>::from_floats([[0.3, -1.2], [2.0, 0.7]], &device);
        let hidden = Activation::Tanh.forward(model.layers[0].forward(points.clone()));
        let expected = Activation::Sigmoid.forward(model.layers[1].forward(hidden));
        let difference = (model.forward(points) - expected)
            .abs()
            .max()
            .into_scalar::<f32>();
        assert_eq!(difference, 0.0);
    }

    #[test]
    fn empty_layers_are_an_error_and_no_panic() {
        let device = tati_core::open_device("flex").unwrap();
        let config = MlpConfig::new(vec![16, 0]);
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "`hidden` is 0: it must be at least 1");
        assert_eq!(config.init(&device).layers.len(), 3);
        assert!(MlpConfig::new(vec![4]).with_outputs(0).validate().is_err());
        assert!(MlpConfig::new(vec![4]).with_inputs(0).validate().is_err());
        assert!(MlpConfig::new(vec![4]).validate().is_ok());
    }

    #[test]
    fn a_configuration_survives_json() {
        let config = MlpConfig::new(vec![5, 7]).with_activation(Activation::Softplus);
        let json = burn::config::config_to_json(&config);
        let read = MlpConfig::load_binary(json.as_bytes()).unwrap();
        assert_eq!(read.hidden, [5, 7]);
        assert_eq!(read.activation, Activation::Softplus);
    }
}
