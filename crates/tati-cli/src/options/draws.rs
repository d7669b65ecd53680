//! Which draws an analysis reads: of run folders, or of a table.

use std::path::PathBuf;

use serde::Serialize;
use tati::TrajectoryTable;
use tati::landscape::Recording;

use crate::error::CliError;
use crate::text;

/// Where draws come from, and which of them are taken.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Draws")]
pub struct DrawsOptions {
    /// Run folders; the walkers of several are taken together
    #[arg(
        value_name = "RUN",
        required_unless_present = "trajectory",
        conflicts_with = "trajectory"
    )]
    #[serde(skip)]
    pub runs: Vec<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub selection: Selection,
}

/// Which draws are taken of a run, or of a table in its place.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Draws")]
pub struct Selection {
    /// Read draws from CSV: columns step, loss and one for each parameter; id tells chains apart
    #[arg(long, value_name = "FILE")]
    pub trajectory: Option<PathBuf>,
    /// Leave out the first N recorded draws of each chain
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub burn_in: usize,
    /// Of the others, take every K-th
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub every: usize,
    /// Take this chain alone, counted from 0
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub chain: Option<usize>,
}

impl DrawsOptions {
    /// All draws of no run yet.
    pub fn usual() -> Self {
        Self {
            runs: Vec::new(),
            selection: Selection {
                trajectory: None,
                burn_in: 0,
                every: 1,
                chain: None,
            },
        }
    }

    /// The draws asked for.
    pub fn open(&self) -> Result<Recording, CliError> {
        self.selection.open(&self.runs)
    }
}

impl Selection {
    /// The draws of the table, or else of `runs`, at one temperature.
    pub fn open(&self, runs: &[PathBuf]) -> Result<Recording, CliError> {
        let recording = self.open_all(runs)?;
        match self.chain {
            Some(chain) => Ok(recording.with_chain(chain)?),
            None => {
                require_one_temperature(&recording)?;
                Ok(recording)
            }
        }
    }

    /// The draws of all chains, whatever their temperature.
    pub fn open_all(&self, runs: &[PathBuf]) -> Result<Recording, CliError> {
        let recording = match &self.trajectory {
            Some(path) => Recording::of_table(TrajectoryTable::read(path)?),
            None => Recording::of_runs(runs)?,
        };
        let recording = recording.with_burn_in(self.burn_in)?;
        Ok(recording.with_every(self.every)?)
    }
}

/// Refuses rungs of several temperatures as chains of one law.
fn require_one_temperature(recording: &Recording) -> Result<(), CliError> {
    let Some(ladder) = recorded_ladder(recording)? else {
        return Ok(());
    };
    if ladder
        .iter()
        .all(|beta| beta.is_some() && *beta == ladder[0])
    {
        return Ok(());
    }
    let rungs = ladder.iter().enumerate().map(|(chain, beta)| {
        let beta = beta.map_or("not constant".to_string(), text::number);
        format!("{chain} (β = {beta})")
    });
    Err(CliError::Usage(format!(
        "{} has replicas at several temperatures: take one of them with `--chain`: {}",
        recording.origin(),
        rungs.collect::<Vec<_>>().join(", ")
    )))
}

/// U at the draws of each chain; `None` where no draw has one.
pub fn potentials(recording: &Recording) -> Result<Option<Vec<Vec<f64>>>, CliError> {
    let chains = recording.potentials()?;
    let steps = recording.steps()?;
    if chains.iter().flatten().all(|potential| potential.is_nan()) {
        return Ok(None);
    }
    for (chain, (potentials, steps)) in chains.iter().zip(&steps).enumerate() {
        let mut draws = potentials.iter().zip(steps);
        if let Some((potential, step)) = draws.find(|(potential, _)| !potential.is_finite()) {
            return Err(CliError::Usage(format!(
                "{}: the loss at step {step} of chain {chain} is {potential}: leave such draws out, or all losses NaN",
                recording.origin()
            )));
        }
    }
    Ok(Some(chains))
}

/// U at the draws of each chain, for what cannot do without.
pub fn required_potentials(
    recording: &Recording,
    purpose: &str,
) -> Result<Vec<Vec<f64>>, CliError> {
    potentials(recording)?.ok_or_else(|| {
        CliError::Usage(format!(
            "{}: no loss is recorded, which {purpose} needs",
            recording.origin()
        ))
    })
}

/// β of the draws: that of a rung of replica exchange as it is recorded with each draw, otherwise as the sampler has it. `None` of a table, and
/// of draws at several.
pub fn recorded_inverse_temperature(recording: &Recording) -> Result<Option<f64>, CliError> {
    if let Some(rungs) = recorded_ladder(recording)? {
        let mut rungs = rungs.into_iter();
        let first = rungs.next().flatten();
        return Ok(first.filter(|first| rungs.all(|rung| rung == Some(*first))));
    }
    let run = recording.run_settings();
    let sampler = run.and_then(|run| run.get("settings"));
    Ok(sampler.and_then(|sampler| sampler.get("inverse_temperature")?.as_f64()))
}

/// β of each chain of a replica exchange, `None` where it changes along a chain. `None` of any other run.
pub fn recorded_ladder(recording: &Recording) -> Result<Option<Vec<Option<f64>>>, CliError> {
    let recorded = recording.statistic("inverse_temperature")?;
    let of_chain = |chain: Vec<f64>| {
        let first = chain.first().copied();
        first.filter(|first| chain.iter().all(|beta| beta == first))
    };
    Ok(recorded.map(|chains| chains.into_iter().map(of_chain).collect()))
}
