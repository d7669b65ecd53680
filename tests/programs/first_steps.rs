//! The smaller examples as a user runs them: their figures, their JSON, and how they refuse bad input.

use std::fs;

use crate::example::{array, assert_refused, example, json, number, seeded};
use assert_cmd::Command;
use serde_json::Value;
use tati::available_devices;

#[test]
fn unknown_devices_are_refused_by_name() {
    for name in [
        "temperature_of_a_well",
        "switch_device",
        "langevin_in_burn_training",
        "cyclical",
    ] {
        assert_refused(
            seeded(name).args(["--device", "abacus"]),
            &["abacus", "flex"],
        );
    }
}

fn well() -> Command {
    let mut command = seeded("temperature_of_a_well");
    command.args([
        "--members",
        "4096",
        "--readings",
        "10",
        "--step-sizes",
        "0.5,1.5,2",
    ]);
    command
}

#[test]
fn the_well_is_as_warm_as_theory_says() {
    let results = json(&mut well());
    assert_eq!(results["seed"], 1);
    assert_eq!(results["device"], "flex");
    let rows = array(&results, "rows");
    assert_eq!(rows.len(), 12, "four samplers at three step sizes");
    let mut compared = 0;
    for row in rows {
        let stable = number(row, "step_size") < 2.0;
        assert_eq!(row["stable"], stable, "{row}");
        for moment in ["position_variance", "momentum_variance"] {
            let expected = stable && (row["sampler"] != "sgld" || moment == "position_variance");
            assert_eq!(row[moment].is_object(), expected, "{row}");
            if expected {
                // 14 comparisons within 5 standard errors: false alarms 8 in a million.
                assert!(number(&row[moment], "deviation").abs() < 5.0, "{row}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 14);
}

#[test]
fn the_well_tells_the_samplers_apart() {
    let results = json(&mut well());
    let row = |sampler: &str, moment: &str| {
        let mut rows = array(&results, "rows").iter();
        let row = rows.find(|row| row["sampler"] == sampler && row["step_size"] == 1.5);
        row.expect("a row")[moment].clone()
    };
    let in_errors = |comparison: &Value, value: f64| {
        (number(comparison, "measured") - value) / number(comparison, "standard_error")
    };
    // ⟨θ²⟩ = 1 and ⟨p²⟩ = 1 − h²/4 for BAOAB; 1/(1 − h²/4) and 1 for GLA2; 1/(1 − h/2) for SGLD.
    let shrink = 1.0 - 1.5 * 1.5 / 4.0;
    for (sampler, moment, right, wrong) in [
        ("baoab", "position_variance", 1.0, 1.0 / shrink),
        ("baoab", "momentum_variance", shrink, 1.0),
        ("gla2", "position_variance", 1.0 / shrink, 1.0),
        ("gla2", "momentum_variance", 1.0, shrink),
        ("sgld", "position_variance", 4.0, 1.0),
    ] {
        let comparison = row(sampler, moment);
        assert!(
            (number(&comparison, "exact") / right - 1.0).abs() < 1e-9,
            "{comparison}"
        );
        assert!(in_errors(&comparison, right).abs() < 5.0, "{comparison}");
        assert!(in_errors(&comparison, wrong).abs() > 40.0, "{comparison}");
    }
}

#[test]
fn the_seed_decides() {
    let results = json(&mut well());
    assert_eq!(results, json(&mut well()));
    let mut other = example("temperature_of_a_well");
    other.args([
        "--json",
        "--seed",
        "2",
        "--members",
        "64",
        "--readings",
        "2",
    ]);
    let mut same_size = example("temperature_of_a_well");
    same_size.args([
        "--json",
        "--seed",
        "1",
        "--members",
        "64",
        "--readings",
        "2",
    ]);
    let (other, same_size) = (json(&mut other), json(&mut same_size));
    assert_ne!(other["rows"][0], same_size["rows"][0]);
}

#[test]
fn the_well_refuses_bad_settings() {
    for value in ["0", "-1", "NaN", "inf", "0.5,-0.1"] {
        assert_refused(
            seeded("temperature_of_a_well").args(["--step-sizes", value]),
            &["step_sizes", "above 0"],
        );
    }
    for (option, name) in [
        ("--curvature", "curvature"),
        ("--friction", "friction"),
        ("--inverse-temperature", "inverse_temperature"),
    ] {
        for value in ["0", "-1", "NaN"] {
            assert_refused(
                seeded("temperature_of_a_well").args([option, value]),
                &[name],
            );
        }
    }
    for option in ["--members", "--readings"] {
        assert_refused(
            seeded("temperature_of_a_well").args([option, "0"]),
            &["is 0"],
        );
    }
    // Stable, but never done.
    let tiny = ["--step-sizes", "1e-9"];
    assert_refused(
        seeded("temperature_of_a_well").args(tiny),
        &["step_sizes", "SGLD"],
    );
}

#[test]
fn switching_the_device_changes_nothing_but_rounding() {
    let results = json(seeded("switch_device").args(["--steps", "30"]));
    assert_eq!(results["num_parameters"], 7850);
    let devices = array(&results, "devices");
    let names: Vec<&str> = devices
        .iter()
        .filter_map(|row| row["device"].as_str())
        .collect();
    assert_eq!(names, available_devices(), "flex comes first in both");
    assert_eq!(devices[0]["largest_parameter_difference"], 0.0);
    for row in devices {
        if row["opened"] == true {
            assert!(number(row, "steps_per_second") > 0.0);
            assert!(
                number(row, "final_loss") < 10f64.ln(),
                "worse than guessing: {row}"
            );
            assert!(number(row, "largest_noise_difference") < 1e-4, "{row}");
            assert!(number(row, "largest_parameter_difference") < 1e-3, "{row}");
        } else {
            assert!(
                row["reason"]
                    .as_str()
                    .is_some_and(|reason| !reason.is_empty()),
                "{row}"
            );
        }
    }
}

#[test]
fn switching_the_device_refuses_bad_settings() {
    for value in ["0", "-1", "NaN"] {
        assert_refused(
            seeded("switch_device").args(["--step-size", value]),
            &["step_size"],
        );
        assert_refused(
            seeded("switch_device").args(["--friction", value]),
            &["friction"],
        );
    }
    assert_refused(seeded("switch_device").args(["--steps", "0"]), &["steps"]);
    if !available_devices().contains(&"cuda") {
        let mut command = seeded("switch_device");
        assert_refused(command.args(["--device", "cuda"]), &["--features cuda"]);
    }
}

/// Drivers that are not there, then libraries that are none, in place of those that may be installed.
#[cfg(all(feature = "wgpu", target_os = "linux"))]
#[test]
fn a_missing_gpu_is_an_error() {
    let on_gpu = || {
        let mut command = seeded("switch_device");
        command.args(["--device", "wgpu", "--steps", "2"]);
        command
    };
    let reasons = ["wgpu", "0 adapters were found", "flex"];

    let mut without_drivers = on_gpu();
    for variable in [
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ] {
        without_drivers.env(variable, "/nonexistent");
    }
    assert_refused(&mut without_drivers, &reasons);

    let folder = tempfile::tempdir().expect("a folder");
    for library in ["libvulkan.so.1", "libvulkan.so", "libEGL.so.1", "libEGL.so"] {
        fs::write(folder.path().join(library), "").expect("a file");
    }
    let mut without_libraries = on_gpu();
    without_libraries.env("LD_LIBRARY_PATH", folder.path());
    assert_refused(&mut without_libraries, &reasons);
}

fn langevin() -> Command {
    let mut command = seeded("langevin_in_burn_training");
    command.args([
        "--data",
        "glyphs",
        "--train-items",
        "1000",
        "--valid-items",
        "200",
    ]);
    command.args(["--training-epochs", "6", "--sampling-epochs", "3"]);
    command
}

#[test]
fn one_burn_program_trains_and_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(langevin().arg("--out").arg(folder.path()));
    assert_eq!(results["dataset"], "glyphs");
    assert_eq!(results["num_parameters"], 61_706);
    assert_eq!(number(&results, "inverse_temperature"), 1000.0);
    assert_eq!(results["out"].as_str(), folder.path().to_str());

    let (adam, baoab) = (array(&results, "adam"), array(&results, "baoab"));
    assert_eq!((adam.len(), baoab.len()), (6, 3));
    assert!(number(&adam[5], "train_loss") < 0.5 * number(&adam[0], "train_loss"));
    let found = number(&adam[5], "valid_accuracy");
    assert!(found > 0.7, "{found}");
    for (index, epoch) in baoab.iter().enumerate() {
        assert_eq!(number(epoch, "epoch"), (index + 1) as f64);
        // It samples around what was found: neither a new start nor a collapse.
        assert!(number(epoch, "valid_accuracy") > found - 0.1, "{epoch}");
    }

    // The sampler moves, and its last epoch comes out of a checkpoint as it was, to the last bit.
    assert!(number(&results, "sampling_largest_change") > 0.01);
    assert_eq!(number(&results, "resumed_after_epoch"), 2.0);
    assert_eq!(number(&results, "resumed_largest_difference"), 0.0);
    for file in ["model-3.bpk", "optim-3.bpk", "scheduler-3.bpk"] {
        let path = folder.path().join("baoab").join("checkpoint").join(file);
        assert!(path.is_file(), "{}", path.display());
    }
}

#[test]
fn the_burn_program_refuses_bad_settings() {
    for (option, value, name) in [
        ("--learning-rate", "0", "learning_rate"),
        ("--step-size", "NaN", "step_size"),
        ("--friction", "-1", "friction"),
        ("--temperature", "0", "temperature"),
        ("--batch-size", "0", "batch_size"),
        ("--training-epochs", "0", "training_epochs"),
        ("--sampling-epochs", "1", "sampling_epochs"),
    ] {
        let mut command = seeded("langevin_in_burn_training");
        assert_refused(command.args([option, value]), &[name]);
    }
}

#[test]
fn a_file_in_the_way_of_the_output_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("taken");
    fs::write(&file, "").expect("a file");
    assert_refused(langevin().arg("--out").arg(&file), &["taken"]);
}

#[test]
fn a_step_size_without_bound_ends_with_its_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = langevin();
    command
        .args(["--step-size", "1e6", "--out"])
        .arg(folder.path());
    let output = command.output().expect("the example starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(error.contains("smaller step size"), "{error}");
}
