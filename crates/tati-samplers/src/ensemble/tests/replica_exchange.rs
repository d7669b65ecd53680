//! Walkers on a ladder: what each rung samples, that threads leave no trace, and what ends a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::{DType, Tensor};
use tati_core::{ModelPotential, Result};

use super::{Gaussian, Loss, Point, flex, gaussian, numbers, on_threads, point, steps, tensor};
use crate::{
    BaoabConfig, ChainSampler, Draw, FinishedReplicaExchange, Gla1Config, Gla2Config, HmcConfig,
    InverseTemperatureSchedule, MalaConfig, Prior, ReplicaExchangeConfig, ReplicaExchangeSummary,
    SgldConfig, SgnhtConfig,
};

pub(super) const LADDER: [f64; 4] = [8.0, 5.0, 2.5, 1.0];

pub(super) fn sampler(name: &str) -> ChainSampler {
    let (beta, seed) = (LADDER[0], Some(4));
    let prior = Some(Prior::Gaussian(0.5));
    match name {
        "sgld" => {
            let config = SgldConfig::new(beta).with_prior(Some(Prior::Tether(0.5)));
            ChainSampler::optimizer(&config.with_seed(seed), 0.01)
        }
        "gla1" => ChainSampler::optimizer(&Gla1Config::new(beta).with_seed(seed), 0.1),
        "gla2" => ChainSampler::optimizer(&Gla2Config::new(beta).with_seed(seed), 0.1),
        "baoab" => {
            let config = BaoabConfig::new(beta).with_prior(prior);
            ChainSampler::optimizer(&config.with_seed(seed), 0.3)
        }
        _ => {
            let config = HmcConfig::new(beta, 0.3, 0.9).with_prior(prior);
            ChainSampler::kernel(&config.with_seed(seed))
        }
    }
}

fn config(num_steps: u64) -> ReplicaExchangeConfig {
    ReplicaExchangeConfig::new(LADDER.to_vec(), steps(num_steps))
}

/// U = (1/2)·5·x² + … over five coordinates.
pub(super) fn well() -> (Point, Gaussian) {
    gaussian(&[0.5, 1.0, 2.0, 4.0, 8.0], &[0.1; 5], DType::F32)
}

type Seen = Vec<(f64, f64, Vec<f64>, f64, f64)>;

/// β, replica, θ, U and K of every draw of a rung.
fn watch(seen: &mut Seen) -> impl FnMut(&Draw<'_, Point>) -> Result<()> + Send + '_ {
    |draw| {
        let position: &Tensor<1> = draw.position;
        let statistics = draw.statistics;
        seen.push((
            statistics.inverse_temperature.unwrap(),
            statistics.replica.unwrap(),
            position.to_data().iter::<f64>().collect(),
            statistics.potential,
            statistics.kinetic_energy.unwrap_or(0.0),
        ));
        Ok(())
    }
}

fn run(
    config: &ReplicaExchangeConfig,
    (model, potential): (Point, Gaussian),
    sampler: ChainSampler,
) -> (Vec<Seen>, FinishedReplicaExchange<Point>) {
    let mut seen = vec![Seen::new(); config.inverse_temperatures.len()];
    let mut observers: Vec<_> = seen.iter_mut().map(watch).collect();
    let mut exchange = config.init(model, potential, sampler).unwrap();
    for (rung, observer) in observers.iter_mut().enumerate() {
        exchange = exchange.with_observer(rung, observer).unwrap();
    }
    let finished = exchange.run().unwrap();
    drop(observers);
    (seen, finished)
}

/// Mean and standard error by 20 blocks, which are much longer than the correlations.
fn block_average(values: &[f64]) -> (f64, f64) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let blocks: Vec<f64> = values.chunks_exact(values.len() / 20).map(mean).collect();
    let center = mean(&blocks);
    let squares: f64 = blocks.iter().map(|block| (block - center).powi(2)).sum();
    (center, (squares / (19.0 * 20.0)).sqrt())
}

