//! Nearest neighbours where few distances can be excluded beforehand: matrix products in single precision say which points may be among
//! them, with a bound of their rounding, and the distances of those are computed exactly.

use std::ops::Range;

use burn::tensor::Device;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::device_products::DeviceRows;
use super::neighbors::{Neighbors, neighbor};
use super::points::Points;

/// Points in a block.
const BLOCK: usize = 256;

/// Points of a block that a task takes at a time.
const LANES: usize = 16;

/// Terms of a product that are summed at once, before the sums are added up: the fewer, the less rounding.
const TERMS: usize = 512;

/// Points in single precision about their mean, in units of a power of two near the largest coordinate: nothing overflows.
struct Centred {
    width: usize,
    rows: Vec<f32>,
    /// |c|² of each.
    squares: Vec<f32>,
    /// An approximate |c − c'|² is off by less than this part of |c|² + |c'|².
    rounding: f32,
}

/// The points that may be among the nearest of one.
#[derive(Clone, Debug)]
struct Candidates {
    /// Points with their approximate squared distances.
    near: Vec<(u32, f32)>,
    /// The square of a distance within which there are enough points for sure.
    reach: f32,
}

/// The `count` nearest of each point, itself counted, ascending.
pub(super) fn nearest(points: &Points, count: usize) -> Neighbors {
    let centred = Centred::new(points);
    nearest_by(points, count, &centred, |block, products| {
        centred.products(block, products)
    })
}

/// The same, with the products of a device.
pub(super) fn nearest_on(device: &Device, points: &Points, count: usize) -> Neighbors {
    let mut centred = Centred::new(points);
    centred.rounding = DeviceRows::rounding(centred.width);
    let rows = std::mem::take(&mut centred.rows);
    let rows = DeviceRows::new(rows, centred.width, device);
    nearest_by(points, count, &centred, |block, products| {
        rows.products(block, products)
    })
}

/// The same, where a function fills in the products of all points from a block on with those of the block, in rows.
fn nearest_by(
    points: &Points,
    count: usize,
    centred: &Centred,
    fill_in: impl Fn(Range<usize>, &mut [f32]),
) -> Neighbors {
    let size = points.len();
    let most = most_candidates(count);
    let mut all = vec![Candidates::new(); size];
    let mut products = vec![0.0_f32; BLOCK.min(size) * size];
    for first in (0..size).step_by(BLOCK) {
        let last = (first + BLOCK).min(size);
        let block = last - first;
        let products = &mut products[..(size - first) * block];
        fill_in(first..last, products);
        let (_, rest) = all.split_at_mut(first);
        let (own, others) = rest.split_at_mut(block);
        // What each point of the block sees of those from its block on.
        own.par_chunks_mut(LANES)
            .enumerate()
            .for_each(|(chunk, own)| {
                let lane = chunk * LANES;
                for (row, products) in products.chunks_exact(block).enumerate() {
                    let products = &products[lane..lane + own.len()];
                    for (at, (candidates, product)) in own.iter_mut().zip(products).enumerate() {
                        let pair = [first + lane + at, first + row];
                        candidates.offer(centred, pair, *product, count, most);
                    }
                }
            });
        // What each point after the block sees of it.
        let products = products[block * block..].par_chunks_exact(block);
        others
            .par_iter_mut()
            .zip(products)
            .enumerate()
            .for_each(|(at, (candidates, products))| {
                for (column, product) in products.iter().enumerate() {
                    let pair = [last + at, first + column];
                    candidates.offer(centred, pair, *product, count, most);
                }
            });
    }
    drop(products);
    let mut neighbors = vec![0; size * count];
    all.into_par_iter()
        .zip(neighbors.par_chunks_exact_mut(count))
        .enumerate()
        .for_each_init(
            || vec![0.0; points.width()],
            |point, (at, (candidates, target))| {
                points.row(at, point);
                let mut found = candidates.distances(points, point, at as u32);
                found.select_nth_unstable(count - 1);
                target.copy_from_slice(&found[..count]);
                target.sort_unstable();
            },
        );
    neighbors
}

/// Candidates that a point keeps.
pub(super) fn most_candidates(count: usize) -> usize {
    4 * count + 64
}

/// Numbers of single precision that the products of a block take.
pub(super) fn numbers_of_products(size: usize) -> usize {
    BLOCK.min(size) * size
}

