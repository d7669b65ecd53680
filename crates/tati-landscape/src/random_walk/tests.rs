//! The check against processes whose answer is known.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

use super::*;

/// x ← decay·x + noise of unit variance, in `size` dimensions, from 0.
fn autoregressive(decay: f64, [draws, size]: [usize; 2], seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut theta = vec![0.0; size];
    for at in 0..size * (draws - 1) {
        let noise: f64 = random.sample(StandardNormal);
        theta.push(decay * theta[at] + noise);
    }
    theta
}

fn check(theta: &[f64], shape: [usize; 3]) -> RandomWalkCheck {
    let draws = Draws::from_f64(theta, shape).unwrap();
    RandomWalkCheckConfig::new().compute(&draws).unwrap()
}

#[test]
fn a_free_walk_is_called_one_and_its_spectrum_foretold() {
    let theta = autoregressive(1.0, [1000, 1000], 5);
    let check = check(&theta, [1, 1000, 1000]);
    assert_eq!(check.verdict, Verdict::RandomWalk);
    let walk = &check.chains[0];
    assert!(walk.cosine_content[0] > 0.9, "{:?}", walk.cosine_content);
    assert!(
        (walk.diffusion.exponent - 1.0).abs() < 0.1,
        "{:?}",
        walk.diffusion
    );
    let pairs = walk
        .components
        .eigenvalues
        .iter()
        .zip(&walk.null_eigenvalues);
    for (at, (measured, null)) in pairs.enumerate() {
        let ratio = measured / null;
        assert!(
            (ratio - 1.0).abs() < 0.2,
            "λ{} is {ratio} of the null",
            at + 1
        );
    }
    assert_eq!(walk.null_eigenvalues.len(), 20);
}

#[test]
fn a_process_that_relaxed_a_thousand_times_is_stationary() {
    // A relaxation time of 10 draws, 10,000 draws.
    let theta = autoregressive((-0.1_f64).exp(), [10_000, 50], 6);
    let check = check(&theta, [1, 10_000, 50]);
    assert_eq!(check.verdict, Verdict::Stationary);
    let walk = &check.chains[0];
    assert!(walk.cosine_content[0] < 0.05, "{:?}", walk.cosine_content);
    assert!(walk.diffusion.exponent < 0.2, "{:?}", walk.diffusion);
    // And far narrower than a walk of the same steps.
    assert!(walk.components.eigenvalues[0] < 0.05 * walk.null_eigenvalues[0]);
}

#[test]
fn more_dimensions_than_draws_are_no_walk_and_hide_none() {
    // A relaxation time of 5 draws, 1000 draws, 3000 dimensions: components are low frequencies of nearly the same width.
    let shape = [1000, 3000];
    let mut theta = autoregressive((-0.2_f64).exp(), shape, 10);
    let still = check(&theta, [1, 1000, 3000]);
    assert_eq!(
        still.verdict,
        Verdict::Stationary,
        "{:?}",
        still.chains[0].cosine_content
    );
    // One direction that walks among them, as far as 40 standard deviations of another.
    let walk = autoregressive(1.0, [1000, 1], 11);
    for (row, place) in theta.chunks_exact_mut(3000).zip(&walk) {
        row[0] = 2.0 * place;
    }
    let walking = check(&theta, [1, 1000, 3000]);
    assert!(
        walking.chains[0].diffusion.exponent < 0.1,
        "{:?}",
        walking.chains[0].diffusion
    );
    assert_ne!(
        walking.verdict,
        Verdict::Stationary,
        "{:?}",
        walking.chains[0].cosine_content
    );
}

#[test]
fn one_chain_that_walks_decides_for_all() {
    let mut theta = autoregressive(0.5, [1000, 20], 7);
    theta.extend(autoregressive(1.0, [1000, 20], 8));
    let check = check(&theta, [2, 1000, 20]);
    let verdicts: Vec<_> = check.chains.iter().map(|chain| chain.verdict).collect();
    assert_eq!(verdicts, [Verdict::Stationary, Verdict::RandomWalk]);
    assert_eq!(check.verdict, Verdict::RandomWalk);
}

#[test]
fn inertia_does_not_hide_the_diffusion() {
    // Velocities that last for about 10 draws: displacement per draw at lag 1 is a twentieth of that of long lags.
    let decay = 0.9_f64;
    let velocities = autoregressive(decay, [4000, 100], 9);
    let mut theta = vec![0.0; 100];
    for at in 0..100 * 3999 {
        theta.push(theta[at] + velocities[at]);
    }
    let draws = Draws::from_f64(&theta, [1, 4000, 100]).unwrap();
    let measured = diffusion(&draws).unwrap();
    // Of the sum of velocities: variance 1/(1 − a)² per draw and dimension.
    let exact = 100.0 / (1.0 - decay).powi(2);
    assert!(
        (measured.per_draw / exact - 1.0).abs() < 0.15,
        "{measured:?}"
    );
    assert!(measured.displacements[0] < 0.1 * exact);
}

#[test]
fn the_null_is_the_spectrum_of_the_centred_path() {
    // C L Lᵀ C of a walk of 6 draws, where L sums the steps and C centres.
    let n = 6;
    let covariance = nalgebra::DMatrix::from_fn(n, n, |s, t| {
        let walk = |s: usize, t: usize| s.min(t) as f64;
        let mean = |s: usize| (0..n).map(|t| walk(s, t)).sum::<f64>() / n as f64;
        let all = (0..n).map(mean).sum::<f64>() / n as f64;
        (walk(s, t) - mean(s) - mean(t) + all) / (n - 1) as f64
    });
    let mut exact: Vec<f64> = covariance.symmetric_eigenvalues().iter().copied().collect();
    exact.sort_by(|a, b| b.total_cmp(a));
    for (null, exact) in random_walk_eigenvalues(1.0, n, n).iter().zip(&exact) {
        assert!((null - exact).abs() < 1e-12, "{null} {exact}");
    }
}

#[test]
fn too_few_draws_are_refused() {
    let theta = vec![0.0; 39 * 2];
    let draws = Draws::from_f64(&theta, [1, 39, 2]).unwrap();
    let message = RandomWalkCheckConfig::new()
        .compute(&draws)
        .unwrap_err()
        .to_string();
    assert_eq!(message, "`number of draws` is 39: it must be at least 40");
}
