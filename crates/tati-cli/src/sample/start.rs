//! Where the walkers begin, and how a resumed run knows that it is there still.

use burn::tensor::Device;
use tati::models::{Network, NetworkPotential};
use tati::samplers::{PotentialWithPrior, Prior};
use tati::{ParameterLayout, Potential};

use super::SampleArgs;
use crate::error::CliError;
use crate::options::data::DataSource;
use crate::options::problem::Problem;
use crate::options::saved_run::SavedRun;

/// The start of a run.
pub struct Start {
    pub network: Network,
    /// θ of each walker, where they differ.
    pub walkers: Option<Vec<Vec<f64>>>,
    /// A number that other parameters, or another table of data, would not have.
    pub fingerprint: String,
}

impl Start {
    /// The last models of the run that is gone on from, walker i at the one of walker i modulo their number; or a random start.
    pub fn of(
        arguments: &SampleArgs,
        problem: &Problem,
        device: &Device,
    ) -> Result<Self, CliError> {
        let networks = match &arguments.from {
            Some(folder) => SavedRun::open(folder)?.networks(problem, device)?,
            None => vec![problem.start(device, arguments.seed())?],
        };
        let layout = ParameterLayout::of(&networks[0])?;
        let mut positions = Vec::new();
        for network in &networks {
            let mut position: Vec<f64> = Vec::new();
            layout.copy_to_host(network, &mut position)?;
            positions.push(position);
        }
        let is_table = matches!(arguments.problem.data.data, Some(DataSource::Csv(_)));
        let (features, labels) = (problem.train.features(), problem.train.labels());
        let data = features.iter().map(|feature| f64::from(*feature));
        let data = data.chain(labels.iter().map(|label| f64::from(*label)));
        let data = data.filter(|_| is_table);
        let fingerprint = fingerprint(positions.iter().flatten().copied().chain(data));
        let walkers = (positions.len() > 1).then(|| {
            let walkers = positions.iter().cycle();
            walkers.take(arguments.walkers()).cloned().collect()
        });
        let network = networks.into_iter().next();
        let Some(network) = network else {
            unreachable!("a saved run has a model, and a random start is one");
        };
        Ok(Self {
            network,
            walkers,
            fingerprint,
        })
    }
}

impl Start {
    /// The mean of U over the starts of the walkers, over all data and with the prior.
    pub fn potential(
        &self,
        potential: &NetworkPotential,
        prior: Option<Prior>,
    ) -> Result<f64, CliError> {
        let single;
        let starts = match &self.walkers {
            Some(walkers) => walkers,
            None => {
                let mut position = Vec::new();
                potential
                    .layout()
                    .copy_to_host(&self.network, &mut position)?;
                single = vec![position];
                &single
            }
        };
        let mut sum = 0.0;
        for start in starts {
            let theta = potential.positions(start)?.flatten::<1>(0, 1);
            sum += match &prior {
                Some(prior) => {
                    PotentialWithPrior::of_chain(potential, prior.clone(), start)?.energy(&theta)?
                }
                None => potential.energy(&theta)?,
            };
        }
        Ok(sum / starts.len() as f64)
    }
}

/// FNV-1a (Fowler, Noll, Vo) over the bits of all values.
fn fingerprint(values: impl Iterator<Item = f64>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for value in values {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}
