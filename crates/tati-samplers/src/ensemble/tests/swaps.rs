//! Sweeps of exchanges by themselves, with potentials that are independent from sweep to sweep.

use super::*;
use crate::NoiseStream;

/// Exponential with rates β: what U is of a harmonic well of two dimensions.
fn sweep(swaps: &mut Swaps, is_counted: bool) {
    let rungs = swaps.ladder.len();
    let step = swaps.sweeps;
    let stream = |tensor| NoiseStream {
        seed: 11,
        walker: 0,
        tensor,
    };
    let mut potentials = vec![0.0; rungs];
    stream(0).fill_uniform(step, &mut potentials);
    for (potential, beta) in potentials.iter_mut().zip(&swaps.ladder) {
        *potential = -potential.ln() / beta;
    }
    let mut uniforms = vec![0.0; rungs - 1];
    stream(1).fill_uniform(step, &mut uniforms);
    swaps.sweep(&potentials, &uniforms, is_counted);
}

#[test]
fn exchanges_are_in_detailed_balance() {
    // Any two potentials of a discrete space at any two β.
    let potentials = [-3.0, -0.2, 0.0, 0.7, 1.9, 40.0];
    let betas = [7.0, 1.3, 0.2];
    for (i, j) in pairs(6) {
        for (k, l) in pairs(3) {
            let (u, v, beta, other) = (potentials[i], potentials[j], betas[k], betas[l]);
            let there = -beta * u - other * v + acceptance([beta, other], [u, v]).ln();
            let back = -beta * v - other * u + acceptance([beta, other], [v, u]).ln();
            assert!((there - back).abs() < 1e-12 * (1.0 + there.abs()));
        }
    }
    assert_eq!(acceptance([2.0, 1.0], [0.5, 0.5]), 1.0);
    assert_eq!(acceptance([2.0, 1.0], [0.5, 1.0]), (-0.5f64).exp());
    assert_eq!(acceptance([2e6, 1.0], [1e9, 0.0]), 1.0);
    assert_eq!(acceptance([2e6, 1.0], [0.0, 1e9]), 0.0);
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (0..count).map(move |j| (i, j)))
}

/// Replicas that are always exchanged go round like the links of a chain.
#[test]
fn even_and_odd_pairs_take_turns() {
    let mut swaps = Swaps::new(vec![4.0, 3.0, 2.0, 1.0]);
    let expected = [
        (vec![0, 2], [1, 0, 3, 2]),
        (vec![1], [1, 3, 0, 2]),
        (vec![0, 2], [3, 1, 2, 0]),
        (vec![1], [3, 2, 1, 0]),
    ];
    for (exchanged, replicas) in expected {
        assert_eq!(swaps.sweep(&[0.0; 4], &[0.5; 3], true), exchanged);
        assert_eq!(swaps.replicas, replicas);
    }
    for _ in 4..8000 {
        swaps.sweep(&[0.0; 4], &[0.5; 3], true);
    }
    assert_eq!(swaps.replicas, [0, 1, 2, 3]);
    // Half a round trip a sweep, but for the eight sweeps or so before the first ones are whole.
    assert!(
        (3990..=4000).contains(&swaps.round_trips),
        "{}",
        swaps.round_trips
    );
    assert!(swaps.pairs.iter().all(|pair| pair.acceptance() == 1.0));
    assert!(swaps.pairs.iter().all(|pair| pair.attempts == 4000));
}

/// Of a harmonic well of two dimensions ⟨α⟩ = 2β'/(β + β'), and the round trips follow from that: within four standard errors (false alarms
/// 6e-5 each).
#[test]
fn acceptances_and_round_trips_are_those_of_independent_potentials() {
    const SWEEPS: u64 = 60_000;
    let ladder = vec![12.0, 5.0, 3.0, 1.0, 0.4];
    let mut swaps = Swaps::new(ladder.clone());
    for _ in 0..SWEEPS {
        sweep(&mut swaps, true);
    }
    for (pair, beta) in swaps.pairs.iter().zip(ladder.windows(2)) {
        let expected = 2.0 * beta[1] / (beta[0] + beta[1]);
        // α lies in [0, 1], so that its variance is at most ⟨α⟩(1 − ⟨α⟩), as that of the exchanges.
        let error = (expected * (1.0 - expected) / pair.attempts as f64).sqrt();
        let share = pair.exchanges as f64 / pair.attempts as f64;
        for found in [pair.acceptance(), share] {
            assert!((found - expected).abs() < 4.0 * error, "{found} {expected}");
        }
    }
    let rejections = || {
        let pairs = ladder.windows(2);
        pairs.map(|beta| (beta[0] - beta[1]) / (beta[0] + beta[1]))
    };
    let rate = ladder::round_trip_rate(rejections());
    let expected = rate * SWEEPS as f64;
    let found = swaps.round_trips as f64;
    assert!(
        (found - expected).abs() < 4.0 * expected.sqrt(),
        "{found} {expected}"
    );
    // Pairs that are even or odd at random are slower: 1/(2·4 + 2 Σ r/(1 − r)).
    let random = SWEEPS as f64 / (1.0 / rate + 6.0);
    assert!((found - random).abs() > 8.0 * random.sqrt());
}

/// In a harmonic well the ladder of even acceptance is geometric.
#[test]
fn tuning_makes_acceptances_even() {
    let linear = vec![40.0, 30.25, 20.5, 10.75, 1.0];
    let acceptances = |ladder: &[f64]| -> Vec<f64> {
        let pairs = ladder.windows(2);
        pairs
            .map(|beta| 2.0 * beta[1] / (beta[0] + beta[1]))
            .collect()
    };
    let spread = |ladder: &[f64]| {
        let acceptances = acceptances(ladder);
        let most = acceptances.iter().copied().fold(0.0, f64::max);
        most - acceptances.iter().copied().fold(1.0, f64::min)
    };
    assert!(spread(&linear) > 0.6);
    let mut swaps = Swaps::new(linear);
    for round in 0..8 {
        for _ in 0..32 << round {
            sweep(&mut swaps, false);
        }
        swaps.tune();
    }
    // The last round has 2048 attempts a pair, so that a mean acceptance is known to 0.007.
    assert!(spread(&swaps.ladder) < 0.04, "{:?}", swaps.ladder);
    assert_eq!((swaps.ladder[0], swaps.ladder[4]), (40.0, 1.0));
    let even = 2.0 / (1.0 + 40f64.powf(0.25));
    for acceptance in acceptances(&swaps.ladder) {
        assert!((acceptance - even).abs() < 0.03, "{acceptance} {even}");
    }
    // What was seen in tuning is not counted.
    assert!(swaps.pairs.iter().all(|pair| pair.attempts == 0));
    assert_eq!((swaps.counted_sweeps, swaps.round_trips), (0, 0));
}
