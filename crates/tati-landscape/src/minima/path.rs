//! The potential along a path, and the barrier on it.

use tati_core::{AffineSubspace, Potential, Progress, Result, TatiError, require_count};

use super::require_point;
use crate::hessian::vectors::norm;

/// The potential at points of a path from one point to another.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPotential {
    /// The length of the path from its start to each point.
    pub lengths: Vec<f64>,
    /// U at each.
    pub potential: Vec<f64>,
}

impl PathPotential {
    /// The highest potential on the path.
    pub fn highest(&self) -> f64 {
        (self.potential.iter()).fold(f64::NEG_INFINITY, |most, &at| most.max(at))
    }

    /// How far the path rises above its start.
    pub fn barrier_from_start(&self) -> f64 {
        self.highest() - self.potential.first().copied().unwrap_or(f64::NAN)
    }

    /// How far it rises above its end.
    pub fn barrier_from_end(&self) -> f64 {
        self.highest() - self.potential.last().copied().unwrap_or(f64::NAN)
    }

    /// How far it rises above what lies between its ends,
    ///
    /// ```text
    /// max over t of U(θ(t)) − ((1 − t) U(θ(0)) + t U(θ(1)))
    /// ```
    ///
    /// with t the share of the length: the loss barrier of linear mode connectivity.
    ///
    /// Source: R. Entezari, H. Sedghi, O. Saukh, B. Neyshabur, "The role of permutation invariance in linear mode connectivity of neural
    /// networks", ICLR 2022, definition 1.
    pub fn loss_barrier(&self) -> f64 {
        let ends = (self.potential.first(), self.potential.last());
        let ((Some(first), Some(last)), Some(length)) = (ends, self.lengths.last()) else {
            return f64::NAN;
        };
        let points = self.lengths.iter().zip(&self.potential);
        points.fold(0.0, |most, (at, potential)| {
            let share = if *length > 0.0 { at / length } else { 0.0 };
            most.max(potential - (1.0 - share) * first - share * last)
        })
    }

    /// The lengths to the points of a path.
    pub(super) fn of(points: &[Vec<f64>], potential: Vec<f64>) -> Self {
        let mut length = 0.0;
        let mut lengths = vec![0.0; points.len().min(1)];
        for pair in points.windows(2) {
            length += distance(&pair[0], &pair[1]);
            lengths.push(length);
        }
        Self { lengths, potential }
    }
}

/// The potential at `num_points` evenly spaced points of the straight line from `start` to `end`, both included. Values need not be
/// finite. For the barrier between two minima of a network, take for `end` the copy of it that is nearest to `start`
/// ([`nearest_copy`](super::UnitSymmetry::nearest_copy)).
///
/// # Errors
/// If `start` or `end` does not have length N or is not finite; [`TatiError::InvalidSetting`] if they are the same point, or there are
/// fewer than 2 points.
///
/// # Example
/// ```
/// use tati_core::analytic::DoubleWell;
/// use tati_landscape::potential_on_line;
///
/// let line = potential_on_line(&DoubleWell::new(3.0)?, &[-1.0], &[1.0], 21, &mut |_| {})?;
/// assert_eq!(line.barrier_from_start(), 3.0);
/// assert_eq!(line.lengths[20], 2.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn potential_on_line(
    potential: &dyn Potential,
    start: &[f64],
    end: &[f64],
    num_points: usize,
    progress: &mut Progress<'_>,
) -> Result<PathPotential> {
    require_count("number of points on a line", num_points, 2..)?;
    require_ends(start, end, potential.num_parameters())?;
    let direction: Vec<f64> = end
        .iter()
        .zip(start)
        .map(|(end, start)| end - start)
        .collect();
    let line = AffineSubspace::new(start, &[&direction])?;
    let intervals = (num_points - 1) as f64;
    let shares: Vec<f64> = (0..num_points)
        .map(|point| point as f64 / intervals)
        .collect();
    let length = norm(&direction);
    Ok(PathPotential {
        potential: potential.energies_in_subspace(&line, &shares, progress)?,
        lengths: shares.iter().map(|share| share * length).collect(),
    })
}

/// Checks that both ends of a path are points, and different ones.
pub(super) fn require_ends(start: &[f64], end: &[f64], num_parameters: usize) -> Result<()> {
    require_point("the start of a path", start, num_parameters)?;
    require_point("the end of a path", end, num_parameters)?;
    if start == end {
        return Err(TatiError::InvalidSetting {
            name: "end of a path",
            value: "its start".to_string(),
            expected: "another point".to_string(),
        });
    }
    Ok(())
}

pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}
