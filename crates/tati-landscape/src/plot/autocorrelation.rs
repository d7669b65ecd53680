//! Autocorrelation functions with the window that their times were summed to.

use std::path::Path;

use tati_core::{Result, TatiError};

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{
    CURVE_WIDTH, DISC_RADIUS, REFERENCE, THIN_CURVE_WIDTH, UNBROKEN, WIDTH, series,
};
use super::ticks::with_error;

/// An autocorrelation function and its integrated time.
#[derive(Clone, Copy, Debug, Default)]
pub struct CorrelationFunction<'a> {
    /// What the legend says before τ.
    pub label: &'a str,
    /// ρ at the lags 0, 1, 2, …
    pub values: &'a [f64],
    /// Standard error at each lag; may be empty.
    pub error: &'a [f64],
    /// The lag up to which τ was summed; nothing is marked if there is none.
    pub window: Option<usize>,
    /// τ = 1 + 2 Σ ρ, in draws; NaN if it is not known.
    pub integrated_time: f64,
    /// Standard error of τ; 0 if it is not known.
    pub integrated_time_error: f64,
}

/// Autocorrelation functions over the lag, with bands of one standard error, a mark at the window of each and τ in the legend.
#[derive(Clone, Copy, Debug, Default)]
pub struct Autocorrelation<'a> {
    /// One or more functions.
    pub functions: &'a [CorrelationFunction<'a>],
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Autocorrelation<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if no value is finite or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](TatiError::ShapeMismatch) if there are other than as many errors as values,
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
        const MOST_BANDS: usize = 8;

        let (mut canvas, mut body) = page([WIDTH, 420.0], self.title, self.source)?;
        let entries = self.functions.iter().enumerate().map(|(number, function)| {
            let (color, dash) = series(number);
            let time = with_error(function.integrated_time, function.integrated_time_error);
            let label = match (function.integrated_time.is_finite(), function.label) {
                (true, "") => format!("τ = {time}"),
                (true, label) => format!("{label}: τ = {time}"),
                (false, label) => label.to_string(),
            };
            Entry::new(label, Key::Line(dash), color)
        });
        let window = self
            .functions
            .iter()
            .any(|function| function.window.is_some());
        let window = window.then(|| Entry::new("end of the window", Key::Disc, REFERENCE));
        legend(&mut canvas, &mut body, entries.chain(window).collect());
        for function in self.functions {
            if !function.error.is_empty() && function.error.len() != function.values.len() {
                return Err(TatiError::ShapeMismatch {
                    what: format!("errors of the autocorrelation `{}`", function.label),
                    expected: function.values.len().to_string(),
                    found: function.error.len().to_string(),
                });
            }
        }
        let lags = self
            .functions
            .iter()
            .map(|function| function.values.len())
            .max()
            .unwrap_or(0);
        let lags = [0.0, (lags.max(2) - 1) as f64];
        let x = Axis::tight("functions", "lag (draws)", Scale::Linear, lags)?.whole();
        let values = || {
            self.functions
                .iter()
                .flat_map(|function| function.values.iter().copied())
        };
        // Fails where nothing is left to show, and then leaves room for the whole of a correlation.
        Axis::over("functions", "", Scale::Linear, values())?;
        let reach = values().chain([0.0, 1.0]);
        let y = Axis::over("functions", "autocorrelation ρ", Scale::Linear, reach)?;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        panel.horizontal(&mut canvas, 0.0, UNBROKEN, REFERENCE, THIN_CURVE_WIDTH);
        // The bands of many functions would hide them all.
        if self.functions.len() <= MOST_BANDS {
            for (number, function) in self.functions.iter().enumerate() {
                let band = function.error.iter().zip(function.values).enumerate();
                let band =
                    band.map(|(lag, (error, value))| (lag as f64, value - error, value + error));
                panel.band(&mut canvas, band, series(number).0, 0.2);
            }
        }
        for (number, function) in self.functions.iter().enumerate() {
            let (color, dash) = series(number);
            let points = || {
                function
                    .values
                    .iter()
                    .enumerate()
                    .map(|(lag, value)| [lag as f64, *value])
            };
            panel.curve(&mut canvas, points(), dash, color, CURVE_WIDTH);
            if function.values.len() == 1 {
                panel.discs(&mut canvas, points(), DISC_RADIUS, color);
            }
        }
        for (number, function) in self.functions.iter().enumerate() {
            let end = function.window.and_then(|window| {
                let value = function.values.get(window)?;
                panel.place([window as f64, *value])
            });
            if let Some([x, y]) = end {
                let color = series(number).0;
                canvas.line(vec![[x, y - 12.0], [x, y + 12.0]], color, CURVE_WIDTH);
                canvas.disc([x, y], DISC_RADIUS + 0.5, color);
            }
        }
        panel.axes(&mut canvas);
        Ok(canvas)
    }
}
