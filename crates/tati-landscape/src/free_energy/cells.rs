//! What histograms, level sets and planes share: the free energy of cells, its error, and the basins that they form.

use tati_core::{Result, TatiError, require_count, require_positive};

use super::merge_tree::{Pass, flood};
use super::occupation::{Occupation, spread};

/// Basins of a free energy and the barriers between them.
///
/// A minimum has a basin of its own if the barrier by which it is left most easily (its persistence: H. Edelsbrunner, J. Harer, Computational
/// Topology (AMS 2010), section VII.1) is `significance` times as high as the errors of F at its bottom and top, taken together as if they were
/// independent. What they have in common is left out of account here, because an excursion of a few draws to where few are has them all
/// in common, and no barrier in it. Among some tens of cells the highest is above the lowest by 3 to 4 errors of noise alone. Cells without
/// draws make a barrier if draws as dense as at the minimum would have left them empty no more often: if more than half of the
/// significance squared were to be expected there, in effective draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Basins {
    /// In the order of their minima: along the variable, in a plane along the first.
    pub basins: Vec<Basin>,
    /// One fewer than basins: the lowest by which all of them are connected; along one variable those between neighbours.
    pub barriers: Vec<Barrier>,
    /// The standard errors that a barrier must be high.
    pub significance: f64,
}

/// A minimum and what drains into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Basin {
    /// The cell of its minimum.
    pub minimum: usize,
    /// The middle of that cell, a coordinate for each variable.
    pub position: Vec<f64>,
    /// F at the minimum.
    pub free_energy: f64,
    /// Its share of the weight of all draws in cells; a barrier's cell belongs to both sides in equal parts.
    pub population: f64,
    /// The standard error of the population.
    pub population_error: f64,
    /// Its cells, in order.
    pub cells: Vec<usize>,
}

/// The highest point of the lowest way between two basins.
#[derive(Clone, Debug, PartialEq)]
pub struct Barrier {
    /// The numbers of the basins.
    pub between: [usize; 2],
    /// The cell of the barrier.
    pub cell: usize,
    /// The middle of that cell, a coordinate for each variable.
    pub position: Vec<f64>,
    /// Its height above the minimum of each of the two. Infinite if no draw is on it.
    pub heights: [f64; 2],
    /// The standard errors of the heights, which know of what barrier and minimum have in common; NaN of infinite heights.
    pub errors: [f64; 2],
}

/// The free energy of cells.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells {
    pub(super) inverse_temperature: f64,
    /// Length or area of each cell.
    pub(super) volumes: Vec<f64>,
    pub(super) occupation: Occupation,
    /// F of each cell, 0 at the lowest, infinite where it is empty.
    pub(super) free_energy: Vec<f64>,
    /// NaN where it is empty, or errors are left out.
    pub(super) error: Vec<f64>,
    /// −(1/β) ln ρ of the lowest.
    pub(super) minimum: f64,
}

impl Cells {
    /// F = −(1/β) ln(share/volume) of each cell.
    pub(super) fn new(
        inverse_temperature: f64,
        volumes: Vec<f64>,
        occupation: Occupation,
    ) -> Result<Self> {
        require_positive("inverse_temperature", inverse_temperature)?;
        let temperature = 1.0 / inverse_temperature;
        let shares = occupation.shares.iter();
        let mut free_energy: Vec<f64> = shares
            .zip(&volumes)
            .map(|(share, volume)| -temperature * (share / volume).ln())
            .collect();
        let minimum = free_energy.iter().copied().fold(f64::INFINITY, f64::min);
        if !minimum.is_finite() {
            return Err(TatiError::InvalidSetting {
                name: "bins",
                value: "empty, all of them".to_string(),
                expected: "where the draws are: none is in any bin".to_string(),
            });
        }
        free_energy.iter_mut().for_each(|energy| *energy -= minimum);
        let error = |cell: usize| match occupation.shares[cell] {
            0.0 => f64::NAN,
            _ => temperature * spread(occupation.deviations(cell)),
        };
        let error: Vec<f64> = (0..volumes.len()).map(error).collect();
        // A resample without weight, all of whose draws are e⁷⁰⁰ times lighter than the heaviest.
        let lost = |(share, error): (&f64, &f64)| *share > 0.0 && error.is_nan();
        if occupation.num_resamples() > 0 && occupation.shares.iter().zip(&error).any(lost) {
            return Err(TatiError::NotFinite {
                what: "the error of the free energy".to_string(),
                value: f64::NAN,
                remedy: "sample closer to the density that is weighted for",
            });
        }
        Ok(Self {
            inverse_temperature,
            error,
            free_energy,
            minimum,
            volumes,
            occupation,
        })
    }

