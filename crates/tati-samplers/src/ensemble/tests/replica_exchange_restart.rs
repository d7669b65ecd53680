//! A replica exchange that is stopped and resumed records what the uninterrupted one records.

use std::path::Path;

use tati_core::{Result, Trajectory};

use super::replica_exchange::{LADDER, sampler, timeless, well};
use super::restart::files;
use super::{Point, failing_at, numbers, on_threads, steps};
use crate::{FinishedReplicaExchange, ReplicaExchangeConfig};

/// Runs on so many threads, in a new or an old folder, until rung 2 fails at a step.
fn run_in(
    name: &str,
    config: &ReplicaExchangeConfig,
    path: &Path,
    threads: usize,
    fails_at: u64,
) -> Result<FinishedReplicaExchange<Point>> {
    let mut observer = failing_at(fails_at);
    on_threads(threads, || {
        let (model, mut potential) = well();
        if name != "hmc" {
            potential = potential.with_batch_size(2, 5)?;
        }
        let exchange = config.init(model, potential, sampler(name))?;
        let exchange = exchange.with_observer(2, &mut observer)?;
        let exchange = if path.exists() {
            exchange.resume(path)
        } else {
            exchange.record(path)
        };
        exchange?.run()
    })
}

fn recorded(num_steps: u64) -> ReplicaExchangeConfig {
    let chain = steps(num_steps)
        .with_burn_in(70)
        .with_thinning(3)
        .with_checkpoint_every_steps(Some(25));
    ReplicaExchangeConfig::new(LADDER.to_vec(), chain)
        .with_swap_every(2)
        .with_tune_ladder(true)
}

#[test]
fn stops_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["sgld", "gla2", "baoab", "hmc"] {
        let path = |what: &str| folder.path().join(format!("{name}{what}"));
        let (whole, stopped) = (path("whole"), path("stopped"));
        let straight = run_in(name, &recorded(190), &whole, 1, u64::MAX).unwrap();
        // Resumed from within burn-in, and behind it where there was a sweep or none; on other numbers of threads.
        for (end, threads) in [(0, 2), (90, 5), (130, 1), (151, 5), (184, 2)] {
            let error = run_in(name, &recorded(190), &stopped, threads, end)
                .err()
                .unwrap();
            assert!(error.to_string().contains("to end here"), "{error}");
        }
        let resumed = run_in(name, &recorded(190), &stopped, 2, u64::MAX).unwrap();
        let ends = |finished: &FinishedReplicaExchange<Point>| {
            finished.models.iter().map(numbers).collect::<Vec<_>>()
        };
        assert_eq!(ends(&straight), ends(&resumed));
        assert_eq!(timeless(straight.summary), timeless(resumed.summary));
        let store = |run: &Path| files(&run.join("trajectory.zarr"));
        assert!(store(&whole) == store(&stopped), "{name}");
        let trajectory = Trajectory::open(whole.join("trajectory.zarr")).unwrap();
        assert_eq!(trajectory.num_draws_per_chain(), [40; 4]);
    }
}

#[test]
fn a_run_of_another_ladder_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    run_in("baoab", &recorded(80), &path, 1, u64::MAX).unwrap();
    let before = files(&path);
    let mut hotter = recorded(80);
    hotter.inverse_temperatures[3] = 0.5;
    for (config, part) in [
        (
            hotter,
            "the ensemble's `inverse_temperatures` is [8.0,5.0,2.5,1.0]",
        ),
        (
            recorded(80).with_swap_every(1),
            "the ensemble's `swap_every` is 2",
        ),
        (
            recorded(80).with_tune_ladder(false),
            "the ensemble's `tune_ladder`",
        ),
    ] {
        let error = run_in("baoab", &config, &path, 1, u64::MAX).err().unwrap();
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(files(&path) == before);
}
