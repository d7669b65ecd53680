//! Every sampler against its exact discrete stationary moments on the harmonic well, with the negative control that the
//! oracle of one scheme rejects another.
//!
//! A tensor of independent oscillators is as many chains, so its moments have the errors of independent draws, and averages
//! over well separated steps only shrink them. Limits of 4 standard errors: false alarms 6 in 100,000 a check.

use crate::common::{Ensemble, flex, mean_and_error};
use burn::optim::ModuleOptimizer;
use burn::tensor::{DType, Device};
use tati::samplers::{
    BaoabConfig, Gla1Config, Gla2Config, Integrator, LangevinUpdate, Prior, PsgldConfig,
    SghmcConfig, SgldConfig, StationaryMoments, Thermometer, WallsConfig,
    langevin_on_harmonic_well, sgld_on_harmonic_well, stationary_moments,
};

/// Long tensors and few steps: a step of a device costs a launch at least.
const MEMBERS: usize = 163_840;
const READINGS: usize = 3;
const CURVATURE: f64 = 1.7;
const INVERSE_TEMPERATURE: f64 = 2.5;
const FRICTION: f64 = 1.3;
/// One small step, and one so large that the bias is tens of standard errors.
const STEP_SIZES: [f64; 2] = [0.2, 1.1];

/// The tests against an oracle, the same on every device.
#[cfg(feature = "wgpu")]
pub const ORACLE_TESTS: [fn(&Device); 8] = [
    gla1,
    gla2,
    baoab,
    sgld,
    sghmc,
    psgld_with_a_frozen_preconditioner,
    priors,
    kinks_and_walls,
];

/// ⟨θ²⟩ and, for kinetic samplers, ⟨p²⟩, each with its standard error.
struct Measured {
    position: (f64, f64),
    momentum: Option<(f64, f64)>,
}

fn measure(
    device: &Device,
    mut sampler: ModuleOptimizer,
    thermometer: &Thermometer,
    step_size: f64,
) -> Measured {
    let mut ensemble = Ensemble::on(device, vec![0.0; MEMBERS], DType::F32);
    // Relaxation to e⁻¹² of the start, then as much between readings.
    let rate: f64 = (0.5 * FRICTION).min(CURVATURE / FRICTION).min(CURVATURE);
    let pause = (12.0 / (rate * step_size)).ceil() as usize;
    let (mut squares, mut momenta) = (Vec::new(), Vec::new());
    for _ in 0..READINGS {
        for _ in 0..pause {
            ensemble = ensemble.harmonic_step(&mut sampler, step_size, CURVATURE);
        }
        squares.extend(ensemble.positions().iter().map(|theta| theta * theta));
        thermometer.arm();
        ensemble = ensemble.harmonic_step(&mut sampler, step_size, CURVATURE);
        momenta.extend(thermometer.read().kinetic_temperature());
    }
    let momentum = (!momenta.is_empty()).then(|| {
        let mean = momenta.iter().sum::<f64>() / momenta.len() as f64;
        // p is Gaussian, so p² has standard deviation sqrt(2)⟨p²⟩.
        (mean, mean * (2.0 / (momenta.len() * MEMBERS) as f64).sqrt())
    });
    Measured {
        position: mean_and_error(&squares),
        momentum,
    }
}

fn deviation((mean, error): (f64, f64), exact: f64) -> f64 {
    (mean - exact) / error
}

fn oracle(integrator: Integrator, step_size: f64) -> StationaryMoments {
    langevin_on_harmonic_well(
        integrator,
        CURVATURE,
        step_size,
        FRICTION,
        INVERSE_TEMPERATURE,
    )
    .expect("a stable step")
}

fn kinetic(device: &Device, integrator: Integrator, step_size: f64) -> Measured {
    let thermometer = Thermometer::new();
    macro_rules! build {
        ($config:ident) => {
            $config::new(INVERSE_TEMPERATURE)
                .with_friction(FRICTION)
                .with_seed(Some(2024))
                .build()
                .expect("a valid config")
                .with_thermometer(&thermometer)
                .into_optimizer()
        };
    }
    let sampler = match integrator {
        Integrator::Gla1 => build!(Gla1Config),
        Integrator::Gla2 => build!(Gla2Config),
        Integrator::Baoab => build!(BaoabConfig),
    };
    measure(device, sampler, &thermometer, step_size)
}

fn assert_exact(device: &Device, integrator: Integrator) {
    for step_size in STEP_SIZES {
        let measured = kinetic(device, integrator, step_size);
        let exact = oracle(integrator, step_size);
        let position = deviation(measured.position, exact.position_variance);
        let momentum = deviation(
            measured.momentum.expect("a momentum"),
            exact.momentum_variance,
        );
        assert!(
            position.abs() < 4.0 && momentum.abs() < 4.0,
            "{integrator:?} at h = {step_size}: θ² off by {position}, p² by {momentum} errors"
        );
    }
}

fn gla1(device: &Device) {
    assert_exact(device, Integrator::Gla1);
}

#[test]
fn gla1_has_its_exact_moments() {
    gla1(&flex());
}

