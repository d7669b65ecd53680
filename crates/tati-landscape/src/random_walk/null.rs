//! The spectrum that a free random walk has.

use std::f64::consts::PI;

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
