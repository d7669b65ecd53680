//! Data of known make, seeded.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// 200 directions of standard deviations 10/k, white noise of 0.05, and a mean.
pub fn signal_and_noise(draws: usize, size: usize) -> Vec<f32> {
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

/// Autoregressive series of variance 1, whose correlation from one draw to the next goes from 0 to 0.95 over the parameters.
pub fn autoregressive_chains([chains, draws, size]: [usize; 3]) -> Vec<f32> {
    let decay = |at: usize| 0.95 * at as f32 / (size - 1).max(1) as f32;
    let mut theta = normals(7, chains * draws * size);
    for chain in theta.chunks_exact_mut(draws * size) {
        for place in size..draws * size {
            let decay = decay(place % size);
            let noise = (1.0 - decay * decay).sqrt() * chain[place];
            chain[place] = decay * chain[place - size] + noise;
        }
    }
    theta
}

/// So many images of noise with labels at random.
pub fn images(rows: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let mut random = StdRng::seed_from_u64(0);
    let pixels: Vec<f32> = (0..rows * 784).map(|_| random.random()).collect();
    let labels: Vec<i32> = (0..rows).map(|_| random.random_range(0..10)).collect();
    (
        Tensor::from_data(TensorData::new(pixels, [rows, 784]), device),
        Tensor::from_data(labels.as_slice(), device),
    )
}

/// `count` normal numbers.
pub fn normals(seed: u64, count: usize) -> Vec<f32> {
    let random = StdRng::seed_from_u64(seed);
    random.sample_iter(StandardNormal).take(count).collect()
}
