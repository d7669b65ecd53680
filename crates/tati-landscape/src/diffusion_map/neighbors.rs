//! The nearest neighbours of every point, exactly.

use burn::tensor::Device;
use rayon::prelude::*;
use tati_core::{Result, SimdLevel};

use super::bounds::{Bound, Bounds};
use super::boxes::{BOXES_AT_A_TIME, Boxes, Sides, squared_distances};
use super::candidates;
use super::points::Points;
use super::projection::Projection;
use super::rows::Rows;

/// Boxes, evenly spread, the search from a point of which tells which way is the cheaper one.
const PROBES: usize = 16;

/// Distances, as a part of all, above which matrix products are cheaper than computing them one by one.
const MOST_DISTANCES: f64 = 1.0 / 16.0;

/// The neighbours of all points.
pub(super) struct Nearest {
    /// Squared, in rows of as many as were asked for.
    pub(super) distances: Rows,
    /// The points in an order in which near ones are near each other.
    pub(super) order: Vec<u32>,
}

/// The neighbours of one point after those of another, as many of each, as [`neighbor`]s.
pub(super) type Neighbors = Vec<u128>;

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
    if is_cheap || points.width() < search.width {
        let mut places = vec![0; order.len()];
        for (place, &at) in order.iter().enumerate() {
            places[at as usize] = place;
        }
        let neighbors = search.nearest_of_all(count);
        Ok(Nearest::new(&neighbors, count, |at| places[at], order))
    } else {
        drop(search);
        let neighbors = candidates::nearest(points, count);
        Ok(Nearest::new(&neighbors, count, |at| at, order))
    }
}

/// The same, by matrix products on a device.
pub(super) fn nearest_on(device: &Device, points: &Points, count: usize) -> Result<Nearest> {
    let order = Search::new(points)?.boxes.order().to_vec();
    let neighbors = candidates::nearest_on(device, points, count);
    Ok(Nearest::new(&neighbors, count, |at| at, order))
}

impl Nearest {
    /// Of `neighbors` in which those of a point are at its place.
    fn new(
        neighbors: &Neighbors,
        count: usize,
        place: impl Fn(usize) -> usize + Sync,
        order: Vec<u32>,
    ) -> Self {
        let starts = (0..=order.len()).map(|row| row * count).collect();
        Self {
            distances: Rows::filled(starts, |at, columns, values| {
                let found = &neighbors[count * place(at)..];
                for ((column, value), &found) in columns.iter_mut().zip(values).zip(found) {
                    (*column, *value) = (point_of(found), squared_of(found));
                }
            }),
            order,
        }
    }
}

/// A `point` and its `squared` distance, at least 0, from point `own` in one number, in the order of neighbours: by distance; a point comes
/// before its copies, and of other points the first.
pub(super) fn neighbor(own: u32, point: u32, squared: f64) -> u128 {
    let place = u64::from(own != point) << 32 | u64::from(point);
    // Numbers that are not negative have the order of their bits.
    u128::from(squared.to_bits()) << 64 | u128::from(place)
}

fn point_of(neighbor: u128) -> u32 {
    neighbor as u32
}

fn squared_of(neighbor: u128) -> f64 {
    f64::from_bits((neighbor >> 64) as u64)
}

