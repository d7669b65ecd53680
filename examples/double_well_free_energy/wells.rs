//! The two wells and their exact free energies along the first coordinate.

use tati::analytic::{DoubleWell, HostPotential, MuellerBrown};

/// Points of the quadrature along a coordinate.
const POINTS: usize = 600;
/// Points of the quadrature in a bin.
const POINTS_IN_BIN: usize = 8;
/// What is shown reaches so many kT above the minimum.
const SHOWN: f64 = 5.0;

pub enum Well {
    Double(DoubleWell),
    MuellerBrown,
}

impl Well {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Double(_) => "double_well",
            Self::MuellerBrown => "mueller_brown",
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Self::Double(_) => "Double well",
            Self::MuellerBrown => "Müller-Brown surface",
        }
    }

    pub fn variable(&self) -> &'static str {
        match self {
            Self::Double(_) => "θ",
            Self::MuellerBrown => "x",
        }
    }

    pub fn potential(&self) -> &dyn HostPotential {
        match self {
            Self::Double(well) => well,
            Self::MuellerBrown => &MuellerBrown,
        }
    }

    /// Where chains begin, in turn.
    pub fn starts(&self) -> Vec<Vec<f64>> {
        match self {
            Self::Double(_) => DoubleWell::MINIMA.map(|theta| vec![theta]).to_vec(),
            Self::MuellerBrown => MuellerBrown::MINIMA.map(|place| place.to_vec()).to_vec(),
        }
    }

    /// The exact free energy −(1/β) ln ρ along the first coordinate.
    pub fn exact(&self, inverse_temperature: f64) -> Exact<'_> {
        let range = match self {
            Self::Double(well) => {
                let reach = (1.0 + (40.0 / (inverse_temperature * well.barrier())).sqrt()).sqrt();
                [-reach, reach]
            }
            Self::MuellerBrown => [-2.6, 1.8],
        };
        let exact = Exact {
            well: self,
            inverse_temperature,
            range,
            normalisation: 1.0,
        };
        let places = midpoints(range, POINTS);
        let sum: f64 = places.map(|place| exact.density(place)).sum();
        Exact {
            normalisation: sum * (range[1] - range[0]) / POINTS as f64,
            ..exact
        }
    }
}

/// The exact free energy along the first coordinate.
pub struct Exact<'a> {
    well: &'a Well,
    inverse_temperature: f64,
    range: [f64; 2],
    normalisation: f64,
}

impl Exact<'_> {
    /// At a place.
    pub fn at(&self, place: f64) -> f64 {
        -self.density(place).ln() / self.inverse_temperature
    }

    /// Of the mean density in each bin.
    pub fn in_bins(&self, edges: &[f64]) -> Vec<f64> {
        let mean = |bin: &[f64]| {
            let places = midpoints([bin[0], bin[1]], POINTS_IN_BIN);
            places.map(|place| self.density(place)).sum::<f64>() / POINTS_IN_BIN as f64
        };
        let bins = edges.windows(2);
        bins.map(|bin| -mean(bin).ln() / self.inverse_temperature)
            .collect()
    }

    /// The edges of equal bins over what is to be shown.
    pub fn bins(&self, count: usize) -> Vec<f64> {
        let curve: Vec<(f64, f64)> = midpoints(self.range, POINTS)
            .map(|place| (place, self.at(place)))
            .collect();
        let lowest = curve.iter().map(|(_, f)| *f).fold(f64::INFINITY, f64::min);
        let most = lowest + SHOWN / self.inverse_temperature;
        let shown = curve.iter().filter(|(_, f)| *f <= most);
        let (low, high) = shown.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(low, high), (at, _)| (low.min(*at), high.max(*at)),
        );
        let edge = |edge: usize| low + (high - low) * edge as f64 / count as f64;
        (0..=count).map(edge).collect()
    }

    /// ρ, all other coordinates integrated out.
    fn density(&self, place: f64) -> f64 {
        let boltzmann = |position: &[f64], lowest: f64| {
            let mut gradient = [0.0; 2];
            let gradient = &mut gradient[..position.len()];
            let potential = self.well.potential().value_and_gradient(position, gradient);
            (-self.inverse_temperature * (potential - lowest)).exp()
        };
        let weight = match self.well {
            Well::Double(_) => boltzmann(&[place], 0.0),
            Well::MuellerBrown => midpoints([-1.2, 3.2], POINTS)
                .map(|y| boltzmann(&[place, y], MuellerBrown::MINIMUM_ENERGIES[0]))
                .sum(),
        };
        weight / self.normalisation
    }
}

fn midpoints([low, high]: [f64; 2], count: usize) -> impl Iterator<Item = f64> {
    let width = (high - low) / count as f64;
    (0..count).map(move |point| low + width * (point as f64 + 0.5))
}
