//! The examples on curvature, as a user runs them.

use crate::example::{array, assert_refused, example, json, mnist_folder, number, seeded};
use assert_cmd::Command;
use serde_json::Value;

fn hessian() -> Command {
    let mut command = seeded("hessian_of_mnist");
    command.args(["--items", "1000", "--hidden", "16", "--train-steps", "300"]);
    command.args(["--probes", "6", "--lanczos-steps", "20"]);
    command
}

fn floats(results: &Value, key: &str) -> Vec<f64> {
    let values = array(results, key).iter();
    values
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

/// What every spectrum must show.
fn assert_spectrum(results: &Value) {
    assert_eq!(results["converged"], true);
    let eigenvalues = floats(results, "eigenvalues");
    assert!(eigenvalues.is_sorted_by(|a, b| a >= b), "{eigenvalues:?}");
    let errors = floats(results, "difference_errors");
    let residuals = floats(results, "residuals");
    for ((eigenvalue, error), residual) in eigenvalues.iter().zip(&errors).zip(&residuals) {
        // Where ReLU kinks make the products noisier than the tolerance, their noise is the measure.
        assert!(
            *residual <= f64::max(1.1e-3 * eigenvalue, *error),
            "{residual} of {eigenvalue} ± {error}"
        );
        assert!(*error < 0.05 * eigenvalues[0], "{error} of {eigenvalue}");
    }
    assert!(number(results, "smallest_eigenvalue") < eigenvalues[eigenvalues.len() - 1]);
    let num_parameters = number(results, "num_parameters");
    assert!((number(results, "density_integral") / num_parameters - 1.0).abs() < 1e-6);
    let numbers = array(results, "intervals").iter();
    let total: f64 = numbers.map(|interval| number(interval, "number")).sum();
    assert!((total / num_parameters - 1.0).abs() < 1e-6, "{total}");
    // Trace and density share their probes: the density's first moment is the trace.
    let grid = floats(results, "density_eigenvalues");
    let density = floats(results, "density");
    let moment: f64 = grid
        .iter()
        .zip(&density)
        .map(|(at, density)| at * density)
        .sum();
    let moment = moment * (grid[1] - grid[0]);
    let trace = number(results, "trace");
    assert!(
        (moment - trace).abs() < 0.01 * trace,
        "{moment} for {trace}"
    );
    let outliers = number(results, "num_outliers");
    assert!((1.0..=20.0).contains(&outliers) && number(results, "outlier_ratio") > 1.0);
}

#[test]
fn the_spectrum_of_a_network_on_glyphs() {
    let results = json(hessian().args(["--data", "glyphs"]));
    assert_eq!(results["dataset"], "glyphs");
    assert_eq!(results["num_parameters"], 784 * 16 + 16 + 160 + 10);
    assert_eq!(array(&results, "eigenvalues").len(), 20);
    assert_spectrum(&results);
    assert_eq!(
        results,
        json(hessian().args(["--data", "glyphs"])),
        "the seed decides"
    );
}

/// The loss of a perceptron is convex: no eigenvalue is negative beyond its error.
#[test]
fn a_perceptron_on_mnist_has_no_negative_curvature() {
    let Some(folder) = mnist_folder("a_perceptron_on_mnist_has_no_negative_curvature") else {
        return;
    };
    let mut command = seeded("hessian_of_mnist");
    command.args(["--items", "2000", "--train-steps", "300", "--probes", "4"]);
    command.args(["--lanczos-steps", "20", "--hidden", "--data-dir"]);
    let results = json(command.arg(folder));
    assert_eq!(results["dataset"], "mnist");
    assert_eq!(results["num_parameters"], 7850);
    assert_spectrum(&results);
    let smallest = number(&results, "smallest_eigenvalue");
    assert!(
        smallest > -4.0 * number(&results, "smallest_eigenvalue_error"),
        "{smallest}"
    );
}

#[test]
fn spectra_refuse_bad_settings() {
    for (option, value, part) in [
        ("--probes", "1", "`probes`"),
        ("--lanczos-steps", "0", "`lanczos_steps`"),
        ("--eigenvalues", "0", "`eigenvalues`"),
        ("--eigenvalues", "1000000", "`num_pairs`"),
        ("--items", "1", "`items`"),
        ("--hidden", "4,0", "`hidden`"),
        ("--learning-rate", "NaN", "`learning_rate`"),
        ("--data", "letters", "`data`"),
        ("--device", "abacus", "abacus"),
    ] {
        let mut command = seeded("hessian_of_mnist");
        command.args(["--train-steps", "2"]);
        if option != "--data" {
            command.args(["--data", "glyphs"]);
        }
        if option != "--hidden" {
            command.args(["--hidden", "2"]);
        }
        assert_refused(command.args([option, value]), &[part]);
    }
}

fn coefficient() -> Command {
    let mut command = seeded("learning_coefficient");
    command.args(["--data", "glyphs", "--items", "500", "--hidden", "4"]);
    command.args(["--train-steps", "600"]);
    command
}

#[test]
fn singular_models_have_their_learning_coefficients() {
    let mut command = coefficient();
    command.args(["--steps", "400", "--batch-size", "100"]);
    command.args([
        "--step-sizes",
        "0.0001,0.01,1000",
        "--tether-strengths",
        "100,1000",
    ]);
    let results = json(&mut command);
    let rows = array(&results, "singular");
    let known: Vec<f64> = rows.iter().map(|row| number(row, "known")).collect();
    assert_eq!(known, [1.0, 0.75, 0.5, 0.25]);
    for row in rows {
        // Student's t of 8 chains beyond 4: false alarms 5 in 1000 each.
        assert!(number(row, "deviation").abs() < 4.0, "{row}");
        assert!(
            number(row, "standard_error") < 0.1 * number(row, "exact"),
            "{row}"
        );
    }
    // Data and tether matter little where the multiplicity is one and the minimum not flat; with multiplicity two they do.
    assert!((number(&rows[0], "exact") - 1.0).abs() < 0.02);
    assert!(number(&rows[2], "exact") < 0.35);

    let sweep = array(&results, "sweep");
    assert_eq!(sweep.len(), 6);
    for setting in &sweep[..4] {
        assert_ne!(setting["outcome"], "diverged", "{setting}");
    }
    for setting in &sweep[4..] {
        assert_eq!(setting["outcome"], "diverged", "{setting}");
        assert!(setting["estimate"].is_null() && setting["on_plateau"] == false);
    }
    let smallest = number(&sweep[0], "estimate");
    assert!(
        smallest < number(&sweep[2], "estimate"),
        "steps of 1e-4 have not got far: {results}"
    );
}

#[test]
fn learning_coefficients_refuse_bad_settings() {
    for (option, value, part) in [
        ("--chains", "1", "`chains`"),
        ("--batch-size", "0", "`batch_size`"),
        ("--steps", "5", "`steps`"),
        ("--step-sizes", "0.01,-1", "`step_sizes`"),
    ] {
        assert_refused(coefficient().args([option, value]), &[part]);
    }
    let mut short = example("learning_coefficient");
    short.args([
        "--data",
        "glyphs",
        "--items",
        "100",
        "--hidden",
        "2",
        "--train-steps",
        "2",
    ]);
    short.args(["--singular-steps", "12", "--step-sizes", "0.2,0.1"]);
    assert_refused(&mut short, &["`step_sizes`", "ascending"]);
}
