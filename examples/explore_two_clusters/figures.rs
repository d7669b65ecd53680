//! The potential between the two lowest minima; the picture of the map is the exploration's own.

use std::path::Path;

use tati::landscape::PathPotential;
use tati::landscape::plot::{self, Curve};
use tati::workflow::Exploration;

use crate::support::Failure;

/// Writes `barrier.png` to `folder` if there is a barrier, and returns the paths of all figures there.
pub fn write(folder: &Path, found: &Exploration) -> Result<Vec<String>, Failure> {
    let mut figures = Vec::new();
    let map = folder.join("map.png");
    if map.exists() {
        figures.push(map.display().to_string());
    }
    let Some(barrier) = found.barriers.first() else {
        return Ok(figures);
    };
    let shares = |path: &PathPotential| -> Vec<f64> {
        let whole = path.lengths.last().copied().unwrap_or(1.0);
        path.lengths.iter().map(|length| length / whole).collect()
    };
    let (line, profile) = (&barrier.line, &barrier.path.profile);
    let source = format!("explore_two_clusters, seed {}", found.seed);
    let figure = plot::Path {
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
        title: "From one minimum to another",
        source: &source,
    };
    let path = folder.join("barrier.png");
    figure.save(&path)?;
    figures.push(path.display().to_string());
    Ok(figures)
}
