//! How draws are distributed, beside a density in theory.

use std::path::Path;

use tati_core::{Result, TatiError};

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::rect::Rect;
use super::style::{BLUE, CURVE_WIDTH, UNBROKEN, VERMILLION, WHITE, WIDTH, faded};

/// Most bins of a histogram.
const MOST_BINS: f64 = 120.0;

/// A histogram of draws as a density, with the bin width of Freedman and Diaconis, beside a density in theory.
///
/// Source: D. Freedman, P. Diaconis, Z. Wahrscheinlichkeitstheorie 57 (1981) 453.
#[derive(Clone, Copy, Debug, Default)]
pub struct Histogram<'a> {
    /// Draws of one quantity; those that are not finite are left out.
    pub draws: &'a [f64],
    /// Places at which the density is known in theory, ascending; may be empty.
    pub locations: &'a [f64],
    /// Density in theory at each place.
    pub density: &'a [f64],
    /// Name and unit of the quantity.
    pub x_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Histogram<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if no draw is finite or the extension is neither `png` nor `svg`,
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
                what: "densities in theory".to_string(),
                expected: self.locations.len().to_string(),
                found: self.density.len().to_string(),
            });
        }
        let (mut canvas, mut body) = page([WIDTH, 400.0], self.title, self.source)?;
        let mut entries = vec![Entry::new("draws", Key::Area, faded(BLUE, 0.55))];
        if !self.density.is_empty() {
            entries.push(Entry::new("theory", Key::Line(UNBROKEN), VERMILLION));
        }
        legend(&mut canvas, &mut body, entries);
        let range = Axis::tight("draws", "", Scale::Linear, self.draws.iter().copied())?;
        let bins = self.bins(range.low, range.high);
        let places = [range.low, range.high];
        let x = Axis::over("draws", self.x_label, Scale::Linear, places)?;
        let heights = bins
            .iter()
            .map(|bin| bin[2])
            .chain(self.density.iter().copied());
        let mut y = Axis::over("density", "density", Scale::Linear, heights.chain([0.0]))?;
        y.low = 0.0;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        for [left, right, height] in bins {
            let corners = (panel.place([left, 0.0]), panel.place([right, height]));
            if let (Some(foot), Some(head)) = corners {
                let gap = if head[0] - foot[0] > 6.0 { 0.4 } else { 0.0 };
                let bar = Rect {
                    left: foot[0] + gap,
                    top: head[1],
                    right: head[0] - gap,
                    bottom: foot[1],
                };
                canvas.polygon(bar.corners(), faded(BLUE, 0.55));
            }
        }
        let theory = || {
            self.locations
                .iter()
                .zip(self.density)
                .map(|(x, y)| [*x, *y])
        };
        panel.curve(&mut canvas, theory(), UNBROKEN, WHITE, 2.6 * CURVE_WIDTH);
        panel.curve(
            &mut canvas,
            theory(),
            UNBROKEN,
            VERMILLION,
            1.2 * CURVE_WIDTH,
        );
        panel.axes(&mut canvas);
        Ok(canvas)
    }

    /// Left, right and height of every bin.
    fn bins(&self, low: f64, high: f64) -> Vec<[f64; 3]> {
        let mut draws: Vec<f64> = self
            .draws
            .iter()
            .copied()
            .filter(|draw| draw.is_finite())
            .collect();
        draws.sort_by(f64::total_cmp);
        let quantile = |share: f64| draws[(share * (draws.len() - 1) as f64).round() as usize];
        let width = 2.0 * (quantile(0.75) - quantile(0.25)) / (draws.len() as f64).cbrt();
        let count = ((high - low) / width).ceil();
        let count = if count.is_finite() {
            count.clamp(1.0, MOST_BINS)
        } else {
            1.0
        };
        let width = (high - low) / count;
        let mut counts = vec![0_usize; count as usize];
        for draw in &draws {
            let bin = ((draw - low) / width) as usize;
            counts[bin.min(count as usize - 1)] += 1;
        }
        let bins = counts.into_iter().enumerate().map(|(bin, count)| {
            let left = low + bin as f64 * width;
            [
                left,
                left + width,
                count as f64 / (draws.len() as f64 * width),
            ]
        });
        bins.collect()
    }
}
