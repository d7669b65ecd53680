//! `tati analyse` of draws from tables, against numbers known otherwise.

use std::f64::consts::PI;
use std::path::Path;

use crate::command::{assert_close, column, json, number, numbers};
use crate::draws::{autoregressive, loss, normal, walk, write};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    squares / (values.len() - 1) as f64
}

#[test]
fn averages_are_those_of_the_draws_that_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let chains = [normal(1, 200, &[1.0, 3.0]), normal(2, 200, &[1.0, 3.0])];
    let file = write(folder.path(), "draws.csv", &chains);
    let out = folder.path().join("averages");
    let found = json(&[
        "analyse",
        "averages",
        "--trajectory",
        text(&file),
        "--burn-in",
        "20",
        "--every",
        "3",
        "--out",
        text(&out),
    ]);
    let kept: Vec<&Vec<f64>> = chains
        .iter()
        .flat_map(|chain| chain.iter().skip(20).step_by(3))
        .collect();
    assert_eq!(found["num_draws"], 120);
    assert_eq!(found["parameters"][1], "weight1");
    for parameter in 0..2 {
        let series: Vec<f64> = kept.iter().map(|draw| draw[parameter]).collect();
        let at = |key: &str| number(&found[key][parameter]);
        assert_close(
            &[at("mean"), at("variance")],
            &[mean(&series), variance(&series)],
            1e-12,
        );
        // Independent draws: the error is that of their number, up to the noise of τ.
        let expected = (variance(&series) / 120.0).sqrt();
        assert!((at("standard_error") / expected - 1.0).abs() < 0.5);
    }
    let losses: Vec<f64> = kept.iter().map(|draw| loss(draw)).collect();
    assert_close(
        &[number(&found["potential"]["mean"])],
        &[mean(&losses)],
        1e-12,
    );
    assert_close(
        &numbers(&found["potential"]["running_mean"][0])[19..],
        &[mean(&losses[..60])],
        1e-12,
    );
    // Every digit is in the table.
    assert_eq!(
        column(&out.join("averages.csv"), "mean"),
        numbers(&found["mean"])
    );
    assert!(out.join("potential-running.png").is_file());
    let one = json(&[
        "analyse",
        "averages",
        "--trajectory",
        text(&file),
        "--chain",
        "1",
    ]);
    let second: Vec<f64> = chains[1].iter().map(|draw| draw[0]).collect();
    assert_close(&[number(&one["mean"][0])], &[mean(&second)], 1e-12);
}

#[test]
fn the_covariance_has_the_eigenpairs_of_its_matrix() {
    let folder = tempfile::tempdir().unwrap();
    let turned = |draw: &Vec<f64>| vec![draw[0] + draw[1], draw[0] - 0.5 * draw[1]];
    let draws: Vec<Vec<f64>> = normal(3, 500, &[2.0, 1.0]).iter().map(turned).collect();
    let file = write(folder.path(), "draws.csv", std::slice::from_ref(&draws));
    let out = folder.path().join("covariance");
    let arguments = [
        "analyse",
        "covariance",
        "--trajectory",
        text(&file),
        "--matrix",
    ];
    let found = json(&[&arguments[..], &["--out", text(&out), "--svg"]].concat());
    let series = |at: usize| draws.iter().map(|draw| draw[at]).collect::<Vec<f64>>();
    let (x, y) = (series(0), series(1));
    let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x + y).collect();
    let [a, c] = [variance(&x), variance(&y)];
    let b = 0.5 * (variance(&sum) - a - c);
    assert_close(&numbers(&found["covariance"][0]), &[a, b], 1e-10);
    assert_close(&numbers(&found["covariance"][1]), &[b, c], 1e-10);
    let root = (0.25 * (a - c).powi(2) + b * b).sqrt();
    let expected = [0.5 * (a + c) + root, 0.5 * (a + c) - root];
    assert_close(&numbers(&found["eigenvalues"]), &expected, 1e-10);
    let shares = expected.map(|value| value / (a + c));
    assert_close(&numbers(&found["explained_variance_ratio"]), &shares, 1e-12);
    assert_eq!(found["verdict"], "stationary");
    // C v = λ v, with the vectors in rows.
    let vectors = [
        column(&out.join("eigenvectors.csv"), "weight0"),
        column(&out.join("eigenvectors.csv"), "weight1"),
    ];
    for (at, value) in expected.iter().enumerate() {
        let [v, w] = [vectors[0][at], vectors[1][at]];
        assert_close(
            &[a * v + b * w, b * v + c * w],
            &[value * v, value * w],
            1e-9,
        );
    }
    assert!(out.join("spectrum.svg").is_file() && out.join("trajectories.svg").is_file());
}

