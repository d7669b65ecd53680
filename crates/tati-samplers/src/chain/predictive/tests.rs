//! Tests of the predictive average, with numbers written out.

use burn::tensor::{Device, TensorData};

use super::*;
use crate::Statistics;

type Logits = Vec<Vec<f32>>;

fn device() -> Device {
    tati_core::open_device("flex").expect("flex is compiled in")
}

/// A "model" is its table of logits.
fn tabulated(model: &Logits) -> Tensor<2> {
    let shape = [model.len(), model.first().map_or(0, Vec::len)];
    Tensor::from_data(TensorData::new(model.concat(), shape), &device())
}

/// Logits whose softmax has these probabilities.
fn logits(probabilities: &[&[f64]]) -> Logits {
    let row = |row: &&[f64]| row.iter().map(|p| p.ln() as f32).collect();
    probabilities.iter().map(row).collect()
}

fn average(labels: Vec<usize>, draws: &[Logits]) -> PredictiveAverage<fn(&Logits) -> Tensor<2>> {
    let mut average =
        PredictiveAverage::new(tabulated as fn(&Logits) -> Tensor<2>, labels).expect("labels");
    for draw in draws {
        average.include(draw).expect("a draw");
    }
    average
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
}

/// Two draws of three items in two classes.
fn example() -> PredictiveAverage<fn(&Logits) -> Tensor<2>> {
    average(
        vec![0, 1, 1],
        &[
            logits(&[&[0.9, 0.1], &[0.6, 0.4], &[0.3, 0.7]]),
            logits(&[&[0.72, 0.28], &[0.22, 0.78], &[0.86, 0.14]]),
        ],
    )
}

#[test]
fn a_summary_written_out() {
    let average = example();
    let expected = [0.81, 0.19, 0.41, 0.59, 0.58, 0.42];
    for (found, expected) in average.probabilities().iter().zip(expected) {
        close(*found, expected);
    }
    let summary = average.summary().expect("two draws");
    assert_eq!((summary.num_draws, average.num_classes()), (2, 2));
    close(summary.accuracy, 2.0 / 3.0);
    let nll = -(0.81f64.ln() + 0.59f64.ln() + 0.42f64.ln()) / 3.0;
    close(summary.negative_log_likelihood, nll);
    // Each draw is right twice of three times.
    close(summary.single_draw_accuracy, 2.0 / 3.0);
    let first = -(0.9f64.ln() + 0.4f64.ln() + 0.7f64.ln()) / 3.0;
    let second = -(0.72f64.ln() + 0.78f64.ln() + 0.14f64.ln()) / 3.0;
    close(
        summary.single_draw_negative_log_likelihood,
        0.5 * (first + second),
    );
    // Confidences 0.81, right; 0.59, right, and 0.58, wrong, in one bin.
    let error = 1.0 / 3.0 * 0.19 + 2.0 / 3.0 * (0.585 - 0.5);
    close(summary.expected_calibration_error, error);
    assert_eq!(summary.bins.len(), 15);
    let filled: Vec<_> = summary
        .bins
        .iter()
        .filter(|bin| bin.num_items > 0)
        .collect();
    assert_eq!(filled.len(), 2);
    assert_eq!((filled[0].num_items, filled[0].accuracy), (2, 0.5));
    close(filled[0].confidence, 0.585);
    // (8/15, 9/15] and (12/15, 13/15].
    assert_eq!(
        (summary.bins[8], summary.bins[12]),
        (*filled[0], *filled[1])
    );
    assert_eq!((filled[1].num_items, filled[1].accuracy), (1, 1.0));
    close(filled[1].confidence, 0.81);
}

#[test]
fn bins_are_closed_above() {
    // Confidences of exactly ½ = 7.5/15 and 1 = 15/15.
    let certain = f32::NEG_INFINITY;
    let average = average(vec![0, 1], &[vec![vec![0.0, 0.0], vec![0.0, certain]]]);
    let summary = average.summary().expect("a draw");
    assert_eq!(
        (summary.bins[7].num_items, summary.bins[7].accuracy),
        (1, 1.0)
    );
    assert_eq!(
        (summary.bins[14].num_items, summary.bins[14].accuracy),
        (1, 0.0)
    );
    assert_eq!(summary.expected_calibration_error, 0.75);
    // The label that was ruled out has a probability of 0, and a large but finite cost.
    let expected = 0.5 * (2f64.ln() - f64::MIN_POSITIVE.ln());
    close(summary.negative_log_likelihood, expected);
    close(summary.single_draw_negative_log_likelihood, expected);
}

