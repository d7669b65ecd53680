//! One surface at several ranges.

use std::path::Path;

use tati_core::{Result, TatiError};

use super::canvas::{Anchor, Canvas, Point, Text, text_room};
use super::colormap::sequential;
use super::contour::{along, fill, lines, marks, path};
use super::grid::{ColorScale, Grid, Shades};
use super::output;
use super::page::{heading, legend, page};
use super::panel::Panel;
use super::rect::Rect;
use super::scene::BoxLabels;
use super::style::{GUTTER, MARGIN, TICK_SIZE};
use super::terrain::Terrain;
use super::ticks::{power_of_ten, short};

/// How the panels of a [`Zoom`] show their surface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoomView {
    /// From above, as filled contours.
    #[default]
    Contour,
    /// Obliquely from above.
    Relief,
}

/// A potential L around a place at nested ranges, a panel each, as
///
/// ```text
/// ln|L − L₀|
/// ```
///
/// where L is L₀ itself, the least of the other values is shown. Every panel has colours of its own, from its least to its greatest value, which
/// stand in its heading behind the range; directions are in units of the range.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zoom<'a> {
    /// The potential L at every range, from the widest to the narrowest.
    pub grids: &'a [Grid<'a>],
    /// L₀, the potential in the middle.
    pub reference: f64,
    /// How the panels show it.
    pub view: ZoomView,
    /// The path of a training in the plane of the grids, from its start on; may be empty.
    pub path: &'a [[f64; 2]],
    /// A place to mark.
    pub minimum: Option<[f64; 2]>,
    /// Name of the first direction.
    pub x_label: &'a str,
    /// Name of the second direction.
    pub y_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Zoom<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if there is no grid, one has less than 2 × 2 places or nothing finite but L₀, or the
    /// extension is neither `png` nor `svg`, [`ShapeMismatch`](TatiError::ShapeMismatch) if a grid has other than as many values as places,
    /// [`File`](TatiError::File) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        output::save(path.as_ref(), || self.draw())
    }

    /// The figure as the text of an SVG file.
    ///
    /// # Errors
    /// As of [`save`](Self::save), but for those of files.
    pub fn svg(&self) -> Result<String> {
        output::svg_of(&self.draw()?)
    }

    pub(super) fn draw(&self) -> Result<Canvas> {
        const MOST_COLUMNS: usize = 4;

        tati_core::require_count("number of grids", self.grids.len(), 1..)?;
        // As even rows as they come: seven are 4 + 3, six 3 + 3.
        let rows = self.grids.len().div_ceil(MOST_COLUMNS);
        let columns = self.grids.len().div_ceil(rows).max(2);
        let [panel_width, panel_height] = match self.view {
            ZoomView::Contour => [290.0, 290.0],
            ZoomView::Relief => [320.0, 290.0],
        };
        let width = columns as f64 * panel_width + 2.0 * MARGIN;
        let height = rows as f64 * panel_height + 100.0;
        let (mut canvas, mut body) = page([width, height], self.title, self.source)?;
        scale(&mut canvas, &mut body);
        legend(&mut canvas, &mut body, marks(self.path, self.minimum));
        for (number, grid) in self.grids.iter().enumerate() {
            grid.check()?;
            let frame = body.cell([rows, columns], number, GUTTER);
            self.panel(&mut canvas, frame, grid)?;
        }
        Ok(canvas)
    }

    fn panel(&self, canvas: &mut Canvas, mut frame: Rect, grid: &Grid) -> Result<()> {
        let values = logarithms(grid.values, self.reference)?;
        let shades = Shades::over("", ColorScale::Linear, &values)?;
        let ranges = [grid.x, grid.y].map(Range::of);
        let (low, high) = (shades.axis.low, shades.axis.high);
        let text = format!("{}: {} to {}", ranges[0].name(), short(low), short(high));
        heading(canvas, &mut frame, &text);
        let [x, y] = [(grid.x, ranges[0]), (grid.y, ranges[1])].map(|(places, range)| {
            places
                .iter()
                .map(|place| range.share(*place))
                .collect::<Vec<_>>()
        });
        let inside = |point: &Point| [0, 1].map(|axis| ranges[axis].share(point[axis]));
        let training: Vec<Point> = self.path.iter().map(inside).collect();
        let minimum = self.minimum.as_ref().map(inside);
        let grid = Grid {
            x: &x,
            y: &y,
            values: &values,
        };
        // The names of a box have little room, and its numbers tell that they are shares.
        let name = |label: &str| match self.view {
            ZoomView::Contour if !label.is_empty() => format!("{label} / range"),
            _ => label.to_string(),
        };
        let (x_label, y_label) = (name(self.x_label), name(self.y_label));
        match self.view {
            ZoomView::Contour => {
                let panel = Panel::new(frame, along(&x_label, &x)?, along(&y_label, &y)?);
                fill(canvas, &panel, &grid, &shades);
                lines(canvas, &panel, &grid, &shades);
                path(canvas, &panel, &training, minimum);
                panel.axes(canvas);
            }
            ZoomView::Relief => {
                let labels = BoxLabels {
                    x: &x_label,
                    y: &y_label,
                    value: "",
                };
                let terrain = Terrain::new(&grid, &shades);
                terrain.draw(canvas, frame, &shades, labels, &training, minimum)?;
            }
        }
        Ok(())
    }
}

