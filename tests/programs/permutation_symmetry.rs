//! The example `permutation_symmetry`, as a user runs it.

use crate::example::{array, assert_refused, json, number, seeded};
use serde_json::Value;

fn floats(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array").iter();
    values
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

#[test]
fn the_first_diffusion_coordinate_tells_the_two_minima_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = seeded("permutation_symmetry");
    command.args(["--draws", "100", "--out"]);
    let results = json(command.arg(folder.path()));
    assert!(number(&results, "agreement") > 0.95, "{results}");
    assert!(number(&results, "num_hops") >= 5.0);
    assert_eq!(results["num_unconverged"], 0);

    // Two minima, each the other with both signs changed.
    let minima = array(&results, "minima");
    assert_eq!(minima.len(), 2);
    assert_eq!(results["num_distinct_minima"], 1);
    let [first, second] = [&minima[0], &minima[1]];
    let positions = [first, second].map(|minimum| floats(&minimum["position"]));
    for (a, b) in positions[0].iter().zip(&positions[1]) {
        assert!((a + b).abs() < 1e-3 && a.abs() > 0.5, "{positions:?}");
    }
    for minimum in [first, second] {
        assert_eq!(minimum["index"], 0);
        assert!(number(minimum, "gradient_norm") <= 1e-5);
        assert!(number(minimum, "num_quenches") >= 50.0);
    }
    assert!((number(first, "potential") - number(second, "potential")).abs() < 1e-6);

    // The saddle is at 0, where U = 1, by symmetry; line and path both cross it.
    let saddles = array(&results, "saddles");
    assert_eq!((saddles.len(), &saddles[0]["index"]), (1, &Value::from(1)));
    assert!(
        floats(&saddles[0]["position"])
            .iter()
            .all(|weight| weight.abs() < 1e-3)
    );
    let barrier = 1.0 - number(first, "potential");
    assert_eq!(results["path_converged"], true);
    for way in ["line_barrier", "path_barrier"] {
        assert!((number(&results, way) - barrier).abs() < 1e-5, "{way}");
    }
    // The generator's eigenvalues: 0, then the hop, slower than all else.
    let eigenvalues = floats(&results["eigenvalues"]);
    assert!(eigenvalues[0].abs() < 1e-9 && eigenvalues[1] < 0.0);
    assert!(eigenvalues[2] < 2.0 * eigenvalues[1], "{eigenvalues:?}");

    let figures = array(&results, "figures");
    assert_eq!(figures.len(), 8);
    for figure in figures {
        let figure = std::path::Path::new(figure.as_str().expect("a path"));
        assert!(std::fs::metadata(figure).expect("a figure").len() > 5_000);
    }
}

/// Control: in a chain too cold to hop, one basin is all there is.
#[test]
fn a_cold_chain_finds_one_minimum_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = seeded("permutation_symmetry");
    command.args([
        "--inverse-temperature",
        "200",
        "--chains",
        "1",
        "--draws",
        "40",
    ]);
    let results = json(command.arg("--out").arg(folder.path()));
    assert_eq!(array(&results, "minima").len(), 1);
    assert_eq!(results["num_hops"], 0);
    assert_eq!(results["line_barrier"], Value::Null);
    assert!(array(&results, "saddles").is_empty());
}

#[test]
fn bad_settings_are_refused() {
    for (option, value, part) in [
        ("--points", "1", "`points`"),
        ("--prior", "0", "`prior`"),
        ("--inverse-temperature", "NaN", "`inverse_temperature`"),
        ("--chains", "0", "`chains`"),
        ("--draws", "1", "`draws`"),
        ("--thinning", "0", "`thinning`"),
        ("--step-size", "-1", "`step_size`"),
        ("--bandwidth", "0", "`bandwidth`"),
        ("--images", "0", "`images`"),
        ("--device", "abacus", "abacus"),
    ] {
        let mut command = seeded("permutation_symmetry");
        assert_refused(command.args([option, value]), &[part]);
    }
}
