//! Draws on their way to disk: gathered in memory, written by the chunk, made visible by a flush.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

use super::TrajectoryLayout;
use super::array::Column;
use super::chunks::{Background, Chunk, Store};
use super::files::{Files, beside, unique_ending, with_remedy};
use super::metadata::Header;
use super::precision::ParameterFloat;
use super::reader::read_chunk;
use crate::{Result, TatiError};

/// Writes a [`Trajectory`](super::Trajectory) as a run goes.
///
/// [`append`](Self::append) copies a draw into memory, and hands a chunk of draws that is full to a thread that writes it to disk;
/// [`flush`](Self::flush) writes the rest and makes everything visible to readers. Draws that were not flushed are lost when the
/// process ends. One chunk a chain is held in memory, and the one being written, whatever the number of draws. Only one writer may
/// be at work on a folder.
///
/// # Example
/// ```
/// use tati_core::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("trajectory");
/// let layout = TrajectoryLayout::flat(1, 2, Precision::F64).with_statistics(["potential"]);
/// let mut writer = TrajectoryWriter::create(&path, &layout)?;
/// for step in 0..10 {
///     writer.append(0, step, &[0.5 * step as f64, -1.0], &[2.5])?;
/// }
/// writer.flush()?;
/// // The process is killed, and continues from a checkpoint after six draws.
/// drop(writer);
/// let mut writer = TrajectoryWriter::resume(&path, &layout, &[6])?;
/// writer.append(0, 6, &[3.0, -1.0], &[2.5])?;
/// writer.flush()?;
/// assert_eq!(Trajectory::open(&path)?.num_draws(), 7);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Debug)]
pub struct TrajectoryWriter {
    pub(super) store: Arc<Store>,
    /// What the metadata on disk should say; its `num_draws` are those of the last flush.
    pub(super) header: Header,
    chains: Vec<Filling>,
    background: Background,
    /// Whether the metadata on disk say what `header` does.
    is_published: bool,
}

/// The chunk of a chain that is being filled.
#[derive(Debug)]
struct Filling {
    chunk: Chunk,
    is_saved: bool,
}

impl TrajectoryWriter {
    /// An empty trajectory in a new folder `path`, which appears once it is complete. Missing parent folders are made.
    ///
    /// # Errors
    /// [`TatiError::Exists`] if there is anything at `path`, which is left alone; [`TatiError::InvalidSetting`] or
    /// [`TatiError::ShapeMismatch`] if `layout` has no chain, no parameter, or a statistic whose name cannot be that of a folder;
    /// [`TatiError::File`] if nothing can be written there.
    pub fn create(path: impl AsRef<Path>, layout: &TrajectoryLayout) -> Result<Self> {
        Self::create_by(Files::default(), path.as_ref(), layout)
    }

    /// Takes one draw of `chain`: the step that it was taken at, θ of length N in the precision of the layout, and the
    /// statistics in the order of the layout.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] or [`TatiError::InvalidSetting`] if these do not fit the layout; [`TatiError::File`] if a full
    /// chunk, this one or one before, cannot be written. The draw is not taken then, nothing recorded is lost, and the call can be
    /// repeated.
    pub fn append<T: ParameterFloat>(
        &mut self,
        chain: usize,
        step: u64,
        theta: &[T],
        statistics: &[f64],
    ) -> Result<()> {
        let step = self.check_draw(chain, step, theta, statistics)?;
        let chunk = &mut self.chains[chain].chunk;
        let fills_chunk = chunk.num_draws + 1 == self.header.draws_per_chunk;
        if fills_chunk {
            self.background.settle()?;
        } else {
            self.background.check()?;
        }
        let mut columns = chunk.columns.iter_mut();
        let mut extend = |bytes: &[u8]| {
            if let Some(column) = columns.next() {
                column.extend_from_slice(bytes);
            }
        };
        extend(T::bytes(theta));
        extend(&step.to_ne_bytes());
        for value in statistics {
            extend(&value.to_ne_bytes());
        }
        chunk.num_draws += 1;
        self.chains[chain].is_saved = false;
        if fills_chunk {
            self.next_chunk(chain);
        }
        Ok(())
    }

    /// Writes every draw that is still in memory and makes all of them visible to readers.
    ///
    /// # Errors
    /// [`TatiError::File`] if that fails, as on a full disk: the draws stay in memory, and a later flush can succeed.
    pub fn flush(&mut self) -> Result<()> {
        self.background.settle()?;
        for filling in self.chains.iter_mut().filter(|filling| !filling.is_saved) {
            self.store.save(&filling.chunk)?;
            filling.is_saved = true;
        }
        let num_draws = self.num_draws_per_chain();
        if !self.is_published || self.header.num_draws != num_draws {
            self.header.num_draws = num_draws;
            self.publish()?;
        }
        Ok(())
    }

    /// The number of draws of each chain, those not yet flushed included. After a flush it is what a checkpoint has to remember
    /// for [`resume`](Self::resume).
    pub fn num_draws_per_chain(&self) -> Vec<usize> {
        let chunks = self.chains.iter().map(|filling| &filling.chunk);
        chunks
            .map(|chunk| chunk.index * self.header.draws_per_chunk + chunk.num_draws)
            .collect()
    }

