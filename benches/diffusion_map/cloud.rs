//! Points near a random subspace.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;

const SUBSPACE: usize = 5;
/// Norm of the noise about it, whatever the dimension.
const NOISE: f64 = 0.1;
/// Points whose neighbours decide the bandwidth.
const SAMPLE: usize = 500;

/// Normal points in a random subspace, with white noise, of shape \[points, dimension\].
pub fn near_a_subspace(points: usize, dimension: usize) -> Vec<f32> {
    let axes = orthonormal(dimension);
    let scale = (NOISE / (dimension as f64).sqrt()) as f32;
    let rows = (0..points).into_par_iter().flat_map_iter(|point| {
        let mut row = normals(100 + point as u64, dimension + SUBSPACE);
        let place = row.split_off(dimension);
        row.iter_mut().for_each(|x| *x *= scale);
        for (along, axis) in place.iter().zip(&axes) {
            row.iter_mut()
                .zip(axis)
                .for_each(|(x, axis)| *x += along * axis);
        }
        row
    });
    rows.collect()
}

/// ε: a quarter of the median squared distance of the `neighbors`-th neighbour, over some of the points.
pub fn bandwidth(theta: &[f32], dimension: usize, neighbors: usize) -> f64 {
    let rows: Vec<&[f32]> = theta.chunks_exact(dimension).collect();
    let step = rows.len().div_ceil(SAMPLE);
    let distances = rows.par_iter().step_by(step).map(|row| {
        let squared = rows.iter().map(|other| squared_distance(row, other));
        let mut squared: Vec<f32> = squared.collect();
        // The point itself is number 0.
        *squared.select_nth_unstable_by(neighbors, f32::total_cmp).1
    });
    let mut distances: Vec<f32> = distances.collect();
    distances.sort_by(f32::total_cmp);
    f64::from(distances[distances.len() / 2]) / 4.0
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Orthonormal directions, by Gram and Schmidt.
fn orthonormal(dimension: usize) -> Vec<Vec<f32>> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let mut axes: Vec<Vec<f32>> = Vec::new();
    for number in 0..SUBSPACE {
        let mut axis = normals(number as u64, dimension);
        for other in &axes {
            let along = dot(&axis, other);
            axis.iter_mut()
                .zip(other)
                .for_each(|(x, other)| *x -= along * other);
        }
        let norm = dot(&axis, &axis).sqrt();
        axis.iter_mut().for_each(|x| *x /= norm);
        axes.push(axis);
    }
    axes
}

fn normals(seed: u64, count: usize) -> Vec<f32> {
    let random = StdRng::seed_from_u64(seed);
    random.sample_iter(StandardNormal).take(count).collect()
}
