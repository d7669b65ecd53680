//! A surface obliquely from above.

use std::path::Path;

use tati_core::Result;

use super::canvas::Canvas;
use super::color_bar;
use super::contour::marks;
use super::grid::{ColorScale, Grid, Shades};
use super::output;
use super::page::{legend, page};
use super::scene::BoxLabels;
use super::style::WIDTH;
use super::terrain::Terrain;

/// A shaded surface obliquely from above with the path of a training on it; what of it lies behind the surface is dashed and faint.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relief<'a> {
    /// The surface. Of more than 81 places along a direction, some are left out.
    pub grid: Grid<'a>,
    /// How its values become heights and colours.
    pub scale: ColorScale,
    /// A path in the plane, from its start on, which is drawn on the surface; may be empty.
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

impl Relief<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// As of [`Contour::save`](super::Contour::save).
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
        const GAP: f64 = 24.0;

        self.grid.check()?;
        let shades = Shades::over(self.value_label, self.scale, self.grid.values)?;
        let (mut canvas, mut body) = page([WIDTH, 520.0], self.title, self.source)?;
        legend(&mut canvas, &mut body, marks(self.path, self.minimum));
        let (top, bottom) = (
            body.top + 0.12 * body.height(),
            body.bottom - 0.22 * body.height(),
        );
        let mut frame = body;
        frame.right -= color_bar::room(&shades.axis, bottom - top) + GAP;
        let labels = BoxLabels {
            x: self.x_label,
            y: self.y_label,
            value: self.value_label,
        };
        let terrain = Terrain::new(&self.grid, &shades);
        terrain.draw(&mut canvas, frame, &shades, labels, self.path, self.minimum)?;
        color_bar::smooth(
            &mut canvas,
            &shades.axis,
            |share| shades.color(share),
            frame.right + GAP,
            top,
            bottom,
        );
        Ok(canvas)
    }
}
