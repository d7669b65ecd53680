//! Values with their errors over a setting or a time.

use tati_core::{Result, TatiError};

use super::canvas::Canvas;
use super::page::{Entry, Key};
use super::panel::Panel;
use super::style::{CURVE_WIDTH, Color, DISC_RADIUS, Dash, THIN_CURVE_WIDTH, series};

/// Values y with standard errors at places x.
#[derive(Clone, Copy, Debug, Default)]
pub struct Curve<'a> {
    /// What the legend says.
    pub label: &'a str,
    /// Places, ascending.
    pub x: &'a [f64],
    /// A value at each place.
    pub y: &'a [f64],
    /// Standard error of each value; may be empty.
    pub error: &'a [f64],
}

/// What the legend says of curves that [`draw_all`] draws.
pub(super) fn entries(curves: &[Curve<'_>]) -> impl Iterator<Item = Entry> {
    curves.iter().enumerate().map(|(number, curve)| {
        let (color, dash) = series(number);
        Entry::new(curve.label, Key::Line(dash), color)
    })
}

/// Draws curves, each in its colour, with bands of their errors.
pub(super) fn draw_all(canvas: &mut Canvas, panel: &Panel, curves: &[Curve<'_>]) {
    const MOST_BANDS: usize = 8;

    for (number, curve) in curves.iter().enumerate() {
        // The bands of many curves would hide them all.
        if !curve.error.is_empty() && curves.len() <= MOST_BANDS {
            panel.band(canvas, curve.band(), series(number).0, 0.2);
        }
    }
    for (number, curve) in curves.iter().enumerate() {
        let (color, dash) = series(number);
        panel.curve(canvas, curve.points(), dash, color, CURVE_WIDTH);
        if curve.x.len() == 1 {
            panel.discs(canvas, curve.points(), DISC_RADIUS, color);
        }
    }
}

impl Curve<'_> {
    /// Checks that there are as many values as places, and as many errors or none.
    pub(super) fn check(&self) -> Result<()> {
        for (what, found, allowed) in [
            ("values", self.y.len(), false),
            ("errors", self.error.len(), self.error.is_empty()),
        ] {
            if found != self.x.len() && !allowed {
                return Err(TatiError::ShapeMismatch {
                    what: format!("{what} of the curve `{}`", self.label),
                    expected: self.x.len().to_string(),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn points(&self) -> impl Iterator<Item = [f64; 2]> {
        self.x.iter().zip(self.y).map(|(x, y)| [*x, *y])
    }

    /// Both ends of every error bar, and the value where there is no error.
    pub(super) fn reach(&self) -> impl Iterator<Item = f64> {
        self.y.iter().enumerate().flat_map(|(index, value)| {
            let error = self.error_at(index);
            [value - error, value + error]
        })
    }

    /// (x, y − error, y + error).
    pub(super) fn band(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        self.x
            .iter()
            .zip(self.y)
            .enumerate()
            .map(|(index, (x, y))| {
                let error = self.error_at(index);
                (*x, y - error, y + error)
            })
    }

    /// Error bars with caps.
    pub(super) fn bars(&self, canvas: &mut Canvas, panel: &Panel, color: Color) {
        const CAP: f64 = 3.0;
        const UNBROKEN: Dash = &[];

        for (x, low, high) in self.band() {
            // A lower end that a logarithmic axis cannot show reaches down to its end.
            let foot = if low < panel.y.low { panel.y.low } else { low };
            panel.curve(
                canvas,
                [[x, foot], [x, high]],
                UNBROKEN,
                color,
                THIN_CURVE_WIDTH,
            );
            for end in [low, high] {
                if let Some([x, y]) = panel.place([x, end]).filter(|_| panel.y.contains(end)) {
                    canvas.line(vec![[x - CAP, y], [x + CAP, y]], color, THIN_CURVE_WIDTH);
                }
            }
        }
    }

    /// 0 where there is none.
    fn error_at(&self, index: usize) -> f64 {
        let error = self.error.get(index).copied().unwrap_or(0.0);
        if error.is_finite() { error.abs() } else { 0.0 }
    }
}
