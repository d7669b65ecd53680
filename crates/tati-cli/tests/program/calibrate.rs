//! `tati calibrate`.

use std::fs;

use crate::command::{Place, number};

#[test]
fn a_good_setting_is_recommended_and_a_bad_one_is_not() {
    let place = Place::new();
    place.text(
        "train --data clusters --items 60 --noise 0.2 --prior-gaussian 0.05 --optimizer lbfgs --steps 20 --seed 1 --out one",
    );
    let sweep = "calibrate --from one --step-sizes 0.2,50 --frictions 1 --steps 3000 --seed 2";
    let results = place.json(&format!("{sweep} --out a/sweep.csv"));
    assert_eq!(results["settings"][1]["verdict"], "unstable", "{results}");
    assert_eq!(
        number(&results["recommended"]["step_size"]),
        0.2,
        "{results}"
    );
    assert_eq!(number(&results["recommended"]["inverse_temperature"]), 60.0);
    let table = fs::read_to_string(place.path("a/sweep.csv")).unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(
        table
            .lines()
            .nth(2)
            .unwrap()
            .starts_with("50,1,60,unstable,"),
        "{table}"
    );
    let text = place.text(sweep);
    assert!(
        text.contains("recommended: --step-size 0.2 --friction 1 --inverse-temperature 60"),
        "{text}"
    );
    assert_eq!(
        place.run("calibrate --from one --steps 10").status.code(),
        Some(2)
    );
}

/// The noise of mini-batches makes the potential of each step forget the last one at once, at a step size as well at which the chain hardly moves.
#[test]
fn mini_batches_are_judged_by_the_whole_data_and_what_is_recommended_holds() {
    let place = Place::new();
    place.text(
        "train --data clusters --items 500 --prior-gaussian 0.01 --optimizer lbfgs --steps 50 --seed 1 --out one",
    );
    let results = place.json(
        "calibrate --from one --batch-size 10 --step-sizes 0.1,3 --frictions 10 --steps 4000 --seed 1",
    );
    assert_eq!(results["settings"][0]["verdict"], "slow", "{results}");
    let best = &results["recommended"];
    assert_eq!(number(&best["step_size"]), 3.0, "{results}");
    let sampled = place.json(
        "sample --from one --batch-size 10 --step-size 3 --friction 10 --steps 40000 --every 10 --seed 2 --out two",
    );
    // The momenta are those of the calibration, within four of its errors: one in 16,000, the seeds being fixed.
    let ratio = number(&sampled["kinetic_temperature"]) * 500.0;
    let (expected, error) = (
        number(&best["temperature"]),
        number(&best["temperature_error"]),
    );
    assert!((ratio - expected).abs() < 4.0 * error, "{ratio} {best}");
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    assert_eq!(sampled["potential_level"]["verdict"], "allowed");
    let text = place.text(
        "calibrate --from one --batch-size 10 --step-sizes 3 --frictions 10 --steps 4000 --seed 1",
    );
    assert!(
        text.contains("--inverse-temperature 500 --batch-size 10"),
        "{text}"
    );
}