impl Centred {
    fn new(points: &Points) -> Self {
        let width = points.width();
        let mean = points.mean();
        let inverse_unit = largest_power_of_two(points, &mean).recip();
        let mut rows = vec![0.0_f32; points.len() * width];
        let mut squares = vec![0.0; points.len()];
        rows.par_chunks_mut(width)
            .zip(squares.par_iter_mut())
            .enumerate()
            .for_each_init(
                || vec![0.0; width],
                |centred, (at, (row, square))| {
                    points.row_from(&mean, at, centred);
                    let mut sum = 0.0;
                    for (target, x) in row.iter_mut().zip(centred) {
                        *target = (*x * inverse_unit) as f32;
                        sum += f64::from(*target) * f64::from(*target);
                    }
                    *square = sum as f32;
                },
            );
        // Products of n terms are off by n u |c||c'| (N. Higham, "Accuracy and stability of numerical algorithms", section 3.1); the rest is
        // for the rounding of c, |c|² and the sums.
        let terms = TERMS.min(width) + width.div_ceil(TERMS) + 24;
        Self {
            width,
            rows,
            squares,
            rounding: terms as f32 * 0.5 * f32::EPSILON,
        }
    }

    /// The products of all points from a block on with those of the block, in rows.
    fn products(&self, block: Range<usize>, products: &mut [f32]) {
        let count = block.len();
        let own = self.rows_of(block.start, count);
        products
            .par_chunks_mut(BLOCK * count)
            .enumerate()
            .for_each(|(chunk, products)| {
                let rows = products.len() / count;
                let others = self.rows_of(block.start + chunk * BLOCK, rows);
                let mut target = MatMut::from_row_major_slice_mut(products, rows, count);
                for first in (0..self.width).step_by(TERMS) {
                    let terms = TERMS.min(self.width - first);
                    let replace = if first == 0 {
                        Accum::Replace
                    } else {
                        Accum::Add
                    };
                    matmul(
                        target.as_mut(),
                        replace,
                        others.subcols(first, terms),
                        own.subcols(first, terms).transpose(),
                        1.0,
                        Par::Seq,
                    );
                }
            });
    }

    fn rows_of(&self, first: usize, count: usize) -> MatRef<'_, f32> {
        let numbers = &self.rows[first * self.width..(first + count) * self.width];
        MatRef::from_row_major_slice(numbers, count, self.width)
    }
}

/// The largest power of two that some coordinate about `mean` reaches; 1 where all are 0.
fn largest_power_of_two(points: &Points, mean: &[f64]) -> f64 {
    let largest = (0..points.len())
        .into_par_iter()
        .map_init(
            || vec![0.0; points.width()],
            |row, at| {
                points.row_from(mean, at, row);
                row.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()))
            },
        )
        .reduce(|| 0.0, f64::max);
    if largest > 0.0 {
        largest.log2().floor().exp2()
    } else {
        1.0
    }
}

impl Candidates {
    fn new() -> Self {
        Self {
            near: Vec::new(),
            reach: f32::INFINITY,
        }
    }

    /// Takes note of a point, if it may be among the nearest: `own` and that point, and the product of the two.
    #[inline]
    fn offer(
        &mut self,
        centred: &Centred,
        [own, other]: [usize; 2],
        product: f32,
        count: usize,
        most: usize,
    ) {
        let sum = centred.squares[own] + centred.squares[other];
        let squared = sum - 2.0 * product;
        if squared - centred.rounding * sum <= self.reach {
            if self.near.is_empty() {
                self.near.reserve_exact(most);
            }
            self.near.push((other as u32, squared));
            if self.near.len() == most {
                self.compact(centred, own, count, most);
            }
        }
    }

    /// Leaves out what cannot be among the nearest.
    #[cold]
    fn compact(&mut self, centred: &Centred, own: usize, count: usize, most: usize) {
        let margin =
            |at: u32| centred.rounding * (centred.squares[own] + centred.squares[at as usize]);
        let mut upper: Vec<f32> = self.near.iter().map(|&(at, x)| x + margin(at)).collect();
        let reach = *upper.select_nth_unstable_by(count - 1, f32::total_cmp).1;
        self.reach = reach;
        self.near.retain(|&(at, x)| x - margin(at) <= reach);
        if self.near.len() > most - most / 4 {
            // Rounding hides which are the nearest: all distances will be computed.
            self.near = Vec::new();
            self.reach = f32::NEG_INFINITY;
        }
    }

    /// The distances of the candidates from `point`, which is number `own`.
    fn distances(self, points: &Points, point: &[f64], own: u32) -> Neighbors {
        let is_undecided = self.reach == f32::NEG_INFINITY;
        let exact = |at: u32| neighbor(own, at, points.squared_distance(point, at as usize));
        if is_undecided {
            (0..points.len() as u32).map(exact).collect()
        } else {
            self.near.iter().map(|&(at, _)| exact(at)).collect()
        }
    }
}
