//! Walkers: what each does, what they share, and what happens when one is lost.

use burn::tensor::{DType, Tensor};
use tati_core::{Result, TatiError, Trajectory};

use super::{Gaussian, Point, baoab, flex, gaussian, numbers, on_threads, sampler, steps};
use crate::{
    ChainSampler, Draw, EnsembleConfig, HmcConfig, MalaConfig, PsgldConfig, QuasiNewtonConfig,
    SgldConfig, SgnhtConfig,
};

const CURVATURES: [f64; 5] = [1.0, 2.0, 5.0, 9.0, 20.0];
const START: [f64; 5] = [0.3, -0.2, 0.1, 0.5, -0.4];

pub(super) type Seen = Vec<(u64, Vec<f64>, f64)>;

fn watch(seen: &mut Seen) -> impl FnMut(&Draw<'_, Point>) -> Result<()> + Send + '_ {
    |draw| {
        let position: &Tensor<1> = draw.position;
        let theta = position.to_data().iter::<f64>().collect();
        seen.push((draw.step, theta, draw.statistics.potential));
        Ok(())
    }
}

/// What the walkers of `config` draw, and where they end.
pub(super) fn run(
    config: &EnsembleConfig,
    (model, potential): (Point, Gaussian),
    sampler: ChainSampler,
) -> (Vec<Seen>, Vec<Vec<f64>>) {
    let mut seen = vec![Seen::new(); config.num_walkers];
    let mut observers: Vec<_> = seen.iter_mut().map(watch).collect();
    let mut ensemble = config.init(model, potential, sampler).unwrap();
    for (walker, observer) in observers.iter_mut().enumerate() {
        ensemble = ensemble.with_observer(walker, observer).unwrap();
    }
    let finished = ensemble.run().unwrap();
    drop(observers);
    let ends = finished.models.iter().flatten().map(numbers).collect();
    (seen, ends)
}

#[test]
fn each_walker_takes_the_steps_of_a_chain_with_its_number() {
    let config = EnsembleConfig::new(3, steps(40).with_burn_in(10).with_thinning(3));
    for is_kernel in [false, true] {
        let sampler = |walker| {
            if is_kernel {
                let config = HmcConfig::new(1.0, 0.1, 0.5).with_seed(Some(3));
                ChainSampler::kernel(&config.with_walker(walker))
            } else {
                ChainSampler::optimizer(&baoab().with_walker(walker), 0.1)
            }
        };
        let (model, potential) = gaussian(&CURVATURES, &START, DType::F32);
        let (seen, ends) = run(&config, (model.clone(), potential.clone()), sampler(4));
        for walker in 0..3 {
            let mut alone = Seen::new();
            let mut observer = watch(&mut alone);
            let chain =
                config
                    .chain
                    .init(model.clone(), potential.clone(), sampler(4 + walker as u32));
            let finished = chain.unwrap().with_observer(&mut observer).run().unwrap();
            drop(observer);
            assert_eq!(seen[walker], alone, "{walker}");
            assert_eq!(ends[walker], numbers(&finished.model));
        }
        assert_ne!(ends[0], ends[1]);
    }
}

/// Draws, store and ends: whatever the number of threads, and on a list of devices.
#[test]
fn threads_and_devices_do_not_change_a_bit() {
    let config = EnsembleConfig::new(5, steps(60))
        .with_jitter(0.2)
        .with_quasi_newton(Some(QuasiNewtonConfig::new(10.0).with_refresh_every(7)));
    let samplers = || {
        let hmc = HmcConfig::new(1.0, 0.1, 0.5).with_seed(Some(3));
        [sampler(), ChainSampler::kernel(&hmc)]
    };
    for index in 0..2 {
        let run = |threads| {
            on_threads(threads, || {
                let [baoab, hmc] = samplers();
                let sampler = if index == 0 { baoab } else { hmc };
                run(&config, gaussian(&CURVATURES, &START, DType::F32), sampler)
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(5) == one);
    }
    let (model, potential) = gaussian(&CURVATURES, &START, DType::F32);
    let ensemble = config.init(model.clone(), potential.clone(), sampler());
    let here = ensemble.unwrap().run().unwrap();
    let ensemble = config.init(model, potential, sampler()).unwrap();
    let devices = [flex(), flex().autodiff()];
    let there = ensemble.with_devices(&devices).run().unwrap();
    let ends = |models: &[Option<Point>]| models.iter().flatten().map(numbers).collect::<Vec<_>>();
    assert_eq!(ends(&here.models), ends(&there.models));
    assert_eq!(here.summary.pooled, there.summary.pooled);
}

#[test]
fn walkers_begin_where_they_are_told_to() {
    let begins = |config: &EnsembleConfig, starts: Option<Vec<Vec<f64>>>| -> Vec<Vec<f64>> {
        let mut seen = vec![Seen::new(); config.num_walkers];
        let mut observers: Vec<_> = seen.iter_mut().map(watch).collect();
        let (model, potential) = gaussian(&CURVATURES, &START, DType::F64);
        let mut ensemble = config.init(model, potential, sampler()).unwrap();
        if let Some(starts) = starts {
            ensemble = ensemble.with_starts(starts).unwrap();
        }
        for (walker, observer) in observers.iter_mut().enumerate() {
            ensemble = ensemble.with_observer(walker, observer).unwrap();
        }
        ensemble.run().unwrap();
        drop(observers);
        seen.into_iter().map(|seen| seen[0].1.clone()).collect()
    };
    let config = EnsembleConfig::new(2, steps(1));
    assert_eq!(begins(&config, None), [START, START]);
    let starts = vec![vec![1.0; 5], vec![-2.0; 5]];
    assert_eq!(begins(&config, Some(starts.clone())), starts);
    let jittered = begins(&config.clone().with_jitter(1e-3), Some(starts.clone()));
    assert_ne!(jittered[0], jittered[1]);
    for (jittered, start) in jittered.iter().flatten().zip(starts.iter().flatten()) {
        assert!(jittered != start && (jittered - start).abs() < 7e-3);
    }

    let (model, potential) = gaussian(&CURVATURES, &START, DType::F64);
    let refused = |starts: Vec<Vec<f64>>| {
        let ensemble = config.init(model.clone(), potential.clone(), sampler());
        let refused = ensemble.unwrap().with_starts(starts);
        refused.err().map(|error| error.to_string())
    };
    let message = refused(vec![vec![1.0; 5]]).unwrap();
    assert_eq!(message, "number of starts: expected 2, found 1");
    let message = refused(vec![vec![1.0; 5], vec![1.0; 4]]).unwrap();
    assert_eq!(message, "length of a start: expected 5, found 4");
}

#[test]
fn walkers_visit_the_mini_batches_in_orders_of_their_own_unless_they_share_them() {
    let (model, potential) = gaussian(&CURVATURES, &START, DType::F64);
    let potential = potential.with_batch_size(1, 5).unwrap();
    // Without noise and at tiny steps U tells the batch.
    let still = SgldConfig::new(1e30).with_seed(Some(3));
    let sampler = ChainSampler::optimizer(&still, 1e-9);
    let orders = |shared: bool| -> Vec<Vec<i64>> {
        let config = EnsembleConfig::new(4, steps(5)).with_shared_batches(shared);
        let (seen, _) = run(&config, (model.clone(), potential.clone()), sampler.clone());
        let batch = |potential: f64| (1e6 * potential).round() as i64;
        let orders = seen.iter();
        orders
            .map(|draws| draws.iter().map(|draw| batch(draw.2)).collect())
            .collect()
    };
    // An epoch has every batch once.
    let sorted = |order: &[i64]| {
        let mut order = order.to_vec();
        order.sort_unstable();
        order
    };
    let own = orders(false);
    for (walker, order) in own.iter().enumerate() {
        assert!(own[..walker].iter().all(|other| other != order));
        assert_eq!(sorted(order), sorted(&own[0]));
    }
    assert_eq!(orders(true), vec![own[0].clone(); 4]);
}

#[test]
fn a_walker_that_diverges_is_stopped_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = EnsembleConfig::new(3, steps(50))
        .with_quasi_newton(Some(QuasiNewtonConfig::new(1.0).with_refresh_every(10)));
    let start = |config: &EnsembleConfig| {
        let (model, potential) = gaussian(&CURVATURES, &START, DType::F32);
        let ensemble = config.init(model, potential, sampler()).unwrap();
        let starts = vec![START.to_vec(), vec![1e19; 5], START.to_vec()];
        ensemble.with_starts(starts).unwrap()
    };
    let path = folder.path().join("run");
    let finished = start(&config).record(&path).unwrap().run().unwrap();
    let summary = &finished.summary;
    let error = summary.walkers[1].error.as_ref().unwrap();
    assert!(
        error.contains("the potential at step 0 of walker 1"),
        "{error}"
    );
    assert!(finished.models[1].is_none() && finished.models[2].is_some());
    assert_eq!(summary.walkers[1].num_draws, 0);
    assert_eq!((summary.walkers[2].num_draws, summary.num_steps), (50, 50));
    assert_eq!(summary.pooled[0].num_draws, 100);
    let trajectory = Trajectory::open(path.join("trajectory.zarr")).unwrap();
    assert_eq!(trajectory.num_draws_per_chain(), [50, 0, 50]);
    let told = std::fs::read_to_string(path.join("summary.json")).unwrap();
    assert!(told.contains("the potential at step 0 of walker 1"));

    // It stays stopped.
    let longer = EnsembleConfig {
        chain: steps(60),
        ..config.clone()
    };
    let resumed = start(&longer).resume(&path).unwrap().run().unwrap();
    assert_eq!(resumed.summary.walkers[1], summary.walkers[1].clone());
    assert_eq!(resumed.summary.walkers[0].num_draws, 60);

    let error = start(&config.with_stop_at_divergence(true)).run().err();
    let message = error.unwrap().to_string();
    assert!(message.contains("of walker 1"), "{message}");
    let (model, potential) = gaussian(&CURVATURES, &[1e19; 5], DType::F32);
    let all = EnsembleConfig::new(2, steps(50)).init(model, potential, sampler());
    let error = all.unwrap().run().err().unwrap();
    assert!(matches!(error, TatiError::NotFinite { .. }));
    assert!(
        error
            .to_string()
            .starts_with("every walker's potential, first that of walker "),
        "{error}"
    );
}

#[test]
fn collapsed_walkers_go_on_from_the_best() {
    for is_kernel in [false, true] {
        let config = EnsembleConfig::new(4, steps(21))
            .with_jitter(0.5)
            .with_quasi_newton(Some(
                QuasiNewtonConfig::new(1.0)
                    .with_refresh_every(20)
                    .with_collapse(true),
            ));
        let hmc = HmcConfig::new(1.0, 0.1, 0.5).with_seed(Some(3));
        // At step 20 the draw of an optimizer is the position that it was collapsed to; a kernel has moved on from there.
        let sampler = if is_kernel {
            ChainSampler::kernel(&hmc)
        } else {
            sampler()
        };
        let (seen, _) = run(&config, gaussian(&CURVATURES, &START, DType::F64), sampler);
        let lowest = (0..4)
            .min_by(|a, b| seen[*a][19].2.total_cmp(&seen[*b][19].2))
            .unwrap();
        assert!(seen.iter().any(|draws| draws[19].2 > seen[lowest][19].2));
        if is_kernel {
            let distance = |a: &[f64], b: &[f64]| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f64>()
                    .sqrt()
            };
            let spread = |step: usize| -> f64 {
                seen.iter()
                    .map(|draws| distance(&draws[step].1, &seen[lowest][19].1))
                    .sum()
            };
            assert!(spread(20) < spread(19));
        } else {
            for draws in &seen {
                assert_eq!(draws[20].1, seen[0][20].1);
            }
            assert_ne!(seen[0][19].1, seen[1][19].1);
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |config: EnsembleConfig, sampler: ChainSampler| {
        let (model, potential) = gaussian(&CURVATURES, &START, DType::F32);
        config
            .init(model, potential, sampler)
            .err()
            .unwrap()
            .to_string()
    };
    let config = EnsembleConfig::new(4, steps(10));
    let eqn = QuasiNewtonConfig::new(1.0);
    let with = |eqn: QuasiNewtonConfig| config.clone().with_quasi_newton(Some(eqn));
    let message = refused(EnsembleConfig::new(0, steps(10)), sampler());
    assert!(message.starts_with("`num_walkers` is 0"), "{message}");
    let message = refused(with(QuasiNewtonConfig::new(-1.0)), sampler());
    assert!(
        message.starts_with("`covariance_blending` is -1"),
        "{message}"
    );
    let message = refused(with(eqn.clone().with_refresh_every(0)), sampler());
    assert!(message.starts_with("`refresh_every` is 0"), "{message}");
    let message = refused(config.clone().with_jitter(f64::NAN), sampler());
    assert!(message.starts_with("`jitter` is NaN"), "{message}");
    let others = [
        ChainSampler::optimizer(&PsgldConfig::new(1.0), 0.1),
        ChainSampler::optimizer(&SgnhtConfig::new(1.0), 0.1),
        ChainSampler::kernel(&MalaConfig::new(1.0, 0.1)),
    ];
    for sampler in others {
        let message = refused(with(eqn.clone()), sampler);
        assert!(
            message.contains("for one of sgld, gla1, gla2, baoab, hmc"),
            "{message}"
        );
    }
    let groups = |names: &[&str]| {
        let group = names.iter().map(|name| (*name).to_string()).collect();
        with(eqn.clone().with_groups(Some(vec![group])))
    };
    let message = refused(groups(&["hea"]), sampler());
    assert!(
        message.ends_with("`hea`: it must be one of the model's, head, tail"),
        "{message}"
    );
    let message = refused(groups(&["head", "head"]), sampler());
    assert!(message.contains("in one group only"), "{message}");
    let last = ChainSampler::optimizer(&baoab().with_walker(u32::MAX - 2), 0.1);
    assert!(refused(config, last).starts_with("`walker` is 4294967293"));
}
