//! The estimates over step sizes as a figure, one curve a tether strength.

use std::path::Path;

use tati::landscape::plot::{Curve, Sweep};

use crate::report::{Results, Setting};
use crate::support::Failure;

/// Writes `sweep.png` and `sweep.svg` to `folder`, and returns their paths; nothing if no setting has an estimate.
pub fn write(folder: &Path, results: &Results) -> Result<Vec<String>, Failure> {
    let known = |setting: &&Setting| setting.estimate.is_some();
    let settings: Vec<&Setting> = results.sweep.iter().filter(known).collect();
    if settings.is_empty() {
        return Ok(Vec::new());
    }
    let mut tethers: Vec<f64> = settings
        .iter()
        .map(|setting| setting.tether_strength)
        .collect();
    tethers.sort_by(f64::total_cmp);
    tethers.dedup();
    let labels: Vec<String> = tethers
        .iter()
        .map(|tether| format!("tether γ = {tether}"))
        .collect();
    let columns: Vec<[Vec<f64>; 3]> = tethers
        .iter()
        .map(|tether| {
            let of_tether = settings
                .iter()
                .filter(|setting| setting.tether_strength == *tether);
            let column = |value: fn(&Setting) -> Option<f64>| {
                of_tether
                    .clone()
                    .filter_map(|setting| value(setting))
                    .collect()
            };
            [
                column(|setting| Some(setting.step_size)),
                column(|setting| setting.estimate),
                column(|setting| setting.standard_error),
            ]
        })
        .collect();
    let series: Vec<Curve> = labels
        .iter()
        .zip(&columns)
        .map(|(label, [x, y, error])| Curve { label, x, y, error })
        .collect();
    let plateau = settings.iter().filter(|setting| setting.on_plateau);
    let ends = plateau.fold(None, |ends: Option<[f64; 2]>, setting| {
        let [low, high] = ends.unwrap_or([setting.step_size; 2]);
        Some([low.min(setting.step_size), high.max(setting.step_size)])
    });
    let source = format!(
        "learning_coefficient, {} {} images, {} parameters, seed {}",
        results.num_items, results.dataset, results.num_parameters, results.seed
    );
    let figure = Sweep {
        series: &series,
        x_label: "step size h",
        y_label: "learning coefficient",
        plateau: ends.filter(|[low, high]| low < high),
        title: "Learning coefficient over the settings of its chains",
        source: &source,
        ..Sweep::default()
    };
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let paths = ["sweep.png", "sweep.svg"].map(|name| folder.join(name));
    for path in &paths {
        figure.save(path)?;
    }
    Ok(paths.map(|path| path.display().to_string()).to_vec())
}
