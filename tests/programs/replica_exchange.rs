//! The example `replica_exchange`, as a user runs it.

use std::fs;
use std::path::Path;

use crate::example::{array, assert_refused, json, number, seeded};
use assert_cmd::Command;

fn short(out: &Path) -> Command {
    let mut command = seeded("replica_exchange");
    command.args(["--dimensions", "4", "--rungs", "5", "--steps", "16000"]);
    command.args(["--control-steps", "20000", "--out"]).arg(out);
    command
}

#[test]
fn the_ladder_crosses_the_barrier_that_a_chain_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(&mut short(folder.path()));
    let control = &results["control"];
    assert_eq!(
        (number(control, "crossings"), number(control, "population")),
        (0.0, 0.0)
    );
    let rungs = array(&results, "rungs");
    assert_eq!(rungs.len(), 5);
    // One rung of five is beyond 4 errors in one run of 3000.
    for rung in rungs {
        let [population, error, exact] =
            ["population", "error", "exact"].map(|key| number(rung, key));
        assert!(error > 0.0 && error < 0.1, "{rung}");
        assert!((population - exact).abs() < 4.0 * error, "{rung}");
    }
    let spread = |key: &str| {
        let acceptances = array(&results, key)
            .iter()
            .map(|pair| number(pair, "acceptance"));
        let (least, most) = acceptances.fold((1.0, 0.0), |(least, most), acceptance| {
            (f64::min(least, acceptance), f64::max(most, acceptance))
        });
        most - least
    };
    assert!(spread("untuned_pairs") > 0.35);
    assert!(spread("pairs") < 0.2, "{}", results["pairs"]);
    assert!(number(&results, "round_trips") > 10.0);
    let figures = array(&results, "figures");
    assert_eq!(figures.len(), 6);
    for figure in figures {
        let figure = figure.as_str().expect("a path");
        let length = fs::metadata(figure).expect("the file").len();
        assert!(length > 1000, "{figure}");
    }
}

#[test]
fn ladders_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (options, parts) in [
        (["--barrier", "0"], ["barrier", "above 0"]),
        (["--hottest", "2"], ["inverse_temperatures", "coldest"]),
        (["--rungs", "1"], ["inverse_temperatures", "from 2"]),
        (["--swap-every", "0"], ["swap_every", "at least 1"]),
        (["--steps", "1000"], ["burn_in", "at least 320 steps"]),
        (["--dimensions", "1"], ["dimensions", "from 2"]),
    ] {
        let mut command = seeded("replica_exchange");
        command.arg("--out").arg(folder.path()).args(options);
        assert_refused(&mut command, &parts);
    }
}
