//! What a diffusion map takes of memory, told before it is taken.

use tati_core::{Result, TatiError};

use super::DiffusionMapConfig;
use super::candidates::{most_candidates, numbers_of_products};
use super::points::num_points;
use super::spectrum::{basis_vectors, is_dense};
use crate::Draws;

const DOUBLE: u64 = 8;
const SINGLE: u64 = 4;
const INDEX: u64 = 4;

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
            times(times(n, width), DOUBLE),
            times(times(n, n), 2 * DOUBLE),
        ),
        Some(count) => {
            let candidates = most_candidates(count) as u64 * (INDEX + SINGLE);
            let products = numbers_of_products(num_points(draws)) as u64 * SINGLE;
            let search = times(times(n, width), SINGLE) + times(n, candidates) + products;
            // At most 2k entries a point with their columns, ln K and S; before that k with their transpose.
            let entries = 2 * count as u64 * (INDEX + 2 * DOUBLE) + count as u64 * (INDEX + DOUBLE);
            (search, times(n, entries))
        }
    };
    let vectors = if is_dense(num_points(draws), config.num_eigenpairs) {
        4 * n
    } else {
        2 * basis_vectors(config.num_eigenpairs) as u64 + 64
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
