//! The chain driver: what it takes, what it measures, and what it says when things go wrong.
//!
//! A binary of its own: a test here measures the memory of its process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Int, Tensor};
use tati::models::{Activation, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape};
use tati::prelude::*;
use tati::samplers::{ChainConfig, ChainSampler, Draw, HmcConfig, Progress};
use tati::{Result, Trajectory, open_device};

type Data = (Tensor<2>, Tensor<1, Int>);
type Network = ModelPotential<Mlp, Data, fn(&Mlp, Data) -> Tensor<1>>;

fn loss(model: &Mlp, (points, labels): Data) -> Tensor<1> {
    let logits = model.forward(points);
    CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits, labels)
}

fn flex() -> Device {
    open_device("flex").expect("flex is compiled in")
}

fn network(hidden: usize) -> (Mlp, Network) {
    let model = MlpConfig::new(vec![hidden])
        .with_inputs(2)
        .with_outputs(2)
        .with_activation(Activation::Tanh)
        .init(&flex().autodiff());
    let data = PlaygroundConfig::new(PlaygroundShape::Circles)
        .with_samples(60)
        .generate()
        .expect("points")
        .to_tensors(&flex());
    let potential = ModelPotential::new(model.clone(), data, loss as fn(&Mlp, Data) -> Tensor<1>);
    (model, potential.expect("a potential"))
}

fn baoab() -> BaoabConfig {
    BaoabConfig::new(60.0)
        .with_friction(1.0)
        .with_prior(Some(Prior::Gaussian(0.05)))
        .with_seed(Some(3))
}

fn theta(position: &Tensor<1>) -> Vec<f64> {
    position.to_data().iter::<f64>().collect()
}

/// Draws, statistics and all are those of the loop that a user would write, bit for bit.
#[test]
fn a_chain_takes_the_steps_of_a_loop_by_hand() {
    let (model, potential) = network(4);
    let potential = potential.with_batch_size(20, 5).expect("mini-batches");
    let (mut by_hand, mut batches) = (model.clone(), potential.clone());
    let thermometer = Thermometer::new();
    let mut sampler = baoab()
        .build()
        .expect("a sampler")
        .with_thermometer(&thermometer)
        .into_optimizer();
    let mut expected = Vec::new();
    for step in 0..30u64 {
        let position = batches.layout().flatten(&by_hand).expect("θ");
        let (loss, gradients) = batches.gradients(&by_hand);
        thermometer.arm();
        by_hand = sampler.step(0.1, by_hand, gradients);
        let observables = thermometer.read();
        batches.next_batch();
        if step >= 10 && (step - 10) % 3 == 0 {
            let potential = loss + observables.prior_energy;
            expected.push((
                step,
                theta(&position),
                potential,
                observables.kinetic_energy,
            ));
        }
    }

    let mut taken = Vec::new();
    let mut watch = |draw: &Draw<'_, Mlp>| {
        assert_eq!(draw.index, taken.len() as u64);
        let statistics = draw.statistics;
        taken.push((
            draw.step,
            theta(draw.position),
            statistics.potential,
            statistics.kinetic_energy,
        ));
        Ok(())
    };
    let finished = ChainConfig::new(30)
        .with_burn_in(10)
        .with_thinning(3)
        .init(
            model,
            potential.clone(),
            ChainSampler::optimizer(&baoab(), 0.1),
        )
        .expect("a chain")
        .with_observer(&mut watch)
        .run()
        .expect("a run");
    assert_eq!(finished.summary.num_draws, 7);
    assert_eq!(taken, expected);
    let flat = |model: &Mlp| theta(&potential.layout().flatten(model).expect("θ"));
    assert_eq!(flat(&finished.model), flat(&by_hand));
}

#[test]
fn what_is_recorded_is_what_observers_see() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    for sampler in [
        ChainSampler::optimizer(&baoab(), 0.1),
        ChainSampler::kernel(&HmcConfig::new(60.0, 0.1, 0.3).with_seed(Some(1))),
    ] {
        let (model, potential) = network(3);
        let mut seen = Vec::new();
        let mut watch = |draw: &Draw<'_, Mlp>| {
            let statistics: Vec<_> = draw.statistics.entries().collect();
            seen.push((draw.step, theta(draw.position), statistics));
            Ok(())
        };
        ChainConfig::new(50)
            .with_thinning(2)
            .init(model, potential, sampler)
            .and_then(|chain| chain.record(&run))
            .expect("a chain")
            .with_observer(&mut watch)
            .run()
            .expect("a run");
        let trajectory = Trajectory::open(run.join("trajectory.zarr")).expect("a trajectory");
        assert_eq!(trajectory.num_draws(), 25);
        for (index, (step, position, statistics)) in seen.iter().enumerate() {
            let draw = index..index + 1;
            assert_eq!(trajectory.steps(0, draw.clone()).expect("a step"), [*step]);
            assert_eq!(trajectory.theta(0, draw.clone()).expect("θ"), *position);
            for (name, value) in statistics {
                let recorded = trajectory.statistic(name, 0, draw.clone());
                assert_eq!(recorded.expect("a statistic"), [*value], "{name}");
            }
        }
        std::fs::remove_dir_all(&run).expect("removed");
    }
}

