//! What gradient noise of known strength does to the samplers: BAOAB is heated by as much as theory says, SGHMC that knows the
//! noise is not, and SGNHT and CCAdL find out.
//!
//! Thousands of independent oscillators with artificial noise on their gradients. Limits of 4 standard errors, from the
//! spread over the members: false alarms 6 in 100,000 a check.

use crate::common::{Ensemble, flex, mean_and_error};
use burn::optim::ModuleOptimizer;
use burn::tensor::{DType, Tensor, TensorData};
use tati::samplers::{
    BaoabConfig, CcadlConfig, Integrator, LangevinUpdate, NoiseSource, NoiseStream, SamplerConfig,
    SghmcConfig, SgnhtConfig, Thermometer, stationary_moments,
};

const MEMBERS: usize = 4096;
const CURVATURE: f64 = 1.0;
const INVERSE_TEMPERATURE: f64 = 2.0;
const FRICTION: f64 = 2.0;
const STEP_SIZE: f64 = 0.01;
/// Heats as a friction hβs²/2 = 2.5 would, more than the samplers' own.
const NOISE_VARIANCE: f64 = 250.0;

/// Time averages of every member.
struct Averages {
    /// 2K/N over all members, a number a step.
    temperature: f64,
    squares: Vec<f64>,
    /// β p² where θ² is below and above its mean 1/(βκ).
    inside: f64,
    outside: f64,
}

/// Runs a sampler with gradients whose noise has the variance that `variance` gives at each position.
fn run(
    config: &impl SamplerConfig,
    steps: u64,
    variance: impl Fn(Tensor<1>) -> Tensor<1>,
) -> Averages {
    let thermometer = Thermometer::new();
    let mut sampler: ModuleOptimizer = config
        .start(&NoiseSource::new(11, 0), &thermometer)
        .expect("a valid config");
    let stream = NoiseStream {
        seed: 12,
        walker: 0,
        tensor: 0,
    };
    let mut normals = vec![0.0; MEMBERS];
    let mut ensemble = Ensemble::new(vec![0.0; MEMBERS], DType::F32);
    let burn_in = steps / 4;
    let mut averages = Averages {
        temperature: 0.0,
        squares: vec![0.0; MEMBERS],
        inside: 0.0,
        outside: 0.0,
    };
    let (mut inside, mut outside) = ((0.0, 0.0), (0.0, 0.0));
    let mut before: Vec<f64> = Vec::new();
    let weight = 1.0 / (steps - burn_in) as f64;
    for step in 0..steps {
        stream.fill_normal(step, &mut normals);
        let noise = Tensor::<1>::from_data(TensorData::new(normals.clone(), [MEMBERS]), &flex());
        if step >= burn_in {
            let positions = ensemble.positions();
            for (square, theta) in averages.squares.iter_mut().zip(&positions) {
                *square += weight * theta * theta;
            }
            // These samplers move θ by h p.
            for (theta, before) in positions.iter().zip(&before) {
                let p = (theta - before) / STEP_SIZE;
                let place = if before * before * INVERSE_TEMPERATURE * CURVATURE < 1.0 {
                    &mut inside
                } else {
                    &mut outside
                };
                place.0 += INVERSE_TEMPERATURE * p * p;
                place.1 += 1.0;
            }
            before = positions;
            thermometer.arm();
        }
        ensemble = ensemble.step(&mut sampler, STEP_SIZE, |theta| {
            theta.clone().mul_scalar(CURVATURE) + variance(theta).sqrt() * noise
        });
        if step >= burn_in {
            let temperature = thermometer.read().kinetic_temperature();
            averages.temperature += weight * temperature.expect("a momentum");
        }
    }
    averages.inside = inside.0 / inside.1;
    averages.outside = outside.0 / outside.1;
    averages
}

fn constant(theta: Tensor<1>) -> Tensor<1> {
    theta.full_like(NOISE_VARIANCE)
}

/// s²(θ) = 100 (1 + 2βκθ²): three times as strong on average as at the bottom of the well.
fn uneven(theta: Tensor<1>) -> Tensor<1> {
    theta
        .powi_scalar(2)
        .mul_scalar(2.0 * INVERSE_TEMPERATURE * CURVATURE)
        .add_scalar(1.0)
        .mul_scalar(100.0)
}

fn oracle(update: &LangevinUpdate) -> f64 {
    stationary_moments(update, CURVATURE, NOISE_VARIANCE)
        .expect("a stable step")
        .momentum_variance
        * INVERSE_TEMPERATURE
}

