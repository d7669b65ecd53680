//! Preconditioned steps against the equations, written out with dense matrices.

use burn::tensor::DType;
use nalgebra::{DMatrix, DVector};
use tati_core::Result;

use super::{Gaussian, Point, eigenvector, gaussian, numbers, steps};
use crate::{
    BaoabConfig, ChainSampler, Draw, EnsembleConfig, Gla1Config, Gla2Config, HmcConfig,
    NoiseStream, Prior, QuasiNewtonConfig, SgldConfig,
};

const CURVATURES: [f64; 5] = [1.0, 2.0, 5.0, 9.0, 20.0];
const WALKERS: usize = 4;
const STEP_SIZE: f64 = 0.01;
const BLENDING: f64 = 7.0;
const PRIOR: f64 = 0.6;

fn starts() -> Vec<Vec<f64>> {
    let start = |walker: usize| {
        let theta = |i: usize| ((3 * walker + i * i) as f64).sin();
        (0..5).map(theta).collect()
    };
    (0..WALKERS).map(start).collect()
}

fn curvature() -> DMatrix<f64> {
    let axes = DMatrix::from_fn(5, 5, |row, column| eigenvector(column, 5)[row]);
    &axes * DMatrix::from_diagonal(&DVector::from_row_slice(&CURVATURES)) * axes.transpose()
}

/// The dense root of I + η cov(the others), the parameters of a group apart from the rest.
fn root(
    positions: &[DVector<f64>],
    others: &[usize],
    group: impl Fn(usize) -> usize,
) -> DMatrix<f64> {
    if others.len() < 2 {
        return DMatrix::identity(5, 5);
    }
    let mean = others.iter().map(|k| &positions[*k]).sum::<DVector<f64>>() / others.len() as f64;
    let mut matrix = DMatrix::identity(5, 5);
    for other in others {
        let deviation = &positions[*other] - &mean;
        matrix += BLENDING / (WALKERS - 1) as f64 * &deviation * deviation.transpose();
    }
    let kept = DMatrix::from_fn(5, 5, |i, j| {
        if group(i) == group(j) {
            matrix[(i, j)]
        } else {
            0.0
        }
    });
    let eigen = kept.symmetric_eigen();
    let roots = DMatrix::from_diagonal(&eigen.eigenvalues.map(f64::sqrt));
    &eigen.eigenvectors * roots * eigen.eigenvectors.transpose()
}

/// ξ of a walker at a step, in the numbering of the samplers: tensor by tensor.
fn noise(walker: usize, step: u64) -> DVector<f64> {
    let mut all = Vec::new();
    for (tensor, length) in [2, 3].into_iter().enumerate() {
        let stream = NoiseStream {
            seed: 3,
            walker: walker as u32,
            tensor: tensor as u32,
        };
        let mut noise = vec![0.0f32; length];
        stream.fill_normal(step, &mut noise);
        all.extend(noise.into_iter().map(f64::from));
    }
    DVector::from_vec(all)
}

/// Whom a walker learns from: all others, or those before it in the order that is drawn at a step.
fn others(walker: usize, ordered_at: Option<u64>) -> Vec<usize> {
    let Some(step) = ordered_at else {
        return (0..WALKERS).filter(|other| *other != walker).collect();
    };
    let mut order: Vec<usize> = (0..WALKERS).collect();
    let mut keys = vec![0.0; WALKERS];
    let stream = NoiseStream {
        seed: 3,
        walker: 0,
        tensor: 0xFF_FFEE,
    };
    stream.fill_uniform(step, &mut keys);
    order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    order
        .into_iter()
        .take_while(|other| *other != walker)
        .collect()
}