#[test]
fn softmax_does_not_overflow() {
    let average = average(vec![1], &[vec![vec![1000.0, 1001.0, -2000.0]]]);
    let e = std::f64::consts::E;
    close(average.probabilities()[1], e / (1.0 + e));
    assert_eq!(average.probabilities()[2], 0.0);
}

#[test]
fn saved_and_restored_it_continues_exactly() {
    let more = logits(&[&[0.123, 0.877], &[0.456, 0.544], &[0.01, 0.99]]);
    let mut whole = example();
    let saved = Observer::<Logits>::save(&whole);
    let mut resumed = average(vec![0, 1, 1], &[]);
    assert!(resumed.summary().is_none());
    Observer::<Logits>::restore(&mut resumed, &saved).expect("restored");
    assert_eq!(resumed.summary(), whole.summary());
    let statistics = Statistics::default();
    let position = Tensor::zeros([1], &device());
    let draw = Draw {
        index: 2,
        step: 30,
        model: &more,
        position: &position,
        statistics: &statistics,
    };
    whole.observe(&draw).expect("a draw");
    resumed.observe(&draw).expect("a draw");
    assert_eq!(resumed.num_draws(), 3);
    let bits = |average: &PredictiveAverage<_>| -> Vec<u64> {
        average
            .probabilities()
            .iter()
            .map(|p: &f64| p.to_bits())
            .collect()
    };
    assert_eq!(bits(&resumed), bits(&whole));
    assert_eq!(resumed.summary(), whole.summary());
    assert_eq!(
        Observer::<Logits>::save(&resumed),
        Observer::<Logits>::save(&whole)
    );

    // Before the first draw, too.
    let empty = Observer::<Logits>::save(&average(vec![0, 1, 1], &[]));
    Observer::<Logits>::restore(&mut resumed, &empty).expect("restored");
    assert_eq!(resumed.num_draws(), 0);
    resumed.include(&more).expect("a draw");
}

#[test]
fn records_that_do_not_fit_are_refused() {
    let saved = Observer::<Logits>::save(&example());
    let mut other = average(vec![0, 1, 0], &[]);
    let mut cases: Vec<Vec<u8>> = vec![
        vec![],
        b"abacus".to_vec(),
        saved[..saved.len() / 2].to_vec(),
    ];
    for bytes in &cases {
        let message = Observer::<Logits>::restore(&mut other, bytes).expect_err("refused");
        assert!(message.to_string().contains("cannot be read"), "{message}");
    }
    let message = Observer::<Logits>::restore(&mut other, &saved).expect_err("refused");
    assert!(message.to_string().contains("labels differ"), "{message}");

    let mut gathered = example().gathered;
    gathered.probabilities.pop();
    let mut contradictory = example().gathered;
    contradictory.num_draws = 0;
    cases.clear();
    for gathered in [gathered, contradictory] {
        let mut bytes = Vec::new();
        ciborium::into_writer(&gathered, &mut bytes).expect("bytes");
        cases.push(bytes);
    }
    let mut same = example();
    let before = same.summary();
    for bytes in &cases {
        assert!(Observer::<Logits>::restore(&mut same, bytes).is_err());
    }
    assert_eq!(same.summary(), before);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut average = example();
    let before = average.summary();
    let row = |row: &[f32]| vec![row.to_vec(); 3];
    let cases = [
        (vec![vec![0.0, 0.0]; 2], "expected [3, 2], found [2, 2]"),
        (row(&[0.0, 0.0, 0.0]), "expected [3, 2], found [3, 3]"),
        (row(&[0.0, f32::NAN]), "a logit of item 0 in draw 2 is NaN"),
        (row(&[0.0, f32::INFINITY]), "is inf"),
        (row(&[f32::NEG_INFINITY; 2]), "is -inf"),
    ];
    for (draw, part) in cases {
        let message = average.include(&draw).expect_err("refused").to_string();
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(average.summary(), before);
    let mut beyond = self::average(vec![0, 2, 1], &[]);
    let message = beyond
        .include(&row(&[0.0, 0.0]))
        .expect_err("refused")
        .to_string();
    assert_eq!(
        message,
        "`labels` is 2: it must be below the number of classes, 2"
    );
}

#[test]
fn labels_may_be_a_tensor() {
    let tensor = |labels: &[i32]| Tensor::<1, Int>::from_data(labels, &device());
    let average = PredictiveAverage::with_label_tensor(tabulated, tensor(&[0, 1, 1]));
    assert_eq!(average.expect("labels").labels(), [0, 1, 1]);
    for (labels, part) in [(tensor(&[0, -1]), "`labels` is -1"), (tensor(&[]), "empty")] {
        let refused = PredictiveAverage::with_label_tensor(tabulated, labels);
        let message = refused.err().expect("refused").to_string();
        assert!(message.contains(part), "{message}");
    }
}
