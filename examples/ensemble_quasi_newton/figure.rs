//! The slowest autocorrelation time over the number of walkers, beside the published one.

use std::path::Path;

use tati::landscape::plot::{Curve, Sweep};

use crate::report::{Results, Row};
use crate::support::Failure;

/// Writes a figure for each number of dimensions to `folder`, as PNG and SVG, and returns their paths.
pub fn write(folder: &Path, results: &Results) -> Result<Vec<String>, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let mut dimensions: Vec<usize> = results.rows.iter().map(|row| row.dimensions).collect();
    dimensions.dedup();
    let mut paths = Vec::new();
    for dimensions in dimensions {
        let mut rows: Vec<&Row> = results
            .rows
            .iter()
            .filter(|row| row.dimensions == dimensions)
            .collect();
        rows.sort_by_key(|row| row.walkers);
        let walkers: Vec<f64> = rows.iter().map(|row| row.walkers as f64).collect();
        let column = |value: fn(&Row) -> Option<f64>| -> Vec<f64> {
            rows.iter()
                .map(|row| value(row).unwrap_or(f64::NAN))
                .collect()
        };
        let slowest = column(|row| Some(row.slowest_time));
        let slowest_error = column(|row| row.slowest_time_deviation.or(Some(0.0)));
        let fastest = column(|row| Some(row.fastest_time));
        let fastest_error = column(|row| row.fastest_time_deviation.or(Some(0.0)));
        let published = column(|row| row.slowest_time_published);
        let series = [
            Curve {
                label: "slowest direction",
                x: &walkers,
                y: &slowest,
                error: &slowest_error,
            },
            Curve {
                label: "fastest direction",
                x: &walkers,
                y: &fastest,
                error: &fastest_error,
            },
            Curve {
                label: "slowest, published",
                x: &walkers,
                y: &published,
                error: &[],
            },
        ];
        let title = format!("Ensemble quasi-Newton on a Gaussian of {dimensions} dimensions");
        let source = format!(
            "ensemble_quasi_newton, {} steps, {} runs, η = {}, seed {}",
            results.steps, results.runs, results.covariance_blending, results.seed
        );
        let figure = Sweep {
            series: &series,
            x_label: "walkers",
            y_label: "integrated autocorrelation time (steps)",
            title: &title,
            source: &source,
            ..Sweep::default()
        };
        for ending in ["png", "svg"] {
            let path = folder.join(format!("autocorrelation_time_{dimensions}.{ending}"));
            figure.save(&path)?;
            paths.push(path.display().to_string());
        }
    }
    Ok(paths)
}
