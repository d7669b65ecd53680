//! Random series whose autocorrelation is known.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// Stationary xₙ₊₁ = φxₙ + sqrt(1 − φ²) ξₙ of variance 1: ρ(t) = φᵗ, τ = (1 + φ)/(1 − φ).
pub fn autoregressive(phi: f64, length: usize, seed: u64) -> Vec<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = move || -> f64 { StandardNormal.sample(&mut generator) };
    let mut x = noise();
    let scale = (1.0 - phi * phi).sqrt();
    (0..length)
        .map(|_| {
            let now = x;
            x = phi * x + scale * noise();
            now
        })
        .collect()
}