fn gla2(device: &Device) {
    assert_exact(device, Integrator::Gla2);
    let baoab = kinetic(device, Integrator::Baoab, STEP_SIZES[1])
        .momentum
        .expect("a momentum");
    let rejected = deviation(
        baoab,
        oracle(Integrator::Gla2, STEP_SIZES[1]).momentum_variance,
    );
    assert!(rejected.abs() > 40.0, "{rejected}");
}

#[test]
fn gla2_has_its_exact_moments_and_its_oracle_rejects_the_momentum_of_baoab() {
    gla2(&flex());
}

fn baoab(device: &Device) {
    assert_exact(device, Integrator::Baoab);
}

#[test]
fn baoab_has_its_exact_moments() {
    baoab(&flex());
}

fn sgld(device: &Device) {
    for step_size in [0.1, 0.8] {
        let sampler = SgldConfig::new(INVERSE_TEMPERATURE)
            .with_seed(Some(7))
            .init();
        let measured = measure(device, sampler, &Thermometer::new(), step_size);
        let exact =
            sgld_on_harmonic_well(CURVATURE, step_size, INVERSE_TEMPERATURE).expect("stable");
        let position = deviation(measured.position, exact);
        assert!(
            position.abs() < 4.0,
            "SGLD at h = {step_size}: θ² off by {position} errors"
        );
        assert!(measured.momentum.is_none());
    }
    let baoab = kinetic(device, Integrator::Baoab, 0.8).position;
    let oracle = sgld_on_harmonic_well(CURVATURE, 0.8, INVERSE_TEMPERATURE).expect("stable");
    assert!(deviation(baoab, oracle).abs() > 40.0);
}

#[test]
fn sgld_has_its_exact_moments_and_its_oracle_rejects_the_position_of_baoab() {
    sgld(&flex());
}

/// Limits that isolate a term: without noise BAOAB is velocity Verlet with friction; with a huge friction the momentum is
/// redrawn each step.
#[test]
fn no_temperature_leaves_damped_mechanics() {
    let (h, friction, k) = (0.1, 0.5, 2.0);
    let mut sampler = BaoabConfig::new(f64::INFINITY)
        .with_friction(friction)
        .with_seed(Some(1))
        .init();
    let mut ensemble = Ensemble::new(vec![1.0], DType::F64);
    let (mut theta, mut p) = (1.0f64, 0.0f64);
    for step in 0..200 {
        ensemble = ensemble.harmonic_step(&mut sampler, h, k);
        p -= (if step == 0 { 0.5 } else { 1.0 }) * h * k * theta;
        theta += 0.5 * h * p;
        p *= (-friction * h).exp();
        theta += 0.5 * h * p;
        assert!((ensemble.positions()[0] - theta).abs() < 1e-13);
    }
    assert!(theta.abs() < 0.05);
}

/// A quadratic prior adds its strength to the curvature, and a tether pulls towards where the chain began.
fn priors(device: &Device) {
    let (h, strength, start) = (0.4, 0.9, 2.0);
    let exact = langevin_on_harmonic_well(
        Integrator::Baoab,
        CURVATURE + strength,
        h,
        FRICTION,
        INVERSE_TEMPERATURE,
    )
    .expect("a stable step");
    for (prior, expected_mean) in [
        (Prior::Gaussian(strength), 0.0),
        (
            Prior::Tether(strength),
            start * strength / (CURVATURE + strength),
        ),
    ] {
        let thermometer = Thermometer::new();
        let mut sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_friction(FRICTION)
            .with_prior(Some(prior.clone()))
            .with_seed(Some(3))
            .build()
            .expect("a valid config")
            .with_thermometer(&thermometer)
            .into_optimizer();
        let mut ensemble = Ensemble::on(device, vec![start; MEMBERS], DType::F32);
        for _ in 0..200 {
            ensemble = ensemble.harmonic_step(&mut sampler, h, CURVATURE);
        }
        let positions = ensemble.positions();
        let mean = mean_and_error(&positions);
        assert!(
            deviation(mean, expected_mean).abs() < 4.0,
            "{prior:?}: mean {mean:?}"
        );
        let squares: Vec<f64> = positions
            .iter()
            .map(|theta| (theta - expected_mean).powi(2))
            .collect();
        let variance = deviation(mean_and_error(&squares), exact.position_variance);
        assert!(
            variance.abs() < 4.0,
            "{prior:?}: variance off by {variance} errors"
        );

        // Its energy is counted: (strength/2) Σ (θ − center)².
        let center = if let Prior::Tether(_) = prior {
            start
        } else {
            0.0
        };
        let energy: f64 = positions
            .iter()
            .map(|theta| 0.5 * strength * (theta - center).powi(2))
            .sum();
        thermometer.arm();
        ensemble.harmonic_step(&mut sampler, h, CURVATURE);
        let counted = thermometer.read().prior_energy;
        assert!(
            (counted / energy - 1.0).abs() < 1e-5,
            "{counted} for {energy}"
        );
    }
}

#[test]
fn priors_are_part_of_the_potential() {
    priors(&flex());
}

