//! Exploration of a network of two weights whose potential has two minima, copies of each other.
//!
//! ```text
//! U(w₁, w₂) = mean over items of (w₂ tanh(w₁x) − y)² + (s/2)(w₁² + w₂²)
//! ```
//!
//! is the same at (−w₁, −w₂): its minima lie at ±(w₁, w₂), the saddle between them at 0.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use tati::landscape::{Bandwidth, DiffusionMapConfig, MinimaConfig, QuenchConfig, UnitSymmetry};
use tati::models::{Activation, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape};
use tati::samplers::{BaoabConfig, ChainConfig, ChainSampler, Draw, HmcConfig, Prior};
use tati::workflow::{
    Exploration, ExplorationEnd, ExploreConfig, ExploreProgress, ExploreStage, Explorer,
};
use tati::{ModelPotential, Result, TatiError, open_device};

/// Potential without its prior at 0, where the network answers 0 to labels of ±1.
const SADDLE: f64 = 1.0;
const STEP_SIZE: f64 = 0.2;
/// The barrier is 4.3 kT high.
const INVERSE_TEMPERATURE: f64 = 13.0;
const BANDWIDTH: f64 = 0.03;

type Items = (Tensor<2>, Tensor<2>);
type Loss = fn(&Mlp, Items) -> Tensor<1>;
type TwoWeights = (Mlp, ModelPotential<Mlp, Items, Loss>);

/// The network at a point near one of its minima.
fn two_weights() -> TwoWeights {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    let mut model = MlpConfig::new(vec![1])
        .with_inputs(1)
        .with_outputs(1)
        .with_activation(Activation::Tanh)
        .init(&device);
    for layer in &mut model.layers {
        layer.bias = None;
    }
    let set = PlaygroundConfig::new(PlaygroundShape::Clusters)
        .with_samples(200)
        .with_noise(0.1)
        .with_seed(1)
        .generate()
        .expect("points");
    let column = |of: fn((&[f32], u32)) -> f32| {
        let numbers: Vec<f32> = set.iter().map(of).collect();
        let shape = [numbers.len(), 1];
        Tensor::<2>::from_data(TensorData::new(numbers, shape), &device.clone().inner())
    };
    let inputs = column(|(point, _)| point[0]);
    let labels = column(|(_, label)| 2.0 * label as f32 - 1.0);
    let loss: Loss = |model, (inputs, labels)| {
        let difference = model.forward(inputs) - labels;
        difference.powi_scalar(2).mean()
    };
    let potential =
        ModelPotential::new(model.clone(), (inputs, labels), loss).expect("a potential");
    let start = Tensor::<1>::from_data([0.45_f32, 0.65], &device.inner());
    let model = potential.layout().unflatten(model, start).expect("a model");
    (model, potential)
}

fn baoab(inverse_temperature: f64) -> BaoabConfig {
    BaoabConfig::new(inverse_temperature)
        .with_friction(10.0)
        .with_prior(Some(Prior::Gaussian(1.0)))
}

fn sampler() -> ChainSampler {
    ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), STEP_SIZE)
}

fn config(seed: u64) -> ExploreConfig {
    let map = DiffusionMapConfig::new(4).with_bandwidth(Bandwidth::Fixed(BANDWIDTH));
    let quench = QuenchConfig::new().with_gradient_tolerance(1e-5);
    ExploreConfig::new(ChainConfig::new(40).with_burn_in(7).with_thinning(8))
        .with_num_chains(8)
        .with_max_rounds(18)
        .with_tolerance(1e-3)
        .with_diffusion_map(map)
        .with_minima(MinimaConfig::new().with_quench(quench))
        .with_seed(Some(seed))
}

/// An exploration of few short rounds.
fn short() -> ExploreConfig {
    let map = DiffusionMapConfig::new(3).with_bandwidth(Bandwidth::Fixed(BANDWIDTH));
    ExploreConfig {
        chain: ChainConfig::new(40).with_thinning(4).with_burn_in(1),
        num_chains: 2,
        num_corners: 3,
        max_rounds: 3,
        tolerance: 1e-9,
        diffusion_map: map,
        batch_size: Some(50),
        ..config(5)
    }
}

fn explorer<'a>(
    config: &ExploreConfig,
    (model, potential): &'a TwoWeights,
) -> Explorer<'a, Mlp, Items, Loss> {
    config
        .init(model, potential, &sampler())
        .expect("an exploration")
}

/// Every file below `folder` by its path there, but for those that tell times.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_none_or(|name| name != "summary.json") {
                let name = path.strip_prefix(folder).expect("below it").to_path_buf();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The files of an exploration itself and the draws of its chains: checkpoints hold parameter ids, which are random.
fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files(folder);
    files.retain(|path, _| path.extension().is_none_or(|ending| ending != "bpk"));
    files
}

fn assert_same(whole: &Path, other: &Path) {
    let (whole, other) = (results(whole), results(other));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&whole), names(&other));
    for (name, content) in &whole {
        assert!(other[name] == *content, "{} differs", name.display());
    }
}

/// The control: of single chains with as many steps as the longest exploration has in all its chains, a third or so stay in
/// the basin where they begin.
#[test]
fn both_minima_are_found_from_one_start_with_every_seed() {
    const SEEDS: u32 = 20;

    let folder = tempfile::tempdir().expect("a folder");
    let steps: Vec<u64> = (0..SEEDS)
        .into_par_iter()
        .map(|seed| {
            let config = config(u64::from(seed));
            let out = folder.path().join(seed.to_string());
            let found = explorer(&config, &two_weights()).run(out).expect("a run");
            assert_eq!(found.seed, u64::from(seed));
            assert_both_minima(&found, config.num_corners);
            (found.rounds.len() * config.num_chains) as u64 * config.chain.num_steps
        })
        .collect();
    let most_steps = steps.into_iter().max().expect("a seed");
    let stay = (0..SEEDS)
        .into_par_iter()
        .filter(|&seed| !leaves(two_weights(), u64::from(seed), most_steps))
        .count();
    println!("{stay} of {SEEDS} single chains of {most_steps} steps stay in their basin");
    assert!(stay >= 4, "{stay} of {SEEDS} chains stay");
}

fn assert_both_minima(found: &Exploration, num_corners: usize) {
    let minima = &found.minima.minima;
    assert_eq!(minima.len(), 2, "seed {}: {minima:?}", found.seed);
    let quenches: usize = minima.iter().map(|minimum| minimum.num_quenches).sum();
    assert_eq!(quenches, 2 * num_corners);
    let [first, second] = [&minima[0].point, &minima[1].point];
    for (a, b) in first.position.iter().zip(&second.position) {
        assert!((a + b).abs() < 1e-3 && a.abs() > 0.3, "{minima:?}");
    }
    for point in [first, second] {
        assert_eq!((point.hessian.index, point.hessian.num_flat), (0, 0));
        assert!(point.hessian.converged && point.gradient_norm <= 1e-5);
    }
    let [barrier] = &found.barriers[..] else {
        panic!("{} barriers", found.barriers.len());
    };
    assert!(barrier.path.converged);
    let [saddle] = &barrier.path.saddles[..] else {
        panic!("{:?}", barrier.path.saddles);
    };
    assert_eq!(saddle.hessian.index, 1);
    assert!(saddle.position.iter().all(|weight| weight.abs() < 1e-3));
    let height = SADDLE - first.potential;
    assert!((barrier.path.profile.barrier_from_start() - height).abs() < 1e-5);
    assert!((barrier.line.barrier_from_end() - height).abs() < 1e-5);
}

/// Whether one chain of so many steps comes into the other basin.
fn leaves((model, potential): TwoWeights, seed: u64, steps: u64) -> bool {
    let sampler =
        ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE).with_seed(Some(seed)), STEP_SIZE);
    let mut leaves = false;
    let mut look = |draw: &Draw<'_, Mlp>| {
        let mut weights = draw
            .position
            .to_data()
            .iter::<f32>()
            .collect::<Vec<_>>()
            .into_iter();
        leaves |= weights.all(|weight| weight < -0.2);
        Ok(())
    };
    ChainConfig::new(steps)
        .with_thinning(10)
        .init(model, potential, sampler)
        .expect("a chain")
        .with_observer(&mut look)
        .run()
        .expect("a run");
    leaves
}

#[test]
fn copies_under_a_symmetry_are_one_minimum() {
    let network = two_weights();
    let layout = network.1.layout();
    let symmetry = UnitSymmetry::of_linear_layers(layout, &["layers.0", "layers.1"], true)
        .expect("a symmetry");
    let folder = tempfile::tempdir().expect("a folder");
    let found = explorer(&config(3), &network)
        .with_symmetry(&symmetry)
        .run(folder.path().join("out"))
        .expect("a run");
    assert_eq!((found.minima.minima.len(), found.barriers.len()), (1, 0));
    assert_eq!(found.minima.minima[0].num_quenches, 16);
}

