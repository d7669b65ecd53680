//! A rectangle with axes around it, and what is drawn inside.

use super::axis::{Axis, widest};
use super::canvas::{Anchor, Canvas, Point, Text, fit};
use super::rect::Rect;
use super::style::{
    AXIS_WIDTH, Color, Dash, GRID, GRID_WIDTH, INK, LABEL_SIZE, TICK_LENGTH, TICK_SIZE, UNBROKEN,
};
use super::ticks::Ticks;

/// Room below a panel for its numbers, and for the name of its axis.
const NUMBERS_BELOW: f64 = TICK_LENGTH + 5.0 + TICK_SIZE;
const NAME_BELOW: f64 = 8.0 + LABEL_SIZE;

#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Where data are drawn.
    pub(super) area: Rect,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Panel {
    /// A panel in `frame`, inset by the room of its numbers and names. Without a label, an axis has no room for one.
    pub(super) fn new(frame: Rect, x: Axis, y: Axis) -> Self {
        let room = left_room(&y, frame.height());
        Self::with_left_room(frame, x, y, room)
    }

    /// As [`new`](Self::new), for panels above each other whose areas have to begin at the same place.
    pub(super) fn with_left_room(frame: Rect, x: Axis, y: Axis, room: f64) -> Self {
        let below = NUMBERS_BELOW + if x.label.is_empty() { 0.0 } else { NAME_BELOW };
        let area = Rect {
            left: frame.left + room,
            // Half a number stands out at the end of an axis.
            top: frame.top + TICK_SIZE / 2.0,
            right: frame.right - 6.0,
            bottom: frame.bottom - below,
        };
        Self { area, x, y }
    }

    /// Lines at the numbers, behind the data.
    pub(super) fn grid(&self, canvas: &mut Canvas) {
        for (number, _) in self.x.ticks_across(self.area.width()).major {
            self.vertical(canvas, number, UNBROKEN, GRID, GRID_WIDTH);
        }
        for (number, _) in self.y.ticks_up(self.area.height()).major {
            self.horizontal(canvas, number, UNBROKEN, GRID, GRID_WIDTH);
        }
    }

    /// The frame with marks, numbers and names, over the data.
    pub(super) fn axes(&self, canvas: &mut Canvas) {
        let area = self.area;
        let mut frame = area.corners();
        frame.push(frame[0]);
        canvas.line(frame, INK, AXIS_WIDTH);
        let across = self.x.ticks_across(area.width());
        let up = self.y.ticks_up(area.height());
        for (number, length) in marks(&across) {
            if let Some(share) = self.x.share(number) {
                let x = area.left + share * area.width();
                canvas.line(
                    vec![[x, area.bottom], [x, area.bottom + length]],
                    INK,
                    AXIS_WIDTH,
                );
            }
        }
        for (number, length) in marks(&up) {
            if let Some(share) = self.y.share(number) {
                let y = area.bottom - share * area.height();
                canvas.line(
                    vec![[area.left, y], [area.left - length, y]],
                    INK,
                    AXIS_WIDTH,
                );
            }
        }
        let row = area.bottom + NUMBERS_BELOW - TICK_SIZE / 2.0;
        for (number, text) in &across.major {
            if let Some(share) = self.x.share(*number) {
                let at = [area.left + share * area.width(), row];
                canvas.text(Text::new(text, at, Anchor::Middle, TICK_SIZE));
            }
        }
        for (number, text) in &up.major {
            if let Some(share) = self.y.share(*number) {
                let at = [
                    area.left - TICK_LENGTH - 4.0,
                    area.bottom - share * area.height(),
                ];
                canvas.text(Text::new(text, at, Anchor::End, TICK_SIZE));
            }
        }
        let (x, y) = (
            (area.left + area.right) / 2.0,
            (area.top + area.bottom) / 2.0,
        );
        if !self.x.label.is_empty() {
            let (name, size) = fit(&across.describe(&self.x.label), LABEL_SIZE, area.width());
            let at = [
                x,
                area.bottom + NUMBERS_BELOW + NAME_BELOW - LABEL_SIZE / 2.0,
            ];
            canvas.text(Text::new(name, at, Anchor::Middle, size));
        }
        if !self.y.label.is_empty() {
            let (name, size) = fit(&up.describe(&self.y.label), LABEL_SIZE, area.height());
            let at = [area.left - numbers_left(&up) - 8.0 - LABEL_SIZE / 2.0, y];
            let mut text = Text::new(name, at, Anchor::Middle, size);
            text.vertical = true;
            canvas.text(text);
        }
    }

    /// Where a point of the data lies, also if that is outside; nothing if it cannot be shown.
    pub(super) fn place(&self, [x, y]: Point) -> Option<Point> {
        let (x, y) = (self.x.share(x)?, self.y.share(y)?);
        let area = self.area;
        Some([
            area.left + x * area.width(),
            area.bottom - y * area.height(),
        ])
    }

    /// A curve through the points, with gaps where they cannot be shown, cut off at the edges.
    pub(super) fn curve(
        &self,
        canvas: &mut Canvas,
        points: impl IntoIterator<Item = Point>,
        dash: Dash,
        color: Color,
        width: f64,
    ) {
        for piece in self.pieces(points) {
            canvas.dashed(piece, dash, color, width);
        }
    }

    /// The visible pieces of a curve.
    pub(super) fn pieces(&self, points: impl IntoIterator<Item = Point>) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = vec![Vec::new()];
        let mut last: Option<Point> = None;
        for point in points {
            let place = self.place(point);
            let (Some(from), Some(to)) = (last, place) else {
                pieces.push(Vec::new());
                last = place;
                continue;
            };
            // What is nearer than a fraction of a pixel adds nothing but size.
            if (to[0] - from[0]).hypot(to[1] - from[1]) < 0.15 {
                continue;
            }
            match self.area.clipped(from, to) {
                Some([start, end]) => {
                    let goes_on = pieces
                        .last()
                        .is_some_and(|piece| piece.last() == Some(&start));
                    if !goes_on {
                        pieces.push(vec![start]);
                    }
                    if let Some(piece) = pieces.last_mut() {
                        piece.push(end);
                    }
                }
                None => pieces.push(Vec::new()),
            }
            last = Some(to);
        }
        pieces.retain(|piece| piece.len() > 1);
        pieces
    }

    /// The area between lower and upper values (x, low, high), interrupted where they cannot be shown. A lower value below a
    /// logarithmic axis reaches down to its end.
    pub(super) fn band(
        &self,
        canvas: &mut Canvas,
        values: impl IntoIterator<Item = (f64, f64, f64)>,
        color: Color,
        opacity: f64,
    ) {
        let area = self.area;
        let mut edges: [Vec<Point>; 2] = [Vec::new(), Vec::new()];
        let mut finish = |edges: &mut [Vec<Point>; 2]| {
            let [mut polygon, upper] = std::mem::take(edges);
            polygon.extend(upper.into_iter().rev());
            canvas.translucent(polygon, color, opacity);
        };
        for (x, low, high) in values {
            let inside = self
                .x
                .share(x)
                .filter(|share| (-1e-9..=1.0 + 1e-9).contains(share));
            let low = if low.is_nan() {
                low
            } else {
                low.max(self.y.low)
            };
            match (inside, self.y.share(low), self.y.share(high)) {
                (Some(x), Some(low), Some(high)) => {
                    let x = area.left + x * area.width();
                    for (edge, share) in edges.iter_mut().zip([low, high]) {
                        let y = area.bottom - share.clamp(0.0, 1.0) * area.height();
                        edge.push([x, y]);
                    }
                }
                _ => finish(&mut edges),
            }
        }
        finish(&mut edges);
    }

    /// A disc at each point inside.
    pub(super) fn discs(
        &self,
        canvas: &mut Canvas,
        points: impl IntoIterator<Item = Point>,
        radius: f64,
        color: Color,
    ) {
        for point in points {
            let inside = self.x.contains(point[0]) && self.y.contains(point[1]);
            if let Some(place) = self.place(point).filter(|_| inside) {
                canvas.disc(place, radius, color);
            }
        }
    }

    pub(super) fn horizontal(
        &self,
        canvas: &mut Canvas,
        y: f64,
        dash: Dash,
        color: Color,
        width: f64,
    ) {
        self.curve(
            canvas,
            [[self.x.low, y], [self.x.high, y]],
            dash,
            color,
            width,
        );
    }

    pub(super) fn vertical(
        &self,
        canvas: &mut Canvas,
        x: f64,
        dash: Dash,
        color: Color,
        width: f64,
    ) {
        self.curve(
            canvas,
            [[x, self.y.low], [x, self.y.high]],
            dash,
            color,
            width,
        );
    }
}