    /// What the trajectory holds.
    pub fn layout(&self) -> &TrajectoryLayout {
        &self.header.layout
    }

    pub(super) fn create_by(files: Files, path: &Path, layout: &TrajectoryLayout) -> Result<Self> {
        layout.validate()?;
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(TatiError::file(
                    path,
                    "creating the folder",
                    with_remedy(error),
                ));
            }
            Ok(_) => {
                return Err(TatiError::Exists {
                    path: path.to_path_buf(),
                    remedy: "resume it, or choose another folder",
                });
            }
        }
        let header = Header {
            layout: layout.clone(),
            draws_per_chunk: layout.draws_per_chunk(),
            num_draws: vec![0; layout.num_chains()],
        };
        let unfinished = beside(path, &unique_ending());
        let made = write_empty(&files, &unfinished, &header)
            .and_then(|()| files.rename(&unfinished, path));
        if let Err(error) = made {
            files.discard_folder(&unfinished);
            return Err(error);
        }
        Self::new(files, path, header, Vec::new())
    }

    /// A writer after the draws of `header`. The draws of a chunk that is not full are read; it held those up to `found`.
    pub(super) fn new(
        files: Files,
        root: &Path,
        header: Header,
        found: Vec<usize>,
    ) -> Result<Self> {
        let arrays = header
            .arrays()
            .map_err(|reason| TatiError::format(root, reason))?;
        let mut chains = Vec::new();
        for (chain, &num_draws) in header.num_draws.iter().enumerate() {
            let mut chunk = Chunk {
                chain,
                index: num_draws / header.draws_per_chunk,
                num_draws: num_draws % header.draws_per_chunk,
                columns: vec![Vec::new(); arrays.len()],
            };
            if chunk.num_draws > 0 {
                let start = chunk.index * header.draws_per_chunk;
                let end = found[chain].min(start + header.draws_per_chunk);
                for (array, column) in arrays.iter().zip(&mut chunk.columns) {
                    *column = read_chunk(array, root, chain, chunk.index, start..end)?;
                    column.truncate(chunk.num_draws * array.draw_bytes());
                }
            }
            chains.push(Filling {
                is_saved: chunk.num_draws == 0,
                chunk,
            });
        }
        let store = Arc::new(Store {
            root: root.to_path_buf(),
            files,
            arrays,
        });
        Ok(Self {
            background: Background::new(&store),
            store,
            header,
            chains,
            is_published: true,
        })
    }

    /// Makes the metadata on disk say what `header` does.
    pub(super) fn publish(&mut self) -> Result<()> {
        self.is_published = false;
        for (file, content) in self.header.files(&self.store.root)? {
            self.store.files.write(&file, &content)?;
        }
        self.is_published = true;
        Ok(())
    }

    fn check_draw<T: ParameterFloat>(
        &self,
        chain: usize,
        step: u64,
        theta: &[T],
        statistics: &[f64],
    ) -> Result<i64> {
        let layout = &self.header.layout;
        if chain >= layout.num_chains() {
            return Err(TatiError::InvalidSetting {
                name: "chain",
                value: chain.to_string(),
                expected: format!("below the number of chains, {}", layout.num_chains()),
            });
        }
        let mismatch = |what: &str, expected: String, found: String| TatiError::ShapeMismatch {
            what: format!("{what} of a draw"),
            expected,
            found,
        };
        let count = |what, expected: usize, found: usize| {
            if expected == found {
                return Ok(());
            }
            Err(mismatch(what, expected.to_string(), found.to_string()))
        };
        if layout.precision() != T::PRECISION {
            let (expected, found) = (layout.precision().name(), T::PRECISION.name());
            return Err(mismatch(
                "precision",
                expected.to_string(),
                found.to_string(),
            ));
        }
        count("number of parameters", layout.num_parameters(), theta.len())?;
        count(
            "number of statistics",
            layout.statistics().len(),
            statistics.len(),
        )?;
        i64::try_from(step).map_err(|_| TatiError::InvalidSetting {
            name: "step",
            value: step.to_string(),
            expected: format!("at most {}", i64::MAX),
        })
    }

    /// Has the full chunk of `chain` written, and goes on with the next.
    fn next_chunk(&mut self, chain: usize) {
        let filling = &mut self.chains[chain];
        let next = Chunk {
            chain,
            index: filling.chunk.index + 1,
            num_draws: 0,
            columns: Vec::new(),
        };
        let full = mem::replace(&mut filling.chunk, next);
        filling.chunk.columns = self.background.begin(full);
        filling.is_saved = true;
    }
}

/// The folders and metadata of a store without draws.
fn write_empty(files: &Files, root: &Path, header: &Header) -> Result<()> {
    for column in Column::all(&header.layout) {
        files.create_folder(&root.join(column.path()))?;
    }
    for (file, content) in header.files(root)? {
        files.write(&file, &content)?;
    }
    Ok(())
}
