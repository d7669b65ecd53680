//! The example that explores, as a user runs it: killed and resumed, and with bad settings.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::example::{array, assert_refused, json, number, seeded};

const KILLS: u32 = 4;

fn explore(out: &Path) -> assert_cmd::Command {
    let mut command = seeded("explore_two_clusters");
    command.args(["--rounds", "6", "--chains", "4", "--steps", "200"]);
    command.args(["--thinning", "20", "--tolerance", "1e-6", "--out"]);
    command.arg(out);
    command
}

#[test]
fn an_exploration_that_is_killed_and_resumed_is_that_of_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
    let start = Instant::now();
    let expected = json(&mut explore(&whole));
    let duration = start.elapsed().as_secs_f64();
    assert_eq!(expected["end"], "rounds_spent");
    assert_eq!(
        (
            array(&expected, "rounds").len(),
            array(&expected, "corners").len()
        ),
        (6, 8)
    );
    for minimum in array(&expected, "minima") {
        assert_eq!(minimum["index"], 0, "{minimum}");
        let weights = array(minimum, "position").iter();
        assert!(
            weights
                .filter_map(|weight| weight.as_f64())
                .all(|weight| weight.abs() > 0.3)
        );
    }
    let barriers = array(&expected, "barriers");
    assert_eq!(barriers.len(), 1, "{expected}");
    for barrier in barriers {
        // The line between two copies goes through the saddle at 0, where U = 1.
        let height = 1.0 - number(&array(&expected, "minima")[0], "potential");
        for way in ["barrier", "line_barrier"] {
            assert!((number(barrier, way) - height).abs() < 1e-4, "{barrier}");
        }
    }
    for figure in array(&expected, "figures") {
        let path = Path::new(figure.as_str().expect("a path"));
        assert!(fs::metadata(path).expect("a figure").len() > 10_000);
    }

    let mut share = 0.15;
    for _ in 0..KILLS {
        let command = explore(&killed);
        let mut process = Command::new(command.get_program());
        process.args(command.get_args());
        if killed.exists() {
            process.arg("--resume");
        }
        process.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = process.spawn().expect("the example starts");
        thread::sleep(Duration::from_secs_f64(duration * share));
        // SIGKILL; an error means that the run had come to its end.
        let _ = running.kill();
        running.wait().expect("an end");
        share += 0.1;
    }
    let mut last = explore(&killed);
    if killed.exists() {
        last.arg("--resume");
    }
    let mut found = json(&mut last);
    for key in ["out", "figures"] {
        found[key] = expected[key].clone();
    }
    assert_eq!(found, expected);
    for name in [
        "start.csv",
        "rounds.csv",
        "minima.csv",
        "barriers.csv",
        "map.png",
    ] {
        let read = |folder: &Path| fs::read(folder.join(name)).expect(name);
        assert!(read(&whole) == read(&killed), "{name} differs");
    }
}

#[test]
fn bad_settings_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    for (option, value, part) in [
        ("--chains", "0", "`num_chains`"),
        ("--corners", "3", "`num_corners`"),
        ("--rounds", "0", "`max_rounds`"),
        ("--hidden", "0", "`hidden`"),
        ("--points", "1", "`points`"),
        ("--tolerance", "NaN", "`tolerance`"),
        ("--steps", "0", "`num_steps`"),
        ("--step-size", "-1", "`step_size`"),
        ("--prior", "0", "`prior`"),
        ("--device", "abacus", "abacus"),
    ] {
        assert_refused(explore_with(&out).args([option, value]), &[part]);
        assert!(!out.exists(), "{option}");
    }
    assert_refused(explore_with(&out).arg("--resume"), &["config.json"]);
    fs::create_dir(&out).expect("a folder");
    assert_refused(&mut explore_with(&out), &["exists", "resume"]);
}

/// The example in folder `out` with its own settings.
fn explore_with(out: &Path) -> assert_cmd::Command {
    let mut command = seeded("explore_two_clusters");
    command.arg("--out").arg(out);
    command
}