#[test]
fn an_exploration_ends_when_it_has_settled_or_its_rounds_are_spent() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, tolerance: f64| {
        let config = short().with_tolerance(tolerance);
        let out = folder.path().join(name);
        explorer(&config, &network).run(out).expect("a run")
    };
    // Any change counts as none: two changes are seen after three rounds.
    let settled = run("settled", 1e9);
    assert_eq!(
        (settled.end, settled.rounds.len()),
        (ExplorationEnd::Settled, 3)
    );
    let spent = run("spent", 1e-9);
    assert_eq!(
        (spent.end, spent.rounds.len()),
        (ExplorationEnd::RoundsSpent, 3)
    );
    assert_eq!(settled.rounds, spent.rounds);

    let changes: Vec<_> = spent.rounds.iter().map(|round| round.change).collect();
    assert!(changes[0].is_none() && changes[1..].iter().all(Option::is_some));
    for (number, round) in spent.rounds.iter().enumerate() {
        assert_eq!(round.num_points, 20 * (number + 1));
        assert_eq!((round.bandwidth, round.eigenvalues.len()), (BANDWIDTH, 2));
        assert_eq!((round.corners.len(), round.lowest.len()), (3, 3));
        for (corner, lowest) in round.corners.iter().zip(&round.lowest) {
            assert!(lowest.potential <= corner.potential);
            assert!(corner.chain < 2 * (number + 1) && corner.draw < 10);
        }
    }
    // The corner with the largest first coordinate is the first.
    let first = |round: usize, corner: usize| spent.rounds[round].corners[corner].coordinates[0];
    assert!((0..3).all(|round| (1..3).all(|corner| first(round, corner) <= first(round, 0))));
}

#[test]
fn a_stopped_exploration_goes_on_as_if_it_had_not_been() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    let expected = explorer(&short(), &network).run(&whole).expect("a run");
    assert_eq!(expected.end, ExplorationEnd::RoundsSpent);
    assert!(!expected.minima.minima.is_empty());

    let stopped = folder.path().join("stopped");
    // The seed is read from the folder.
    let unseeded = short().with_seed(None);
    let mut ends = Vec::new();
    for (round, is_stage) in [
        (0, is_sampling as fn(&ExploreStage) -> bool),
        (0, is_mapping),
        (1, is_sampling),
        (2, is_mapping),
        (3, is_quenching),
        (9, is_mapping),
    ] {
        let interrupted = Arc::new(AtomicBool::new(false));
        let seen = interrupted.clone();
        let stop = move |progress: &ExploreProgress| {
            if progress.round == round && is_stage(&progress.stage) {
                seen.store(true, Ordering::Relaxed);
            }
        };
        let config = if ends.is_empty() {
            short()
        } else {
            unseeded.clone()
        };
        let explorer = explorer(&config, &network)
            .with_progress(stop)
            .with_interrupt(&interrupted);
        let found = if ends.is_empty() {
            explorer.run(&stopped)
        } else {
            explorer.resume(&stopped)
        };
        let found = found.expect("a run");
        ends.push((found.end, found.rounds.len()));
        if found.end != ExplorationEnd::Interrupted {
            assert_eq!(found, expected);
        } else {
            assert_eq!(found.rounds, expected.rounds[..found.rounds.len()]);
            assert!(found.minima.minima.is_empty());
        }
    }
    let interrupted = [0, 1, 1, 3, 3].map(|rounds| (ExplorationEnd::Interrupted, rounds));
    assert_eq!(ends[..5], interrupted);
    assert_eq!(ends[5], (ExplorationEnd::RoundsSpent, 3));
    // Settings aside, whose seed was left out at last.
    fs::copy(whole.join("config.json"), stopped.join("config.json")).expect("a copy");
    assert_same(&whole, &stopped);

    // One that has come to its end comes to it again.
    let again = explorer(&short(), &network).resume(&whole).expect("a run");
    assert_eq!(again, expected);
    assert_same(&whole, &stopped);
}

fn is_sampling(stage: &ExploreStage) -> bool {
    matches!(stage, ExploreStage::Sampling { .. })
}

fn is_mapping(stage: &ExploreStage) -> bool {
    matches!(stage, ExploreStage::Mapping { .. })
}

fn is_quenching(stage: &ExploreStage) -> bool {
    matches!(stage, ExploreStage::Quenching { .. })
}

#[test]
fn more_rounds_extend_an_exploration() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, extended] = ["whole", "extended"].map(|name| folder.path().join(name));
    let expected = explorer(&short(), &network).run(&whole).expect("a run");
    let fewer = short().with_max_rounds(1);
    let first = explorer(&fewer, &network).run(&extended).expect("a run");
    assert_eq!(first.rounds, expected.rounds[..1]);
    let found = explorer(&short(), &network)
        .resume(&extended)
        .expect("a run");
    assert_eq!(found, expected);
    assert_same(&whole, &extended);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, two] = [1, 2].map(|threads| {
        let out = folder.path().join(threads.to_string());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let run = || explorer(&short(), &two_weights()).run(&out);
        let found = pool.expect("threads").install(run).expect("a run");
        (found, out)
    });
    assert_eq!(one.0, two.0);
    assert_same(&one.1, &two.1);
}

fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn bad_settings_are_refused_before_there_is_a_folder() {
    let (model, potential) = two_weights();
    for (config, part) in [
        (short().with_num_chains(0), "`num_chains` is 0"),
        (short().with_num_corners(1), "`num_corners` is 1"),
        (short().with_max_rounds(0), "`max_rounds` is 0"),
        (short().with_tolerance(0.0), "`tolerance` is 0"),
        (short().with_tolerance(f64::NAN), "`tolerance` is NaN"),
        (
            short().with_diffusion_map(DiffusionMapConfig::new(1)),
            "`num_eigenpairs` is 1",
        ),
        (
            ExploreConfig {
                chain: ChainConfig::new(0),
                ..short()
            },
            "`num_steps` is 0",
        ),
        (short().with_batch_size(Some(201)), "`batch_size` is 201"),
        (short().with_batch_size(Some(0)), "`batch_size` is 0"),
    ] {
        let error = message(config.init(&model, &potential, &sampler()));
        assert!(error.contains(part), "{error}");
    }
    let tether = baoab(INVERSE_TEMPERATURE).with_prior(Some(Prior::Tether(1.0)));
    for (sampler, part) in [
        (ChainSampler::optimizer(&tether, STEP_SIZE), "a tether"),
        (
            ChainSampler::kernel(&HmcConfig::new(INVERSE_TEMPERATURE, 0.1, 1.0)),
            "`batch_size`",
        ),
    ] {
        let error = message(short().init(&model, &potential, &sampler));
        assert!(error.contains(part), "{error}");
    }
    let batches = potential.with_batch_size(50, 1).expect("batches");
    let error = message(short().init(&model, &batches, &sampler()));
    assert!(error.contains("over mini-batches"), "{error}");
}

#[test]
fn a_folder_is_neither_overwritten_nor_mistaken_for_another() {
    let network = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let missing = message(explorer(&short(), &network).resume(&out));
    assert!(missing.contains("config.json"), "{missing}");
    explorer(&short(), &network).run(&out).expect("a run");
    let before = files(&out);

    let error = message(explorer(&short(), &network).run(&out));
    assert!(
        error.contains("exists") && error.contains("resume"),
        "{error}"
    );
    for (config, part) in [
        (short().with_seed(Some(6)), "`seed` is 5"),
        (short().with_max_rounds(2), "`explore.max_rounds` is 3"),
        (short().with_num_chains(1), "`explore.num_chains` is 2"),
        (short().with_tolerance(0.5), "`explore.tolerance` is"),
        (
            short().with_diffusion_map(DiffusionMapConfig::new(3)),
            "`explore.diffusion_map.bandwidth",
        ),
        (
            ExploreConfig {
                chain: ChainConfig::new(41),
                ..short()
            },
            "`explore.chain",
        ),
    ] {
        let error = message(explorer(&config, &network).resume(&out));
        assert!(
            error.contains(part) && error.contains("config.json"),
            "{error}"
        );
    }
    let (model, potential) = &network;
    let warmer = ChainSampler::optimizer(&baoab(10.0), STEP_SIZE);
    let longer = ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), 0.1);
    for (sampler, part) in [
        (warmer, "`settings.inverse_temperature` is 13.0"),
        (longer, "the first step size is 0.2"),
    ] {
        let explorer = short().init(model, potential, &sampler);
        let error = message(explorer.expect("an exploration").resume(&out));
        assert!(error.contains(part), "{error}");
    }
    assert!(
        files(&out) == before,
        "a refused exploration has changed something"
    );

    let rounds = out.join("rounds.csv");
    let text = fs::read_to_string(&rounds).expect("a table");
    fs::write(&rounds, text.replace("20,", "twenty,")).expect("a table");
    let error = message(explorer(&short(), &network).resume(&out));
    assert!(error.contains("rounds.csv:2:2: `twenty`"), "{error}");
}

#[test]
fn a_chain_that_diverges_ends_the_exploration() {
    let (model, potential) = two_weights();
    let folder = tempfile::tempdir().expect("a folder");
    let wild = ChainSampler::optimizer(&baoab(INVERSE_TEMPERATURE), 1e6);
    let explorer = short().init(&model, &potential, &wild);
    let found = explorer
        .expect("an exploration")
        .run(folder.path().join("out"));
    assert!(matches!(found, Err(TatiError::NotFinite { .. })));
}
