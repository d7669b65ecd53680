//! `tati dataset` and `tati export`.

use std::fs;

use crate::command::{Place, number};

#[test]
fn a_set_is_written_and_shown() {
    let place = Place::new();
    let written = place.json(
        "dataset write --data clusters --items 50 --noise 0.1 --data-seed 3 --test-share 0.2 --out sets/train.csv --test-out sets/test.csv",
    );
    assert_eq!(number(&written["num_items"]), 40.0);
    let text = fs::read_to_string(place.path("sets/train.csv")).unwrap();
    assert!(text.starts_with("x1,x2,label\n"));
    assert_eq!(text.lines().count(), 41);
    assert_eq!(
        fs::read_to_string(place.path("sets/test.csv"))
            .unwrap()
            .lines()
            .count(),
        11
    );
    assert_eq!(place.files("sets").len(), 2);

    let shown = place.json("dataset show --data csv:sets/train.csv --first 2 --inputs x1,x1^2");
    assert_eq!(shown["items"][1]["features"].as_array().unwrap().len(), 2);
    let item = |index: usize| shown["items"][0]["features"][index].as_f64().unwrap();
    assert!((item(0) * item(0) - item(1)).abs() < 1e-5, "{shown}");
}

#[test]
fn a_run_is_exported() {
    let place = Place::new();
    place.text("train --data squares --items 20 --steps 30 --record-every 10 --seed 1 --out run");
    let exported = place.json("export run --out a/t.csv --statistics a/s.csv");
    assert_eq!(number(&exported["num_draws"]), 3.0);
    let text = fs::read_to_string(place.path("a/t.csv")).unwrap();
    assert!(text.starts_with("id,step,loss,weight0,weight1,weight2,weight3,bias0,bias1\n0,0,"));
    let text = fs::read_to_string(place.path("a/s.csv")).unwrap();
    assert!(text.starts_with("id,step,potential,gradient_norm,step_size\n0,0,"));
    assert_eq!(place.run("export run --out a/t.csv").status.code(), Some(2));
    place.text("export run --out a/t.csv --overwrite");
}