/// On a harmonic well BAOAB has ⟨θ²⟩ = 1/(βκ) and ⟨p²⟩ = (1 − h²κ/4)/β at any step size, uncorrelated: so exchanges in every step change
/// neither if momenta are rescaled together with the half kick that they are owed. At h²κ up to 0.77, within 4.5 standard errors by 20
/// blocks (false alarms 1e-3 of the 8 numbers together, by Student's t).
#[test]
fn every_rung_of_a_harmonic_well_has_its_exact_moments() {
    let config = config(12_500).with_swap_every(1);
    let config = ReplicaExchangeConfig {
        chain: config.chain.clone().with_burn_in(500),
        ..config
    };
    // One thread: at a sweep in every step others would mostly wait.
    let (seen, finished) = on_threads(1, || run(&config, well(), sampler("baoab")));
    let curvatures: Vec<f64> = [0.5, 1.0, 2.0, 4.0, 8.0].map(|kappa| kappa + 0.5).to_vec();
    let kinetic: f64 = curvatures
        .iter()
        .map(|kappa| 1.0 - 0.09 * kappa / 4.0)
        .sum();
    for (seen, beta) in seen.iter().zip(LADDER) {
        // 2βU has mean N, and 2βK as said.
        let potential: Vec<f64> = seen.iter().map(|draw| 2.0 * beta * draw.3).collect();
        let momenta: Vec<f64> = seen.iter().map(|draw| 2.0 * beta * draw.4).collect();
        for (values, expected) in [(potential, 5.0), (momenta, kinetic)] {
            let (mean, error) = block_average(&values);
            assert!(
                (mean - expected).abs() < 4.5 * error,
                "{mean} ± {error}, {expected}"
            );
            // Momenta that kept their temperature would be far off.
            assert!(error < 0.1, "{error}");
        }
        assert!(seen.iter().all(|draw| draw.0 == beta));
    }
    let summary = &finished.summary;
    for pair in &summary.pairs {
        assert!(pair.acceptance > 0.2 && pair.attempts == 6000);
    }
    assert!(summary.round_trips > 100, "{}", summary.round_trips);
    // Every walker was at every rung.
    for seen in &seen {
        for replica in 0..4 {
            assert!(seen.iter().any(|draw| draw.1 == f64::from(replica)));
        }
    }
}

/// Begun in the upper well, with a barrier of 12 kT at the coldest rung: within four standard errors (false alarms 1e-3 by Student's t).
#[test]
fn the_coldest_rung_of_a_double_well_has_the_populations_of_quadrature() {
    const BARRIER: f64 = 12.0;
    const TILT: f64 = 0.8;
    fn loss(point: &Point, rows: Tensor<2>) -> Tensor<1> {
        let theta = point.head.val();
        let x = theta.clone().narrow(0, 0, 1);
        let y = theta.narrow(0, 1, 1);
        let z = point.tail.val().powi_scalar(2).sum();
        let wells = (x.clone().powi_scalar(2) - 1.0).powi_scalar(2) * BARRIER + x * TILT;
        (wells + y.powi_scalar(2) * 2.0 + z) * rows.mean()
    }
    let model = point(&[1.0, 0.0, 0.0], DType::F32);
    let rows = tensor(vec![1.0], [1, 1], DType::F32);
    let potential = ModelPotential::new(model.clone(), rows, loss as Loss).unwrap();
    let chain = steps(18_000).with_burn_in(2000).with_thinning(5);
    let config = ReplicaExchangeConfig::geometric(1.0, 0.1, 4, chain).with_swap_every(5);
    let sampler = BaoabConfig::new(1.0).with_friction(2.0).with_seed(Some(2));
    let sampler = ChainSampler::optimizer(&sampler, 0.06);
    let (seen, _) = on_threads(1, || run(&config, (model, potential), sampler));
    let density = |x: f64| (-BARRIER * (x * x - 1.0).powi(2) - TILT * x).exp();
    let mass = |low: f64| -> f64 {
        let places = (0..20_000).map(|point| low + 1e-4 * (f64::from(point) + 0.5));
        places.map(density).sum()
    };
    let expected = mass(-2.0) / (mass(-2.0) + mass(0.0));
    let left: Vec<f64> = seen[0]
        .iter()
        .map(|draw| f64::from(u8::from(draw.2[0] < 0.0)))
        .collect();
    let (share, error) = block_average(&left);
    // Equal wells would be refuted.
    assert!(
        (share - expected).abs() < 4.0 * error,
        "{share} ± {error}, {expected}"
    );
    assert!((share - 0.5).abs() > 4.0 * error, "{share} ± {error}");
}

