//! `tati export`: a run as tables.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use tati::prelude::Trajectory;
use tati::{Result, TatiError};

use crate::error::CliError;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Write the draws of a run as CSV
///
/// Parameters go to FILE with the columns id,step,loss,weight0,…,bias0,…: the walker, its step, the potential, and the parameters.
#[derive(clap::Args, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    after_help = "Example: tati export draws --out trajectory.csv --statistics statistics.csv"
)]
pub struct ExportArgs {
    /// A run folder
    #[arg(value_name = "RUN")]
    #[serde(skip)]
    run: PathBuf,
    /// The table of parameters
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The table of energies and whatever else was recorded of each draw
    #[arg(long, value_name = "FILE", required_unless_present = "out")]
    statistics: Option<PathBuf>,
    /// Overwrite tables that are there
    #[arg(long)]
    overwrite: bool,
}

#[derive(Serialize)]
struct Results {
    run: PathBuf,
    num_chains: usize,
    num_draws: usize,
    num_parameters: usize,
    trajectory: Option<PathBuf>,
    statistics: Option<PathBuf>,
}

pub fn run(arguments: &ExportArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let trajectory = Trajectory::open(arguments.run.join("trajectory.zarr"))?;
    for file in [&arguments.out, &arguments.statistics]
        .into_iter()
        .flatten()
    {
        check_file(file, arguments.overwrite)?;
    }
    if let Some(file) = &arguments.out {
        trajectory.write_csv(file)?;
    }
    if let Some(file) = &arguments.statistics {
        trajectory.write_statistics_csv(file)?;
    }
    let results = Results {
        run: arguments.run.clone(),
        num_chains: trajectory.num_chains(),
        num_draws: trajectory.num_draws_per_chain().iter().sum(),
        num_parameters: trajectory.num_parameters(),
        trajectory: arguments.out.clone(),
        statistics: arguments.statistics.clone(),
    };
    let files = [&arguments.out, &arguments.statistics];
    let files = files.into_iter().flatten();
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    let text = format!(
        "{} in {}\n",
        text::count(results.num_draws, "draw"),
        files.join(" and ")
    );
    Outcome::new(&results, text)
}

/// Refuses a file that exists, unless it may be overwritten; makes the folder that it is in.
pub fn check_file(file: &std::path::Path, overwrite: bool) -> Result<()> {
    if file.exists() && !overwrite {
        return Err(TatiError::Exists {
            path: file.to_path_buf(),
            remedy: "choose another name, or add --overwrite",
        });
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder)
            .map_err(|error| TatiError::file(folder, "creating the folder", error)),
        _ => Ok(()),
    }
}
