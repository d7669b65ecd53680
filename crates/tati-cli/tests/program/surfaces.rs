//! `tati surface`, `tati inputs` and the curvature of runs, against sums by hand.

use std::path::Path;

use crate::command::{assert_close, column, json, number, numbers, tati};
use crate::runs::{Theta, loss, outputs, parameters, points, sample, train};

const HERE: Theta = [0.3, -0.2, 0.5, 0.1, -0.4, 0.25];
const THERE: Theta = [-0.1, 0.4, 0.2, -0.3, 0.6, 0.0];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn moved(theta: &Theta, place: usize, by: f64) -> Theta {
    let mut moved = *theta;
    moved[place] += by;
    moved
}

#[test]
fn surfaces_are_the_loss_at_their_points() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "optimum", "softmax-cross-entropy", "1");
    let file = parameters(folder.path(), [HERE, THERE]);
    let at_step = ["--parameters", text(&file), "--step", "7"];

    // A grid of two parameters, the first a weight, by hand.
    let out = folder.path().join("grid");
    let arguments = [
        "surface",
        "grid",
        text(&run),
        "--parameter",
        "weight[1][0]=-1:1",
        "--parameter",
        "bias[1]=0:2",
        "--points",
        "3",
        "--out",
        text(&out),
    ];
    let found = json(&[&arguments[..], &at_step].concat());
    assert_eq!(found["shape"], serde_json::json!([3, 3]));
    let mut expected = Vec::new();
    for weight in [-1.0, 0.0, 1.0] {
        for bias in [0.0, 1.0, 2.0] {
            let mut theta = HERE;
            (theta[2], theta[5]) = (weight, bias);
            expected.push(loss(&theta));
        }
    }
    assert_close(&numbers(&found["potential"]), &expected, 1e-6);
    let lowest = expected.iter().copied().fold(f64::INFINITY, f64::min);
    assert_close(&[number(&found["minimum"]["potential"])], &[lowest], 1e-6);
    assert_eq!(
        column(&out.join("surface.csv"), "potential"),
        numbers(&found["potential"])
    );

    // Along the way to another row, in single and in double precision.
    let line = [
        "surface",
        "line",
        text(&run),
        "--towards-step",
        "9",
        "--range",
        "0:1",
        "--points",
        "3",
    ];
    let middle: Theta = std::array::from_fn(|place| 0.5 * (HERE[place] + THERE[place]));
    let expected = [loss(&HERE), loss(&middle), loss(&THERE)];
    let single = json(&[&line[..], &at_step].concat());
    assert_close(&numbers(&single["potential"]), &expected, 1e-6);
    let double = json(&[&line[..], &at_step, &["--double"]].concat());
    // The data are in single precision: what is left is their rounding.
    assert_close(&numbers(&double["potential"]), &expected, 1e-7);
    assert_close(&[number(&double["origin_potential"])], &expected[..1], 1e-7);

    // Directions from a file, at nested scales.
    let directions = folder.path().join("directions.csv");
    std::fs::write(
        &directions,
        "component,a,b,c,d,e,f\n1,1,0,0,0,0,0\n2,0,0,0,0,0,2\n",
    )
    .unwrap();
    let plane = [
        "surface",
        "plane",
        text(&run),
        "--directions-file",
        text(&directions),
    ];
    let out = folder.path().join("zoom");
    let zoomed = json(
        &[
            &plane[..],
            &at_step,
            &["--zoom", "0:-2", "--points", "3", "--out", text(&out)],
        ]
        .concat(),
    );
    assert_eq!(zoomed["zooms"].as_array().unwrap().len(), 3);
    let along = numbers(&zoomed["zooms"][1]["potential"]);
    assert_close(&[along[7]], &[loss(&moved(&HERE, 0, 0.1))], 1e-6);
    assert_close(&[along[5]], &[loss(&moved(&HERE, 5, 0.2))], 1e-6);
    assert!(out.join("zoom.png").is_file() && out.join("surface-2.csv").is_file());

    // Random directions have filters as long as the network's; the same seed draws the same.
    let random = [
        "surface",
        "plane",
        text(&run),
        "--random",
        "--seed",
        "5",
        "--points",
        "3",
    ];
    let once = json(&[&random[..], &at_step].concat());
    assert_eq!(once, json(&[&random[..], &at_step].concat()));
    assert_close(&[numbers(&once["potential"])[4]], &[loss(&HERE)], 1e-6);
}

