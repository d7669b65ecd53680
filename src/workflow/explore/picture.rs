//! The picture of an exploration: all draws in the first two coordinates of the last map, with its corner points.

use std::path::Path;

use tati_core::Result;
use tati_landscape::DiffusionMap;
use tati_landscape::plot::{ColorScale, DiffusionCoordinates, Mark, PointColors};

use super::ExplorationRound;

/// Writes the picture to `path`.
pub(super) fn draw(
    path: &Path,
    map: &DiffusionMap,
    potential: &[f64],
    round: &ExplorationRound,
) -> Result<()> {
    let coordinates = map.coordinates();
    // A map of one coordinate is drawn over the potential.
    let column = |index: usize| -> Option<Vec<f64>> {
        (index < coordinates.ncols()).then(|| coordinates.column(index).iter().copied().collect())
    };
    let first = column(1).unwrap_or_default();
    let second = column(2);
    let names: Vec<String> = (1..=round.corners.len())
        .map(|corner| corner.to_string())
        .collect();
    let marks: Vec<Mark<'_>> = round
        .corners
        .iter()
        .zip(&names)
        .map(|(corner, name)| {
            let y = corner.coordinates.get(1).copied();
            Mark {
                at: [corner.coordinates[0], y.unwrap_or(corner.potential)],
                label: name,
            }
        })
        .collect();
    let source = format!(
        "exploration, {} draws, ε = {:.3e}",
        map.num_points(),
        map.bandwidth()
    );
    DiffusionCoordinates {
        x: &first,
        y: second.as_deref().unwrap_or(potential),
        colors: PointColors::Values {
            values: potential,
            label: "potential U",
            scale: ColorScale::Linear,
        },
        marks: &marks,
        x_label: "diffusion coordinate 1",
        y_label: if second.is_some() {
            "diffusion coordinate 2"
        } else {
            "potential U"
        },
        title: "Draws of all rounds and corner points",
        source: &source,
    }
    .save(path)
}
