//! The example `funnel`, as a user runs it.

use std::fs;
use std::path::Path;

use crate::example::{array, assert_refused, json, mnist_folder, number, seeded};
use assert_cmd::Command;
use serde_json::Value;

fn funnel(out: &Path) -> Command {
    let mut command = seeded("funnel");
    command.arg("--out").arg(out);
    command
}

fn floats(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array").iter();
    values.map(|x| x.as_f64().expect("a number")).collect()
}

/// What every short run must show.
fn assert_funnel(results: &Value, out: &Path) {
    let inverse_temperature = number(results, "inverse_temperature");
    let error = number(results, "kinetic_temperature_error");
    let temperature = number(results, "kinetic_temperature");
    // False alarms: fewer than one in ten thousand.
    assert!(
        (temperature - 1.0 / inverse_temperature).abs() < 4.0 * error,
        "{temperature} ± {error}"
    );

    // 300 relaxation times of the momentum, but not one of the positions.
    assert_eq!(results["verdict"], "random walk");
    assert!(number(results, "max_r_hat") > 1.1);
    let contents = array(results, "cosine_content");
    assert_eq!(contents.len(), 3);
    assert!(floats(&contents[0])[0] > 0.9, "{contents:?}");
    // The null foretells what no force holds back.
    let [measured, null] =
        ["chain_eigenvalues", "null_eigenvalues"].map(|key| floats(&results[key]));
    for at in 8..32 {
        let ratio = measured[at] / null[at];
        assert!(
            (ratio - 1.0).abs() < 0.2,
            "λ{} is {ratio} of the null",
            at + 1
        );
    }

    let exponents: Vec<f64> = floats(&results["exponents"]);
    assert_eq!(exponents, [1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0]);
    // Close to the minimum the loss is a slope or a parabola: narrower by 10, lower by 10 at least.
    let greatest = floats(&results["greatest_rise"]);
    for pair in greatest.windows(2) {
        assert!(pair[1] > 0.0 && pair[1] < 0.2 * pair[0], "{greatest:?}");
    }
    // And smooth there, which single precision cannot show.
    let rounding = number(results, "single_precision_error");
    assert!(rounding > 1e-9 && rounding < 1e-6, "{rounding}");

    for figure in array(results, "figures") {
        let figure = figure.as_str().expect("a path");
        assert!(
            fs::metadata(figure).expect("the file").len() > 1000,
            "{figure}"
        );
    }
    let table = fs::read_to_string(out.join("surface-6.csv")).expect("a table");
    assert_eq!(table.lines().next(), Some("c0,c1,potential"));
    assert_eq!(table.lines().count(), 15 * 15 + 1);
}

#[test]
fn a_short_run_on_glyphs_is_called_a_random_walk() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let results = json(funnel(&out).args(["--quick", "--data", "glyphs"]));
    assert_funnel(&results, &out);
    // What is recorded is not written over, but gone on with.
    assert_refused(
        funnel(&out).args(["--quick", "--data", "glyphs"]),
        &["chain-0", "exists"],
    );
    let again = json(funnel(&out).args(["--quick", "--data", "glyphs", "--resume"]));
    assert_eq!(again["eigenvalues"], results["eigenvalues"]);
}

#[test]
fn a_short_run_on_mnist() {
    let Some(mnist) = mnist_folder("a_short_run_on_mnist") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let results = json(funnel(&out).arg("--quick").arg("--data-dir").arg(mnist));
    assert_eq!(results["dataset"], "mnist");
    assert_eq!(results["num_parameters"], 7850);
    assert_funnel(&results, &out);
}

#[test]
fn bad_options_are_refused_with_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for (options, parts) in [
        (["--step-size", "0"], ["step_size", "above 0"]),
        (["--prior-strength", "-1"], ["prior_strength", "at least 0"]),
        (["--steps", "100"], ["draws of each chain", "at least 66"]),
        (["--chains", "0"], ["chains", "at least 1"]),
        (["--points", "1"], ["points", "at least 2"]),
    ] {
        assert_refused(funnel(folder.path()).args(options), &parts);
    }
}
