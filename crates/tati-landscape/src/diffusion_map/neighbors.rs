//! Squared distances between points: of all pairs, or from the nearest neighbours of each.

use rayon::prelude::*;

use super::points::Points;
use super::rows::Rows;

/// The squared distances of all pairs of points.
pub(super) fn all_distances(points: &Points) -> Rows {
    let size = points.len();
    let mut values = vec![0.0; size * size];
    values.par_chunks_mut(size).enumerate().for_each_init(
        || vec![0.0; points.width()],
        |row, (at, distances)| {
            points.row(at, row);
            for (other, squared) in distances.iter_mut().enumerate() {
                *squared = points.squared_distance(row, other);
            }
        },
    );
    Rows::full(size, values)
}

/// The squared distances of each point from the `count` nearest, itself counted, ascending; of points at the same distance those that
/// come first.
pub(super) fn nearest(points: &Points, count: usize) -> Rows {
    let lists: Vec<Vec<(u32, f64)>> = (0..points.len())
        .into_par_iter()
        .map_init(
            || vec![0.0; points.width()],
            |row, at| {
                points.row(at, row);
                let mut all: Vec<(u32, f64)> = (0..points.len())
                    .map(|other| (other as u32, points.squared_distance(row, other)))
                    .collect();
                let order = |a: &(u32, f64), b: &(u32, f64)| {
                    // A point comes before its copies.
                    let copies = (a.0 as usize != at).cmp(&(b.0 as usize != at));
                    a.1.total_cmp(&b.1).then(copies).then(a.0.cmp(&b.0))
                };
                all.select_nth_unstable_by(count - 1, order);
                all.truncate(count);
                all.sort_unstable_by(order);
                all
            },
        )
        .collect();
    Rows::regular(
        count,
        lists.iter().flatten().map(|&(column, _)| column).collect(),
        lists
            .iter()
            .flatten()
            .map(|&(_, squared)| squared)
            .collect(),
    )
}
