//! The main job end to end: on MNIST where it is there, on glyphs where it is not, and refusing bad input.

use std::fs;
use std::path::Path;

use crate::example::{assert_refused, example, json, mnist_folder};
use assert_cmd::Command;
use serde_json::Value;

fn mnist(out: &Path) -> Command {
    let mut command = example("mnist");
    command.args(["--json", "--seed", "1", "--out"]).arg(out);
    command
}

fn number(results: &Value, key: &str) -> f64 {
    results[key]
        .as_f64()
        .unwrap_or_else(|| panic!("no number `{key}` in {results}"))
}

/// What every complete run must show.
fn assert_sound(results: &Value, folder: &Path) {
    // Exact gradients leave 1/β; 4 standard errors: false alarms 6 in 100,000.
    let theory = 1.0 / number(results, "inverse_temperature");
    let deviation = (number(results, "kinetic_temperature") - theory)
        / number(results, "kinetic_temperature_error");
    assert!(deviation.abs() < 4.0, "{deviation} standard errors");
    // Gradient noise heats, by about as much as predicted.
    let heated = number(results, "mini_batch_kinetic_temperature") / theory - 1.0;
    let expected = number(results, "mini_batch_kinetic_temperature_expected") / theory - 1.0;
    assert!(
        heated > 0.0 && (heated / expected - 1.0).abs() < 0.25,
        "{heated} for {expected}"
    );
    // The glyphs' 2,000 test digits tell likelihoods apart by no more than this.
    let margin = if results["dataset"] == "mnist" {
        0.0
    } else {
        0.005
    };
    assert!(number(results, "averaged_test_nll") <= number(results, "optimum_test_nll") + margin);
    for key in ["test_accuracy", "averaged_test_accuracy"] {
        assert!((0.85..0.97).contains(&number(results, key)), "{results}");
    }
    let figures = results["figures"].as_array().expect("figures");
    assert_eq!(figures.len(), 4);
    for figure in figures {
        let path = Path::new(figure.as_str().expect("a path"));
        assert!(path.starts_with(folder));
        assert!(fs::read(path).expect("a figure").starts_with(b"\x89PNG"));
    }
}

#[test]
fn without_mnist_it_says_so_in_one_line_and_samples_the_glyphs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = mnist(folder.path());
    // No cache, and a proxy that refuses: as offline as a test can make it.
    command
        .env_remove("TATI_MNIST_DIR")
        .env("XDG_CACHE_HOME", folder.path())
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9");
    let output = command.output().expect("the example starts");
    let notes = String::from_utf8_lossy(&output.stderr);
    let note = notes.lines().next().expect("a note");
    assert!(
        note.contains("MNIST was not to be had") && note.contains("TATI_MNIST_DIR"),
        "{note}"
    );
    let results: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(results["dataset"], "glyphs");
    assert_eq!(results["num_parameters"], 7850);
    assert_eq!(results["seed"], 1);
    assert_sound(&results, folder.path());
}

#[test]
fn it_samples_mnist() {
    let Some(data) = mnist_folder("it_samples_mnist") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(mnist(folder.path()).arg("--data-dir").arg(data));
    assert_eq!(results["dataset"], "mnist");
    assert_sound(&results, folder.path());
}

#[test]
fn the_papers_recipe_reaches_the_papers_losses() {
    let Some(data) = mnist_folder("the_papers_recipe_reaches_the_papers_losses") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(
        mnist(folder.path())
            .args([
                "--recipe",
                "paper",
                "--steps",
                "500",
                "--full-batch-steps",
                "20",
            ])
            .arg("--data-dir")
            .arg(data),
    );
    for (key, expected, tolerance) in [
        ("train_loss", 0.265, 0.008),
        ("train_accuracy", 0.926, 0.004),
        ("test_loss", 0.275, 0.008),
        ("test_accuracy", 0.922, 0.005),
    ] {
        let found = number(&results, key);
        assert!((found - expected).abs() <= tolerance, "{key} is {found}");
    }
}

