//! Minima that are one and the same, or copies of each other.

use serde::{Deserialize, Serialize};
use tati_core::{Result, require_non_negative};

use super::index::StationaryPoint;
use super::require_point;
use super::symmetry::UnitSymmetry;
use crate::hessian::vectors::norm;

/// A point that draws were quenched to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Minimum {
    /// Where it is, and the signs of the curvatures there: an index other than 0 tells that it is a saddle that the quench came to rest on.
    pub point: StationaryPoint,
    /// The first draw that was quenched to it: chains one after the other, the draws of each in order.
    pub draw: usize,
    /// The number of draws that were.
    pub num_quenches: usize,
}

/// `minima` with those at most `distance` apart made one, and where each of them has gone.
///
/// With a `symmetry`, a minimum is taken as the copy of it that is nearest to the other. Of those that are one, the lowest is kept, and the
/// quenches are added up. The result ascends in the potential.
///
/// # Errors
/// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if `distance` is not a finite number of at least 0; if the minima differ in
/// their number of parameters, or are not of the symmetry's.
pub fn merge_minima(
    minima: Vec<Minimum>,
    distance: f64,
    symmetry: Option<&UnitSymmetry>,
) -> Result<(Vec<Minimum>, Vec<usize>)> {
    let points: Vec<(f64, &[f64])> = (minima.iter())
        .map(|minimum| (minimum.point.potential, minimum.point.position.as_slice()))
        .collect();
    let groups = merge_points(&points, distance, symmetry)?;
    let mut merged: Vec<Minimum> = (groups.leaders.iter())
        .map(|&leader| Minimum {
            num_quenches: 0,
            draw: usize::MAX,
            ..minima[leader].clone()
        })
        .collect();
    for (minimum, &group) in minima.iter().zip(&groups.of_points) {
        merged[group].num_quenches += minimum.num_quenches;
        merged[group].draw = merged[group].draw.min(minimum.draw);
    }
    Ok((merged, groups.of_points))
}

/// Points gathered around the lowest of each group.
pub(super) struct Groups {
    /// The lowest point of each group, ascending in the potential.
    pub(super) leaders: Vec<usize>,
    /// The group of each point.
    pub(super) of_points: Vec<usize>,
}

/// Gathers points, each with its potential: from the lowest up, a point joins the first group whose lowest is near.
pub(super) fn merge_points(
    points: &[(f64, &[f64])],
    distance: f64,
    symmetry: Option<&UnitSymmetry>,
) -> Result<Groups> {
    require_non_negative("merge_distance", distance)?;
    let num_parameters = match (symmetry, points.first()) {
        (Some(symmetry), _) => symmetry.num_parameters(),
        (None, first) => first.map_or(0, |(_, position)| position.len()),
    };
    for (_, position) in points {
        require_point("a minimum", position, num_parameters)?;
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a].0.total_cmp(&points[b].0));
    let mut groups = Groups {
        leaders: Vec::new(),
        of_points: vec![0; points.len()],
    };
    for at in order {
        let position = points[at].1;
        let mut group = groups.leaders.len();
        for (number, &leader) in groups.leaders.iter().enumerate() {
            if is_same(points[leader].1, position, distance, symmetry)? {
                group = number;
                break;
            }
        }
        if group == groups.leaders.len() {
            groups.leaders.push(at);
        }
        groups.of_points[at] = group;
    }
    Ok(groups)
}

/// Whether two points, or copies of them, are near.
fn is_same(a: &[f64], b: &[f64], distance: f64, symmetry: Option<&UnitSymmetry>) -> Result<bool> {
    // No copy of a point is nearer to another than their distances from the origin differ.
    if (norm(a) - norm(b)).abs() > distance {
        return Ok(false);
    }
    let is_near = |copy: &[f64]| {
        let squares = a.iter().zip(copy).map(|(a, b)| (a - b) * (a - b));
        squares.sum::<f64>().sqrt() <= distance
    };
    match symmetry {
        Some(symmetry) if !is_near(b) => Ok(is_near(&symmetry.nearest_copy(a, b)?)),
        _ => Ok(is_near(b)),
    }
}
