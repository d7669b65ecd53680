//! Long vectors: sums in a fixed order, whatever the number of threads.

use rand::RngExt;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// Elements that a thread works on at a time: with a piece of the sum they stay in the first cache.
const CHUNK: usize = 2048;

/// Σ aᵢbᵢ, in lanes: a plain sum waits for each addition.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;

    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

pub(crate) fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

pub(super) fn scale(vector: &mut [f64], factor: f64) {
    for part in vector {
        *part *= factor;
    }
}

/// `basisᵢ · vector` for every vector of the basis.
pub(crate) fn dots(basis: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    basis.par_iter().map(|basis| dot(basis, vector)).collect()
}

/// `vector ← vector + Σ weightsᵢ basisᵢ`.
pub(super) fn add_weighted(vector: &mut [f64], weights: &[f64], basis: &[Vec<f64>]) {
    let chunks = vector.par_chunks_mut(CHUNK).enumerate();
    chunks.for_each(|(index, sum)| {
        let range = index * CHUNK..index * CHUNK + sum.len();
        for (weight, basis) in weights.iter().zip(basis) {
            for (sum, part) in sum.iter_mut().zip(&basis[range.clone()]) {
                *sum += weight * part;
            }
        }
    });
}

/// A vector whose direction is uniform on the sphere.
pub(super) fn random_direction(length: usize, random: &mut StdRng) -> Vec<f64> {
    StandardNormal.sample_iter(random).take(length).collect()
}

/// A unit vector of N components ±1/√N, each sign by the throw of a coin.
pub(super) fn rademacher(length: usize, random: &mut StdRng) -> Vec<f64> {
    let part = 1.0 / (length as f64).sqrt();
    let mut sign = || if random.random::<bool>() { part } else { -part };
    (0..length).map(|_| sign()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn sums_have_every_element_once() {
        let ones = vec![1.0; 2 * CHUNK + 5];
        assert_eq!(dot(&ones, &ones), ones.len() as f64);
        let mut sum = ones.clone();
        add_weighted(&mut sum, &[2.0, -0.5], &[ones.clone(), ones.clone()]);
        assert!(sum.iter().all(|&part| part == 2.5));
        assert_eq!(
            dots(&[sum, ones.clone()], &ones)[0],
            2.5 * ones.len() as f64
        );
    }

    #[test]
    fn probes_have_length_one_and_both_signs() {
        let probe = rademacher(1000, &mut StdRng::seed_from_u64(1));
        assert!((norm(&probe) - 1.0).abs() < 1e-12);
        let positive = probe.iter().filter(|&&part| part > 0.0).count();
        // Four standard deviations of a fair coin: false alarms 6 in 100,000.
        assert!((437..=563).contains(&positive), "{positive}");
    }
}