#[test]
fn a_divergence_names_step_walker_tensor_and_remedy_and_keeps_the_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let (model, potential) = network(4);
    let sampler = SgldConfig::new(60.0)
        .with_prior(Some(Prior::Gaussian(1.0)))
        .with_seed(Some(1))
        .with_walker(7);
    // Stable for h < 2.
    let error = ChainConfig::new(5000)
        .init(model, potential, ChainSampler::optimizer(&sampler, 30.0))
        .and_then(|chain| chain.record(&run))
        .expect("a chain")
        .run()
        .map(|finished| finished.summary)
        .unwrap_err();
    let message = error.to_string();
    for part in ["step ", "walker 7", "smaller step size", "in `layers."] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!error.is_input());
    let trajectory = Trajectory::open(run.join("trajectory.zarr")).expect("still readable");
    assert!(trajectory.num_draws() > 3);
    assert!(
        trajectory
            .theta(0, 0..3)
            .expect("θ")
            .iter()
            .all(|theta| theta.is_finite())
    );
}

#[test]
fn a_checkpoint_of_another_model_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let chain = |hidden| {
        let (model, potential) = network(hidden);
        ChainConfig::new(20)
            .init(model, potential, ChainSampler::optimizer(&baoab(), 0.1))
            .expect("a chain")
    };
    chain(3)
        .record(&run)
        .and_then(|chain| chain.run())
        .expect("a run");
    let message = match chain(4).resume(&run) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("resumed with another model"),
    };
    for part in ["config.json", "layers.0.weight", "[2, 3]", "[2, 4]"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let chain = |steps| {
        let (model, potential) = network(3);
        ChainConfig::new(steps)
            .init(model, potential, ChainSampler::optimizer(&baoab(), 0.1))
            .expect("a chain")
    };
    chain(20)
        .record(&run)
        .and_then(|chain| chain.run())
        .expect("a run");
    for part in ["model", "sampler"] {
        let file = run.join("checkpoint").join(format!("{part}-20.bpk"));
        let whole = std::fs::read(&file).expect("a file");
        std::fs::write(&file, &whole[..whole.len() / 2]).expect("damaged");
        let error = chain(40)
            .resume(&run)
            .and_then(|chain| chain.run().map(|_| ()));
        let message = error.unwrap_err().to_string();
        assert!(message.contains(&format!("{part}-20.bpk")), "{message}");
        std::fs::write(&file, &whole).expect("mended");
    }
    chain(40)
        .resume(&run)
        .and_then(|chain| chain.run())
        .expect("a run");
}

#[test]
fn an_interrupted_run_is_saved_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let chain = || {
        let (model, potential) = network(3);
        ChainConfig::new(100)
            .init(model, potential, ChainSampler::optimizer(&baoab(), 0.1))
            .expect("a chain")
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let mut after_forty = |draw: &Draw<'_, Mlp>| {
        interrupted.store(draw.index == 39, Ordering::Relaxed);
        Ok(())
    };
    let last = std::cell::Cell::new(None);
    let summary = chain()
        .record(&run)
        .expect("a folder")
        .with_interrupt(&interrupted)
        .with_observer(&mut after_forty)
        .with_progress(|progress: &Progress| last.set(Some(*progress)))
        .run()
        .expect("a run")
        .summary;
    assert!(summary.interrupted);
    assert_eq!((summary.num_steps, summary.num_draws), (40, 40));
    assert_eq!(last.get().expect("a report").step, 40);
    assert!(run.join("model.bpk").exists());
    let nothing = |_: &Draw<'_, Mlp>| -> Result<()> { Ok(()) };
    let mut nothing = nothing;
    let summary = chain()
        .with_observer(&mut nothing)
        .resume(&run)
        .and_then(|chain| chain.run())
        .expect("a run")
        .summary;
    assert_eq!((summary.num_steps, summary.interrupted), (100, false));
}

