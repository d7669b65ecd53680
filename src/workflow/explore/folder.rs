//! The folder of an exploration: what it found so far, and all that is needed to go on with it.
//!
//! ```text
//! OUT/config.json                     settings and seed: guards a resumed exploration against another one's settings
//! OUT/start.csv                       θ that the chains of the first round begin at
//! OUT/round-000/chain-000/            a run folder for each chain, with draws and checkpoint
//! OUT/round-000/corners.csv           corner points of the map of all draws so far: where the next round begins
//! OUT/round-000/lowest.csv            for each of them the draw of lowest potential among those nearest to it
//! OUT/rounds.csv                      a line for each finished round: points, bandwidth and eigenvalues of the map
//! OUT/map.png                         the last map
//! OUT/minima.csv, OUT/barriers.csv    once the rounds have come to their end
//! ```
//!
//! A round is finished once `rounds.csv` has its line; everything that belongs to it is on disk by then.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tati_core::{Result, TatiError, Trajectory, create_folder_atomically, write_json_atomically};
use tati_landscape::Minima;

use super::table::{read_table, write_table};
use super::{ExplorationRound, ExploreConfig, ExploredBarrier, ExploredDraw, settling};

const FORMAT: u32 = 1;
const CONFIG: &str = "config.json";
const START: &str = "start.csv";
const ROUNDS: &str = "rounds.csv";
const CORNERS: &str = "corners.csv";
const MINIMA: &str = "minima.csv";
const BARRIERS: &str = "barriers.csv";
const LOWEST: &str = "lowest.csv";

/// What an exploration's folder says was explored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    pub(super) seed: u64,
    pub(super) explore: ExploreConfig,
    sampler: String,
    settings: Value,
}

impl Record {
    pub(super) fn new(explore: ExploreConfig, seed: u64, sampler: &str, settings: &Value) -> Self {
        Self {
            format: FORMAT,
            seed,
            explore,
            sampler: sampler.to_string(),
            settings: settings.clone(),
        }
    }

    /// Whether an exploration with settings `self` may go on with what `recorded` began: all must be equal but for the number of rounds,
    /// which may be larger, and how often chains are saved.
    fn check_continues(&self, recorded: &Self, file: &Path) -> Result<()> {
        let mut this = self.clone();
        this.explore.seed = recorded.explore.seed;
        let (now, then) = (&mut this.explore, &recorded.explore);
        now.chain.checkpoint_every_steps = then.chain.checkpoint_every_steps;
        now.chain.checkpoint_every_seconds = then.chain.checkpoint_every_seconds;
        if now.max_rounds > then.max_rounds {
            now.max_rounds = then.max_rounds;
        }
        let Some((name, then, now)) = difference("", &json(recorded, file)?, &json(&this, file)?)
        else {
            return Ok(());
        };
        Err(TatiError::format(
            file,
            format!(
                "`{name}` is {then} in the recorded exploration and {now} now: resume with what was recorded, or explore to another \
                 folder"
            ),
        ))
    }
}

/// The record with its numbers as they come back from a file, where the last digit of a parsed one may differ.
fn json(record: &Record, file: &Path) -> Result<Value> {
    serde_json::to_string(record)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|error| TatiError::format(file, error.to_string()))
}

/// The first setting in which two records differ, with both values.
fn difference(name: &str, then: &Value, now: &Value) -> Option<(String, String, String)> {
    if let (Value::Object(then), Value::Object(now)) = (then, now) {
        let names = then.keys().chain(now.keys());
        return names.into_iter().find_map(|key| {
            let dot = if name.is_empty() { "" } else { "." };
            let inner = format!("{name}{dot}{key}");
            let value = |of: &serde_json::Map<String, Value>| of.get(key).cloned();
            difference(
                &inner,
                &value(then).unwrap_or_default(),
                &value(now).unwrap_or_default(),
            )
        });
    }
    (then != now).then(|| (name.to_string(), then.to_string(), now.to_string()))
}

/// The folder of an exploration.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    num_parameters: usize,
    num_coordinates: usize,
}