    /// The basins of the cells with these neighbours and middles.
    pub(super) fn basins(
        &self,
        significance: f64,
        neighbours: impl Fn(usize) -> Vec<usize>,
        middle: impl Fn(usize) -> Vec<f64>,
    ) -> Result<Basins> {
        require_positive("significance", significance)?;
        require_count("num_resamples", self.occupation.num_resamples(), 2..)?;
        let pools = flood(&self.free_energy, neighbours, |cell, minimum| {
            self.separates(cell, minimum, significance)
        });
        let basins = pools.minima.iter().enumerate().map(|(basin, minimum)| {
            let shares_of: Vec<(usize, f64)> = (0..self.volumes.len())
                .map(|cell| (cell, part(&pools.passes, cell, basin, pools.labels[cell])))
                .filter(|(_, part)| *part > 0.0)
                .collect();
            let population = |shares: &[f64]| {
                let own = shares_of.iter().map(|(cell, part)| shares[*cell] * part);
                own.sum::<f64>() / shares.iter().sum::<f64>()
            };
            Basin {
                minimum: *minimum,
                position: middle(*minimum),
                free_energy: self.free_energy[*minimum],
                population: population(&self.occupation.shares),
                population_error: self.occupation.error(population),
                cells: (0..self.volumes.len())
                    .filter(|cell| pools.labels[*cell] == basin)
                    .collect(),
            }
        });
        let barriers = pools.passes.iter().map(|pass| {
            let minima = pass.between.map(|basin| pools.minima[basin]);
            Barrier {
                between: pass.between,
                cell: pass.cell,
                position: middle(pass.cell),
                heights: minima
                    .map(|minimum| self.free_energy[pass.cell] - self.free_energy[minimum]),
                errors: minima.map(|minimum| self.error_of_height(pass.cell, minimum)),
            }
        });
        Ok(Basins {
            basins: basins.collect(),
            barriers: barriers.collect(),
            significance,
        })
    }

    /// Whether `cell` is so high above `minimum` that noise would not make it so.
    fn separates(&self, cell: usize, minimum: usize, significance: f64) -> bool {
        let height = self.free_energy[cell] - self.free_energy[minimum];
        if height.is_finite() {
            return height > significance * self.error[cell].hypot(self.error[minimum]);
        }
        let relative_error = self.inverse_temperature * self.error[minimum];
        let expected = self.volumes[cell] / self.volumes[minimum] / relative_error.powi(2);
        // e^(−expected) is the chance that none is there, e^(−significance²/2) about that of the other case.
        expected > 0.5 * significance.powi(2)
    }

    fn error_of_height(&self, cell: usize, minimum: usize) -> f64 {
        if self.occupation.shares[cell] == 0.0 {
            return f64::NAN;
        }
        let [top, bottom] = [cell, minimum].map(|cell| self.occupation.deviations(cell));
        spread(top.zip(bottom).map(|(top, bottom)| top - bottom)) / self.inverse_temperature
    }
}

/// The part of `cell`, labelled `label`, that belongs to `basin`.
fn part(passes: &[Pass], cell: usize, basin: usize, label: usize) -> f64 {
    let mut owners: Vec<usize> = passes
        .iter()
        .filter(|pass| pass.cell == cell)
        .flat_map(|pass| pass.between)
        .collect();
    owners.push(label);
    owners.sort_unstable();
    owners.dedup();
    if owners.contains(&basin) {
        1.0 / owners.len() as f64
    } else {
        0.0
    }
}