/// The exchanges are decided with all data: the loss over mini-batches of one row tells nothing of it.
#[test]
fn exchanges_see_all_data_and_the_prior() {
    // Without noise to speak of nothing moves, and U of the replicas is that of the start: always exchanged.
    let (model, potential) = well();
    let potential = potential.with_batch_size(1, 5).unwrap();
    let config = ReplicaExchangeConfig::new(vec![2e30, 1e30], steps(20)).with_swap_every(1);
    let still = SgldConfig::new(2e30).with_seed(Some(3));
    let start = |prior: Option<Prior>, positions: Option<Vec<Vec<f64>>>| {
        let sampler = ChainSampler::optimizer(&still.clone().with_prior(prior), 1e-33);
        let exchange = config
            .init(model.clone(), potential.clone(), sampler)
            .unwrap();
        match positions {
            Some(positions) => exchange.with_starts(positions),
            None => Ok(exchange),
        }
    };
    let acceptance = |positions: [f64; 2], prior: f64| {
        let positions = positions.map(|theta| vec![theta; 5]).to_vec();
        let exchange = start(Some(Prior::Gaussian(prior)), Some(positions));
        exchange.unwrap().run().unwrap().summary.pairs[0].acceptance
    };
    assert_eq!(acceptance([0.5, 0.5], 0.1), 1.0);
    // The colder one is lower: never. The other way round: once, and then never again.
    assert_eq!(acceptance([0.1, 0.5], 0.1), 0.0);
    assert_eq!(acceptance([0.5, 0.1], 0.1), 0.1);
    // Opposite positions have one loss, and a tether would tell them apart.
    assert_eq!(acceptance([0.5, -0.5], 0.1), 1.0);
    let refused = start(
        Some(Prior::Tether(1.0)),
        Some(vec![vec![0.5; 5], vec![-0.5; 5]]),
    );
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("a tether"), "{message}");
    assert!(start(Some(Prior::Tether(1.0)), None).is_ok());
}

