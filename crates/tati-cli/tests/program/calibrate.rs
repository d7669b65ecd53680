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
