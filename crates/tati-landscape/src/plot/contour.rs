//! A surface from above, as filled contours.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Point};
use super::color_bar;
use super::grid::{ColorScale, Grid, Shades};
use super::isolines::{above, cell, isolines};
use super::output;
use super::page::{Entry, Key, legend, page, ring};
use super::panel::Panel;
use super::style::{
    CURVE_WIDTH, Color, DISC_RADIUS, HOLE, INK, UNBROKEN, VERMILLION, WHITE, WIDTH, mix,
};

/// Filled contours of a surface with lines at round numbers and a colour bar, and on top the projected path of a training and a minimum.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contour<'a> {
    /// The surface.
    pub grid: Grid<'a>,
    /// How its values become colours.
    pub scale: ColorScale,
    /// A path over it, from its start on; may be empty.
    pub path: &'a [[f64; 2]],
    /// A place to mark.
    pub minimum: Option<[f64; 2]>,
    /// Name of the first direction.
    pub x_label: &'a str,
    /// Name of the second direction.
    pub y_label: &'a str,
    /// Name and unit of the values.
    pub value_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Contour<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if the grid has less than 2 × 2 places, no value can be shown or the
    /// extension is neither `png` nor `svg`, [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if the grid has other than as many
    /// values as places, [`File`](tati_core::TatiError::File) if the file cannot be written.
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
        const GAP: f64 = 14.0;

        self.grid.check()?;
        let shades = Shades::over(self.value_label, self.scale, self.grid.values)?;
        let (mut canvas, mut body) = page([WIDTH, 500.0], self.title, self.source)?;
        legend(&mut canvas, &mut body, marks(self.path, self.minimum));
        let mut frame = body;
        frame.right -= color_bar::room(&shades.axis, body.height() - 40.0) + GAP;
        let panel = Panel::new(
            frame,
            along(self.x_label, self.grid.x)?,
            along(self.y_label, self.grid.y)?,
        );
        fill(&mut canvas, &panel, &self.grid, &shades);
        lines(&mut canvas, &panel, &self.grid, &shades);
        path(&mut canvas, &panel, self.path, self.minimum);
        panel.axes(&mut canvas);
        let area = panel.area;
        color_bar::bands(
            &mut canvas,
            &shades,
            area.right + GAP,
            area.top,
            area.bottom,
        );
        Ok(canvas)
    }
}

/// The axis of a direction of a grid.
pub(super) fn along(label: &str, places: &[f64]) -> Result<Axis> {
    Axis::tight("grid", label, Scale::Linear, places.iter().copied())
}

/// What the legend says of a path and a minimum.
pub(super) fn marks(path: &[Point], minimum: Option<Point>) -> Vec<Entry> {
    let mut entries = Vec::new();
    if !path.is_empty() {
        entries.push(Entry::new("path", Key::Line(UNBROKEN), INK));
        entries.push(Entry::new("its start", Key::Ring, INK));
        entries.push(Entry::new("its end", Key::Disc, INK));
    }
    if minimum.is_some() {
        entries.push(Entry::new("minimum", Key::Ring, VERMILLION));
    }
    entries
}

/// Every cell in the colours of its bands, on the colour of holes.
pub(super) fn fill(canvas: &mut Canvas, panel: &Panel, grid: &Grid, shades: &Shades) {
    canvas.polygon(panel.area.corners(), HOLE);
    fill_cells(canvas, panel, grid, shades);
}

/// Every cell whose corners can all be shown in the colours of its bands.
pub(super) fn fill_cells(canvas: &mut Canvas, panel: &Panel, grid: &Grid, shades: &Shades) {
    let heights = shades.shares(grid.values);
    let columns = grid.x.len();
    for row in 0..grid.y.len() - 1 {
        let mut column = 0;
        while column < columns - 1 {
            let Some(corners) = cell(&heights, columns, row, column) else {
                column += 1;
                continue;
            };
            let bands = corners.map(|height| shades.band(height));
            let (least, most) = bands
                .iter()
                .fold((bands[0], bands[0]), |(least, most), band| {
                    (least.min(*band), most.max(*band))
                });
            // Neighbours of the same band alone are one rectangle.
            let mut end = column + 1;
            if least == most {
                let alike = |column: usize| {
                    cell(&heights, columns, row, column).is_some_and(|corners| {
                        corners.iter().all(|height| shades.band(*height) == least)
                    })
                };
                while end < columns - 1 && alike(end) {
                    end += 1;
                }
            }
            let spot = Spot {
                panel,
                x: [grid.x[column], grid.x[end]],
                y: [grid.y[row], grid.y[row + 1]],
            };
            spot.polygon(
                canvas,
                &[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
                shades.band_color(least),
                0,
            );
            for band in least + 1..=most {
                for part in above(corners, shades.ends(band)[0]) {
                    spot.polygon(canvas, &part, shades.band_color(band), band - least);
                }
            }
            column = end;
        }
    }
}

/// A rectangle of the data.
struct Spot<'a> {
    panel: &'a Panel,
    x: [f64; 2],
    y: [f64; 2],
}

impl Spot<'_> {
    /// A polygon in units of the rectangle, drawn a little over its edges, and farther over those that are `above` others: viewers
    /// leave hairlines where two edges meet or coincide.
    fn polygon(&self, canvas: &mut Canvas, corners: &[Point], color: Color, above: usize) {
        let reach = 0.25 + 0.25 * above.min(4) as f64;
        let area = self.panel.area;
        let place = |[u, v]: Point| {
            let point = [
                self.x[0] + u * (self.x[1] - self.x[0]),
                self.y[0] + v * (self.y[1] - self.y[0]),
            ];
            let over = |share: f64| match share {
                share if share <= 0.0 => -reach,
                share if share >= 1.0 => reach,
                _ => 0.0,
            };
            let [x, y] = self.panel.place(point)?;
            Some([
                (x + over(u)).clamp(area.left, area.right),
                (y - over(v)).clamp(area.top, area.bottom),
            ])
        };
        canvas.polygon(
            corners.iter().filter_map(|corner| place(*corner)).collect(),
            color,
        );
    }
}

/// Lines between the bands.
pub(super) fn lines(canvas: &mut Canvas, panel: &Panel, grid: &Grid, shades: &Shades) {
    let heights = shades.shares(grid.values);
    for &level in &shades.levels {
        let color = mix(shades.color(level), INK, 0.5);
        for line in isolines(grid.x, grid.y, &heights, level) {
            panel.curve(canvas, line, UNBROKEN, color, 0.7);
        }
    }
}

/// A path with its start and end, and a minimum, each with a light rim that stands out from every colour.
pub(super) fn path(canvas: &mut Canvas, panel: &Panel, path: &[Point], minimum: Option<Point>) {
    let points = || path.iter().copied();
    panel.curve(canvas, points(), UNBROKEN, WHITE, 2.4 * CURVE_WIDTH);
    panel.curve(canvas, points(), UNBROKEN, INK, CURVE_WIDTH);
    let visible = |point: &&Point| panel.x.contains(point[0]) && panel.y.contains(point[1]);
    let place = |point: Option<&Point>| point.filter(visible).and_then(|point| panel.place(*point));
    if let Some(place) = place(minimum.as_ref()) {
        ring(canvas, place, VERMILLION);
    }
    if let Some(place) = place(path.last()) {
        canvas.disc(place, DISC_RADIUS + 1.5, WHITE);
        canvas.disc(place, DISC_RADIUS + 0.5, INK);
    }
    if let Some(place) = place(path.first()) {
        ring(canvas, place, INK);
    }
}