/// Room left of a panel in a frame of this height for its numbers and the name of its axis.
pub(super) fn left_room(y: &Axis, frame_height: f64) -> f64 {
    let height = frame_height - NUMBERS_BELOW - NAME_BELOW - TICK_SIZE / 2.0;
    let ticks = y.ticks_up(height);
    numbers_left(&ticks)
        + if y.label.is_empty() {
            0.0
        } else {
            8.0 + LABEL_SIZE
        }
}

fn numbers_left(ticks: &Ticks) -> f64 {
    TICK_LENGTH + 4.0 + widest(ticks)
}

/// Every number with the length of its mark.
fn marks(ticks: &Ticks) -> impl Iterator<Item = (f64, f64)> {
    let major = ticks.major.iter().map(|(number, _)| (*number, TICK_LENGTH));
    let minor = ticks
        .minor
        .iter()
        .map(|number| (*number, 0.6 * TICK_LENGTH));
    major.chain(minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::axis::Scale;

    fn panel() -> Panel {
        let axis = Axis::tight("values", "", Scale::Linear, [0.0, 10.0]).unwrap();
        Panel {
            area: Rect {
                left: 0.0,
                top: 0.0,
                right: 100.0,
                bottom: 100.0,
            },
            x: axis.clone(),
            y: axis,
        }
    }

    #[test]
    fn curves_are_cut_at_the_edges_and_interrupted_at_holes() {
        let points = [
            [-5.0, 5.0],
            [5.0, 5.0],
            [5.0, 15.0],
            [8.0, f64::NAN],
            [8.0, 1.0],
            [9.0, 1.0],
        ];
        assert_eq!(
            panel().pieces(points),
            [
                vec![[0.0, 50.0], [50.0, 50.0], [50.0, 0.0]],
                vec![[80.0, 90.0], [90.0, 90.0]]
            ]
        );
    }

    #[test]
    fn bands_stay_inside_and_are_interrupted_at_holes() {
        let mut canvas = Canvas::new(100.0, 100.0).unwrap();
        let hole = (5.0, f64::NAN, 1.0);
        let values = [
            (1.0, -50.0, 5.0),
            (2.0, 1.0, 50.0),
            hole,
            (6.0, 1.0, 2.0),
            (7.0, 1.0, 2.0),
        ];
        panel().band(&mut canvas, values, INK, 0.3);
        assert_eq!(canvas.shapes.len(), 2);
    }
}
