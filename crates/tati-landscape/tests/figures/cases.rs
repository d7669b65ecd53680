//! Figures of every kind, of ordinary and of nasty data.

use std::path::Path;

use tati_core::Result;
use tati_landscape::plot::{
    Autocorrelation, CorrelationFunction, Curve, Curves, HessianSpectrum, Histogram, RunningMean,
    Spectrum, Sweep, Traces, Trajectories,
};

use crate::surfaces::surfaces;
use crate::variables::variables;

pub const SOURCE: &str = "run/trajectory.zarr, seed 1";
pub const LONG: &str = "a label that goes on and on ";

pub const BLUE: [u8; 3] = [0, 114, 178];
pub const VERMILLION: [u8; 3] = [213, 94, 0];
pub const DARK: [u8; 3] = [68, 1, 84];
pub const YELLOW: [u8; 3] = [253, 231, 37];

type Save = dyn Fn(&Path) -> Result<()>;

pub struct Figure {
    pub name: &'static str,
    /// Texts that it must have.
    pub labels: Vec<&'static str>,
    /// Colours that its picture must have.
    pub colors: Vec<[u8; 3]>,
    pub save: Box<Save>,
}

pub fn figure(
    name: &'static str,
    labels: &[&'static str],
    colors: &[[u8; 3]],
    save: impl Fn(&Path) -> Result<()> + 'static,
) -> Figure {
    Figure {
        name,
        labels: labels.to_vec(),
        colors: colors.to_vec(),
        save: Box::new(save),
    }
}

/// Data that plotting code stumbles over.
fn nasty() -> Vec<(&'static str, Vec<f64>)> {
    let decades = (0..40).map(|place| 10f64.powf(f64::from(place) * 0.6 - 12.0));
    let mut holes: Vec<f64> = (0..60)
        .map(|place| (f64::from(place) * 0.2).sin() + 1.5)
        .collect();
    holes[10] = f64::NAN;
    holes[30..34].fill(f64::INFINITY);
    vec![
        (
            "ordinary",
            (0..300)
                .map(|place| 2.0 + (f64::from(place) * 0.1).sin())
                .collect(),
        ),
        ("one point", vec![0.7]),
        ("constant", vec![3.0; 20]),
        ("holes", holes),
        ("decades", decades.collect()),
        (
            "negative",
            (0..50)
                .map(|place| f64::from(place) * 0.37 - 14.0)
                .collect(),
        ),
        (
            "far from 0",
            (0..50).map(|place| 1e6 + 1e-4 * f64::from(place)).collect(),
        ),
        (
            "tiny",
            (0..50)
                .map(|place| 3e-17 * (1.0 + f64::from(place)))
                .collect(),
        ),
        ("huge", vec![f64::MAX, 1.0, 1e300, 2.0]),
    ]
}

pub fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, values) in nasty() {
        figures.extend(curves(name, &values));
        figures.extend(surfaces(name, &values));
        figures.extend(variables(name, &values));
    }
    figures.extend(many());
    figures
}