#[test]
fn threads_and_devices_do_not_change_a_bit() {
    let config = config(150).with_swap_every(3).with_tune_ladder(true);
    let config = ReplicaExchangeConfig {
        chain: config.chain.clone().with_burn_in(100),
        ..config
    };
    for name in ["sgld", "gla1", "gla2", "baoab", "hmc"] {
        let run = |threads| {
            on_threads(threads, || {
                let (seen, finished) = run(&config, well(), sampler(name));
                let ends: Vec<Vec<f64>> = finished.models.iter().map(numbers).collect();
                (seen, ends, timeless(finished.summary))
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(5) == one, "{name}");
        // The ladder has moved, between its ends.
        let rungs = &one.2.rungs;
        assert_eq!(
            (rungs[0].inverse_temperature, rungs[3].inverse_temperature),
            (8.0, 1.0)
        );
        assert_ne!(rungs[1].inverse_temperature, 5.0);
        let (model, potential) = well();
        let exchange = config.init(model, potential, sampler(name)).unwrap();
        let devices = [flex(), flex().autodiff()];
        let there = exchange.with_devices(&devices).run().unwrap();
        assert_eq!(there.models.iter().map(numbers).collect::<Vec<_>>(), one.1);
    }
}

pub(super) fn timeless(summary: ReplicaExchangeSummary) -> ReplicaExchangeSummary {
    ReplicaExchangeSummary {
        walker_steps_per_second: 0.0,
        ..summary
    }
}

#[test]
fn an_interrupt_stops_all_rungs_at_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (model, potential) = well();
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let exchange = config(100_000_000).init(model, potential, sampler("baoab"));
    let finished = exchange
        .unwrap()
        .with_interrupt(&interrupted)
        .with_progress(move |progress| flag.store(progress.step > 10, Ordering::Relaxed))
        .record(&path)
        .unwrap()
        .run()
        .unwrap();
    let summary = &finished.summary;
    assert!(summary.interrupted && summary.num_steps > 10);
    let draws: Vec<u64> = summary.rungs.iter().map(|rung| rung.num_draws).collect();
    assert_eq!(draws, [summary.num_steps; 4]);
    let told = std::fs::read_to_string(path.join("summary.json")).unwrap();
    assert!(told.contains("communication_barrier") && told.contains("\"pairs\""));
}

#[test]
fn a_walker_that_diverges_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (model, potential) = well();
    let exchange = config(50).init(model, potential, sampler("gla2")).unwrap();
    // Squares of it are beyond single precision.
    let starts = [0.1, 0.1, 1e19, 0.1].map(|theta| vec![theta; 5]).to_vec();
    let exchange = exchange.with_starts(starts).unwrap().record(&path).unwrap();
    let message = exchange.run().err().unwrap().to_string();
    assert!(
        message.contains("the potential at step 0 of walker 2"),
        "{message}"
    );
    assert!(message.contains("at inverse temperature 2.5"), "{message}");
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |config: ReplicaExchangeConfig, sampler: ChainSampler| {
        let (model, potential) = well();
        let refused = config.init(model, potential, sampler);
        refused.err().unwrap().to_string()
    };
    let ladder = |betas: &[f64]| ReplicaExchangeConfig::new(betas.to_vec(), steps(100));
    for (betas, part) in [
        (&[8.0][..], "`number of inverse_temperatures` is 1"),
        (&[8.0, 0.0], "`inverse_temperatures` is 0"),
        (&[8.0, f64::NAN], "`inverse_temperatures` is NaN"),
        (&[8.0, 2.0, 2.0], "2 before 2"),
        (&[1.0, 8.0], "1 before 8"),
        (
            &[9.0, 1.0],
            "`inverse_temperature` is 8.0: it must be that of the coldest rung, 9",
        ),
    ] {
        let message = refused(ladder(betas), sampler("baoab"));
        assert!(message.contains(part), "{message}");
    }
    let message = refused(config(10).with_swap_every(0), sampler("hmc"));
    assert!(message.contains("`swap_every` is 0"), "{message}");
    let message = refused(config(500).with_tune_ladder(true), sampler("hmc"));
    assert!(
        message.contains("`burn_in` is 0: it must be at least 320 steps"),
        "{message}"
    );
    let annealed = InverseTemperatureSchedule::Linear {
        initial: 1.0,
        steps: 5,
    };
    let annealed = BaoabConfig::new(8.0).with_annealing(Some(annealed));
    let message = refused(config(10), ChainSampler::optimizer(&annealed, 0.1));
    assert!(message.contains("`annealing` is set"), "{message}");
    for other in [
        ChainSampler::optimizer(&SgnhtConfig::new(8.0), 0.1),
        ChainSampler::kernel(&MalaConfig::new(8.0, 0.1)),
    ] {
        let message = refused(config(10), other);
        assert!(
            message.contains("sgld, gla1, gla2, baoab, hmc"),
            "{message}"
        );
    }
    let (model, potential) = well();
    let exchange = config(10).init(model, potential, sampler("hmc")).unwrap();
    let mut nobody = |_: &Draw<'_, Point>| Ok(());
    let message = exchange
        .with_observer(4, &mut nobody)
        .err()
        .unwrap()
        .to_string();
    assert!(message.contains("`rung` is 4"), "{message}");
}