/// Sorts neighbours by short keys, the leading bits of their distances and their numbers among these.
fn sort(neighbors: &mut [u128], keys: &mut Vec<u64>, sorted: &mut Vec<u128>) {
    const NUMBER: u64 = (1 << 12) - 1;

    if neighbors.len() as u64 > NUMBER {
        return neighbors.sort_unstable();
    }
    keys.clear();
    let leading = neighbors
        .iter()
        .map(|neighbor| (neighbor >> 64) as u64 & !NUMBER);
    keys.extend(leading.zip(0..).map(|(leading, number)| leading | number));
    keys.sort_unstable();
    sorted.clear();
    sorted.extend(keys.iter().map(|key| neighbors[(key & NUMBER) as usize]));
    neighbors.copy_from_slice(sorted);
    if !neighbors.is_sorted() {
        // Distances that the leading bits do not tell apart.
        neighbors.sort_unstable();
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

    /// The neighbours of all points, box by box.
    fn nearest_of_all(&self, count: usize) -> Neighbors {
        let mut neighbors = vec![0; self.points.len() * count];
        let mut rest = neighbors.as_mut_slice();
        let parts = (0..self.boxes.len()).map(|at| {
            let size = self.boxes.points(at).len() * count;
            let (own, others) = std::mem::take(&mut rest).split_at_mut(size);
            rest = others;
            own
        });
        let parts: Vec<&mut [u128]> = parts.collect();
        (parts.into_par_iter().enumerate()).for_each(|(at, part)| {
            let (queries, _) = self.nearest_of(self.boxes.points(at), at, count);
            for (target, query) in part.chunks_exact_mut(count).zip(&queries) {
                target.copy_from_slice(&query.found);
            }
        });
        neighbors
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
        let mut sides = Vec::new();
        let mut bounds = Bounds::default();
        let mut queries: Vec<Query> = (points.iter())
            .map(|&own| {
                SimdLevel::widest().run(
                    #[inline(always)]
                    || self.bound(&mut bounds, own, &boxes, &mut sides, count),
                );
                Query {
                    own,
                    left: bounds.lower().to_vec(),
                    found: Neighbors::with_capacity(at_a_time(count)),
                    reach: f32::INFINITY,
                }
            })
            .collect();
        let mut computed = 0;
        let mut pairs = Vec::new();
        let mut asked = Vec::new();
        let (mut keys, mut sorted) = (Vec::new(), Vec::new());
        loop {
            pairs.clear();
            asked.clear();
            for query in &mut queries {
                let before = pairs.len();
                let own = query.own;
                pairs.extend(query.next(count).map(|bound| [own, bound.point()]));
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
                let found = found.map(|(&[own, point], squared)| neighbor(own, point, squared));
                query.found.extend(found);
                sort(&mut query.found, &mut keys, &mut sorted);
                query.found.truncate(count);
                let farthest = squared_of(query.found[count - 1]).sqrt();
                query.reach = self.with_margin(farthest / self.scale);
            }
        }
        (queries, computed)
    }

    /// Finds the points that may be among the `count` nearest of point `own`. `boxes` are those by distance from its own, and `sides` theirs as
    /// far as they were needed yet, some at a time.
    #[inline(always)]
    fn bound(
        &self,
        bounds: &mut Bounds,
        own: u32,
        boxes: &[(f32, u32)],
        sides: &mut Vec<Sides>,
        count: usize,
    ) {
        let row = &self.projected[own as usize * self.width..(own as usize + 1) * self.width];
        // |x − x'|² is at least |y − y'|² + (r − r')² and at most |y − y'|² + (r + r')².
        let residual = row[self.width - 1];
        let mut reach = f32::INFINITY;
        let mut next = 2 * count;
        bounds.clear();
        'search: for (group, boxes) in boxes.chunks(BOXES_AT_A_TIME).enumerate() {
            if boxes[0].0 > reach {
                break;
            }
            if sides.len() == group {
                sides.push(self.boxes.sides_of(boxes));
            }
            let distances = squared_distances(&sides[group], row);
            for (&(least, at), distance) in boxes.iter().zip(distances) {
                if least > reach {
                    break 'search;
                }
                if distance > reach {
                    continue;
                }
                let at = at as usize;
                let (lowers, residuals) = self.boxes.squared_distances(at, row);
                let mut uppers = lowers;
                for (upper, other) in uppers.iter_mut().zip(residuals) {
                    *upper += 4.0 * residual * other;
                }
                bounds.add(self.boxes.points(at), &lowers, &uppers, reach);
                if bounds.len() >= next {
                    reach = self.with_margin(f64::from(bounds.reach_of(count)).sqrt());
                    bounds.keep_within(reach);
                    next = bounds.len() + 2 * count;
                }
            }
        }
        if bounds.len() > count {
            reach = self.with_margin(f64::from(bounds.reach_of(count)).sqrt());
            bounds.keep_within(reach);
        }
    }

    /// A computed |y − y'|² above which no |x − x'| is at most `distance`, in units of the scale.
    fn with_margin(&self, distance: f64) -> f32 {
        let rounding = (self.width + 8) as f64 * f64::from(f32::EPSILON);
        ((distance + 2.0 * self.margin).powi(2) * (1.0 + rounding)) as f32
    }
}

/// Points whose distances are computed at a time, where `count` are sought.
fn at_a_time(count: usize) -> usize {
    count + count / 4
}

impl Query {
    /// Those to look at next, which have smaller bounds than those left.
    fn next(&mut self, count: usize) -> impl Iterator<Item = Bound> + '_ {
        let reach = self.reach;
        self.left.retain(|bound| bound.lower() <= reach);
        let first = self.left.len().saturating_sub(at_a_time(count));
        if first > 0 {
            self.left.select_nth_unstable_by(first, |a, b| b.cmp(a));
        }
        self.left.drain(first..)
    }
}
