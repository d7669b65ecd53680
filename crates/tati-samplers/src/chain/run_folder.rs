//! The folder of a recorded run: its configuration, trajectory, checkpoints and last model.
//!
//! ```text
//! RUN/config.json        what was run: reproduces it, and guards a resumed run against another one's settings
//! RUN/trajectory.zarr/   the draws
//! RUN/checkpoint/        the state of the chain: state.json names the files that belong to it
//! RUN/model.bpk          the model after the last step, once the run has ended or was stopped
//! RUN/summary.json       steps, draws, seed, tuned step size
//! ```

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tati_core::{
    ParameterLayout, Result, TatiError, create_folder_atomically, write_atomically,
    write_json_atomically,
};

use super::ChainConfig;

pub(crate) const FORMAT: u32 = 1;
const CONFIG: &str = "config.json";
const TRAJECTORY: &str = "trajectory.zarr";
const CHECKPOINT: &str = "checkpoint";
const STATE: &str = "state.json";
const SUMMARY: &str = "summary.json";

/// What a run folder says was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunConfig {
    pub(crate) format: u32,
    pub(crate) chain: ChainConfig,
    pub(crate) sampler: String,
    pub(crate) settings: Value,
    pub(crate) first_step_size: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) walker: u32,
    pub(crate) batch_size: Option<usize>,
    pub(crate) batch_seed: Option<u64>,
    pub(crate) num_rows: usize,
    pub(crate) parameters: Vec<ParameterEntry>,
    /// Whether gradients were computed without Burn's tape; `None` in folders from before this was recorded.
    #[serde(default)]
    pub(crate) closed_form_gradients: Option<bool>,
    /// What makes an ensemble of it; `None` for a single chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ensemble: Option<Value>,
    /// What the program says of the run: its model and data, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Value>,
}

/// A tensor of the model, by name and shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParameterEntry {
    name: String,
    shape: Vec<usize>,
    frozen: bool,
}

impl RunConfig {
    /// The tensors of a model.
    pub(crate) fn parameters(layout: &ParameterLayout) -> Vec<ParameterEntry> {
        let entry = |tensor: &tati_core::ParameterTensor| ParameterEntry {
            name: tensor.name.clone(),
            shape: tensor.shape.clone(),
            frozen: tensor.is_frozen(),
        };
        layout.tensors().iter().map(entry).collect()
    }

    /// Whether a run with configuration `self` may go on with what `recorded` began, of which it may extend the number of steps
    /// and change how often it is saved.
    pub(crate) fn check_continues(&self, recorded: &Self, file: &Path) -> Result<()> {
        // Numbers as they come back from the file, where the last digit of a parsed one may differ.
        let this = serde_json::to_string(self)
            .and_then(|text| serde_json::from_str::<Self>(&text))
            .map_err(|error| TatiError::format(file, error.to_string()))?;
        let differs = |what: &str, recorded: String, now: String| {
            Err(TatiError::format(
                file,
                format!(
                    "{what} is {recorded} in the recorded run and {now} now: resume with what was recorded, or record to another \
                     folder"
                ),
            ))
        };
        if let Some((now, then)) = first_difference(&this.parameters, &recorded.parameters) {
            return differs("the model's parameter", then, now);
        }
        let pairs = [
            (
                "the sampler",
                recorded.sampler.clone(),
                this.sampler.clone(),
            ),
            number("burn_in", recorded.chain.burn_in, this.chain.burn_in),
            number("thinning", recorded.chain.thinning, this.chain.thinning),
            number("the seed", recorded.seed, this.seed),
            number("the walker", recorded.walker, this.walker),
            number("the number of data items", recorded.num_rows, this.num_rows),
            optional("the batch size", recorded.batch_size, this.batch_size),
            optional(
                "the seed of the batches",
                recorded.batch_seed,
                this.batch_seed,
            ),
            optional(
                "the first step size",
                recorded.first_step_size,
                this.first_step_size,
            ),
            optional(
                "whether gradients are in closed form",
                recorded
                    .closed_form_gradients
                    .or(this.closed_form_gradients),
                this.closed_form_gradients,
            ),
        ];
        for (what, then, now) in pairs {
            if then != now {
                return differs(what, then, now);
            }
        }
        if let Some((name, now, then)) = setting_difference(&this.settings, &recorded.settings) {
            return differs(&format!("the sampler's `{name}`"), then, now);
        }
        let none = Value::Object(Map::new());
        let ensemble = |config: &Self| config.ensemble.clone().unwrap_or_else(|| none.clone());
        let (now, then) = (ensemble(&this), ensemble(recorded));
        if let Some((name, now, then)) = setting_difference(&now, &then) {
            return differs(&format!("the ensemble's `{name}`"), then, now);
        }
        if this.chain.num_steps < recorded.chain.num_steps {
            return differs(
                "num_steps",
                recorded.chain.num_steps.to_string(),
                this.chain.num_steps.to_string(),
            );
        }
        Ok(())
    }
}

