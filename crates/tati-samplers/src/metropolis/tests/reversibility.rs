//! Detailed balance on a discrete grid.

use tati_core::analytic::DoubleWell;
use tati_core::{Potential, analytic::HostPotential};

use super::super::evaluate::Target;
use super::super::leg::{Leg, Surroundings};
use super::super::testing::{target, tensor};
use super::super::walker::{Stream, Walker};
use crate::{HmcConfig, HmcOrder, KernelConfig, MalaConfig, NoiseSource, NutsConfig};

const BINS: usize = 12;
const REACH: f64 = 1.8;
const PAIRS: u32 = 40_000;
const BETA: f64 = 2.0;

/// Starts from the exact density of a double well, one transition each: χ² of nᵢⱼ − nⱼᵢ over all pairs of bins with at least
/// ten transitions between them, and their number.
fn asymmetry(mut transition: impl FnMut(&DoubleWell, f64, &NoiseSource) -> f64) -> (f64, f64) {
    let well = DoubleWell::new(1.0).unwrap();
    let quantiles = quantiles(&well);
    let mut counts = [[0u32; BINS]; BINS];
    for pair in 0..PAIRS {
        let start = quantiles[pair as usize];
        let end = transition(&well, start, &NoiseSource::new(17, pair));
        counts[bin(start)][bin(end)] += 1;
    }
    let (mut chi_squared, mut degrees) = (0.0, 0.0);
    for (i, row) in counts.iter().enumerate() {
        for (j, there) in row.iter().enumerate().take(i) {
            let (there, back) = (f64::from(*there), f64::from(counts[j][i]));
            if there + back >= 10.0 {
                chi_squared += (there - back).powi(2) / (there + back);
                degrees += 1.0;
            }
        }
    }
    (chi_squared, degrees)
}

/// The 1−1e-4 quantile of χ², by Wilson and Hilferty (1931).
fn limit(degrees: f64) -> f64 {
    const NORMAL_QUANTILE: f64 = 3.719;
    let width = 2.0 / (9.0 * degrees);
    degrees * (1.0 - width + NORMAL_QUANTILE * width.sqrt()).powi(3)
}

fn bin(theta: f64) -> usize {
    let place = (theta + REACH) / (2.0 * REACH) * BINS as f64;
    (place.max(0.0) as usize).min(BINS - 1)
}

/// θ at equal steps of the cumulative density, in a random order.
fn quantiles(well: &DoubleWell) -> Vec<f64> {
    const POINTS: usize = 200_000;
    let place = |index: usize| -2.6 + 5.2 * (index as f64 + 0.5) / POINTS as f64;
    let density: Vec<f64> = (0..POINTS)
        .map(|index| (-BETA * well.value_and_gradient(&[place(index)], &mut [0.0])).exp())
        .collect();
    let total: f64 = density.iter().sum();
    let (mut index, mut cumulated) = (0, density[0]);
    (0..PAIRS)
        .map(|pair| {
            let wanted = (f64::from(pair) + 0.5) / f64::from(PAIRS) * total;
            while cumulated < wanted && index + 1 < POINTS {
                index += 1;
                cumulated += density[index];
            }
            place(index)
        })
        .collect()
}

fn of_kernel(config: &impl KernelConfig) -> (f64, f64) {
    asymmetry(|well, start, noise| {
        let mut kernel = config.start(&tensor(&[start]), noise).unwrap();
        kernel.transition(well).unwrap();
        kernel.position()[0]
    })
}

/// Five kernels at large steps, against the 1−1e-4 quantile of χ² each. The starts are stratified, which makes the counts a
/// little less random than χ² has them.
#[test]
fn transitions_go_both_ways_equally_often() {
    let hmc = HmcConfig::new(BETA, 0.45, 0.45);
    let euler = hmc.clone().with_order(HmcOrder::SymplecticEuler);
    let checks = [
        ("MALA", of_kernel(&MalaConfig::new(BETA, 0.1))),
        ("HMC, second order", of_kernel(&hmc)),
        ("HMC, first order", of_kernel(&euler)),
        (
            "HMC, first order, three steps",
            of_kernel(&HmcConfig::new(BETA, 0.3, 0.9).with_order(HmcOrder::SymplecticEuler)),
        ),
        (
            "NUTS",
            of_kernel(
                &NutsConfig::new(BETA)
                    .with_step_size(Some(0.5))
                    .with_tuning_steps(0),
            ),
        ),
    ];
    for (name, (chi_squared, degrees)) in checks {
        assert!(degrees > 20.0, "{name}: {degrees}");
        assert!(
            chi_squared < limit(degrees),
            "{name}: {chi_squared} of {degrees}"
        );
    }
}

/// The control: symplectic Euler by kick and drift alone, accepted by its energy error, has no detailed balance.
#[test]
fn symplectic_euler_without_its_adjoint_is_found_out() {
    let (chi_squared, degrees) =
        asymmetry(|well, start, noise| euler_alone(well, &target(&[start], BETA), start, noise));
    assert!(
        chi_squared > 1.5 * limit(degrees),
        "{chi_squared} of {degrees}"
    );
}

fn euler_alone(potential: &dyn Potential, target: &Target, start: f64, noise: &NoiseSource) -> f64 {
    let mut walker = Walker::new(vec![start], noise);
    walker.begin(target, potential).unwrap();
    let leg = Leg {
        first_kick: 1.0,
        step_size: 0.45,
        num_steps: 1,
    };
    let mut momentum = [walker.normals(Stream::Momenta, 1)[0] / BETA.sqrt()];
    let before = walker.point.energy + 0.5 * momentum[0] * momentum[0];
    let surroundings = Surroundings {
        target,
        potential,
        metric: None,
    };
    let (end, _) = leg
        .run(&surroundings, &walker.point, &mut momentum)
        .unwrap();
    let error = end.energy + 0.5 * momentum[0] * momentum[0] - before;
    let [uniform] = walker.uniforms(Stream::Uniforms, 1);
    if uniform < (-BETA * error).exp() {
        end.position[0]
    } else {
        start
    }
}
