//! Tables of draws to analyse.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Writes chains of draws, of shape \[chains\]\[draws\]\[parameters\], with TATi's columns; the loss is half the square of θ.
pub fn write(folder: &Path, name: &str, chains: &[Vec<Vec<f64>>]) -> PathBuf {
    let width = chains[0][0].len();
    let mut text = "id,step,loss".to_string();
    for column in 0..width {
        write!(text, ",weight{column}").unwrap();
    }
    text.push('\n');
    // The walkers take turns, as in a file that TATi writes.
    for draw in 0..chains[0].len() {
        for (id, chain) in chains.iter().enumerate() {
            write!(text, "{id},{},{:?}", 10 * draw, loss(&chain[draw])).unwrap();
            for value in &chain[draw] {
                write!(text, ",{value:?}").unwrap();
            }
            text.push('\n');
        }
    }
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

pub fn loss(theta: &[f64]) -> f64 {
    0.5 * theta.iter().map(|value| value * value).sum::<f64>()
}

/// Independent normal draws of standard deviations `widths`.
pub fn normal(seed: u64, num_draws: usize, widths: &[f64]) -> Vec<Vec<f64>> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut draw = |width: &f64| width * random.sample::<f64, _>(StandardNormal);
    (0..num_draws)
        .map(|_| widths.iter().map(&mut draw).collect())
        .collect()
}

/// x ← φx + noise.
pub fn autoregressive(seed: u64, num_draws: usize, phi: f64) -> Vec<Vec<f64>> {
    let mut x = 0.0;
    let step = |noise: &Vec<f64>| {
        x = phi * x + noise[0];
        vec![x]
    };
    normal(seed, num_draws, &[1.0]).iter().map(step).collect()
}

/// The sums of normal steps.
pub fn walk(seed: u64, num_draws: usize, width: usize) -> Vec<Vec<f64>> {
    let mut place = vec![0.0; width];
    let step = |noise: &Vec<f64>| {
        place.iter_mut().zip(noise).for_each(|(x, step)| *x += step);
        place.clone()
    };
    normal(seed, num_draws, &vec![1.0; width])
        .iter()
        .map(step)
        .collect()
}
