//! Draws counted from their mean, in fixed pieces that are worked on in parallel.

use std::ops::Range;

use faer::MatRef;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use crate::Draws;
use crate::hessian::vectors::dot;

/// Groups of pieces that are worked on at the same time, whose sums are added in their order.
const MAX_GROUPS: usize = 8;

/// Draws of all chains about their common mean.
pub(super) struct CentredDraws<'a> {
    draws: Draws<'a>,
    pub(super) mean: Vec<f64>,
    /// Σ |θ − m|² / (n − 1), the sum of all eigenvalues.
    pub(super) total_variance: f64,
    pieces: Vec<(usize, Range<usize>)>,
}

impl<'a> CentredDraws<'a> {
    /// Reads the draws twice, for their mean and their variance.
    pub(super) fn new(draws: Draws<'a>) -> Result<Self> {
        let rows = draws.draws_per_block();
        let pieces = (0..draws.num_chains()).flat_map(|chain| {
            let starts = (0..draws.num_draws()).step_by(rows);
            starts.map(move |start| (chain, start..(start + rows).min(draws.num_draws())))
        });
        let mut centred = Self {
            draws,
            // Counted from the first draw, a mean far from zero costs no digits.
            mean: draws.read(0, 0..1)?.into_owned(),
            total_variance: 0.0,
            pieces: pieces.collect(),
        };
        let width = draws.num_parameters();
        let sums = centred.fold(
            width,
            |x| x,
            |sum: &mut Vec<f64>, piece| {
                sum.resize(width, 0.0);
                for row in piece.chunks_exact(width) {
                    sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                }
                Ok(())
            },
        )?;
        let n = centred.num_draws() as f64;
        for sum in &sums {
            centred
                .mean
                .iter_mut()
                .zip(sum)
                .for_each(|(mean, sum)| *mean += sum / n);
        }
        if let Some(at) = centred.mean.iter().position(|mean| !mean.is_finite()) {
            return Err(TatiError::NotFinite {
                what: format!("the mean of parameter {at} over the draws"),
                value: centred.mean[at],
                remedy: "leave out the draws of a chain that diverged",
            });
        }
        let sums = centred.fold(
            1,
            |x| x,
            |sum: &mut f64, piece| {
                *sum += dot(piece, piece);
                Ok(())
            },
        )?;
        centred.total_variance = sums.iter().sum::<f64>() / (n - 1.0);
        Ok(centred)
    }

    /// The number of draws of all chains together.
    pub(super) fn num_draws(&self) -> usize {
        self.draws.num_chains() * self.draws.num_draws()
    }

    pub(super) fn num_parameters(&self) -> usize {
        self.draws.num_parameters()
    }

    /// Goes through all centred draws: `add` gets rows of length N, rounded by `round`, and takes them into the sum of its group, which
    /// holds about `size` numbers. The sums come in the order of the draws and do not depend on the number of threads.
    pub(super) fn fold<T, S: Default + Send>(
        &self,
        size: usize,
        round: impl Fn(f64) -> T + Sync,
        add: impl Fn(&mut S, &[T]) -> Result<()> + Sync,
    ) -> Result<Vec<S>> {
        // All sums together stay below 256 MiB where one does.
        let groups = ((1 << 25) / size.max(1)).clamp(1, MAX_GROUPS);
        let groups: Vec<_> = self
            .pieces
            .chunks(self.pieces.len().div_ceil(groups))
            .collect();
        let sums = groups.into_par_iter().map(|pieces| {
            let mut sum = S::default();
            let mut rows = Vec::new();
            for (chain, draws) in pieces {
                self.draws
                    .read_from(&self.mean, *chain, draws.clone(), &round, &mut rows)?;
                add(&mut sum, &rows)?;
            }
            Ok(sum)
        });
        sums.collect()
    }

    /// Goes through the columns of all centred draws, some at a time: `visit` gets those of parameters from a first one on, of shape
    /// \[draws, parameters\].
    pub(super) fn for_each_column_block(
        &self,
        mut visit: impl FnMut(usize, MatRef<'_, f64>),
    ) -> Result<()> {
        let n = self.num_draws();
        self.draws.for_each_column_block(|block| {
            let mut columns = block.theta.to_vec();
            let means = &self.mean[block.first_parameter..];
            for (column, mean) in columns.chunks_exact_mut(n).zip(means) {
                column.iter_mut().for_each(|x| *x -= mean);
            }
            let count = columns.len() / n;
            visit(
                block.first_parameter,
                MatRef::from_column_major_slice(&columns, n, count),
            );
            Ok(())
        })
    }
}
