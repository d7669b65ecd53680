//! Measured free energies beside theory.

use serde::Serialize;
use tati::TatiError;
use tati::analytic::MuellerBrown;
use tati::landscape::{
    Basins, Bins, CollectiveVariable, FreeEnergyPlane, FreeEnergyPlaneConfig, FreeEnergyProfile,
    FreeEnergyProfileConfig,
};

use crate::wells::Well;

/// Errors that a barrier must be high.
const SIGNIFICANCE: f64 = 5.0;
/// Rectangles along each coordinate of the plane.
const PLANE_BINS: usize = 40;

/// A free energy along a variable.
pub struct Profile {
    pub title: &'static str,
    pub well: &'static str,
    pub variable: &'static str,
    pub measured: FreeEnergyProfile,
    /// −(1/β) ln ρ in each bin, shifted as the measurement.
    pub theory: Vec<f64>,
    pub basins: Vec<Basin>,
    pub barriers: Vec<Barrier>,
}

/// The free energy over both coordinates of the Müller-Brown surface.
pub struct Plane {
    pub measured: FreeEnergyPlane,
    pub basins: Vec<Basin>,
    pub barriers: Vec<Barrier>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Basin {
    pub position: Vec<f64>,
    pub free_energy: f64,
    pub population: f64,
    pub population_error: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Barrier {
    pub between: [usize; 2],
    pub position: Vec<f64>,
    pub heights: [f64; 2],
    pub errors: [f64; 2],
    pub exact: [f64; 2],
}

impl Barrier {
    /// Its height above one of the basins, with two digits of its error.
    pub fn height(&self, side: usize) -> String {
        let [height, error] = [self.heights[side], self.errors[side]];
        let digits = if error > 0.0 {
            (1.0 - error.log10().floor()).clamp(0.0, 6.0) as usize
        } else {
            0
        };
        format!("{height:.digits$} ± {error:.digits$}")
    }
}

impl Profile {
    pub fn new(
        well: &Well,
        inverse_temperature: f64,
        values: &[f64],
        chain_lengths: &[usize],
        num_bins: usize,
    ) -> Result<Self, TatiError> {
        let exact = well.exact(inverse_temperature);
        let edges = exact.bins(num_bins);
        let theory = exact.in_bins(&edges);
        let variable = CollectiveVariable::new(values, chain_lengths)?;
        let measured = FreeEnergyProfileConfig::new(inverse_temperature)
            .with_bins(Bins::Edges(edges))
            .compute(&variable)?;
        let found = measured.basins(SIGNIFICANCE)?;
        // Free energies of theory between two places, at fifty places a bin.
        let between = |low: f64, high: f64| -> Vec<f64> {
            let places = 50 * num_bins;
            let at = |place: usize| low + (high - low) * place as f64 / places as f64;
            (0..=places).map(|place| exact.at(at(place))).collect()
        };
        let exact_heights = |pair: [usize; 2]| {
            let minima = pair.map(|basin| found.basins[basin].position[0]);
            let top = between(minima[0], minima[1]);
            let top = top.into_iter().fold(f64::NEG_INFINITY, f64::max);
            pair.map(|basin| {
                let cells = &found.basins[basin].cells;
                let [first, last] = [cells[0], cells[cells.len() - 1]];
                let inside = between(measured.intervals[first][0], measured.intervals[last][1]);
                top - inside.into_iter().fold(f64::INFINITY, f64::min)
            })
        };
        Ok(Self {
            title: well.title(),
            well: well.name(),
            variable: well.variable(),
            theory: theory.iter().map(|f| f - measured.minimum()).collect(),
            basins: basins(&found),
            barriers: barriers(&found, exact_heights),
            measured,
        })
    }

    /// The deviations of bins from theory, in errors; of bins without draws there are none.
    pub fn scores(&self) -> impl Iterator<Item = f64> {
        let measured = self
            .measured
            .free_energy()
            .iter()
            .zip(self.measured.error());
        let pairs = measured.zip(&self.theory);
        pairs
            .map(|((measured, error), theory)| (measured - theory) / error)
            .filter(|score| !score.is_nan())
    }
}

impl Plane {
    pub fn new(
        inverse_temperature: f64,
        positions: &[Vec<f64>],
        chain_lengths: &[usize],
    ) -> Result<Self, TatiError> {
        let edges = |low: f64, high: f64| {
            let edge = |edge: usize| low + (high - low) * edge as f64 / PLANE_BINS as f64;
            Bins::Edges((0..=PLANE_BINS).map(edge).collect())
        };
        let first = CollectiveVariable::new(&positions[0], chain_lengths)?;
        let measured = FreeEnergyPlaneConfig::new(inverse_temperature)
            .with_bins([edges(-1.6, 1.2), edges(-0.5, 2.1)])
            .compute(&first, &positions[1])?;
        let found = measured.basins(SIGNIFICANCE)?;
        let exact_heights = |pair: [usize; 2]| {
            let minima = pair.map(|basin| nearest_minimum(&found.basins[basin].position));
            // The way from the first minimum to the second leads through the third and over both saddles.
            let saddles = match minima {
                [0, 2] | [2, 0] => &MuellerBrown::SADDLE_ENERGIES[..1],
                [1, 2] | [2, 1] => &MuellerBrown::SADDLE_ENERGIES[1..],
                _ => &MuellerBrown::SADDLE_ENERGIES[..],
            };
            let top = saddles.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            minima.map(|minimum| top - MuellerBrown::MINIMUM_ENERGIES[minimum])
        };
        Ok(Self {
            basins: basins(&found),
            barriers: barriers(&found, exact_heights),
            measured,
        })
    }
}

fn basins(found: &Basins) -> Vec<Basin> {
    let basins = found.basins.iter().map(|basin| Basin {
        position: basin.position.clone(),
        free_energy: basin.free_energy,
        population: basin.population,
        population_error: basin.population_error,
    });
    basins.collect()
}

fn barriers(found: &Basins, exact_heights: impl Fn([usize; 2]) -> [f64; 2]) -> Vec<Barrier> {
    let barriers = found.barriers.iter().map(|barrier| Barrier {
        between: barrier.between,
        position: barrier.position.clone(),
        heights: barrier.heights,
        errors: barrier.errors,
        exact: exact_heights(barrier.between),
    });
    barriers.collect()
}

/// The number of the exact minimum that is nearest to a place.
fn nearest_minimum(place: &[f64]) -> usize {
    let distance = |minimum: &usize| {
        let [x, y] = MuellerBrown::MINIMA[*minimum];
        (place[0] - x).hypot(place[1] - y)
    };
    let by = |a: &usize, b: &usize| distance(a).total_cmp(&distance(b));
    (0..MuellerBrown::MINIMA.len()).min_by(by).unwrap_or(0)
}
