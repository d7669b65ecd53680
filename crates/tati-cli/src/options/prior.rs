//! The prior that is added to the loss.

use serde::{Deserialize, Serialize};
use tati::samplers::{Prior, WallsConfig};

use crate::error::CliError;

/// At most one prior.
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(next_help_heading = "Prior, added to U")]
pub struct PriorArgs {
    /// (S/2) |θ|²
    #[arg(long, value_name = "S")]
    pub prior_gaussian: Option<f64>,
    /// S Σ|θᵢ|
    #[arg(long, value_name = "S", hide_short_help = true)]
    pub prior_laplace: Option<f64>,
    /// (S/2) |θ − θ₀|², θ₀ being the start of a chain
    #[arg(long, value_name = "S", hide_short_help = true)]
    pub prior_tether: Option<f64>,
    /// A spring below this value of each parameter
    #[arg(
        long,
        value_name = "X",
        allow_negative_numbers = true,
        hide_short_help = true
    )]
    pub wall_lower: Option<f64>,
    /// A spring above this value of each parameter
    #[arg(
        long,
        value_name = "X",
        allow_negative_numbers = true,
        hide_short_help = true
    )]
    pub wall_upper: Option<f64>,
    /// Stiffness of the walls' springs [default: 1000]
    #[arg(long, value_name = "S", hide_short_help = true)]
    pub wall_strength: Option<f64>,
}

impl PriorArgs {
    /// The prior; `None` if there is none.
    pub fn prior(&self) -> Result<Option<Prior>, CliError> {
        let has_walls = self.wall_lower.is_some() || self.wall_upper.is_some();
        if self.wall_strength.is_some() && !has_walls {
            return Err(CliError::Usage(
                "--wall-strength is without a wall: give --wall-lower or --wall-upper".to_string(),
            ));
        }
        let walls = has_walls.then(|| {
            Prior::Walls(
                WallsConfig::new(self.wall_strength.unwrap_or(1000.0))
                    .with_lower(self.wall_lower)
                    .with_upper(self.wall_upper),
            )
        });
        let given = [
            self.prior_gaussian.map(Prior::Gaussian),
            self.prior_laplace.map(Prior::Laplace),
            self.prior_tether.map(Prior::Tether),
            walls,
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (_, Some(_)) => Err(CliError::Usage(
                "two priors are given: choose one of --prior-gaussian, --prior-laplace, --prior-tether and the walls"
                    .to_string(),
            )),
            (prior, None) => Ok(prior),
        }
    }

    /// These options, or those of a saved run if none is given.
    pub fn over(self, saved: Option<&Self>) -> Self {
        let is_given = self.prior_gaussian.is_some()
            || self.prior_laplace.is_some()
            || self.prior_tether.is_some()
            || self.wall_lower.is_some()
            || self.wall_upper.is_some()
            || self.wall_strength.is_some();
        match saved {
            Some(saved) if !is_given => saved.clone(),
            _ => self,
        }
    }
}