/// The state of the walkers after `num_steps` steps, B being looked at after every second one.
fn by_hand(
    name: &str,
    num_steps: u64,
    ordered: bool,
    group: impl Fn(usize) -> usize + Copy,
) -> Vec<Vec<f64>> {
    let (h, friction) = (STEP_SIZE, 1.5);
    let begin: Vec<DVector<f64>> = starts().into_iter().map(DVector::from_vec).collect();
    // A tether to the start is part of U.
    let gradient = |walker: usize, theta: &DVector<f64>| {
        curvature() * theta + PRIOR * (theta - &begin[walker])
    };
    let decay = f64::exp(-friction * h);
    let thermal = (1.0 - decay * decay).sqrt();
    let mut theta = begin.clone();
    let mut momenta: Vec<_> = (0..WALKERS).map(|walker| noise(walker, 0)).collect();
    let mut roots = vec![DMatrix::identity(5, 5); WALKERS];
    for step in 0..num_steps {
        let previous = roots.clone();
        if step > 0 && step % 2 == 0 {
            let learned = |walker| root(&theta, &others(walker, ordered.then_some(step)), group);
            roots = (0..WALKERS).map(learned).collect();
        }
        for walker in 0..WALKERS {
            let (b, xi) = (&roots[walker], noise(walker, step + 1));
            let position = &mut theta[walker];
            let force = b.transpose() * gradient(walker, position);
            // The half kick at the end of the step before, by its B.
            let late = if step == 0 { 0.0 } else { 0.5 * h };
            let late = late * previous[walker].transpose() * gradient(walker, position);
            let p = &mut momenta[walker];
            match name {
                "sgld" => *position += b * (-h * force + (2.0 * h).sqrt() * xi),
                "gla1" => {
                    *p -= h * force;
                    *position += h * b * &*p;
                    *p = decay * &*p + thermal * xi;
                }
                "gla2" => {
                    *p -= late;
                    *p = decay * &*p + thermal * xi;
                    *p -= 0.5 * h * force;
                    *position += h * b * &*p;
                }
                _ => {
                    *p -= late + 0.5 * h * force;
                    *position += 0.5 * h * b * &*p;
                    *p = decay * &*p + thermal * xi;
                    *position += 0.5 * h * b * &*p;
                }
            }
        }
    }
    theta
        .iter()
        .map(|theta| theta.as_slice().to_vec())
        .collect()
}

fn sampler(name: &str) -> ChainSampler {
    macro_rules! with {
        ($config:expr) => {
            ChainSampler::optimizer(
                &$config
                    .with_prior(Some(Prior::Tether(PRIOR)))
                    .with_seed(Some(3)),
                STEP_SIZE,
            )
        };
    }
    match name {
        "sgld" => with!(SgldConfig::new(1.0)),
        "gla1" => with!(Gla1Config::new(1.0).with_friction(1.5)),
        "gla2" => with!(Gla2Config::new(1.0).with_friction(1.5)),
        _ => with!(BaoabConfig::new(1.0).with_friction(1.5)),
    }
}

fn run(
    sampler: ChainSampler,
    quasi_newton: Option<QuasiNewtonConfig>,
    num_steps: u64,
    dtype: DType,
) -> Vec<Vec<f64>> {
    let (model, potential): (Point, Gaussian) = gaussian(&CURVATURES, &[0.0; 5], dtype);
    let ensemble = EnsembleConfig::new(WALKERS, steps(num_steps))
        .with_quasi_newton(quasi_newton)
        .init(model, potential, sampler)
        .unwrap();
    let finished = ensemble.with_starts(starts()).unwrap().run().unwrap();
    finished.models.iter().flatten().map(numbers).collect()
}

fn largest_difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

const SAMPLERS: [&str; 4] = ["sgld", "gla1", "gla2", "baoab"];

