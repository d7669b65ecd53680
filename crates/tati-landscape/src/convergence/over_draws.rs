//! Convergence of every parameter.

use std::cmp::Ordering;

use tati_core::Result;

use super::diagnostics::Diagnostics;
use crate::Draws;

/// How well the chains have converged in each of N parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// Rank-normalised split R̂, as [`r_hat`](crate::r_hat) gives it; NaN for a parameter that never moved.
    pub r_hat: Vec<f64>,
    /// Effective sample size of the bulk.
    pub bulk: Vec<f64>,
    /// Effective sample size of the tails.
    pub tail: Vec<f64>,
}

impl Convergence {
    /// The parameter of the largest R̂, and that R̂; `None` if no parameter ever moved.
    pub fn max_r_hat(&self) -> Option<(usize, f64)> {
        self.largest_r_hats(1).first().copied()
    }

    /// The parameter of the smallest effective sample size of the bulk, and that size.
    pub fn min_bulk(&self) -> Option<(usize, f64)> {
        self.smallest_bulks(1).first().copied()
    }

    /// The parameter of the smallest effective sample size of the tails, and that size.
    pub fn min_tail(&self) -> Option<(usize, f64)> {
        self.smallest_tails(1).first().copied()
    }

    /// The `count` parameters of the largest R̂, worst first, without those that never moved.
    pub fn largest_r_hats(&self, count: usize) -> Vec<(usize, f64)> {
        first(&self.r_hat, count, |a, b| b.total_cmp(a))
    }

    /// The `count` parameters of the smallest effective sample size of the bulk, worst first.
    pub fn smallest_bulks(&self, count: usize) -> Vec<(usize, f64)> {
        first(&self.bulk, count, f64::total_cmp)
    }

    /// The `count` parameters of the smallest effective sample size of the tails, worst first.
    pub fn smallest_tails(&self, count: usize) -> Vec<(usize, f64)> {
        first(&self.tail, count, f64::total_cmp)
    }

    /// The parameters that never moved, in any chain.
    pub fn constant_parameters(&self) -> impl Iterator<Item = usize> + '_ {
        let r_hats = self.r_hat.iter().enumerate();
        r_hats.filter_map(|(parameter, r_hat)| r_hat.is_nan().then_some(parameter))
    }
}

/// The first `count` of `values` in the order of `compare`, without NaN; of equals the one of the smaller index first.
fn first(
    values: &[f64],
    count: usize,
    compare: impl Fn(&f64, &f64) -> Ordering,
) -> Vec<(usize, f64)> {
    let numbers = values.iter().copied().enumerate();
    let mut numbers: Vec<_> = numbers.filter(|(_, value)| !value.is_nan()).collect();
    let order = |a: &(usize, f64), b: &(usize, f64)| compare(&a.1, &b.1).then(a.0.cmp(&b.0));
    if count < numbers.len() {
        numbers.select_nth_unstable_by(count, order);
        numbers.truncate(count);
    }
    numbers.sort_unstable_by(order);
    numbers
}

/// [`r_hat`](crate::r_hat) and [`effective_sample_size`](crate::effective_sample_size) of bulk and tail, of every parameter.
///
/// Parameters are read by columns ([`Draws::for_each_column_block`]), so that memory is bounded for a store of any size, and worked
/// on in parallel. Results do not depend on the number of threads.
///
/// # Errors
/// As of [`effective_sample_size`](crate::effective_sample_size), with the parameter named; what reading the draws reports.
///
/// # Example
/// ```
/// use tati_landscape::{Draws, convergence};
///
/// // Two chains of 500 draws of two parameters; the second parameter has another mean in each chain.
/// let theta: Vec<f64> = (0..1000)
///     .flat_map(|i| {
///         let noise = (f64::from(i) * 0.9).sin();
///         [noise, noise + f64::from(i / 500)]
///     })
///     .collect();
/// let convergence = convergence(&Draws::from_f64(&theta, [2, 500, 2])?)?;
/// assert!(convergence.r_hat[0] < 1.01);
/// let (parameter, r_hat) = convergence.max_r_hat().unwrap();
/// assert!(parameter == 1 && r_hat > 1.1);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn convergence(draws: &Draws) -> Result<Convergence> {
    let num_draws = draws.num_draws();
    let diagnostics = Diagnostics::new(draws.num_chains(), num_draws)?;
    let all = draws.map_parameters(&diagnostics, |diagnostics, chains| {
        diagnostics.load(chains.chunks_exact(num_draws));
        diagnostics.all()
    })?;
    Ok(Convergence {
        r_hat: all.iter().map(|found| found[0]).collect(),
        bulk: all.iter().map(|found| found[1]).collect(),
        tail: all.iter().map(|found| found[2]).collect(),
    })
}
