//! Free energies in a plane.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Point};
use super::color_bar;
use super::contour::{fill_cells, lines, path};
use super::grid::{ColorScale, Grid, Shades};
use super::mark::{Mark, marks};
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{HOLE, INK, UNBROKEN, VERMILLION, WIDTH};

/// The free energy in two variables: bins in the colours of their values, filled contours between the middles of neighbouring bins, a colour bar, named
/// minima in rings and a path. Bins without draws are grey.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreeEnergyMap<'a> {
    /// Middles of the bins, and the free energy of each; what is not finite is an empty bin.
    pub grid: Grid<'a>,
    /// A path over it, from its start on; may be empty.
    pub path: &'a [[f64; 2]],
    /// Places to mark, as minima; may be empty.
    pub marks: &'a [Mark<'a>],
    /// Name and unit of the first variable.
    pub x_label: &'a str,
    /// Name and unit of the second variable.
    pub y_label: &'a str,
    /// Name and unit of the free energy.
    pub value_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl FreeEnergyMap<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are less than 2 × 2 bins, all are empty or the extension is neither
    /// `png` nor `svg`, [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if there are other than as many values as bins,
    /// [`File`](tati_core::TatiError::File) if the file cannot be written.
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
        let shades = Shades::over(self.value_label, ColorScale::Linear, self.grid.values)?;
        let (mut canvas, mut body) = page([WIDTH, 500.0], self.title, self.source)?;
        legend(&mut canvas, &mut body, self.entries());
        let mut frame = body;
        frame.right -= color_bar::room(&shades.axis, body.height() - 40.0) + GAP;
        let (x_edges, y_edges) = (edges(self.grid.x), edges(self.grid.y));
        let axis = |label: &str, edges: &[f64]| {
            Axis::tight("grid", label, Scale::Linear, edges.iter().copied())
        };
        let panel = Panel::new(
            frame,
            axis(self.x_label, &x_edges)?,
            axis(self.y_label, &y_edges)?,
        );
        canvas.polygon(panel.area.corners(), HOLE);
        self.bins(&mut canvas, &panel, &shades, [&x_edges, &y_edges]);
        fill_cells(&mut canvas, &panel, &self.grid, &shades);
        lines(&mut canvas, &panel, &self.grid, &shades);
        path(&mut canvas, &panel, self.path, None);
        marks(&mut canvas, &panel, self.marks, VERMILLION);
        panel.axes(&mut canvas);
        let area = panel.area;
        let left = area.right + GAP;
        color_bar::bands(&mut canvas, &shades, left, area.top, area.bottom);
        Ok(canvas)
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        if self.grid.values.iter().any(|value| !value.is_finite()) {
            entries.push(Entry::new("bins without draws", Key::Area, HOLE));
        }
        if !self.path.is_empty() {
            entries.push(Entry::new("path", Key::Line(UNBROKEN), INK));
            entries.push(Entry::new("its start", Key::Ring, INK));
            entries.push(Entry::new("its end", Key::Disc, INK));
        }
        entries
    }

    /// Every bin in the colour of its value.
    fn bins(
        &self,
        canvas: &mut Canvas,
        panel: &Panel,
        shades: &Shades,
        [x_edges, y_edges]: [&[f64]; 2],
    ) {
        // Over the edges, where viewers leave hairlines.
        const REACH: f64 = 0.25;

        let shares = shades.shares(self.grid.values);
        let rows = shares.chunks_exact(self.grid.x.len());
        for (row, y) in rows.zip(y_edges.windows(2)) {
            for (share, x) in row.iter().zip(x_edges.windows(2)) {
                if share.is_nan() {
                    continue;
                }
                let corners = [[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]];
                let outward = [[-1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]];
                let area = panel.area;
                let places = corners.iter().zip(outward).filter_map(|(corner, out)| {
                    let [x, y] = panel.place(*corner)?;
                    Some([
                        (x + REACH * out[0]).clamp(area.left, area.right),
                        (y + REACH * out[1]).clamp(area.top, area.bottom),
                    ])
                });
                let places: Vec<Point> = places.collect();
                canvas.polygon(places, shades.band_color(shades.band(*share)));
            }
        }
    }
}

/// The edges of bins with these middles: halfway between neighbours, and as far beyond the first and the last.
fn edges(middles: &[f64]) -> Vec<f64> {
    let last = middles.len() - 1;
    let mut edges = vec![middles[0] - (middles[1] - middles[0]) / 2.0];
    edges.extend(middles.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0));
    edges.push(middles[last] + (middles[last] - middles[last - 1]) / 2.0);
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_halfway_between_the_middles() {
        assert_eq!(edges(&[1.0, 2.0, 4.0]), [0.5, 1.5, 3.0, 5.0]);
    }
}