impl Folder {
    /// Makes the folder of a new exploration that begins at `start`.
    pub(super) fn create(path: &Path, record: &Record, start: &[f64]) -> Result<Self> {
        if path.exists() {
            return Err(TatiError::Exists {
                path: path.to_path_buf(),
                remedy: "resume the exploration in it, or explore to another folder",
            });
        }
        // A folder that is there has its configuration.
        create_folder_atomically(path, |unfinished| {
            Self::at(unfinished, record, start.len()).write_record(record)?;
            let start_file = unfinished.join(START);
            write_table(&start_file, &parameters(start.len()), [start.to_vec()])
        })?;
        Ok(Self::at(path, record, start.len()))
    }

    /// What was explored in the folder `path`.
    pub(super) fn recorded(path: &Path) -> Result<Record> {
        let file = path.join(CONFIG);
        let text =
            fs::read_to_string(&file).map_err(|error| TatiError::file(&file, "reading", error))?;
        let record: Record = serde_json::from_str(&text).map_err(|error| {
            TatiError::format(
                &file,
                format!("is damaged, or not of an exploration: {error}"),
            )
        })?;
        if record.format > FORMAT {
            return Err(TatiError::format(
                &file,
                format!(
                    "is of format {}, and this version of tati reads up to {FORMAT}: use a newer tati",
                    record.format
                ),
            ));
        }
        Ok(record)
    }

    /// The folder of an exploration that may go on with the settings of `record`.
    pub(super) fn open(path: &Path, record: &Record, num_parameters: usize) -> Result<Self> {
        record.check_continues(&Self::recorded(path)?, &path.join(CONFIG))?;
        Ok(Self::at(path, record, num_parameters))
    }

    fn at(path: &Path, record: &Record, num_parameters: usize) -> Self {
        Self {
            path: path.to_path_buf(),
            num_parameters,
            num_coordinates: record.explore.num_coordinates(),
        }
    }

