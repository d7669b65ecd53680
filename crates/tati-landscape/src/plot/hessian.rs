//! The density of the eigenvalues of a Hessian, with its leading ones.

use std::path::Path;

use tati_core::{Result, TatiError};

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, heading, legend, page};
use super::panel::Panel;
use super::rect::Rect;
use super::style::{BLUE, CURVE_WIDTH, DISC_RADIUS, GUTTER, UNBROKEN, VERMILLION, WIDTH};

/// Where the whole spectrum is so many times as wide as its bulk, the bulk has a panel of its own.
const FAR: f64 = 6.0;

/// Density of eigenvalues on a logarithmic axis with the leading eigenvalues as stems, and beside it the bulk, where the outliers are far
/// away.
#[derive(Clone, Copy, Debug, Default)]
pub struct HessianSpectrum<'a> {
    /// Places at which the density is known, ascending.
    pub locations: &'a [f64],
    /// Density at each place.
    pub density: &'a [f64],
    /// Leading eigenvalues, as far as they were computed one by one.
    pub leading: &'a [f64],
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl HessianSpectrum<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if no density is above 0 or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](TatiError::ShapeMismatch) if there are other than as many densities as places,
    /// [`File`](TatiError::File) if the file cannot be written.
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
        if self.density.len() != self.locations.len() {
            return Err(TatiError::ShapeMismatch {
                what: "densities of the Hessian's spectrum".to_string(),
                expected: self.locations.len().to_string(),
                found: self.density.len().to_string(),
            });
        }
        let shown = self.locations.iter().zip(self.density);
        let shown = shown.filter(|(_, density)| **density > 0.0 && density.is_finite());
        let places = shown
            .map(|(place, _)| *place)
            .chain(self.leading.iter().copied());
        let x = Axis::over(
            "locations",
            "eigenvalue of the Hessian",
            Scale::Linear,
            places,
        )?;
        let bulk = self
            .bulk()
            .filter(|[low, high]| FAR * (high - low) < x.high - x.low);
        let width = if bulk.is_some() { 1.5 * WIDTH } else { WIDTH };
        let (mut canvas, mut body) = page([width, 400.0], self.title, self.source)?;
        let mut entries = vec![Entry::new("spectral density", Key::Line(UNBROKEN), BLUE)];
        if !self.leading.is_empty() {
            entries.push(Entry::new(
                "leading eigenvalues",
                Key::CurveWithDiscs,
                VERMILLION,
            ));
        }
        legend(&mut canvas, &mut body, entries);
        // Between far eigenvalues the density falls without end; what lies below one part in 10¹⁰ of its peak is no eigenvalue.
        let peak = self
            .density
            .iter()
            .copied()
            .filter(|density| density.is_finite());
        let least = 1e-10 * peak.fold(0.0, f64::max);
        let density = self
            .density
            .iter()
            .copied()
            .filter(|density| *density >= least);
        let y = Axis::over("density", "density", Scale::Logarithmic, density)?;
        let Some([low, high]) = bulk else {
            self.panel(&mut canvas, body, x, y);
            return Ok(canvas);
        };
        for (number, text) in ["whole spectrum", "bulk"].into_iter().enumerate() {
            let mut frame = body.cell([1, 2], number, GUTTER);
            heading(&mut canvas, &mut frame, text);
            let (mut x, mut y) = (x.clone(), y.clone());
            if number == 1 {
                x = Axis::tight("locations", &x.label, Scale::Linear, [low, high])?;
                let inside = self.locations.iter().zip(self.density);
                let inside = inside
                    .filter(|(place, _)| x.contains(**place))
                    .map(|inside| *inside.1);
                y = Axis::over("density", "", Scale::Logarithmic, inside)?;
            }
            self.panel(&mut canvas, frame, x, y);
        }
        Ok(canvas)
    }

    fn panel(&self, canvas: &mut Canvas, frame: Rect, x: Axis, y: Axis) {
        const STEM: f64 = 0.16;

        let panel = Panel::new(frame, x, y);
        panel.grid(canvas);
        let points = || {
            self.locations
                .iter()
                .zip(self.density)
                .map(|(place, density)| [*place, *density])
        };
        let floor = panel.y.low;
        panel.band(
            canvas,
            points().map(|[place, density]| (place, floor, density)),
            BLUE,
            0.18,
        );
        panel.curve(canvas, points(), UNBROKEN, BLUE, CURVE_WIDTH);
        if self.locations.len() == 1 {
            panel.discs(canvas, points(), DISC_RADIUS, BLUE);
        }
        for value in self
            .leading
            .iter()
            .filter(|value| panel.x.contains(**value))
        {
            if let Some([x, foot]) = panel.place([*value, floor]) {
                let head = foot - STEM * panel.area.height();
                canvas.line(vec![[x, foot], [x, head]], VERMILLION, 1.2);
                canvas.disc([x, head], DISC_RADIUS, VERMILLION);
            }
        }
        panel.axes(canvas);
    }

    /// The places between which the middle 98 % of the eigenvalues lie, and a little more.
    fn bulk(&self) -> Option<[f64; 2]> {
        const TAIL: f64 = 0.01;

        let usable = |density: f64| {
            if density > 0.0 && density.is_finite() {
                density
            } else {
                0.0
            }
        };
        let pairs = self.locations.windows(2).zip(self.density.windows(2));
        let masses: Vec<f64> = pairs
            .map(|(place, density)| {
                (place[1] - place[0]) * (usable(density[0]) + usable(density[1])) / 2.0
            })
            .collect();
        let whole: f64 = masses.iter().sum();
        let interval_of = |share: f64| {
            let mut sum = 0.0;
            masses.iter().position(|mass| {
                sum += mass;
                sum >= share * whole
            })
        };
        let (low, high) = (interval_of(TAIL)?, interval_of(1.0 - TAIL)? + 1);
        let room = (high - low) / 4;
        let last = self.locations.len() - 1;
        let bulk = [
            self.locations[low.saturating_sub(room)],
            self.locations[(high + room).min(last)],
        ];
        (whole > 0.0 && bulk[1] > bulk[0]).then_some(bulk)
    }
}
