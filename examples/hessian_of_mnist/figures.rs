//! The spectrum as a figure.

use std::path::Path;

use tati::landscape::plot::HessianSpectrum;

use crate::report::Results;
use crate::support::Failure;

/// Writes `spectrum.png` and `spectrum.svg` to `folder`, and returns their paths.
pub fn write(folder: &Path, results: &Results) -> Result<Vec<String>, Failure> {
    let title = format!("Hessian of the loss, {} parameters", results.num_parameters);
    let source = format!(
        "hessian_of_mnist, {} {} images, seed {}",
        results.num_items, results.dataset, results.seed
    );
    let figure = HessianSpectrum {
        locations: &results.density_eigenvalues,
        density: &results.density,
        leading: &results.eigenvalues,
        title: &title,
        source: &source,
    };
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let paths = ["spectrum.png", "spectrum.svg"].map(|name| folder.join(name));
    for path in &paths {
        figure.save(path)?;
    }
    Ok(paths.map(|path| path.display().to_string()).to_vec())
}
