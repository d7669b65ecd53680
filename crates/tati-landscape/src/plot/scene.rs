//! The box around a surface: its walls, and the numbers and names along its edges.

use tati_core::Result;

use super::axis::{Axis, widest};
use super::canvas::{Anchor, Canvas, Point, Text, fit, text_room};
use super::contour::along;
use super::grid::Shades;
use super::projection::{HEIGHT, Projection};
use super::rect::Rect;
use super::style::{AXIS_WIDTH, Color, GRID, GRID_WIDTH, INK, LABEL_SIZE, TICK_SIZE, mix};
use super::ticks::Ticks;

/// Names of the three directions; all empty for a small box without names.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxLabels<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) value: &'a str,
}

/// A box with its axes.
pub(super) struct Scene {
    pub(super) projection: Projection,
    frame: Rect,
    axes: [Axis; 3],
    /// Whether the names of the directions are too long to stand beside their edges.
    names_below: bool,
}

/// Distance of numbers from their edge.
const AWAY: f64 = 11.0;

impl Scene {
    /// A box that fills `frame`, over the ends of the two directions and the values of `shades`.
    pub(super) fn new(
        frame: Rect,
        labels: BoxLabels,
        ends: [[f64; 2]; 2],
        shades: &Shades,
    ) -> Result<Self> {
        let x = along(labels.x, &ends[0])?;
        let y = along(labels.y, &ends[1])?;
        let mut z = shades.axis.clone();
        z.label = labels.value.to_string();
        let has_names = !(labels.x.is_empty() && labels.y.is_empty() && labels.value.is_empty());
        let names = if has_names { LABEL_SIZE + 10.0 } else { 0.0 };
        let numbers = widest(&z.ticks_up(0.5 * frame.height()));
        let projection = |below: f64| {
            Projection::into(Rect {
                left: frame.left + 18.0 + numbers + names,
                top: frame.top + TICK_SIZE,
                right: frame.right - 24.0,
                bottom: frame.bottom - 2.0 * TICK_SIZE - below,
            })
        };
        let mut scene = Self {
            projection: projection(0.0),
            frame,
            axes: [x, y, z],
            names_below: false,
        };
        let is_cut = |axis: usize| {
            let name = scene.ticks(axis).describe(&scene.axes[axis].label);
            let (_, room) = scene.beside(axis);
            text_room(&name, LABEL_SIZE) > room
        };
        if has_names && (is_cut(0) || is_cut(1)) {
            scene.projection = projection(LABEL_SIZE + 2.0);
            scene.names_below = true;
        }
        Ok(scene)
    }

    /// The floor and the two far walls with lines at the numbers.
    pub(super) fn walls(&self, canvas: &mut Canvas) {
        let h = HEIGHT;
        let mut line = |from: [f64; 3], to: [f64; 3], color: Color, width: f64| {
            let places = [from, to].map(|point| self.projection.place(point));
            canvas.line(places.to_vec(), color, width);
        };
        for (axis, share) in self.shares() {
            let place = 2.0 * share - 1.0;
            let (a, b) = match axis {
                0 => (
                    [[place, -1.0, 0.0], [place, 1.0, 0.0]],
                    [[place, 1.0, 0.0], [place, 1.0, h]],
                ),
                1 => (
                    [[-1.0, place, 0.0], [1.0, place, 0.0]],
                    [[1.0, place, 0.0], [1.0, place, h]],
                ),
                _ => {
                    let z = share * h;
                    (
                        [[-1.0, 1.0, z], [1.0, 1.0, z]],
                        [[1.0, 1.0, z], [1.0, -1.0, z]],
                    )
                }
            };
            for [from, to] in [a, b] {
                line(from, to, GRID, GRID_WIDTH);
            }
        }
        for [from, to] in [
            [[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]],
            [[-1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]],
            [[-1.0, 1.0, 0.0], [-1.0, 1.0, h]],
        ] {
            line(from, to, INK, AXIS_WIDTH);
        }
        for [from, to] in [
            [[-1.0, 1.0, 0.0], [1.0, 1.0, 0.0]],
            [[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]],
            [[1.0, 1.0, 0.0], [1.0, 1.0, h]],
            [[-1.0, 1.0, h], [1.0, 1.0, h]],
            [[1.0, 1.0, h], [1.0, -1.0, h]],
            [[1.0, -1.0, 0.0], [1.0, -1.0, h]],
        ] {
            line(from, to, mix(GRID, INK, 0.25), GRID_WIDTH);
        }
    }