/// To the single precision of the deviations. The control: without B at all the walkers are elsewhere.
#[test]
fn preconditioned_steps_written_out() {
    let joint = QuasiNewtonConfig::new(BLENDING).with_refresh_every(2);
    let apart = vec![vec!["head".to_string()], vec!["tail".to_string()]];
    let in_groups = joint.clone().with_groups(Some(apart));
    let ordered = joint.clone().with_ordered(true);
    for name in SAMPLERS {
        let plain = run(sampler(name), None, 7, DType::F64);
        for config in [&joint, &in_groups, &ordered] {
            let found = run(sampler(name), Some(config.clone()), 7, DType::F64);
            let group = |index: usize| usize::from(config.groups.is_some() && index >= 2);
            let error = largest_difference(&found, &by_hand(name, 7, config.ordered, group));
            assert!(error < 1e-6, "{name} {config:?}: {error}");
            assert!(largest_difference(&found, &plain) > 3e-3, "{name}");
            let single = run(sampler(name), Some(config.clone()), 7, DType::F32);
            assert!(largest_difference(&single, &found) < 2e-5, "{name}");
        }
        // Without blending the steps are those of plain walkers, but for rounding.
        let none = QuasiNewtonConfig::new(0.0).with_refresh_every(2);
        let found = run(sampler(name), Some(none), 7, DType::F64);
        assert!(largest_difference(&found, &plain) < 1e-13, "{name}");
    }
}

/// Legs of HMC with a metric are legs in the coordinates B⁻¹θ: for tiny steps everything is accepted.
#[test]
fn legs_with_a_metric_conserve_energy() {
    let config = |step_size: f64| HmcConfig::new(1.0, step_size, 10.0 * step_size);
    let least = |step_size: f64| {
        let mut least: f64 = 1.0;
        let mut observer = |draw: &Draw<'_, Point>| -> Result<()> {
            least = least.min(draw.statistics.acceptance.unwrap_or(0.0));
            Ok(())
        };
        let (model, potential) = gaussian(&CURVATURES, &[0.0; 5], DType::F64);
        let eqn = QuasiNewtonConfig::new(BLENDING).with_refresh_every(5);
        let sampler = ChainSampler::kernel(&config(step_size).with_seed(Some(3)));
        let ensemble = EnsembleConfig::new(WALKERS, steps(40)).with_quasi_newton(Some(eqn));
        let ensemble = ensemble.init(model, potential, sampler).unwrap();
        let ensemble = ensemble.with_starts(starts()).unwrap();
        ensemble
            .with_observer(1, &mut observer)
            .unwrap()
            .run()
            .unwrap();
        least
    };
    // The energy error of the leapfrog is of second order.
    assert!(1.0 - least(1e-3) < 1e-4, "{}", 1.0 - least(1e-3));
    assert!(1.0 - least(0.1) > 1e-2);
}

/// The observables of a preconditioned step are those of θ and ∇U, not of what the sampler sees.
#[test]
fn observables_belong_to_the_position() {
    let measured = |quasi_newton: Option<QuasiNewtonConfig>| {
        let mut measured = Vec::new();
        let mut observer = |draw: &Draw<'_, Point>| -> Result<()> {
            let s = draw.statistics;
            measured.push([
                s.potential,
                s.virial.unwrap(),
                s.gradient_norm.unwrap(),
                s.prior_energy.unwrap(),
                s.kinetic_energy.unwrap(),
                s.noise_norm.unwrap(),
            ]);
            Ok(())
        };
        let (model, potential) = gaussian(&CURVATURES, &[0.0; 5], DType::F64);
        let ensemble = EnsembleConfig::new(WALKERS, steps(2)).with_quasi_newton(quasi_newton);
        let ensemble = ensemble.init(model, potential, sampler("baoab")).unwrap();
        let ensemble = ensemble.with_starts(starts()).unwrap();
        ensemble
            .with_observer(2, &mut observer)
            .unwrap()
            .run()
            .unwrap();
        measured
    };
    let plain = measured(None);
    let with = measured(Some(QuasiNewtonConfig::new(BLENDING).with_refresh_every(1)));
    for (plain, with) in plain[0].iter().zip(&with[0]) {
        assert!((plain - with).abs() < 1e-12, "{plain} {with}");
    }
    // At step 1 θ, U, its gradient and the noise are still those of plain walkers; part of the kick is by B already.
    for index in [0, 1, 2, 3, 5] {
        assert!((plain[1][index] - with[1][index]).abs() < 1e-12, "{index}");
    }
    assert!((plain[1][4] - with[1][4]).abs() > 1e-6);
}
