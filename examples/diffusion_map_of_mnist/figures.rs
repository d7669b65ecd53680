//! The maps as figures.

use std::path::Path;

use tati::TatiError;
use tati::landscape::plot::{
    ColorScale, DiffusionCoordinates, DiffusionSpectrum, Mark, PointColors,
};

use crate::chains::Sampled;
use crate::images::ImageMap;
use crate::map::DrawMap;
use crate::report::Results;
use crate::support::Failure;

const AXES: [&str; 2] = ["first diffusion coordinate", "second diffusion coordinate"];

/// Writes all figures to `folder`, and returns their paths.
pub fn write(
    folder: &Path,
    results: &Results,
    sampled: &Sampled,
    map: &DrawMap,
    images: &ImageMap,
) -> Result<Vec<String>, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let mut written = Vec::new();
    let mut save = |name: &str, save: &dyn Fn(&Path) -> Result<(), TatiError>| {
        let path = folder.join(name);
        save(&path)?;
        written.push(path.display().to_string());
        Ok::<(), Failure>(())
    };
    let [chains, draws, _] = sampled.shape;
    let source = format!(
        "diffusion_map_of_mnist, {}, {chains} chains of {draws} draws, seed {}",
        results.dataset, results.seed
    );
    let coordinates = map.reading.map.coordinates();
    let [x, y] = [1, 2].map(|pair| coordinates.column(pair).iter().copied().collect::<Vec<_>>());
    let starts: Vec<String> = (1..=chains).map(|chain| format!("start {chain}")).collect();
    let starts: Vec<Mark> = starts
        .iter()
        .enumerate()
        .map(|(chain, label)| Mark {
            at: [x[chain * draws], y[chain * draws]],
            label,
        })
        .collect();
    let figure = DiffusionCoordinates {
        x: &x,
        y: &y,
        marks: &starts,
        x_label: AXES[0],
        y_label: AXES[1],
        source: &source,
        ..DiffusionCoordinates::default()
    };
    let time: Vec<f64> = (0..chains * draws).map(|at| (at % draws) as f64).collect();
    let densities = map.reading.map.density();
    let dense = densities.iter().copied().fold(0.0, f64::max);
    let density: Vec<f64> = densities.iter().map(|density| density / dense).collect();
    for (name, title, label, scale, values) in [
        (
            "draws-loss.png",
            "Draws by their loss",
            "loss (nats)",
            ColorScale::Linear,
            &sampled.losses,
        ),
        (
            "draws-time.png",
            "Draws by their time",
            "draw",
            ColorScale::Linear,
            &time,
        ),
        (
            "draws-density.png",
            "Draws by their density",
            "density over the greatest",
            ColorScale::Logarithmic,
            &density,
        ),
    ] {
        let colors = PointColors::Values {
            values,
            label,
            scale,
        };
        let figure = DiffusionCoordinates {
            colors,
            title,
            ..figure
        };
        save(name, &|path| figure.save(path))?;
    }
    let group: Vec<usize> = (0..chains * draws).map(|at| at / draws).collect();
    let names: Vec<String> = (1..=chains).map(|chain| format!("chain {chain}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let by_chain = DiffusionCoordinates {
        colors: PointColors::Groups {
            group: &group,
            names: &names,
        },
        title: "Draws by their chain",
        ..figure
    };
    save("draws-chain.png", &|path| by_chain.save(path))?;
    let spectrum = DiffusionSpectrum {
        eigenvalues: map.reading.map.eigenvalues(),
        null: map.null_eigenvalues()?,
        title: "Generator of the map of draws",
        source: &source,
        ..DiffusionSpectrum::default()
    };
    save("spectrum.png", &|path| spectrum.save(path))?;

    let source = format!(
        "diffusion_map_of_mnist, {} images of {}",
        images.classes.len(),
        results.dataset
    );
    let coordinates = images.map.coordinates();
    let [x, y] = [1, 2].map(|pair| coordinates.column(pair).iter().copied().collect::<Vec<_>>());
    let names: Vec<String> = (0..images.num_classes)
        .map(|class| class.to_string())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let middles: Vec<Mark> = names
        .iter()
        .enumerate()
        .map(|(class, label)| Mark {
            at: [median_of(&x, images, class), median_of(&y, images, class)],
            label,
        })
        .collect();
    let by_class = DiffusionCoordinates {
        x: &x,
        y: &y,
        colors: PointColors::Groups {
            group: &images.classes,
            names: &names,
        },
        marks: &middles,
        x_label: AXES[0],
        y_label: AXES[1],
        title: "Images by their class, the median of each in a ring",
        source: &source,
    };
    for name in ["images.png", "images.svg"] {
        save(name, &|path| by_class.save(path))?;
    }
    Ok(written)
}

/// The median of the images of a class; NaN if there are none.
fn median_of(coordinate: &[f64], images: &ImageMap, class: usize) -> f64 {
    let of_class = coordinate.iter().zip(&images.classes);
    let mut values: Vec<f64> = of_class
        .filter(|(_, other)| **other == class)
        .map(|(value, _)| *value)
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