#[test]
fn draws_of_a_run_span_a_plane_and_are_evaluated_anew() {
    let folder = tempfile::tempdir().unwrap();
    let optimum = train(folder.path(), "optimum", "softmax-cross-entropy", "1");
    let run = sample(folder.path(), &optimum);
    let csv = folder.path().join("draws.csv");
    json(&["export", text(&run), "--out", text(&csv)]);
    // The exported table holds what the run does.
    for analysis in ["averages", "covariance", "autocorrelation"] {
        let arguments =
            |source: &[&str]| json(&[&["analyse", analysis, "--burn-in", "5"], source].concat());
        let (recorded, table) = (
            arguments(&[text(&run)]),
            arguments(&["--trajectory", text(&csv)]),
        );
        assert_eq!(recorded["num_draws"], 110);
        for key in ["variance", "eigenvalues", "integrated_autocorrelation_time"] {
            if let Some(values) = recorded[key].as_array() {
                let total = |value: &serde_json::Value| numbers(value).iter().sum::<f64>();
                // The table has the biases behind the weights, which are there already.
                let expected = total(&serde_json::json!(values));
                assert!(
                    (total(&table[key]) / expected - 1.0).abs() < 1e-6,
                    "{analysis} {key}"
                );
            }
        }
    }
    let energy = json(&[
        "analyse",
        "free-energy",
        text(&run),
        "--along",
        "potential",
        "--resamples",
        "0",
    ]);
    assert_eq!(energy["inverse_temperature"], 40.0);

    let out = folder.path().join("plane");
    let plane = json(&[
        "surface",
        "plane",
        text(&run),
        "--points",
        "5",
        "--project",
        "--out",
        text(&out),
    ]);
    assert_eq!(plane["shape"], serde_json::json!([5, 5]));
    assert_eq!(
        plane["projection"]["coefficients"][1]
            .as_array()
            .unwrap()
            .len(),
        60
    );
    assert!(out.join("surface.png").is_file() && out.join("projection.csv").is_file());

    // The loss at each draw is what was recorded with it, and at the exported numbers by hand.
    let along = json(&["surface", "trajectory", text(&run)]);
    assert_eq!(along["shape"], serde_json::json!([2, 60]));
    let recorded = column(&csv, "loss");
    assert_close(&numbers(&along["potential"]), &recorded, 1e-5);
    let names = ["weight0", "weight1", "weight2", "weight3", "bias0", "bias1"];
    let theta: Theta = names.map(|name| column(&csv, name)[17]);
    assert_close(&[numbers(&along["potential"])[17]], &[loss(&theta)], 1e-5);
    let by_table = json(&[
        "surface",
        "trajectory",
        text(&run),
        "--trajectory",
        text(&csv),
        "--every",
        "2",
    ]);
    assert_close(&[numbers(&by_table["potential"])[1]], &[recorded[2]], 1e-5);

    // Predictions at the draws, on average.
    let inputs = [
        "inputs",
        text(&run),
        "--input",
        "x1=-1:1",
        "--hold",
        "0,0.5",
        "--points",
        "3",
    ];
    let out = folder.path().join("mean");
    let mean = json(&[&inputs[..], &["--average", "--svg", "--out", text(&out)]].concat());
    // A line of each output with its band, of which there are two.
    let figure = std::fs::read_to_string(out.join("mean.svg")).unwrap();
    for label in [
        "output 0",
        "output 1",
        "mean ± standard deviation",
        "\nx1\n",
    ] {
        assert!(figure.contains(label), "{label}: {figure}");
    }
    assert_eq!(mean["files"].as_array().unwrap().len(), 2);
    let columns = names.map(|name| column(&csv, name));
    let at_draw = |draw: usize| {
        outputs(
            &std::array::from_fn(|place| columns[place][draw]),
            [1.0, 0.5],
        )[1]
    };
    let expected = (0..120).map(at_draw).sum::<f64>() / 120.0;
    assert_eq!(
        (mean["num_draws"].as_u64(), mean["num_outputs"].as_u64()),
        (Some(120), Some(2))
    );
    assert_close(&[numbers(&mean["mean"])[5]], &[expected], 1e-5);
    let file = parameters(folder.path(), [HERE, THERE]);
    let out = folder.path().join("row");
    let at_row = [
        "--parameters",
        text(&file),
        "--step",
        "9",
        "--out",
        text(&out),
    ];
    let at_row = json(&[&inputs[..], &at_row].concat());
    assert!(out.join("output.png").is_file());
    assert_close(
        &numbers(&at_row["outputs"])[..2],
        &outputs(&THERE, [-1.0, 0.5]),
        1e-6,
    );
    let shares = json(&[&inputs[..], &["--probabilities"]].concat());
    let shares = numbers(&shares["outputs"]);
    assert!(
        shares
            .chunks(2)
            .all(|pair| (pair[0] + pair[1] - 1.0).abs() < 1e-6)
    );
}

