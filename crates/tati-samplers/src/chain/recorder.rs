//! Draws on their way into the trajectory store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::Module;
use burn::tensor::DType;
use serde_json::{Map, Value};
use tati_core::{ParameterLayout, Result, TatiError, TrajectoryLayout, TrajectoryWriter};

use super::Statistics;
use super::run_folder::{RunConfig, RunFolder};

/// Writes the draws of one chain into a store that other chains may share.
///
/// Whoever holds the store does no work on rayon's threads: they might take up a walker that waits for it.
pub(crate) struct Recorder {
    store: Arc<Mutex<Store>>,
    chain: usize,
    parameters: ParameterLayout,
    theta: Theta,
}

/// The run folder and the store in it, which is made at the first draw, when it is known which statistics the sampler has.
pub(crate) struct Store {
    pub(crate) folder: RunFolder,
    num_chains: usize,
    parameters: ParameterLayout,
    attributes: Map<String, Value>,
    expected_draws: usize,
    /// Draws of each chain to keep of a store that is there already.
    kept_draws: Option<Vec<u64>>,
    writer: Option<TrajectoryWriter>,
    statistics: Vec<f64>,
}

/// θ of the draw to be recorded, in the precision of the model.
enum Theta {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Recorder {
    /// A recorder of chain `chain` of `store`.
    pub(crate) fn new(
        store: &Arc<Mutex<Store>>,
        chain: usize,
        parameters: &ParameterLayout,
    ) -> Self {
        Self {
            store: store.clone(),
            chain,
            parameters: parameters.clone(),
            theta: match parameters.dtype() {
                DType::F64 => Theta::Double(Vec::new()),
                _ => Theta::Single(Vec::new()),
            },
        }
    }

    /// Takes down θ of `model` for the next [`append`](Self::append).
    pub(crate) fn look<M: Module>(&mut self, model: &M) -> Result<()> {
        match &mut self.theta {
            Theta::Single(theta) => self.parameters.copy_to_host(model, theta),
            Theta::Double(theta) => self.parameters.copy_to_host(model, theta),
        }
    }

    /// Appends the draw whose θ was taken down.
    pub(crate) fn append(&mut self, step: u64, statistics: &Statistics) -> Result<()> {
        let mut store = self.store();
        store.append(self.chain, step, &self.theta, statistics)
    }

    /// The store, for as long as the guard lives.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// A store that goes on after the first `kept_draws` draws of each chain, or a new one.
    pub(crate) fn new(
        folder: RunFolder,
        kept_draws: Option<Vec<u64>>,
        num_chains: usize,
        config: &RunConfig,
        parameters: &ParameterLayout,
    ) -> Result<Self> {
        let attributes = match serde_json::to_value(config) {
            Ok(Value::Object(attributes)) => attributes,
            _ => Map::new(),
        };
        let store = Self {
            folder,
            num_chains,
            parameters: parameters.clone(),
            attributes,
            expected_draws: usize::try_from(config.chain.num_draws()).unwrap_or(usize::MAX),
            kept_draws: kept_draws.filter(|draws| draws.iter().any(|draws| *draws > 0)),
            writer: None,
            statistics: Vec::new(),
        };
        store.remove_unfinished_store()?;
        Ok(store)
    }

    /// The store as recorders take it.
    pub(crate) fn shared(self) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(self))
    }

    /// Puts every draw on disk.
    pub(crate) fn flush(&mut self) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer.flush(),
            None => Ok(()),
        }
    }

    fn append(
        &mut self,
        chain: usize,
        step: u64,
        theta: &Theta,
        statistics: &Statistics,
    ) -> Result<()> {
        if self.writer.is_none() {
            self.writer = Some(self.open_store(statistics)?);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        self.statistics.clear();
        self.statistics
            .extend(statistics.entries().map(|(_, value)| value));
        match theta {
            Theta::Single(theta) => writer.append(chain, step, theta, &self.statistics),
            Theta::Double(theta) => writer.append(chain, step, theta, &self.statistics),
        }
    }

    fn open_store(&self, statistics: &Statistics) -> Result<TrajectoryWriter> {
        let layout = TrajectoryLayout::of(self.num_chains, &self.parameters)?
            .with_statistics(statistics.entries().map(|(name, _)| name))
            .with_attributes(self.attributes.clone())
            .with_expected_draws(self.expected_draws);
        let path = self.folder.trajectory();
        match &self.kept_draws {
            Some(draws) => {
                let draws: Vec<usize> = draws.iter().map(|draws| *draws as usize).collect();
                TrajectoryWriter::resume(path, &layout, &draws)
            }
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