fn curves(name: &'static str, values: &[f64]) -> Vec<Figure> {
    let errors: Vec<f64> = values.iter().map(|value| 0.1 * value.abs()).collect();
    let places: Vec<f64> = (0..values.len())
        .map(|place| 10f64.powf(0.1 * place as f64 - 5.0))
        .collect();
    let ascending: Vec<f64> = (0..values.len()).map(|place| place as f64 - 3.0).collect();
    let (spectrum, hessian, chain) = (values.to_vec(), values.to_vec(), values.to_vec());
    let (draws, sequence, function) = (values.to_vec(), values.to_vec(), values.to_vec());
    let (sweep, bars, settings) = (values.to_vec(), errors.clone(), places.clone());
    let (outputs, spread, inputs) = (values.to_vec(), errors.clone(), ascending.clone());
    let pairs: Vec<f64> = values
        .iter()
        .flat_map(|value| [*value, -0.5 * value])
        .collect();
    let mut figures = vec![
        figure(
            name,
            &["lag (draws)", "autocorrelation ρ", "U: τ = 19.2 ± 1.3"],
            &[BLUE],
            move |path| {
                let function = CorrelationFunction {
                    label: "U",
                    values: &function,
                    error: &errors,
                    window: Some(5),
                    integrated_time: 19.21,
                    integrated_time_error: 1.34,
                };
                Autocorrelation {
                    functions: &[function],
                    title: "Autocorrelation",
                    source: SOURCE,
                }
                .save(path)
            },
        ),
        figure(
            name,
            &[
                "PC 1 (43.0 % of variance)",
                "PC 2",
                "draw",
                "start",
                "end of chain 2",
            ],
            &[DARK],
            move |path| {
                let planes = Trajectories {
                    chains: &[&pairs, &pairs[..2]],
                    num_components: 2,
                    planes: &[[0, 1], [1, 0]],
                    explained: &[0.43],
                    title: "Chains",
                    source: SOURCE,
                };
                planes.save(path)
            },
        ),
        figure(name, &["chain 1", "theory", "step"], &[BLUE], move |path| {
            let traces = Traces {
                chains: &[&chain],
                first_step: 1000,
                every: 50,
                y_label: "loss (nats)",
                expected: Some(2.0),
                title: "Loss",
                source: SOURCE,
                ..Traces::default()
            };
            traces.save(path)
        }),
        figure(
            name,
            &["draws", "theory", "full batch"],
            &[BLUE],
            move |path| {
                let mean = Curve {
                    label: "full batch",
                    x: &places,
                    y: &sequence,
                    error: &[],
                };
                let figure = RunningMean {
                    means: &[mean],
                    x_label: "draws",
                    y_label: "temperature",
                    expected: Some(1.0),
                    title: "Mean",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ),
        figure(
            name,
            &["input", "output", "class 0", "class 1"],
            &[BLUE, VERMILLION],
            move |path| {
                let curve = |label, y, error| Curve {
                    label,
                    x: &inputs,
                    y,
                    error,
                };
                let halves: Vec<f64> = outputs.iter().map(|output| 0.5 * output).collect();
                let figure = Curves {
                    curves: &[
                        curve("class 0", &outputs, &spread),
                        curve("class 1", &halves, &[]),
                    ],
                    x_label: "input",
                    y_label: "output",
                    title: "Predictions",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ),
        figure(
            name,
            &["position", "density", "draws", "theory"],
            &[],
            move |path| {
                let figure = Histogram {
                    draws: &draws,
                    locations: &[0.0, 1.0, 2.0],
                    density: &[0.1, 0.5, 0.1],
                    x_label: "position",
                    title: "Draws",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ),
        figure(
            name,
            &["step size h", "plateau", "theory", "γ = 1", "γ = 100"],
            &[BLUE, VERMILLION],
            move |path| {
                let series = [
                    Curve {
                        label: "γ = 1",
                        x: &settings,
                        y: &sweep,
                        error: &bars,
                    },
                    Curve {
                        label: "γ = 100",
                        x: &settings[..1],
                        y: &sweep[..1],
                        error: &[],
                    },
                ];
                let figure = Sweep {
                    series: &series,
                    x_label: "step size h",
                    y_label: "learning coefficient",
                    expected: Some(2.0),
                    plateau: Some([1e-5, 1e-2]),
                    title: "Learning coefficient",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ),
    ];
    // Logarithmic axes need something above 0.
    if values.iter().any(|value| *value > 0.0) {
        figures.push(figure(
            name,
            &[
                "number of the component",
                "eigenvalue",
                "cosine content",
                "free random walk",
            ],
            &[BLUE],
            move |path| {
                let figure = Spectrum {
                    eigenvalues: &spectrum,
                    null: &spectrum,
                    cosine_content: &[0.9, 0.5, f64::NAN],
                    title: "Spectrum",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ));
        figures.push(figure(
            name,
            &[
                "eigenvalue of the Hessian",
                "density",
                "leading eigenvalues",
            ],
            &[BLUE, VERMILLION],
            move |path| {
                let figure = HessianSpectrum {
                    locations: &ascending,
                    density: &hessian,
                    leading: &[4.0, 400.0, 40_000.0],
                    title: "Hessian",
                    source: SOURCE,
                };
                figure.save(path)
            },
        ));
    }
    figures
}

/// Fifty series.
fn many() -> Vec<Figure> {
    let series: Vec<Vec<f64>> = (0..50)
        .map(|series| {
            (0..40)
                .map(|lag| (0.5 + 0.01 * f64::from(series)).powi(lag))
                .collect()
        })
        .collect();
    let places: Vec<f64> = (1..=40).map(f64::from).collect();
    let (functions, chains, curves) = (series.clone(), series.clone(), series.clone());
    let pairs = series;
    vec![
        figure("fifty functions", &["lag (draws)"], &[], move |path| {
            let functions: Vec<CorrelationFunction> = functions
                .iter()
                .map(|values| CorrelationFunction {
                    label: "one of many",
                    values,
                    error: values,
                    ..CorrelationFunction::default()
                })
                .collect();
            Autocorrelation {
                functions: &functions,
                source: SOURCE,
                ..Autocorrelation::default()
            }
            .save(path)
        }),
        figure("fifty chains", &["chain 1", " more"], &[], move |path| {
            let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
            Traces {
                chains: &chains,
                source: SOURCE,
                logarithmic: true,
                ..Traces::default()
            }
            .save(path)
        }),
        figure("fifty sweeps", &["h"], &[], move |path| {
            let curves: Vec<Curve> = curves
                .iter()
                .map(|y| Curve {
                    label: "γ",
                    x: &places,
                    y,
                    error: y,
                })
                .collect();
            Sweep {
                series: &curves,
                x_label: "h",
                source: SOURCE,
                ..Sweep::default()
            }
            .save(path)
        }),
        figure(
            "fifty trajectories",
            &["PC 1", "PC 2", "end of chain 1"],
            &[],
            move |path| {
                let chains: Vec<&[f64]> = pairs.iter().map(Vec::as_slice).collect();
                let planes = [[0, 1], [0, 2], [1, 2], [2, 3]];
                let figure = Trajectories {
                    chains: &chains,
                    num_components: 4,
                    planes: &planes,
                    source: SOURCE,
                    ..Trajectories::default()
                };
                figure.save(path)
            },
        ),
    ]
}
