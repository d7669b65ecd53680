//! Priors: potentials added to U inside the kick, and counted in every energy.

mod potential;

use burn::config::Config;
use tati_core::{Result, TatiError, require_positive};

use crate::fused::real::Real;

pub use potential::PotentialWithPrior;

/// A potential added to the loss for every parameter that a sampler moves.
///
/// Its gradient enters the kick of every step, so the sampled density is exp(−β(U + U_prior)); energies, observables and
/// accept steps contain it.
#[derive(Config, Debug, PartialEq)]
pub enum Prior {
    /// U_prior = (strength/2)·|θ|², strength as given: a normal density N(0, 1/(β·strength)) over each parameter.
    Gaussian(f64),
    /// U_prior = strength·Σ|θᵢ|: a Laplace density of scale 1/(β·strength) over each parameter. At θᵢ = 0 its force is 0.
    Laplace(f64),
    /// U_prior = (strength/2)·|θ − θ₀|² with θ₀ the parameters at the sampler's first step: keeps a chain near where it began
    /// (the localising term of Lau et al., "The local learning coefficient", 2023).
    Tether(f64),
    /// Walls at `lower`, `upper` or both, each a harmonic spring where a parameter has gone past it.
    Walls(WallsConfig),
}

/// Walls that parameters can press into, but not far: U_prior = (strength/2)·Σᵢ (past the wall by)², and 0 between them.
///
/// At inverse temperature β a wall is soft over a length of about 1/sqrt(β·strength).
///
/// # Example
/// ```
/// use tati_samplers::{Prior, WallsConfig};
///
/// let box_of_two = Prior::Walls(WallsConfig::new(1.0e3).with_lower(Some(-2.0)).with_upper(Some(2.0)));
/// let positive = Prior::Walls(WallsConfig::new(1.0e3).with_lower(Some(0.0)));
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct WallsConfig {
    /// Stiffness of the springs.
    pub strength: f64,
    /// The lower wall; none if `None`.
    pub lower: Option<f64>,
    /// The upper wall; none if `None`.
    pub upper: Option<f64>,
}

impl Prior {
    /// The Gaussian prior under which each parameter has this standard deviation: strength = 1/(β·σ²).
    pub fn gaussian_with_standard_deviation(
        standard_deviation: f64,
        inverse_temperature: f64,
    ) -> Self {
        Self::Gaussian(1.0 / (inverse_temperature * standard_deviation * standard_deviation))
    }

    /// Whether the prior needs to know where the chain began.
    pub(crate) fn is_tether(&self) -> bool {
        matches!(self, Self::Tether(_))
    }

    pub(crate) fn shape(&self) -> PriorShape {
        match self {
            Self::Gaussian(strength) | Self::Tether(strength) => PriorShape::Quadratic {
                strength: *strength,
            },
            Self::Laplace(strength) => PriorShape::Absolute {
                strength: *strength,
            },
            Self::Walls(walls) => PriorShape::Walls {
                strength: walls.strength,
                lower: walls.lower.unwrap_or(f64::NEG_INFINITY),
                upper: walls.upper.unwrap_or(f64::INFINITY),
            },
        }
    }

    /// U_prior at `position`, and its gradient added to `gradient`; `center` is θ₀ of a tether.
    pub(crate) fn energy_and_add_gradient<T: Real>(
        &self,
        position: &[T],
        center: Option<&[f64]>,
        gradient: &mut [T],
    ) -> f64 {
        let shape = self.shape();
        let mut energy = 0.0;
        for (index, (theta, gradient)) in position.iter().zip(gradient).enumerate() {
            let theta = theta.to_f64();
            let center = center.map_or(0.0, |center| center[index]);
            let (force, part) = match shape {
                PriorShape::Quadratic { strength } => {
                    let displacement = theta - center;
                    (
                        strength * displacement,
                        0.5 * strength * displacement * displacement,
                    )
                }
                PriorShape::Absolute { strength } => {
                    let sign = f64::from(i8::from(theta > 0.0) - i8::from(theta < 0.0));
                    (strength * sign, strength * theta.abs())
                }
                PriorShape::Walls {
                    strength,
                    lower,
                    upper,
                } => {
                    let past = (theta - lower).min(0.0) + (theta - upper).max(0.0);
                    (strength * past, 0.5 * strength * past * past)
                }
            };
            *gradient = T::from_f64(gradient.to_f64() + force);
            energy += part;
        }
        energy
    }

