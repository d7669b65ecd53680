//! Draws read by parameter: the whole series of some parameters at a time.

use std::ops::Range;

use rayon::prelude::*;
use tati_core::{Result, require_count};

use super::{Draws, Source, owner};
use crate::finite::require_finite;

/// Bytes that the columns of draws on disk take at a time, unless told otherwise.
pub(super) const COLUMN_MEMORY: usize = 1 << 30;

/// Bytes that the columns of draws in memory take at a time: reading them anew costs little, and fresh memory much.
const COLUMN_MEMORY_OF_ARRAYS: usize = 1 << 26;

/// Columns that one thread transposes at a time, and rows that it holds in cache meanwhile.
const COLUMNS_PER_TILE: usize = 64;
const ROWS_PER_TILE: usize = 16;

/// Parameters that a thread takes at a time.
const PARAMETERS_PER_TASK: usize = 16;

/// The series of consecutive parameters in all chains.
#[derive(Clone, Debug)]
pub struct ColumnBlock<'a> {
    /// The first of them.
    pub first_parameter: usize,
    /// The draws of each, of shape \[parameters, chains, draws\].
    pub theta: &'a [f64],
}

/// Some rows of draws: number `first` of them and every `every`-th after it, `count` in all.
struct Rows<'a, T> {
    theta: &'a [T],
    width: usize,
    first: usize,
    every: usize,
    count: usize,
}