/// ln|L − L₀| of every value.
fn logarithms(values: &[f64], reference: f64) -> Result<Vec<f64>> {
    let logarithm = |value: &f64| (value - reference).abs().ln();
    let finite = values
        .iter()
        .map(logarithm)
        .filter(|value| value.is_finite());
    let least = finite.fold(f64::INFINITY, f64::min);
    if least.is_infinite() {
        return Err(TatiError::InvalidSetting {
            name: "grid.values",
            value: format!("{} numbers that are L₀ or not finite", values.len()),
            expected: "a potential that differs from L₀ at one place at least".to_string(),
        });
    }
    let shown = values.iter().map(|value| {
        let logarithm = logarithm(value);
        if logarithm == f64::NEG_INFINITY {
            least
        } else {
            logarithm
        }
    });
    Ok(shown.collect())
}

/// The ends of a direction of a grid.
#[derive(Clone, Copy, Debug)]
struct Range {
    middle: f64,
    half: f64,
}

impl Range {
    fn of(places: &[f64]) -> Self {
        let (low, high) = (places[0], places[places.len() - 1]);
        let half = (high - low) / 2.0;
        let middle = low + half;
        Self {
            // Rounding of the places.
            middle: if middle.abs() < 1e-9 * half {
                0.0
            } else {
                middle
            },
            half,
        }
    }

    fn share(&self, place: f64) -> f64 {
        (place - self.middle) / self.half
    }

    /// ±10⁻² and the like.
    fn name(&self) -> String {
        let power = self.half.log10().round();
        let half = if (self.half / 10f64.powf(power) - 1.0).abs() < 1e-6 {
            power_of_ten(power as i32)
        } else {
            short(self.half)
        };
        if self.middle == 0.0 {
            format!("±{half}")
        } else {
            format!("{} ± {half}", short(self.middle))
        }
    }
}

/// What the colours of all panels mean, in a row at the top of `body`, which is taken from it.
fn scale(canvas: &mut Canvas, body: &mut Rect) {
    const BAR: f64 = 120.0;
    const PARTS: usize = 60;
    const GAP: f64 = 8.0;

    let y = body.top + 9.0;
    let before = "ln|L − L₀|: least of the panel";
    canvas.text(Text::new(before, [body.left, y], Anchor::Start, TICK_SIZE));
    let left = body.left + text_room(before, TICK_SIZE) + GAP;
    for part in (0..PARTS).rev() {
        let right = left + BAR * (part + 1) as f64 / PARTS as f64;
        let bar = Rect {
            left,
            top: y - 6.0,
            right,
            bottom: y + 6.0,
        };
        canvas.polygon(
            bar.corners(),
            sequential((part as f64 + 0.5) / PARTS as f64),
        );
    }
    let at = [left + BAR + GAP, y];
    canvas.text(Text::new("greatest", at, Anchor::Start, TICK_SIZE));
    body.top += 26.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_names() {
        let name = |places: &[f64]| Range::of(places).name();
        assert_eq!(name(&[-0.01, 0.0, 0.01]), "±10⁻²");
        assert_eq!(name(&[-1.0, 1.0]), "±10⁰");
        assert_eq!(name(&[-0.5, 0.5]), "±0.500");
        assert_eq!(name(&[1.0, 3.0]), "2.00 ± 10⁰");
    }

    #[test]
    fn the_reference_itself_has_the_least_logarithm() {
        let values = [2.0, 1.0, 1.0 + (-3.0_f64).exp(), f64::NAN];
        let shown = logarithms(&values, 1.0).unwrap();
        assert_eq!(shown[0], 0.0);
        assert!((shown[1] + 3.0).abs() < 1e-12 && shown[1] == shown[2]);
        assert!(shown[3].is_nan());
        assert!(logarithms(&[1.0, 1.0], 1.0).is_err());
    }
}