fn number(what: &str, then: impl ToString, now: impl ToString) -> (&str, String, String) {
    (what, then.to_string(), now.to_string())
}

fn optional<T: ToString>(what: &str, then: Option<T>, now: Option<T>) -> (&str, String, String) {
    let text = |value: Option<T>| value.map_or("none".to_string(), |value| value.to_string());
    (what, text(then), text(now))
}

fn first_difference(now: &[ParameterEntry], then: &[ParameterEntry]) -> Option<(String, String)> {
    let text = |entry: Option<&ParameterEntry>| match entry {
        Some(entry) => format!(
            "`{}` of shape {:?}{}",
            entry.name,
            entry.shape,
            if entry.frozen { ", frozen" } else { "" }
        ),
        None => "missing".to_string(),
    };
    (0..now.len().max(then.len()))
        .map(|index| (now.get(index), then.get(index)))
        .find(|(now, then)| now != then)
        .map(|(now, then)| (text(now), text(then)))
}

fn setting_difference(now: &Value, then: &Value) -> Option<(String, String, String)> {
    let (Value::Object(now), Value::Object(then)) = (now, then) else {
        return None;
    };
    now.keys()
        .chain(then.keys())
        .find(|name| now.get(*name) != then.get(*name))
        .map(|name| {
            let text = |value: Option<&Value>| value.map_or("unset".to_string(), Value::to_string);
            (name.clone(), text(now.get(name)), text(then.get(name)))
        })
}

/// The state of a chain between two steps; the files named hold the rest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) format: u32,
    /// Steps taken.
    pub(crate) step: u64,
    /// Draws taken and recorded.
    pub(crate) num_draws: u64,
    /// Epoch and batch of the order of mini-batches.
    pub(crate) batch: Option<(u64, usize)>,
    /// The walkers of an ensemble; none for a single chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) walkers: Vec<WalkerState>,
    pub(crate) files: Vec<String>,
}

/// One walker of an ensemble between two steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WalkerState {
    pub(crate) step: u64,
    pub(crate) num_draws: u64,
    pub(crate) batch: Option<(u64, usize)>,
    /// Why it was stopped.
    pub(crate) error: Option<String>,
}

impl State {
    /// The state of a chain, its files not yet named.
    pub(crate) fn new(step: u64, num_draws: u64, batch: Option<(u64, usize)>) -> Self {
        Self {
            format: FORMAT,
            step,
            num_draws,
            batch,
            walkers: Vec::new(),
            files: Vec::new(),
        }
    }
}