#[test]
fn a_random_walk_is_told_and_has_the_spectrum_of_its_null() {
    let folder = tempfile::tempdir().unwrap();
    // In many dimensions the spectrum of a walk hardly scatters.
    let file = write(folder.path(), "walk.csv", &[walk(4, 300, 200)]);
    let found = json(&[
        "analyse",
        "covariance",
        "--trajectory",
        text(&file),
        "--components",
        "5",
    ]);
    assert_eq!(found["verdict"], "random walk");
    let null = numbers(&found["null_eigenvalues"]);
    for (value, null) in numbers(&found["eigenvalues"]).iter().zip(&null) {
        // The scatter of an eigenvalue is sqrt(2/200) of it, and that of the diffusion 1 %.
        assert!((value / null - 1.0).abs() < 0.4, "{value} {null}");
    }
    assert!(numbers(&found["cosine_content"])[0] > 0.9);
    let averages = json(&["analyse", "averages", "--trajectory", text(&file)]);
    assert!(
        averages["verdict"]
            .as_str()
            .unwrap()
            .starts_with("too short")
    );
    let energy = [
        "analyse",
        "free-energy",
        "--trajectory",
        text(&file),
        "--inverse-temperature",
        "1",
        "--along",
        "component:1",
        "--resamples",
        "0",
    ];
    let verdict = json(&energy)["verdict"].clone();
    assert!(
        verdict.as_str().unwrap().starts_with("random walk"),
        "{verdict}"
    );
}

#[test]
fn autocorrelation_times_are_those_of_the_recursion() {
    let folder = tempfile::tempdir().unwrap();
    let chains = [
        autoregressive(5, 10_000, 0.5),
        autoregressive(6, 10_000, 0.5),
    ];
    let file = write(folder.path(), "draws.csv", &chains);
    for estimator in ["geyer", "sokal", "acor"] {
        let found = json(&[
            "analyse",
            "autocorrelation",
            "--trajectory",
            text(&file),
            "--estimator",
            estimator,
        ]);
        // (1 + φ)/(1 − φ), known to 4 %: five times that.
        let time = number(&found["integrated_autocorrelation_time"][0]);
        assert!((time - 3.0).abs() < 0.6, "{estimator} {time}");
        assert!((number(&found["effective_sample_size"][0]) - 20_000.0 / 3.0).abs() < 1500.0);
        assert_eq!(found["converged"], true);
    }
    let apart: Vec<Vec<f64>> = chains[1].iter().map(|draw| vec![draw[0] + 4.0]).collect();
    let file = write(folder.path(), "apart.csv", &[chains[0].clone(), apart]);
    let out = folder.path().join("out");
    let found = json(&[
        "analyse",
        "autocorrelation",
        "--trajectory",
        text(&file),
        "--out",
        text(&out),
    ]);
    assert!(number(&found["r_hat"][0]) > 1.5 && found["converged"] == false);
    let rho = column(&out.join("correlation-functions.csv"), "weight0");
    assert!(rho[0] == 1.0 && (rho[1] - 0.5).abs() < 0.05, "{rho:?}");
    let along = [
        "analyse",
        "autocorrelation",
        "--trajectory",
        text(&file),
        "--along",
        "components",
        "--components",
        "1",
    ];
    let time = |value: &serde_json::Value| number(&value["integrated_autocorrelation_time"][0]);
    assert!((time(&json(&along)) / time(&found) - 1.0).abs() < 1e-9);
}

