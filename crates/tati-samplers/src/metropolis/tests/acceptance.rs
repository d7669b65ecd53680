//! The acceptance of HMC against theory.

use tati_core::analytic::Harmonic;

use super::super::leg::{Leg, Surroundings};
use super::super::testing::{mean_and_error, sample, target};
use super::at;
use crate::{HmcConfig, HmcOrder, NoiseSource};

/// For many independent degrees of freedom ΔH is normal with a variance of twice its mean μ, and the acceptance is
/// erfc(sqrt(μ)/2) (Gupta et al., Phys. Lett. B 242 (1990) 437). On a standard normal μ follows from the matrix M of a leg,
/// μ = N (|M|² − 2)/2. Six checks within four standard errors and 0.005 for the finite N: false alarms below 4e-4.
#[test]
fn acceptance_falls_with_the_step_size_as_in_theory() {
    const N: usize = 400;
    let well = Harmonic::new(vec![1.0; N]).unwrap();
    let mut previous = 1.0;
    for (order, first_kicks, step_sizes) in [
        (HmcOrder::Leapfrog, &[0.5][..], [0.3, 0.45, 0.6]),
        (HmcOrder::SymplecticEuler, &[1.0, 0.0], [0.06, 0.12, 0.24]),
    ] {
        for step_size in step_sizes {
            // Legs of U(0.9, 1.1)·4 steps have 4.
            let config = HmcConfig::new(1.0, step_size, 4.0 * step_size)
                .with_order(order.clone())
                .with_step_size_jitter(0.0);
            let expected = first_kicks
                .iter()
                .map(|first_kick| {
                    let leg = Leg {
                        first_kick: *first_kick,
                        step_size,
                        num_steps: 4,
                    };
                    let mean = 0.5 * N as f64 * (squared_norm(leg) - 2.0);
                    erfc(0.5 * mean.sqrt()) / first_kicks.len() as f64
                })
                .sum::<f64>();
            let mut kernel = at(&config, &[0.9; N], &NoiseSource::new(12, 0));
            let mut acceptances = Vec::new();
            sample(&mut *kernel, &well, 200, 4000, |_, transition| {
                acceptances.push(transition.acceptance.unwrap());
            });
            let (mean, error) = mean_and_error(&acceptances);
            assert!(
                (mean - expected).abs() < 0.005 + 4.0 * error,
                "{step_size}: {mean} ± {error} for {expected}"
            );
            if step_size != step_sizes[0] {
                assert!(expected < previous - 0.05, "{expected} after {previous}");
            }
            previous = expected;
        }
    }
}

/// Σ M² of the matrix of a leg on U = θ²/2.
fn squared_norm(leg: Leg) -> f64 {
    let well = Harmonic::new(vec![1.0]).unwrap();
    let target = target(&[0.0], 1.0);
    [(1.0, 0.0), (0.0, 1.0)]
        .into_iter()
        .map(|(theta, p)| {
            let start = target.evaluate(&well, vec![theta]).unwrap();
            let mut momentum = [p];
            let surroundings = Surroundings {
                target: &target,
                potential: &well,
                metric: None,
            };
            let (end, _) = leg.run(&surroundings, &start, &mut momentum).unwrap();
            end.position[0].powi(2) + momentum[0].powi(2)
        })
        .sum()
}

/// By the trapezoidal rule over 2/sqrt(π) exp(−t²).
fn erfc(x: f64) -> f64 {
    const POINTS: i32 = 20_000;
    let width = 8.0 / f64::from(POINTS);
    let density = |index: i32| {
        let t = x + width * f64::from(index);
        (-t * t).exp()
    };
    let inner: f64 = (1..POINTS).map(density).sum();
    std::f64::consts::FRAC_2_SQRT_PI * width * (0.5 * density(0) + inner)
}