/// A run folder.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run.
    pub(crate) fn create(path: &Path, config: &RunConfig) -> Result<Self> {
        if path.exists() {
            return Err(TatiError::Exists {
                path: path.to_path_buf(),
                remedy: "resume the run in it, or record to another folder",
            });
        }
        let folder = |path: &Path| Self {
            path: path.to_path_buf(),
        };
        // A run folder that is there has its configuration.
        create_folder_atomically(path, |unfinished| folder(unfinished).write_config(config))?;
        Ok(folder(path))
    }

    /// An existing run folder, and what was run there.
    pub(crate) fn open(path: &Path) -> Result<(Self, RunConfig)> {
        let folder = Self {
            path: path.to_path_buf(),
        };
        let config: RunConfig = read_json(&folder.config_file())?;
        check_format(&folder.config_file(), config.format)?;
        Ok((folder, config))
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    pub(crate) fn trajectory(&self) -> PathBuf {
        self.path.join(TRAJECTORY)
    }

    /// Saves a model as `name`.bpk.
    pub(crate) fn save_model(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let file = self.path.join(format!("{name}.bpk"));
        write_atomically(&file, |writer| writer.write_all(bytes))
    }

    pub(crate) fn write_config(&self, config: &RunConfig) -> Result<()> {
        write_json_atomically(&self.config_file(), config)
    }

    pub(crate) fn write_summary(&self, summary: &impl Serialize) -> Result<()> {
        write_json_atomically(&self.path.join(SUMMARY), summary)
    }

    /// Saves a checkpoint: its files first, then the state that names them, then the files of the one before are removed. So there
    /// is a whole checkpoint at any moment.
    pub(crate) fn save_checkpoint(
        &self,
        mut state: State,
        parts: &[(String, Vec<u8>)],
    ) -> Result<()> {
        let folder = self.path.join(CHECKPOINT);
        fs::create_dir_all(&folder)
            .map_err(|error| TatiError::file(&folder, "creating the folder", error))?;
        for (name, bytes) in parts {
            let file = format!("{name}-{}.bpk", state.step);
            write_atomically(&folder.join(&file), |writer| writer.write_all(bytes))?;
            state.files.push(file);
        }
        write_json_atomically(&folder.join(STATE), &state)?;
        self.remove_other_files(&folder, &state)
    }

    /// The last checkpoint; `None` if the run was stopped before its first.
    pub(crate) fn checkpoint(&self) -> Result<Option<State>> {
        let file = self.path.join(CHECKPOINT).join(STATE);
        if !file.exists() {
            return Ok(None);
        }
        let state: State = read_json(&file)?;
        check_format(&file, state.format)?;
        Ok(Some(state))
    }

    /// The part `name` of a checkpoint, and its file.
    pub(crate) fn checkpoint_part(&self, state: &State, name: &str) -> Result<(PathBuf, Vec<u8>)> {
        let folder = self.path.join(CHECKPOINT);
        let prefix = format!("{name}-");
        let file = state.files.iter().find(|file| file.starts_with(&prefix));
        let Some(file) = file else {
            return Err(TatiError::format(
                folder.join(STATE),
                format!(
                    "has no file `{prefix}…`: the run was recorded with another kind of sampler or other observers"
                ),
            ));
        };
        let path = folder.join(file);
        let bytes = fs::read(&path).map_err(|error| TatiError::file(&path, "reading", error))?;
        Ok((path, bytes))
    }

    fn remove_other_files(&self, folder: &Path, state: &State) -> Result<()> {
        let failed = |error| TatiError::file(folder, "removing older checkpoints", error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != STATE && !state.files.contains(&name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// The seed of the run recorded in the folder `path`, for what else of a resumed program depends on it.
///
/// # Errors
/// If there is no run.
pub fn recorded_seed(path: impl AsRef<Path>) -> Result<u64> {
    RunFolder::open(path.as_ref()).map(|(_, config)| config.seed)
}

/// What the program said of the run recorded in the folder `path` ([`Chain::with_description`](crate::Chain::with_description)); `None` if
/// it said nothing. Other folders with a `config.json` that has a `description` are read too.
///
/// # Errors
/// If there is no run.
pub fn recorded_description(path: impl AsRef<Path>) -> Result<Option<Value>> {
    #[derive(Deserialize)]
    struct Described {
        format: u32,
        description: Option<Value>,
    }
    let file = path.as_ref().join(CONFIG);
    let described: Described = read_json(&file)?;
    check_format(&file, described.format)?;
    Ok(described.description)
}

fn check_format(file: &Path, format: u32) -> Result<()> {
    if format > FORMAT {
        return Err(TatiError::format(
            file,
            format!(
                "is of format {format}, and this version of tati reads up to {FORMAT}: use a newer tati"
            ),
        ));
    }
    Ok(())
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let text = fs::read_to_string(file).map_err(|error| TatiError::file(file, "reading", error))?;
    serde_json::from_str(&text)
        .map_err(|error| TatiError::format(file, format!("is damaged, or not of a run: {error}")))
}
