//! A walker between two steps, as the parts of a checkpoint and back.

use burn::lr_scheduler::LrSchedulerRecord;
use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};
use tati_core::{BatchPosition, Result, Rows, TatiError};

use super::run_folder::{RunFolder, State, WalkerState};
use super::sampler::{Mover, record_error};
use super::walker::{Observers, Walker};

// What the files of a checkpoint are called.
const MODEL: &str = "model";
const OPTIMIZER: &str = "sampler";
const SCHEDULE: &str = "schedule";
const KERNEL: &str = "kernel";

impl<M, R, L> Walker<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// Where the walker is: the numbers of it.
    pub(crate) fn state(&self) -> WalkerState {
        let batch = self.potential.batch_position();
        WalkerState {
            step: self.step,
            num_draws: self.num_draws,
            batch: batch.map(|position| (position.epoch, position.batch)),
            error: None,
        }
    }

    /// Everything else that the steps to come depend on, as named bytes; `prefix` begins each name.
    pub(crate) fn parts(
        &self,
        prefix: &str,
        model: &M,
        observers: Observers<'_, '_, M>,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let mut parts = vec![(format!("{prefix}{MODEL}"), model_bytes(model)?)];
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
                    parts.push((format!("{prefix}{name}"), bytes.to_vec()));
                }
            }
            Mover::Kernel(kernel) => parts.push((format!("{prefix}{KERNEL}"), kernel.save())),
        }
        for (index, observer) in observers.iter().enumerate() {
            parts.push((observer_part(prefix, index), observer.save()));
        }
        Ok(parts)
    }

    /// Puts the walker where a checkpoint was taken.
    pub(crate) fn restore(
        &mut self,
        folder: &RunFolder,
        checkpoint: &State,
        walker: &WalkerState,
        prefix: &str,
        model: M,
        observers: Observers<'_, '_, M>,
    ) -> Result<M> {
        let part = |name: &str| folder.checkpoint_part(checkpoint, &format!("{prefix}{name}"));
        let model = {
            let (file, bytes) = part(MODEL)?;
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
                let (file, bytes) = part(OPTIMIZER)?;
                *optimizer = load_optimizer(optimizer.clone(), bytes)
                    .map_err(|error| TatiError::format(&file, error))?;
                let (file, bytes) = part(SCHEDULE)?;
                let record = LrSchedulerRecord::from_bytes(Bytes::from_bytes_vec(bytes))
                    .map_err(|error| TatiError::format(&file, error.to_string()))?;
                *schedule = schedule.clone().load_record(record);
            }
            Mover::Kernel(kernel) => {
                let (_, bytes) = part(KERNEL)?;
                kernel.restore(&bytes)?;
            }
        }
        for (index, observer) in observers.iter_mut().enumerate() {
            let (_, bytes) = folder.checkpoint_part(checkpoint, &observer_part(prefix, index))?;
            observer.restore(&bytes)?;
        }
        if let Some((epoch, batch)) = walker.batch {
            let position = BatchPosition { epoch, batch };
            self.potential.resume_batches(position)?;
        }
        (self.step, self.num_draws) = (walker.step, walker.num_draws);
        Ok(model)
    }
}

/// The record of a model.
pub(crate) fn model_bytes<M: Module>(model: &M) -> Result<Vec<u8>> {
    let bytes = model.clone().into_record().into_bytes();
    let bytes = bytes.map_err(|error| record_error(MODEL, error))?;
    Ok(bytes.to_vec())
}

fn load_optimizer(optimizer: ModuleOptimizer, bytes: Vec<u8>) -> Result<ModuleOptimizer, String> {
    let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes))
        .map_err(|error| error.to_string())?;
    Ok(optimizer.load_record(record))
}

fn observer_part(prefix: &str, index: usize) -> String {
    format!("{prefix}observer{index}")
}
