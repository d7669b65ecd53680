//! Chunks on their way to disk: a full one is written by a thread of its own while the next is filled.

use std::mem;
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::array::StoredArray;
use super::files::Files;
use crate::{Result, TatiError};

/// The draws of a chunk of a chain.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) chain: usize,
    /// Which one of the chain.
    pub(super) index: usize,
    pub(super) num_draws: usize,
    /// The bytes of the draws, for each array.
    pub(super) columns: Vec<Vec<u8>>,
}

/// The folder of a trajectory, as a writer sees it.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) root: PathBuf,
    pub(super) files: Files,
    pub(super) arrays: Vec<StoredArray>,
}

impl Store {
    /// Writes `chunk`, padded.
    pub(super) fn save(&self, chunk: &Chunk) -> Result<()> {
        for (array, column) in self.arrays.iter().zip(&chunk.columns) {
            let file = array.chunk_file(&self.root, chunk.chain, chunk.index);
            let content = array
                .encode(column)
                .map_err(|reason| TatiError::format(&file, reason))?;
            self.files.write(&file, &content)?;
        }
        Ok(())
    }
}

/// Writes full chunks, one at a time: there are never more than one in memory.
#[derive(Debug)]
pub(super) struct Background {
    store: Arc<Store>,
    unsaved: Option<Unsaved>,
    /// The columns of the last chunk that was written, emptied.
    spare: Vec<Vec<u8>>,
}

/// A full chunk that is not known to be on disk.
#[derive(Debug)]
struct Unsaved {
    chunk: Arc<Chunk>,
    /// What writes it; `None` if that failed.
    thread: Option<JoinHandle<Result<()>>>,
}

impl Background {
    pub(super) fn new(store: &Arc<Store>) -> Self {
        Self {
            store: store.clone(),
            unsaved: None,
            spare: Vec::new(),
        }
    }

    /// Begins to write `chunk`, and returns empty columns for the next one. The chunk before must be [settled](Self::settle).
    pub(super) fn begin(&mut self, chunk: Chunk) -> Vec<Vec<u8>> {
        let num_columns = chunk.columns.len();
        let chunk = Arc::new(chunk);
        let job = {
            let (store, chunk) = (self.store.clone(), chunk.clone());
            move || store.save(&chunk)
        };
        // Where the system has no thread to give, the chunk is written when it is settled.
        let thread = thread::Builder::new()
            .name("tati trajectory".to_string())
            .spawn(job);
        self.unsaved = Some(Unsaved {
            chunk,
            thread: thread.ok(),
        });
        let mut columns = mem::take(&mut self.spare);
        columns.resize_with(num_columns, Vec::new);
        columns
    }

    /// Reports a failure, and repeats what failed, without waiting for a chunk that is being written.
    pub(super) fn check(&mut self) -> Result<()> {
        let thread = self.unsaved.as_ref().map(|unsaved| &unsaved.thread);
        match thread {
            Some(Some(thread)) if !thread.is_finished() => Ok(()),
            _ => self.settle(),
        }
    }

    /// Waits until the chunk that was begun is on disk.
    ///
    /// # Errors
    /// If it cannot be written: it is kept, and the next call tries again.
    pub(super) fn settle(&mut self) -> Result<()> {
        let Some(unsaved) = &mut self.unsaved else {
            return Ok(());
        };
        match unsaved.thread.take() {
            Some(thread) => thread
                .join()
                .unwrap_or_else(|panicked| panic::resume_unwind(panicked))?,
            None => self.store.save(&unsaved.chunk)?,
        }
        let saved = self.unsaved.take();
        if let Some(chunk) = saved.and_then(|saved| Arc::into_inner(saved.chunk)) {
            self.spare = chunk.columns;
            self.spare.iter_mut().for_each(Vec::clear);
        }
        Ok(())
    }
}

impl Drop for Background {
    /// Nothing is written any more once the writer is gone: the folder may be another one's then.
    fn drop(&mut self) {
        if let Some(thread) = self.unsaved.take().and_then(|unsaved| unsaved.thread) {
            // There is no one left to tell; draws that were not flushed may be lost.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::trajectory::tests::{Run, snapshot};
    use crate::{Precision, TrajectoryLayout, TrajectoryWriter};

    #[test]
    fn a_full_chunk_that_cannot_be_written_is_reported_by_an_append_and_kept() {
        let run = Run {
            precision: Precision::F32,
            num_parameters: 2,
            num_statistics: 1,
            draws_per_chunk: 3,
            num_draws: vec![8],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trajectory");
        let mut writer = TrajectoryWriter::create(&path, &run.layout()).unwrap();
        let blocked = path.join("posterior/theta/c.0.0.0");
        fs::create_dir(&blocked).unwrap();
        // The first chunk is written while the second is filled, which is not done before the first is on disk.
        let mut taken = 0;
        let error = loop {
            match run.append(&mut writer, 0) {
                Ok(()) => taken += 1,
                Err(error) => break error.to_string(),
            }
        };
        assert!((3..6).contains(&taken), "{taken}");
        assert!(
            error.starts_with(&format!("{}: writing failed: ", blocked.display())),
            "{error}"
        );
        for _ in 0..2 {
            assert_eq!(run.append(&mut writer, 0).unwrap_err().to_string(), error);
            assert_eq!(writer.flush().unwrap_err().to_string(), error);
            assert_eq!(writer.num_draws_per_chain(), [taken]);
        }
        assert_eq!(run.assert_recorded(&path), [0]);
        fs::remove_dir(&blocked).unwrap();
        run.finish(&mut writer).unwrap();
        let straight = folder.path().join("straight");
        let mut writer = TrajectoryWriter::create(&straight, &run.layout()).unwrap();
        run.finish(&mut writer).unwrap();
        assert_eq!(snapshot(&path), snapshot(&straight));
    }

    #[test]
    fn nothing_is_written_once_the_writer_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        for attempt in 0..20 {
            let path = folder.path().join(format!("trajectory{attempt}"));
            let layout = TrajectoryLayout::flat(1, 100_000, Precision::F64).with_draws_per_chunk(1);
            let mut writer = TrajectoryWriter::create(&path, &layout).unwrap();
            writer.append(0, 0, &vec![1.0; 100_000], &[]).unwrap();
            drop(writer);
            let left = snapshot(&path);
            assert!(left.contains_key(Path::new("posterior/theta/c.0.0.0")));
            assert!(
                left.keys()
                    .all(|file| file.extension() != Some("part".as_ref()))
            );
            assert_eq!(snapshot(&path), left);
        }
    }
}
