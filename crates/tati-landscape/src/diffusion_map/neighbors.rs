//! The nearest neighbours of every point, exactly.

use std::cmp::Ordering;

use burn::tensor::Device;
use rayon::prelude::*;
use tati_core::{Result, SimdLevel};

use super::boxes::{Boxes, POINTS_PER_BOX};
use super::candidates;
use super::points::Points;
use super::projection::Projection;
use super::rows::Rows;

/// Boxes, evenly spread, the search from a point of which tells which way is the cheaper one.
const PROBES: usize = 64;

/// Distances, as a part of all, above which matrix products are cheaper than computing them one by one.
const MOST_DISTANCES: f64 = 1.0 / 16.0;

/// The neighbours of all points.
pub(super) struct Nearest {
    /// Squared, in rows of as many as were asked for.
    pub(super) distances: Rows,
    /// The points in an order in which near ones are near each other.
    pub(super) order: Vec<u32>,
}

/// A point's neighbours with their squared distances.
pub(super) type Neighbors = Vec<(u32, f64)>;

/// The squared distances of each point from the `count` nearest, ascending; the point itself is counted and comes first. Of points at
/// the same distance those that come first.
///
/// Where few distances are left that the projection on leading directions does not exclude, they are computed one by one; otherwise all of
/// them by matrix products.
pub(super) fn nearest(points: &Points, count: usize) -> Result<Nearest> {
    let search = Search::new(points)?;
    let every = search.boxes.len().div_ceil(PROBES);
    let probes: Vec<usize> = (0..search.boxes.len()).step_by(every).collect();
    let computed: usize = (probes.par_iter())
        .map(|&at| search.distances_of_one(at, count))
        .sum();
    let is_cheap = computed as f64 <= MOST_DISTANCES * (probes.len() * points.len()) as f64;
    let order = search.boxes.order().to_vec();
    let lists = if is_cheap || points.width() < search.width {
        search.nearest_of_all(count)
    } else {
        drop(search);
        candidates::nearest(points, count)
    };
    Ok(Nearest::new(&lists, count, order))
}

/// The same, by matrix products on a device.
pub(super) fn nearest_on(device: &Device, points: &Points, count: usize) -> Result<Nearest> {
    let order = Search::new(points)?.boxes.order().to_vec();
    let lists = candidates::nearest_on(device, points, count);
    Ok(Nearest::new(&lists, count, order))
}

impl Nearest {
    fn new(lists: &[Neighbors], count: usize, order: Vec<u32>) -> Self {
        let starts = (0..=lists.len()).map(|row| row * count).collect();
        Self {
            distances: Rows::filled(starts, |at, columns, values| {
                let targets = columns.iter_mut().zip(values);
                for ((column, value), found) in targets.zip(&lists[at]) {
                    (*column, *value) = *found;
                }
            }),
            order,
        }
    }
}

/// Points with lower bounds of their distances, in single precision: |y − y'|² for projected points y, of which one has no coordinate
/// larger than 1.
struct Search<'a> {
    points: &'a Points,
    width: usize,
    /// The projected points in rows, divided by `scale`.
    projected: Vec<f32>,
    scale: f64,
    boxes: Boxes,
    /// What rounding may add to |y − y'|.
    margin: f64,
}

/// Where the distance of a projected point lies.
#[derive(Clone, Copy, Default)]
struct Bound {
    point: u32,
    /// Squared.
    lower: f32,
    upper: f32,
}

/// What is known of the neighbours of one point.
struct Query {
    own: u32,
    /// The points that may be among them and were not looked at yet.
    left: Vec<Bound>,
    found: Neighbors,
    reach: f32,
}

impl<'a> Search<'a> {
    fn new(points: &'a Points) -> Result<Self> {
        let (projection, rows) = Projection::new(points)?;
        let width = projection.width();
        let largest = rows.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let scale = if largest > 0.0 { largest } else { 1.0 };
        let projected: Vec<f32> = rows.iter().map(|x| (x / scale) as f32).collect();
        Ok(Self {
            points,
            width,
            boxes: Boxes::new(&projected, width),
            projected,
            scale,
            margin: projection.margin / scale + (width as f64).sqrt() * f64::from(f32::EPSILON),
        })
    }

    fn nearest_of_all(&self, count: usize) -> Vec<Neighbors> {
        let found: Vec<Vec<(u32, Neighbors)>> = (0..self.boxes.len())
            .into_par_iter()
            .map(|at| {
                let (queries, _) = self.nearest_of(self.boxes.points(at), at, count);
                let lists = queries.into_iter().map(|mut query| {
                    query.found.shrink_to_fit();
                    (query.own, query.found)
                });
                lists.collect()
            })
            .collect();
        let mut lists = vec![Neighbors::new(); self.points.len()];
        for (own, found) in found.into_iter().flatten() {
            lists[own as usize] = found;
        }
        lists
    }

    /// How many distances the first point of box `at` needs.
    fn distances_of_one(&self, at: usize, count: usize) -> usize {
        self.nearest_of(&self.boxes.points(at)[..1], at, count).1
    }