#[test]
fn an_observers_error_ends_the_run_and_keeps_the_draws() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let (model, potential) = network(3);
    let mut fails = |draw: &Draw<'_, Mlp>| match draw.index {
        5 => Err(TatiError::format("table.csv", "no room for more")),
        _ => Ok(()),
    };
    let error = ChainConfig::new(20)
        .init(model, potential, ChainSampler::optimizer(&baoab(), 0.1))
        .and_then(|chain| chain.record(&run))
        .expect("a chain")
        .with_observer(&mut fails)
        .run()
        .map(|finished| finished.summary)
        .unwrap_err();
    assert_eq!(error.to_string(), "table.csv: no room for more");
    let trajectory = Trajectory::open(run.join("trajectory.zarr")).expect("readable");
    assert_eq!(trajectory.num_draws(), 6);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |config: ChainConfig, sampler: ChainSampler, part: &str| {
        let (model, potential) = network(3);
        let message = match config.init(model, potential, sampler) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{part} was accepted"),
        };
        assert!(message.contains(part), "{message}");
    };
    let optimizer = || ChainSampler::optimizer(&baoab(), 0.1);
    refused(ChainConfig::new(0), optimizer(), "`num_steps` is 0");
    refused(
        ChainConfig::new(9).with_thinning(0),
        optimizer(),
        "`thinning` is 0",
    );
    refused(
        ChainConfig::new(9).with_burn_in(9),
        optimizer(),
        "`burn_in` is 9",
    );
    let seldom = ChainConfig::new(9).with_checkpoint_every_seconds(Some(-1.0));
    refused(seldom, optimizer(), "`checkpoint_every_seconds` is -1");

    let (model, potential) = network(3);
    let mini = potential.with_batch_size(10, 1).expect("mini-batches");
    let hmc = ChainSampler::kernel(&HmcConfig::new(60.0, 0.1, 0.3));
    let message = match ChainConfig::new(9).init(model, mini, hmc) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("HMC with mini-batches was accepted"),
    };
    assert!(message.contains("`hmc`"), "{message}");

    for (step_size, part) in [(0.0, "`step_size` is 0"), (f64::NAN, "`step_size` is NaN")] {
        let (model, potential) = network(3);
        let sampler = ChainSampler::optimizer(&baoab(), step_size);
        let chain = ChainConfig::new(9).init(model, potential, sampler);
        let message = chain.expect("a chain").run().map(|_| ()).unwrap_err();
        assert!(message.to_string().contains(part), "{message}");
    }
}

/// What a model carries besides its parameters does not matter to the layout: another one of the same kind can be resumed.
#[test]
fn a_fresh_model_with_other_parameter_ids_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let (model, potential) = network(3);
    let sampler = || ChainSampler::optimizer(&baoab(), 0.1);
    let whole = ChainConfig::new(40)
        .init(model.clone(), potential.clone(), sampler())
        .and_then(|chain| chain.run())
        .expect("a run");
    ChainConfig::new(15)
        .init(model, potential.clone(), sampler())
        .and_then(|chain| chain.record(&run))
        .and_then(|chain| chain.run())
        .expect("a run");
    let (other, _) = network(3);
    let resumed = ChainConfig::new(40)
        .init(other, potential.clone(), sampler())
        .and_then(|chain| chain.resume(&run))
        .and_then(|chain| chain.run())
        .expect("a run");
    let flat = |model: &Mlp| theta(&potential.layout().flatten(model).expect("θ"));
    assert_eq!(flat(&whole.model), flat(&resumed.model));
    assert_eq!(whole.model.num_params(), 17);
}

/// What the process holds after 60,000 recorded draws, when both chunks that a writer keeps have been full also on a busy machine, is what
/// it holds after 100,000.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_number_of_draws() {
    fn resident_bytes() -> f64 {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc");
        let pages: f64 = statm
            .split_whitespace()
            .nth(1)
            .and_then(|pages| pages.parse().ok())
            .expect("a number of pages");
        4096.0 * pages
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (model, potential) = network(3);
    let potential = potential.with_batch_size(5, 1).expect("mini-batches");
    let mut held = Vec::new();
    let mut watch = |draw: &Draw<'_, Mlp>| {
        if draw.index % 20_000 == 19_999 {
            held.push(resident_bytes());
        }
        Ok(())
    };
    ChainConfig::new(100_000)
        .init(model, potential, ChainSampler::optimizer(&baoab(), 0.1))
        .and_then(|chain| chain.record(folder.path().join("run")))
        .expect("a chain")
        .with_observer(&mut watch)
        .run()
        .expect("a run");
    // 40,000 draws of 17 parameters and 9 statistics are 5 MiB.
    let growth = held[4] - held[2];
    assert!(growth < 2.0 * f64::from(1 << 20), "{held:?}");
}
