//! The potential between the two lowest minima; the picture of the map is the exploration's own.

use std::path::Path;

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
    let source = format!("explore_two_clusters, seed {}", found.seed);
    let path = folder.join("barrier.png");
    barrier.save_figure(&path, "From one minimum to another", &source)?;
    figures.push(path.display().to_string());
    Ok(figures)
}
