//! What a diffusion map takes of memory, told before it is taken.

use tati_core::{Result, TatiError};

use super::DiffusionMapConfig;
use super::points::num_points;
use super::spectrum::basis_vectors;
use crate::Draws;

const DOUBLE: u64 = 8;

/// Bytes that a fit takes at most.
pub(super) fn needed(config: &DiffusionMapConfig, draws: &Draws<'_>) -> u64 {
    let number = if draws.is_single_precision() { 4 } else { 8 };
    let [n, width] = [num_points(draws), draws.num_parameters()].map(|count| count as u64);
    let points = n.saturating_mul(width).saturating_mul(number);
    let rows = match config.neighbors {
        // ln K and S.
        None => n.saturating_mul(n).saturating_mul(2 * DOUBLE),
        // Each entry may be the other half's only one: lists and their transpose, or ln K and S, with columns.
        Some(count) => n
            .saturating_mul(count as u64)
            .saturating_mul(2 * (2 * DOUBLE + 4) + 12),
    };
    let vectors = 2 * basis_vectors(config.num_eigenpairs) as u64 + 64;
    let vectors = n.saturating_mul(vectors * DOUBLE);
    points.saturating_add(rows).saturating_add(vectors)
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
