//! Points in few dimensions, in boxes: which of them may be near another.

use std::ops::Range;

/// Points of a box at most.
pub(super) const POINTS_PER_BOX: usize = 48;

/// Boxes that a point is compared with at a time.
pub(super) const BOXES_AT_A_TIME: usize = 16;

/// A number for each of them.
type OfBoxes = [f32; BOXES_AT_A_TIME];

/// Where so many boxes begin and end along each axis.
pub(super) type Sides = Vec<[OfBoxes; 2]>;

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
        let mut order: Vec<u32> = (0..(rows.len() / width) as u32).collect();
        let found = split(rows, width, &mut order, 0);
        let mut boxes = Self {
            width,
            order,
            spans: Vec::with_capacity(found.len()),
            sides: Vec::with_capacity(found.len() * width),
            coordinates: Vec::with_capacity(found.len() * width),
        };
        for (span, sides) in found {
            let points = &boxes.order[span.clone()];
            for axis in 0..width {
                let mut along = [f32::NAN; POINTS_PER_BOX];
                for (along, &at) in along.iter_mut().zip(points) {
                    *along = rows[at as usize * width + axis];
                }
                boxes.coordinates.push(along);
            }
            boxes.spans.push(span);
            boxes.sides.extend(sides);
        }
        boxes
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

    /// The sides of some boxes, at most as many as are compared at a time.
    pub(super) fn sides_of(&self, boxes: &[(f32, u32)]) -> Sides {
        let mut sides = vec![[[0.0; BOXES_AT_A_TIME]; 2]; self.width];
        for (lane, &(_, at)) in boxes.iter().enumerate() {
            for ([lows, highs], &[low, high]) in sides.iter_mut().zip(self.sides(at as usize)) {
                (lows[lane], highs[lane]) = (low, high);
            }
        }
        sides
    }

    fn sides(&self, at: usize) -> &[[f32; 2]] {
        &self.sides[at * self.width..(at + 1) * self.width]
    }
}

/// Sorts `points`, which are ascending and come after `start` others, into boxes, in each of which they are ascending; and finds the spans and
/// the sides of these.
fn split(
    rows: &[f32],
    width: usize,
    points: &mut [u32],
    start: usize,
) -> Vec<(Range<usize>, Vec<[f32; 2]>)> {
    let mut sides = vec![[f32::INFINITY, f32::NEG_INFINITY]; width];
    for &at in points.iter() {
        let row = &rows[at as usize * width..(at as usize + 1) * width];
        for ([least, most], &x) in sides.iter_mut().zip(row) {
            *least = if x < *least { x } else { *least };
            *most = if x > *most { x } else { *most };
        }
    }
    if points.len() <= POINTS_PER_BOX {
        return vec![(start..start + points.len(), sides)];
    }
    let length = |axis: usize| sides[axis][1] - sides[axis][0];
    let longest = (0..width).max_by(|&a, &b| length(a).total_cmp(&length(b)));
    let longest = longest.unwrap_or(0);
    // In the order of the coordinates, and of points that share theirs.
    let key = |&at: &u32| {
        let bits = rows[at as usize * width + longest].to_bits() as i32;
        let ordered = bits ^ ((bits >> 31) as u32 >> 1) as i32;
        i64::from(ordered) << 32 | i64::from(at)
    };
    let keys: Vec<i64> = points.iter().map(key).collect();
    let half = points.len() / 2;
    let first_after = *keys.clone().select_nth_unstable(half).1;
    let mut after = Vec::with_capacity(points.len() - half);
    let mut before = 0;
    for (place, &key) in keys.iter().enumerate() {
        let at = points[place];
        if key < first_after {
            points[before] = at;
            before += 1;
        } else {
            after.push(at);
        }
    }
    points[half..].copy_from_slice(&after);
    let (before, after) = points.split_at_mut(half);
    let (mut boxes, others) = rayon::join(
        || split(rows, width, before, start),
        || split(rows, width, after, start + half),
    );
    boxes.extend(others);
    boxes
}

/// The squared distances of a point from boxes with these sides.
#[inline(always)]
pub(super) fn squared_distances(sides: &Sides, point: &[f32]) -> OfBoxes {
    let mut squared = [0.0; BOXES_AT_A_TIME];
    for ([lows, highs], x) in sides.iter().zip(point) {
        for ((squared, low), high) in squared.iter_mut().zip(lows).zip(highs) {
            let (before, after) = (low - x, x - high);
            let outside = if before > after { before } else { after };
            let outside = if outside > 0.0 { outside } else { 0.0 };
            *squared += outside * outside;
        }
    }
    squared
}
