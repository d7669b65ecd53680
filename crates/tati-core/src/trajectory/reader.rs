//! Recorded draws, read by the chunk.

use std::fs;
use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::path::{Path, PathBuf};

use super::array::StoredArray;
use super::metadata::Header;
use super::{Precision, TrajectoryLayout};
use crate::{Result, TatiError};

/// A recorded trajectory: the draws of one or several chains with their statistics.
///
/// What is visible are the draws up to the last flush at the time it was opened; a run may be adding more meanwhile. Draws are
/// counted from 0 in each chain. Chunks are read as they are needed: [`theta_blocks`](Self::theta_blocks) goes through a trajectory of
/// any length in little memory. A damaged chunk is an error that names its file and the draws that it held; all other draws can
/// still be read.
///
/// On disk it is a folder, a Zarr v3 store for xarray (`open_zarr(path, group="posterior")`) and ArviZ (`from_zarr(path)`; before its
/// version 1 `InferenceData.from_datatree(xarray.open_datatree(path, engine="zarr"))`):
///
/// | array | dimensions | type |
/// |---|---|---|
/// | `posterior/theta` | chain, draw, parameter | `float32` or `float64` |
/// | `sample_stats/step` | chain, draw | `int64` |
/// | `sample_stats/potential`, … | chain, draw | `float64` |
///
/// Attributes of the root: `tati_trajectory`, the version of the format, 1; `num_draws`, how many draws each chain has; `statistics`,
/// their names in order; `run`, whatever the caller says of the run. Attribute `parameters` of `theta`: the name, shape and offset in
/// θ of each tensor. The length of dimension draw is that of the shortest chain. A chunk holds consecutive draws of one chain, as
/// many as make about 4 MiB of θ, and a CRC-32C checksum.
///
/// # Example
/// ```
/// use tati_core::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("trajectory");
/// let layout = TrajectoryLayout::flat(2, 3, Precision::F32).with_statistics(["potential"]);
/// let mut writer = TrajectoryWriter::create(&path, &layout)?;
/// for step in 0..100 {
///     for chain in 0..2 {
///         writer.append(chain, step, &[0.0_f32, chain as f32, step as f32], &[1.5])?;
///     }
/// }
/// writer.flush()?;
///
/// let trajectory = Trajectory::open(&path)?;
/// assert_eq!(trajectory.num_draws(), 100);
/// assert_eq!(trajectory.theta(1, 7..8)?, [0.0, 1.0, 7.0]);
/// assert_eq!(trajectory.statistic("potential", 0, 98..)?, [1.5, 1.5]);
/// let mut sum = 0.0;
/// for block in trajectory.theta_blocks(0, 50..)? {
///     sum += block?.theta.iter().sum::<f64>();
/// }
/// # assert_eq!(sum, (50..100).sum::<i32>() as f64);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Debug)]
pub struct Trajectory {
    root: PathBuf,
    header: Header,
    arrays: Vec<StoredArray>,
}

/// Consecutive draws of one chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ThetaBlock {
    /// Which draws.
    pub draws: Range<usize>,
    /// θ of each, row-major, of shape \[draws, N\].
    pub theta: Vec<f64>,
}

/// Where θ and the step stand among the arrays; the statistics follow.
const THETA: usize = 0;
const STEP: usize = 1;
const FIRST_STATISTIC: usize = 2;

