//! Diffusion maps against spectra that are known and against other libraries.

mod double_well;
mod extension;
mod log_weights;
mod memory;
mod neighbors;
mod parts;
mod references;
mod refusals;
mod spectra;

use std::f64::consts::TAU;

use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use tati_landscape::{Bandwidth, DiffusionMap, DiffusionMapConfig, Draws};

/// Points at these angles of the unit circle.
fn on_circle(angles: impl Iterator<Item = f64>) -> Vec<f64> {
    angles
        .flat_map(|angle| [angle.cos(), angle.sin()])
        .collect()
}

/// Points equally spaced on a circle.
fn circle(count: usize) -> Vec<f64> {
    on_circle((0..count).map(|at| TAU * at as f64 / count as f64))
}

fn normals(count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| random.sample(StandardNormal)).collect()
}

/// βU of the double well U = (x² − 1)² + y².
fn double_well(inverse_temperature: f64, point: &[f64]) -> f64 {
    inverse_temperature * ((point[0] * point[0] - 1.0).powi(2) + point[1] * point[1])
}

/// Draws from exp(−βU): x by the inverse of its distribution function on a grid, y normal.
fn double_well_draws(inverse_temperature: f64, count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let grid: Vec<f64> = (0..=40_000).map(|at| -4.0 + 2e-4 * f64::from(at)).collect();
    let mut sums = vec![0.0];
    for x in &grid {
        let last = sums[sums.len() - 1];
        sums.push(last + (-double_well(inverse_temperature, &[*x, 0.0])).exp());
    }
    let total = sums[grid.len()];
    let mut point = || {
        let sought = total * random.random::<f64>();
        let at = sums
            .partition_point(|sum| *sum < sought)
            .clamp(1, grid.len());
        let y: f64 = random.sample(StandardNormal);
        [grid[at - 1], y / (2.0 * inverse_temperature).sqrt()]
    };
    (0..count).flat_map(|_| point()).collect()
}

fn draws(points: &[f64], width: usize) -> Draws<'_> {
    Draws::from_f64(points, [1, points.len() / width, width]).unwrap()
}

fn fit(config: &DiffusionMapConfig, points: &[f64], width: usize) -> DiffusionMap {
    config.fit(&draws(points, width)).unwrap()
}

fn fixed(num_eigenpairs: usize, bandwidth: f64) -> DiffusionMapConfig {
    DiffusionMapConfig::new(num_eigenpairs).with_bandwidth(Bandwidth::Fixed(bandwidth))
}

fn largest_difference(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    (a - b).amax() / b.amax()
}

/// The largest relative difference of eigenvalues from exact ones, the first of which is 0.
fn error(eigenvalues: &[f64], exact: &[f64]) -> f64 {
    assert_eq!(eigenvalues[0], 0.0);
    let pairs = eigenvalues.iter().zip(exact).skip(1);
    pairs
        .map(|(value, exact)| (value / exact - 1.0).abs())
        .fold(0.0, f64::max)
}
