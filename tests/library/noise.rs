//! The noise: its distribution, and its independence across walkers, tensors, steps and elements.
//!
//! Seeds are fixed, so a test that passes once passes always; the limits say how rarely sound noise would fail them.

use crate::common::{kolmogorov, normal_distribution};
use tati::samplers::NoiseStream;

const N: usize = 1_000_000;

fn normals(seed: u64, walker: u32, tensor: u32, step: u64) -> Vec<f64> {
    let mut noise = vec![0.0; N];
    NoiseStream {
        seed,
        walker,
        tensor,
    }
    .fill_normal(step, &mut noise);
    noise.into_iter().map(f64::from).collect()
}

/// The first six moments within 4.5 standard errors (false alarms: 4 in 100,000 over the six).
#[test]
fn moments_are_those_of_the_standard_normal() {
    let noise = normals(1, 0, 0, 1);
    // Means of zᵏ, and their variances ⟨z²ᵏ⟩ − ⟨zᵏ⟩².
    let exact = [
        (0.0, 1.0),
        (1.0, 2.0),
        (0.0, 15.0),
        (3.0, 96.0),
        (0.0, 945.0),
        (15.0, 10_170.0),
    ];
    for (power, (mean, variance)) in (1..).zip(exact) {
        let measured = noise.iter().map(|z| z.powi(power)).sum::<f64>() / N as f64;
        let z = (measured - mean) / f64::sqrt(variance / N as f64);
        assert!(
            z.abs() < 4.5,
            "moment {power}: {measured} is {z} standard errors from {mean}"
        );
    }
}

/// Kolmogorov-Smirnov at a false-alarm rate of 1e-4, sqrt(n)·D < 2.225.
#[test]
fn kolmogorov_smirnov_accepts_the_normal_and_rejects_a_narrower_one() {
    let mut noise = normals(2, 0, 0, 1);
    let statistic = kolmogorov(&mut noise, normal_distribution);
    assert!(statistic < 2.225, "{statistic}");
    let control = kolmogorov(&mut noise, |x| normal_distribution(x / 0.99));
    assert!(control > 2.225, "the test has no power: {control}");
}

/// 32 bits of radius reach 6.76; 24 bits would end at 5.89.
#[test]
fn tails_are_populated() {
    let largest = (1..=60)
        .flat_map(|step| normals(3, 0, 0, step))
        .fold(0.0, |largest: f64, z| largest.max(z.abs()));
    // Among 6e7 draws the largest is below 4.9 or above 6.8 with probability 1e-12 and 6e-4.
    assert!((4.9..6.8).contains(&largest), "{largest}");
}

/// Correlations within 4.5 standard errors, 1/sqrt(n) each (false alarms: 4 in 10,000 over some sixty pairs).
#[test]
fn streams_steps_and_elements_are_uncorrelated() {
    let reference = normals(4, 0, 0, 1);
    let others = [
        ("seed", normals(5, 0, 0, 1)),
        ("seed, high word", normals(4 + (1 << 32), 0, 0, 1)),
        ("walker", normals(4, 1, 0, 1)),
        ("tensor", normals(4, 0, 1, 1)),
        ("step", normals(4, 0, 0, 2)),
        ("far step", normals(4, 0, 0, 1 + (1 << 32))),
    ];
    let limit = 4.5 / (N as f64).sqrt();
    for (name, other) in &others {
        let products = |power: i32| {
            let pairs = reference.iter().zip(other);
            pairs
                .map(|(a, b)| a.powi(power) * b.powi(power))
                .sum::<f64>()
                / N as f64
        };
        let correlation = products(1);
        assert!(correlation.abs() < limit, "{name}: {correlation}");
        // ⟨a²b²⟩ − 1 over its standard deviation sqrt(8).
        let of_squares = (products(2) - 1.0) / f64::sqrt(8.0);
        assert!(of_squares.abs() < limit, "{name}, squares: {of_squares}");
    }
    for lag in (1..=40).chain([64, 128, 256, 512, 1024]) {
        let pairs = reference.iter().zip(&reference[lag..]);
        let correlation = pairs.map(|(a, b)| a * b).sum::<f64>() / (N - lag) as f64;
        assert!(correlation.abs() < limit, "lag {lag}: {correlation}");
    }
}