impl Trajectory {
    /// Opens the trajectory at `path`.
    ///
    /// # Errors
    /// [`TatiError::File`] if there is none or it cannot be read, [`TatiError::Format`] if it is of a newer version or its metadata
    /// are missing or damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let root = path.as_ref();
        let header = Header::read(root)?;
        let arrays = header
            .arrays()
            .map_err(|reason| TatiError::format(root, reason))?;
        Ok(Self {
            root: root.to_path_buf(),
            header,
            arrays,
        })
    }

    /// What it holds: chains, parameters and their precision, statistics, and what describes the run.
    pub fn layout(&self) -> &TrajectoryLayout {
        &self.header.layout
    }

    /// The number of chains.
    pub fn num_chains(&self) -> usize {
        self.header.layout.num_chains()
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.header.layout.num_parameters()
    }

    /// The number of draws that every chain has.
    pub fn num_draws(&self) -> usize {
        self.header.num_common_draws()
    }

    /// The number of draws of each chain.
    pub fn num_draws_per_chain(&self) -> &[usize] {
        &self.header.num_draws
    }

    /// θ of the given draws of `chain`, row-major, of shape \[draws, N\].
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if the chain has no such draws, [`TatiError::Format`] if a chunk is damaged.
    pub fn theta(&self, chain: usize, draws: impl RangeBounds<usize>) -> Result<Vec<f64>> {
        let draws = self.resolve(chain, draws)?;
        let convert = match self.header.layout.precision() {
            Precision::F32 => numbers_of_f32,
            Precision::F64 => numbers_of_f64,
        };
        self.collect(THETA, chain, draws, convert)
    }

    /// θ of the given draws of `chain`, one chunk after the other. An item may be an error; the next call goes on behind it.
    ///
    /// # Errors
    /// As of [`theta`](Self::theta).
    pub fn theta_blocks(
        &self,
        chain: usize,
        draws: impl RangeBounds<usize>,
    ) -> Result<impl Iterator<Item = Result<ThetaBlock>> + '_> {
        let blocks = self.blocks(self.resolve(chain, draws)?);
        Ok(blocks.map(move |draws| {
            let theta = self.theta(chain, draws.clone())?;
            Ok(ThetaBlock { draws, theta })
        }))
    }

    /// The statistic `name` at the given draws of `chain`.
    ///
    /// # Errors
    /// As of [`theta`](Self::theta), and [`TatiError::InvalidSetting`] if this statistic was not recorded.
    pub fn statistic(
        &self,
        name: &str,
        chain: usize,
        draws: impl RangeBounds<usize>,
    ) -> Result<Vec<f64>> {
        let names = self.header.layout.statistics();
        let Some(index) = names.iter().position(|known| known == name) else {
            return Err(TatiError::InvalidSetting {
                name: "statistic",
                value: format!("`{}`", name.escape_debug()),
                expected: format!("one of those recorded: {}", names.join(", ")),
            });
        };
        let draws = self.resolve(chain, draws)?;
        self.collect(FIRST_STATISTIC + index, chain, draws, numbers_of_f64)
    }

    /// The step of the chain at which each of the given draws of `chain` was taken.
    ///
    /// # Errors
    /// As of [`theta`](Self::theta).
    pub fn steps(&self, chain: usize, draws: impl RangeBounds<usize>) -> Result<Vec<u64>> {
        let draws = self.resolve(chain, draws)?;
        self.collect(STEP, chain, draws, |bytes| {
            let steps = bytes.as_chunks().0.iter();
            steps
                .map(|bytes| i64::from_ne_bytes(*bytes) as u64)
                .collect()
        })
    }

    /// The given draws cut where chunks end.
    pub(super) fn blocks(&self, draws: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let size = self.header.draws_per_chunk;
        let chunks = draws.start / size..draws.end.div_ceil(size);
        chunks
            .map(move |chunk| draws.start.max(chunk * size)..draws.end.min((chunk + 1) * size))
            .filter(|draws| !draws.is_empty())
    }

    fn resolve(&self, chain: usize, draws: impl RangeBounds<usize>) -> Result<Range<usize>> {
        let Some(&num_draws) = self.header.num_draws.get(chain) else {
            return Err(TatiError::InvalidSetting {
                name: "chain",
                value: chain.to_string(),
                expected: format!("below the number of chains, {}", self.num_chains()),
            });
        };
        let start = match draws.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match draws.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => num_draws,
        };
        if start <= end && end <= num_draws {
            return Ok(start..end);
        }
        Err(TatiError::InvalidSetting {
            name: "draws",
            value: format!("{start}..{end}"),
            expected: format!("within 0..{num_draws}, the draws of chain {chain}"),
        })
    }

    /// The numbers of array `index` at `draws`, by `convert` from the bytes of the draws.
    fn collect<T>(
        &self,
        index: usize,
        chain: usize,
        draws: Range<usize>,
        convert: impl Fn(&[u8]) -> Vec<T>,
    ) -> Result<Vec<T>> {
        let array = &self.arrays[index];
        let size = self.header.draws_per_chunk;
        let mut numbers = Vec::new();
        for draws in self.blocks(draws) {
            let chunk = draws.start / size;
            let start = chunk * size;
            let held = start..(start + size).min(self.header.num_draws[chain]);
            let bytes = read_chunk(array, &self.root, chain, chunk, held)?;
            let [first, end] = [draws.start, draws.end].map(|at| (at - start) * array.draw_bytes());
            numbers.extend(convert(&bytes[first..end]));
        }
        Ok(numbers)
    }
}

/// The bytes of chunk `chunk` of `chain`, which holds the draws `held`, padding included.
pub(super) fn read_chunk(
    array: &StoredArray,
    root: &Path,
    chain: usize,
    chunk: usize,
    held: Range<usize>,
) -> Result<Vec<u8>> {
    let file = array.chunk_file(root, chain, chunk);
    let damaged = |reason: String| {
        TatiError::format(
            &file,
            format!(
                "the chunk is damaged ({reason}): draws {} to {} of chain {chain} are lost here, all others can be read",
                held.start,
                held.end.saturating_sub(1)
            ),
        )
    };
    let content = fs::read(&file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => damaged("the file is missing".to_string()),
        _ => TatiError::file(&file, "reading", error),
    })?;
    array.decode(content).map_err(damaged)
}

fn numbers_of_f32(bytes: &[u8]) -> Vec<f64> {
    let numbers = bytes.as_chunks().0.iter();
    numbers
        .map(|bytes| f64::from(f32::from_ne_bytes(*bytes)))
        .collect()
}

fn numbers_of_f64(bytes: &[u8]) -> Vec<f64> {
    let numbers = bytes.as_chunks().0.iter();
    numbers.map(|bytes| f64::from_ne_bytes(*bytes)).collect()
}
