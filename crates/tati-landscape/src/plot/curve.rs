//! Values with their errors over a setting or a time.

use tati_core::{Result, TatiError};

use super::canvas::Canvas;
use super::panel::Panel;
use super::style::{Color, Dash, THIN_CURVE_WIDTH};

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
