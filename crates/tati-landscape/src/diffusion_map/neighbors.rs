//! The nearest neighbours of every point, exactly.

use std::cmp::Ordering;

use rayon::prelude::*;
use tati_core::Result;

use super::boxes::{Boxes, Workspace};
use super::candidates;
use super::points::Points;
use super::projection::Projection;
use super::rows::Rows;

/// Points, evenly spread, whose search tells which way is the cheaper one.
const PROBES: usize = 64;

/// Distances, as a part of all, above which matrix products are cheaper than computing them one by one.
const MOST_DISTANCES: f64 = 1.0 / 16.0;

/// Points that a task takes at a time, of boxes that lie together.
const POINTS_PER_TASK: usize = 32;

/// A point's neighbours with their squared distances.
pub(super) type Neighbors = Vec<(u32, f64)>;

/// The squared distances of each point from the `count` nearest, ascending; the point itself is counted and comes first. Of points at
/// the same distance those that come first.
///
/// Where few distances are left that the projection on leading directions does not exclude, they are computed one by one; otherwise all of
/// them by matrix products.
pub(super) fn nearest(points: &Points, count: usize) -> Result<Rows> {
    let search = Search::new(points)?;
    let probes = (0..points.len()).step_by(points.len().div_ceil(PROBES));
    let probes: Vec<usize> = probes.collect();
    let computed: usize = (probes.par_iter())
        .map_init(Scratch::default, |scratch, &at| {
            search.nearest_of_own(at, count, scratch).1
        })
        .sum();
    let most = MOST_DISTANCES * (probes.len() * points.len()) as f64;
    let lists = if computed as f64 <= most || points.width() < search.projection.width() {
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
pub(super) struct Search<'a> {
    points: &'a Points,
    projection: Projection,
    projected: Vec<f64>,
    boxes: Boxes,
}

/// What a search reuses from one point to the next.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    workspace: Workspace,
    point: Vec<f64>,
    bounds: Vec<(u32, f64)>,
}

impl<'a> Search<'a> {
    pub(super) fn new(points: &'a Points) -> Result<Self> {
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
        let found: Vec<Neighbors> = (self.boxes.order.par_iter())
            .with_min_len(POINTS_PER_TASK)
            .map_init(Scratch::default, |scratch, &at| {
                self.nearest_of_own(at as usize, count, scratch).0
            })
            .collect();
        let mut lists = vec![Neighbors::new(); found.len()];
        for (&at, list) in self.boxes.order.iter().zip(found) {
            lists[at as usize] = list;
        }
        lists
    }

    /// The nearest points of point `own`, and how many distances were computed.
    fn nearest_of_own(
        &self,
        own: usize,
        count: usize,
        scratch: &mut Scratch,
    ) -> (Neighbors, usize) {
        let width = self.projection.width();
        let projected = &self.projected[own * width..(own + 1) * width];
        let mut point = std::mem::take(&mut scratch.point);
        point.resize(self.points.width(), 0.0);
        self.points.row(own, &mut point);
        let found = self.nearest_of(&point, projected, Some(own), count, scratch);
        scratch.point = point;
        found
    }

    /// The `count` nearest points of `point`, which `projected` is the projection of and which is number `own`, and how many distances were
    /// computed.
    fn nearest_of(
        &self,
        point: &[f64],
        projected: &[f64],
        own: Option<usize>,
        count: usize,
        scratch: &mut Scratch,
    ) -> (Neighbors, usize) {
        let Scratch {
            workspace, bounds, ..
        } = scratch;
        // The largest distance of those with the least bounds is an upper bound of what is sought.
        bounds.clear();
        let mut reach = f64::INFINITY;
        self.boxes.visit_near(projected, workspace, |at, bound| {
            bounds.push((at as u32, bound));
            if bounds.len() >= 2 * count {
                keep_nearest(bounds, count, own);
                reach = bounds[count - 1].1;
            }
            reach
        });
        keep_nearest(bounds, count, own);
        let last = bounds[count - 1];
        let distance = |at: u32| self.points.squared_distance(point, at as usize);
        let mut found: Neighbors = bounds.iter().map(|&(at, _)| (at, distance(at))).collect();
        keep_nearest(&mut found, count, own);
        let mut farthest = found[count - 1].1;
        let mut reach = self.with_margin(farthest);
        let mut computed = count;
        self.boxes.visit_near(projected, workspace, |at, bound| {
            let candidate = (at as u32, bound);
            if bound <= reach && order(own)(&candidate, &last).is_gt() {
                computed += 1;
                let squared = distance(at as u32);
                if squared <= farthest {
                    found.push((at as u32, squared));
                }
                if found.len() >= 2 * count {
                    keep_nearest(&mut found, count, own);
                    farthest = found[count - 1].1;
                    reach = self.with_margin(farthest);
                }
            }
            reach
        });
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
