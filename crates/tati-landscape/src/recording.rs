//! Draws with their steps and potentials, of run folders or of a table.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tati_core::{ParameterTensor, Result, TatiError, Trajectory, TrajectoryTable, require_count};

use crate::Draws;

/// The store in a run folder.
const STORE: &str = "trajectory.zarr";
/// What a store has in its root.
const STORE_METADATA: &str = "zarr.json";

/// Draws of chains with their steps and potentials, as an analysis takes them: recorded in run folders, or read from a table that any
/// program has written.
///
/// # Example
/// ```
/// use tati_core::TrajectoryTable;
/// use tati_landscape::Recording;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("draws.csv");
/// std::fs::write(&path, "step,loss,a\n0,2,9\n1,1,5\n2,1,6\n3,1,7\n")?;
/// let recording = Recording::of_table(TrajectoryTable::read(&path)?)
///     .with_burn_in(1)?
///     .with_every(2)?;
/// assert_eq!(recording.draws()?.num_draws(), 2);
/// assert_eq!(recording.steps()?, [[1, 3]]);
/// assert_eq!(recording.potentials()?, [[1.0, 1.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recording {
    source: Source,
    burn_in: usize,
    every: usize,
    chain: Option<usize>,
}

#[derive(Debug)]
enum Source {
    Runs {
        folders: Vec<PathBuf>,
        trajectories: Vec<Trajectory>,
    },
    Table(TrajectoryTable),
}

impl Recording {
    /// The chains recorded in `folders`, taken together: run folders, or the stores in them.
    ///
    /// # Errors
    /// [`File`](tati_core::TatiError::File) or [`Format`](tati_core::TatiError::Format) if a folder has no readable record, [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if they are of
    /// models of different sizes, [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are no draws.
    pub fn of_runs(folders: &[impl AsRef<Path>]) -> Result<Self> {
        let folders: Vec<PathBuf> = folders.iter().map(|path| path.as_ref().into()).collect();
        let trajectories: Vec<Trajectory> = folders
            .iter()
            .map(|folder| match folder.join(STORE_METADATA).exists() {
                true => Trajectory::open(folder),
                false => Trajectory::open(folder.join(STORE)),
            })
            .collect::<Result<_>>()?;
        Draws::of_all(&trajectories)?;
        Ok(Self::new(Source::Runs {
            folders,
            trajectories,
        }))
    }

