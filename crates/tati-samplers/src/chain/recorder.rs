//! Draws on their way into the trajectory store.

use burn::module::Module;
use burn::tensor::DType;
use serde_json::{Map, Value};
use tati_core::{ParameterLayout, Result, TatiError, TrajectoryLayout, TrajectoryWriter};

use super::Statistics;
use super::run_folder::{RunConfig, RunFolder};

/// Writes the draws of one chain.
///
/// The store is made at the first draw, when it is known which statistics the sampler has.
pub(super) struct Recorder {
    pub(super) folder: RunFolder,
    parameters: ParameterLayout,
    attributes: Map<String, Value>,
    expected_draws: usize,
    /// Draws to keep of a store that is there already.
    kept_draws: Option<u64>,
    writer: Option<TrajectoryWriter>,
    theta: Theta,
    statistics: Vec<f64>,
}

/// θ of the draw to be recorded, in the precision of the model.
enum Theta {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Recorder {
    /// A recorder that goes on after the first `kept_draws` draws of the store, or makes a new one.
    pub(super) fn new(
        folder: RunFolder,
        kept_draws: Option<u64>,
        config: &RunConfig,
        parameters: &ParameterLayout,
    ) -> Result<Self> {
        let attributes = match serde_json::to_value(config) {
            Ok(Value::Object(attributes)) => attributes,
            _ => Map::new(),
        };
        let recorder = Self {
            folder,
            parameters: parameters.clone(),
            attributes,
            expected_draws: usize::try_from(config.chain.num_draws()).unwrap_or(usize::MAX),
            kept_draws: kept_draws.filter(|draws| *draws > 0),
            writer: None,
            theta: match parameters.dtype() {
                DType::F64 => Theta::Double(Vec::new()),
                _ => Theta::Single(Vec::new()),
            },
            statistics: Vec::new(),
        };
        recorder.remove_unfinished_store()?;
        Ok(recorder)
    }

    /// Takes down θ of `model` for the next [`append`](Self::append).
    pub(super) fn look<M: Module>(&mut self, model: &M) -> Result<()> {
        match &mut self.theta {
            Theta::Single(theta) => self.parameters.copy_to_host(model, theta),
            Theta::Double(theta) => self.parameters.copy_to_host(model, theta),
        }
    }

    /// Appends the draw whose θ was taken down.
    pub(super) fn append(&mut self, step: u64, statistics: &Statistics) -> Result<()> {
        if self.writer.is_none() {
            self.writer = Some(self.open_store(statistics)?);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        self.statistics.clear();
        self.statistics
            .extend(statistics.entries().map(|(_, value)| value));
        match &self.theta {
            Theta::Single(theta) => writer.append(0, step, theta, &self.statistics),
            Theta::Double(theta) => writer.append(0, step, theta, &self.statistics),
        }
    }

    /// Puts every draw on disk.
    pub(super) fn flush(&mut self) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer.flush(),
            None => Ok(()),
        }
    }

    fn open_store(&self, statistics: &Statistics) -> Result<TrajectoryWriter> {
        let layout = TrajectoryLayout::of(1, &self.parameters)?
            .with_statistics(statistics.entries().map(|(name, _)| name))
            .with_attributes(self.attributes.clone())
            .with_expected_draws(self.expected_draws);
        let path = self.folder.trajectory();
        match self.kept_draws {
            Some(draws) => TrajectoryWriter::resume(path, &layout, &[draws as usize]),
            None => TrajectoryWriter::create(path, &layout),
        }
    }

    /// A run that was killed before its first checkpoint begins anew: its draws belong to no state that could be continued.
    fn remove_unfinished_store(&self) -> Result<()> {
        let path = self.folder.trajectory();
        if self.kept_draws.is_some() || !path.exists() {
            return Ok(());
        }
        std::fs::remove_dir_all(&path).map_err(|error| {
            TatiError::file(
                &path,
                "removing draws from before the first checkpoint",
                error,
            )
        })
    }
}
