//! How means settle as draws come in.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::curve::{self, Curve};
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{CURVE_WIDTH, DASHED, INK, WIDTH};

/// Running means with bands of one standard error over the number of draws, logarithmic, against the value in theory.
///
/// The first means are of few draws and scatter widely: those before ten times the first place may leave the panel, whose range is that of
/// the others where there are any.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunningMean<'a> {
    /// One or more means, over draws or steps.
    pub means: &'a [Curve<'a>],
    /// Name of what the means run over.
    pub x_label: &'a str,
    /// Name and unit of the mean.
    pub y_label: &'a str,
    /// What the mean is in theory, if that is known.
    pub expected: Option<f64>,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl RunningMean<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no mean is finite or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if there are other than as many means as places,
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
        for curve in self.means {
            curve.check()?;
        }
        let (mut canvas, mut body) = page([WIDTH, 400.0], self.title, self.source)?;
        let theory = self
            .expected
            .map(|_| Entry::new("theory", Key::Line(DASHED), INK));
        legend(
            &mut canvas,
            &mut body,
            theory
                .into_iter()
                .chain(curve::entries(self.means))
                .collect(),
        );
        let places = self.means.iter().flat_map(|curve| curve.x.iter().copied());
        let x = Axis::tight(
            "places of the means",
            self.x_label,
            Scale::Logarithmic,
            places,
        )?;
        let y = self.means_axis(x.low)?;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        curve::draw_all(&mut canvas, &panel, self.means);
        if let Some(expected) = self.expected {
            panel.horizontal(&mut canvas, expected, DASHED, INK, CURVE_WIDTH);
        }
        panel.axes(&mut canvas);
        Ok(canvas)
    }

    /// The axis of the means, which begin at the place `first`.
    fn means_axis(&self, first: f64) -> Result<Axis> {
        let means_from = |place: f64| {
            let points = self.means.iter().flat_map(Curve::points);
            points
                .filter(move |point| point[0] >= place)
                .map(|point| point[1])
        };
        let settled = 10.0 * first;
        let has_settled = means_from(settled).any(f64::is_finite);
        let from = if has_settled { settled } else { first };
        // Fails where no mean is left to show, which a theory alone would hide.
        Axis::over("means", "", Scale::Linear, means_from(from))?;
        let shown = means_from(from).chain(self.expected);
        Axis::over("means", self.y_label, Scale::Linear, shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_means_do_not_stretch_the_axis() {
        let axis = |x: &[f64], y: &[f64]| {
            let mean = Curve {
                x,
                y,
                ..Curve::default()
            };
            let figure = RunningMean {
                means: &[mean],
                expected: Some(1.0),
                ..RunningMean::default()
            };
            figure.means_axis(1.0).map(|axis| [axis.low, axis.high])
        };
        let [low, high] = axis(&[1.0, 5.0, 10.0, 100.0], &[50.0, -3.0, 1.5, 1.2]).unwrap();
        assert!((0.9..1.0).contains(&low) && (1.5..1.6).contains(&high));
        let [low, high] = axis(&[1.0, 5.0], &[50.0, -3.0]).unwrap();
        assert!(low < -3.0 && high > 50.0);
        assert!(axis(&[1.0, 5.0], &[f64::NAN; 2]).is_err());
    }
}
