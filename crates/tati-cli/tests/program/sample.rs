//! `tati sample`: every sampler, ensembles, temperatures, and the same command twice.

use crate::command::{Place, number, numbers};

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
        assert_eq!(results["potential_level"]["verdict"], "allowed");
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

/// Walkers that learn in order are at their temperature too, though they look at each other at every step.
#[test]
fn an_ordered_ensemble_is_at_its_temperature() {
    let place = Place::new();
    let results = place.json(&format!(
        "sample {DATA} --step-size 0.1 --friction 10 --inverse-temperature 25 --walkers 4 --jitter 0.1 --covariance-blending 0.1 \
         --ordered --refresh-every 1 --steps 4000 --every 2 --seed 5 --out run"
    ));
    let temperature = 25.0 * number(&results["kinetic_temperature"]);
    assert!((temperature - 1.0).abs() < 0.03, "{results}");
    place.assert_refused(
        "sample --data clusters --ordered --steps 10 --out other",
        "--covariance-blending",
    );
}

/// Burn's tape keeps the parameters of every step until a backward pass, which gradients in closed form have no use for: it is swept.
/// Unswept it holds 150 MB after so many steps.
#[cfg(target_os = "linux")]
#[test]
fn steps_leave_nothing_in_memory() {
    let place = Place::new();
    let peak = |steps: usize, walkers: usize| {
        let line = format!(
            "sample {DATA} --model mlp --hidden 8 --step-size 0.1 --batch-size 10 --walkers {walkers} --steps {steps} --every 1000 \
             --seed 3 --quiet --out run{steps}x{walkers}"
        );
        let mut command = place.command(&line);
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let mut program = command.spawn().unwrap();
        let status = format!("/proc/{}/status", program.id());
        let mut peak: u64 = 0;
        while program.try_wait().unwrap().is_none() {
            let status = std::fs::read_to_string(&status).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("VmHWM:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
            peak = peak.max(kilobytes.map_or(0, |kilobytes| kilobytes.parse().unwrap()));
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert!(peak > 0);
        peak
    };
    for walkers in [1, 4] {
        let (few, many) = (peak(2000, walkers), peak(60_000 / walkers, walkers));
        assert!(many < few + 20_000, "{few} and {many} kB of {walkers}");
    }
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
    let rungs = results["walkers"].as_array().unwrap();
    let ladder: Vec<f64> = rungs
        .iter()
        .map(|rung| number(&rung["inverse_temperature"]))
        .collect();
    assert_eq!((ladder[0], ladder[2]), (50.0, 10.0));
    // What stands beside the β of the run is of the rung that has it.
    let of_coldest = |name: &str| {
        let mut statistics = rungs[0]["statistics"].as_array().unwrap().iter();
        number(&statistics.find(|one| one["name"] == name).unwrap()["mean"])
    };
    let temperature = of_coldest("kinetic_energy") / 3.0;
    assert!((number(&results["kinetic_temperature"]) - temperature).abs() < 1e-12);
    assert!((number(&results["mean_potential"]) - of_coldest("potential")).abs() < 1e-12);

    // A report and a free energy are of one rung, at its own temperature.
    let rung = place.json("report run --chain 1 --zoom 0:0 --points 3 --map-draws 50");
    assert_eq!(number(&rung["inverse_temperature"]), ladder[1]);
    assert_eq!(numbers(&rung["ladder"]), ladder);
    let ratio = number(&rung["convergence"]["kinetic_temperature"]);
    let error = number(&rung["convergence"]["kinetic_temperature_error"]);
    // Five standard errors: one in a million, the seed being fixed. That of the run would be off by a factor of 2.
    assert!((ratio - 1.0).abs() < 5.0 * error && error < 0.1, "{rung}");
    let page = std::fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("Ladder of β"));
    let energy = place.json("analyse free-energy run --chain 2 --along potential --resamples 0");
    assert_eq!(number(&energy["inverse_temperature"]), ladder[2]);
    for line in [
        "report run",
        "analyse free-energy run --along potential",
        "analyse averages run",
        "analyse autocorrelation run",
        "analyse covariance run",
        "analyse diffusion-map run",
    ] {
        place.assert_refused(
            line,
            "take one of them with `--chain`: 0 (β = 50), 1 (β = 22.3607)",
        );
    }
    let text = place.text("sample --resume run --steps 1010");
    assert!(text.contains("chain        β  draws"), "{text}");
}

/// Finite, and yet nowhere near what was sampled from.
#[test]
fn a_chain_that_leaves_every_scale_has_diverged() {
    let place = Place::new();
    place.text(&format!(
        "train {DATA} --optimizer lbfgs --steps 30 --seed 1 --out one"
    ));
    let line = "sample --from one --sampler ccadl --steps 2000 --seed 1";
    let output = place.run(&format!("{line} --step-size 0.5 --out two --json"));
    let results: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{results}");
    assert_eq!(results["potential_level"]["verdict"], "diverged");
    assert!(number(&results["mean_potential"]) > 1e3, "{results}");
    let output = place.run(&format!("{line} --step-size 0.5 --out three"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("warning: ") && text.contains("the chain has diverged"),
        "{text}"
    );
    let report = place.json("report two --zoom 0:0 --points 3 --map-draws 50");
    assert_eq!(report["verdict"], "failed", "{report}");
    assert!(
        report["verdict_in_words"]
            .as_str()
            .unwrap()
            .contains("Potential")
    );
    // As it should be: half of N/β above the minimum, as on a parabola. The error of the mean of 2,000 draws is below 0.03.
    let results = place
        .json("sample --from one --step-size 0.3 --friction 1 --steps 20000 --seed 1 --out four");
    assert_eq!(results["potential_level"]["verdict"], "allowed");
    let excess = number(&results["potential_level"]["excess"]);
    assert!((excess - 0.5).abs() < 0.1, "{results}");
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