    pub(crate) fn validate(&self) -> Result<()> {
        match self {
            Self::Gaussian(strength) => {
                require_positive("strength of the Gaussian prior", *strength)
            }
            Self::Laplace(strength) => require_positive("strength of the Laplace prior", *strength),
            Self::Tether(strength) => require_positive("strength of the tether", *strength),
            Self::Walls(walls) => walls.validate(),
        }
    }
}

impl WallsConfig {
    fn validate(&self) -> Result<()> {
        require_positive("strength of the walls", self.strength)?;
        let invalid = |name, value: String, expected: &str| {
            Err(TatiError::InvalidSetting {
                name,
                value,
                expected: expected.to_string(),
            })
        };
        match (self.lower, self.upper) {
            (None, None) => invalid(
                "walls",
                "without a lower and an upper wall".to_string(),
                "given at least one of them",
            ),
            (Some(lower), _) if !lower.is_finite() => {
                invalid("lower wall", lower.to_string(), "a finite number")
            }
            (_, Some(upper)) if !upper.is_finite() => {
                invalid("upper wall", upper.to_string(), "a finite number")
            }
            (Some(lower), Some(upper)) if lower >= upper => invalid(
                "lower wall",
                lower.to_string(),
                &format!("below the upper wall, {upper}"),
            ),
            _ => Ok(()),
        }
    }
}

/// A prior as the kernels see it: the same function of every element, but for the center of a quadratic one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PriorShape {
    /// (strength/2) (θ − center)².
    Quadratic { strength: f64 },
    /// strength |θ|.
    Absolute { strength: f64 },
    /// (strength/2) (past the walls by)².
    Walls {
        strength: f64,
        lower: f64,
        upper: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energies_and_gradients_written_out() {
        let theta = [-3.0, 0.0, 0.5, 4.0];
        let walls =
            |lower, upper| Prior::Walls(WallsConfig::new(2.0).with_lower(lower).with_upper(upper));
        let cases = [
            (Prior::Gaussian(2.0), None, 25.25, [-6.0, 0.0, 1.0, 8.0]),
            (Prior::Laplace(2.0), None, 15.0, [-2.0, 0.0, 2.0, 2.0]),
            (
                Prior::Tether(2.0),
                Some([-3.0, 1.0, 0.5, 2.0]),
                5.0,
                [0.0, -2.0, 0.0, 4.0],
            ),
            (walls(Some(-1.0), None), None, 4.0, [-4.0, 0.0, 0.0, 0.0]),
            (walls(None, Some(1.0)), None, 9.0, [0.0, 0.0, 0.0, 6.0]),
            (
                walls(Some(-1.0), Some(1.0)),
                None,
                13.0,
                [-4.0, 0.0, 0.0, 6.0],
            ),
        ];
        for (prior, center, energy, forces) in cases {
            let mut gradient = [1.0; 4];
            let found = prior.energy_and_add_gradient(
                &theta,
                center.as_ref().map(<[f64; 4]>::as_slice),
                &mut gradient,
            );
            assert_eq!(found, energy, "{prior:?}");
            assert_eq!(gradient, forces.map(|force| force + 1.0), "{prior:?}");
        }
    }

    #[test]
    fn walls_that_make_no_sense_are_refused() {
        for (lower, upper) in [
            (None, None),
            (Some(1.0), Some(1.0)),
            (Some(2.0), Some(1.0)),
            (Some(f64::NAN), None),
            (None, Some(f64::INFINITY)),
        ] {
            let walls = WallsConfig::new(1.0).with_lower(lower).with_upper(upper);
            assert!(
                Prior::Walls(walls).validate().is_err(),
                "{lower:?} {upper:?}"
            );
        }
        assert!(Prior::Laplace(-1.0).validate().is_err());
    }
}
