//! Chains in the planes of principal components.

use std::path::Path;

use tati_core::{Result, TatiError, require_count};

use super::axis::{Axis, Scale};
use super::canvas::Canvas;
use super::color_bar;
use super::colormap::sequential;
use super::output;
use super::page::{Entry, Key, legend, page, ring};
use super::panel::Panel;
use super::rect::Rect;
use super::style::{
    CURVE_WIDTH, DISC_RADIUS, GUTTER, INK, MARGIN, THIN_CURVE_WIDTH, UNBROKEN, WHITE, series,
};

/// Colours along a chain.
const PARTS: usize = 64;

/// Chains in planes of two principal components each, coloured by time along the chain, with their starts and ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trajectories<'a> {
    /// Coordinates of the draws of each chain, of shape \[draws, `num_components`\], row-major.
    pub chains: &'a [&'a [f64]],
    /// The number of coordinates of a draw.
    pub num_components: usize,
    /// The two components of each panel, from 0.
    pub planes: &'a [[usize; 2]],
    /// The share of the variance that each component explains; may be empty.
    pub explained: &'a [f64],
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl Trajectories<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if there is no plane or one of components that there are not, no draw is finite or the
    /// extension is neither `png` nor `svg`, [`ShapeMismatch`](TatiError::ShapeMismatch) if the length of a chain is no multiple of
    /// the number of components, [`File`](TatiError::File) if the file cannot be written.
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
        const SIDE: f64 = 420.0;
        const GAP: f64 = 14.0;
        const MOST_COLUMNS: usize = 3;

        self.check()?;
        let longest = self
            .chains
            .iter()
            .map(|chain| chain.len() / self.num_components)
            .max();
        let draws = [0.0, (longest.unwrap_or(0).max(2) - 1) as f64];
        let time = Axis::tight("chains", "draw", Scale::Linear, draws)?.whole();
        let columns = self.planes.len().min(MOST_COLUMNS);
        let rows = self.planes.len().div_ceil(columns);
        let side = if columns == 1 { 500.0 } else { SIDE };
        let bar = color_bar::room(&time, side - 60.0) + GAP;
        let width = (columns as f64 * side + bar + 2.0 * MARGIN).ceil();
        let (mut canvas, mut body) =
            page([width, rows as f64 * 400.0 + 90.0], self.title, self.source)?;
        let ends = (0..self.chains.len()).map(|number| {
            Entry::new(
                format!("end of chain {}", number + 1),
                Key::Disc,
                series(number).0,
            )
        });
        let start = Entry::new("start", Key::Ring, INK);
        legend(
            &mut canvas,
            &mut body,
            std::iter::once(start).chain(ends).collect(),
        );
        let mut panels = body;
        panels.right -= bar;
        let mut last = panels;
        for (number, plane) in self.planes.iter().enumerate() {
            let frame = panels.cell([rows, columns], number, GUTTER);
            last = self.plane(&mut canvas, frame, *plane)?;
        }
        color_bar::smooth(
            &mut canvas,
            &time,
            sequential,
            panels.right + GAP,
            last.top,
            last.bottom,
        );
        Ok(canvas)
    }

    fn check(&self) -> Result<()> {
        require_count("num_components", self.num_components, 1..)?;
        require_count("number of planes", self.planes.len(), 1..)?;
        for component in self.planes.iter().flatten() {
            require_count("component of a plane", *component, 0..self.num_components)?;
        }
        for (number, chain) in self.chains.iter().enumerate() {
            if chain.len() % self.num_components != 0 {
                return Err(TatiError::ShapeMismatch {
                    what: format!("coordinates of chain {}", number + 1),
                    expected: format!("a multiple of {}", self.num_components),
                    found: chain.len().to_string(),
                });
            }
        }
        Ok(())
    }

    /// Draws a panel and returns where its data are.
    fn plane(&self, canvas: &mut Canvas, frame: Rect, plane: [usize; 2]) -> Result<Rect> {
        let coordinates = |component: usize| {
            let chains = self.chains.iter();
            chains.flat_map(move |chain| chain.iter().skip(component).step_by(self.num_components))
        };
        let axis = |component: usize| {
            let label = match self.explained.get(component) {
                Some(share) if share.is_finite() => {
                    format!("PC {} ({:.1} % of variance)", component + 1, 100.0 * share)
                }
                _ => format!("PC {}", component + 1),
            };
            Axis::over(
                "chains",
                &label,
                Scale::Linear,
                coordinates(component).copied(),
            )
        };
        let panel = Panel::new(frame, axis(plane[0])?, axis(plane[1])?);
        panel.grid(canvas);
        let paths: Vec<Vec<[f64; 2]>> = self
            .chains
            .iter()
            .map(|chain| {
                let draws = chain.chunks_exact(self.num_components);
                draws.map(|draw| [draw[plane[0]], draw[plane[1]]]).collect()
            })
            .collect();
        let longest = paths.iter().map(Vec::len).max().unwrap_or(0);
        let length = longest.div_ceil(PARTS).max(1);
        // All chains at one time before any at a later one, so that none covers the others.
        for part in 0..PARTS {
            let color = sequential((part as f64 + 0.5) / longest.div_ceil(length).max(1) as f64);
            for path in &paths {
                let start = (part * length).min(path.len());
                let end = (start + length + 1).min(path.len());
                let points = path[start..end].iter().copied();
                panel.curve(canvas, points, UNBROKEN, color, THIN_CURVE_WIDTH);
            }
        }
        for path in &paths {
            if let Some(place) = path.first().and_then(|point| panel.place(*point)) {
                ring(canvas, place, INK);
            }
        }
        for (number, path) in paths.iter().enumerate() {
            if let Some(place) = path.last().and_then(|point| panel.place(*point)) {
                canvas.disc(place, DISC_RADIUS + CURVE_WIDTH, WHITE);
                canvas.disc(place, DISC_RADIUS + 0.5, series(number).0);
            }
        }
        panel.axes(canvas);
        Ok(panel.area)
    }
}
