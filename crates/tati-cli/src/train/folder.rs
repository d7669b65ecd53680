//! The folder of a training: the same files as of a sampling run, without checkpoints.

use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::DType;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tati::workflow::TrainStep;
use tati::{
    ParameterLayout, Result, TatiError, TrajectoryLayout, TrajectoryWriter,
    create_folder_atomically, write_atomically, write_json_atomically,
};

/// A folder that appears with its first record.
pub struct TrainFolder {
    path: PathBuf,
    layout: ParameterLayout,
    description: Value,
    num_steps: u64,
    every: u64,
    writer: Option<TrajectoryWriter>,
}

impl TrainFolder {
    /// A folder for a training of so many steps, of which every `every`-th is recorded.
    pub fn new(
        path: &Path,
        layout: &ParameterLayout,
        description: Value,
        num_steps: u64,
        every: u64,
    ) -> Self {
        Self {
            path: path.to_path_buf(),
            layout: layout.clone(),
            description,
            num_steps,
            every,
            writer: None,
        }
    }

    /// Records the state before a step, if it is its turn.
    pub fn record(&mut self, state: &TrainStep<'_>) -> Result<()> {
        if !state.step.is_multiple_of(self.every) {
            return Ok(());
        }
        if self.writer.is_none() {
            self.writer = Some(self.create()?);
        }
        let Some(writer) = &mut self.writer else {
            unreachable!("it was made just now");
        };
        let statistics = [state.potential, state.gradient_norm, state.step_size];
        let theta = state.position.to_data();
        match self.layout.dtype() {
            DType::F64 => {
                let theta: Vec<f64> = theta.iter::<f64>().collect();
                writer.append(0, state.step, &theta, &statistics)
            }
            _ => {
                let theta: Vec<f32> = theta.iter::<f32>().collect();
                writer.append(0, state.step, &theta, &statistics)
            }
        }
    }

    /// Puts every record on disk.
    pub fn flush(&mut self) -> Result<()> {
        self.writer.as_mut().map_or(Ok(()), TrajectoryWriter::flush)
    }

    /// Saves the model and the results.
    pub fn finish<M: Module>(&self, model: &M, results: &impl Serialize) -> Result<()> {
        let bytes = model.clone().into_record().into_bytes();
        let bytes = bytes.map_err(|error| TatiError::Record {
            what: "model".to_string(),
            reason: error.to_string(),
        })?;
        write_atomically(&self.path.join("model.bpk"), |file| file.write_all(&bytes))?;
        write_json_atomically(&self.path.join("summary.json"), results)
    }

    /// Makes the folder, with its configuration from the first moment.
    fn create(&self) -> Result<TrajectoryWriter> {
        let config = json!({"format": 1, "description": self.description});
        create_folder_atomically(&self.path, |unfinished| {
            write_json_atomically(&unfinished.join("config.json"), &config)
        })?;
        let draws = self.num_steps.div_ceil(self.every);
        let attributes = config.as_object().cloned().unwrap_or_else(Map::new);
        let layout = TrajectoryLayout::of(1, &self.layout)?
            .with_statistics(["potential", "gradient_norm", "step_size"])
            .with_attributes(attributes)
            .with_expected_draws(usize::try_from(draws).unwrap_or(usize::MAX));
        TrajectoryWriter::create(self.path.join("trajectory.zarr"), &layout)
    }
}
