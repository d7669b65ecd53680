//! The single-layer perceptron: softmax regression, the smallest network on MNIST that is worth sampling.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use tati_core::{Result, require_count};

use crate::Activation;
use crate::closed_form::{Layer, losses_and_gradients};
use crate::linear::uniform_start;

/// Sizes of a [`Perceptron`].
///
/// # Example
/// ```
/// use burn::module::Module;
/// use tati_models::PerceptronConfig;
///
/// let device = tati_core::open_device("flex")?;
/// let model = PerceptronConfig::new().init(&device);
/// assert_eq!(model.num_params(), 7_850);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct PerceptronConfig {
    /// Features of one point; 28 × 28 pixels by default.
    #[config(default = 784)]
    pub inputs: usize,
    /// Classes to tell apart.
    #[config(default = 10)]
    pub classes: usize,
}

/// One linear layer, `logits = x Wᵀ + b`, with `inputs · classes + classes` parameters.
///
/// With the cross-entropy loss its potential is convex, so that what is found by sampling it can be checked.
///
/// The weights lie with the classes first, unlike those of `nn::Linear`, and the logits are formed as (W xᵀ)ᵀ: a
/// gradient with few columns is three times as expensive on a CPU as one with few rows, which makes the whole step a
/// quarter faster.
#[derive(Module, Debug)]
pub struct Perceptron {
    /// `W` of shape `[classes, inputs]`.
    pub weight: Param<Tensor<2>>,
    /// `b` of shape `[classes]`.
    pub bias: Param<Tensor<1>>,
}

impl PerceptronConfig {
    /// A perceptron with `W` and `b` uniform in ±1/√inputs, drawn from the device's generator.
    ///
    /// It accepts any sizes; [`validate`](Self::validate) tells which make sense.
    pub fn init(&self, device: &Device) -> Perceptron {
        let (inputs, classes) = (self.inputs, self.classes);
        let initializer = uniform_start(inputs);
        Perceptron {
            weight: initializer.init([classes, inputs], device),
            bias: initializer.init([classes], device),
        }
    }

    /// Checks that there are inputs and classes.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`](tati_core::TatiError::InvalidSetting) names the size that is zero.
    pub fn validate(&self) -> Result<()> {
        require_count("inputs", self.inputs, 1..)?;
        require_count("classes", self.classes, 1..)
    }
}

impl Perceptron {
    /// Logits of shape `[batch, classes]` of points of shape `[batch, inputs]`.
    pub fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        let logits = self.weight.val().matmul(points.transpose()).transpose();
        logits + self.bias.val().unsqueeze()
    }

    /// The loss of each of `models`, of one shape, over `points` of shape `[batch, inputs]`, and its gradients in closed form, for
    /// [`ModelPotential::with_closed_form_gradients`](tati_core::ModelPotential::with_closed_form_gradients). `loss` returns the mean
    /// loss of logits and its slope. Several models are evaluated by one product.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Distribution, Int, Tensor};
    /// use tati_core::{ModelPotential, open_device};
    /// use tati_models::{Perceptron, PerceptronConfig, softmax_cross_entropy, softmax_cross_entropy_and_slope};
    ///
    /// let device = open_device("flex")?;
    /// let model = PerceptronConfig::new().with_inputs(4).with_classes(3).init(&device.clone().autodiff());
    /// let points = Tensor::<2>::random([5, 4], Distribution::Default, &device);
    /// let labels = Tensor::<1, Int>::from_data([0, 1, 2, 1, 0], &device);
    /// let potential = ModelPotential::new(model, (points, labels), |model: &Perceptron, (points, labels)| {
    ///     softmax_cross_entropy(model.forward(points), labels)
    /// })?
    /// .with_closed_form_gradients(|models, (points, labels)| {
    ///     Perceptron::losses_and_gradients(models, points, |logits| {
    ///         softmax_cross_entropy_and_slope(logits, labels.clone())
    ///     })
    /// })?;
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn losses_and_gradients(
        models: &[Self],
        points: Tensor<2>,
        loss: impl Fn(Tensor<2>) -> (f64, Tensor<2>),
    ) -> Vec<(f64, GradientsParams)> {
        let networks: Vec<_> = models
            .iter()
            .map(|model| {
                vec![Layer {
                    weight: &model.weight,
                    units_first: true,
                    bias: Some(&model.bias),
                    activation: Activation::Linear,
                }]
            })
            .collect();
        losses_and_gradients(&networks, points, loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_are_the_affine_map_of_the_points() {
        let device = tati_core::open_device("flex").unwrap();
        let model = PerceptronConfig::new()
            .with_inputs(2)
            .with_classes(3)
            .init(&device);
        assert_eq!(model.num_params(), 9);
        let points = Tensor::<2>::from_floats([[1.0, -2.0], [0.5, 4.0]], &device);
        let logits = model
            .forward(points)
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();

        let weight = model.weight.val().into_data().try_to_vec::<f32>().unwrap();
        let bias = model.bias.val().into_data().try_to_vec::<f32>().unwrap();
        for (row, [x1, x2]) in [[1.0, -2.0], [0.5, 4.0]].into_iter().enumerate() {
            for class in 0..3 {
                let expected = x1 * weight[2 * class] + x2 * weight[2 * class + 1] + bias[class];
                assert!((logits[3 * row + class] - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn sizes_of_zero_are_named() {
        assert!(PerceptronConfig::new().validate().is_ok());
        let error = PerceptronConfig::new()
            .with_classes(0)
            .validate()
            .unwrap_err();
        assert_eq!(error.to_string(), "`classes` is 0: it must be at least 1");
        let error = PerceptronConfig::new()
            .with_inputs(0)
            .validate()
            .unwrap_err();
        assert_eq!(error.to_string(), "`inputs` is 0: it must be at least 1");
    }
}