fn sghmc(device: &Device) {
    let noise_estimate = 0.6;
    for step_size in [0.1, 0.5] {
        let thermometer = Thermometer::new();
        let sampler = SghmcConfig::new(INVERSE_TEMPERATURE)
            .with_friction(FRICTION)
            .with_noise_estimate(noise_estimate)
            .with_seed(Some(8))
            .build()
            .expect("a valid config")
            .with_thermometer(&thermometer)
            .into_optimizer();
        let measured = measure(device, sampler, &thermometer, step_size);
        let update = LangevinUpdate::euler(
            step_size,
            FRICTION,
            FRICTION - noise_estimate,
            INVERSE_TEMPERATURE,
        );
        let exact = stationary_moments(&update, CURVATURE, 0.0).expect("a stable step");
        let position = deviation(measured.position, exact.position_variance);
        let momentum = deviation(
            measured.momentum.expect("a momentum"),
            exact.momentum_variance,
        );
        assert!(
            position.abs() < 4.0 && momentum.abs() < 4.0,
            "SGHMC at h = {step_size}: θ² off by {position}, p² by {momentum} errors"
        );
    }
}

#[test]
fn sghmc_has_its_exact_moments() {
    sghmc(&flex());
}

/// Frozen after the first step, V is the square of the first gradient, and pSGLD is SGLD with the step size h/(λ + |g|).
fn psgld_with_a_frozen_preconditioner(device: &Device) {
    let (start, regularization) = (2.0, 0.1);
    let preconditioner = 1.0 / (regularization + CURVATURE * start);
    for step_size in [0.3, 2.0] {
        let mut sampler = PsgldConfig::new(INVERSE_TEMPERATURE)
            .with_regularization(regularization)
            .with_adaptation_steps(Some(1))
            .with_seed(Some(9))
            .init();
        let mut ensemble = Ensemble::on(device, vec![start; MEMBERS], DType::F32);
        let effective = step_size * preconditioner;
        let pause = (12.0 / (CURVATURE * effective)).ceil() as usize;
        let mut squares = Vec::new();
        for _ in 0..READINGS {
            for _ in 0..pause {
                ensemble = ensemble.harmonic_step(&mut sampler, step_size, CURVATURE);
            }
            squares.extend(ensemble.positions().iter().map(|theta| theta * theta));
        }
        let exact =
            sgld_on_harmonic_well(CURVATURE, effective, INVERSE_TEMPERATURE).expect("stable");
        let position = deviation(mean_and_error(&squares), exact);
        assert!(
            position.abs() < 4.0,
            "pSGLD at h = {step_size}: θ² off by {position} errors"
        );
    }
}

#[test]
fn psgld_with_a_frozen_preconditioner_has_its_exact_moments() {
    psgld_with_a_frozen_preconditioner(&flex());
}

/// Priors with a kink or a wall against quadrature; the step is so small that its error is below that of the sampling.
fn kinks_and_walls(device: &Device) {
    const MEMBERS: usize = 131_072;

    let walls =
        |lower, upper| Prior::Walls(WallsConfig::new(20.0).with_lower(lower).with_upper(upper));
    let past = |theta: f64, lower: f64, upper: f64| {
        10.0 * ((theta - lower).min(0.0) + (theta - upper).max(0.0)).powi(2)
    };
    type Energy<'a> = &'a dyn Fn(f64) -> f64;
    let cases: [(Prior, Energy<'_>); 4] = [
        (Prior::Laplace(1.5), &|theta| 1.5 * theta.abs()),
        (walls(Some(-0.2), None), &|theta| {
            past(theta, -0.2, f64::INFINITY)
        }),
        (walls(None, Some(0.3)), &|theta| {
            past(theta, f64::NEG_INFINITY, 0.3)
        }),
        (walls(Some(-0.2), Some(0.3)), &|theta| {
            past(theta, -0.2, 0.3)
        }),
    ];
    for (prior, energy) in cases {
        let (mut total, mut mean, mut square) = (0.0, 0.0, 0.0);
        for index in -40_000..=40_000 {
            let theta = f64::from(index) * 1e-4;
            let potential = 0.5 * CURVATURE * theta * theta + energy(theta);
            let weight = (-INVERSE_TEMPERATURE * potential).exp();
            total += weight;
            mean += weight * theta;
            square += weight * theta * theta;
        }
        let mut sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_friction(FRICTION)
            .with_prior(Some(prior.clone()))
            .with_seed(Some(10))
            .init();
        let mut ensemble = Ensemble::on(device, vec![0.0; MEMBERS], DType::F32);
        for _ in 0..300 {
            ensemble = ensemble.harmonic_step(&mut sampler, 0.05, CURVATURE);
        }
        let positions = ensemble.positions();
        let squares: Vec<f64> = positions.iter().map(|theta| theta * theta).collect();
        for (measured, exact) in [(&positions, mean / total), (&squares, square / total)] {
            let off = deviation(mean_and_error(measured), exact);
            assert!(off.abs() < 4.0, "{prior:?}: {exact} missed by {off} errors");
        }
    }
}

#[test]
fn laplace_prior_and_walls_shape_the_density() {
    kinks_and_walls(&flex());
}
