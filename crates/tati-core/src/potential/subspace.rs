//! Points of the form θ₀ + Σₖ cₖ dₖ: a line for one direction, a plane for two.

use crate::{Result, TatiError, require_count};

/// The points
///
/// ```text
/// θ(c) = θ₀ + Σₖ cₖ dₖ
/// ```
///
/// for an origin θ₀ and directions dₖ, all of length N: a line for one direction, a plane for two. The directions need be neither
/// orthogonal nor of length 1.
///
/// # Example
/// ```
/// use tati_core::AffineSubspace;
///
/// let plane = AffineSubspace::new(&[1.0, 2.0, 3.0], &[&[1.0, 0.0, 0.0], &[0.0, 1.0, 1.0]])?;
/// assert_eq!(plane.point(&[0.5, -1.0])?, [1.5, 1.0, 2.0]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AffineSubspace {
    origin: Vec<f64>,
    directions: Vec<Vec<f64>>,
}

impl AffineSubspace {
    /// The points around `origin` along `directions`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no parameter or no direction, or a direction is zero;
    /// [`TatiError::ShapeMismatch`] if a direction is not as long as the origin; [`TatiError::NotFinite`] if a number is not.
    pub fn new(origin: &[f64], directions: &[&[f64]]) -> Result<Self> {
        require_count("number of parameters", origin.len(), 1..)?;
        require_count("number of directions", directions.len(), 1..)?;
        require_finite("origin", origin)?;
        for (index, direction) in directions.iter().enumerate() {
            if direction.len() != origin.len() {
                return Err(TatiError::ShapeMismatch {
                    what: format!("length of direction {index}"),
                    expected: format!("{}, as of the origin", origin.len()),
                    found: direction.len().to_string(),
                });
            }
            require_finite(&format!("direction {index}"), direction)?;
            if direction.iter().all(|&x| x == 0.0) {
                return Err(TatiError::InvalidSetting {
                    name: "direction",
                    value: format!("0 everywhere (direction {index})"),
                    expected: "a vector other than 0".to_string(),
                });
            }
        }
        Ok(Self {
            origin: origin.to_vec(),
            directions: directions.iter().map(|d| d.to_vec()).collect(),
        })
    }

    /// N, the number of parameters.
    pub fn num_parameters(&self) -> usize {
        self.origin.len()
    }

    /// The number of directions.
    pub fn num_directions(&self) -> usize {
        self.directions.len()
    }

    /// θ₀.
    pub fn origin(&self) -> &[f64] {
        &self.origin
    }

    /// The directions dₖ.
    pub fn directions(&self) -> &[Vec<f64>] {
        &self.directions
    }

    /// θ(c), of length N.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] unless there is one coefficient a direction.
    pub fn point(&self, coefficients: &[f64]) -> Result<Vec<f64>> {
        self.num_points(coefficients)
            .and_then(|points| match points {
                1 => Ok(self.points(coefficients)),
                _ => Err(self.wrong_length(coefficients)),
            })
    }

    /// θ(c) for every row c of `coefficients`, of shape \[points, N\], row-major.
    pub(super) fn points(&self, coefficients: &[f64]) -> Vec<f64> {
        let rows = coefficients.chunks_exact(self.num_directions());
        let mut points = Vec::with_capacity(rows.len() * self.num_parameters());
        for row in rows {
            let start = points.len();
            points.extend_from_slice(&self.origin);
            for (c, direction) in row.iter().zip(&self.directions) {
                for (theta, d) in points[start..].iter_mut().zip(direction) {
                    *theta += c * d;
                }
            }
        }
        points
    }

    /// The number of rows of `coefficients`, of shape \[points, directions\].
    pub(super) fn num_points(&self, coefficients: &[f64]) -> Result<usize> {
        if coefficients.len().is_multiple_of(self.num_directions()) {
            Ok(coefficients.len() / self.num_directions())
        } else {
            Err(self.wrong_length(coefficients))
        }
    }

    /// Checks that the points have `num_parameters` components.
    pub(super) fn require_parameters(&self, num_parameters: usize) -> Result<()> {
        if self.num_parameters() == num_parameters {
            return Ok(());
        }
        Err(TatiError::ShapeMismatch {
            what: "length of the origin".to_string(),
            expected: format!("{num_parameters}, the parameters of the potential"),
            found: self.num_parameters().to_string(),
        })
    }

    fn wrong_length(&self, coefficients: &[f64]) -> TatiError {
        TatiError::ShapeMismatch {
            what: "number of coefficients".to_string(),
            expected: format!("{} a point, one a direction", self.num_directions()),
            found: coefficients.len().to_string(),
        }
    }
}

fn require_finite(what: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(TatiError::NotFinite {
            what: format!("component {index} of {what}"),
            value: values[index],
            remedy: "give finite numbers",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spans_nothing_is_refused() {
        let message = |origin: &[f64], directions: &[&[f64]]| {
            AffineSubspace::new(origin, directions)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(&[0.0, 1.0], &[&[1.0, 0.0], &[1.0]]),
            "length of direction 1: expected 2, as of the origin, found 1"
        );
        assert_eq!(
            message(&[0.0, 1.0], &[&[0.0, 0.0]]),
            "`direction` is 0 everywhere (direction 0): it must be a vector other than 0"
        );
        assert_eq!(
            message(&[0.0], &[]),
            "`number of directions` is 0: it must be at least 1"
        );
        assert!(message(&[], &[]).contains("number of parameters"));
        assert!(message(&[f64::NAN], &[&[1.0]]).starts_with("component 0 of origin is NaN"));
        assert!(message(&[0.0], &[&[f64::INFINITY]]).contains("direction 0 is inf"));
    }

    #[test]
    fn a_point_takes_one_coefficient_a_direction() {
        let line = AffineSubspace::new(&[1.0, 1.0], &[&[2.0, 0.0]]).unwrap();
        assert_eq!(line.point(&[0.25]).unwrap(), [1.5, 1.0]);
        for wrong in [&[][..], &[1.0, 2.0]] {
            assert!(line.point(wrong).is_err(), "{wrong:?}");
        }
    }
}
