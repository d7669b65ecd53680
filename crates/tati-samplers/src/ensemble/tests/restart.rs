//! A run that is stopped and resumed records what the uninterrupted run records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::DType;
use tati_core::{Result, Trajectory};

use super::{Point, baoab, closed_form, failing_at, gaussian, numbers, on_threads, steps};
use crate::{
    ChainSampler, EnsembleConfig, FinishedEnsemble, HmcConfig, Prior, QuasiNewtonConfig, SgldConfig,
};

const CURVATURES: [f64; 5] = [1.0, 2.0, 5.0, 9.0, 20.0];

pub(super) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf(), content);
            }
        }
    }
    found
}

fn config(num_steps: u64, refresh_every: u64, ordered: bool) -> EnsembleConfig {
    let chain = steps(num_steps)
        .with_thinning(3)
        .with_checkpoint_every_steps(Some(20));
    EnsembleConfig::new(4, chain)
        .with_jitter(0.2)
        .with_quasi_newton(Some(
            QuasiNewtonConfig::new(1.0)
                .with_refresh_every(refresh_every)
                .with_ordered(ordered),
        ))
}

fn sampler(name: &str) -> ChainSampler {
    let seed = Some(9);
    match name {
        "sgld" => {
            let config = SgldConfig::new(1.0).with_prior(Some(Prior::Gaussian(0.1)));
            ChainSampler::optimizer(&config.with_seed(seed), 0.004)
        }
        "baoab" | "together" | "shared" => ChainSampler::optimizer(&baoab().with_seed(seed), 0.1),
        _ => ChainSampler::kernel(&HmcConfig::new(1.0, 0.1, 0.5).with_seed(seed)),
    }
}

/// Runs on so many threads, in a new or an old folder, until walker 2 fails at a step.
fn run(
    name: &str,
    config: &EnsembleConfig,
    path: &Path,
    threads: usize,
    fails_at: u64,
) -> Result<FinishedEnsemble<Point>> {
    let mut observer = failing_at(fails_at);
    on_threads(threads, || {
        let (model, mut potential) = gaussian(&CURVATURES, &[0.5; 5], DType::F32);
        match name {
            "together" => potential = potential.with_closed_form_gradients(closed_form)?,
            "hmc" => {}
            "shared" => {
                potential = potential.with_batch_size(2, 5)?;
                potential = potential.with_closed_form_gradients(closed_form)?;
            }
            _ => potential = potential.with_batch_size(2, 5)?,
        }
        let ensemble = config.init(model, potential, sampler(name))?;
        let ensemble = ensemble.with_observer(2, &mut observer)?;
        let ensemble = if path.exists() {
            ensemble.resume(path)
        } else {
            ensemble.record(path)
        };
        ensemble?.run()
    })
}

#[test]
fn stops_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sgld", "baoab", "together", "shared", "hmc"] {
        for (refresh_every, ordered) in [(8, true), (20, false), (5, false), (20, true)] {
            let path = |what: &str| {
                folder
                    .path()
                    .join(format!("{name}{refresh_every}{ordered}{what}"))
            };
            let (whole, stopped) = (path("whole"), path("stopped"));
            let config = config(90, refresh_every, ordered).with_shared_batches(name == "shared");
            let straight = run(name, &config, &whole, 1, u64::MAX).unwrap();
            // Before the first checkpoint, and behind some that lie at a refresh or between two; on other numbers of threads.
            for (end, threads) in [(2, 2), (27, 1), (41, 5), (84, 2)] {
                let error = run(name, &config, &stopped, threads, end).err().unwrap();
                assert!(error.to_string().contains("to end here"), "{error}");
            }
            let resumed = run(name, &config, &stopped, 2, u64::MAX).unwrap();
            assert_eq!(straight.summary.walkers, resumed.summary.walkers);
            assert_eq!(straight.summary.pooled, resumed.summary.pooled);
            let ends = |finished: &FinishedEnsemble<Point>| {
                let models = finished.models.iter().flatten();
                models.map(numbers).collect::<Vec<_>>()
            };
            assert_eq!(ends(&straight), ends(&resumed));
            let store = |run: &Path| files(&run.join("trajectory.zarr"));
            let same = store(&whole) == store(&stopped);
            assert!(same, "{name} {refresh_every} {ordered}");
            let trajectory = Trajectory::open(whole.join("trajectory.zarr")).unwrap();
            assert_eq!(trajectory.num_draws_per_chain(), [30; 4]);
        }
    }
}

