//! A value over a setting that was varied.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::curve::Curve;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{CURVE_WIDTH, DASHED, DISC_RADIUS, GREEN, REFERENCE, WIDTH, faded, series};

/// Values with their errors over a setting on a logarithmic axis, for several series: as a learning coefficient over the step size for
/// several strengths of the tether.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep<'a> {
    /// One or more series.
    pub series: &'a [Curve<'a>],
    /// Name and unit of the setting.
    pub x_label: &'a str,
    /// Name and unit of the value.
    pub y_label: &'a str,
    /// What the value is in theory, if that is known.
    pub expected: Option<f64>,
    /// Settings between which the value does not depend on them; shaded.
    pub plateau: Option<[f64; 2]>,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Sweep<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no value is finite, no setting is above 0, or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if a series has other than as many values as settings,
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
        for curve in self.series {
            curve.check()?;
        }
        let (mut canvas, mut body) = page([WIDTH, 430.0], self.title, self.source)?;
        let mut entries: Vec<Entry> = self
            .series
            .iter()
            .enumerate()
            .map(|(number, curve)| Entry::new(curve.label, Key::CurveWithDiscs, series(number).0))
            .collect();
        if self.plateau.is_some() {
            entries.insert(0, Entry::new("plateau", Key::Area, faded(GREEN, PLATEAU)));
        }
        if self.expected.is_some() {
            entries.insert(0, Entry::new("theory", Key::Line(DASHED), REFERENCE));
        }
        legend(&mut canvas, &mut body, entries);
        let settings = self.series.iter().flat_map(|curve| curve.x.iter().copied());
        let x = Axis::over(
            "settings of the series",
            self.x_label,
            Scale::Logarithmic,
            settings,
        )?;
        let values = || self.series.iter().flat_map(Curve::reach);
        // Fails where no value is left to show, which a theory alone would hide.
        Axis::over("values of the series", "", Scale::Linear, values())?;
        let values = values().chain(self.expected);
        let y = Axis::over("values of the series", self.y_label, Scale::Linear, values)?;
        let panel = Panel::new(body, x, y);
        if let Some([low, high]) = self.plateau {
            let whole = [low, high].map(|x| {
                (
                    x.clamp(panel.x.low, panel.x.high),
                    panel.y.low,
                    panel.y.high,
                )
            });
            panel.band(&mut canvas, whole, GREEN, PLATEAU);
        }
        panel.grid(&mut canvas);
        if let Some(expected) = self.expected {
            panel.horizontal(&mut canvas, expected, DASHED, REFERENCE, CURVE_WIDTH);
        }
        for (number, curve) in self.series.iter().enumerate() {
            let (color, dash) = series(number);
            curve.bars(&mut canvas, &panel, color);
            panel.curve(&mut canvas, curve.points(), dash, color, CURVE_WIDTH);
            panel.discs(&mut canvas, curve.points(), DISC_RADIUS, color);
        }
        panel.axes(&mut canvas);
        Ok(canvas)
    }
}

/// Opacity of the shade.
const PLATEAU: f64 = 0.16;
