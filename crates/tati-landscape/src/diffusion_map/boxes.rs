//! Points in few dimensions, in boxes: which of them may be near another.

use std::ops::Range;

use crate::simd::vectorised;

/// Points of a box at most.
const POINTS_PER_BOX: usize = 48;

/// Points sorted into boxes with sides along the axes.
pub(super) struct Boxes {
    width: usize,
    /// The points in the order of their boxes.
    order: Vec<u32>,
    boxes: Vec<Bounds>,
    /// The coordinates of the points of each box, one axis after the other.
    coordinates: Vec<f64>,
}

/// A box and which points of the order it holds.
struct Bounds {
    span: Range<usize>,
    least: Vec<f64>,
    most: Vec<f64>,
}

impl Boxes {
    /// Boxes of the points in `rows`, of `width` numbers each: halved along the longest side until there are few points in each.
    pub(super) fn new(rows: &[f64], width: usize) -> Self {
        let mut order: Vec<u32> = (0..(rows.len() / width) as u32).collect();
        let mut boxes = Vec::new();
        let all = 0..order.len();
        split(rows, width, &mut order, all, &mut boxes);
        let mut coordinates = Vec::with_capacity(rows.len());
        for bounds in &boxes {
            let points = &order[bounds.span.clone()];
            for axis in 0..width {
                coordinates.extend(points.iter().map(|&at| rows[at as usize * width + axis]));
            }
        }
        Self {
            width,
            order,
            boxes,
            coordinates,
        }
    }

    /// Calls `visit` with points that may be nearer than the distance whose square it returned last, those of near boxes first: the point,
    /// the squared distance, and its coordinate along the last axis. `boxes` are those of [`by_distance`](Self::by_distance) from a box that
    /// holds `point`.
    pub(super) fn visit_near(
        &self,
        boxes: &[(f64, u32)],
        point: &[f64],
        squared: &mut Vec<f64>,
        mut visit: impl FnMut(u32, f64, f64) -> f64,
    ) {
        let mut reach = f64::INFINITY;
        for &(least, at) in boxes {
            if least > reach {
                break;
            }
            let bounds = &self.boxes[at as usize];
            if bounds.squared_distance(point, point) > reach {
                continue;
            }
            let span = &bounds.span;
            let axes = &self.coordinates[span.start * self.width..span.end * self.width];
            squared.clear();
            squared.resize(span.len(), 0.0);
            vectorised(
                #[inline(always)]
                || {
                    for (axis, own) in axes.chunks_exact(span.len()).zip(point) {
                        for (squared, x) in squared.iter_mut().zip(axis) {
                            let difference = x - own;
                            *squared += difference * difference;
                        }
                    }
                },
            );
            let last = &axes[axes.len() - span.len()..];
            for (at, squared) in squared.iter().enumerate() {
                if *squared <= reach {
                    reach = visit(self.order[span.start + at], *squared, last[at]);
                }
            }
        }
    }

    /// The number of boxes.
    pub(super) fn len(&self) -> usize {
        self.boxes.len()
    }

    /// The points in box `at`.
    pub(super) fn points(&self, at: usize) -> &[u32] {
        &self.order[self.boxes[at].span.clone()]
    }

    /// All boxes with their squared distances from box `own`, ascending.
    pub(super) fn by_distance(&self, own: usize) -> Vec<(f64, u32)> {
        let Bounds { least, most, .. } = &self.boxes[own];
        let mut boxes: Vec<(f64, u32)> = (self.boxes.iter().enumerate())
            .map(|(at, bounds)| (bounds.squared_distance(least, most), at as u32))
            .collect();
        boxes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        boxes
    }
}

impl Bounds {
    /// The squared distance from another box.
    fn squared_distance(&self, least: &[f64], most: &[f64]) -> f64 {
        let own = self.least.iter().zip(&self.most);
        own.zip(least.iter().zip(most))
            .map(|((low, high), (least, most))| (low - most).max(least - high).max(0.0).powi(2))
            .sum()
    }
}

fn split(
    rows: &[f64],
    width: usize,
    order: &mut [u32],
    span: Range<usize>,
    boxes: &mut Vec<Bounds>,
) {
    let points = &mut order[span.clone()];
    let mut least = vec![f64::INFINITY; width];
    let mut most = vec![f64::NEG_INFINITY; width];
    for &at in points.iter() {
        let row = &rows[at as usize * width..(at as usize + 1) * width];
        for axis in 0..width {
            least[axis] = least[axis].min(row[axis]);
            most[axis] = most[axis].max(row[axis]);
        }
    }
    if points.len() <= POINTS_PER_BOX {
        boxes.push(Bounds { span, least, most });
        return;
    }
    let longest = (0..width)
        .max_by(|&a, &b| (most[a] - least[a]).total_cmp(&(most[b] - least[b])))
        .unwrap_or(0);
    let along = |at: u32| rows[at as usize * width + longest];
    let half = points.len() / 2;
    points.select_nth_unstable_by(half, |&a, &b| along(a).total_cmp(&along(b)).then(a.cmp(&b)));
    // The halves in the order of the points: which algorithm selected them does not show.
    points[..half].sort_unstable();
    points[half..].sort_unstable();
    let middle = span.start + half;
    split(rows, width, order, span.start..middle, boxes);
    split(rows, width, order, middle..span.end, boxes);
}
