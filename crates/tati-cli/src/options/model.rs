//! Which network and which loss.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Serialize};
use tati::models::{
    Activation, LabelledSet, LeNetConfig, Loss, MlpConfig, NetworkConfig, PerceptronConfig,
};

use crate::error::CliError;

/// The model of a run.
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// The network [default: perceptron]
    #[arg(long, value_name = "NAME")]
    pub model: Option<ModelName>,
    /// Units of the hidden layers of an mlp, as 128,64 [default: none]
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    pub hidden: Option<Vec<usize>>,
    /// Activation between layers [default: relu]
    #[arg(long, value_name = "NAME", value_parser = activation(), hide_short_help = true)]
    pub activation: Option<Activation>,
    /// Activation of an mlp's last layer [default: linear]
    #[arg(long, value_name = "NAME", value_parser = activation(), hide_short_help = true)]
    pub output_activation: Option<Activation>,
    /// Outputs of an mlp; 1 tells two classes apart by its sign [default: one a class]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub outputs: Option<usize>,
    /// The loss U [default: softmax-cross-entropy]
    #[arg(long, value_name = "NAME", value_parser = loss())]
    pub loss: Option<Loss>,
    /// Parameters left as they are, as layers.0,layers.1.bias
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        hide_short_help = true
    )]
    pub freeze: Option<Vec<String>>,
}

/// A kind of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// One linear layer: softmax regression
    Perceptron,
    /// Fully connected layers
    Mlp,
    /// Convolutions over 28 × 28 pixels
    Lenet,
}

fn activation() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(|one| one.to_string()))
        .try_map(|name| name.parse::<Activation>())
}

fn loss() -> impl TypedValueParser<Value = Loss> {
    PossibleValuesParser::new(Loss::ALL.map(|one| one.to_string()))
        .try_map(|name| name.parse::<Loss>())
}

impl ModelArgs {
    /// These options, with those of a saved run in the place of what is not given. Another network starts afresh.
    pub fn over(self, saved: Option<&Self>) -> Self {
        let Some(saved) = saved.filter(|saved| self.model.is_none() || self.model == saved.model)
        else {
            return self;
        };
        let saved = saved.clone();
        Self {
            model: self.model.or(saved.model),
            hidden: self.hidden.or(saved.hidden),
            activation: self.activation.or(saved.activation),
            output_activation: self.output_activation.or(saved.output_activation),
            outputs: self.outputs.or(saved.outputs),
            loss: self.loss.or(saved.loss),
            freeze: self.freeze.or(saved.freeze),
        }
    }

    /// These options with the defaults in the place of what is not given.
    pub fn with_defaults(mut self) -> Self {
        self.model = self.model.or(Some(ModelName::Perceptron));
        self.loss = self.loss.or(Some(Loss::SoftmaxCrossEntropy));
        self
    }

    /// The loss.
    pub fn loss(&self) -> Loss {
        self.loss.unwrap_or(Loss::SoftmaxCrossEntropy)
    }

    /// The network for these data.
    pub fn network(&self, data: &LabelledSet) -> Result<NetworkConfig, CliError> {
        let model = self.model.unwrap_or(ModelName::Perceptron);
        let (inputs, classes) = (data.dimension(), data.classes());
        let outputs = self.outputs.unwrap_or(classes);
        self.check_options(model)?;
        let activation = self.activation.unwrap_or_default();
        let config = match model {
            ModelName::Perceptron => NetworkConfig::Perceptron(
                PerceptronConfig::new()
                    .with_inputs(inputs)
                    .with_classes(classes),
            ),
            ModelName::Mlp => NetworkConfig::Mlp(
                MlpConfig::new(self.hidden.clone().unwrap_or_default())
                    .with_inputs(inputs)
                    .with_outputs(outputs)
                    .with_activation(activation)
                    .with_output_activation(self.output_activation.unwrap_or(Activation::Linear)),
            ),
            ModelName::Lenet => NetworkConfig::LeNet(
                LeNetConfig::new()
                    .with_classes(classes)
                    .with_activation(activation),
            ),
        };
        config.check_fits(self.loss(), inputs, classes)?;
        Ok(config)
    }

    /// Refuses options that say nothing about this network.
    fn check_options(&self, model: ModelName) -> Result<(), CliError> {
        let is_mlp = model == ModelName::Mlp;
        let is_perceptron = model == ModelName::Perceptron;
        let given = [
            ("hidden", self.hidden.is_some() && !is_mlp),
            ("activation", self.activation.is_some() && is_perceptron),
            (
                "output-activation",
                self.output_activation.is_some() && !is_mlp,
            ),
            ("outputs", self.outputs.is_some() && !is_mlp),
        ];
        let Some((name, _)) = given.iter().find(|(_, is_wrong)| *is_wrong) else {
            return Ok(());
        };
        let model = model.to_possible_value();
        let model = model.as_ref().map_or("", |model| model.get_name());
        Err(CliError::Usage(format!(
            "--{name} means nothing for --model {model}: take --model mlp, or leave it out"
        )))
    }
}
