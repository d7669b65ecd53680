//! What a diffusion map takes of memory, told before it is taken.

use tati_core::{Result, TatiError};

use super::DiffusionMapConfig;
use super::candidates::{most_candidates, numbers_of_products};
use super::leading::{is_dense, vectors_kept};
use super::points::num_points;
use crate::Draws;

const DOUBLE: u64 = 8;
const SINGLE: u64 = 4;
const INDEX: u64 = 4;
/// An index with a number of double precision.
const PAIR: u64 = 16;
/// Entries of a row of S that are above 0.003 of the whole, about.
const MOST_OF_A_ROW: u64 = 400;

/// Bytes that a fit takes at most.
pub(super) fn needed(config: &DiffusionMapConfig, draws: &Draws<'_>) -> u64 {
    let number = if draws.is_single_precision() {
        SINGLE
    } else {
        DOUBLE
    };
    let [n, width] = [num_points(draws), draws.num_parameters()].map(|count| count as u64);
    let times = u64::saturating_mul;
    let points = times(times(n, width), number);
    // While distances are sought: the points once more, about their mean, and what is found of each.
    let (search, rows) = match config.neighbors {
        None => (
            times(times(n, width), DOUBLE) + times(times(n, n), DOUBLE),
            // The kernel, S, the same in single precision, and what is large of S in a factor.
            times(times(n, n), 2 * DOUBLE + SINGLE)
                + times(n, MOST_OF_A_ROW.min(n) * (INDEX + DOUBLE)),
        ),
        Some(count) => {
            let candidates = most_candidates(count) as u64;
            let products = numbers_of_products(num_points(draws)) as u64 * SINGLE;
            let approximate = times(n, candidates * (INDEX + SINGLE)) + products;
            // A list takes as much as the candidates that it was picked from.
            let exact = times(n, candidates * PAIR);
            let search = times(times(n, width), SINGLE) + approximate.max(exact);
            // Where i and j are neighbours of each other or not: lists of k, what they lack (at most as much, in lists that grow, then in
            // rows), and rows of 2k entries. Later ln K, S in both precisions and a factor of half as many take less.
            let entry = INDEX + DOUBLE;
            let symmetrised = count as u64 * (entry + 2 * PAIR + PAIR + 2 * entry);
            (search, times(n, symmetrised))
        }
    };
    let vectors = if is_dense(num_points(draws), config.num_eigenpairs) {
        // The matrix before and after products with the identity, its eigenvectors, and room to find them.
        7 * n
    } else {
        vectors_kept(config.num_eigenpairs) as u64 + 64
    };
    let spectrum = rows.saturating_add(times(n, times(vectors, DOUBLE)));
    points.saturating_add(spectrum.max(search))
}

/// Refuses a fit that would take more memory than it may.
pub(super) fn check(config: &DiffusionMapConfig, draws: &Draws<'_>) -> Result<()> {
    let needed = needed(config, draws);
    if needed <= config.memory {
        return Ok(());
    }
    let fewer = match config.neighbors {
        None => "`neighbors` in place of all pairs, ",
        Some(_) => "fewer neighbours, ",
    };
    Err(TatiError::InvalidSetting {
        name: "memory",
        value: format!("{} bytes", config.memory),
        expected: format!(
            "at least {needed} bytes for {} points of {} parameters: allow more, or take {fewer}or fewer points (`Draws::with_every`)",
            num_points(draws),
            draws.num_parameters()
        ),
    })
}
