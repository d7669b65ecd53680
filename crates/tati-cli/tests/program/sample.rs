//! `tati sample`: every sampler, ensembles, temperatures, and the same command twice.

use crate::command::{Place, number};

const DATA: &str = "--data clusters --items 50 --noise 0.2 --prior-gaussian 0.05";

#[test]
fn every_sampler_draws() {
    let place = Place::new();
    for (sampler, options) in [
        ("sgld", "--step-size 0.01"),
        (
            "psgld",
            "--step-size 1e-4 --adaptation-steps 100 --regularization 0.1",
        ),
        ("gla1", "--step-size 0.1 --friction 1"),
        ("gla2", "--step-size 0.1 --friction 1"),
        (
            "baoab",
            "--step-size 0.1 --friction 1 --schedule polynomial --final-step-size 0.01",
        ),
        (
            "sghmc",
            "--step-size 0.05 --batch-size 10 --noise-estimate 0.1",
        ),
        (
            "sgnht",
            "--step-size 0.05 --batch-size 10 --relaxation-time 2",
        ),
        (
            "ccadl",
            "--step-size 0.05 --batch-size 10 --covariance-window 50",
        ),
        (
            "mala",
            "--step-size 0.01 --target-acceptance 0.57 --tuning-steps 50",
        ),
        ("hmc1", "--step-size 0.05 --trajectory-length 0.2"),
        ("hmc2", "--step-size 0.1 --trajectory-length 0.5"),
        ("nuts", "--tuning-steps 50 --max-depth 4"),
        ("mclmc", "--step-size 0.1"),
    ] {
        let line = format!(
            "sample {DATA} --sampler {sampler} {options} --steps 200 --burn-in 50 --every 5 --seed 3 --out {sampler}"
        );
        let results = place.json(&line);
        assert_eq!(results["seed"], 3);
        assert_eq!(number(&results["num_draws"]), 30.0, "{results}");
        assert_eq!(number(&results["inverse_temperature"]), 50.0);
        let potential = number(&results["mean_potential"]);
        assert!(potential > 0.0 && potential < 2.0, "{results}");
    }
}

/// The mean of n draws of the kinetic temperature of 6 parameters that are nearly independent (γ times the time between two draws is
/// 2) has the error sqrt(2/(6n)), for 4 · 2000 draws 0.65 %: the bound is 4.6 of them, one in 200,000.
#[test]
fn an_ensemble_is_at_its_temperature() {
    let place = Place::new();
    let results = place.json(&format!(
        "sample {DATA} --step-size 0.1 --friction 10 --inverse-temperature 25 --walkers 4 --jitter 0.1 --covariance-blending 1 \
         --refresh-every 500 --steps 4000 --every 2 --seed 5 --out run"
    ));
    let temperature = 25.0 * number(&results["kinetic_temperature"]);
    assert!((temperature - 1.0).abs() < 0.03, "{results}");
    assert_eq!(results["walkers"].as_array().unwrap().len(), 4);
}

#[test]
fn replicas_are_exchanged() {
    let place = Place::new();
    let results = place.json(&format!(
        "sample {DATA} --step-size 0.1 --walkers 3 --hottest 10 --swap-every 5 --steps 1000 --seed 5 --out run"
    ));
    let pairs = results["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 2);
    assert!(
        pairs.iter().all(|pair| number(&pair["acceptance"]) > 0.1),
        "{results}"
    );
    assert_eq!(results["walkers"][0]["inverse_temperature"], 50.0);
}

#[test]
fn the_same_command_twice_gives_the_same() {
    let line = format!(
        "sample {DATA} --step-size 0.1 --batch-size 10 --walkers 2 --steps 500 --seed 9 --out run"
    );
    let (one, other) = (Place::new(), Place::new());
    assert_eq!(
        one.text(&format!("{line} --json")),
        other.text(&format!("{line} --json"))
    );
    let stores = [one, other].map(|place| place.files("run/trajectory.zarr"));
    assert!(stores[0].len() > 5 && stores[0] == stores[1]);
}

/// Data, model and prior are those of the run that it begins with, unless given; walkers begin where those of that run ended.
#[test]
fn a_run_goes_on_from_another() {
    let place = Place::new();
    place.text(
        "train --data circles --items 60 --model mlp --hidden 3 --prior-gaussian 0.01 --optimizer lbfgs --steps 20 --seed 2 --out one",
    );
    let configuration = place.json("sample --from one --step-size 0.1 --out two --dry-run");
    assert_eq!(configuration["data"], "circles");
    assert_eq!(configuration["hidden"], serde_json::json!([3]));
    assert_eq!(configuration["prior-gaussian"], 0.01);
    let other =
        place.json("sample --from one --step-size 0.1 --prior-laplace 0.5 --out two --dry-run");
    assert!(
        other["prior-gaussian"].is_null() && other["prior-laplace"] == 0.5,
        "{other}"
    );
    let first = place.json("sample --from one --step-size 0.1 --walkers 2 --jitter 0.01 --steps 100 --every 1 --seed 1 --out two");
    let second = place.json(
        "sample --from two --step-size 1e-9 --walkers 2 --steps 1 --every 1 --seed 1 --out three",
    );
    assert_eq!(first["num_parameters"], second["num_parameters"]);
    let potentials =
        [0, 1].map(|walker| second["walkers"][walker]["statistics"][0]["mean"].as_f64());
    assert!(potentials[0] != potentials[1], "{second}");
}
