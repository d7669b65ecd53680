//! Restarts, more rounds and the number of threads change nothing.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tati::workflow::{ExplorationEnd, ExploreProgress, ExploreStage};

use super::{assert_same, explorer, short, two_weights};

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
