//! The figures and tables of a free energy.

use tati::landscape::Recording;
use tati::landscape::plot::{self, Curve, FreeEnergy, FreeEnergyMap, Grid, Mark};
use tati::write_table;

use super::free_energy::{Energies, Results};
use crate::error::CliError;
use crate::options::out::OutFolder;

pub(super) fn write(
    mut out: OutFolder,
    results: &Results,
    recording: &Recording,
) -> Result<Vec<String>, CliError> {
    let source = recording.origin();
    let title = format!("Free energy at β = {}", results.inverse_temperature);
    let labels: Vec<String> = results
        .variables
        .iter()
        .map(|variable| variable.label())
        .collect();
    let populations: Vec<String> = results
        .basins
        .iter()
        .map(|basin| format!("{:.1} %", 100.0 * basin.population))
        .collect();
    match &results.energies {
        Energies::Profile {
            coordinate,
            free_energy,
            error,
            draws_in_bin,
            ..
        } => {
            out.table("free-energy", |path| {
                let header = ["num_draws", "coordinate", "free_energy", "error"];
                let rows = (0..coordinate.len()).map(|at| {
                    let numbers = vec![coordinate[at], free_energy[at], error[at]];
                    (vec![draws_in_bin[at]], numbers)
                });
                write_table(path, header, rows)
            })?;
            let heights: Vec<[String; 2]> = results
                .barriers
                .iter()
                .map(|barrier| {
                    [0, 1].map(|side| {
                        format!("{:.3} ± {:.3}", barrier.heights[side], barrier.errors[side])
                    })
                })
                .collect();
            let barriers = results.barriers.iter().zip(&heights);
            let barriers: Vec<plot::Barrier<'_>> = barriers
                .filter(|(barrier, _)| barrier.heights[0].is_finite())
                .flat_map(|(barrier, labels)| {
                    [0, 1].map(|side| {
                        let basin = &results.basins[barrier.between[side]];
                        let top = basin.free_energy + barrier.heights[side];
                        plot::Barrier {
                            bottom: [basin.position[0], basin.free_energy],
                            top: [barrier.position[0], top],
                            label: &labels[side],
                        }
                    })
                })
                .collect();
            let curve = Curve {
                label: "draws",
                x: coordinate,
                y: free_energy,
                error,
            };
            let figure = FreeEnergy {
                curves: &[curve],
                barriers: &barriers,
                x_label: &labels[0],
                y_label: "free energy F",
                title: &title,
                source: &source,
                ..FreeEnergy::default()
            };
            out.figure("free-energy", |path| figure.save(path))?;
        }
        Energies::Plane {
            coordinate,
            free_energy,
            error,
        } => {
            out.table("free-energy", |path| {
                let header = ["coordinate1", "coordinate2", "free_energy", "error"];
                let places = coordinate[0].iter().enumerate().flat_map(|(row, x)| {
                    let columns = coordinate[1].iter().enumerate();
                    columns.map(move |(column, y)| (row, column, *x, *y))
                });
                let rows = places.map(|(row, column, x, y)| {
                    let numbers = vec![x, y, free_energy[row][column], error[row][column]];
                    (Vec::<usize>::new(), numbers)
                });
                write_table(path, header, rows)
            })?;
            let columns = 0..coordinate[1].len();
            let values: Vec<f64> = columns
                .flat_map(|column| free_energy.iter().map(move |row| row[column]))
                .collect();
            let basins = results.basins.iter().zip(&populations);
            let marks: Vec<Mark<'_>> = basins
                .map(|(basin, label)| Mark {
                    at: [basin.position[0], basin.position[1]],
                    label,
                })
                .collect();
            let figure = FreeEnergyMap {
                grid: Grid {
                    x: &coordinate[0],
                    y: &coordinate[1],
                    values: &values,
                },
                marks: &marks,
                x_label: &labels[0],
                y_label: &labels[1],
                value_label: "free energy F",
                title: &title,
                source: &source,
                ..FreeEnergyMap::default()
            };
            out.figure("free-energy", |path| figure.save(path))?;
        }
    }
    out.finish()
}
