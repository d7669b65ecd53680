//! A quantity along chains.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{CURVE_WIDTH, DASHED, DISC_RADIUS, INK, THIN_CURVE_WIDTH, WIDTH, series};

/// Columns of a trace; a longer one shows the least and the greatest value in each.
const COLUMNS: usize = 1000;

/// A quantity as the loss over the steps of one or several chains.
#[derive(Clone, Copy, Debug)]
pub struct Traces<'a> {
    /// The values of each chain.
    pub chains: &'a [&'a [f64]],
    /// What the legend calls them; numbered where there are none.
    pub labels: &'a [&'a str],
    /// The step of the first value.
    pub first_step: usize,
    /// Steps between values.
    pub every: usize,
    /// Name and unit of the quantity.
    pub y_label: &'a str,
    /// Whether its axis is logarithmic.
    pub logarithmic: bool,
    /// What the quantity is on average in theory, if that is known.
    pub expected: Option<f64>,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Default for Traces<'_> {
    fn default() -> Self {
        Self {
            chains: &[],
            labels: &[],
            first_step: 0,
            every: 1,
            y_label: "",
            logarithmic: false,
            expected: None,
            title: "",
            source: "",
        }
    }
}

impl Traces<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no value can be shown or the extension is neither `png` nor `svg`,
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
        let (mut canvas, mut body) = page([WIDTH, 400.0], self.title, self.source)?;
        let entries = (0..self.chains.len()).map(|number| {
            let label = self.labels.get(number).map(|label| label.to_string());
            let label = label.unwrap_or_else(|| format!("chain {}", number + 1));
            let (color, dash) = series(number);
            Entry::new(label, Key::Line(dash), color)
        });
        let theory = self
            .expected
            .map(|_| Entry::new("theory", Key::Line(DASHED), INK));
        legend(
            &mut canvas,
            &mut body,
            theory.into_iter().chain(entries).collect(),
        );
        let scale = if self.logarithmic {
            Scale::Logarithmic
        } else {
            Scale::Linear
        };
        let values = self.chains.iter().flat_map(|chain| chain.iter().copied());
        // Fails where no value is left to show, which a theory alone would hide.
        Axis::over("chains", "", scale, values.clone())?;
        let y = Axis::over("chains", self.y_label, scale, values.chain(self.expected))?;
        let longest = self
            .chains
            .iter()
            .map(|chain| chain.len())
            .max()
            .unwrap_or(0);
        let ends = [self.step(0), self.step(longest.max(1) - 1)];
        let x = Axis::tight("chains", "step", Scale::Linear, ends)?.whole();
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        for (number, chain) in self.chains.iter().enumerate() {
            let (color, dash) = series(number);
            panel.curve(
                &mut canvas,
                self.thinned(chain),
                dash,
                color,
                THIN_CURVE_WIDTH,
            );
            if chain.len() == 1 {
                panel.discs(&mut canvas, self.thinned(chain), DISC_RADIUS, color);
            }
        }
        if let Some(expected) = self.expected {
            panel.horizontal(&mut canvas, expected, DASHED, INK, CURVE_WIDTH);
        }
        panel.axes(&mut canvas);
        Ok(canvas)
    }

    fn step(&self, index: usize) -> f64 {
        self.first_step as f64 + index as f64 * self.every as f64
    }

    /// The points of a chain, or of a long one the extremes of its columns, in their order.
    fn thinned(&self, chain: &[f64]) -> Vec<[f64; 2]> {
        let length = chain.len().div_ceil(COLUMNS);
        let point = |index: usize| [self.step(index), chain[index]];
        if length < 3 {
            return (0..chain.len()).map(point).collect();
        }
        let mut points = Vec::with_capacity(2 * COLUMNS);
        for start in (0..chain.len()).step_by(length) {
            let column = start..(start + length).min(chain.len());
            let finite = || column.clone().filter(|index| chain[*index].is_finite());
            let least = finite().min_by(|a, b| chain[*a].total_cmp(&chain[*b]));
            let greatest = finite().max_by(|a, b| chain[*a].total_cmp(&chain[*b]));
            match (least, greatest) {
                (Some(a), Some(b)) => points.extend([point(a.min(b)), point(a.max(b))]),
                // A hole.
                _ => points.push(point(start)),
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_traces_keep_their_extremes_and_holes() {
        let mut chain = vec![0.0; 50_000];
        chain[777] = 9.0;
        chain[778] = -9.0;
        chain[30_000..30_200].fill(f64::NAN);
        let points = Traces::default().thinned(&chain);
        assert!(points.len() <= 2 * COLUMNS);
        assert!(points.contains(&[777.0, 9.0]) && points.contains(&[778.0, -9.0]));
        assert!(points.iter().any(|point| point[1].is_nan()));
        assert!(points.windows(2).all(|pair| pair[0][0] <= pair[1][0]));
    }
}
