//! An axis of a grid: a name and equidistant values.

use std::ops::RangeInclusive;

use tati_core::{Result, TatiError, require_count};

/// The name of an axis and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The name, as it heads a column of a table.
    pub name: String,
    /// The values.
    pub values: Vec<f64>,
}

impl Axis {
    /// `points` equidistant values over `range`, both ends among them. A single point takes a range of one value.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no point, or the range is empty or not finite.
    ///
    /// # Example
    /// ```
    /// use tati_landscape::Axis;
    ///
    /// let axis = Axis::equidistant("c0", -1.0..=1.0, 5)?;
    /// assert_eq!(axis.values, [-1.0, -0.5, 0.0, 0.5, 1.0]);
    /// assert!(Axis::equidistant("c0", 1.0..=-1.0, 5).is_err());
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn equidistant(
        name: impl Into<String>,
        range: RangeInclusive<f64>,
        points: usize,
    ) -> Result<Self> {
        let (low, high) = range.into_inner();
        require_count("points of an axis", points, 1..)?;
        let is_finite = low.is_finite() && high.is_finite();
        let (fits, expected) = match points {
            1 => (low == high, "one finite value for a single point"),
            _ => (low < high, "finite, its second end above the first"),
        };
        if !is_finite || !fits {
            return Err(TatiError::InvalidSetting {
                name: "range of an axis",
                value: format!("from {low} to {high}"),
                expected: expected.to_string(),
            });
        }
        let last = (points - 1).max(1) as f64;
        let value = |index: usize| {
            // Both ends exactly, and 0 in the middle of a symmetric range.
            let share = index as f64 / last;
            low * (1.0 - share) + high * share
        };
        Ok(Self {
            name: name.into(),
            values: (0..points).map(value).collect(),
        })
    }
}

/// More points than any machine evaluates in a day.
const MOST_POINTS: usize = 100_000_000;

/// Every combination of the axes' values, row-major of shape \[points, axes\], the last axis fastest.
pub(crate) fn grid_points(axes: &[Axis]) -> Result<Vec<f64>> {
    require_count("number of axes", axes.len(), 1..)?;
    let mut num_points = 1usize;
    for axis in axes {
        require_count("points of an axis", axis.values.len(), 1..)?;
        if let Some(&value) = axis.values.iter().find(|value| !value.is_finite()) {
            return Err(TatiError::NotFinite {
                what: format!("a value of axis `{}`", axis.name),
                value,
                remedy: "give finite numbers",
            });
        }
        num_points = num_points.saturating_mul(axis.values.len());
    }
    require_count("points of the grid", num_points, 1..=MOST_POINTS)?;
    let mut points = Vec::with_capacity(num_points * axes.len());
    for point in 0..num_points {
        let indices = grid_indices(axes, point);
        points.extend(axes.iter().zip(indices).map(|(axis, i)| axis.values[i]));
    }
    Ok(points)
}

/// The index on each axis of a point of the grid.
pub(crate) fn grid_indices(axes: &[Axis], point: usize) -> Vec<usize> {
    let mut indices = vec![0; axes.len()];
    let mut rest = point;
    for (index, axis) in indices.iter_mut().zip(axes).rev() {
        *index = rest % axis.values.len();
        rest /= axis.values.len();
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_exact_and_a_symmetric_range_has_its_middle_at_0() {
        for (low, high, points) in [(-0.1, 0.1, 41), (0.1, 0.7, 7), (-1e-5, 1e-5, 3)] {
            let values = Axis::equidistant("x", low..=high, points).unwrap().values;
            assert_eq!((values[0], values[points - 1]), (low, high));
            if low == -high {
                assert_eq!(values[points / 2], 0.0);
            }
        }
        let single = Axis::equidistant("x", 2.5..=2.5, 1).unwrap();
        assert_eq!(single.values, [2.5]);
    }

    #[test]
    fn empty_ranges_and_no_points_are_refused() {
        let message = |range, points| {
            Axis::equidistant("x", range, points)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(0.0..=1.0, 0),
            "`points of an axis` is 0: it must be at least 1"
        );
        for range in [1.0..=0.0, 1.0..=1.0, 0.0..=f64::INFINITY, f64::NAN..=1.0] {
            assert!(message(range.clone(), 3).contains("second end above the first"));
        }
        assert!(message(0.0..=1.0, 1).contains("a single point"));
    }

    #[test]
    fn grids_are_row_major_and_of_a_bounded_size() {
        let axis = |values: &[f64]| Axis {
            name: "x".to_string(),
            values: values.to_vec(),
        };
        let points = grid_points(&[axis(&[1.0, 2.0]), axis(&[3.0, 4.0, 5.0])]).unwrap();
        let expected = [1., 3., 1., 4., 1., 5., 2., 3., 2., 4., 2., 5.];
        assert_eq!(points, expected);
        assert!(grid_points(&[]).is_err());
        assert!(grid_points(&[axis(&[])]).is_err());
        assert!(grid_points(&[axis(&[1.0, f64::NAN])]).is_err());
        let many = vec![axis(&[0.0; 100]); 20];
        let message = grid_points(&many).unwrap_err().to_string();
        assert!(message.contains("`points of the grid`"), "{message}");
    }
}
