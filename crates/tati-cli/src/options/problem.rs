//! Model, loss and data: what is trained, sampled and looked at.

use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use tati::models::{
    LabelledSet, Loss, Network, NetworkConfig, NetworkPotential, network_potential,
};
use tati::{ParameterLayout, freeze_parameters};

use super::data::DataArgs;
use super::model::ModelArgs;
use crate::error::CliError;
use crate::program::DEFAULT_DEVICE;

/// The options that make a problem.
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProblemArgs {
    #[command(flatten)]
    #[serde(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub model: ModelArgs,
}

/// A network, its loss, and the data.
#[derive(Debug)]
pub struct Problem {
    pub network: NetworkConfig,
    pub loss: Loss,
    pub train: LabelledSet,
    pub test: Option<LabelledSet>,
    /// Where the data came from.
    pub origin: String,
    freeze: Vec<String>,
}

/// How a network does on a set.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Score {
    pub loss: f64,
    pub accuracy: f64,
}

impl ProblemArgs {
    /// The options in full: those given, those of a saved run, the defaults.
    pub fn resolve(self, saved: Option<&Self>) -> Result<Self, CliError> {
        let mut data = self.data.over(saved.map(|saved| &saved.data));
        data.data = data
            .data
            .map(super::data::DataSource::absolute)
            .transpose()?;
        let model = self.model.over(saved.map(|saved| &saved.model));
        Ok(Self {
            data,
            model: model.with_defaults(),
        })
    }

    /// Loads the data and fits the network to them.
    pub fn load(&self) -> Result<Problem, CliError> {
        let data = self.data.load()?;
        Ok(Problem {
            network: self.model.network(&data.train)?,
            loss: self.model.loss(),
            train: data.train,
            test: data.test,
            origin: data.origin,
            freeze: self.model.freeze.clone().unwrap_or_default(),
        })
    }
}

impl Problem {
    /// The network at the random start of `seed`, with its frozen parameters: the same on every device, since it is drawn on the CPU.
    pub fn start(&self, device: &Device, seed: u64) -> Result<Network, CliError> {
        let cpu = tati::open_device(DEFAULT_DEVICE)?.autodiff();
        cpu.seed(seed);
        let network = self.network.init(&cpu);
        // Burn draws a parameter when it is first looked at, and where it is by then.
        ParameterLayout::of(&network)?.flatten(&network)?;
        self.freeze(network.fork(device))
    }

    /// A network of this kind, its parameters frozen that are to be.
    pub fn freeze(&self, network: Network) -> Result<Network, CliError> {
        let names: Vec<&str> = self.freeze.iter().map(String::as_str).collect();
        Ok(freeze_parameters(network, &names)?)
    }

    /// The loss over all data for training as a potential of the trainable parameters.
    pub fn potential(
        &self,
        network: &Network,
        device: &Device,
    ) -> Result<NetworkPotential, CliError> {
        let rows = self.train.to_tensors(&device.clone().inner());
        Ok(network_potential(network, rows, self.loss)?)
    }

    /// Loss and accuracy of a network on a set.
    pub fn score(&self, network: &Network, set: &LabelledSet, device: &Device) -> Score {
        const ROWS: usize = 1000;
        let (points, labels) = set.to_tensors(&device.clone().inner());
        let network = network.valid();
        let (mut loss, mut correct) = (0.0, 0_usize);
        for start in (0..set.len()).step_by(ROWS) {
            let rows = ROWS.min(set.len() - start);
            let outputs = network.forward(points.clone().narrow(0, start, rows));
            let of_rows = labels.clone().narrow(0, start, rows);
            let value = self.loss.value(outputs.clone(), of_rows);
            loss += value.into_scalar::<f64>() * rows as f64;
            let found = self.loss.classes_of(outputs);
            let expected = &set.labels()[start..start + rows];
            let pairs = found.iter().zip(expected);
            correct += pairs
                .filter(|(one, other)| **one == **other as usize)
                .count();
        }
        Score {
            loss: loss / set.len() as f64,
            accuracy: correct as f64 / set.len() as f64,
        }
    }
}
