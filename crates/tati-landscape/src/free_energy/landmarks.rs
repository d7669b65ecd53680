//! A chain of draws, one for each level set, each nearest to the one before it.

use tati_core::Result;

use crate::Draws;

/// The landmark of each level; `sets` has the level of each draw, or their number.
pub(super) fn chain_of_landmarks(
    sets: &[usize],
    free_energy: &[f64],
    positions: &Draws<'_>,
) -> Result<Vec<Option<usize>>> {
    let num_levels = free_energy.len();
    let mut landmarks = vec![None; num_levels];
    let lowest = free_energy.iter().position(|energy| *energy == 0.0);
    let Some(lowest) = lowest else {
        return Ok(landmarks);
    };
    let first = nearest(sets, lowest, positions, &mean(sets, lowest, positions)?)?;
    let Some(first) = first else {
        return Ok(landmarks);
    };
    landmarks[lowest] = Some(first.draw);
    let upwards: Vec<usize> = (lowest + 1..num_levels).collect();
    let downwards: Vec<usize> = (0..lowest).rev().collect();
    for levels in [upwards, downwards] {
        let mut before = first.position.clone();
        for level in levels {
            if let Some(found) = nearest(sets, level, positions, &before)? {
                landmarks[level] = Some(found.draw);
                before = found.position;
            }
        }
    }
    Ok(landmarks)
}

/// A draw and where it is.
struct Landmark {
    draw: usize,
    position: Vec<f64>,
}

/// The draw of a level set that is nearest to `place`; the first of those equally near.
fn nearest(
    sets: &[usize],
    level: usize,
    positions: &Draws<'_>,
    place: &[f64],
) -> Result<Option<Landmark>> {
    let mut best: Option<(f64, Landmark)> = None;
    for_each_of(sets, level, positions, |draw, theta| {
        let pairs = theta.iter().zip(place);
        let distance: f64 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
        if best.as_ref().is_none_or(|(least, _)| distance < *least) {
            let position = theta.to_vec();
            best = Some((distance, Landmark { draw, position }));
        }
    })?;
    Ok(best.map(|(_, landmark)| landmark))
}

/// The mean position of a level set.
fn mean(sets: &[usize], level: usize, positions: &Draws<'_>) -> Result<Vec<f64>> {
    let mut mean = vec![0.0; positions.num_parameters()];
    let mut count = 0.0;
    for_each_of(sets, level, positions, |_, theta| {
        count += 1.0;
        for (mean, theta) in mean.iter_mut().zip(theta) {
            *mean += (theta - *mean) / count;
        }
    })?;
    Ok(mean)
}

/// Calls `visit` with the number and position of each draw of a level set.
fn for_each_of(
    sets: &[usize],
    level: usize,
    positions: &Draws<'_>,
    mut visit: impl FnMut(usize, &[f64]),
) -> Result<()> {
    for chain in 0..positions.num_chains() {
        positions.for_each_block(chain, |block| {
            let first = chain * positions.num_draws() + block.first_draw;
            let rows = block.theta.chunks_exact(positions.num_parameters());
            for (row, theta) in rows.enumerate() {
                if sets[first + row] == level {
                    visit(first + row, theta);
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}
