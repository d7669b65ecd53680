//! Free random walks, and the spectrum that one has.

use std::f64::consts::PI;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use tati_core::Result;

use super::diffusion;
use crate::Draws;

/// The `count` leading eigenvalues of the covariance of `num_draws` draws of a free random walk in many dimensions, each step of which
/// has the mean square `per_draw` (all N dimensions together):
///
/// ```text
/// λₖ = v / (4 (n − 1) sin²(πk/2n)) ≈ v n / (π²k²)
/// ```
///
/// The eigenvalues of the centred path of n draws in the limit of many dimensions, which v spreads over evenly. With d equal
/// dimensions of variance σ² a step, v = dσ².
///
/// Source: B. Hess, Phys. Rev. E 62 (2000) 8438, eq. 12, for continuous time; here for n discrete draws.
///
/// # Example
/// ```
/// use tati_landscape::random_walk_eigenvalues;
///
/// let eigenvalues = random_walk_eigenvalues(2.0, 1000, 2);
/// assert!((eigenvalues[0] / eigenvalues[1] - 4.0).abs() < 1e-4);
/// assert!((eigenvalues[0] - 2.0 * 1000.0 / 9.8696).abs() < 0.3);
/// ```
pub fn random_walk_eigenvalues(per_draw: f64, num_draws: usize, count: usize) -> Vec<f64> {
    let n = num_draws as f64;
    (1..=count.min(num_draws.saturating_sub(1)))
        .map(|k| {
            let sine = (PI * k as f64 / (2.0 * n)).sin();
            per_draw / (4.0 * (n - 1.0) * sine * sine)
        })
        .collect()
}

/// Free random walks from where the chains of `draws` begin, each of whose draws moves as fast as theirs in the mean over all parameters
/// ([`diffusion`](crate::diffusion)), of shape \[chains, draws, N\]. They depend on `seed` and the draws alone.
///
/// # Errors
/// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) for chains of fewer than 40 draws; what reading the draws reports.
pub fn free_random_walks(draws: &Draws<'_>, seed: u64) -> Result<Vec<f32>> {
    let size = draws.num_parameters();
    let mut random = StdRng::seed_from_u64(seed);
    let mut theta: Vec<f32> = Vec::new();
    for chain in 0..draws.num_chains() {
        let of_chain = draws.with_chain(chain)?;
        let step = (diffusion(&of_chain)?.per_draw / size as f64).sqrt() as f32;
        theta.extend(of_chain.read(0, 0..1)?.iter().map(|&x| x as f32));
        for _ in size..draws.num_draws() * size {
            let last = theta[theta.len() - size];
            theta.push(last + step * random.sample::<f32, _>(StandardNormal));
        }
    }
    Ok(theta)
}
