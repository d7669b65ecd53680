//! Priors: potentials added to U inside the kick, and counted in every energy.

use burn::config::Config;
use tati_core::{Result, require_positive};

/// A quadratic potential added to the loss for every parameter that a sampler moves.
///
/// Its gradient enters the kick of every step, so the sampled density is exp(−β(U + U_prior)), and
/// [`Observables`](crate::Observables) contain it.
#[derive(Config, Debug, PartialEq)]
pub enum Prior {
    /// U_prior = (strength/2)·|θ|², strength as given: a normal density N(0, 1/(β·strength)) over each parameter.
    Gaussian(f64),
    /// U_prior = (strength/2)·|θ − θ₀|² with θ₀ the parameters at the sampler's first step: keeps a chain near where it began
    /// (the localising term of Lau et al., "The local learning coefficient", 2023).
    Tether(f64),
}

impl Prior {
    /// The Gaussian prior under which each parameter has this standard deviation: strength = 1/(β·σ²).
    pub fn gaussian_with_standard_deviation(
        standard_deviation: f64,
        inverse_temperature: f64,
    ) -> Self {
        Self::Gaussian(1.0 / (inverse_temperature * standard_deviation * standard_deviation))
    }

    pub(crate) fn strength(&self) -> f64 {
        match self {
            Self::Gaussian(strength) | Self::Tether(strength) => *strength,
        }
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let name = match self {
            Self::Gaussian(_) => "strength of the Gaussian prior",
            Self::Tether(_) => "strength of the tether",
        };
        require_positive(name, self.strength())
    }
}
