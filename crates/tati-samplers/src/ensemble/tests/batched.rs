//! Walkers whose potential is evaluated together, against walkers that go on apart.

use std::sync::{Arc, Mutex};

use burn::tensor::DType;

use super::walkers::{Seen, run};
use super::{Gaussian, Point, baoab, closed_form, gaussian, numbers, steps};
use crate::{
    ChainConfig, ChainSampler, EnsembleConfig, QuasiNewtonConfig, SgldConfig, SgnhtConfig,
};

const CURVATURES: [f64; 5] = [1.0, 2.0, 5.0, 9.0, 20.0];
const START: [f64; 5] = [0.3, -0.2, 0.1, 0.5, -0.4];

/// The Gaussian with gradients in closed form, and how many points each evaluation was of.
fn in_closed_form(potential: Gaussian) -> (Gaussian, Arc<Mutex<Vec<usize>>>) {
    let counts = Arc::new(Mutex::new(Vec::new()));
    let of_evaluations = counts.clone();
    let potential = potential.with_closed_form_gradients(move |points, rows| {
        of_evaluations.lock().unwrap().push(points.len());
        closed_form(points, rows)
    });
    counts.lock().unwrap().clear();
    (potential.unwrap(), counts)
}

fn samplers() -> [ChainSampler; 3] {
    [
        ChainSampler::optimizer(&SgldConfig::new(1.0).with_seed(Some(3)), 0.004),
        ChainSampler::optimizer(&baoab(), 0.1),
        ChainSampler::optimizer(&SgnhtConfig::new(1.0).with_seed(Some(3)), 0.05),
    ]
}

fn largest_difference(some: &[Seen], others: &[Seen]) -> f64 {
    let mut largest: f64 = 0.0;
    assert_eq!(some.len(), others.len());
    for (some, others) in some.iter().zip(others) {
        assert_eq!(some.len(), others.len());
        for (a, b) in some.iter().zip(others) {
            assert_eq!(a.0, b.0);
            largest = largest.max((a.2 - b.2).abs());
            for (a, b) in a.1.iter().zip(&b.1) {
                largest = largest.max((a - b).abs());
            }
        }
    }
    largest
}

/// Step by step, in both precisions, with and without a preconditioner, over all rows and over mini-batches.
#[test]
fn trajectories_are_those_of_walkers_apart_to_rounding() {
    for (dtype, allowed) in [(DType::F64, 1e-12), (DType::F32, 1e-4)] {
        for (index, sampler) in samplers().into_iter().enumerate() {
            for (batch, shared) in [(None, false), (Some(2), false), (Some(2), true)] {
                let mut config =
                    EnsembleConfig::new(4, steps(60).with_thinning(2)).with_jitter(0.2);
                config = config.with_shared_batches(shared);
                if index < 2 {
                    let eqn = QuasiNewtonConfig::new(0.5).with_refresh_every(15);
                    config = config.with_quasi_newton(Some(eqn));
                }
                let (model, mut potential) = gaussian(&CURVATURES, &START, dtype);
                if let Some(batch) = batch {
                    potential = potential.with_batch_size(batch, 5).unwrap();
                }
                let (apart, _) = run(&config, (model.clone(), potential.clone()), sampler.clone());
                let (potential, counts) = in_closed_form(potential);
                let (together, _) = run(&config, (model, potential), sampler.clone());
                let difference = largest_difference(&together, &apart);
                // Rounding of gradients that all walkers share reaches them by B as well, and grows 10⁴ times in 60 steps in either precision.
                let allowed = if shared { 10.0 * allowed } else { allowed };
                assert!(difference < allowed, "{}: {difference}", sampler.name());
                // Batches are the same for two walkers only if they share them; the whole of the data is.
                let counts = counts.lock().unwrap();
                if batch.is_none() || shared {
                    assert!(*counts == vec![4; 60], "{counts:?}");
                } else {
                    assert!(*counts == vec![1; 240], "{counts:?}");
                }
            }
        }
    }
}

#[test]
fn a_walker_that_diverges_leaves_the_others_alone() {
    let config = EnsembleConfig::new(3, steps(50));
    let run = |potential: Gaussian, model: Point| {
        let ensemble = config.init(model, potential, samplers()[1].clone());
        let starts = vec![START.to_vec(), vec![1e19; 5], START.to_vec()];
        let ensemble = ensemble.unwrap().with_starts(starts).unwrap();
        ensemble.run().unwrap()
    };
    let (model, potential) = gaussian(&CURVATURES, &START, DType::F32);
    let (together, counts) = in_closed_form(potential.clone());
    let (apart, together) = (run(potential, model.clone()), run(together, model));
    let errors = |index: usize| together.summary.walkers[index].error.clone();
    let error = errors(1).unwrap();
    assert!(error.contains("at step 0 of walker 1"), "{error}");
    assert!(errors(0).is_none() && together.models[1].is_none());
    for index in [0, 2] {
        let end = |models: &[Option<Point>]| numbers(models[index].as_ref().unwrap());
        let (apart, together) = (end(&apart.models), end(&together.models));
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
        assert!(apart.iter().zip(&together).all(close));
    }
    let counts = counts.lock().unwrap();
    assert_eq!((counts[0], counts[1], counts.len()), (3, 2, 50));
}

/// One walker, and a chain, take the same steps with the closed form.
#[test]
fn a_chain_takes_it_too() {
    let (model, potential) = gaussian(&CURVATURES, &START, DType::F64);
    let (potential, counts) = in_closed_form(potential);
    let chain: ChainConfig = steps(30);
    let alone = chain.init(model.clone(), potential.clone(), samplers()[1].clone());
    let alone = alone.unwrap().run().unwrap();
    assert_eq!(*counts.lock().unwrap(), vec![1; 30]);
    let ensemble = EnsembleConfig::new(1, chain).init(model, potential, samplers()[1].clone());
    let finished = ensemble.unwrap().run().unwrap();
    let end = finished.models[0].as_ref().unwrap();
    assert_eq!(numbers(end), numbers(&alone.model));
}
