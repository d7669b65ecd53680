//! Small runs to look at, with models simple enough to compute by hand.

use std::path::{Path, PathBuf};

use crate::command::json;

/// Points in two dimensions with two classes.
pub fn points() -> Vec<([f64; 2], usize)> {
    let point = |number: usize| {
        let turn = number as f64;
        let class = number % 2;
        let side = if class == 0 { -0.5 } else { 0.5 };
        (
            [side + (1.7 * turn).sin(), side + (2.3 * turn).cos()],
            class,
        )
    };
    (0..40).map(point).collect()
}

/// Writes the points as a table.
pub fn table(folder: &Path) -> PathBuf {
    let path = folder.join("points.csv");
    let mut text = "x1,x2,label\n".to_string();
    for ([x, y], label) in points() {
        text.push_str(&format!("{x},{y},{label}\n"));
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// Trains a perceptron on the points, or a linear network of one output with `mean-squared`.
pub fn train(folder: &Path, name: &str, loss: &str, seed: &str) -> PathBuf {
    let run = folder.join(name);
    let data = format!("csv:{}", table(folder).display());
    let model: &[&str] = match loss {
        "mean-squared" => &["--model", "mlp", "--outputs", "1"],
        _ => &["--model", "perceptron"],
    };
    let arguments = [
        "train",
        "--data",
        &data,
        "--loss",
        loss,
        "--steps",
        "300",
        "--step-size",
        "0.2",
        "--seed",
        seed,
        "--out",
        run.to_str().unwrap(),
    ];
    json(&[&arguments, model].concat());
    run
}

/// Samples from a run by two walkers.
pub fn sample(folder: &Path, from: &Path) -> PathBuf {
    let run = folder.join("draws");
    json(&[
        "sample",
        "--from",
        from.to_str().unwrap(),
        "--sampler",
        "baoab",
        "--step-size",
        "0.1",
        "--friction",
        "10",
        "--inverse-temperature",
        "40",
        "--steps",
        "600",
        "--every",
        "10",
        "--walkers",
        "2",
        "--seed",
        "3",
        "--out",
        run.to_str().unwrap(),
    ]);
    run
}

/// A perceptron's parameters: W of shape \[2, 2\], a row a class, then b.
pub type Theta = [f64; 6];

/// The outputs of a perceptron.
pub fn outputs(theta: &Theta, [x, y]: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|class| theta[2 * class] * x + theta[2 * class + 1] * y + theta[4 + class])
}

/// The mean softmax cross-entropy of a perceptron.
pub fn loss(theta: &Theta) -> f64 {
    let points = points();
    let of_point = |(point, label): &([f64; 2], usize)| {
        let outputs = outputs(theta, *point);
        outputs.map(f64::exp).iter().sum::<f64>().ln() - outputs[*label]
    };
    points.iter().map(of_point).sum::<f64>() / points.len() as f64
}

/// Writes a row of parameters at step 7, and another at step 9.
pub fn parameters(folder: &Path, rows: [Theta; 2]) -> PathBuf {
    let path = folder.join("parameters.csv");
    let mut text = "id,step,loss,weight0,weight1,weight2,weight3,bias0,bias1\n".to_string();
    for (step, row) in [7, 9].iter().zip(rows) {
        let numbers = row.map(|value| format!("{value:?}")).join(",");
        text.push_str(&format!("0,{step},NaN,{numbers}\n"));
    }
    std::fs::write(&path, text).unwrap();
    path
}