/// The measured temperature in units of 1/β, and its standard error: that of a mean over members of squares of normals, of
/// which one in each time of correlation counts.
fn temperature(averages: &Averages, steps: u64) -> (f64, f64) {
    let independent = 0.75 * steps as f64 * STEP_SIZE * MEMBERS as f64;
    let relative = (2.0 / independent).sqrt();
    let temperature = averages.temperature * INVERSE_TEMPERATURE;
    (temperature, temperature * relative)
}

#[test]
fn baoab_overheats_by_the_predicted_amount_and_sghmc_told_the_noise_does_not() {
    let steps = 8000;
    let baoab = BaoabConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    let (measured, error) = temperature(&run(&baoab, steps, constant), steps);
    let row = Integrator::Baoab.update(STEP_SIZE, STEP_SIZE, FRICTION, INVERSE_TEMPERATURE);
    let predicted = oracle(&row);
    assert!(predicted > 2.0, "{predicted}");
    assert!(
        (measured - predicted).abs() < 4.0 * error,
        "{measured} ± {error} for {predicted}"
    );

    let noise_friction = 0.5 * STEP_SIZE * INVERSE_TEMPERATURE * NOISE_VARIANCE;
    let friction = FRICTION + noise_friction;
    let sghmc = SghmcConfig::new(INVERSE_TEMPERATURE)
        .with_friction(friction)
        .with_noise_estimate(noise_friction);
    let (measured, error) = temperature(&run(&sghmc, steps, constant), steps);
    let predicted = oracle(&LangevinUpdate::euler(
        STEP_SIZE,
        friction,
        FRICTION,
        INVERSE_TEMPERATURE,
    ));
    assert!((predicted - 1.0).abs() < 0.05, "{predicted}");
    assert!(
        (measured - predicted).abs() < 4.0 * error,
        "{measured} ± {error} for {predicted}"
    );
}

#[test]
fn thermostats_hold_the_temperature_against_constant_noise() {
    let steps = 20_000;
    let sgnht = SgnhtConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    let ccadl = CcadlConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    for averages in [run(&sgnht, steps, constant), run(&ccadl, steps, constant)] {
        let (measured, _) = temperature(&averages, steps);
        assert!((measured - 1.0).abs() < 0.02, "{measured}");
        // The position is as warm as the momentum, up to the first order in h of these integrators.
        let (mean, _) = mean_and_error(&averages.squares);
        let position = mean * INVERSE_TEMPERATURE * CURVATURE;
        assert!((position - 1.0).abs() < 0.05, "{position}");
    }
}

/// Where the noise depends on the position, one friction cannot balance it everywhere: both hold the temperature on average, but
/// under SGNHT the bottom of the well is cold and its flanks are hot.
#[test]
fn ccadl_holds_the_temperature_against_noise_that_depends_on_the_position() {
    let steps = 30_000;
    let sgnht = SgnhtConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    let alone = run(&sgnht, steps, uneven);
    assert!(alone.inside < 0.8 && alone.outside > 1.8);

    // Short enough for the noise to be that of the place.
    let ccadl = CcadlConfig::new(INVERSE_TEMPERATURE)
        .with_friction(FRICTION)
        .with_covariance_window(10.0);
    let controlled = run(&ccadl, steps, uneven);
    let (measured, _) = temperature(&controlled, steps);
    assert!((measured - 1.0).abs() < 0.02, "{measured}");
    for local in [controlled.inside, controlled.outside] {
        assert!((local - 1.0).abs() < 0.15, "{local}");
    }
}

/// Where the noise differs from parameter to parameter, each of them needs its own friction; what is left
/// is the first order in h of the integrator.
#[test]
fn ccadl_balances_noise_that_differs_between_parameters() {
    let steps = 20_000;
    let halves = |theta: Tensor<1>| {
        let variances = (0..MEMBERS).map(|member| [20.0f32, 480.0][member % 2]);
        let data = TensorData::new(variances.collect(), [MEMBERS]);
        Tensor::from_data(data, &theta.device())
    };
    let temperatures = |config: &dyn Fn() -> Averages| {
        let squares = config().squares;
        [0, 1].map(|half| {
            let own: Vec<f64> = squares.iter().copied().skip(half).step_by(2).collect();
            mean_and_error(&own).0 * INVERSE_TEMPERATURE * CURVATURE
        })
    };
    let sgnht = SgnhtConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    let [quiet, loud] = temperatures(&|| run(&sgnht, steps, halves));
    assert!(quiet < 0.7 && loud > 1.3, "{quiet} {loud}");
    let ccadl = CcadlConfig::new(INVERSE_TEMPERATURE).with_friction(FRICTION);
    let [quiet, loud] = temperatures(&|| run(&ccadl, steps, halves));
    assert!(
        (quiet - 1.0).abs() < 0.1 && (loud - 1.0).abs() < 0.1,
        "{quiet} {loud}"
    );
}
