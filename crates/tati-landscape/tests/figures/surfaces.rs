//! Surfaces of ordinary and of nasty data.

use tati_landscape::plot::{ColorScale, Contour, Grid, Relief, Zoom, ZoomView};

use crate::cases::{DARK, Figure, SOURCE, YELLOW, figure};

pub fn surfaces(name: &'static str, values: &[f64]) -> Vec<Figure> {
    const SIDE: usize = 9;

    let heights: Vec<f64> = (0..SIDE * SIDE)
        .map(|place| values[place % values.len()])
        .collect();
    let x: Vec<f64> = (0..SIDE).map(|place| 0.025 * place as f64 - 0.1).collect();
    let y: Vec<f64> = (0..SIDE).map(|place| 1e-5 * place as f64 + 7.0).collect();
    let scale = if name == "decades" || name == "tiny" {
        ColorScale::Logarithmic
    } else if name == "negative" {
        ColorScale::Diverging
    } else {
        ColorScale::Linear
    };
    let path = [
        [0.09, 7.000_07],
        [0.0, f64::NAN],
        [0.05, 7.00004],
        [-0.05, 7.00001],
        [5.0, 9.0],
    ];
    let minimum = Some([0.0, 7.00004]);
    let grid = (x.clone(), y.clone(), heights.clone());
    let relief = grid.clone();
    let colors: &[[u8; 3]] = if name == "ordinary" {
        &[DARK, YELLOW]
    } else {
        &[]
    };
    let marks = ["along v₁", "path", "its start", "its end", "minimum"];
    let mut figures = vec![
        figure(name, &marks, colors, move |file| {
            let (x, y, values) = &grid;
            let contour = Contour {
                grid: Grid { x, y, values },
                scale,
                path: &path,
                minimum,
                x_label: "along v₁",
                y_label: "along v₆₄",
                value_label: "loss (nats)",
                title: "Surface",
                source: SOURCE,
            };
            contour.save(file)
        }),
        figure(name, &marks, &[], move |file| {
            let (x, y, values) = &relief;
            let relief = Relief {
                grid: Grid { x, y, values },
                scale,
                path: &path,
                minimum,
                x_label: "along v₁",
                y_label: "along v₆₄",
                value_label: "loss (nats)",
                title: "Surface",
                source: SOURCE,
            };
            relief.save(file)
        }),
    ];
    for (view, x_label) in [(ZoomView::Contour, "v₁ / range"), (ZoomView::Relief, "v₁")] {
        let (x, heights) = (x.clone(), heights.clone());
        figures.push(figure(
            name,
            &["ln|L − L₀|: least of the panel", x_label],
            &[DARK, YELLOW],
            move |file| {
                let narrow: Vec<f64> = x.iter().map(|x| 1e-4 * x).collect();
                let grid = Grid {
                    x: &x,
                    y: &x,
                    values: &heights,
                };
                let grids = [
                    grid,
                    Grid {
                        x: &narrow,
                        y: &narrow,
                        ..grid
                    },
                    grid,
                    grid,
                    grid,
                ];
                let zoom = Zoom {
                    grids: &grids,
                    reference: 2.5,
                    view,
                    path: &[[0.09, 0.09], [0.0, 0.0]],
                    minimum: Some([0.0, 0.0]),
                    x_label: "v₁",
                    y_label: "v₆₄",
                    title: "Zoom",
                    source: SOURCE,
                };
                zoom.save(file)
            },
        ));
    }
    figures
}
