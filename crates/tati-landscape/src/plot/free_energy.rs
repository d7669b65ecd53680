//! Free energies along a variable.

use std::path::Path;

use tati_core::Result;

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::curve::Curve;
use super::mark::Labels;
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{
    CURVE_WIDTH, DASHED, DISC_RADIUS, Dash, GRID_WIDTH, INK, THIN_CURVE_WIDTH, UNBROKEN, WIDTH,
    series,
};

/// A barrier over one basin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Barrier<'a> {
    /// The bottom of the basin: place along the variable, free energy.
    pub bottom: [f64; 2],
    /// The top of the barrier: place along the variable, free energy.
    pub top: [f64; 2],
    /// What stands beside it, as its height with the error; may be empty.
    pub label: &'a str,
}

/// Free energies along a variable with bands of one standard error, a theory beside them, and the height of barriers as lines upright from
/// the bottom of their basin to the level of their top. A bin without draws, of which nothing is known, leaves a gap.
#[derive(Clone, Copy, Debug, Default)]
pub struct FreeEnergy<'a> {
    /// One or more curves: places along the variable, the free energy at each, and its standard error.
    pub curves: &'a [Curve<'a>],
    /// What it is in theory, without error; may be empty. Where it leaves the range of the curves it is cut off.
    pub theory: Curve<'a>,
    /// Barriers; may be empty.
    pub barriers: &'a [Barrier<'a>],
    /// Name and unit of the variable.
    pub x_label: &'a str,
    /// Name and unit of the free energy.
    pub y_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl FreeEnergy<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if no free energy is finite or the extension is neither `png` nor `svg`,
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if a curve has other than as many values as places, or other than as many errors
    /// or none, [`File`](tati_core::TatiError::File) if the file cannot be written.
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
        const MOST_LARGE_DISCS: usize = 60;

        for curve in self.curves.iter().chain([&self.theory]) {
            curve.check()?;
        }
        let (mut canvas, mut body) = page([WIDTH, 430.0], self.title, self.source)?;
        let mut entries: Vec<Entry> = self
            .curves
            .iter()
            .enumerate()
            .map(|(number, curve)| Entry::new(curve.label, Key::CurveWithDiscs, series(number).0))
            .collect();
        if !self.theory.x.is_empty() {
            let label = match self.theory.label {
                "" => "theory",
                label => label,
            };
            entries.push(Entry::new(label, Key::Line(DASHED), INK));
        }
        if !self.barriers.is_empty() {
            entries.push(Entry::new("barrier", Key::Line(UNBROKEN), INK));
        }
        legend(&mut canvas, &mut body, entries);
        let places = self.curves.iter().flat_map(|curve| {
            let points = curve.points().filter(|[_, y]| y.is_finite());
            points.map(|[x, _]| x)
        });
        let x = Axis::over("free energies", self.x_label, Scale::Linear, places)?;
        let values = self.curves.iter().flat_map(Curve::reach);
        let ends = self
            .barriers
            .iter()
            .flat_map(|one| [one.bottom[1], one.top[1]]);
        let values = values.chain(ends);
        let y = Axis::over("free energies", self.y_label, Scale::Linear, values)?;
        let panel = Panel::new(body, x, y);
        panel.grid(&mut canvas);
        // The bands of many curves would hide them all.
        if self.curves.len() <= MOST_BANDS {
            for (number, curve) in self.curves.iter().enumerate() {
                if !curve.error.is_empty() {
                    panel.band(&mut canvas, curve.band(), series(number).0, 0.25);
                }
            }
        }
        for (number, curve) in self.curves.iter().enumerate() {
            let (color, dash) = series(number);
            panel.curve(&mut canvas, curve.points(), dash, color, CURVE_WIDTH);
            let radius = if curve.x.len() > MOST_LARGE_DISCS {
                1.6
            } else {
                0.8 * DISC_RADIUS
            };
            panel.discs(&mut canvas, curve.points(), radius, color);
        }
        panel.curve(&mut canvas, self.theory.points(), DASHED, INK, CURVE_WIDTH);
        self.barriers(&mut canvas, &panel);
        panel.axes(&mut canvas);
        Ok(canvas)
    }

    fn barriers(&self, canvas: &mut Canvas, panel: &Panel) {
        const CAP: f64 = 5.0;
        /// Shares of a barrier's height at which its label may stand.
        const HEIGHTS: [f64; 5] = [0.5, 0.65, 0.8, 0.35, 0.2];

        let mut labels = Labels::within(panel.area);
        let shown = self.barriers.iter().filter_map(|barrier| {
            let inside = [barrier.bottom, barrier.top]
                .iter()
                .all(|[x, _]| panel.x.contains(*x));
            let (bottom, top) = (panel.place(barrier.bottom)?, panel.place(barrier.top)?);
            inside.then_some((bottom, top, barrier.label))
        });
        let shown: Vec<_> = shown.collect();
        for curve in self.curves.iter().chain([&self.theory]) {
            for piece in panel.pieces(curve.points()) {
                labels.avoid_line(piece);
            }
        }
        for ([x, bottom], top, _) in &shown {
            let upright = vec![[*x, *bottom], [*x, top[1]]];
            let level = vec![[*x, top[1]], *top];
            canvas.line(upright.clone(), INK, THIN_CURVE_WIDTH);
            for y in [*bottom, top[1]] {
                canvas.line(vec![[x - CAP, y], [x + CAP, y]], INK, THIN_CURVE_WIDTH);
            }
            canvas.dashed(level.clone(), LEVEL, INK, GRID_WIDTH);
            labels.avoid_line(upright);
            labels.avoid_line(level);
        }
        for ([x, bottom], top, label) in shown {
            let places = HEIGHTS.map(|share| [x, bottom + share * (top[1] - bottom)]);
            labels.beside_one(canvas, &places, label);
        }
    }
}

/// From the basin to the top at its level.
const LEVEL: Dash = &[2.0, 3.0];