#[test]
fn a_run_of_another_kind_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run("baoab", &config(30, 8, false), &path, 1, u64::MAX).unwrap();
    let before = files(&path);
    let refused = |config: EnsembleConfig| {
        let (model, potential) = gaussian(&CURVATURES, &[0.5; 5], DType::F32);
        let potential = potential.with_batch_size(2, 5).unwrap();
        let ensemble = config.init(model, potential, sampler("baoab")).unwrap();
        ensemble.resume(&path).err().unwrap().to_string()
    };
    let more = EnsembleConfig {
        num_walkers: 5,
        ..config(30, 8, false)
    };
    for (config, part) in [
        (
            more,
            "the ensemble's `num_walkers` is 4 in the recorded run and 5 now",
        ),
        (config(30, 9, false), "the ensemble's `quasi_newton`"),
        (
            config(30, 8, false).with_jitter(0.3),
            "the ensemble's `jitter` is 0.2",
        ),
        (config(20, 8, false), "num_steps is 30"),
    ] {
        let message = refused(config);
        assert!(message.contains(part), "{message}");
    }
    // Nor a chain with an ensemble's record.
    let (model, potential) = gaussian(&CURVATURES, &[0.5; 5], DType::F32);
    let potential = potential.with_batch_size(2, 5).unwrap();
    let chain = config(30, 8, false)
        .chain
        .init(model, potential, sampler("baoab"));
    let message = chain.unwrap().resume(&path).err().unwrap().to_string();
    assert!(message.contains("the ensemble's"), "{message}");
    assert!(files(&path) == before);
}

#[test]
fn a_run_says_whether_its_gradients_are_in_closed_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let config = config(30, 8, false);
    run("together", &config, &path, 1, u64::MAX).unwrap();
    let file = path.join("config.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut recorded: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(recorded["closed_form_gradients"], true);
    let refusal = || {
        let (model, potential) = gaussian(&CURVATURES, &[0.5; 5], DType::F32);
        let ensemble = config.init(model, potential, sampler("together")).unwrap();
        ensemble.resume(&path).err().map(|error| error.to_string())
    };
    let message = refusal().unwrap();
    assert!(
        message.contains("closed form is true in the recorded run and false now"),
        "{message}"
    );
    // A folder from before this was recorded is gone on with.
    let entries = recorded.as_object_mut().unwrap();
    entries.remove("closed_form_gradients");
    std::fs::write(&file, recorded.to_string()).unwrap();
    assert_eq!(refusal(), None);
}

#[test]
fn an_interrupt_stops_all_walkers_at_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let (model, potential) = gaussian(&CURVATURES, &[0.5; 5], DType::F32);
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let long = config(100_000_000, 1000, false);
    let ensemble = long.init(model, potential, sampler("baoab")).unwrap();
    let finished = ensemble
        .with_interrupt(&interrupted)
        .with_progress(move |progress| flag.store(progress.step > 10, Ordering::Relaxed))
        .record(&path)
        .unwrap()
        .run()
        .unwrap();
    let summary = &finished.summary;
    assert!(summary.interrupted && summary.num_steps > 10);
    for walker in &summary.walkers {
        assert_eq!(walker.num_steps, summary.num_steps);
        assert_eq!(walker.num_draws, summary.num_steps.div_ceil(3));
    }
}
