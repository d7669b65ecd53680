//! The example `diffusion_map_of_mnist`, as a user runs it.

use std::fs;
use std::path::Path;

use crate::example::{array, assert_refused, json, mnist_folder, number, seeded};
use assert_cmd::Command;
use serde_json::Value;

fn maps(out: &Path) -> Command {
    let mut command = seeded("diffusion_map_of_mnist");
    command.arg("--quick").arg("--out").arg(out);
    command
}

fn floats(results: &Value, key: &str) -> Vec<f64> {
    let values = array(results, key).iter();
    values
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

/// What every short run must show.
fn assert_maps(results: &Value) {
    for key in ["eigenvalues", "null_eigenvalues", "image_eigenvalues"] {
        let eigenvalues = floats(results, key);
        assert_eq!(eigenvalues.len(), 11);
        assert!(eigenvalues[0].abs() < 1e-9, "{key}: {eigenvalues:?}");
        assert!(
            eigenvalues.is_sorted_by(|a, b| a >= b),
            "{key}: {eigenvalues:?}"
        );
    }
    // The chains are too short to meet: the map must not be taken for the landscape.
    assert!(
        results["verdict"] == "chain" || results["verdict"] == "time",
        "{results}"
    );
    assert!(number(results, "max_r_hat") > 1.1);
    // Free walks from the same starts have that map, too.
    let ratio = floats(results, "eigenvalues")[1] / floats(results, "null_eigenvalues")[1];
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
    let coordinates = array(results, "coordinates");
    assert_eq!(coordinates.len(), 10);
    for coordinate in coordinates {
        for share in ["chain_share", "time_share", "loss_share"] {
            let share = number(coordinate, share);
            assert!((-1e-9..=1.0 + 1e-9).contains(&share), "{coordinate}");
        }
    }
    for correlation in floats(results, "extension_correlations") {
        assert!(correlation > 0.9, "{results}");
    }
    // Guessing among ten classes is right once in ten times; beyond 0.3 of 125 images by chance: fewer than one in 10⁹.
    assert_eq!(number(results, "num_extended_images"), 125.0);
    let accuracy = number(results, "extended_image_accuracy");
    assert!(accuracy > 0.4, "{accuracy}");
    for figure in array(results, "figures") {
        let figure = figure.as_str().expect("a path");
        let length = fs::metadata(figure).expect("the file").len();
        assert!(length > 1000, "{figure}");
    }
}

#[test]
fn maps_of_glyphs_and_of_short_chains() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(maps(folder.path()).args(["--data", "glyphs"]));
    assert_eq!(results["dataset"], "glyphs");
    assert_eq!(results["num_parameters"], 7850);
    assert_maps(&results);
    let again = json(maps(folder.path()).args(["--data", "glyphs"]));
    assert_eq!(
        results["eigenvalues"], again["eigenvalues"],
        "the seed decides"
    );
}

#[test]
fn maps_of_mnist_and_of_short_chains() {
    let Some(mnist) = mnist_folder("maps_of_mnist_and_of_short_chains") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let results = json(maps(folder.path()).arg("--data-dir").arg(mnist));
    assert_eq!(results["dataset"], "mnist");
    assert_maps(&results);
}

#[test]
fn bad_settings_are_refused() {
    for (option, value, part) in [
        ("--chains", "1", "`chains`"),
        ("--steps", "100", "draws of each chain"),
        ("--prior-strength", "0", "`prior_strength`"),
        ("--thinning", "0", "`thinning`"),
        ("--image-neighbors", "1", "`neighbors`"),
        ("--data", "letters", "`data`"),
        ("--device", "abacus", "abacus"),
    ] {
        let mut command = seeded("diffusion_map_of_mnist");
        if option != "--data" {
            command.args(["--data", "glyphs"]);
        }
        assert_refused(command.args([option, value]), &[part]);
    }
}
