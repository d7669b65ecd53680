//! Places marked by a ring and a name, and where names find room.

use super::canvas::{Anchor, Canvas, Point, Text, runs, text_room};
use super::page::ring;
use super::panel::Panel;
use super::rect::Rect;
use super::style::{Color, DISC_RADIUS, TICK_SIZE, WHITE};

/// A place of a figure with a name, as a corner point or a minimum.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mark<'a> {
    /// The place, in the units of the axes.
    pub at: [f64; 2],
    /// Its name; may be empty.
    pub label: &'a str,
}

/// The names that a panel holds so far; none covers another, nor a line where there is room elsewhere.
pub(super) struct Labels {
    area: Rect,
    taken: Vec<Rect>,
    lines: Vec<Vec<Point>>,
}

impl Labels {
    pub(super) fn within(area: Rect) -> Self {
        Self {
            area,
            taken: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Keeps names clear of a line through places of the page, if they find room.
    pub(super) fn avoid_line(&mut self, line: Vec<Point>) {
        self.lines.push(line);
    }

    /// Keeps names away from a place of the page.
    pub(super) fn avoid(&mut self, [x, y]: Point) {
        const REACH: f64 = DISC_RADIUS + 2.5;

        self.taken.push(Rect {
            left: x - REACH,
            top: y - REACH,
            right: x + REACH,
            bottom: y + REACH,
        });
    }

    /// Writes a name beside a place of the page, on a light ground, unless there is no room.
    pub(super) fn beside(&mut self, canvas: &mut Canvas, place: Point, label: &str) {
        self.beside_one(canvas, &[place], label);
    }

    /// Writes a name beside the first of some places that has room.
    pub(super) fn beside_one(&mut self, canvas: &mut Canvas, places: &[Point], label: &str) {
        const RIM: f64 = 2.0;

        let room = text_room(label, TICK_SIZE);
        let width = runs(label).iter().map(|run| run.width(TICK_SIZE)).sum();
        let height = TICK_SIZE;
        let box_at = |anchor: Anchor, [x, y]: Point, width: f64| {
            let left = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            Rect {
                left: left - RIM,
                top: y - height / 2.0 - RIM,
                right: left + width + RIM,
                bottom: y + height / 2.0 + RIM,
            }
        };
        let around = |away: f64, [x, y]: Point| {
            let (aslant, above) = (0.7 * away, away + 3.0);
            [
                (Anchor::Start, [x + away, y]),
                (Anchor::End, [x - away, y]),
                (Anchor::Middle, [x, y - above]),
                (Anchor::Middle, [x, y + above]),
                (Anchor::Start, [x + aslant, y - above]),
                (Anchor::End, [x - aslant, y - above]),
                (Anchor::Start, [x + aslant, y + above]),
                (Anchor::End, [x - aslant, y + above]),
            ]
        };
        let around = |place: Point| {
            let distances = [10.0, 20.0, 34.0, 52.0].into_iter();
            distances.flat_map(move |away| around(away, place))
        };
        let places = places.iter().flat_map(|place| around(*place));
        let mut free = places.filter_map(|(anchor, at)| {
            let taken = box_at(anchor, at, room);
            self.has_room(&taken).then_some((anchor, at, taken))
        });
        // Rather on a line than nowhere.
        let first = free.clone().next();
        let clear = free.find(|(.., taken)| self.is_clear(taken));
        let Some((anchor, at, taken)) = clear.or(first) else {
            return;
        };
        let ground = box_at(anchor, at, width);
        canvas.translucent(ground.corners(), WHITE, 0.75);
        canvas.text(Text::new(label, at, anchor, TICK_SIZE));
        self.taken.push(taken);
    }

    fn has_room(&self, text: &Rect) -> bool {
        let inside = text.left >= self.area.left
            && text.right <= self.area.right
            && text.top >= self.area.top
            && text.bottom <= self.area.bottom;
        let apart = |other: &Rect| {
            text.right <= other.left
                || text.left >= other.right
                || text.bottom <= other.top
                || text.top >= other.bottom
        };
        inside && self.taken.iter().all(apart)
    }

    /// Whether a text and the discs on the lines are apart.
    fn is_clear(&self, text: &Rect) -> bool {
        let reach = Rect {
            left: text.left - DISC_RADIUS,
            top: text.top - DISC_RADIUS,
            right: text.right + DISC_RADIUS,
            bottom: text.bottom + DISC_RADIUS,
        };
        let segments = self.lines.iter().flat_map(|line| line.windows(2));
        segments
            .map(|ends| reach.clipped(ends[0], ends[1]))
            .all(|inside| inside.is_none())
    }
}

/// A ring at every mark inside, and its name where there is room.
pub(super) fn marks(canvas: &mut Canvas, panel: &Panel, marks: &[Mark], color: Color) {
    let mut labels = Labels::within(panel.area);
    let places = marks.iter().filter_map(|mark| {
        let [x, y] = mark.at;
        let inside = panel.x.contains(x) && panel.y.contains(y);
        let place = panel.place(mark.at).filter(|_| inside)?;
        Some((place, mark.label))
    });
    let places: Vec<(Point, &str)> = places.collect();
    for (place, _) in &places {
        ring(canvas, *place, color);
        labels.avoid(*place);
    }
    for (place, label) in places {
        labels.beside(canvas, place, label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::canvas::Shape;

    fn texts(canvas: &Canvas) -> Vec<&Text> {
        let texts = canvas.shapes.iter().filter_map(|shape| match shape {
            Shape::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    fn labels() -> Labels {
        Labels::within(Rect {
            left: 0.0,
            top: 0.0,
            right: 200.0,
            bottom: 200.0,
        })
    }

    #[test]
    fn names_of_one_place_stand_around_it_and_those_without_room_are_left_out() {
        let mut canvas = Canvas::new(200.0, 200.0).unwrap();
        let mut labels = labels();
        for _ in 0..3 {
            labels.beside(&mut canvas, [100.0, 100.0], "A");
        }
        let places: Vec<Point> = texts(&canvas).iter().map(|text| text.at).collect();
        assert_eq!(places, [[110.0, 100.0], [90.0, 100.0], [100.0, 87.0]]);
        labels.beside(&mut canvas, [100.0, 100.0], &"too long ".repeat(9));
        assert_eq!(texts(&canvas).len(), 3);
        // At the right edge a name stands on the left.
        labels.beside(&mut canvas, [195.0, 50.0], "B");
        assert_eq!(texts(&canvas)[3].anchor, Anchor::End);
    }

    #[test]
    fn names_stand_clear_of_lines_where_there_is_room() {
        let mut canvas = Canvas::new(200.0, 200.0).unwrap();
        let mut labels = labels();
        // Through the places on the right.
        labels.avoid_line(vec![[120.0, 0.0], [120.0, 200.0]]);
        labels.beside(&mut canvas, [100.0, 100.0], "name");
        assert_eq!(texts(&canvas)[0].anchor, Anchor::End);
        // Lines everywhere: the first place of all.
        for x in 0..20 {
            labels.avoid_line(vec![
                [10.0 * f64::from(x), 0.0],
                [10.0 * f64::from(x), 200.0],
            ]);
        }
        labels.beside(&mut canvas, [100.0, 30.0], "name");
        assert_eq!(texts(&canvas)[1].at, [110.0, 30.0]);
    }
}
