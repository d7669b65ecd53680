//! The checkpoints of an ensemble: every walker at the same step, and what they were preconditioned by.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Result, Rows, TatiError};

use super::drive::{Drive, locked};
use super::member::{Member, observers};
use super::quasi_newton::Spread;
use super::refresh::Look;
use crate::chain::run_folder::{RunFolder, State, WalkerState};

// What the files of a checkpoint are called, besides those of each walker.
const MOMENTS: &str = "moments";
const LOOK: &str = "quasi_newton";
const PREVIOUS_LOOK: &str = "previous_quasi_newton";

/// What comes before the deviations of the walkers in their file, of four bytes a number, the lowest first.
#[derive(Serialize, Deserialize)]
struct LookHeader {
    step: u64,
    walkers: Vec<usize>,
    num_parameters: usize,
}

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    /// Saves the ensemble between two steps: draws first, so that a checkpoint never knows of a draw that the disk does not.
    pub(super) fn save_checkpoint(&mut self) -> Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let mut store = locked(store);
        store.flush()?;
        let mut state = State::new(self.step, 0, None);
        let mut parts = Vec::new();
        for (index, member) in self.members.iter_mut().enumerate() {
            let prefix = prefix(index);
            state.num_draws += member.walker.num_draws;
            state.walkers.push(WalkerState {
                error: member.error.clone(),
                ..member.walker.state()
            });
            if let Some(model) = &member.model {
                let mut observers = observers(&mut member.observers);
                parts.extend(member.walker.parts(&prefix, model, &mut observers)?);
            }
            let moments = to_bytes(&member.moments);
            parts.push((format!("{prefix}{MOMENTS}"), moments));
        }
        let looks = [(LOOK, &self.look), (PREVIOUS_LOOK, &self.previous_look)];
        for (name, look) in looks {
            let bytes = look.as_ref().map(look_to_bytes);
            parts.extend(bytes.map(|bytes| (name.to_string(), bytes)));
        }
        self.save_exchange(&mut parts);
        store.folder.save_checkpoint(state, &parts)
    }

    /// Puts the ensemble where a checkpoint was taken.
    pub(super) fn restore(&mut self, folder: &RunFolder, state: &State) -> Result<()> {
        if state.walkers.len() != self.members.len() {
            return Err(TatiError::format(
                folder.config_file(),
                format!("has a checkpoint of {} walkers", state.walkers.len()),
            ));
        }
        self.restore_exchange(folder, state)?;
        for (index, member) in self.members.iter_mut().enumerate() {
            let (prefix, walker) = (prefix(index), &state.walkers[index]);
            let model = member.model.take();
            if let Some(model) = model.filter(|_| walker.error.is_none()) {
                let mut observers = observers(&mut member.observers);
                let restored = &mut member.walker;
                let model =
                    restored.restore(folder, state, walker, &prefix, model, &mut observers)?;
                member.model = Some(model);
            }
            member.error.clone_from(&walker.error);
            (member.walker.step, member.walker.num_draws) = (walker.step, walker.num_draws);
            let (file, bytes) = folder.checkpoint_part(state, &format!("{prefix}{MOMENTS}"))?;
            member.moments = ciborium::from_reader(bytes.as_slice())
                .map_err(|error| TatiError::format(file, error.to_string()))?;
        }
        self.step = state.step;
        self.previous_look = self.restore_look(folder, state, PREVIOUS_LOOK)?;
        self.look = self.restore_look(folder, state, LOOK)?;
        if self.look.as_ref().is_some_and(|look| look.step < self.step) {
            self.members.iter_mut().for_each(Member::settle);
        }
        Ok(())
    }

    /// A look that was saved, if any was, and the walkers with the roots that they have by it.
    fn restore_look(
        &mut self,
        folder: &RunFolder,
        state: &State,
        name: &str,
    ) -> Result<Option<Look>> {
        if !state.files.iter().any(|file| file.starts_with(name)) {
            return Ok(None);
        }
        let (file, bytes) = folder.checkpoint_part(state, name)?;
        let (header, deviations) = read_look(&bytes)
            .ok_or_else(|| TatiError::format(file, "cannot be read: was it cut short?"))?;
        let look = Look {
            step: header.step,
            spread: Spread::from_deviations(deviations, &self.groups).into(),
            walkers: header.walkers,
        };
        self.precondition(&look)?;
        Ok(Some(look))
    }
}

fn prefix(index: usize) -> String {
    format!("walker{index}.")
}

pub(super) fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("plain numbers are written to memory");
    bytes
}

fn look_to_bytes(look: &Look) -> Vec<u8> {
    let deviations = look.spread.deviations();
    let mut bytes = to_bytes(&LookHeader {
        step: look.step,
        walkers: look.walkers.clone(),
        num_parameters: deviations.first().map_or(0, Vec::len),
    });
    let header_length = bytes.len() as u64;
    let numbers = deviations.iter().flatten();
    bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
    bytes.extend(header_length.to_le_bytes());
    bytes
}

fn read_look(bytes: &[u8]) -> Option<(LookHeader, Vec<Vec<f32>>)> {
    let (rest, length) = bytes.split_last_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, numbers) = rest.split_at_checked(length)?;
    let header: LookHeader = ciborium::from_reader(header).ok()?;
    let (numbers, []) = numbers.as_chunks::<4>() else {
        return None;
    };
    let expected = header.walkers.len().checked_mul(header.num_parameters)?;
    if numbers.len() != expected || expected == 0 {
        return None;
    }
    let numbers: Vec<f32> = numbers
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect();
    let deviations = numbers.chunks(header.num_parameters);
    let deviations = deviations.map(<[f32]>::to_vec).collect();
    Some((header, deviations))
}
