//! The work that is timed, the same as the Python libraries are timed on.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;
use tati::landscape::{Draws, PrincipalComponentsConfig};

/// Something to time.
pub struct Task {
    pub name: &'static str,
    pub work: &'static str,
    /// Makes the data, of the given share of the full size, and returns the work, which tells its result.
    pub prepare: fn(f64) -> Box<dyn FnMut() -> String>,
}

/// All tasks.
pub fn all() -> Vec<Task> {
    vec![Task {
        name: "covariance",
        work: "leading 64 eigenpairs, 5,000 draws of 7,850 parameters",
        prepare: covariance,
    }]
}

fn covariance(size: f64) -> Box<dyn FnMut() -> String> {
    let draws = scaled(5000, size, 200);
    let theta = signal_and_noise(draws, 7850);
    Box::new(move || {
        let draws = Draws::from_f32(&theta, [1, draws, 7850]).expect("draws");
        let found = PrincipalComponentsConfig::new(64)
            .compute(&draws)
            .expect("components");
        let worst = found
            .error_bounds
            .iter()
            .zip(&found.eigenvalues)
            .map(|(bound, value)| bound / value);
        let worst = worst.fold(0.0, f64::max);
        format!(
            "λ₁ {:.1}, λ₆₄ {:.5}, residual {worst:.1e}, {:?}",
            found.eigenvalues[0], found.eigenvalues[63], found.method
        )
    })
}

/// 200 directions of standard deviations 10/k, white noise of 0.05, and a mean.
fn signal_and_noise(draws: usize, size: usize) -> Vec<f32> {
    const DIRECTIONS: usize = 200;
    let axes: Vec<f32> = normals(31, DIRECTIONS * size);
    let mean: Vec<f32> = normals(32, size);
    let norm = 10.0 / (size as f32).sqrt();
    let rows = (0..draws).into_par_iter().flat_map_iter(|draw| {
        let mut row: Vec<f32> = normals(100 + draw as u64, size);
        row.iter_mut()
            .zip(&mean)
            .for_each(|(x, mean)| *x = 0.05 * *x + mean);
        let scores: Vec<f32> = normals(1_000_000 + draw as u64, DIRECTIONS);
        for (k, (score, axis)) in scores.iter().zip(axes.chunks_exact(size)).enumerate() {
            let along = norm * score / (k + 1) as f32;
            row.iter_mut()
                .zip(axis)
                .for_each(|(x, axis)| *x += along * axis);
        }
        row
    });
    rows.collect()
}

fn normals(seed: u64, count: usize) -> Vec<f32> {
    let random = StdRng::seed_from_u64(seed);
    random.sample_iter(StandardNormal).take(count).collect()
}

/// The share `size` of `full`, but at least `least`.
fn scaled(full: usize, size: f64, least: usize) -> usize {
    ((full as f64 * size) as usize).max(least)
}
