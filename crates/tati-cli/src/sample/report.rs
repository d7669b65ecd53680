//! What `tati sample` reports.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tati::TatiError;
use tati::prelude::Trajectory;
use tati::samplers::{
    EnsembleSummary, PairSummary, ReplicaExchangeSummary, StatisticSummary, Summary,
};

use super::SampleArgs;
use crate::error::CliError;
use crate::options::number;
use crate::options::problem::Problem;

/// The results of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    run: PathBuf,
    dataset: String,
    device: String,
    num_parameters: usize,
    #[serde(with = "number")]
    inverse_temperature: Option<f64>,
    /// Means over the recorded draws.
    mean_potential: Option<f64>,
    /// 2⟨K⟩/N; for samplers with momenta.
    kinetic_temperature: Option<f64>,
    #[serde(flatten)]
    summary: Run,
}

/// What a chain, an ensemble and a replica exchange all tell.
#[derive(Debug, Serialize)]
pub struct Run {
    sampler: String,
    seed: u64,
    num_steps: u64,
    num_draws: u64,
    interrupted: bool,
    step_size: Option<f64>,
    /// Of all walkers; not in JSON, which is the same for the same run.
    #[serde(skip)]
    steps_per_second: f64,
    walkers: Vec<Walker>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<PairSummary>,
}

#[derive(Debug, Serialize)]
struct Walker {
    walker: u32,
    num_draws: u64,
    step_size: f64,
    inverse_temperature: Option<f64>,
    error: Option<String>,
    statistics: Vec<StatisticSummary>,
}

impl From<Summary> for Run {
    fn from(summary: Summary) -> Self {
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: summary.num_draws,
            interrupted: summary.interrupted,
            step_size: Some(summary.step_size),
            steps_per_second: summary.steps_per_second,
            walkers: Vec::new(),
            pairs: Vec::new(),
        }
    }
}

impl From<EnsembleSummary> for Run {
    fn from(summary: EnsembleSummary) -> Self {
        let walkers = summary.walkers.into_iter().map(|walker| Walker {
            walker: walker.walker,
            num_draws: walker.num_draws,
            step_size: walker.step_size,
            inverse_temperature: None,
            error: walker.error,
            statistics: walker.statistics,
        });
        let walkers: Vec<Walker> = walkers.collect();
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: walkers.iter().map(|walker| walker.num_draws).sum(),
            interrupted: summary.interrupted,
            step_size: walkers.first().map(|walker| walker.step_size),
            steps_per_second: summary.walker_steps_per_second,
            walkers,
            pairs: Vec::new(),
        }
    }
}

impl From<ReplicaExchangeSummary> for Run {
    fn from(summary: ReplicaExchangeSummary) -> Self {
        let walkers = summary.rungs.into_iter().map(|rung| Walker {
            walker: rung.replica,
            num_draws: rung.num_draws,
            step_size: rung.step_size,
            inverse_temperature: Some(rung.inverse_temperature),
            error: None,
            statistics: rung.statistics,
        });
        let walkers: Vec<Walker> = walkers.collect();
        Self {
            sampler: summary.sampler,
            seed: summary.seed,
            num_steps: summary.num_steps,
            num_draws: walkers.iter().map(|walker| walker.num_draws).sum(),
            interrupted: summary.interrupted,
            step_size: walkers.first().map(|walker| walker.step_size),
            steps_per_second: summary.walker_steps_per_second,
            walkers,
            pairs: summary.pairs,
        }
    }
}

impl Report {
    /// The report of a run in `folder`, over all that is recorded there.
    pub fn new(
        folder: &Path,
        problem: &Problem,
        device: &str,
        num_parameters: usize,
        arguments: &SampleArgs,
        summary: Run,
    ) -> Result<Self, CliError> {
        let trajectory = folder.join("trajectory.zarr");
        // A run that is stopped before its first draw has none.
        let trajectory = trajectory
            .exists()
            .then(|| Trajectory::open(trajectory))
            .transpose()?;
        let mean = |name: &str| -> Result<Option<f64>, TatiError> {
            trajectory.as_ref().map_or(Ok(None), |all| mean(all, name))
        };
        let beta = arguments.sampler.inverse_temperature;
        let kinetic_energy = mean("kinetic_energy")?;
        Ok(Self {
            run: folder.to_path_buf(),
            dataset: problem.origin.clone(),
            device: device.to_string(),
            num_parameters,
            inverse_temperature: beta,
            mean_potential: mean("potential")?,
            kinetic_temperature: kinetic_energy.map(|energy| 2.0 * energy / num_parameters as f64),
            summary,
        })
    }

    pub fn is_interrupted(&self) -> bool {
        self.summary.interrupted
    }

    pub fn text(&self) -> String {
        let run = &self.summary;
        let mut text = format!(
            "{} over {} parameters on {} ({}), seed {}\n{} steps, {} draws, {:.0} steps/s\n",
            run.sampler,
            self.num_parameters,
            self.dataset,
            self.device,
            run.seed,
            run.num_steps,
            run.num_draws,
            run.steps_per_second,
        );
        if let Some(potential) = self.mean_potential {
            text.push_str(&format!("mean potential {potential:.6}\n"));
        }
        if let (Some(temperature), Some(beta)) =
            (self.kinetic_temperature, self.inverse_temperature)
            && run.pairs.is_empty()
        {
            let ratio = temperature * beta;
            text.push_str(&format!("kinetic temperature {ratio:.4} in units of 1/β\n"));
        }
        for walker in &run.walkers {
            if let Some(error) = &walker.error {
                text.push_str(&format!("walker {} was stopped: {error}\n", walker.walker));
            }
        }
        for pair in &run.pairs {
            let [cold, hot] = pair.inverse_temperatures;
            let acceptance = pair.acceptance;
            text.push_str(&format!(
                "β {cold:.4} and {hot:.4} exchange with {acceptance:.3}\n"
            ));
        }
        let folder = self.run.display();
        text.push_str(&match run.interrupted {
            true => format!("stopped; go on with: tati sample --resume {folder}\n"),
            false => format!("recorded in {folder}\n"),
        });
        text
    }
}

/// The mean of a statistic over all draws; `None` if it was not recorded.
fn mean(trajectory: &Trajectory, name: &str) -> Result<Option<f64>, TatiError> {
    let recorded = trajectory.layout().statistics();
    if !recorded.iter().any(|statistic| statistic == name) {
        return Ok(None);
    }
    let (mut sum, mut count) = (0.0, 0);
    for chain in 0..trajectory.num_chains() {
        let values = trajectory.statistic(name, chain, ..)?;
        sum += values.iter().sum::<f64>();
        count += values.len();
    }
    Ok((count > 0).then(|| sum / count as f64))
}