#[test]
fn curvature_and_learning_coefficient_of_a_linear_model_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "linear", "mean-squared", "2");
    // U is quadratic, H = (2/n) Σ (x, y, 1)(x, y, 1)ᵀ.
    let points = points();
    let trace = points
        .iter()
        .map(|([x, y], _)| 2.0 * (x * x + y * y + 1.0))
        .sum::<f64>()
        / points.len() as f64;
    // Of three parameters there are three pairs, where none are asked for.
    let all = tati(["analyse", "hessian", text(&run), "--probes", "0"])
        .output()
        .unwrap();
    let all = String::from_utf8(all.stdout).unwrap();
    assert!(
        all.starts_with("Hessian of 3 parameters over 40 items")
            && all.contains("the 3 largest of 3 eigenvalues"),
        "{all}"
    );
    let out = folder.path().join("hessian");
    let found = json(&[
        "analyse",
        "hessian",
        text(&run),
        "--pairs",
        "3",
        "--out",
        text(&out),
    ]);
    let eigenvalues = numbers(&found["eigenvalues"]);
    assert_close(&[eigenvalues.iter().sum()], &[trace], 1e-2);
    assert_eq!(found["converged"], true);
    let error = number(&found["trace_standard_error"]);
    assert!((number(&found["trace"]) - trace).abs() < 5.0 * error + 1e-2);
    assert!(out.join("spectrum.png").is_file());
    // λ = N/2 of a regular model.
    let sweep = json(&[
        "analyse",
        "learning-coefficient",
        text(&run),
        "--step-size",
        "0.01,0.03",
        "--tether-strength",
        "0.001",
        "--steps",
        "3000",
        "--burn-in",
        "500",
        "--seed",
        "4",
    ]);
    assert_eq!(
        (sweep["regular"].as_f64(), sweep["seed"].as_u64()),
        (Some(1.5), Some(4))
    );
    for setting in sweep["settings"].as_array().unwrap() {
        let [estimate, error] =
            ["learning_coefficient", "standard_error"].map(|key| number(&setting[key]));
        // Seven degrees of freedom; SGLD's own bias is hκ/2 of it, up to 8 %.
        assert!((estimate - 1.5).abs() < 5.5 * error + 0.15, "{setting}");
    }
}

#[test]
fn an_exploration_finds_the_minimum_and_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let run = train(folder.path(), "linear", "mean-squared", "2");
    let explore = |out: &str, rounds: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let arguments = [
            "explore",
            text(&run),
            "--step-size",
            "0.1",
            "--inverse-temperature",
            "40",
            "--chains",
            "2",
            "--corners",
            "3",
            "--steps",
            "200",
            "--every",
            "10",
            "--rounds",
            rounds,
            "--tolerance",
            "1e-9",
            "--seed",
            "1",
            "--out",
            text(&out),
        ];
        json(&[&arguments[..], more].concat())
    };
    let whole = explore("whole", "3", &[]);
    assert_eq!(
        (
            whole["end"].as_str(),
            whole["rounds"].as_array().unwrap().len()
        ),
        (Some("rounds_spent"), 3)
    );
    let minima = whole["minima"].as_array().unwrap();
    assert_eq!(minima.len(), 1, "{whole}");
    // More rounds later are the rounds of one exploration.
    explore("parts", "2", &[]);
    let resumed = explore("parts", "3", &["--resume"]);
    assert_eq!(
        (&resumed["rounds"], &resumed["minima"]),
        (&whole["rounds"], &whole["minima"])
    );
    // Its minima are rows that a line can be drawn from.
    let minima_file = folder.path().join("whole/minima-trajectory.csv");
    let line = json(&[
        "surface",
        "line",
        text(&run),
        "--parameters",
        text(&minima_file),
        "--step",
        "0",
        "--random",
        "--points",
        "3",
    ]);
    assert_close(
        &[number(&line["origin_potential"])],
        &[number(&minima[0]["potential"])],
        1e-5,
    );
    assert_eq!(line["minimum"]["indices"], serde_json::json!([1]));
}
