//! Pictures of an exploration: all draws in the first two coordinates of the last map with its corner points, and a barrier.

use std::path::Path;

use tati_core::Result;
use tati_landscape::plot::{self, ColorScale, Curve, DiffusionCoordinates, Mark, PointColors};
use tati_landscape::{DiffusionMap, PathPotential};

use super::{ExplorationRound, ExploredBarrier};

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

impl ExploredBarrier {
    /// Writes the potential along line and path to `path`, a PNG or an SVG with `title` above and `source` in small print.
    ///
    /// # Errors
    /// As of [`plot::Path::save`].
    pub fn save_figure(&self, path: impl AsRef<Path>, title: &str, source: &str) -> Result<()> {
        let shares = |path: &PathPotential| -> Vec<f64> {
            let whole = path.lengths.last().copied().unwrap_or(1.0);
            path.lengths.iter().map(|length| length / whole).collect()
        };
        let (line, profile) = (&self.line, &self.path.profile);
        plot::Path {
            line: Curve {
                x: &shares(line),
                y: &line.potential,
                ..Curve::default()
            },
            images: Curve {
                x: &shares(profile),
                y: &profile.potential,
                ..Curve::default()
            },
            x_label: "share of the way",
            y_label: "potential U",
            title,
            source,
        }
        .save(path)
    }
}
