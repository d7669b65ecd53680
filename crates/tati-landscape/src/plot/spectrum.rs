//! The spectrum of a covariance beside that of a random walk.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::{Panel, left_room};
use super::rect::Rect;
use super::style::{
    BLUE, CURVE_WIDTH, DASHED, DISC_RADIUS, GREEN, GUTTER, REFERENCE, VERMILLION, WIDTH,
};

/// Eigenvalues over their number, both logarithmic, with the spectrum of a free random walk of the same length beside them, and below the
/// cosine content of the principal components.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spectrum<'a> {
    /// Eigenvalues, descending. Those that are not above 0 are counted in the legend.
    pub eigenvalues: &'a [f64],
    /// What a random walk would have; may be empty.
    pub null: &'a [f64],
    /// Cosine content of the leading components, from 0 to 1; without it the lower panel is left out.
    pub cosine_content: &'a [f64],
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Spectrum<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no eigenvalue is above 0 or the extension is neither `png` nor `svg`,
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
        const LOWER: f64 = 170.0;

        let has_content = !self.cosine_content.is_empty();
        let height = if has_content { 580.0 } else { 420.0 };
        let (mut canvas, mut body) = page([WIDTH, height], self.title, self.source)?;
        let hidden = self
            .eigenvalues
            .iter()
            .filter(|value| !shown(**value))
            .count();
        let label = match hidden {
            0 => "eigenvalues".to_string(),
            hidden => format!("eigenvalues ({hidden} not above 0 left out)"),
        };
        let mut entries = vec![Entry::new(label, Key::CurveWithDiscs, BLUE)];
        if !self.null.is_empty() {
            entries.push(Entry::new(
                "free random walk",
                Key::Line(DASHED),
                VERMILLION,
            ));
        }
        legend(&mut canvas, &mut body, entries);

        let values = self.eigenvalues.iter().chain(self.null).copied();
        let y = Axis::over("eigenvalues", "eigenvalue", Scale::Logarithmic, values)?;
        Axis::over(
            "eigenvalues",
            "",
            Scale::Logarithmic,
            self.eigenvalues.iter().copied(),
        )?;
        let count = self
            .eigenvalues
            .len()
            .max(self.null.len())
            .max(self.cosine_content.len());
        let name = if has_content {
            ""
        } else {
            "number of the eigenvalue"
        };
        let numbers = [1.0, count as f64];
        let x = Axis::over("eigenvalues", name, Scale::Logarithmic, numbers)?.whole();
        let content = Axis::tight(
            "cosine_content",
            "cosine content",
            Scale::Linear,
            [0.0, 1.0],
        )?;
        let (mut above, mut below) = (body, body);
        let mut room = left_room(&y, body.height());
        if has_content {
            above.bottom = body.bottom - LOWER - GUTTER / 2.0;
            below.top = body.bottom - LOWER;
            room = room.max(left_room(&content, LOWER));
        }
        self.eigenvalues(
            &mut canvas,
            &Panel::with_left_room(above, x.clone(), y, room),
        );
        if has_content {
            let mut x = x;
            x.label = "number of the component".to_string();
            let panel = Panel::with_left_room(below, x, content, room);
            self.cosine_content(&mut canvas, &panel);
        }
        Ok(canvas)
    }

    fn eigenvalues(&self, canvas: &mut Canvas, panel: &Panel) {
        panel.grid(canvas);
        panel.curve(canvas, numbered(self.null), DASHED, VERMILLION, CURVE_WIDTH);
        // Single values that the dashes would hide.
        if self.null.len() == 1 {
            panel.discs(canvas, numbered(self.null), DISC_RADIUS, VERMILLION);
        }
        panel.curve(canvas, numbered(self.eigenvalues), &[], BLUE, CURVE_WIDTH);
        let radius = if self.eigenvalues.len() > 100 {
            2.0
        } else {
            DISC_RADIUS
        };
        panel.discs(canvas, numbered(self.eigenvalues), radius, BLUE);
        panel.axes(canvas);
    }

    fn cosine_content(&self, canvas: &mut Canvas, panel: &Panel) {
        panel.grid(canvas);
        for [number, content] in numbered(self.cosine_content) {
            if let (Some(top), Some(foot)) = (
                panel.place([number, content.clamp(0.0, 1.0)]),
                panel.place([number, 0.0]),
            ) {
                let bar = Rect {
                    left: top[0] - 2.5,
                    top: top[1],
                    right: top[0] + 2.5,
                    bottom: foot[1],
                };
                canvas.polygon(bar.corners(), GREEN);
            }
        }
        panel.horizontal(canvas, 0.0, &[], REFERENCE, 0.6);
        panel.axes(canvas);
    }
}

fn shown(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

/// Values with their numbers, from 1.
fn numbered(values: &[f64]) -> impl Iterator<Item = [f64; 2]> {
    values
        .iter()
        .enumerate()
        .map(|(index, value)| [(index + 1) as f64, *value])
}
