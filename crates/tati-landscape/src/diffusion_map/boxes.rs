//! Points in few dimensions, in boxes: which of them may be near another.

use std::ops::Range;

/// Points of a box at most.
pub(super) const POINTS_PER_BOX: usize = 48;

/// A number for each point of a box.
pub(super) type OfBox = [f32; POINTS_PER_BOX];

/// Points sorted into boxes with sides along the axes.
pub(super) struct Boxes {
    width: usize,
    /// The points in the order of their boxes.
    order: Vec<u32>,
    /// Which points of the order each box holds.
    spans: Vec<Range<usize>>,
    /// Where each box begins and ends along each axis.
    sides: Vec<[f32; 2]>,
    /// The coordinates of the points of each box along each axis, NaN in place of points that a box has less.
    coordinates: Vec<OfBox>,
}

impl Boxes {
    /// Boxes of the points in `rows`, of `width` numbers each: halved along the longest side until there are few points in each.
    pub(super) fn new(rows: &[f32], width: usize) -> Self {
        let mut boxes = Self {
            width,
            order: (0..(rows.len() / width) as u32).collect(),
            spans: Vec::new(),
            sides: Vec::new(),
            coordinates: Vec::new(),
        };
        let all = 0..boxes.order.len();
        boxes.split(rows, all);
        for span in &boxes.spans {
            let points = &boxes.order[span.clone()];
            for axis in 0..width {
                let mut along = [f32::NAN; POINTS_PER_BOX];
                for (along, &at) in along.iter_mut().zip(points) {
                    *along = rows[at as usize * width + axis];
                }
                boxes.coordinates.push(along);
            }
        }
        boxes
    }

    fn split(&mut self, rows: &[f32], span: Range<usize>) {
        let width = self.width;
        let points = &mut self.order[span.clone()];
        let mut sides = vec![[f32::INFINITY, f32::NEG_INFINITY]; width];
        for &at in points.iter() {
            let row = &rows[at as usize * width..(at as usize + 1) * width];
            for ([least, most], &x) in sides.iter_mut().zip(row) {
                *least = least.min(x);
                *most = most.max(x);
            }
        }
        if points.len() <= POINTS_PER_BOX {
            self.spans.push(span);
            self.sides.extend(sides);
            return;
        }
        let length = |axis: usize| sides[axis][1] - sides[axis][0];
        let longest = (0..width).max_by(|&a, &b| length(a).total_cmp(&length(b)));
        let longest = longest.unwrap_or(0);
        let along = |at: u32| rows[at as usize * width + longest];
        let half = points.len() / 2;
        points.select_nth_unstable_by(half, |&a, &b| along(a).total_cmp(&along(b)).then(a.cmp(&b)));
        // The halves in the order of the points: which algorithm selected them does not show.
        points[..half].sort_unstable();
        points[half..].sort_unstable();
        let middle = span.start + half;
        self.split(rows, span.start..middle);
        self.split(rows, middle..span.end);
    }

    /// The number of boxes.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// All points, box by box.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The points in box `at`.
    pub(super) fn points(&self, at: usize) -> &[u32] {
        &self.order[self.spans[at].clone()]
    }

    /// All boxes with their squared distances from box `own`, ascending.
    pub(super) fn by_distance(&self, own: usize) -> Vec<(f32, u32)> {
        let own = self.sides(own);
        let mut boxes: Vec<(f32, u32)> = (0..self.len())
            .map(|at| {
                let sides = own.iter().zip(self.sides(at));
                let between = |([least, most], [low, high]): (&[f32; 2], &[f32; 2])| {
                    (low - most).max(least - high).max(0.0).powi(2)
                };
                (sides.map(between).sum(), at as u32)
            })
            .collect();
        boxes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        boxes
    }

    /// The squared distance of box `at` from a point.
    #[inline(always)]
    pub(super) fn squared_distance(&self, at: usize, point: &[f32]) -> f32 {
        let sides = self.sides(at).iter().zip(point);
        sides
            .map(|([low, high], x)| (low - x).max(x - high).max(0.0).powi(2))
            .sum()
    }

    /// The squared distances of the points of box `at` from a point, and their coordinates along the last axis.
    #[inline(always)]
    pub(super) fn squared_distances(&self, at: usize, point: &[f32]) -> (OfBox, &OfBox) {
        let axes = &self.coordinates[at * self.width..(at + 1) * self.width];
        let mut squared = [0.0; POINTS_PER_BOX];
        for (axis, own) in axes.iter().zip(point) {
            for (squared, x) in squared.iter_mut().zip(axis) {
                let difference = x - own;
                *squared += difference * difference;
            }
        }
        (squared, &axes[self.width - 1])
    }

    fn sides(&self, at: usize) -> &[[f32; 2]] {
        &self.sides[at * self.width..(at + 1) * self.width]
    }
}
