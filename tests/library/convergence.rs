//! Order of convergence of every integrator, measured.
//!
//! The anharmonic well U = θ²/2 + cos(2θ)/4, of curvature 0 to 2, for the virial, whose exact mean is 1/(2β) for any confining
//! potential, and the experiment of Heber, Trstanova, Leimkuhler, JMLR 21(228) (2020), section 3.1.1 for the kinetic energy of BAOAB. Thousands of members
//! with independent noise; errors from the spread of their time averages, limits of 4 standard errors (false alarms
//! 6 in 100,000 a check).

use crate::common::{Ensemble, mean_and_error};
use burn::optim::ModuleOptimizer;
use burn::tensor::DType;
use tati::samplers::{
    BaoabConfig, Gla1Config, Gla2Config, NoiseSource, SamplerConfig, SgldConfig, Thermometer,
};

const MEMBERS: usize = 16_384;
const INVERSE_TEMPERATURE: f64 = 1.0;

/// Mean of θ U'(θ)/2 over a run of this much time after burn-in, relative to its exact value, with its standard error.
fn relative_virial(config: &impl SamplerConfig, step_size: f64, time: f64) -> (f64, f64) {
    let mut sampler: ModuleOptimizer = config
        .start(&NoiseSource::new(5, 0), &Thermometer::new())
        .expect("a valid config");
    let mut ensemble = Ensemble::new(vec![0.0; MEMBERS], DType::F32);
    let (burn_in, steps) = ((20.0 / step_size) as usize, (time / step_size) as usize);
    let mut virials = vec![0.0; MEMBERS];
    for step in 0..burn_in + steps {
        if step >= burn_in {
            for (virial, theta) in virials.iter_mut().zip(ensemble.positions()) {
                let gradient = theta - 0.5 * (2.0 * theta).sin();
                *virial += INVERSE_TEMPERATURE * theta * gradient / steps as f64;
            }
        }
        ensemble = ensemble.step(&mut sampler, step_size, |theta| {
            theta.clone() - theta.mul_scalar(2.0).sin().mul_scalar(0.5)
        });
    }
    mean_and_error(&virials)
}

/// The slope of ln|error| over ln h between two step sizes, with its standard error.
fn order(coarse: (f64, (f64, f64)), fine: (f64, (f64, f64))) -> (f64, f64) {
    let ((h1, (virial1, error1)), (h2, (virial2, error2))) = (coarse, fine);
    let (bias1, bias2) = ((virial1 - 1.0).abs(), (virial2 - 1.0).abs());
    let steps = (h1 / h2).ln();
    let spread = ((error1 / bias1).powi(2) + (error2 / bias2).powi(2)).sqrt();
    ((bias1 / bias2).ln() / steps, spread / steps)
}

fn measure(config: &impl SamplerConfig, step_sizes: [f64; 2], time: f64) -> (f64, f64) {
    let [coarse, fine] = step_sizes.map(|h| (h, relative_virial(config, h, time)));
    let order = order(coarse, fine);
    println!("{coarse:?} {fine:?}: order {order:?}");
    order
}

/// The slope between two finite steps differs from its limit by a term of the next order; `curvature` bounds it.
fn assert_order((measured, error): (f64, f64), expected: f64, curvature: f64) {
    assert!(
        (measured - expected).abs() < 4.0 * error + curvature && error < 0.1,
        "order {measured} ± {error}, expected {expected}"
    );
}

#[test]
fn sgld_is_of_first_order() {
    let sgld = SgldConfig::new(INVERSE_TEMPERATURE);
    assert_order(measure(&sgld, [0.2, 0.1], 400.0), 1.0, 0.1);
}

#[test]
fn gla1_is_of_first_order() {
    let gla1 = Gla1Config::new(INVERSE_TEMPERATURE).with_friction(1.0);
    assert_order(measure(&gla1, [0.2, 0.1], 400.0), 1.0, 0.1);
}

#[test]
fn gla2_is_of_second_order() {
    let gla2 = Gla2Config::new(INVERSE_TEMPERATURE).with_friction(1.0);
    assert_order(measure(&gla2, [0.6, 0.3], 600.0), 2.0, 0.15);
}

/// BAOAB is of second order too, of higher order at high friction, and nearer at every step than GLA2.
#[test]
fn baoab_is_of_second_order_at_least() {
    let baoab = BaoabConfig::new(INVERSE_TEMPERATURE).with_friction(1.0);
    let (measured, error) = measure(&baoab, [1.2, 0.85], 2000.0);
    assert!(error < 0.3, "{error}");
    assert!(measured > 2.0 - 4.0 * error, "order {measured} ± {error}");
    let gla2 = Gla2Config::new(INVERSE_TEMPERATURE).with_friction(1.0);
    let (coarse, _) = relative_virial(&gla2, 0.85, 200.0);
    let (baoab, _) = relative_virial(&baoab, 0.85, 200.0);
    assert!((coarse - 1.0).abs() > 3.0 * (baoab - 1.0).abs());
}

/// U = aθ² with a = 4, β = 10: the mean kinetic energy of BAOAB is low by the fraction a h²/2, at every friction.
#[test]
fn kinetic_energy_of_baoab_has_the_published_error() {
    let (a, beta, members) = (4.0, 10.0, 4096);
    for friction in [0.1, 1.0, 10.0, 100.0] {
        for step_size in [0.25, 0.125, 0.0625] {
            let thermometer = Thermometer::new();
            let mut sampler = BaoabConfig::new(beta)
                .with_friction(friction)
                .start(&NoiseSource::new(426, 0), &thermometer)
                .expect("a valid config");
            // From the stationary positions, so that slow relaxation at high friction does not matter.
            let mut normals = vec![0.0; members];
            let stream = tati::samplers::NoiseStream {
                seed: 1,
                walker: 0,
                tensor: 0,
            };
            stream.fill_normal(0, &mut normals);
            let deviation = (2.0 * a * beta).recip().sqrt();
            let start = normals.iter().map(|n| f64::from(*n) * deviation).collect();
            let mut ensemble = Ensemble::new(start, DType::F32);
            let burn_in = (30.0 / step_size) as usize;
            // Readings in blocks, each much longer than the momentum's time of correlation.
            let (blocks, block) = (32, (10.0 / step_size) as usize);
            let mut means = vec![0.0; blocks];
            for step in 0..burn_in + blocks * block {
                thermometer.arm();
                ensemble = ensemble.harmonic_step(&mut sampler, step_size, 2.0 * a);
                let temperature = thermometer.read().kinetic_temperature();
                if step >= burn_in {
                    let temperature = temperature.expect("a momentum");
                    means[(step - burn_in) / block] += beta * temperature / block as f64;
                }
            }
            let (mean, error) = mean_and_error(&means);
            let exact = 1.0 - a * step_size * step_size / 2.0;
            assert!(
                (mean - exact).abs() < 4.0 * error && error < 0.003,
                "friction {friction}, h = {step_size}: {mean} ± {error} for {exact}"
            );
        }
    }
}
