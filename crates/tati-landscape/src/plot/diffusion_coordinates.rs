//! Points in two coordinates of a diffusion map.

use std::path::Path;

use tati_core::{Result, TatiError, require_count};

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, Point};
use super::color_bar;
use super::grid::{ColorScale, Shades};
use super::mark::{Mark, marks};
use super::output;
use super::page::{Entry, Key, legend, page};
use super::panel::Panel;
use super::style::{BLUE, Color, HOLE, INK, WHITE, WIDTH, series};

/// Most points that are drawn; of more, some are left out evenly.
const MOST_POINTS: usize = 20_000;

/// What the colours of points mean.
#[derive(Clone, Copy, Debug, Default)]
pub enum PointColors<'a> {
    /// All are alike.
    #[default]
    Alike,
    /// A value of each point, as its loss. Points whose value cannot be shown are grey.
    Values {
        /// A value for each point.
        values: &'a [f64],
        /// Name and unit of the values.
        label: &'a str,
        /// How they become colours.
        scale: ColorScale,
    },
    /// A group of each point, as its chain.
    Groups {
        /// The number of the group of each point, from 0.
        group: &'a [usize],
        /// The name of each group.
        names: &'a [&'a str],
    },
}

/// Points in two coordinates, coloured by a value with its colour bar or by their group, with named places in rings. Names that find no
/// room are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiffusionCoordinates<'a> {
    /// First coordinate of every point. Of more than 20,000 points, some are left out.
    pub x: &'a [f64],
    /// Second coordinate of every point.
    pub y: &'a [f64],
    /// What their colours mean.
    pub colors: PointColors<'a>,
    /// Places to mark, as corner points or minima; may be empty.
    pub marks: &'a [Mark<'a>],
    /// Name of the first coordinate.
    pub x_label: &'a str,
    /// Name of the second coordinate.
    pub y_label: &'a str,
    /// What stands above.
    pub title: &'a str,
    /// Which run this is.
    pub source: &'a str,
}

impl DiffusionCoordinates<'_> {
    /// Writes the figure.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if no coordinate or no value can be shown, a point has a group without a name, or the
    /// extension is neither `png` nor `svg`, [`ShapeMismatch`](TatiError::ShapeMismatch) if there are other than as many second
    /// coordinates, values or groups as first coordinates, [`File`](TatiError::File) if the file cannot be written.
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
        const GAP: f64 = 14.0;

        self.check()?;
        let (mut canvas, mut body) = page([WIDTH, 520.0], self.title, self.source)?;
        let order = shuffled(self.x.len());
        legend(&mut canvas, &mut body, self.entries(order.len()));
        let shades = match self.colors {
            PointColors::Values {
                values,
                label,
                scale,
            } => Some(Shades::over(label, scale, values)?),
            PointColors::Alike | PointColors::Groups { .. } => None,
        };
        let mut frame = body;
        if let Some(shades) = &shades {
            frame.right -= color_bar::room(&shades.axis, body.height() - 40.0) + GAP;
        }
        let axis = |label: &str, values: &[f64]| {
            let values = values.iter().copied();
            Axis::over("coordinates", label, Scale::Linear, values)
        };
        let panel = Panel::new(
            frame,
            axis(self.x_label, self.x)?,
            axis(self.y_label, self.y)?,
        );
        panel.grid(&mut canvas);
        let radius = match order.len() {
            0..300 => 3.0,
            300..3000 => 2.2,
            _ => 1.6,
        };
        for point in order {
            let Some(place) = panel.place([self.x[point], self.y[point]]) else {
                continue;
            };
            let (color, is_ring) = self.color(point, shades.as_ref());
            dot(&mut canvas, place, radius, color, is_ring);
        }
        marks(&mut canvas, &panel, self.marks, INK);
        panel.axes(&mut canvas);
        if let Some(shades) = &shades {
            let area = panel.area;
            let color = |share| shades.color(share);
            let left = area.right + GAP;
            color_bar::smooth(
                &mut canvas,
                &shades.axis,
                color,
                left,
                area.top,
                area.bottom,
            );
        }
        Ok(canvas)
    }

    fn check(&self) -> Result<()> {
        let (what, colors) = match self.colors {
            PointColors::Alike => ("", self.x.len()),
            PointColors::Values { values, .. } => ("values of the points", values.len()),
            PointColors::Groups { group, .. } => ("groups of the points", group.len()),
        };
        let coordinates = ("second coordinates of the points", self.y.len());
        for (what, found) in [coordinates, (what, colors)] {
            if found != self.x.len() {
                return Err(TatiError::ShapeMismatch {
                    what: what.to_string(),
                    expected: self.x.len().to_string(),
                    found: found.to_string(),
                });
            }
        }
        if let PointColors::Groups { group, names } = self.colors {
            for number in group {
                require_count("group of a point", *number, 0..names.len())?;
            }
        }
        Ok(())
    }

    fn entries(&self, drawn: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        if let PointColors::Groups { names, .. } = self.colors {
            entries.extend(names.iter().enumerate().map(|(number, name)| {
                let (color, is_ring) = group_style(number);
                let key = if is_ring { Key::Ring } else { Key::Disc };
                Entry::new(*name, key, color)
            }));
        }
        if drawn < self.x.len() {
            let label = format!("{drawn} of {} points", self.x.len());
            entries.push(Entry::new(label, Key::Disc, HOLE));
        }
        entries
    }

    fn color(&self, point: usize, shades: Option<&Shades>) -> (Color, bool) {
        match (self.colors, shades) {
            (PointColors::Groups { group, .. }, _) => group_style(group[point]),
            (PointColors::Values { values, .. }, Some(shades)) => {
                let share = shades.axis.share(values[point]);
                (share.map_or(HOLE, |share| shades.color(share)), false)
            }
            _ => (BLUE, false),
        }
    }
}

/// The colour of a group, and whether its points are rings: those after the first round of the colours.
fn group_style(number: usize) -> (Color, bool) {
    let (color, dash) = series(number);
    (color, !dash.is_empty())
}

fn dot(canvas: &mut Canvas, place: Point, radius: f64, color: Color, is_ring: bool) {
    if is_ring {
        canvas.disc(place, radius + 0.5, color);
        canvas.disc(place, 0.5 * radius, WHITE);
    } else {
        canvas.disc(place, radius, color);
    }
}

/// Which points are drawn, in an order that lets no part of them, as a chain, lie on top of the others.
fn shuffled(points: usize) -> Vec<usize> {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let drawn = points.min(MOST_POINTS);
    let mut order: Vec<usize> = (0..drawn).map(|number| number * points / drawn).collect();
    let key = |point: &usize| (*point as f64 * golden).fract();
    order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_drawn_once_each_and_thinned_evenly() {
        let mut few = shuffled(1000);
        assert!(few[..100].iter().any(|point| *point < 100));
        assert!(few[..100].iter().any(|point| *point > 900));
        few.sort_unstable();
        assert_eq!(few, (0..1000).collect::<Vec<_>>());
        let mut many = shuffled(3 * MOST_POINTS);
        many.sort_unstable();
        assert_eq!((many.len(), many[1], many[2]), (MOST_POINTS, 3, 6));
        assert!(shuffled(0).is_empty());
    }
}
