//! Rectangles of the page.

use super::canvas::Point;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The cell of a grid of so many rows and columns, with gaps between them.
    pub(super) fn cell(&self, [rows, columns]: [usize; 2], number: usize, gap: f64) -> Self {
        let side = |length: f64, count: usize| (length + gap) / count as f64 - gap;
        let (width, height) = (side(self.width(), columns), side(self.height(), rows));
        let left = self.left + (number % columns) as f64 * (width + gap);
        let top = self.top + (number / columns) as f64 * (height + gap);
        Self {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    pub(super) fn corners(&self) -> Vec<Point> {
        vec![
            [self.left, self.top],
            [self.right, self.top],
            [self.right, self.bottom],
            [self.left, self.bottom],
        ]
    }

    /// The part of a segment inside (Liang, Barsky, ACM Trans. Graph. 3 (1984) 1).
    pub(super) fn clipped(&self, from: Point, to: Point) -> Option<[Point; 2]> {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let step = [to[0] - from[0], to[1] - from[1]];
        for (axis, low, high) in [(0, self.left, self.right), (1, self.top, self.bottom)] {
            for (speed, distance) in [
                (-step[axis], from[axis] - low),
                (step[axis], high - from[axis]),
            ] {
                if speed == 0.0 {
                    // Rounding may push the ends of an axis out.
                    if distance < -1e-6 {
                        return None;
                    }
                } else if speed < 0.0 {
                    enter = enter.max(distance / speed);
                } else {
                    leave = leave.min(distance / speed);
                }
            }
        }
        let at = |share: f64| [from[0] + share * step[0], from[1] + share * step[1]];
        let end = |share: f64, whole: Point| {
            if share == 0.0 || share == 1.0 {
                whole
            } else {
                at(share)
            }
        };
        (enter < leave).then(|| [end(enter, from), end(leave, to)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_fill_a_rectangle() {
        let whole = Rect {
            left: 0.0,
            top: 0.0,
            right: 100.0,
            bottom: 100.0,
        };
        let last = whole.cell([2, 3], 5, 10.0);
        assert_eq!([last.right, last.bottom], [100.0, 100.0]);
        assert!((last.left - (100.0 - 80.0 / 3.0)).abs() < 1e-12 && last.top == 55.0);
    }
}