    pub(super) fn write_record(&self, record: &Record) -> Result<()> {
        write_json_atomically(&self.file(CONFIG), record)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the chains of the first round begin.
    pub(super) fn start(&self) -> Result<Vec<f64>> {
        let file = self.file(START);
        let mut rows = read_table(&file, &parameters(self.num_parameters))?;
        rows.pop()
            .ok_or_else(|| TatiError::format(&file, "has no line: explore to another folder"))
    }

    pub(super) fn chain(&self, round: usize, chain: usize) -> PathBuf {
        self.round(round).join(format!("chain-{chain:03}"))
    }

    /// The draws of the chains of the first `num_rounds` rounds.
    pub(super) fn trajectories(
        &self,
        num_rounds: usize,
        num_chains: usize,
    ) -> Result<Vec<Trajectory>> {
        (0..num_rounds * num_chains)
            .map(|chain| {
                let folder = self.chain(chain / num_chains, chain % num_chains);
                Trajectory::open(folder.join("trajectory.zarr"))
            })
            .collect()
    }

    /// The finished rounds.
    pub(super) fn rounds(&self) -> Result<Vec<ExplorationRound>> {
        let file = self.file(ROUNDS);
        if !file.exists() {
            return Ok(Vec::new());
        }
        let mut rounds: Vec<ExplorationRound> = Vec::new();
        for (number, row) in read_table(&file, &self.round_columns())?.iter().enumerate() {
            let eigenvalues = row[4..].to_vec();
            let change = rounds
                .last()
                .map(|last| settling::relative_change(&eigenvalues, &last.eigenvalues));
            rounds.push(ExplorationRound {
                num_points: row[1] as usize,
                bandwidth: row[2],
                eigenvalues,
                change,
                corners: self.read_draws(number, CORNERS)?,
                lowest: self.read_draws(number, LOWEST)?,
            });
        }
        Ok(rounds)
    }

    /// Adds the last of `rounds` to those that are finished.
    pub(super) fn finish_round(&self, rounds: &[ExplorationRound]) -> Result<()> {
        let Some(last) = rounds.last() else {
            return Ok(());
        };
        for (name, draws) in [(CORNERS, &last.corners), (LOWEST, &last.lowest)] {
            let file = self.round(rounds.len() - 1).join(name);
            write_table(
                &file,
                &self.draw_columns(),
                draws.iter().map(ExploredDraw::row),
            )?;
        }
        let rows = rounds.iter().enumerate().map(|(number, round)| {
            let change = round.change.unwrap_or(f64::NAN);
            let mut row = vec![
                number as f64,
                round.num_points as f64,
                round.bandwidth,
                change,
            ];
            row.extend(&round.eigenvalues);
            row
        });
        write_table(&self.file(ROUNDS), &self.round_columns(), rows)
    }

    /// Writes a line for each minimum and one for each barrier.
    pub(super) fn write_minima(&self, minima: &Minima, barriers: &[ExploredBarrier]) -> Result<()> {
        let mut columns = names(&[
            "potential",
            "gradient_norm",
            "index",
            "num_flat",
            "num_quenches",
        ]);
        columns.extend(parameters(self.num_parameters));
        let rows = minima.minima.iter().map(|minimum| {
            let point = &minimum.point;
            let mut row = vec![
                point.potential,
                point.gradient_norm,
                point.hessian.index as f64,
                point.hessian.num_flat as f64,
                minimum.num_quenches as f64,
            ];
            row.extend(&point.position);
            row
        });
        write_table(&self.file(MINIMA), &columns, rows)?;
        let columns = names(&[
            "from",
            "to",
            "barrier_from",
            "barrier_to",
            "line_barrier_from",
            "line_barrier_to",
            "converged",
        ]);
        let rows = barriers.iter().map(|barrier| {
            let (path, line) = (&barrier.path.profile, &barrier.line);
            vec![
                barrier.from as f64,
                barrier.to as f64,
                path.barrier_from_start(),
                path.barrier_from_end(),
                line.barrier_from_start(),
                line.barrier_from_end(),
                f64::from(u8::from(barrier.path.converged)),
            ]
        });
        write_table(&self.file(BARRIERS), &columns, rows)
    }

    #[cfg(feature = "plot")]
    pub(super) fn picture(&self) -> PathBuf {
        self.file("map.png")
    }

    fn read_draws(&self, round: usize, name: &str) -> Result<Vec<ExploredDraw>> {
        let rows = read_table(&self.round(round).join(name), &self.draw_columns())?;
        let draw = |row: &Vec<f64>| ExploredDraw::from_row(row, self.num_coordinates);
        Ok(rows.iter().map(draw).collect())
    }

    fn round(&self, round: usize) -> PathBuf {
        self.path.join(format!("round-{round:03}"))
    }

    fn round_columns(&self) -> Vec<String> {
        let mut columns = names(&["round", "num_points", "bandwidth", "change"]);
        columns.extend(numbered("eigenvalue", 1..=self.num_coordinates));
        columns
    }

    fn draw_columns(&self) -> Vec<String> {
        let mut columns = names(&["chain", "draw", "potential"]);
        columns.extend(numbered("coordinate", 1..=self.num_coordinates));
        columns.extend(parameters(self.num_parameters));
        columns
    }
}

impl ExploredDraw {
    fn row(&self) -> Vec<f64> {
        let mut row = vec![self.chain as f64, self.draw as f64, self.potential];
        row.extend(&self.coordinates);
        row.extend(&self.position);
        row
    }

    fn from_row(row: &[f64], num_coordinates: usize) -> Self {
        let (coordinates, position) = row[3..].split_at(num_coordinates);
        Self {
            chain: row[0] as usize,
            draw: row[1] as usize,
            potential: row[2],
            coordinates: coordinates.to_vec(),
            position: position.to_vec(),
        }
    }
}

/// The columns of θ.
fn parameters(num_parameters: usize) -> Vec<String> {
    numbered("theta", 0..=num_parameters - 1).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_string()).collect()
}

fn numbered(name: &str, numbers: std::ops::RangeInclusive<usize>) -> impl Iterator<Item = String> {
    numbers.map(move |number| format!("{name}{number}"))
}
