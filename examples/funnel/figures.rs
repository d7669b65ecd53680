//! The figures, and the surfaces as tables.

use std::path::Path;

use tati::TatiError;
use tati::landscape::Surface;
use tati::landscape::plot::{
    ColorScale, Contour, Grid, Relief, Spectrum, Traces, Trajectories, Zoom, ZoomView,
};

use crate::Options;
use crate::chains::Sampled;
use crate::landscape::{Funnel, Spectra};
use crate::report::Setup;
use crate::support::Failure;

/// Writes everything to the folder of the run, and returns the paths.
pub fn write(
    options: &Options,
    setup: &Setup,
    sampled: &Sampled,
    spectra: &Spectra,
    funnel: &Funnel,
) -> Result<Vec<String>, Failure> {
    let mut written = Vec::new();
    let mut save = |name: &str, save: &dyn Fn(&Path) -> Result<(), TatiError>| {
        let path = options.out.join(name);
        save(&path)?;
        written.push(path.display().to_string());
        Ok::<(), Failure>(())
    };
    let source = format!("{}, {}", setup.dataset, sampled.source);
    let source = source.as_str();
    let [first, second] = [0, 1].map(|at| format!("eigenvector {}", options.eigenvectors[at]));

    let turned: Vec<Vec<f64>> = funnel.surfaces.iter().map(turned).collect();
    let grids = funnel
        .surfaces
        .iter()
        .zip(&turned)
        .map(|(surface, values)| Grid {
            x: &surface.axes[0].values,
            y: &surface.axes[1].values,
            values,
        });
    let grids: Vec<Grid> = grids.collect();
    for (name, view) in [
        ("funnel.png", ZoomView::Relief),
        ("funnel.svg", ZoomView::Relief),
        ("funnel-contours.png", ZoomView::Contour),
    ] {
        let figure = Zoom {
            grids: &grids,
            reference: funnel.minimum,
            view,
            path: &funnel.path,
            minimum: Some([0.0, 0.0]),
            x_label: &first,
            y_label: &second,
            title: "Loss around the end of the training",
            source,
        };
        save(name, &|path| figure.save(path))?;
    }
    let widest = Contour {
        grid: grids[0],
        scale: ColorScale::Logarithmic,
        path: &funnel.path,
        minimum: Some([0.0, 0.0]),
        x_label: &first,
        y_label: &second,
        value_label: "mean cross-entropy of the training images",
        title: "Loss in the plane of two eigenvectors",
        source,
    };
    save("plane.png", &|path| widest.save(path))?;
    let relief = Relief {
        grid: grids[1],
        scale: ColorScale::Linear,
        path: &funnel.path,
        minimum: Some([0.0, 0.0]),
        x_label: &first,
        y_label: &second,
        value_label: "mean cross-entropy",
        title: "Loss within ±1",
        source,
    };
    save("relief.png", &|path| relief.save(path))?;

    let chain = &spectra.walk.chains[0];
    let spectrum = Spectrum {
        eigenvalues: &chain.components.eigenvalues,
        null: &chain.null_eigenvalues,
        cosine_content: &chain.cosine_content,
        title: "Covariance of the draws of one chain",
        source,
    };
    save("spectrum.png", &|path| spectrum.save(path))?;

    let draws = sampled.draws()?;
    let coordinates = (0..draws.num_chains())
        .map(|chain| {
            Ok(spectra
                .pooled
                .project(&draws, chain)?
                .transpose()
                .as_slice()
                .to_vec())
        })
        .collect::<Result<Vec<Vec<f64>>, TatiError>>()?;
    let chains: Vec<&[f64]> = coordinates.iter().map(Vec::as_slice).collect();
    let trajectories = Trajectories {
        chains: &chains,
        num_components: spectra.pooled.eigenvalues.len(),
        planes: &[[0, 1], [0, 2]],
        explained: &spectra.pooled.explained_variance_ratio(),
        title: "Draws in principal components",
        source,
    };
    save("trajectories.png", &|path| trajectories.save(path))?;

    let potentials = sampled.statistic("potential")?;
    let chains: Vec<&[f64]> = potentials.iter().map(Vec::as_slice).collect();
    let traces = Traces {
        chains: &chains,
        first_step: options.burn_in,
        every: options.thinning,
        y_label: "potential U of the mini-batch",
        title: "Potential along the chains",
        source,
        ..Traces::default()
    };
    save("potential.png", &|path| traces.save(path))?;

    for (level, surface) in funnel.surfaces.iter().enumerate() {
        save(&format!("surface-{level}.csv"), &|path| {
            surface.write_csv(path)
        })?;
    }
    Ok(written)
}

/// The values of a surface with its first axis running fastest, as plots have them.
fn turned(surface: &Surface) -> Vec<f64> {
    let [rows, columns] = [surface.axes[0].values.len(), surface.axes[1].values.len()];
    let places = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
    places.map(|place| surface.potential[place]).collect()
}
