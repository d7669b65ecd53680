//! Diffusion maps, free energies and paths of ordinary and of nasty data.

use tati_landscape::plot::{
    Barrier, ColorScale, Curve, DiffusionCoordinates, DiffusionSpectrum, FreeEnergy, FreeEnergyMap,
    Grid, Mark, Path, PointColors,
};

use crate::cases::{BLUE, DARK, Figure, SOURCE, VERMILLION, YELLOW, figure};

const GREY: [u8; 3] = [200, 200, 200];

pub fn variables(name: &'static str, values: &[f64]) -> Vec<Figure> {
    let mut figures = vec![
        coordinates(name, values),
        groups(name, values),
        free_energy(name, values),
        map(name, values),
        path(name, values),
        spectrum(name, values),
    ];
    if name == "ordinary" {
        figures.push(many_points(values));
    }
    figures
}

fn coordinates(name: &'static str, values: &[f64]) -> Figure {
    let x = values.to_vec();
    let y: Vec<f64> = values.iter().map(|value| 0.5 - value).collect();
    let colors: &[[u8; 3]] = if name == "ordinary" {
        &[DARK, YELLOW]
    } else {
        &[]
    };
    // The constant axes have room around the one place that they show.
    let corner = [values[0].min(1e200), y[0].max(-1e200)];
    let labels: &[&str] = match name {
        "ordinary" => &["coordinate 1", "loss (nats)", "corner A", "corner B"],
        _ => &["coordinate 1", "loss (nats)"],
    };
    figure(name, labels, colors, move |file| {
        let mark = |label| Mark { at: corner, label };
        let marks = [
            mark("corner A"),
            mark("corner B"),
            Mark {
                at: [f64::NAN, 0.0],
                label: "nowhere",
            },
        ];
        let figure = DiffusionCoordinates {
            x: &x,
            y: &y,
            colors: PointColors::Values {
                values: &x,
                label: "loss (nats)",
                scale: ColorScale::Linear,
            },
            marks: &marks,
            x_label: "coordinate 1",
            y_label: "coordinate 2",
            title: "Diffusion map",
            source: SOURCE,
        };
        figure.save(file)
    })
}

/// Nine groups: more than there are colours.
fn groups(name: &'static str, values: &[f64]) -> Figure {
    let x = values.to_vec();
    let labels = ["coordinate 1", "chain 1", "chain 9"];
    figure(name, &labels, &[BLUE], move |file| {
        let group: Vec<usize> = (0..x.len()).map(|point| point % 9).collect();
        let names: Vec<String> = (1..=9).map(|chain| format!("chain {chain}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let figure = DiffusionCoordinates {
            x: &x,
            y: &x,
            colors: PointColors::Groups {
                group: &group,
                names: &names,
            },
            x_label: "coordinate 1",
            source: SOURCE,
            ..DiffusionCoordinates::default()
        };
        figure.save(file)
    })
}

/// More than are drawn.
fn many_points(values: &[f64]) -> Figure {
    let x = values.to_vec();
    figure("many", &["20000 of 30000 points"], &[BLUE], move |file| {
        let repeated = x.repeat(100);
        let figure = DiffusionCoordinates {
            x: &repeated,
            y: &repeated,
            source: SOURCE,
            ..DiffusionCoordinates::default()
        };
        figure.save(file)
    })
}

fn free_energy(name: &'static str, values: &[f64]) -> Figure {
    let (values, places) = (values.to_vec(), places(values.len()));
    let errors: Vec<f64> = values.iter().map(|value| 0.1 * value.abs()).collect();
    let labels = [
        "position",
        "free energy (1/β)",
        "theory",
        "barrier",
        "draws",
    ];
    figure(name, &labels, &[BLUE], move |file| {
        let curve = Curve {
            label: "draws",
            x: &places,
            y: &values,
            error: &errors,
        };
        let barrier = Barrier {
            bottom: [places[0], 0.0],
            top: [places[places.len() - 1], values[0]],
            label: "ΔF = 2.0 ± 0.1",
        };
        let figure = FreeEnergy {
            curves: &[
                curve,
                Curve {
                    error: &[],
                    ..curve
                },
            ],
            theory: Curve {
                x: &[-1e300, 0.0, 1e300],
                y: &[0.0, 1.0, f64::INFINITY],
                ..Curve::default()
            },
            barriers: &[barrier, barrier],
            x_label: "position",
            y_label: "free energy (1/β)",
            title: "Free energy",
            source: SOURCE,
        };
        figure.save(file)
    })
}

fn map(name: &'static str, values: &[f64]) -> Figure {
    const SIDE: usize = 9;

    let mut heights: Vec<f64> = (0..SIDE * SIDE)
        .map(|place| values[place % values.len()])
        .collect();
    // Bins without draws, one of them enclosed.
    for empty in [10, 60, 61, 62, 80] {
        heights[empty] = f64::INFINITY;
    }
    let labels = ["x (Å)", "bins without draws", "path", "A"];
    let colors: &[[u8; 3]] = match name {
        "ordinary" => &[GREY, DARK, YELLOW, VERMILLION],
        _ => &[GREY, VERMILLION],
    };
    figure(name, &labels, colors, move |file| {
        let places = places(SIDE);
        let mark = Mark {
            at: [places[3], places[4]],
            label: "A",
        };
        let figure = FreeEnergyMap {
            grid: Grid {
                x: &places,
                y: &places,
                values: &heights,
            },
            path: &[[places[1], places[1]], [places[5], places[7]]],
            marks: &[mark],
            x_label: "x (Å)",
            y_label: "y (Å)",
            value_label: "free energy (1/β)",
            title: "Free energy",
            source: SOURCE,
        };
        figure.save(file)
    })
}

fn path(name: &'static str, values: &[f64]) -> Figure {
    let (values, places) = (values.to_vec(), places(values.len()));
    let labels = [
        "share of the way",
        "straight line",
        "relaxed path",
        "highest place",
    ];
    figure(name, &labels, &[BLUE, VERMILLION], move |file| {
        let lower: Vec<f64> = values.iter().map(|value| 0.3 * value).collect();
        let line = Curve {
            x: &places,
            y: &values,
            ..Curve::default()
        };
        let figure = Path {
            line,
            images: Curve { y: &lower, ..line },
            x_label: "share of the way",
            y_label: "loss (nats)",
            title: "Between two minima",
            source: SOURCE,
        };
        figure.save(file)
    })
}

fn spectrum(name: &'static str, values: &[f64]) -> Figure {
    let eigenvalues: Vec<f64> = values.iter().map(|value| -value).collect();
    let labels = [
        "number k of the eigenvalue",
        "rate −λ",
        "random walk",
        "theory",
    ];
    figure(name, &labels, &[BLUE], move |file| {
        let figure = DiffusionSpectrum {
            eigenvalues: &eigenvalues,
            null: &eigenvalues,
            theory: &[0.0, -1.0],
            logarithmic: name == "decades" || name == "tiny",
            title: "Generator",
            source: SOURCE,
        };
        figure.save(file)
    })
}

fn places(count: usize) -> Vec<f64> {
    (0..count).map(|place| 0.1 * place as f64 - 0.4).collect()
}
