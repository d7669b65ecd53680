//! Surfaces as JSON, text, tables and figures.

use serde::Serialize;
use tati::landscape::plot::{ColorScale, Contour, Curve, Grid, Path, Relief};
use tati::landscape::{Axis, GridMinimum, Surface};

use crate::error::CliError;
use crate::options::out::OutFolder;
use crate::text;

/// A surface.
#[derive(Serialize)]
pub struct OfSurface {
    pub shape: Vec<usize>,
    /// Row-major, the last axis fastest; null where it is not finite.
    pub potential: Vec<f64>,
    pub minimum: Option<Minimum>,
    pub axes: Vec<OfAxis>,
}

/// The lowest point of a surface.
#[derive(Serialize)]
pub struct Minimum {
    potential: f64,
    indices: Vec<usize>,
    coordinates: Vec<f64>,
}

/// An axis.
#[derive(Serialize)]
pub struct OfAxis {
    name: String,
    values: Vec<f64>,
}

impl OfSurface {
    pub fn new(surface: &Surface) -> Self {
        let minimum = |found: GridMinimum| Minimum {
            potential: found.potential,
            indices: found.indices,
            coordinates: found.coordinates,
        };
        let axis = |axis: &Axis| OfAxis {
            name: axis.name.clone(),
            values: axis.values.clone(),
        };
        Self {
            shape: surface.shape(),
            potential: surface.potential.clone(),
            minimum: surface.minimum().map(minimum),
            axes: surface.axes.iter().map(axis).collect(),
        }
    }

    /// A line for people.
    pub fn text(&self) -> String {
        let shape: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let minimum = match &self.minimum {
            Some(minimum) => format!(
                "lowest {} at {}",
                text::number(minimum.potential),
                text::list(&minimum.coordinates)
            ),
            None => "nowhere finite".to_string(),
        };
        let reach = self.axes.iter().map(|axis| {
            let ends = [axis.values.first(), axis.values.last()]
                .map(|end| end.copied().unwrap_or(f64::NAN));
            format!(
                "{} from {} to {}",
                axis.name,
                text::number(ends[0]),
                text::number(ends[1])
            )
        });
        format!(
            "{} points, {}: {minimum}\n",
            shape.join(" × "),
            reach.collect::<Vec<_>>().join(", ")
        )
    }
}

/// What stands around a figure.
#[derive(Clone, Copy)]
pub struct Captions<'a> {
    pub labels: &'a [String],
    pub title: &'a str,
    pub source: &'a str,
}

/// Writes the table of a surface, and a figure if it has one axis or two.
pub fn write_surface(
    out: &mut OutFolder,
    name: &str,
    surface: &Surface,
    path: &[[f64; 2]],
    marked: Option<[f64; 2]>,
    captions: Captions<'_>,
) -> Result<(), CliError> {
    out.table(name, |file| surface.write_csv(file))?;
    match surface.axes.as_slice() {
        [axis] if axis.values.len() > 1 => {
            let line = Curve {
                label: "along the line",
                x: &axis.values,
                y: &surface.potential,
                error: &[],
            };
            let figure = Path {
                line,
                x_label: &captions.labels[0],
                y_label: "potential U",
                title: captions.title,
                source: captions.source,
                ..Path::default()
            };
            out.figure(name, |file| figure.save(file))
        }
        [x, y] if x.values.len() > 1 && y.values.len() > 1 => {
            let values = turned(surface);
            let grid = Grid {
                x: &x.values,
                y: &y.values,
                values: &values,
            };
            let contour = Contour {
                grid,
                scale: scale(&surface.potential),
                path,
                minimum: marked,
                x_label: &captions.labels[0],
                y_label: &captions.labels[1],
                value_label: "potential U",
                title: captions.title,
                source: captions.source,
            };
            out.figure(name, |file| contour.save(file))?;
            let relief = Relief {
                grid,
                scale: contour.scale,
                path,
                minimum: marked,
                x_label: contour.x_label,
                y_label: contour.y_label,
                value_label: contour.value_label,
                title: captions.title,
                source: captions.source,
            };
            out.figure(&format!("{name}-relief"), |file| relief.save(file))
        }
        _ => Ok(()),
    }
}

/// The values of a surface of two axes with the first running fastest, as figures have them.
pub fn turned(surface: &Surface) -> Vec<f64> {
    let [rows, columns] = [surface.axes[0].values.len(), surface.axes[1].values.len()];
    let places = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
    places.map(|place| surface.potential[place]).collect()
}

/// Logarithmic where values span a hundredfold.
fn scale(values: &[f64]) -> ColorScale {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, greatest) = (
        finite().fold(f64::INFINITY, f64::min),
        finite().fold(0.0, f64::max),
    );
    match least > 0.0 && greatest > 100.0 * least {
        true => ColorScale::Logarithmic,
        false => ColorScale::Linear,
    }
}
