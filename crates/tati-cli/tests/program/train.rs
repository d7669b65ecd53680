//! `tati train`: optimizers, losses and models from the shell.

use crate::command::{Place, number};

/// Convex problems have one minimum, which every optimizer finds.
#[test]
fn every_optimizer_finds_the_same_minimum() {
    let place = Place::new();
    let loss = |options: &str, name: &str| {
        let line = format!(
            "train --data clusters --items 100 --noise 0.1 --prior-gaussian 0.1 --seed 4 {options} --out {name}"
        );
        let results = place.json(&line);
        assert_eq!(number(&results["num_parameters"]), 6.0);
        number(&results["potential"])
    };
    let expected = loss("--optimizer lbfgs --steps 30", "lbfgs");
    for (options, tolerance) in [
        ("--optimizer bb --steps 200", 1e-5),
        (
            "--optimizer sgd --steps 2000 --step-size 0.2 --momentum 0.5",
            1e-5,
        ),
        ("--optimizer adam --stages 1000:0.03,500:0.003", 1e-4),
    ] {
        let name = options.split_whitespace().nth(1).unwrap();
        let found = loss(options, name);
        assert!(
            (found - expected).abs() < tolerance,
            "{options}: {found}, {expected}"
        );
    }
}

#[test]
fn every_loss_learns_to_tell_clusters_apart() {
    let place = Place::new();
    for (loss, more) in [
        ("softmax-cross-entropy", ""),
        ("mean-squared", "--outputs 1 --output-activation tanh"),
        ("sigmoid-cross-entropy", "--outputs 1"),
        ("hinge", "--outputs 1"),
        ("absolute-difference", "--outputs 1"),
        ("log", "--output-activation sigmoid"),
    ] {
        let line = format!(
            "train --data clusters --items 100 --test-share 0.2 --model mlp --hidden 4 --activation tanh --loss {loss} {more} \
             --optimizer adam --steps 300 --step-size 0.03 --seed 2 --out {loss}"
        );
        let results = place.json(&line);
        assert!(number(&results["train_accuracy"]) > 0.97, "{results}");
        assert!(number(&results["test_accuracy"]) > 0.9, "{results}");
    }
}

/// x₁² and x₂² make circles linear.
#[test]
fn inputs_are_made_of_features() {
    let place = Place::new();
    let line = "train --data circles --items 200 --seed 1 --optimizer lbfgs --steps 50";
    let plain = place.json(&format!("{line} --out plain"));
    let squares = place.json(&format!("{line} --inputs x1^2,x2^2 --out squares"));
    assert!(number(&plain["train_accuracy"]) < 0.8, "{plain}");
    assert_eq!(number(&squares["train_accuracy"]), 1.0, "{squares}");
}

#[test]
fn training_goes_on_from_a_saved_run() {
    let place = Place::new();
    let first = place.json(
        "train --data glyphs --items 200 --model lenet --freeze convolution1 --steps 3 --batch-size 50 --seed 1 --out one",
    );
    let second = place.json("train --from one --steps 3 --batch-size 50 --seed 1 --out two");
    assert_eq!(first["num_parameters"], second["num_parameters"]);
    assert!(number(&second["potential"]) < number(&first["potential"]));
    let frozen = 6.0 * 26.0;
    assert_eq!(number(&first["num_parameters"]), 61_706.0 - frozen);
}

#[test]
fn a_diverging_run_says_so_and_keeps_its_record() {
    let place = Place::new();
    let output = place.run(
        "train --data squares --loss mean-squared --model mlp --step-size 10 --record-every 1 --seed 1 --out run",
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("of training is") && error.contains("smaller step size"),
        "{error}"
    );
    assert!(number(&place.json("export run --out t.csv")["num_draws"]) > 0.0);
}