#[test]
fn a_table_of_ones_own_can_be_sampled() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("points.csv");
    let mut table = "x1,x2,label\n".to_string();
    for i in 0..120 {
        let label = i % 2;
        table += &format!("{},{},{label}\n", 2 * label - 1, f64::from(i % 7) / 7.0);
    }
    fs::write(&file, table).expect("a table");
    let results = json(
        mnist(folder.path())
            .args(["--steps", "200", "--full-batch-steps", "50", "--data"])
            .arg(format!("csv:{}", file.display())),
    );
    assert_eq!(results["num_parameters"], 6);
    assert_eq!(results["test_accuracy"], 1.0);
    assert_eq!(results["figures"].as_array().expect("figures").len(), 3);
}

/// A folder with an IDX set of three training and two test images, changed by `damage`.
fn idx_folder(damage: impl Fn(&str, &mut Vec<u8>)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (part, count) in [("train", 3u32), ("t10k", 2)] {
        let mut images = [0x803u32, count, 28, 28].map(u32::to_be_bytes).concat();
        images.extend(vec![7; 784 * count as usize]);
        let mut labels = [0x801u32, count].map(u32::to_be_bytes).concat();
        labels.extend((0..count).map(|label| label as u8));
        for (name, mut bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
            let name = format!("{part}-{name}-ubyte");
            damage(&name, &mut bytes);
            fs::write(folder.path().join(name), bytes).expect("an IDX file");
        }
    }
    folder
}

fn assert_idx_refused(parts: &[&str], damage: impl Fn(&str, &mut Vec<u8>)) {
    let folder = idx_folder(damage);
    let mut command = mnist(folder.path());
    assert_refused(command.arg("--data-dir").arg(folder.path()), parts);
    // Not even as the default set does a broken file give way to glyphs.
    assert_refused(
        mnist(folder.path()).env("TATI_MNIST_DIR", folder.path()),
        parts,
    );
}

#[test]
fn broken_idx_files_are_named() {
    assert_idx_refused(&["train-images-idx3-ubyte", "truncated"], |name, bytes| {
        if name == "train-images-idx3-ubyte" {
            bytes.truncate(1000);
        }
    });
    assert_idx_refused(
        &["t10k-labels-idx1-ubyte", "magic number"],
        |name, bytes| {
            if name == "t10k-labels-idx1-ubyte" {
                bytes[3] = 3;
            }
        },
    );
    assert_idx_refused(&["train-labels-idx1-ubyte", "3", "2"], |name, bytes| {
        if name == "train-labels-idx1-ubyte" {
            bytes[7] = 2;
            bytes.truncate(10);
        }
    });
}

#[test]
fn broken_tables_are_named_with_line_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("points.csv");
    for (table, parts) in [
        ("x1,x2,label\n1,2,0\n1,2\n", ["points.csv:3:3", "missing"]),
        (
            "x1,x2,label\n# ok\n1,abc,0\n",
            ["points.csv:3:2", "`abc` is not a number"],
        ),
    ] {
        fs::write(&file, table).expect("a table");
        let mut command = mnist(folder.path());
        assert_refused(
            command.arg("--data").arg(format!("csv:{}", file.display())),
            &parts,
        );
    }
}

#[test]
fn settings_outside_their_domain_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str], parts: &[&str]| {
        assert_refused(
            mnist(folder.path())
                .args(["--data", "glyphs"])
                .args(arguments),
            parts,
        );
    };
    for step_size in ["0", "-0.1", "NaN"] {
        let value = if step_size == "NaN" {
            "is NaN"
        } else {
            step_size
        };
        refused(
            &["--step-size", step_size],
            &["`step_size`", value, "above 0"],
        );
    }
    refused(&["--device", "abacus"], &["abacus", "flex"]);
    refused(&["--friction", "-1"], &["`friction`"]);
    refused(&["--temperature", "0"], &["`temperature`"]);
    refused(&["--batch-size", "0"], &["`batch_size`"]);
    let mut letters = mnist(folder.path());
    assert_refused(letters.args(["--data", "letters"]), &["`data`", "glyphs"]);
}
