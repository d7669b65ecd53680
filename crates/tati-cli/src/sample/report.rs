//! What `tati sample` reports.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tati::TatiError;
use tati::landscape::{AutocorrelationEstimator, PotentialLevel, PotentialVerdict, average};
use tati::prelude::Trajectory;
use tati::samplers::{
    EnsembleSummary, PairSummary, ReplicaExchangeSummary, StatisticSummary, Summary,
};

use super::SampleArgs;
use crate::error::CliError;
use crate::options::number;
use crate::options::problem::Problem;
use crate::text;

/// The results of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    run: PathBuf,
    dataset: String,
    device: String,
    num_parameters: usize,
    #[serde(with = "number")]
    inverse_temperature: Option<f64>,
    /// Means over the recorded draws; of replica exchange over those of the coldest rung, whose β is that above.
    mean_potential: Option<f64>,
    /// 2⟨K⟩/N; for samplers with momenta.
    kinetic_temperature: Option<f64>,
    /// U at the start, over all data and with the prior.
    start_potential: f64,
    /// The mean potential of the highest chain beside what its temperature allows; of finite β.
    potential_level: Option<PotentialLevel>,
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
        start_potential: f64,
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
            let coldest = !summary.pairs.is_empty();
            let of = |all| mean(all, name, coldest);
            trajectory.as_ref().map_or(Ok(None), of)
        };
        let beta = arguments.sampler.inverse_temperature;
        let kinetic_energy = mean("kinetic_energy")?;
        let mut chains = Vec::new();
        for chain in 0..trajectory.as_ref().map_or(0, Trajectory::num_chains) {
            let rung = summary.walkers.get(chain);
            let beta = rung.and_then(|rung| rung.inverse_temperature).or(beta);
            let recorded = trajectory
                .as_ref()
                .map_or(Ok(Vec::new()), |all| all.statistic("potential", chain, ..))?;
            chains.extend(beta.map(|beta| (recorded, beta)));
        }
        let of_chains = chains.iter().map(|(chain, beta)| (chain.as_slice(), *beta));
        Ok(Self {
            start_potential,
            potential_level: level_of_chains(of_chains, start_potential, num_parameters)?,
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

    /// Whether the potential has left every scale of the problem.
    pub fn has_diverged(&self) -> bool {
        let level = self.potential_level.as_ref();
        level.is_some_and(|level| level.verdict == PotentialVerdict::Diverged)
    }

    pub fn text(&self) -> String {
        let run = &self.summary;
        let mut text = format!(
            "{} over {} on {} ({}), seed {}\n{}, {}, {:.0} steps/s\n",
            run.sampler,
            text::count(self.num_parameters, "parameter"),
            self.dataset,
            self.device,
            run.seed,
            text::count(run.num_steps as usize, "step"),
            text::count(run.num_draws as usize, "draw"),
            run.steps_per_second,
        );
        if let Some(potential) = self.mean_potential
            && run.pairs.is_empty()
        {
            text.push_str(&format!("mean potential {potential:.6}\n"));
        }
        if let (Some(temperature), Some(beta)) =
            (self.kinetic_temperature, self.inverse_temperature)
            && run.pairs.is_empty()
        {
            let ratio = temperature * beta;
            text.push_str(&format!("kinetic temperature {ratio:.4} in units of 1/β\n"));
        }
        if let Some(level) = &self.potential_level
            && level.verdict != PotentialVerdict::Allowed
        {
            text.push_str(&format!(
                "warning: {}\n  the start has U₀ = {}, the highest chain U₀ + {} N/β\n",
                level.verdict,
                text::number(self.start_potential),
                text::number(level.excess)
            ));
        }
        for walker in &run.walkers {
            if let Some(error) = &walker.error {
                text.push_str(&format!("walker {} was stopped: {error}\n", walker.walker));
            }
        }
        if !run.pairs.is_empty() {
            let rows: Vec<Vec<String>> =
                (0..run.walkers.len()).map(|rung| self.rung(rung)).collect();
            let heading = ["chain", "β", "draws", "mean U", "2⟨K⟩β/N"];
            text.push_str(&text::table(&heading, &rows));
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

impl Report {
    /// A rung of replica exchange, in the columns of a table.
    fn rung(&self, rung: usize) -> Vec<String> {
        let walker = &self.summary.walkers[rung];
        let mean = |name: &str| {
            let mut of_walker = walker.statistics.iter();
            of_walker.find(|one| one.name == name).map(|one| one.mean)
        };
        let or_none = |value: Option<f64>| value.map_or("-".to_string(), text::number);
        let beta = walker.inverse_temperature;
        let ratio = |energy: f64| Some(2.0 * energy * beta? / self.num_parameters as f64);
        vec![
            rung.to_string(),
            or_none(beta),
            walker.num_draws.to_string(),
            or_none(mean("potential")),
            or_none(mean("kinetic_energy").and_then(ratio)),
        ]
    }
}

/// The level of the chain whose potential is highest above what its β allows, of chains that begin at the potential `start`; `None` if there is
/// none of finite β with draws.
pub fn level_of_chains<'a>(
    chains: impl Iterator<Item = (&'a [f64], f64)>,
    start: f64,
    num_parameters: usize,
) -> Result<Option<PotentialLevel>, CliError> {
    let mut highest: Option<PotentialLevel> = None;
    for (potentials, beta) in chains {
        if potentials.is_empty() || !beta.is_finite() || !start.is_finite() {
            continue;
        }
        let mean = potentials.iter().sum::<f64>() / potentials.len() as f64;
        // Of few draws there is none.
        let error = average(potentials, AutocorrelationEstimator::Geyer)
            .map_or(f64::NAN, |average| average.standard_error);
        let level = PotentialLevel::of(mean, error, start, num_parameters, beta)?;
        if highest.is_none_or(|highest| level.excess > highest.excess) {
            highest = Some(level);
        }
    }
    Ok(highest)
}

/// The mean of a statistic over all draws, or those of the first chain alone; `None` if it was not recorded.
fn mean(trajectory: &Trajectory, name: &str, first_chain: bool) -> Result<Option<f64>, TatiError> {
    let recorded = trajectory.layout().statistics();
    if !recorded.iter().any(|statistic| statistic == name) {
        return Ok(None);
    }
    let (mut sum, mut count) = (0.0, 0);
    let chains = match first_chain {
        true => 1,
        false => trajectory.num_chains(),
    };
    for chain in 0..chains {
        let values = trajectory.statistic(name, chain, ..)?;
        sum += values.iter().sum::<f64>();
        count += values.len();
    }
    Ok((count > 0).then(|| sum / count as f64))
}
