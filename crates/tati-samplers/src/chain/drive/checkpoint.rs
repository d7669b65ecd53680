//! A chain between two steps, on disk and back.

use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use tati_core::{BatchPosition, Result, Rows, TatiError};

use super::super::run_folder::{FORMAT, RunFolder, State};
use super::super::sampler::{Mover, record_error};
use super::Drive;

// What the files of a checkpoint are called.
const MODEL: &str = "model";
const OPTIMIZER: &str = "sampler";
const SCHEDULE: &str = "schedule";
const KERNEL: &str = "kernel";

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// Saves the chain between two steps: draws first, so that a checkpoint never knows of a draw that the disk does not.
    pub(super) fn save_checkpoint(&mut self, model: &M) -> Result<()> {
        let Some(recorder) = &mut self.recorder else {
            return Ok(());
        };
        recorder.flush()?;
        let model_bytes = model_bytes(model)?;
        let mut parts = vec![(MODEL.to_string(), model_bytes)];
        match &self.mover {
            Mover::Optimizer {
                optimizer,
                schedule,
                ..
            } => {
                let optimizer = optimizer.into_bytes();
                let schedule = schedule.to_record().into_bytes();
                for (name, bytes) in [(OPTIMIZER, optimizer), (SCHEDULE, schedule)] {
                    let bytes = bytes.map_err(|error| record_error(name, error))?;
                    parts.push((name.to_string(), bytes.to_vec()));
                }
            }
            Mover::Kernel(kernel) => parts.push((KERNEL.to_string(), kernel.save())),
        }
        for (index, observer) in self.chain.observers.iter().enumerate() {
            parts.push((observer_part(index), observer.save()));
        }
        let batch = self.chain.potential.batch_position();
        let state = State {
            format: FORMAT,
            step: self.step,
            num_draws: self.num_draws,
            batch: batch.map(|position| (position.epoch, position.batch)),
            files: Vec::new(),
        };
        recorder.folder.save_checkpoint(state, &parts)
    }

    /// Puts the chain where a checkpoint was taken.
    pub(super) fn restore(&mut self, folder: &RunFolder, state: &State, model: M) -> Result<M> {
        let model = {
            let (file, bytes) = folder.checkpoint_part(state, MODEL)?;
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes))
                .map_err(|error| TatiError::format(&file, error.to_string()))?;
            model
                .try_load_record(record)
                .map_err(|error| TatiError::format(&file, error.to_string()))?
        };
        match &mut self.mover {
            Mover::Optimizer {
                optimizer,
                schedule,
                ..
            } => {
                let (file, bytes) = folder.checkpoint_part(state, OPTIMIZER)?;
                *optimizer = load_optimizer(optimizer.clone(), bytes)
                    .map_err(|error| TatiError::format(&file, error))?;
                let (file, bytes) = folder.checkpoint_part(state, SCHEDULE)?;
                let record = LrSchedulerRecord::from_bytes(Bytes::from_bytes_vec(bytes))
                    .map_err(|error| TatiError::format(&file, error.to_string()))?;
                *schedule = schedule.clone().load_record(record);
            }
            Mover::Kernel(kernel) => {
                let (_, bytes) = folder.checkpoint_part(state, KERNEL)?;
                kernel.restore(&bytes)?;
            }
        }
        for (index, observer) in self.chain.observers.iter_mut().enumerate() {
            let (_, bytes) = folder.checkpoint_part(state, &observer_part(index))?;
            observer.restore(&bytes)?;
        }
        if let Some((epoch, batch)) = state.batch {
            let position = BatchPosition { epoch, batch };
            self.chain.potential.resume_batches(position)?;
        }
        (self.step, self.num_draws) = (state.step, state.num_draws);
        Ok(model)
    }
}

/// The record of a model.
pub(super) fn model_bytes<M: Module>(model: &M) -> Result<Vec<u8>> {
    let bytes = model.clone().into_record().into_bytes();
    let bytes = bytes.map_err(|error| record_error(MODEL, error))?;
    Ok(bytes.to_vec())
}

fn load_optimizer(optimizer: ModuleOptimizer, bytes: Vec<u8>) -> Result<ModuleOptimizer, String> {
    let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes))
        .map_err(|error| error.to_string())?;
    Ok(optimizer.load_record(record))
}

fn observer_part(index: usize) -> String {
    format!("observer{index}")
}