    /// The `count` nearest points of some points of box `at`, and how many distances were computed.
    ///
    /// Of each, distances are computed in rounds, of points with ever larger lower bounds, until those that are left are farther away.
    fn nearest_of(&self, points: &[u32], at: usize, count: usize) -> (Vec<Query>, usize) {
        let boxes = self.boxes.by_distance(at);
        let mut queries: Vec<Query> = (points.iter())
            .map(|&own| Query {
                own,
                left: SimdLevel::widest().run(
                    #[inline(always)]
                    || self.bounds_of(own, &boxes, count),
                ),
                found: Neighbors::with_capacity(2 * count),
                reach: f32::INFINITY,
            })
            .collect();
        let mut computed = 0;
        let mut pairs = Vec::new();
        let mut asked = Vec::new();
        loop {
            pairs.clear();
            asked.clear();
            for query in &mut queries {
                let before = pairs.len();
                let own = query.own;
                pairs.extend(query.next(count).map(|bound| [own, bound.point]));
                asked.push(pairs.len() - before);
            }
            if pairs.is_empty() {
                break;
            }
            computed += pairs.len();
            let mut distances = pairs.iter().zip(self.points.squared_distances(&pairs));
            for (query, &asked) in queries.iter_mut().zip(&asked) {
                if asked == 0 {
                    continue;
                }
                let found = distances.by_ref().take(asked);
                (query.found).extend(found.map(|(&[_, point], squared)| (point, squared)));
                keep_nearest(&mut query.found, count, Some(query.own as usize));
                query.reach = self.with_margin(query.found[count - 1].1.sqrt() / self.scale);
            }
        }
        for query in &mut queries {
            let own = Some(query.own as usize);
            query.found.sort_unstable_by(order(own));
        }
        (queries, computed)
    }

    /// The points that may be among the `count` nearest of point `own`. `boxes` are those by distance from its own.
    #[inline(always)]
    fn bounds_of(&self, own: u32, boxes: &[(f32, u32)], count: usize) -> Vec<Bound> {
        /// Points of which one is looked at if any is near enough.
        const GROUP: usize = 8;

        let row = &self.projected[own as usize * self.width..(own as usize + 1) * self.width];
        // |x − x'|² is at least |y − y'|² + (r − r')² and at most |y − y'|² + (r + r')².
        let residual = row[self.width - 1];
        // Those found so far, with room for another box.
        let mut bounds = vec![Bound::default(); 2 * count + POINTS_PER_BOX];
        let mut len = 0;
        let mut reach = f32::INFINITY;
        let mut next = 2 * count;
        for &(least, at) in boxes {
            if least > reach {
                break;
            }
            let at = at as usize;
            if self.boxes.squared_distance(at, row) > reach {
                continue;
            }
            let points = self.boxes.points(at);
            let (lowers, residuals) = self.boxes.squared_distances(at, row);
            for first in (0..points.len()).step_by(GROUP) {
                let lowers = &lowers[first..first + GROUP];
                let is_near = |any, &lower: &f32| any | (lower <= reach);
                if !lowers.iter().fold(false, is_near) {
                    continue;
                }
                let group = points[first..].iter().zip(lowers).zip(&residuals[first..]);
                for ((&point, &lower), other) in group {
                    bounds[len] = Bound {
                        point,
                        lower,
                        upper: lower + 4.0 * residual * other,
                    };
                    len += usize::from(lower <= reach);
                }
            }
            if len >= next {
                bounds.truncate(len);
                bounds.select_nth_unstable_by(count - 1, |a, b| a.upper.total_cmp(&b.upper));
                reach = self.with_margin(f64::from(bounds[count - 1].upper).sqrt());
                bounds.retain(|bound| bound.lower <= reach);
                len = bounds.len();
                next = len + count;
                bounds.resize(next + POINTS_PER_BOX, Bound::default());
            }
        }
        bounds.truncate(len);
        bounds
    }

    /// A computed |y − y'|² above which no |x − x'| is at most `distance`, in units of the scale.
    fn with_margin(&self, distance: f64) -> f32 {
        let rounding = (self.width + 8) as f64 * f64::from(f32::EPSILON);
        ((distance + 2.0 * self.margin).powi(2) * (1.0 + rounding)) as f32
    }
}

impl Query {
    /// Those to look at next, at most `count`, which have smaller bounds than those left.
    fn next(&mut self, count: usize) -> impl Iterator<Item = Bound> + '_ {
        let reach = self.reach;
        self.left.retain(|bound| bound.lower <= reach);
        let first = self.left.len().saturating_sub(count);
        if first > 0 {
            let descending =
                |a: &Bound, b: &Bound| b.lower.total_cmp(&a.lower).then(b.point.cmp(&a.point));
            self.left.select_nth_unstable_by(first, descending);
        }
        self.left.drain(first..)
    }
}

/// By distance; a point comes before its copies, and of other points the first.
pub(super) fn order(own: Option<usize>) -> impl Fn(&(u32, f64), &(u32, f64)) -> Ordering {
    move |a, b| {
        let is_other = |at: u32| own != Some(at as usize);
        (a.1.total_cmp(&b.1))
            .then(is_other(a.0).cmp(&is_other(b.0)))
            .then(a.0.cmp(&b.0))
    }
}

/// The `count` nearest, the farthest of them last.
pub(super) fn keep_nearest(neighbors: &mut Neighbors, count: usize, own: Option<usize>) {
    neighbors.select_nth_unstable_by(count - 1, order(own));
    neighbors.truncate(count);
}
