//! The nearest neighbours of every point, exactly.

use std::cmp::Ordering;

use rayon::prelude::*;
use tati_core::Result;

use super::boxes::Boxes;
use super::candidates;
use super::points::Points;
use super::projection::Projection;
use super::rows::Rows;

/// Boxes, evenly spread, the search from a point of which tells which way is the cheaper one.
const PROBES: usize = 64;

/// Distances, as a part of all, above which matrix products are cheaper than computing them one by one.
const MOST_DISTANCES: f64 = 1.0 / 16.0;

/// A point's neighbours with their squared distances.
pub(super) type Neighbors = Vec<(u32, f64)>;

/// The squared distances of each point from the `count` nearest, ascending; the point itself is counted and comes first. Of points at
/// the same distance those that come first.
///
/// Where few distances are left that the projection on leading directions does not exclude, they are computed one by one; otherwise all of
/// them by matrix products.
pub(super) fn nearest(points: &Points, count: usize) -> Result<Rows> {
    let search = Search::new(points)?;
    let every = search.boxes.len().div_ceil(PROBES);
    let probes: Vec<usize> = (0..search.boxes.len()).step_by(every).collect();
    let computed: usize = (probes.par_iter())
        .map(|&at| search.distances_of_one(at, count))
        .sum();
    let is_cheap = computed as f64 <= MOST_DISTANCES * (probes.len() * points.len()) as f64;
    let lists = if is_cheap || points.width() < search.projection.width() {
        search.nearest_of_all(count)
    } else {
        drop(search);
        candidates::nearest(points, count)
    };
    Ok(Rows::regular(
        count,
        lists.iter().flatten().map(|&(at, _)| at).collect(),
        lists
            .iter()
            .flatten()
            .map(|&(_, squared)| squared)
            .collect(),
    ))
}

/// Points with lower bounds of their distances.
struct Search<'a> {
    points: &'a Points,
    projection: Projection,
    projected: Vec<f64>,
    boxes: Boxes,
}

/// What a search reuses from one point to the next.
struct Scratch {
    squared: Vec<f64>,
    point: Vec<f64>,
    /// Points with their lower and upper bounds.
    bounds: Vec<(u32, f64, f64)>,
}

impl<'a> Search<'a> {
    fn new(points: &'a Points) -> Result<Self> {
        let (projection, projected) = Projection::new(points)?;
        let boxes = Boxes::new(&projected, projection.width());
        Ok(Self {
            points,
            projection,
            projected,
            boxes,
        })
    }

    fn nearest_of_all(&self, count: usize) -> Vec<Neighbors> {
        let found: Vec<Vec<(u32, Neighbors)>> = (0..self.boxes.len())
            .into_par_iter()
            .map_init(
                || self.scratch(),
                |scratch, at| {
                    let boxes = self.boxes.by_distance(at);
                    let points = self.boxes.points(at).iter();
                    let found =
                        points.map(|&own| (own, self.nearest_of(own, &boxes, count, scratch).0));
                    found.collect()
                },
            )
            .collect();
        let mut lists = vec![Neighbors::new(); self.points.len()];
        for (at, list) in found.into_iter().flatten() {
            lists[at as usize] = list;
        }
        lists
    }

    /// How many distances the first point of box `at` needs.
    fn distances_of_one(&self, at: usize, count: usize) -> usize {
        let own = self.boxes.points(at)[0];
        let boxes = self.boxes.by_distance(at);
        self.nearest_of(own, &boxes, count, &mut self.scratch()).1
    }

    fn scratch(&self) -> Scratch {
        Scratch {
            squared: Vec::new(),
            point: vec![0.0; self.points.width()],
            bounds: Vec::new(),
        }
    }

    /// The `count` nearest points of point `own`, ascending, and how many distances were computed. `boxes` are those by distance from its
    /// own.
    fn nearest_of(
        &self,
        own: u32,
        boxes: &[(f64, u32)],
        count: usize,
        scratch: &mut Scratch,
    ) -> (Neighbors, usize) {
        let Scratch {
            squared,
            point,
            bounds,
        } = scratch;
        let width = self.projection.width();
        let projected = &self.projected[own as usize * width..(own as usize + 1) * width];
        self.points.row(own as usize, point);
        // |x − x'|² is at least |y − y'|² + (r − r')² and at most |y − y'|² + (r + r')².
        let residual = projected[width - 1];
        bounds.clear();
        let mut reach = f64::INFINITY;
        let mut next = 2 * count;
        self.boxes
            .visit_near(boxes, projected, squared, |at, lower, other| {
                bounds.push((at, lower, lower + 4.0 * residual * other));
                if bounds.len() >= next {
                    bounds.select_nth_unstable_by(count - 1, |a, b| a.2.total_cmp(&b.2));
                    reach = self.with_margin(bounds[count - 1].2);
                    bounds.retain(|bound| bound.1 <= reach);
                    next = bounds.len() + count;
                }
                reach
            });
        bounds.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let own = Some(own as usize);
        let mut found = Neighbors::with_capacity(2 * count);
        let mut reach = f64::INFINITY;
        let mut computed = 0;
        for &(at, lower, _) in bounds.iter() {
            if lower > reach {
                break;
            }
            computed += 1;
            found.push((at, self.points.squared_distance(point, at as usize)));
            if computed == count || found.len() == 2 * count {
                keep_nearest(&mut found, count, own);
                reach = self.with_margin(found[count - 1].1);
            }
        }
        keep_nearest(&mut found, count, own);
        found.sort_unstable_by(order(own));
        (found, computed)
    }

    /// A squared lower bound above which there is no point at this squared distance.
    fn with_margin(&self, squared: f64) -> f64 {
        (squared.sqrt() + 2.0 * self.projection.margin).powi(2)
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
