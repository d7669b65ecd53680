//! The points of a diffusion map: draws of all chains in memory, in the precision they came in.

use std::ops::Range;

use rayon::prelude::*;
use tati_core::{Result, SimdLevel, TatiError};

use crate::Draws;
use crate::finite::require_finite;

/// Sums that a squared distance is added up in, in a fixed order.
const LANES: usize = 8;

/// Points in rows, those of one chain after the other.
#[derive(Clone, Debug)]
pub(super) struct Points {
    numbers: Numbers,
    num_points: usize,
    width: usize,
}

#[derive(Clone, Debug)]
enum Numbers {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Points {
    /// Reads all draws.
    pub(super) fn read(draws: &Draws<'_>) -> Result<Self> {
        let [num_points, width] = [num_points(draws), draws.num_parameters()];
        let mut numbers = if draws.is_single_precision() {
            Numbers::Single(Vec::with_capacity(num_points * width))
        } else {
            Numbers::Double(Vec::with_capacity(num_points * width))
        };
        for chain in 0..draws.num_chains() {
            let name = |draw: usize, parameter: usize| {
                format!("parameter {parameter} of draw {draw} of chain {chain}")
            };
            if let (Numbers::Single(all), Some(theta)) =
                (&mut numbers, draws.in_single_precision(chain))
            {
                require_finite(theta, |place| name(place / width, place % width))?;
                all.extend_from_slice(theta);
                continue;
            }
            draws.for_each_block(chain, |block| {
                require_finite(&block.theta, |place| {
                    name(block.first_draw + place / width, place % width)
                })?;
                match &mut numbers {
                    // These numbers were single: nothing is lost.
                    Numbers::Single(all) => all.extend(block.theta.iter().map(|&x| x as f32)),
                    Numbers::Double(all) => all.extend_from_slice(&block.theta),
                }
                Ok(())
            })?;
        }
        Ok(Self {
            numbers,
            num_points,
            width,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.num_points
    }

    /// N, the dimension of the space they lie in.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Point `at` minus `origin`, in place of what `row` holds.
    pub(super) fn row_from(&self, origin: &[f64], at: usize, row: &mut [f64]) {
        let span = at * self.width..(at + 1) * self.width;
        let row = row.iter_mut().zip(origin);
        match &self.numbers {
            Numbers::Single(all) => {
                for ((row, origin), &x) in row.zip(&all[span]) {
                    *row = f64::from(x) - origin;
                }
            }
            Numbers::Double(all) => {
                for ((row, origin), &x) in row.zip(&all[span]) {
                    *row = x - origin;
                }
            }
        }
    }

    /// Point `at`, in place of what `row` holds.
    pub(super) fn row(&self, at: usize, row: &mut [f64]) {
        let span = at * self.width..(at + 1) * self.width;
        match &self.numbers {
            Numbers::Single(all) => widen(&all[span], row),
            Numbers::Double(all) => row.copy_from_slice(&all[span]),
        }
    }

    /// |point − pᵢ|² of point `at`: the same number whichever of two points is called `point`.
    pub(super) fn squared_distance(&self, point: &[f64], at: usize) -> f64 {
        let span = at * self.width..(at + 1) * self.width;
        match &self.numbers {
            Numbers::Single(all) => SimdLevel::widest().run(
                #[inline(always)]
                || squared_distance(point, &all[span]),
            ),
            Numbers::Double(all) => SimdLevel::widest().run(
                #[inline(always)]
                || squared_distance(point, &all[span]),
            ),
        }
    }

    /// |pᵢ − pⱼ|² of pairs of points, as [`squared_distance`](Self::squared_distance).
    pub(super) fn squared_distances(&self, pairs: &[[u32; 2]]) -> Vec<f64> {
        match &self.numbers {
            Numbers::Single(all) => SimdLevel::widest().run(
                #[inline(always)]
                || squared_distances(all, self.width, pairs),
            ),
            Numbers::Double(all) => SimdLevel::widest().run(
                #[inline(always)]
                || squared_distances(all, self.width, pairs),
            ),
        }
    }

    /// The mean of the points, summed in their order.
    pub(super) fn mean(&self) -> Vec<f64> {
        // A group of points for each sum, the sums added in their order.
        let group = self.num_points.div_ceil(8);
        let sums: Vec<Vec<f64>> = (0..self.num_points)
            .into_par_iter()
            .step_by(group)
            .map(|first| self.sum(first..(first + group).min(self.num_points)))
            .collect();
        let mut mean = vec![0.0; self.width];
        for sum in sums {
            mean.iter_mut()
                .zip(&sum)
                .for_each(|(mean, sum)| *mean += sum);
        }
        let count = self.num_points as f64;
        mean.iter_mut().for_each(|mean| *mean /= count);
        mean
    }

    /// The sum of some points, in their order.
    fn sum(&self, points: Range<usize>) -> Vec<f64> {
        let span = points.start * self.width..points.end * self.width;
        match &self.numbers {
            Numbers::Single(all) => SimdLevel::widest().run(
                #[inline(always)]
                || sum_of_rows(&all[span], self.width),
            ),
            Numbers::Double(all) => SimdLevel::widest().run(
                #[inline(always)]
                || sum_of_rows(&all[span], self.width),
            ),
        }
    }
}

/// The number of draws of all chains.
pub(super) fn num_points(draws: &Draws<'_>) -> usize {
    draws.num_chains() * draws.num_draws()
}

/// What is said of points of which some are so far apart that the square is no number.
pub(super) fn squares_overflow(square: f64) -> TatiError {
    TatiError::NotFinite {
        what: "the square of a distance between points".to_string(),
        value: square,
        remedy: "scale the parameters down",
    }
}

/// Numbers of each point, a multiple of the lanes, after which the next pair has its turn: what pairs share stays in the cache. Pairs of
/// one point come one after the other.
const NUMBERS_AT_A_TIME: usize = 256;

#[inline(always)]
fn sum_of_rows<T: Copy + Into<f64>>(rows: &[T], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for first in (0..width).step_by(NUMBERS_AT_A_TIME) {
        let last = width.min(first + NUMBERS_AT_A_TIME);
        for row in rows.chunks_exact(width) {
            for (sum, &x) in sums[first..last].iter_mut().zip(&row[first..last]) {
                *sum += x.into();
            }
        }
    }
    sums
}

#[inline(always)]
fn squared_distances<T: Copy + Into<f64>>(all: &[T], width: usize, pairs: &[[u32; 2]]) -> Vec<f64> {
    if width <= NUMBERS_AT_A_TIME {
        let mut own = [0.0; NUMBERS_AT_A_TIME];
        let mut before = None;
        // A loop: what iterators do with a closure would not be compiled for the level.
        let mut distances = vec![0.0; pairs.len()];
        for (distance, &[point, other]) in distances.iter_mut().zip(pairs) {
            if before != Some(point) {
                widen(&all[point as usize * width..][..width], &mut own);
                before = Some(point);
            }
            *distance = squared_distance(&own[..width], &all[other as usize * width..][..width]);
        }
        return distances;
    }
    let mut sums = vec![[0.0; LANES]; pairs.len()];
    let mut rests = vec![0.0; pairs.len()];
    let mut own = [0.0; NUMBERS_AT_A_TIME];
    for first in (0..width).step_by(NUMBERS_AT_A_TIME) {
        let last = width.min(first + NUMBERS_AT_A_TIME);
        let numbers = |at: u32| &all[at as usize * width..][first..last];
        let mut before = None;
        for ((&[point, other], sums), rest) in pairs.iter().zip(&mut sums).zip(&mut rests) {
            if before != Some(point) {
                widen(numbers(point), &mut own);
                before = Some(point);
            }
            *rest += add_squares(&own[..last - first], numbers(other), sums);
        }
    }
    let sums = sums.iter().zip(rests);
    sums.map(|(sums, rest)| sums.iter().sum::<f64>() + rest)
        .collect()
}

#[inline(always)]
fn widen<T: Copy + Into<f64>>(numbers: &[T], target: &mut [f64]) {
    for (target, &x) in target.iter_mut().zip(numbers) {
        *target = x.into();
    }
}

#[inline(always)]
fn squared_distance<T: Copy + Into<f64>>(a: &[f64], b: &[T]) -> f64 {
    let mut sums = [0.0; LANES];
    let rest = add_squares(a, b, &mut sums);
    sums.iter().sum::<f64>() + rest
}

/// Adds to the sums, and returns what is left over.
#[inline(always)]
fn add_squares<T: Copy + Into<f64>>(a: &[f64], b: &[T], sums: &mut [f64; LANES]) -> f64 {
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let mut rest = 0.0;
    for (&a, &b) in a.remainder().iter().zip(b.remainder()) {
        let difference = a - b.into();
        rest += difference * difference;
    }
    let mut own = *sums;
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane].into();
            own[lane] += difference * difference;
        }
    }
    *sums = own;
    rest
}
