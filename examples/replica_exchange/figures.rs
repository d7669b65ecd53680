//! The figures: the free energy, the acceptance along the ladder, and the populations.

use std::path::Path;

use tati::TatiError;
use tati::landscape::plot::{Curve, FreeEnergy, Sweep};
use tati::landscape::{Bins, CollectiveVariable, FreeEnergyProfileConfig};
use tati::samplers::PairSummary;

use crate::report::Results;
use crate::sampling::COLDEST;
use crate::support::Failure;
use crate::well::Well;

/// Bins of the free energy, over x from −`SHOWN` to `SHOWN`.
const BINS: usize = 56;
const SHOWN: f64 = 1.4;

/// Writes the figures, as PNG and SVG, and returns their paths; `series` is x at the coldest rung.
pub fn write(
    folder: &Path,
    well: &Well,
    results: &Results,
    series: &[f64],
) -> Result<Vec<String>, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::of(folder.display(), error))?;
    let source = format!(
        "replica_exchange, {} parameters, {} steps, seed {}",
        well.dimensions, results.steps, results.seed
    );
    let mut written = Vec::new();
    let mut save = |name: &str, save: &dyn Fn(&Path) -> Result<(), TatiError>| {
        for ending in ["png", "svg"] {
            let path = folder.join(format!("{name}.{ending}"));
            save(&path)?;
            written.push(path.display().to_string());
        }
        Ok::<(), Failure>(())
    };

    let edge = |edge: usize| SHOWN * (2.0 * edge as f64 / BINS as f64 - 1.0);
    let edges: Vec<f64> = (0..=BINS).map(edge).collect();
    let exact = well.free_energy(COLDEST, &edges);
    let lengths = [series.len()];
    let measured = FreeEnergyProfileConfig::new(COLDEST)
        .with_bins(Bins::Edges(edges))
        .compute(&CollectiveVariable::new(series, &lengths)?)?;
    let theory: Vec<f64> = exact.iter().map(|f| f - measured.minimum()).collect();
    let figure = FreeEnergy {
        curves: &[Curve {
            label: "coldest rung",
            x: &measured.coordinate,
            y: measured.free_energy(),
            error: measured.error(),
        }],
        theory: Curve {
            label: "exact",
            x: &measured.coordinate,
            y: &theory,
            error: &[],
        },
        barriers: &[],
        x_label: "x",
        y_label: "free energy F (kT)",
        title: &format!(
            "Double well under replica exchange, barrier of {} kT",
            well.barrier
        ),
        source: &source,
    };
    save("free_energy", &|path| figure.save(path))?;

    let (tuned, untuned) = (along(&results.pairs), along(&results.untuned_pairs));
    let curve = |label, [x, y]: &[Vec<f64>; 2]| (label, x.clone(), y.clone());
    let curves = [
        curve("tuned ladder", &tuned),
        curve("evenly spaced β", &untuned),
    ];
    let series: Vec<Curve<'_>> = curves
        .iter()
        .map(|(label, x, y)| Curve {
            label,
            x,
            y,
            error: &[],
        })
        .collect();
    let figure = Sweep {
        series: &series,
        x_label: "inverse temperature β between the neighbours",
        y_label: "acceptance of exchanges",
        title: "Acceptance along the ladder",
        source: &source,
        ..Sweep::default()
    };
    save("acceptance", &|path| figure.save(path))?;

    let column = |value: fn(&crate::report::Rung) -> f64| -> Vec<f64> {
        results.rungs.iter().map(value).collect()
    };
    let betas = column(|rung| rung.inverse_temperature);
    let (population, error) = (column(|rung| rung.population), column(|rung| rung.error));
    let exact = column(|rung| rung.exact);
    let figure = Sweep {
        series: &[
            Curve {
                label: "replica exchange",
                x: &betas,
                y: &population,
                error: &error,
            },
            Curve {
                label: "exact",
                x: &betas,
                y: &exact,
                error: &[],
            },
        ],
        x_label: "inverse temperature β",
        y_label: "population of the left well",
        title: "Populations along the ladder",
        source: &source,
        ..Sweep::default()
    };
    save("populations", &|path| figure.save(path))?;
    Ok(written)
}

/// β between the two of each pair, in the geometric mean, and their acceptance.
fn along(pairs: &[PairSummary]) -> [Vec<f64>; 2] {
    let between = |pair: &PairSummary| {
        let [colder, hotter] = pair.inverse_temperatures;
        (colder * hotter).sqrt()
    };
    [
        pairs.iter().map(between).collect(),
        pairs.iter().map(|pair| pair.acceptance).collect(),
    ]
}
