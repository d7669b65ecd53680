//! Curves in one panel.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::curve::{self, Curve};
use super::output;
use super::page::{legend, page};
use super::panel::Panel;
use super::style::WIDTH;

/// Curves over one variable, with bands of one error to both sides: the outputs of a network along an input, say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Curves<'a> {
    /// One or more curves.
    pub curves: &'a [Curve<'a>],
    /// Name and unit of the variable.
    pub x_label: &'a str,
    /// Name and unit of the values.
    pub y_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Curves<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no value is finite or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if there are other than as many values as places,
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
        for curve in self.curves {
            curve.check()?;
        }
        let (mut canvas, mut body) = page([WIDTH, 420.0], self.title, self.source)?;
        legend(
            &mut canvas,
            &mut body,
            curve::entries(self.curves).collect(),
        );
        let places = self.curves.iter().flat_map(|curve| curve.x.iter().copied());
        let x = Axis::tight("places of the curves", self.x_label, Scale::Linear, places)?;
        let values = self.curves.iter().flat_map(Curve::reach);
        let y = Axis::over("curves", self.y_label, Scale::Linear, values)?;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        curve::draw_all(&mut canvas, &panel, self.curves);
        panel.axes(&mut canvas);
        Ok(canvas)
    }
}
