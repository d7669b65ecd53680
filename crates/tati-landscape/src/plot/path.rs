//! A potential along the ways between two minima.

use std::path::Path as FilePath;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::curve::Curve;
use super::output;
use super::page::{Entry, Key, legend, page, ring};
use super::panel::Panel;
use super::style::{
    BLUE, CURVE_WIDTH, DASHED, DISC_RADIUS, INK, UNBROKEN, VERMILLION, WIDTH, faded,
};
use super::ticks::short;

/// The potential along the straight line between two minima and along a relaxed path, whose images are discs. The highest place of each
/// is in a ring, and its barrier, the potential there less that at the start, in the legend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<'a> {
    /// The straight line: shares of the way, and the potential at each; may be empty. Its label stands in the legend.
    pub line: Curve<'a>,
    /// The images of the relaxed path: their shares of the way, and the potential at each; may be empty.
    pub images: Curve<'a>,
    /// Name and unit of the way.
    pub x_label: &'a str,
    /// Name and unit of the potential.
    pub y_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Path<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no potential is finite or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if a way has other than as many potentials as places, or other than as many errors
    /// or none, [`File`](tati_core::TatiError::File) if the file cannot be written.
    pub fn save(&self, path: impl AsRef<FilePath>) -> Result<()> {
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
        let (mut canvas, mut body) = page([WIDTH, 430.0], self.title, self.source)?;
        let ways = [
            (&self.line, "straight line", Key::Line(DASHED), VERMILLION),
            (&self.images, "relaxed path", Key::CurveWithDiscs, BLUE),
        ];
        let mut entries = Vec::new();
        for (way, name, key, color) in ways {
            way.check()?;
            if way.x.is_empty() {
                continue;
            }
            let label = if way.label.is_empty() {
                name
            } else {
                way.label
            };
            let label = match barrier(way) {
                Some(height) => format!("{label}: barrier {}", short(height)),
                None => label.to_string(),
            };
            entries.push(Entry::new(label, key, color));
        }
        entries.push(Entry::new("highest place", Key::Ring, INK));
        legend(&mut canvas, &mut body, entries);
        let points = || ways.iter().flat_map(|(way, ..)| way.points());
        let places = points().filter(|[_, y]| y.is_finite()).map(|[x, _]| x);
        let x = Axis::over(
            "potential along a path",
            self.x_label,
            Scale::Linear,
            places,
        )?;
        let values = ways.iter().flat_map(|(way, ..)| way.reach());
        let y = Axis::over(
            "potential along a path",
            self.y_label,
            Scale::Linear,
            values,
        )?;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        for (way, dash, color) in [
            (&self.line, DASHED, VERMILLION),
            (&self.images, UNBROKEN, BLUE),
        ] {
            if !way.error.is_empty() {
                panel.band(&mut canvas, way.band(), faded(color, 0.5), 0.4);
            }
            panel.curve(&mut canvas, way.points(), dash, color, CURVE_WIDTH);
        }
        let images = self.images.points();
        panel.discs(&mut canvas, images, DISC_RADIUS + 0.5, BLUE);
        for (way, _, _, color) in ways {
            if let Some(place) = highest(way).and_then(|point| panel.place(point)) {
                ring(&mut canvas, place, color);
            }
        }
        panel.axes(&mut canvas);
        Ok(canvas)
    }
}

/// The place of the greatest potential.
fn highest(way: &Curve) -> Option<[f64; 2]> {
    let points = way.points().filter(|[_, y]| y.is_finite());
    points.max_by(|a, b| a[1].total_cmp(&b[1]))
}

/// The greatest potential less that at the start.
fn barrier(way: &Curve) -> Option<f64> {
    let height = highest(way)?[1] - way.y.first()?;
    height.is_finite().then_some(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barrier_is_counted_from_the_start() {
        let way = Curve {
            x: &[0.0, 0.3, 0.6, 1.0],
            y: &[1.0, 3.5, f64::NAN, 0.0],
            ..Curve::default()
        };
        assert_eq!(
            (highest(&way), barrier(&way)),
            (Some([0.3, 3.5]), Some(2.5))
        );
        let unknown = Curve {
            y: &[f64::NAN, 1.0, 1.0, 1.0],
            ..way
        };
        assert_eq!(barrier(&unknown), None);
        assert_eq!(barrier(&Curve::default()), None);
    }
}
