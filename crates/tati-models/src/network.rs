//! A network of any kind here as one type, and its loss over labelled points as a potential.

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};
use tati_core::{ModelPotential, Result, TatiError};

use crate::digits::IMAGE_PIXELS;
use crate::{Activation, LeNet, LeNetConfig, Loss, Mlp, MlpConfig, Perceptron, PerceptronConfig};

/// Which network, and its sizes.
///
/// # Example
/// ```
/// use tati_models::{MlpConfig, NetworkConfig};
///
/// let config = NetworkConfig::Mlp(MlpConfig::new(vec![8]).with_inputs(2).with_outputs(3));
/// config.validate()?;
/// assert_eq!((config.inputs(), config.outputs()), (2, 3));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkConfig {
    /// One linear layer.
    Perceptron(PerceptronConfig),
    /// Fully connected layers.
    Mlp(MlpConfig),
    /// Convolutions over 28 × 28 pixels.
    LeNet(LeNetConfig),
}

/// A network of one of the kinds, chosen at run time. Its parameters have the names that they have in the network itself.
#[derive(Clone, Debug)]
pub enum Network {
    /// One linear layer.
    Perceptron(Perceptron),
    /// Fully connected layers.
    Mlp(Mlp),
    /// Convolutions over 28 × 28 pixels.
    LeNet(Box<LeNet>),
}

/// Features of shape \[items, inputs\] and labels of shape \[items\], as [`LabelledSet::to_tensors`](crate::LabelledSet::to_tensors)
/// makes them.
pub type LabelledRows = (Tensor<2>, Tensor<1, Int>);

/// The mean loss of a network over some rows, of shape \[1\].
pub type NetworkLoss = fn(&Network, LabelledRows) -> Tensor<1>;

/// The loss of a network over labelled points as a function of its parameters.
pub type NetworkPotential = ModelPotential<Network, LabelledRows, NetworkLoss>;

/// The full-batch potential of `network`, which must be on an autodiff device, over `rows`: with gradients in closed form for perceptron
/// and MLP, and with outputs affine in the parameters for the perceptron.
///
/// # Errors
/// If there are no rows, or no trainable parameters; if the loss is not finite.
///
/// # Example
/// ```
/// use tati_core::open_device;
/// use tati_models::{Loss, MlpConfig, NetworkConfig, PlaygroundConfig, PlaygroundShape, network_potential};
///
/// let device = open_device("flex")?.autodiff();
/// let network = NetworkConfig::Mlp(MlpConfig::new(vec![4]).with_inputs(2).with_outputs(2)).init(&device);
/// let rows = PlaygroundConfig::new(PlaygroundShape::Spiral).generate()?.into_tensors(&device.clone().inner());
/// let potential = network_potential(&network, rows, Loss::SoftmaxCrossEntropy)?;
/// assert_eq!((potential.num_rows(), potential.layout().num_parameters()), (500, 22));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn network_potential(
    network: &Network,
    rows: LabelledRows,
    loss: Loss,
) -> Result<NetworkPotential> {
    let potential = ModelPotential::new(network.clone(), rows, loss.of_network())?;
    let potential = match network {
        Network::LeNet(_) => return Ok(potential),
        Network::Perceptron(_) | Network::Mlp(_) => {
            potential.with_closed_form_gradients(move |networks, (points, labels)| {
                Network::losses_and_gradients(networks, points, |outputs| {
                    loss.value_and_slope(outputs, labels.clone())
                })
            })?
        }
    };
    match network {
        Network::Perceptron(_) => potential.with_affine_outputs(
            |network, (points, _)| network.forward(points),
            move |outputs, (_, labels)| loss.value(outputs, labels),
        ),
        _ => Ok(potential),
    }
}

impl NetworkConfig {
    /// The network at a random start, drawn from the device's generator.
    pub fn init(&self, device: &Device) -> Network {
        match self {
            Self::Perceptron(config) => Network::Perceptron(config.init(device)),
            Self::Mlp(config) => Network::Mlp(config.init(device)),
            Self::LeNet(config) => Network::LeNet(Box::new(config.init(device))),
        }
    }

