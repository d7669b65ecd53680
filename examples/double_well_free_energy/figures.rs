//! The figures: both profiles beside theory, and the plane.

use std::path::Path;

use tati::TatiError;
use tati::landscape::plot::{self, Curve, FreeEnergy, FreeEnergyMap, Grid, Mark};

use crate::comparison::{Plane, Profile};
use crate::support::Failure;

/// Writes the figures and returns their paths.
pub fn write(
    folder: &Path,
    source: &str,
    profiles: &[Profile],
    plane: &Plane,
) -> Result<Vec<String>, Failure> {
    let mut written = Vec::new();
    let mut save = |name: &str, save: &dyn Fn(&Path) -> Result<(), TatiError>| {
        let path = folder.join(name);
        save(&path)?;
        written.push(path.display().to_string());
        Ok::<(), Failure>(())
    };
    for profile in profiles {
        let barriers = profile.barriers.iter();
        let labels: Vec<[String; 2]> = barriers
            .map(|barrier| [0, 1].map(|side| barrier.height(side)))
            .collect();
        let barriers: Vec<plot::Barrier<'_>> = profile
            .barriers
            .iter()
            .zip(&labels)
            .flat_map(|(barrier, labels)| {
                [0, 1].map(|side| {
                    let basin = &profile.basins[barrier.between[side]];
                    plot::Barrier {
                        bottom: [basin.position[0], basin.free_energy],
                        top: [
                            barrier.position[0],
                            basin.free_energy + barrier.heights[side],
                        ],
                        label: &labels[side],
                    }
                })
            })
            .collect();
        let measured = &profile.measured;
        let figure = FreeEnergy {
            curves: &[Curve {
                label: "measured",
                x: &measured.coordinate,
                y: measured.free_energy(),
                error: measured.error(),
            }],
            theory: Curve {
                label: "exact",
                x: &measured.coordinate,
                y: &profile.theory,
                error: &[],
            },
            barriers: &barriers,
            x_label: profile.variable,
            y_label: "free energy F",
            title: &format!("{}, β = {}", profile.title, measured.inverse_temperature),
            source,
        };
        for extension in ["png", "svg"] {
            save(&format!("{}.{extension}", profile.well), &|path| {
                figure.save(path)
            })?;
        }
    }
    let measured = &plane.measured;
    let names: Vec<String> = plane
        .basins
        .iter()
        .map(|basin| format!("{:.1} %", 100.0 * basin.population))
        .collect();
    let marks: Vec<Mark<'_>> = plane
        .basins
        .iter()
        .zip(&names)
        .map(|(basin, name)| Mark {
            at: [basin.position[0], basin.position[1]],
            label: name,
        })
        .collect();
    let free_energy = measured.free_energy();
    let figure = FreeEnergyMap {
        grid: Grid {
            x: &measured.coordinates[0],
            y: &measured.coordinates[1],
            values: free_energy.as_slice(),
        },
        path: &[],
        marks: &marks,
        x_label: "x",
        y_label: "y",
        value_label: "free energy F",
        title: &format!(
            "Müller-Brown surface, β = {}: populations of the basins",
            measured.inverse_temperature
        ),
        source,
    };
    for extension in ["png", "svg"] {
        save(&format!("mueller_brown_plane.{extension}"), &|path| {
            figure.save(path)
        })?;
    }
    Ok(written)
}
