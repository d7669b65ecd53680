//! How much of the weight of draws is in each cell, and in each cell of each resample.

use std::ops::Range;

use super::bootstrap::BlockBootstrap;
use crate::moments::RunningMoments;

/// Shares of the weight of all draws in cells, with resamples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Occupation {
    /// Of each cell.
    pub(super) shares: Vec<f64>,
    /// The draws in each cell.
    pub(super) num_draws: Vec<usize>,
    /// The shares in each resample.
    resamples: Vec<Vec<f64>>,
}

impl Occupation {
    /// `cells` has the cell of each draw, from 0, or `num_cells` if it is in none.
    pub(super) fn measure(
        cells: &[usize],
        num_cells: usize,
        weights: Option<&[f64]>,
        chain_lengths: &[usize],
        bootstrap: &BlockBootstrap,
    ) -> Self {
        let gather = |ranges: &[Range<usize>]| shares(cells, num_cells, weights, ranges);
        let mut num_draws = vec![0; num_cells + 1];
        cells.iter().for_each(|cell| num_draws[*cell] += 1);
        num_draws.truncate(num_cells);
        Self {
            shares: gather(std::slice::from_ref(&(0..cells.len()))),
            num_draws,
            resamples: bootstrap.resamples(chain_lengths, gather),
        }
    }

    pub(super) fn num_resamples(&self) -> usize {
        self.resamples.len()
    }

    /// The share of `cell` in each resample, relative to its share, less 1: what ln(share) changes by to first order. To be asked for
    /// cells that are not empty.
    pub(super) fn deviations(&self, cell: usize) -> impl Iterator<Item = f64> {
        self.resamples
            .iter()
            .map(move |shares| shares[cell] / self.shares[cell] - 1.0)
    }

    /// The standard error of a function of the shares; NaN without resamples.
    pub(super) fn error(&self, of: impl Fn(&[f64]) -> f64) -> f64 {
        spread(self.resamples.iter().map(|shares| of(shares)))
    }
}

/// The standard deviation; NaN of fewer than two numbers.
pub(super) fn spread(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut moments = RunningMoments::default();
    numbers.for_each(|x| moments.push(x));
    moments.variance().sqrt()
}

/// The shares of the draws in `ranges`.
fn shares(
    cells: &[usize],
    num_cells: usize,
    weights: Option<&[f64]>,
    ranges: &[Range<usize>],
) -> Vec<f64> {
    let mut sums = vec![0.0; num_cells + 1];
    for range in ranges {
        let cells = &cells[range.clone()];
        match weights {
            Some(weights) => {
                for (cell, weight) in cells.iter().zip(&weights[range.clone()]) {
                    sums[*cell] += weight;
                }
            }
            None => cells.iter().for_each(|cell| sums[*cell] += 1.0),
        }
    }
    let total: f64 = sums.iter().sum();
    sums.truncate(num_cells);
    sums.iter_mut().for_each(|sum| *sum /= total);
    sums
}
