//! The draws that an analysis reads: recorded or in memory, of one or several chains, block by block.

mod columns;

pub use columns::ColumnBlock;

use std::borrow::Cow;
use std::ops::Range;

use tati_core::{Precision, Result, TatiError, Trajectory, require_count};

/// Numbers in a block of recorded draws: as many as a chunk of a store in single precision, so that chunks are not read many times
/// over.
const NUMBERS_PER_RECORDED_BLOCK: usize = 1 << 20;
/// Numbers in a block of draws in memory: few enough to stay in cache.
const NUMBERS_PER_BLOCK: usize = 1 << 18;

/// Draws θ of one or several chains, each of shape \[draws, N\], recorded or in memory.
///
/// Analyses go through them in blocks and never need all of them in memory. The first [`with_burn_in`](Self::with_burn_in) draws of each
/// chain can be left out, and of the others every k-th kept ([`with_every`](Self::with_every)).
///
/// # Example
/// ```
/// use tati_landscape::Draws;
///
/// // Two chains of three draws of two parameters.
/// let theta = [0.0, 1.0, 0.5, 1.5, 1.0, 2.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0];
/// let draws = Draws::from_f64(&theta, [2, 3, 2])?.with_burn_in(1)?;
/// assert_eq!([draws.num_chains(), draws.num_draws(), draws.num_parameters()], [2, 2, 2]);
/// let mut sum = 0.0;
/// for chain in 0..draws.num_chains() {
///     draws.for_each_block(chain, |block| {
///         sum += block.theta.iter().sum::<f64>();
///         Ok(())
///     })?;
/// }
/// assert_eq!(sum, 5.0 + 22.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    source: Source<'a>,
    first_chain: usize,
    num_chains: usize,
    /// Draws of each chain before any are left out.
    num_all: usize,
    num_parameters: usize,
    burn_in: usize,
    every: usize,
    column_memory: usize,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Recorded(&'a [Trajectory]),
    Single(&'a [f32]),
    Double(&'a [f64]),
}

/// Consecutive draws of one chain.
#[derive(Clone, Debug)]
pub struct DrawBlock<'a> {
    /// The number of the first of them among the draws that are kept, from 0.
    pub first_draw: usize,
    /// θ of each, row-major, of shape \[draws, N\].
    pub theta: Cow<'a, [f64]>,
}

impl<'a> Draws<'a> {
    /// The draws that every chain of a recorded trajectory has.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if it has none.
    pub fn of(trajectory: &'a Trajectory) -> Result<Self> {
        Self::of_all(std::slice::from_ref(trajectory))
    }

    /// The draws that every chain of several recorded trajectories has: chains of one model that were recorded each for itself.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are none; [`TatiError::ShapeMismatch`] if the trajectories are of different numbers of parameters.
    pub fn of_all(trajectories: &'a [Trajectory]) -> Result<Self> {
        let num_parameters = trajectories.first().map_or(0, Trajectory::num_parameters);
        if let Some(other) = trajectories
            .iter()
            .find(|trajectory| trajectory.num_parameters() != num_parameters)
        {
            return Err(TatiError::ShapeMismatch {
                what: "number of parameters of trajectories taken together".to_string(),
                expected: num_parameters.to_string(),
                found: other.num_parameters().to_string(),
            });
        }
        let num_draws = trajectories.iter().map(Trajectory::num_draws);
        Self::new(
            Source::Recorded(trajectories),
            [
                trajectories.iter().map(Trajectory::num_chains).sum(),
                num_draws.min().unwrap_or(0),
                num_parameters,
            ],
        )
    }

    /// Draws in memory, of shape \[chains, draws, N\], row-major.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if `theta` has another length than `shape` asks for, [`TatiError::InvalidSetting`] if it is empty.
    pub fn from_f64(theta: &'a [f64], shape: [usize; 3]) -> Result<Self> {
        check_length(theta.len(), shape)?;
        Self::new(Source::Double(theta), shape)
    }

    /// As [`from_f64`](Self::from_f64), for draws in single precision.
    ///
    /// # Errors
    /// As of [`from_f64`](Self::from_f64).
    pub fn from_f32(theta: &'a [f32], shape: [usize; 3]) -> Result<Self> {
        check_length(theta.len(), shape)?;
        Self::new(Source::Single(theta), shape)
    }

    fn new(source: Source<'a>, [num_chains, num_all, num_parameters]: [usize; 3]) -> Result<Self> {
        require_count("number of chains", num_chains, 1..)?;
        require_count("number of draws", num_all, 1..)?;
        require_count("number of parameters", num_parameters, 1..)?;
        Ok(Self {
            source,
            first_chain: 0,
            num_chains,
            num_all,
            num_parameters,
            burn_in: 0,
            every: 1,
            column_memory: columns::COLUMN_MEMORY,
        })
    }

    /// Without the first `burn_in` draws of each chain.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if no draw would be left.
    pub fn with_burn_in(mut self, burn_in: usize) -> Result<Self> {
        require_count("burn_in", burn_in, 0..self.num_all)?;
        self.burn_in = burn_in;
        Ok(self)
    }

    /// With the first of the draws and every `every`-th after it.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if `every` is 0.
    pub fn with_every(mut self, every: usize) -> Result<Self> {
        require_count("every", every, 1..)?;
        self.every = every;
        Ok(self)
    }

    /// The draws of chain `chain` alone.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no such chain.
    pub fn with_chain(mut self, chain: usize) -> Result<Self> {
        require_count("chain", chain, 0..self.num_chains)?;
        self.first_chain += chain;
        self.num_chains = 1;
        Ok(self)
    }

    /// The number of chains.
    pub fn num_chains(&self) -> usize {
        self.num_chains
    }

    /// The number of draws of each chain that are kept.
    pub fn num_draws(&self) -> usize {
        (self.num_all - self.burn_in).div_ceil(self.every)
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.num_parameters
    }

    /// Whether all numbers are of single precision where they come from.
    pub(crate) fn is_single_precision(&self) -> bool {
        match self.source {
            Source::Recorded(trajectories) => (trajectories.iter())
                .all(|trajectory| trajectory.layout().precision() == Precision::F32),
            Source::Single(_) => true,
            Source::Double(_) => false,
        }
    }

    /// Calls `visit` with the draws of `chain`, some at a time, in order.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no such chain; what reading the trajectory or `visit` report.
    pub fn for_each_block(
        &self,
        chain: usize,
        mut visit: impl FnMut(DrawBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        require_count("chain", chain, 0..self.num_chains)?;
        let rows = self.draws_per_block();
        let mut first_draw = 0;
        while first_draw < self.num_draws() {
            let end = (first_draw + rows).min(self.num_draws());
            let theta = self.read(chain, first_draw..end)?;
            visit(DrawBlock { first_draw, theta })?;
            first_draw = end;
        }
        Ok(())
    }

    /// The number of draws in a block.
    pub(crate) fn draws_per_block(&self) -> usize {
        let numbers = match self.source {
            Source::Recorded(_) => NUMBERS_PER_RECORDED_BLOCK,
            Source::Single(_) | Source::Double(_) => NUMBERS_PER_BLOCK,
        };
        (numbers / self.num_parameters).max(1)
    }

    /// θ of the given draws of `chain` among those that are kept, of shape \[draws, N\].
    pub(crate) fn read(&self, chain: usize, draws: Range<usize>) -> Result<Cow<'a, [f64]>> {
        if let (Source::Double(theta), 1) = (self.source, self.every) {
            let start = self.row(chain, draws.start) * self.num_parameters;
            let len = draws.len() * self.num_parameters;
            return Ok(Cow::Borrowed(&theta[start..start + len]));
        }
        let mut theta = Vec::new();
        self.read_into(chain, draws, &mut theta)?;
        Ok(Cow::Owned(theta))
    }

    /// θ of all draws of `chain`, of shape \[draws, N\], where they are next to each other in memory and in single precision.
    pub(crate) fn in_single_precision(&self, chain: usize) -> Option<&'a [f32]> {
        match (self.source, self.every) {
            (Source::Single(theta), 1) => {
                let start = self.row(chain, 0) * self.num_parameters;
                Some(&theta[start..start + self.num_draws() * self.num_parameters])
            }
            _ => None,
        }
    }

    /// θ − `origin` of the given draws of `chain`, rounded by `round`, in place of what `theta` holds.
    pub(crate) fn read_from<T>(
        &self,
        origin: &[f64],
        chain: usize,
        draws: Range<usize>,
        round: impl Fn(f64) -> T,
        theta: &mut Vec<T>,
    ) -> Result<()> {
        let width = origin.len();
        theta.clear();
        theta.reserve(draws.len() * width);
        if let Source::Single(all) = self.source {
            // In one go: the numbers would leave the cache before the second.
            for draw in draws {
                let start = self.row(chain, draw) * width;
                let row = all[start..start + width].iter().zip(origin);
                theta.extend(row.map(|(&x, origin)| round(f64::from(x) - origin)));
            }
            return Ok(());
        }
        for row in self.read(chain, draws)?.chunks_exact(width) {
            theta.extend(row.iter().zip(origin).map(|(x, origin)| round(x - origin)));
        }
        Ok(())
    }

    /// As [`read`](Self::read), in place of what `theta` holds.
    pub(crate) fn read_into(
        &self,
        chain: usize,
        draws: Range<usize>,
        theta: &mut Vec<f64>,
    ) -> Result<()> {
        let width = self.num_parameters;
        theta.clear();
        theta.reserve(draws.len() * width);
        match self.source {
            Source::Double(all) => {
                for draw in draws {
                    let start = self.row(chain, draw) * width;
                    theta.extend_from_slice(&all[start..start + width]);
                }
            }
            Source::Single(all) => {
                for draw in draws {
                    let start = self.row(chain, draw) * width;
                    theta.extend(all[start..start + width].iter().map(|&x| f64::from(x)));
                }
            }
            Source::Recorded(_) if draws.is_empty() => {}
            Source::Recorded(trajectories) => {
                let Some((trajectory, chain)) = owner(trajectories, self.first_chain + chain)
                else {
                    return Ok(());
                };
                let place = |draw: usize| self.burn_in + draw * self.every;
                let span = place(draws.start)..place(draws.end - 1) + 1;
                let mut next = draws.start;
                for block in trajectory.theta_blocks(chain, span)? {
                    let block = block?;
                    while next < draws.end && place(next) < block.draws.end {
                        let start = (place(next) - block.draws.start) * width;
                        theta.extend_from_slice(&block.theta[start..start + width]);
                        next += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// The row of arrays in memory that holds draw `draw` of those that `chain` keeps.
    fn row(&self, chain: usize, draw: usize) -> usize {
        (self.first_chain + chain) * self.num_all + self.burn_in + draw * self.every
    }
}

/// The trajectory that holds `chain` of all chains, and which of its own it is.
fn owner(trajectories: &[Trajectory], mut chain: usize) -> Option<(&Trajectory, usize)> {
    for trajectory in trajectories {
        if chain < trajectory.num_chains() {
            return Some((trajectory, chain));
        }
        chain -= trajectory.num_chains();
    }
    None
}

fn check_length(len: usize, [chains, draws, parameters]: [usize; 3]) -> Result<()> {
    if chains * draws * parameters == len {
        return Ok(());
    }
    Err(TatiError::ShapeMismatch {
        what: "length of draws".to_string(),
        expected: format!("{chains} chains × {draws} draws × {parameters} parameters"),
        found: len.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tati_core::{TrajectoryLayout, TrajectoryWriter};

    const SHAPE: [usize; 3] = [2, 50, 3];

    fn numbers() -> Vec<f64> {
        (0..300).map(f64::from).collect()
    }

    fn double_at(chain: usize, row: usize, column: usize) -> f64 {
        ((chain * 50 + row) * 3 + column) as f64
    }

    fn collect_columns(draws: &Draws) -> Vec<f64> {
        let mut theta = Vec::new();
        let length = draws.num_chains() * draws.num_draws();
        let visited = draws.for_each_column_block(|block| {
            assert_eq!(block.first_parameter * length, theta.len());
            theta.extend_from_slice(block.theta);
            Ok(())
        });
        visited.unwrap();
        theta
    }

    fn collect(draws: &Draws, chain: usize) -> Vec<f64> {
        let mut theta = Vec::new();
        let visited = draws.for_each_block(chain, |block| {
            assert_eq!(block.first_draw * 3, theta.len());
            theta.extend_from_slice(&block.theta);
            Ok(())
        });
        visited.unwrap();
        theta
    }

    #[test]
    fn every_source_gives_the_same_draws() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trajectory");
        let layout = TrajectoryLayout::flat(2, 3, Precision::F64).with_expected_draws(7);
        let mut writer = TrajectoryWriter::create(&path, &layout).unwrap();
        let double = numbers();
        for (row, theta) in double.chunks(3).enumerate() {
            let step = (row % 50) as u64;
            writer.append(row / 50, step, theta, &[]).unwrap();
        }
        writer.flush().unwrap();
        let trajectory = Trajectory::open(&path).unwrap();
        let apart = [0, 1].map(|chain| {
            let path = folder.path().join(format!("chain-{chain}"));
            let layout = TrajectoryLayout::flat(1, 3, Precision::F64).with_expected_draws(11);
            let mut writer = TrajectoryWriter::create(&path, &layout).unwrap();
            for (step, theta) in double[150 * chain..][..150].chunks(3).enumerate() {
                writer.append(0, step as u64, theta, &[]).unwrap();
            }
            writer.flush().unwrap();
            Trajectory::open(&path).unwrap()
        });
        let single: Vec<f32> = double.iter().map(|&x| x as f32).collect();
        let sources = [
            Draws::of(&trajectory).unwrap(),
            Draws::of_all(&apart).unwrap(),
            Draws::from_f64(&double, SHAPE).unwrap(),
            Draws::from_f32(&single, SHAPE).unwrap(),
        ];
        for (burn_in, every) in [(0, 1), (7, 1), (0, 5), (3, 4), (49, 9), (2, 100)] {
            let rows = (burn_in..50).step_by(every);
            let expected: Vec<f64> = rows
                .flat_map(|row| (0..3).map(move |column| f64::from(150 + 3 * row as u32 + column)))
                .collect();
            for draws in sources {
                let draws = draws.with_burn_in(burn_in).unwrap();
                let draws = draws.with_every(every).unwrap();
                assert_eq!(collect(&draws, 1), expected, "{burn_in} {every} {draws:?}");
                assert_eq!(draws.num_draws() * 3, expected.len());
                let columns: Vec<f64> = (0..3)
                    .flat_map(|column| [0, 1].map(|chain| (column, chain)))
                    .flat_map(|(column, chain)| {
                        let rows = (burn_in..50).step_by(every);
                        rows.map(move |row| double_at(chain, row, column))
                    })
                    .collect();
                for bytes in [1, 2 * 8 * columns.len() / 3, usize::MAX] {
                    let draws = draws.with_column_memory(bytes).unwrap();
                    assert_eq!(collect_columns(&draws), columns, "{bytes} {draws:?}");
                }
            }
        }
    }

    #[test]
    fn what_leaves_no_draws_is_refused() {
        let theta = numbers();
        assert_eq!(
            Draws::from_f64(&theta, [2, 50, 4]).unwrap_err().to_string(),
            "length of draws: expected 2 chains × 50 draws × 4 parameters, found 300"
        );
        let draws = Draws::from_f64(&theta, SHAPE).unwrap();
        assert!(draws.with_burn_in(50).is_err());
        assert!(draws.with_every(0).is_err());
        assert!(draws.with_column_memory(0).is_err());
        assert!(draws.for_each_block(2, |_| Ok(())).is_err());
        assert!(Draws::from_f64(&[], [1, 0, 3]).is_err());
    }
}
