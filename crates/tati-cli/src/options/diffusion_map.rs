//! The settings of a diffusion map.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use tati::landscape::{Bandwidth, DiffusionMapConfig};

/// How a diffusion map is made.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Diffusion map")]
pub struct DiffusionMapOptions {
    /// Join each draw to its K nearest, itself counted; all to all if left out
    #[arg(long, value_name = "K")]
    pub neighbors: Option<usize>,
    /// auto, a number (in units of the parameters squared), neighbors:K or density:POWER
    #[arg(long, value_name = "ε", default_value = "auto")]
    pub bandwidth: BandwidthName,
    /// Multiply a bandwidth that is found by this
    #[arg(
        long,
        value_name = "FACTOR",
        default_value_t = 1.0,
        hide_short_help = true
    )]
    pub bandwidth_factor: f64,
    /// α, the power of the density that is divided out; 0.5 for the Langevin dynamics of the draws
    #[arg(
        long,
        value_name = "α",
        default_value_t = 0.5,
        allow_negative_numbers = true,
        hide_short_help = true
    )]
    pub density_exponent: f64,
    /// The dimension that the draws lie on; estimated if left out
    #[arg(long, value_name = "D", hide_short_help = true)]
    pub dimension: Option<f64>,
}

impl DiffusionMapOptions {
    /// The map with so many eigenpairs.
    pub fn config(&self, num_eigenpairs: usize) -> DiffusionMapConfig {
        DiffusionMapConfig::new(num_eigenpairs)
            .with_neighbors(self.neighbors)
            .with_bandwidth(self.bandwidth.0)
            .with_bandwidth_factor(self.bandwidth_factor)
            .with_density_exponent(self.density_exponent)
            .with_dimension(self.dimension)
    }
}

/// A bandwidth as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandwidthName(Bandwidth);

impl FromStr for BandwidthName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown =
            || format!("`{text}` is none of auto, a number, neighbors:K and density:POWER");
        let found = match text.split_once(':') {
            None if text == "auto" => Bandwidth::BerryGiannakisHarlim,
            None => Bandwidth::Fixed(text.parse().map_err(|_| unknown())?),
            Some(("neighbors", count)) => {
                Bandwidth::NeighborDistance(count.parse().map_err(|_| unknown())?)
            }
            Some(("density", power)) => {
                Bandwidth::DensityPower(power.parse().map_err(|_| unknown())?)
            }
            Some(_) => return Err(unknown()),
        };
        Ok(Self(found))
    }
}

impl fmt::Display for BandwidthName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Bandwidth::BerryGiannakisHarlim => f.write_str("auto"),
            Bandwidth::Fixed(bandwidth) => write!(f, "{bandwidth}"),
            Bandwidth::NeighborDistance(count) => write!(f, "neighbors:{count}"),
            Bandwidth::DensityPower(power) => write!(f, "density:{power}"),
        }
    }
}

impl Serialize for BandwidthName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_written_as_they_are_read() {
        for text in ["auto", "0.25", "neighbors:8", "density:-0.5"] {
            assert_eq!(text.parse::<BandwidthName>().unwrap().to_string(), text);
        }
        for text in ["", "wide", "neighbors:", "density:x", "other:1"] {
            assert!(text.parse::<BandwidthName>().is_err(), "{text}");
        }
    }
}