#[test]
fn a_diffusion_map_of_an_arc_has_its_spectrum_and_tells_time() {
    let folder = tempfile::tempdir().unwrap();
    // Half a circle, whose eigenvectors are cosines along it, and each eigenvalue's the only one.
    let along = |step: usize| {
        let angle = |draw: usize| PI * ((draw * step) % 300) as f64 / 300.0;
        let draws = (0..300).map(|draw| vec![angle(draw).cos(), angle(draw).sin()]);
        draws.collect::<Vec<_>>()
    };
    let in_order = write(folder.path(), "order.csv", &[along(1)]);
    let out = folder.path().join("map");
    let arguments = |file| {
        [
            "analyse",
            "diffusion-map",
            "--trajectory",
            file,
            "--bandwidth",
            "0.004",
            "--eigenpairs",
            "5",
        ]
    };
    let found = json(&[&arguments(text(&in_order))[..], &["--out", text(&out)]].concat());
    assert_eq!(
        (found["num_points"].as_u64(), found["bandwidth"].as_f64()),
        (Some(300), Some(0.004))
    );
    let values = numbers(&found["eigenvalues"]);
    // 0, −k, −4k, −9k, −16k.
    assert!(values[0].abs() < 1e-9);
    let ratio = |at: usize| values[at] / values[1];
    assert!(
        (ratio(2) / 4.0 - 1.0).abs() < 0.1 && (ratio(3) / 9.0 - 1.0).abs() < 0.1,
        "{values:?}"
    );
    assert_eq!(found["verdict"], "time");
    assert_eq!(numbers(&found["null_eigenvalues"]).len(), 5);
    assert_eq!(
        column(&out.join("coordinates.csv"), "coordinate1").len(),
        300
    );
    assert!(out.join("coordinates-by-potential.png").is_file());
    // The same points in another order.
    let mixed = write(folder.path(), "mixed.csv", &[along(127)]);
    let again = json(&arguments(text(&mixed)));
    assert_close(&numbers(&again["eigenvalues"]), &values, 1e-6);
    assert_ne!(again["verdict"], "time");
}

#[test]
fn the_free_energy_of_a_gaussian_is_a_parabola() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "draws.csv",
        &[normal(7, 20_000, &[1.0, 1.0])],
    );
    let beta = 2.0;
    let along = [
        "analyse",
        "free-energy",
        "--trajectory",
        text(&file),
        "--inverse-temperature",
        "2",
        "--along",
        "weight0",
    ];
    let out = folder.path().join("free-energy");
    let found = json(&[&along[..], &["--bins", "24", "--out", text(&out)]].concat());
    let [places, energies, errors] =
        ["coordinate", "free_energy", "error"].map(|key| numbers(&found[key]));
    let lowest = (0..24).find(|bin| energies[*bin] == 0.0).unwrap();
    for bin in (0..24).filter(|bin| places[*bin].abs() < 2.0) {
        let exact = (places[bin].powi(2) - places[lowest].powi(2)) / (2.0 * beta);
        // The lowest bin is the lowest by its own noise too; wide bins bend by less than that.
        let error = errors[bin].hypot(errors[lowest]);
        assert!(
            (energies[bin] - exact).abs() < 4.5 * error + 0.005,
            "{} {exact}",
            energies[bin]
        );
    }
    assert_eq!(found["barriers"].as_array().unwrap().len(), 0);
    assert_eq!(found["basins"].as_array().unwrap().len(), 1);
    assert_eq!(
        column(&out.join("free-energy.csv"), "free_energy")[lowest],
        0.0
    );
    // Levels with their landmarks, and a plane.
    let levels = json(&[&along[..], &["--method", "level-sets", "--bins", "5"]].concat());
    assert_eq!(levels["landmarks"].as_array().unwrap().len(), 5);
    let plane = json(&[&along[..], &["--along", "potential", "--bins", "8"]].concat());
    assert_eq!(plane["free_energy"][7].as_array().unwrap().len(), 8);
    // Weighted to twice the temperature a Gaussian is √2 as wide.
    let hot = json(&[&along[..], &["--reweight-to", "1", "--bins", "24"]].concat());
    assert_eq!(hot["inverse_temperature"], 1.0);
}

#[test]
fn two_wells_have_a_barrier_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let shifted =
        |(at, draw): (usize, &Vec<f64>)| vec![draw[0] + if at % 4 == 0 { -3.0 } else { 3.0 }];
    let draws: Vec<Vec<f64>> = normal(8, 8000, &[1.0])
        .iter()
        .enumerate()
        .map(shifted)
        .collect();
    let file = write(folder.path(), "draws.csv", &[draws]);
    let found = json(&[
        "analyse",
        "free-energy",
        "--trajectory",
        text(&file),
        "--along",
        "weight0",
        "--inverse-temperature",
        "1",
    ]);
    let basins = found["basins"].as_array().unwrap();
    assert_eq!(basins.len(), 2);
    // Every fourth draw, exactly; a few in a thousand are on the other side.
    assert!((number(&basins[0]["population"]) - 0.25).abs() < 0.01);
    let barrier = &found["barriers"][0];
    assert_eq!(barrier["between"], serde_json::json!([0, 1]));
    assert!(number(&barrier["position"][0]).abs() < 1.0);
    assert!(found["verdict"].as_str().unwrap().ends_with("2 basins"));
}
