//! A point of a loss landscape: the last state of a run, or a row of a table.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, FloatDType, Tensor};
use serde::Serialize;
use tati::models::{LabelledSet, Network, NetworkPotential, network_potential};
use tati::{Potential, TrajectoryTable};

use super::problem::Problem;
use super::saved_run::SavedRun;
use crate::error::CliError;
use crate::program::Program;

/// Which point of which landscape.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PointOptions {
    /// Run folder: its model, loss and data, and the state that it ended with
    #[arg(value_name = "RUN")]
    #[serde(skip)]
    pub run: PathBuf,
    /// Take the last state of this walker, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    pub walker: usize,
    /// Take parameters from a row of this CSV file instead: columns step, loss and one for each
    #[arg(long, value_name = "FILE", requires = "step")]
    pub parameters: Option<PathBuf>,
    /// The step of that row
    #[arg(long, value_name = "N", requires = "parameters")]
    pub step: Option<u64>,
}

/// A network, its place in the landscape, and the landscape.
pub struct Point {
    pub problem: Problem,
    /// The run, for other options of it.
    pub saved: SavedRun,
    pub network: Network,
    /// The loss over all data for training.
    pub potential: NetworkPotential,
    /// θ.
    pub position: Vec<f64>,
    pub device: Device,
}

impl PointOptions {
    /// The state that a run ended with.
    pub fn last_state(run: &Path) -> Self {
        Self {
            run: run.to_path_buf(),
            walker: 0,
            parameters: None,
            step: None,
        }
    }

    /// Opens the run and finds the point.
    pub fn open(&self, program: &Program) -> Result<Point, CliError> {
        let saved = SavedRun::open(&self.run)?;
        let problem = saved.problem.load()?;
        let device = program.device(Some(&saved.device))?;
        let network = network_of(&saved, &self.run, &problem, &device, self.walker)?;
        let potential = problem.potential(&network, &device)?;
        let mut point = Point {
            position: Vec::new(),
            problem,
            saved,
            network,
            potential,
            device,
        };
        match self.parameters.as_ref().zip(self.step) {
            Some((table, step)) => point.move_to(point.row(table, step)?)?,
            None => point.position = point.position_of(&point.network)?,
        }
        Ok(point)
    }
}

impl Point {
    /// θ of a network of this landscape.
    pub fn position_of(&self, network: &Network) -> Result<Vec<f64>, CliError> {
        let mut position = Vec::new();
        self.potential
            .layout()
            .copy_to_host(network, &mut position)?;
        Ok(position)
    }

    /// θ in the row of `table` at `step`.
    pub fn row(&self, table: &Path, step: u64) -> Result<Vec<f64>, CliError> {
        let table = TrajectoryTable::read(table)?.arranged(self.potential.layout().tensors())?;
        Ok(table.at_step(0, step)?.to_vec())
    }

    /// θ that another run of the same model ended with.
    pub fn position_of_run(&self, run: &Path) -> Result<Vec<f64>, CliError> {
        let saved = SavedRun::open(run)?;
        let network = network_of(&saved, run, &self.problem, &self.device, 0)?;
        self.position_of(&network)
    }

    /// θ as a tensor, on the device and in the precision of the network.
    pub fn theta(&self) -> Result<Tensor<1>, CliError> {
        Ok(self.potential.positions(&self.position)?.flatten(0, 1))
    }

    /// The potential over another set of data.
    pub fn potential_over(&self, set: &LabelledSet) -> Result<NetworkPotential, CliError> {
        let rows = set.to_tensors(&self.device.clone().inner());
        Ok(network_potential(&self.network, rows, self.problem.loss)?)
    }

    /// The potential in double precision, which shows what rounding hides.
    pub fn double_potential(&self) -> Result<NetworkPotential, CliError> {
        let layout = self.potential.layout();
        let theta = layout.flatten(&self.network)?.cast(FloatDType::F64);
        let network = layout.unflatten(self.network.clone(), theta)?;
        let (points, labels) = self.problem.train.to_tensors(&self.device.clone().inner());
        let rows = (points.cast(FloatDType::F64), labels);
        Ok(network_potential(&network, rows, self.problem.loss)?)
    }

    fn move_to(&mut self, position: Vec<f64>) -> Result<(), CliError> {
        let theta = self.potential.positions(&position)?.flatten(0, 1);
        let layout = self.potential.layout().clone();
        self.network = layout.unflatten(self.network.clone(), theta)?;
        self.position = position;
        Ok(())
    }
}

fn network_of(
    saved: &SavedRun,
    run: &Path,
    problem: &Problem,
    device: &Device,
    walker: usize,
) -> Result<Network, CliError> {
    let mut networks = saved.networks(problem, device)?;
    let count = networks.len();
    if walker >= count {
        return Err(CliError::Usage(format!(
            "`--walker` is {walker}: {} has {count}, counted from 0",
            run.display()
        )));
    }
    Ok(networks.swap_remove(walker))
}
