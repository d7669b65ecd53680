//! The checkpoints of a chain.

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{Result, Rows};

use super::super::run_folder::{RunFolder, State, WalkerState};
use super::Drive;

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// Saves the chain between two steps: draws first, so that a checkpoint never knows of a draw that the disk does not.
    pub(super) fn save_checkpoint(&mut self, model: &M) -> Result<()> {
        let Some(recorder) = &self.walker.recorder else {
            return Ok(());
        };
        let mut store = recorder.store();
        store.flush()?;
        let parts = self.walker.parts("", model, &mut self.observers)?;
        let walker = self.walker.state();
        let state = State::new(walker.step, walker.num_draws, walker.batch);
        store.folder.save_checkpoint(state, &parts)
    }

    /// Puts the chain where a checkpoint was taken.
    pub(super) fn restore(&mut self, folder: &RunFolder, state: &State, model: M) -> Result<M> {
        let walker = WalkerState {
            step: state.step,
            num_draws: state.num_draws,
            batch: state.batch,
            error: None,
        };
        let observers = &mut self.observers;
        self.walker
            .restore(folder, state, &walker, "", model, observers)
    }
}
