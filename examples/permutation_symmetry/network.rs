//! The network, its data and prior, and the chains.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, activation::tanh};
use tati::landscape::UnitSymmetry;
use tati::models::{PlaygroundConfig, PlaygroundShape};
use tati::prelude::*;

use crate::Options;
use crate::support::{self, Failure};

/// Widens the clusters to a standard deviation of 0.5 + 7 · 0.1.
const NOISE: f64 = 0.1;
const FRICTION: f64 = 1.0;
/// Steps of a chain before its first draw.
const BURN_IN: u64 = 500;

/// One input, one tanh unit, one output.
#[derive(Module, Debug)]
pub struct Network {
    hidden: Linear,
    output: Linear,
}

/// The first feature of each point, and ±1 for its cluster.
type Data = (Tensor<2>, Tensor<2>);
type Loss = Box<dyn Fn(&Network, Data) -> Tensor<1> + Send + Sync>;

/// What is sampled.
pub struct Task {
    pub potential: ModelPotential<Network, Data, Loss>,
    pub symmetry: UnitSymmetry,
    data: Data,
    prior: f64,
}

/// The draws of all chains, one after the other.
pub struct Sampled {
    /// Row-major, of shape [chains, draws, 2].
    pub theta: Vec<f64>,
    pub shape: [usize; 3],
}

impl Network {
    fn new(device: &Device) -> Self {
        let layer = || LinearConfig::new(1, 1).with_bias(false).init(device);
        Self {
            hidden: layer(),
            output: layer(),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.output.forward(tanh(self.hidden.forward(inputs)))
    }
}

impl Task {
    pub fn new(points: usize, prior: f64, device: &Device) -> Result<Self, TatiError> {
        let clusters = PlaygroundConfig::new(PlaygroundShape::Clusters)
            .with_samples(points)
            .with_noise(NOISE)
            .generate()?;
        let first: Vec<f32> = clusters.features().iter().copied().step_by(2).collect();
        let labels = clusters.labels().iter();
        let targets: Vec<f32> = labels.map(|&label| 2.0 * label as f32 - 1.0).collect();
        let column = |values| {
            Tensor::from_data(
                TensorData::new(values, [points, 1]),
                &device.clone().inner(),
            )
        };
        let data = (column(first), column(targets));
        let network = Network::new(device);
        let layout = ParameterLayout::of(&network)?;
        Ok(Self {
            symmetry: UnitSymmetry::of_linear_layers(&layout, &["hidden", "output"], true)?,
            potential: ModelPotential::new(network, data.clone(), loss(prior))?,
            data,
            prior,
        })
    }
}

/// The mean squared error, and the prior.
fn loss(prior: f64) -> Loss {
    Box::new(move |network: &Network, (inputs, targets): Data| {
        let squares = (network.forward(inputs) - targets).powi_scalar(2).mean();
        let weights = [&network.hidden, &network.output].map(|layer| layer.weight.val());
        let [hidden, output] = weights.map(|weight| weight.powi_scalar(2).sum());
        squares + (hidden + output).mul_scalar(0.5 * prior)
    })
}

/// Draws of BAOAB.
pub fn sample(
    options: &Options,
    task: &Task,
    device: &Device,
    seed: u64,
) -> Result<Sampled, Failure> {
    let num_steps = BURN_IN + options.draws as u64 * options.thinning;
    let bar = support::progress("sampling", options.chains * num_steps as usize);
    let mut theta = Vec::new();
    for walker in 0..options.chains {
        let potential =
            ModelPotential::new(Network::new(device), task.data.clone(), loss(task.prior))?;
        let sampler = BaoabConfig::new(options.inverse_temperature)
            .with_friction(FRICTION)
            .with_seed(Some(seed))
            .with_walker(walker as u32);
        let mut keep = |draw: &Draw<'_, Network>| {
            theta.extend(draw.position.to_data().iter::<f64>());
            Ok(())
        };
        let before = bar.position();
        ChainConfig::new(num_steps)
            .with_burn_in(BURN_IN)
            .with_thinning(options.thinning)
            .init(
                Network::new(device),
                potential,
                ChainSampler::optimizer(&sampler, options.step_size),
            )?
            .with_progress(|progress| bar.set_position(before + progress.step))
            .with_observer(&mut keep)
            .run()?;
    }
    bar.finish_and_clear();
    let shape = [options.chains, theta.len() / (2 * options.chains), 2];
    Ok(Sampled { theta, shape })
}
