//! Going on with a trajectory from the last checkpoint of its run.

use std::fs;
use std::mem;
use std::path::Path;

use super::array::{Column, Reason, StoredArray};
use super::files::{Files, UNFINISHED, with_remedy};
use super::metadata::{GROUPS, Header};
use super::{TrajectoryLayout, TrajectoryWriter};
use crate::{ParameterTensor, Result, TatiError};

impl TrajectoryWriter {
    /// The trajectory at `path` cut to the first `num_draws` draws of each chain, to go on from there. What is on disk in the end is
    /// the same, to the last bit, as if the run had never stopped. The attributes of `layout` replace those recorded.
    ///
    /// # Errors
    /// [`TatiError::Format`] if it has fewer draws, or other chains, parameters, statistics or precision than `layout`, is of a
    /// newer version, or the last chunk to be kept is damaged: nothing is changed then. [`TatiError::File`] if it cannot be written.
    pub fn resume(
        path: impl AsRef<Path>,
        layout: &TrajectoryLayout,
        num_draws: &[usize],
    ) -> Result<Self> {
        Self::resume_by(Files::default(), path.as_ref(), layout, num_draws)
    }

    pub(super) fn resume_by(
        files: Files,
        path: &Path,
        layout: &TrajectoryLayout,
        num_draws: &[usize],
    ) -> Result<Self> {
        layout.validate()?;
        let mut header = Header::read(path)?;
        check_resumable(&header, layout, num_draws)
            .map_err(|reason| TatiError::format(path, reason))?;
        header.layout = layout.clone();
        let found = mem::replace(&mut header.num_draws, num_draws.to_vec());
        let mut writer = Self::new(files, path, header, found)?;
        // Fewer draws are announced before any is taken away.
        writer.publish()?;
        writer.remove_surplus()?;
        writer.flush()?;
        Ok(writer)
    }

    /// Removes the chunks behind the last draw, and what a killed process left unfinished.
    fn remove_surplus(&self) -> Result<()> {
        let mut folders = vec![String::new()];
        folders.extend(GROUPS.map(String::from));
        folders.extend(Column::all(&self.header.layout).iter().map(Column::path));
        for folder in folders {
            let folder = self.store.root.join(folder);
            let on_folder = |error| TatiError::file(&folder, "listing", with_remedy(error));
            for entry in fs::read_dir(&folder).map_err(on_folder)? {
                let entry = entry.map_err(on_folder)?;
                if self.is_surplus(&entry.file_name().to_string_lossy()) {
                    self.store.files.remove(&entry.path())?;
                }
            }
        }
        Ok(())
    }

    fn is_surplus(&self, name: &str) -> bool {
        if name.ends_with(UNFINISHED) {
            return true;
        }
        let is_needed = |(chain, chunk): (usize, usize)| {
            let num_draws = self.header.num_draws.get(chain);
            num_draws.is_some_and(|draws| chunk * self.header.draws_per_chunk < *draws)
        };
        StoredArray::parse_chunk_file(name).is_some_and(|chunk| !is_needed(chunk))
    }
}

/// Whether the store that `header` describes can go on as `layout` after `num_draws` draws of each chain.
fn check_resumable(header: &Header, layout: &TrajectoryLayout, num_draws: &[usize]) -> Reason<()> {
    let recorded = &header.layout;
    let check = |recorded: String, given: String| {
        if recorded == given {
            return Ok(());
        }
        Err(format!(
            "it has {recorded}, not {given}: resume it with the settings it was made with"
        ))
    };
    let chains = |count: usize| match count {
        1 => "1 chain".to_string(),
        _ => format!("{count} chains"),
    };
    check(chains(recorded.num_chains()), chains(layout.num_chains()))?;
    check(chains(recorded.num_chains()), chains(num_draws.len()))?;
    let parameters = |layout: &TrajectoryLayout| {
        format!(
            "{} parameters in {}",
            layout.num_parameters(),
            layout.precision().name()
        )
    };
    check(parameters(recorded), parameters(layout))?;
    let statistics =
        |layout: &TrajectoryLayout| format!("statistics [{}]", layout.statistics().join(", "));
    check(statistics(recorded), statistics(layout))?;
    let tensors = |layout: &TrajectoryLayout| format!("{} tensors", layout.tensors().len());
    check(tensors(recorded), tensors(layout))?;
    let tensor = |tensor: &ParameterTensor| {
        let frozen = if tensor.is_frozen() { "frozen " } else { "" };
        format!(
            "{frozen}tensor `{}` of shape {:?}",
            tensor.name, tensor.shape
        )
    };
    for (recorded, given) in recorded.tensors().iter().zip(layout.tensors()) {
        check(tensor(recorded), tensor(given))?;
    }
    for (chain, (&found, &wanted)) in header.num_draws.iter().zip(num_draws).enumerate() {
        if wanted > found {
            return Err(format!(
                "chain {chain} has {found} draws, and {wanted} are to be kept: resume from an earlier checkpoint"
            ));
        }
    }
    Ok(())
}