    /// The chains of a table.
    pub fn of_table(table: TrajectoryTable) -> Self {
        Self::new(Source::Table(table))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            burn_in: 0,
            every: 1,
            chain: None,
        }
    }

    /// Without the first `burn_in` recorded draws of each chain.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no draw would be left.
    pub fn with_burn_in(mut self, burn_in: usize) -> Result<Self> {
        self.all()?.with_burn_in(burn_in)?;
        self.burn_in = burn_in;
        Ok(self)
    }

    /// With the first draw after burn-in and every `every`-th after it.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if `every` is 0.
    pub fn with_every(mut self, every: usize) -> Result<Self> {
        self.all()?.with_every(every)?;
        self.every = every;
        Ok(self)
    }

    /// With one of the chains alone.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there is no such chain.
    pub fn with_chain(mut self, chain: usize) -> Result<Self> {
        require_count("chain", chain, 0..self.all()?.num_chains())?;
        self.chain = Some(chain);
        Ok(self)
    }

    /// The same draws as those of a model with these tensors: a table is brought into the order of its flat vector
    /// ([`TrajectoryTable::arranged`]).
    ///
    /// # Errors
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if the model has another number of parameters.
    pub fn arranged(self, tensors: &[ParameterTensor]) -> Result<Self> {
        let source = match self.source {
            Source::Table(table) => Source::Table(table.arranged(tensors)?),
            runs => runs,
        };
        let recording = Self { source, ..self };
        let trainable = tensors.iter().filter(|tensor| !tensor.is_frozen());
        let expected: usize = trainable.map(ParameterTensor::len).sum();
        let found = recording.all()?.num_parameters();
        if expected == found {
            return Ok(recording);
        }
        Err(TatiError::ShapeMismatch {
            what: format!("number of parameters of {}", recording.origin()),
            expected: format!("{expected}, as of the model"),
            found: found.to_string(),
        })
    }

    /// The draws that are kept.
    ///
    /// # Errors
    /// As of [`Draws::of_all`].
    pub fn draws(&self) -> Result<Draws<'_>> {
        let draws = self
            .all()?
            .with_burn_in(self.burn_in)?
            .with_every(self.every)?;
        match self.chain {
            Some(chain) => draws.with_chain(chain),
            None => Ok(draws),
        }
    }

    /// U at the draws of each chain that are kept; it may be NaN in a table.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if it was not recorded; what reading the record reports.
    pub fn potentials(&self) -> Result<Vec<Vec<f64>>> {
        self.of_chains(
            |trajectory, chain| trajectory.statistic("potential", chain, ..),
            |table, chain| table.losses(chain).to_vec(),
        )
    }

    /// The step at which each draw that is kept was taken, of each chain.
    ///
    /// # Errors
    /// What reading the record reports.
    pub fn steps(&self) -> Result<Vec<Vec<u64>>> {
        self.of_chains(
            |trajectory, chain| trajectory.steps(chain, ..),
            |table, chain| table.steps(chain).to_vec(),
        )
    }

    /// θ of the last draw of the first chain that is kept.
    ///
    /// # Errors
    /// What reading the record reports.
    pub fn last_position(&self) -> Result<Vec<f64>> {
        let draws = self.draws()?;
        let last = draws.num_draws() - 1;
        Ok(draws.read(0, last..last + 1)?.into_owned())
    }

    /// The name of each parameter: as `layer.weight[3][100]`, or the name of its column.
    pub fn parameter_names(&self) -> Vec<String> {
        match &self.source {
            Source::Runs { trajectories, .. } => {
                let tensors = trajectories.first().map(|run| run.layout().tensors());
                let trainable = tensors.into_iter().flatten().filter(|one| !one.is_frozen());
                trainable
                    .flat_map(|tensor| tensor.element_names())
                    .collect()
            }
            Source::Table(table) => table.parameter_names().to_vec(),
        }
    }

    /// What the first run has recorded of its settings; `None` of a table.
    pub fn run_settings(&self) -> Option<&Map<String, Value>> {
        match &self.source {
            Source::Runs { trajectories, .. } => trajectories
                .first()
                .map(|trajectory| trajectory.layout().attributes()),
            Source::Table(_) => None,
        }
    }

    /// The files or folders that the draws are from, for the small print of a figure.
    pub fn origin(&self) -> String {
        match &self.source {
            Source::Runs { folders, .. } => {
                let folders = folders.iter().map(|folder| folder.display().to_string());
                folders.collect::<Vec<_>>().join(", ")
            }
            Source::Table(table) => table.path().display().to_string(),
        }
    }

    /// All draws.
    fn all(&self) -> Result<Draws<'_>> {
        match &self.source {
            Source::Runs { trajectories, .. } => Draws::of_all(trajectories),
            Source::Table(table) => Draws::from_f64(
                table.theta(),
                [
                    table.num_chains(),
                    table.num_draws(),
                    table.num_parameters(),
                ],
            ),
        }
    }

    /// A number of each draw that is kept, of each chain.
    fn of_chains<T>(
        &self,
        of_run: impl Fn(&Trajectory, usize) -> Result<Vec<T>>,
        of_table: impl Fn(&TrajectoryTable, usize) -> Vec<T>,
    ) -> Result<Vec<Vec<T>>> {
        let num_all = self.burn_in + (self.draws()?.num_draws() - 1) * self.every + 1;
        let kept = |numbers: Vec<T>| {
            let kept = numbers.into_iter().take(num_all).skip(self.burn_in);
            kept.step_by(self.every).collect::<Vec<T>>()
        };
        let mut chains = Vec::new();
        match &self.source {
            Source::Runs { trajectories, .. } => {
                for trajectory in trajectories {
                    for chain in 0..trajectory.num_chains() {
                        chains.push(kept(of_run(trajectory, chain)?));
                    }
                }
            }
            Source::Table(table) => {
                chains.extend((0..table.num_chains()).map(|chain| kept(of_table(table, chain))));
            }
        }
        Ok(match self.chain {
            Some(chain) => vec![chains.swap_remove(chain)],
            None => chains,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tati_core::{Precision, TrajectoryLayout, TrajectoryWriter};

    #[test]
    fn runs_and_a_table_give_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let layout =
            TrajectoryLayout::flat(2, 2, Precision::F64).with_statistics(["other", "potential"]);
        let mut writer = TrajectoryWriter::create(run.join(STORE), &layout).unwrap();
        for chain in 0..2 {
            // The second chain is longer.
            for draw in 0..7 + chain {
                let theta = [chain as f64, draw as f64];
                let statistics = [-1.0, (10 * chain + draw) as f64];
                writer
                    .append(chain, 3 * draw as u64, &theta, &statistics)
                    .unwrap();
            }
        }
        writer.flush().unwrap();
        let file = folder.path().join("draws.csv");
        Trajectory::open(run.join(STORE))
            .unwrap()
            .write_csv(&file)
            .unwrap();
        let of_table = || Recording::of_table(TrajectoryTable::read(&file).unwrap());
        for recording in [
            Recording::of_runs(&[&run]).unwrap(),
            Recording::of_runs(&[run.join(STORE)]).unwrap(),
            of_table(),
        ] {
            let recording = recording.with_burn_in(1).unwrap().with_every(2).unwrap();
            assert_eq!(recording.draws().unwrap().num_draws(), 3);
            assert_eq!(
                recording.potentials().unwrap(),
                [[1.0, 3.0, 5.0], [11.0, 13.0, 15.0]]
            );
            assert_eq!(recording.steps().unwrap(), [[3, 9, 15], [3, 9, 15]]);
            let second = recording.with_chain(1).unwrap();
            assert_eq!(second.potentials().unwrap(), [[11.0, 13.0, 15.0]]);
            assert_eq!(second.last_position().unwrap(), [1.0, 5.0]);
            assert!(second.with_chain(2).is_err());
        }
        let names = Recording::of_runs(&[&run]).unwrap().parameter_names();
        assert_eq!(names, ["theta[0]", "theta[1]"]);
        assert_eq!(of_table().parameter_names(), ["weight0", "weight1"]);
        assert!(of_table().arranged(layout.tensors()).is_ok());
        let message = Recording::of_runs(&[&run])
            .unwrap()
            .arranged(&[])
            .unwrap_err();
        assert!(message.to_string().contains("expected 0, as of the model"));
        let both = Recording::of_runs(&[&run, &run]).unwrap();
        assert_eq!(both.potentials().unwrap().len(), 4);
        assert!(both.with_burn_in(7).is_err());
        assert!(Recording::of_runs(&[folder.path()]).is_err());
        assert!(Recording::of_runs(&[] as &[&Path]).is_err());
    }
}
