//! Whether a mean potential can be that of draws at all.

use std::fmt;

use serde::Serialize;
use tati_core::{Result, require_count, require_positive};

use crate::finite::require_finite;

/// The mean potential of draws beside the highest that their temperature allows.
///
/// Draws from exp(−βU) of a convex U of N parameters have
///
/// ```text
/// ⟨U⟩ ≤ min U + N/β ≤ U₀ + N/β
/// ```
///
/// U₀ being the potential of the start, or of any other point: by parts ⟨(θ − θ*)·∇U⟩ = N/β, and U(θ) − U(θ*) ≤ (θ − θ*)·∇U(θ) where U is
/// convex with its minimum at θ*. On a parabola ⟨U⟩ is half as far above the minimum, and where U grows as the k-th power of the distance, 1/k
/// as far. A network's U is not convex, so a mean above the bound is no proof; but it does say that the chain has left what its start
/// was a minimum of, or that steps or gradient noise heat it.
///
/// # Example
/// ```
/// use tati_landscape::{PotentialLevel, PotentialVerdict};
///
/// // Ten parameters at β = 100, begun at U₀ = 0.2: at most 0.3.
/// let level = |mean| PotentialLevel::of(mean, 0.001, 0.2, 10, 100.0);
/// assert_eq!(level(0.25)?.verdict, PotentialVerdict::Allowed);
/// assert_eq!(level(0.4)?.verdict, PotentialVerdict::TooHigh);
/// assert_eq!(level(2e21)?.verdict, PotentialVerdict::Diverged);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PotentialLevel {
    /// U₀ + N/β.
    pub bound: f64,
    /// β(⟨U⟩ − U₀)/N, at most 1 within the bound.
    pub excess: f64,
    /// What it comes to.
    pub verdict: PotentialVerdict,
}

/// What a mean potential comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PotentialVerdict {
    /// Within the bound, or above it by no more than 5 % of N/β and three standard errors.
    Allowed,
    /// Above the bound.
    TooHigh,
    /// Above [`PotentialLevel::DIVERGED`] times |U₀| + N/β: the chain is nowhere near what it began with.
    Diverged,
}

impl PotentialLevel {
    /// How many times |U₀| + N/β counts as diverged.
    pub const DIVERGED: f64 = 10.0;
    /// Share of N/β by which a mean may be above the bound.
    const TOLERANCE: f64 = 0.05;
    /// Standard errors by which it may be, beside.
    const ERRORS: f64 = 3.0;

    /// Judges ⟨U⟩ = `mean` with its standard error, which may be NaN if it is not known: then divergence alone is told.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there is no parameter or β is not a finite number above 0,
    /// [`NotFinite`](tati_core::TatiError::NotFinite) if a potential is not finite.
    pub fn of(
        mean: f64,
        error: f64,
        start: f64,
        num_parameters: usize,
        inverse_temperature: f64,
    ) -> Result<Self> {
        require_count("number of parameters", num_parameters, 1..)?;
        require_positive("inverse_temperature", inverse_temperature)?;
        let names = [
            "the mean potential of the draws",
            "the potential of the start",
        ];
        require_finite(&[mean, start], |place| names[place].to_string())?;
        let allowance = num_parameters as f64 / inverse_temperature;
        let bound = start + allowance;
        let most = bound + Self::TOLERANCE * allowance + Self::ERRORS * error;
        let verdict = if mean > Self::DIVERGED * (start.abs() + allowance) {
            PotentialVerdict::Diverged
        } else if mean > most {
            PotentialVerdict::TooHigh
        } else {
            PotentialVerdict::Allowed
        };
        Ok(Self {
            bound,
            excess: (mean - start) / allowance,
            verdict,
        })
    }
}

impl PotentialVerdict {
    /// As `too_high`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::TooHigh => "too_high",
            Self::Diverged => "diverged",
        }
    }
}

impl fmt::Display for PotentialVerdict {
    /// In a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "the potential is not above what the temperature allows",
            Self::TooHigh => {
                "the potential is higher than the temperature allows in a basin around the start: steps or gradient noise heat the chain, or it has left that basin"
            }
            Self::Diverged => {
                "the potential is far above the start and what the temperature allows: the chain has diverged; use a smaller step size, or a prior that keeps the parameters bounded"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(mean: f64, error: f64) -> PotentialVerdict {
        let level = PotentialLevel::of(mean, error, -1.0, 20, 10.0);
        level.unwrap().verdict
    }

    #[test]
    fn the_bound_has_room_for_errors() {
        // The bound is −1 + 2.
        assert_eq!(verdict(1.0, 0.0), PotentialVerdict::Allowed);
        assert_eq!(verdict(1.09, 0.0), PotentialVerdict::Allowed);
        assert_eq!(verdict(1.11, 0.0), PotentialVerdict::TooHigh);
        assert_eq!(verdict(1.11, 0.01), PotentialVerdict::Allowed);
        assert_eq!(verdict(1.14, 0.01), PotentialVerdict::TooHigh);
        // Diverged beyond 10 (|−1| + 2), whatever the error.
        assert_eq!(verdict(29.9, 0.0), PotentialVerdict::TooHigh);
        assert_eq!(verdict(30.1, 1e9), PotentialVerdict::Diverged);
        assert_eq!(verdict(29.9, f64::NAN), PotentialVerdict::Allowed);
        assert_eq!(verdict(30.1, f64::NAN), PotentialVerdict::Diverged);
    }

    /// ⟨U⟩ of exp(−βU) for U = Σ |θ|ᵏ/k is N/(kβ) in closed form: 1/k of the most that is allowed, at k = 1 all of it.
    #[test]
    fn excess_is_in_units_of_the_allowance() {
        for power in [1.0, 2.0, 4.0] {
            let level =
                PotentialLevel::of(3.0 + 20.0 / (power * 10.0), 0.0, 3.0, 20, 10.0).unwrap();
            assert!((level.excess - 1.0 / power).abs() < 1e-12);
            assert_eq!(level.verdict, PotentialVerdict::Allowed);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert!(PotentialLevel::of(f64::NAN, 0.0, 0.0, 1, 1.0).is_err());
        assert!(PotentialLevel::of(0.0, 0.0, f64::INFINITY, 1, 1.0).is_err());
        assert!(PotentialLevel::of(0.0, 0.0, 0.0, 1, f64::INFINITY).is_err());
        assert!(PotentialLevel::of(0.0, 0.0, 0.0, 0, 1.0).is_err());
    }
}