    /// Marks, numbers and names along the edges in front.
    pub(super) fn numbers(&self, canvas: &mut Canvas) {
        const MARK: f64 = 5.0;

        for axis in 0..3 {
            let ticks = self.ticks(axis);
            let (start, end) = (self.at(axis, 0.0), self.at(axis, 1.0));
            let (outward, anchor) = match axis {
                0 => ([0.6, 0.8], Anchor::Start),
                1 => ([-0.6, 0.8], Anchor::End),
                _ => ([-1.0, 0.0], Anchor::End),
            };
            for (number, text) in &ticks.major {
                let Some(share) = self.axes[axis].share(*number) else {
                    continue;
                };
                // The lowest height would lie on the last number of the second direction.
                if axis == 2 && share * (start[1] - end[1]) < TICK_SIZE {
                    continue;
                }
                let [x, y] = self.at(axis, share);
                let out = |way: f64| [x + way * outward[0], y + way * outward[1]];
                canvas.line(vec![[x, y], out(MARK)], INK, AXIS_WIDTH);
                canvas.text(Text::new(text, out(AWAY), anchor, TICK_SIZE));
            }
            let label = &self.axes[axis].label;
            if label.is_empty() {
                continue;
            }
            let name = ticks.describe(label);
            if axis == 2 {
                // Beside its edge, and above it where it is longer.
                let (name, size) = fit(&name, LABEL_SIZE, start[1] - self.frame.top);
                let half = text_room(&name, size) / 2.0;
                let x = start[0] - AWAY - widest(&ticks) - 8.0 - LABEL_SIZE / 2.0;
                let y = ((start[1] + end[1]) / 2.0).min(start[1] - half);
                let mut text = Text::new(name, [x, y], Anchor::Middle, size);
                text.vertical = true;
                canvas.text(text);
            } else {
                let (at, room) = if self.names_below {
                    self.below(axis)
                } else {
                    self.beside(axis)
                };
                let (name, size) = fit(&name, LABEL_SIZE, room);
                canvas.text(Text::new(name, at, anchor, size));
            }
        }
    }

    /// Where the name of a direction begins beside the middle of its edge, and its room there.
    fn beside(&self, axis: usize) -> (Point, f64) {
        let (start, end) = (self.at(axis, 0.0), self.at(axis, 1.0));
        let [x, y] = [0, 1].map(|side| (start[side] + end[side]) / 2.0);
        // Beyond the numbers, which reach sideways.
        let numbers = widest(&self.ticks(axis));
        let aside = AWAY + 0.5 * numbers;
        let down = AWAY + TICK_SIZE + LABEL_SIZE;
        if axis == 0 {
            let x = x + aside;
            ([x, y + down], self.frame.right - x)
        } else {
            // This edge is steeper.
            let x = x - aside;
            ([x, y + down + 0.4 * numbers], x - self.frame.left)
        }
    }

    /// As [`beside`](Self::beside), below the box.
    fn below(&self, axis: usize) -> (Point, f64) {
        const GAP: f64 = 12.0;

        let [x, y] = self.at(0, 0.0);
        let y = y + AWAY + 1.2 * TICK_SIZE + LABEL_SIZE / 2.0;
        if axis == 0 {
            let x = x + GAP;
            ([x, y], self.frame.right - x)
        } else {
            let x = x - GAP;
            ([x, y], x - self.frame.left)
        }
    }

    /// Where a share of the axis lies on the edge that bears its numbers.
    fn at(&self, axis: usize, share: f64) -> Point {
        let place = 2.0 * share - 1.0;
        self.projection.place(match axis {
            0 => [place, -1.0, 0.0],
            1 => [-1.0, place, 0.0],
            _ => [-1.0, 1.0, share * HEIGHT],
        })
    }

    fn ticks(&self, axis: usize) -> Ticks {
        let (start, end) = (self.at(axis, 0.0), self.at(axis, 1.0));
        if axis == 2 {
            let rows = (start[1] - end[1]) / (1.25 * TICK_SIZE);
            self.axes[axis].ticks((rows as usize).clamp(1, 9))
        } else {
            self.axes[axis].ticks_across((end[0] - start[0]).abs())
        }
    }

    /// Axis and share of every number.
    fn shares(&self) -> Vec<(usize, f64)> {
        let of_axis = |axis: usize| {
            let shares = self.ticks(axis).major.into_iter();
            let shares = shares.filter_map(move |(number, _)| self.axes[axis].share(number));
            shares.map(move |share| (axis, share))
        };
        (0..3).flat_map(of_axis).collect()
    }
}
