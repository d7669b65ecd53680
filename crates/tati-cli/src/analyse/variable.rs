//! Collective variables by name: a parameter, the potential, a principal component, a diffusion coordinate.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use tati::landscape::{PrincipalComponentsConfig, Recording, cosine_content};

use crate::error::{CliError, suggestion};
use crate::options::diffusion_map::DiffusionMapOptions;
use crate::options::draws::required_potentials;

/// Half periods of the cosines of time that a variable is compared with.
const HALF_PERIODS: usize = 2;

/// A collective variable as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Variable {
    Potential,
    /// Principal component number k, from 1.
    Component(usize),
    /// Diffusion coordinate number k, from 1; 0 is the constant.
    Diffusion(usize),
    Parameter(String),
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |count: &str| match count.parse() {
            Ok(0) | Err(_) => Err(format!("`{count}` in `{text}` is not a number from 1")),
            Ok(number) => Ok(number),
        };
        Ok(match text.split_once(':') {
            None if text == "potential" || text == "loss" => Self::Potential,
            Some(("component", count)) => Self::Component(number(count)?),
            Some(("diffusion", count)) => Self::Diffusion(number(count)?),
            _ => Self::Parameter(text.to_string()),
        })
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Potential => f.write_str("potential"),
            Self::Component(number) => write!(f, "component:{number}"),
            Self::Diffusion(number) => write!(f, "diffusion:{number}"),
            Self::Parameter(name) => f.write_str(name),
        }
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Variable {
    /// What an axis is called.
    pub fn label(&self) -> String {
        match self {
            Self::Potential => "potential U".to_string(),
            Self::Component(number) => format!("principal component {number}"),
            Self::Diffusion(number) => format!("diffusion coordinate {number}"),
            Self::Parameter(name) => name.clone(),
        }
    }

    /// Its values at the draws, chains one after the other.
    pub fn values(
        &self,
        recording: &Recording,
        map: &DiffusionMapOptions,
    ) -> Result<Vec<f64>, CliError> {
        let draws = recording.draws()?;
        match self {
            Self::Potential => Ok(required_potentials(recording, "this free energy")?.concat()),
            Self::Component(number) => {
                let components = PrincipalComponentsConfig::new(*number).compute(&draws)?;
                let mut values = Vec::new();
                for chain in 0..draws.num_chains() {
                    let coordinates = components.project(&draws, chain)?;
                    values.extend(coordinates.column(number - 1).iter());
                }
                Ok(values)
            }
            Self::Diffusion(number) => {
                let found = map.config(number + 1).fit(&draws)?;
                Ok(found
                    .coordinates()
                    .column(*number)
                    .iter()
                    .copied()
                    .collect())
            }
            Self::Parameter(name) => {
                let names = recording.parameter_names();
                let Some(at) = names.iter().position(|known| known == name) else {
                    let known = ["potential", "component:1", "diffusion:1"].into_iter();
                    let known = known.chain(names.iter().map(String::as_str));
                    return Err(CliError::Usage(format!(
                        "`--along {name}` is no parameter of {}, and none of potential, component:K and diffusion:K{}",
                        recording.origin(),
                        suggestion(name, known)
                    )));
                };
                Ok(draws.series(at)?)
            }
        }
    }
}

/// The largest share of a chain's values that is a slow cosine of time: near 1 where the chain has wandered along the variable once.
pub fn largest_cosine_content(values: &[f64], num_draws: usize) -> f64 {
    let of_chain = |chain: &[f64]| {
        let mean = chain.iter().sum::<f64>() / chain.len() as f64;
        let centred: Vec<f64> = chain.iter().map(|value| value - mean).collect();
        let contents = (1..=HALF_PERIODS).map(|count| cosine_content(&centred, count));
        contents.fold(0.0, f64::max)
    };
    values
        .chunks_exact(num_draws)
        .map(of_chain)
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_written_as_they_are_read() {
        for text in [
            "potential",
            "component:2",
            "diffusion:1",
            "layer.weight[0][1]",
        ] {
            assert_eq!(text.parse::<Variable>().unwrap().to_string(), text);
        }
        assert_eq!("loss".parse::<Variable>().unwrap(), Variable::Potential);
        assert!("component:0".parse::<Variable>().is_err());
        assert!("diffusion:x".parse::<Variable>().is_err());
    }

    #[test]
    fn half_a_wave_is_a_cosine_of_time_and_many_are_not() {
        let wave = |periods: f64| -> Vec<f64> {
            let phase =
                |draw: u32| std::f64::consts::TAU * periods * (f64::from(draw) + 0.5) / 400.0;
            (0..400).map(|draw| phase(draw).cos()).collect()
        };
        assert!((largest_cosine_content(&wave(0.5), 400) - 1.0).abs() < 1e-12);
        assert!(largest_cosine_content(&wave(20.0), 400) < 1e-12);
    }
}
