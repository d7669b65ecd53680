//! The example `double_well_free_energy`, as a user runs it.

use std::fs;
use std::path::Path;

use crate::example::{array, assert_refused, json, number, seeded};
use assert_cmd::Command;
use serde_json::Value;

fn free_energy(out: &Path) -> Command {
    let mut command = seeded("double_well_free_energy");
    command.arg("--out").arg(out);
    command
}

/// Heights within 5 % of the exact ones, or within 4 errors where they are below 2 kT.
fn assert_barriers(of: &Value, inverse_temperature: f64) {
    for barrier in array(of, "barriers") {
        for side in [0, 1] {
            let [height, error, exact] = ["heights", "errors", "exact"]
                .map(|key| array(barrier, key)[side].as_f64().expect("a number"));
            let allowed = if exact * inverse_temperature > 2.0 {
                0.05 * exact
            } else {
                4.0 * error
            };
            assert!((height - exact).abs() < allowed, "{barrier}");
        }
    }
}

#[test]
fn measured_free_energies_are_the_exact_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(&mut free_energy(folder.path()));
    let profiles = array(&results, "profiles");
    assert_eq!(profiles.len(), 2);
    for profile in profiles {
        // Of 32 bins one is beyond 4 errors in one run of 500.
        assert!(number(profile, "largest_z") < 4.0, "{profile}");
        assert!(number(profile, "within_one_error") > 0.35, "{profile}");
        assert_eq!(array(profile, "basins").len(), 2);
        assert_eq!(array(profile, "barriers").len(), 1);
        assert_barriers(profile, number(profile, "inverse_temperature"));
        for key in ["coordinate", "free_energy", "error", "theory"] {
            assert_eq!(array(profile, key).len(), 32, "{key}");
        }
    }
    for basin in array(&profiles[0], "basins") {
        let score = (number(basin, "population") - 0.5) / number(basin, "population_error");
        assert!(score.abs() < 4.0, "{basin}");
    }
    let plane = &results["plane"];
    assert_eq!(array(plane, "basins").len(), 3, "{plane}");
    assert_barriers(plane, number(plane, "inverse_temperature"));
    let figures = array(&results, "figures");
    assert_eq!(figures.len(), 6);
    for figure in figures {
        let figure = figure.as_str().expect("a path");
        let length = fs::metadata(figure).expect("the file").len();
        assert!(length > 1000, "{figure}");
    }
}

#[test]
fn the_seed_decides_and_short_runs_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = || {
        let mut command = free_energy(folder.path());
        command.args(["--chains", "64", "--draws", "300"]);
        command
    };
    let results = json(&mut short());
    assert_eq!(results, json(&mut short()));
    for (options, parts) in [
        (["--barrier", "0"], ["barrier", "above 0"]),
        (
            ["--inverse-temperature", "-1"],
            ["inverse_temperature", "above 0"],
        ),
        (["--chains", "0"], ["chains", "from 1"]),
        (["--draws", "5"], ["draws", "from 10"]),
        (["--bins", "2"], ["bins", "from 8"]),
    ] {
        assert_refused(free_energy(folder.path()).args(options), &parts);
    }
    // Two chains of 20 draws cannot have errors.
    let mut command = free_energy(folder.path());
    command.args(["--chains", "2", "--draws", "20"]);
    assert_refused(&mut command, &["number of draws", "autocorrelation time"]);
}
