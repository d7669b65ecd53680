//! A run folder as what later runs and analyses begin with.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tati::TatiError;
use tati::models::Network;
use tati::samplers::recorded_description;

use super::problem::{Problem, ProblemArgs};
use crate::error::CliError;

/// A run that this program recorded.
#[derive(Debug)]
pub struct SavedRun {
    folder: PathBuf,
    /// The options that it was run with, in full.
    options: Value,
    /// `train` or `sample`.
    command: String,
    /// The options of model, loss and data.
    pub problem: ProblemArgs,
    /// The device that it ran on.
    pub device: String,
    /// U at the start of a sampling, over all data and with the prior; `None` if it was not recorded.
    pub start_potential: Option<f64>,
}

/// What this program says of a run in its `config.json`.
#[derive(Deserialize)]
struct Description {
    command: String,
    options: Value,
    device: String,
    start_potential: Option<f64>,
}

impl SavedRun {
    /// The run in a folder.
    pub fn open(folder: &Path) -> Result<Self, CliError> {
        if !folder.join("config.json").exists() {
            return Err(CliError::Usage(format!(
                "{} is no run: it has no config.json, or is not there",
                folder.display()
            )));
        }
        let Some(description) = recorded_description(folder)? else {
            return Err(TatiError::format(
                folder.join("config.json"),
                "does not say which model and data it is of: it was not recorded by `tati`",
            )
            .into());
        };
        let description: Description = read(folder, description)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            problem: read(folder, description.options.clone())?,
            options: description.options,
            command: description.command,
            device: description.device,
            start_potential: description.start_potential,
        })
    }

    /// Refuses a run that `tati sample` has not recorded, and so cannot go on with.
    pub fn require_sampling(&self) -> Result<(), CliError> {
        if self.command == "sample" {
            return Ok(());
        }
        let reason = format!(
            "is of `tati {}`: only sampling is resumed; begin a new run by --from",
            self.command
        );
        Err(TatiError::format(self.folder.join("config.json"), reason).into())
    }

    /// The subcommand that recorded it, and its options in full.
    pub fn command(&self) -> (&str, &Value) {
        (&self.command, &self.options)
    }

    /// The options that it was run with, as those of one of the subcommands.
    pub fn options<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        read(&self.folder, self.options.clone())
    }

    /// The networks that it ended with: one, or one a walker.
    pub fn networks(&self, problem: &Problem, device: &Device) -> Result<Vec<Network>, CliError> {
        let single = self.folder.join("model.bpk");
        if single.exists() {
            return Ok(vec![load(problem, &single, device)?]);
        }
        let mut networks = Vec::new();
        for walker in 0.. {
            let file = self.folder.join(format!("model{walker}.bpk"));
            if !file.exists() {
                break;
            }
            networks.push(load(problem, &file, device)?);
        }
        if networks.is_empty() {
            return Err(TatiError::format(
                &single,
                "is missing: the run did not come to its end; go on with a sampling run by `tati sample --resume`, repeat a training",
            )
            .into());
        }
        Ok(networks)
    }
}

/// Refuses a folder that exists.
pub fn require_new(folder: &Path) -> Result<(), CliError> {
    if folder.exists() {
        return Err(TatiError::Exists {
            path: folder.to_path_buf(),
            remedy: "choose another folder for --out",
        }
        .into());
    }
    Ok(())
}

fn load(problem: &Problem, file: &Path, device: &Device) -> Result<Network, CliError> {
    let bytes = fs::read(file).map_err(|error| TatiError::file(file, "reading", error))?;
    let damaged = |error: &dyn std::fmt::Display| {
        let reason = error.to_string().replace('\n', " ");
        TatiError::format(file, format!("is no record of this network: {reason}"))
    };
    let record =
        ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|error| damaged(&error))?;
    let network = problem.network.init(device);
    let network = network
        .try_load_record(record)
        .map_err(|error| damaged(&error))?;
    problem.freeze(network)
}

fn read<T: DeserializeOwned>(folder: &Path, value: Value) -> Result<T, CliError> {
    serde_json::from_value(value).map_err(|error| {
        let reason = format!("is damaged, or of another version: {error}");
        TatiError::format(folder.join("config.json"), reason).into()
    })
}