    /// Features of one point.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Perceptron(config) => config.inputs,
            Self::Mlp(config) => config.inputs,
            Self::LeNet(_) => IMAGE_PIXELS,
        }
    }

    /// Outputs of the network.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Perceptron(config) => config.classes,
            Self::Mlp(config) => config.outputs,
            Self::LeNet(config) => config.classes,
        }
    }

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] names the size that is zero.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Perceptron(config) => config.validate(),
            Self::Mlp(config) => config.validate(),
            Self::LeNet(config) => config.validate(),
        }
    }

    /// Checks that the network, with `loss`, can learn points of so many features and classes.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] for another number of features, [`TatiError::InvalidSetting`] for too few outputs, and for
    /// [`Loss::Log`] of outputs that are no probabilities.
    pub fn check_fits(&self, loss: Loss, features: usize, classes: usize) -> Result<()> {
        self.validate()?;
        if self.inputs() != features {
            return Err(TatiError::ShapeMismatch {
                what: "inputs of the network".to_string(),
                expected: format!("{features}, as many as the data have features"),
                found: self.inputs().to_string(),
            });
        }
        let gives_probabilities = matches!(
            self,
            Self::Mlp(config) if config.output_activation == Activation::Sigmoid
        );
        if loss == Loss::Log && !gives_probabilities {
            return Err(TatiError::InvalidSetting {
                name: "loss",
                value: loss.to_string(),
                expected:
                    "of outputs between 0 and 1, as an mlp with output activation sigmoid has"
                        .to_string(),
            });
        }
        loss.validate(self.outputs(), classes)
    }
}

impl Network {
    /// Outputs of shape `[batch, outputs]` of points of shape `[batch, inputs]`.
    pub fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Perceptron(network) => network.forward(points),
            Self::Mlp(network) => network.forward(points),
            Self::LeNet(network) => network.forward(points),
        }
    }

    /// As [`Mlp::losses_and_gradients`], of perceptrons or of MLPs.
    fn losses_and_gradients(
        networks: &[Self],
        points: Tensor<2>,
        loss: impl Fn(Tensor<2>) -> (f64, Tensor<2>),
    ) -> Vec<(f64, GradientsParams)> {
        let (mut perceptrons, mut mlps) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                Self::Perceptron(network) => perceptrons.push(network.clone()),
                Self::Mlp(network) => mlps.push(network.clone()),
                Self::LeNet(_) => unreachable!("it has no closed form"),
            }
        }
        // All are of one kind.
        if mlps.is_empty() {
            Perceptron::losses_and_gradients(&perceptrons, points, loss)
        } else {
            Mlp::losses_and_gradients(&mlps, points, loss)
        }
    }
}

impl Loss {
    /// The loss as a function of a network.
    fn of_network(self) -> NetworkLoss {
        macro_rules! of {
            ($loss:expr) => {
                |network, (points, labels)| $loss.value(network.forward(points), labels)
            };
        }
        match self {
            Self::MeanSquared => of!(Self::MeanSquared),
            Self::SoftmaxCrossEntropy => of!(Self::SoftmaxCrossEntropy),
            Self::SigmoidCrossEntropy => of!(Self::SigmoidCrossEntropy),
            Self::Hinge => of!(Self::Hinge),
            Self::Log => of!(Self::Log),
            Self::AbsoluteDifference => of!(Self::AbsoluteDifference),
        }
    }
}

/// What is the same for all kinds. Burn's derived implementation would put the kind in front of the names of the parameters.
macro_rules! for_any {
    ($self:ident, $network:ident => $value:expr) => {
        match $self {
            Self::Perceptron($network) => $value,
            Self::Mlp($network) => $value,
            Self::LeNet($network) => $value,
        }
    };
}

macro_rules! map_any {
    ($self:ident, $network:ident => $value:expr) => {
        match $self {
            Self::Perceptron($network) => Self::Perceptron($value),
            Self::Mlp($network) => Self::Mlp($value),
            Self::LeNet($network) => Self::LeNet(Box::new($value)),
        }
    };
}

impl Module for Network {
    fn collect_devices(&self, devices: Devices) -> Devices {
        for_any!(self, network => network.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> Self {
        map_any!(self, network => network.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        map_any!(self, network => network.to_device(device))
    }

    fn train(self) -> Self {
        map_any!(self, network => network.train())
    }

    fn valid(&self) -> Self {
        map_any!(self, network => network.valid())
    }

    fn materialize(self) -> Self {
        map_any!(self, network => network.materialize())
    }

    fn visit<Visitor: ModuleVisitor>(&self, visitor: &mut Visitor) {
        for_any!(self, network => network.visit(visitor));
    }

    fn map<Mapper: ModuleMapper>(self, mapper: &mut Mapper) -> Self {
        map_any!(self, network => network.map(mapper))
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