impl Draws<'_> {
    /// Calls `visit` with the series of the parameters in all chains, some parameters at a time, in order.
    ///
    /// A block has as many parameters as fit into the memory of [`with_column_memory`](Self::with_column_memory), but at least one;
    /// of draws in memory at most 64 MiB. A trajectory on disk is read once for each block.
    ///
    /// # Errors
    /// What reading the trajectory or `visit` report.
    ///
    /// # Example
    /// ```
    /// use tati_landscape::Draws;
    ///
    /// // Two chains of three draws of two parameters.
    /// let theta = [0.0, 10.0, 1.0, 11.0, 2.0, 12.0, 3.0, 13.0, 4.0, 14.0, 5.0, 15.0];
    /// Draws::from_f64(&theta, [2, 3, 2])?.for_each_column_block(|block| {
    ///     assert_eq!(block.theta[..6], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    ///     assert_eq!(block.theta[6..], [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]);
    ///     Ok(())
    /// })?;
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn for_each_column_block(
        &self,
        mut visit: impl FnMut(ColumnBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let length = self.num_chains * self.num_draws();
        let memory = match self.source {
            Source::Recorded(_) => self.column_memory,
            Source::Single(_) | Source::Double(_) => {
                self.column_memory.min(COLUMN_MEMORY_OF_ARRAYS)
            }
        };
        let columns = (memory / (size_of::<f64>() * length)).clamp(1, self.num_parameters);
        let mut theta = vec![0.0; columns * length];
        for first_parameter in (0..self.num_parameters).step_by(columns) {
            let end = (first_parameter + columns).min(self.num_parameters);
            let theta = &mut theta[..(end - first_parameter) * length];
            self.read_columns(first_parameter..end, theta)?;
            visit(ColumnBlock {
                first_parameter,
                theta,
            })?;
        }
        Ok(())
    }

    /// The draws of one parameter, of shape \[chains, draws\].
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there is no such parameter; what reading the trajectory reports.
    ///
    /// # Example
    /// ```
    /// use tati_landscape::Draws;
    ///
    /// let theta = [0.0, 10.0, 1.0, 11.0, 2.0, 12.0];
    /// assert_eq!(Draws::from_f64(&theta, [1, 3, 2])?.series(1)?, [10.0, 11.0, 12.0]);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn series(&self, parameter: usize) -> Result<Vec<f64>> {
        require_count("parameter", parameter, 0..self.num_parameters)?;
        let mut series = vec![0.0; self.num_chains * self.num_draws()];
        self.read_columns(parameter..parameter + 1, &mut series)?;
        Ok(series)
    }

    /// With this many bytes for the columns that are read at a time, 1 GiB otherwise.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if it is 0.
    pub fn with_column_memory(mut self, bytes: usize) -> Result<Self> {
        require_count("column memory", bytes, 1..)?;
        self.column_memory = bytes;
        Ok(self)
    }

    /// `of` the series of each parameter, of shape \[chains, draws\], in parallel. Each thread works with its own clone of `workspace`.
    pub(crate) fn map_parameters<W, R>(
        &self,
        workspace: &W,
        of: impl Fn(&mut W, &[f64]) -> Result<R> + Sync,
    ) -> Result<Vec<R>>
    where
        W: Clone + Sync,
        R: Send,
    {
        let num_draws = self.num_draws();
        let mut all = Vec::with_capacity(self.num_parameters);
        self.for_each_column_block(|block| {
            let parameters = block.theta.par_chunks_exact(self.num_chains * num_draws);
            let found: Vec<_> = parameters
                .enumerate()
                .with_min_len(PARAMETERS_PER_TASK)
                .map_init(
                    || workspace.clone(),
                    |workspace, (number, series)| {
                        require_finite(series, |place| {
                            let [chain, draw] = [place / num_draws, place % num_draws];
                            let parameter = block.first_parameter + number;
                            format!("parameter {parameter} in draw {draw} of chain {chain}")
                        })?;
                        of(workspace, series)
                    },
                )
                .collect();
            // One after the other, so that the error is that of the first parameter that has one.
            for result in found {
                all.push(result?);
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Writes the draws of `columns`, of shape \[columns, chains, draws\].
    fn read_columns(&self, columns: Range<usize>, theta: &mut [f64]) -> Result<()> {
        let (width, every, count) = (self.num_parameters, self.every, self.num_draws());
        let length = self.num_chains * count;
        for chain in 0..self.num_chains {
            let first = self.row(chain, 0);
            let start = chain * count;
            match self.source {
                Source::Single(rows) => {
                    let rows = Rows {
                        theta: rows,
                        width,
                        first,
                        every,
                        count,
                    };
                    rows.transpose(&columns, theta, length, start);
                }
                Source::Double(rows) => {
                    let rows = Rows {
                        theta: rows,
                        width,
                        first,
                        every,
                        count,
                    };
                    rows.transpose(&columns, theta, length, start);
                }
                Source::Recorded(trajectories) => {
                    let chain = self.first_chain + chain;
                    let Some((trajectory, chain)) = owner(trajectories, chain) else {
                        continue;
                    };
                    for block in trajectory.theta_blocks(chain, self.burn_in..self.num_all)? {
                        let block = block?;
                        // The draws that are kept are those at burn_in + k · every.
                        let kept = (block.draws.start - self.burn_in).div_ceil(every);
                        let first = self.burn_in + kept * every;
                        let rows = Rows {
                            theta: &block.theta,
                            width,
                            first: first - block.draws.start,
                            every,
                            count: block.draws.end.saturating_sub(first).div_ceil(every),
                        };
                        rows.transpose(&columns, theta, length, start + kept);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<T: Copy + Into<f64> + Sync> Rows<'_, T> {
    /// Writes the rows to places `start` onwards of each of the `columns`, which have `length` places.
    fn transpose(&self, columns: &Range<usize>, into: &mut [f64], length: usize, start: usize) {
        let tiles = into.par_chunks_mut(COLUMNS_PER_TILE * length).enumerate();
        tiles.for_each(|(tile, into)| {
            let first_column = columns.start + tile * COLUMNS_PER_TILE;
            let width = into.len() / length;
            for first_row in (0..self.count).step_by(ROWS_PER_TILE) {
                let rows = first_row..(first_row + ROWS_PER_TILE).min(self.count);
                let mut segments = [&self.theta[..0]; ROWS_PER_TILE];
                for (segment, row) in segments.iter_mut().zip(rows.clone()) {
                    let at = (self.first + row * self.every) * self.width + first_column;
                    *segment = &self.theta[at..at + width];
                }
                for (number, series) in into.chunks_exact_mut(length).enumerate() {
                    let series = &mut series[start + rows.start..start + rows.end];
                    for (value, segment) in series.iter_mut().zip(&segments) {
                        *value = segment[number].into();
                    }
                }
            }
        });
    }
}
