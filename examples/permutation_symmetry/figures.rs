//! The draws by their coordinates, the coordinates over the parameters, and the path on the loss.

use std::path::Path as FilePath;

use tati::landscape::plot::{
    ColorScale, Contour, Curve, DiffusionCoordinates, Grid, Mark, Path, PointColors,
};
use tati::landscape::{Axis, Surface};
use tati::{AffineSubspace, Potential};

use crate::analysis::{Found, Ways};
use crate::network::Sampled;
use crate::report::Results;
use crate::support::Failure;

const GRID_POINTS: usize = 121;

/// Writes the figures to `folder` as PNG and SVG, and returns their paths.
pub fn write(
    folder: &FilePath,
    potential: &dyn Potential,
    sampled: &Sampled,
    found: &Found,
    results: &Results,
) -> Result<Vec<String>, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let source = format!(
        "permutation_symmetry, {} points, β = {}, {} draws, seed {}",
        results.num_points, results.inverse_temperature, results.num_draws, results.seed
    );
    let mut written = Vec::new();
    let mut save = |name: &str, figure: &dyn Fn(&FilePath) -> Result<(), tati::TatiError>| {
        for extension in ["png", "svg"] {
            let path = folder.join(format!("{name}.{extension}"));
            figure(&path)?;
            written.push(path.display().to_string());
        }
        Ok::<(), Failure>(())
    };
    let column = |number: usize| {
        found
            .map
            .coordinates()
            .column(number)
            .iter()
            .copied()
            .collect()
    };
    let coordinates: [Vec<f64>; 2] = [column(1), column(2)];
    // Draws of no known basin are one group more.
    let basin: Vec<usize> = (found.minima.quenches.iter())
        .map(|draw| draw.minimum.unwrap_or(usize::MAX).min(2))
        .collect();
    save("coordinates", &|path| {
        DiffusionCoordinates {
            x: &coordinates[0],
            y: &coordinates[1],
            colors: PointColors::Groups {
                group: &basin,
                names: &["first minimum", "second minimum", "other"]
                    [..=basin.iter().copied().max().unwrap_or(0)],
            },
            marks: &[],
            x_label: "first diffusion coordinate",
            y_label: "second diffusion coordinate",
            title: "Draws by the minimum below them",
            source: &source,
        }
        .save(path)
    })?;
    let weights = [0, 1].map(|number| -> Vec<f64> {
        let draws = sampled.theta.chunks_exact(2);
        draws.map(|draw| draw[number]).collect()
    });
    let places = (found.minima.minima.iter()).map(|minimum| (&minimum.point, "minimum"));
    let saddles = found.ways.iter().flat_map(|ways| &ways.path.saddles);
    let marks: Vec<Mark> = places
        .chain(saddles.map(|saddle| (saddle, "saddle")))
        .map(|(point, label)| Mark {
            at: [point.position[0], point.position[1]],
            label,
        })
        .collect();
    save("draws", &|path| {
        DiffusionCoordinates {
            x: &weights[0],
            y: &weights[1],
            colors: PointColors::Values {
                values: &coordinates[0],
                label: "first diffusion coordinate",
                scale: ColorScale::Diverging,
            },
            marks: &marks,
            x_label: "weight of the hidden unit",
            y_label: "weight of the output",
            title: "The first diffusion coordinate over the parameters",
            source: &source,
        }
        .save(path)
    })?;
    if let Some(ways) = &found.ways {
        let surface = surface(potential, &weights)?;
        let images: Vec<[f64; 2]> = (ways.path.images.iter())
            .map(|image| [image[0], image[1]])
            .collect();
        save("loss", &|path| {
            Contour {
                grid: Grid {
                    x: &surface.axes[1].values,
                    y: &surface.axes[0].values,
                    values: &surface.potential,
                },
                scale: ColorScale::Logarithmic,
                path: &images,
                minimum: None,
                x_label: "weight of the hidden unit",
                y_label: "weight of the output",
                value_label: "potential U",
                title: "The relaxed path between the two minima",
                source: &source,
            }
            .save(path)
        })?;
        let shares = |ways: &[f64]| -> Vec<f64> {
            let length = ways.last().copied().unwrap_or(1.0);
            ways.iter().map(|at| at / length).collect()
        };
        let Ways { line, path: band } = ways;
        let (along_line, along_path) = (shares(&line.lengths), shares(&band.profile.lengths));
        save("path", &|path| {
            Path {
                line: Curve {
                    label: "straight line",
                    x: &along_line,
                    y: &line.potential,
                    error: &[],
                },
                images: Curve {
                    label: "relaxed path",
                    x: &along_path,
                    y: &band.profile.potential,
                    error: &[],
                },
                x_label: "share of the way",
                y_label: "potential U",
                title: "The barrier between the two minima",
                source: &source,
            }
            .save(path)
        })?;
    }
    Ok(written)
}

/// The potential where the draws are; the first axis is the second weight.
fn surface(potential: &dyn Potential, weights: &[Vec<f64>; 2]) -> Result<Surface, Failure> {
    let reach = weights.each_ref().map(|weights| {
        weights
            .iter()
            .fold(0.0_f64, |most, weight| most.max(weight.abs()))
    });
    let plane = AffineSubspace::new(&[0.0, 0.0], &[&[0.0, 1.0], &[1.0, 0.0]])?;
    let axes = [
        Axis::equidistant("w2", -reach[1]..=reach[1], GRID_POINTS)?,
        Axis::equidistant("w1", -reach[0]..=reach[0], GRID_POINTS)?,
    ];
    Ok(Surface::over(potential, &plane, &axes, &mut |_| {})?)
}
