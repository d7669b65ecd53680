//! Autocorrelation times of series where they are known: value, error, agreement of the estimators; what has none.

use crate::series::autoregressive;
use tati_core::TatiError;
use tati_landscape::{
    AutocorrelationEstimator, AutocorrelationTime, RunningMoments, autocorrelation_function,
    integrated_autocorrelation_time,
};

use AutocorrelationEstimator::{Acor, Geyer, Sokal};

const ALL: [AutocorrelationEstimator; 3] = [Acor, Sokal, Geyer];

fn time(series: &[f64], estimator: AutocorrelationEstimator) -> AutocorrelationTime {
    integrated_autocorrelation_time(series, estimator).unwrap()
}

#[test]
fn the_function_of_an_autoregressive_series_is_a_power() {
    let length = 200_000;
    let rho = autocorrelation_function(&autoregressive(0.9, length, 1)).unwrap();
    assert_eq!(rho.len(), length);
    assert!((rho[0] - 1.0).abs() < 1e-14);
    // Bartlett: the variance of ρ(t) is below Σ ρ²/n, here 9.5/n. Twenty lags within 4.5 errors: a false alarm in 7,000.
    let error = (9.53 / length as f64).sqrt();
    for (lag, rho) in rho.iter().enumerate().take(21) {
        assert!(
            (rho - 0.9_f64.powi(lag as i32)).abs() < 4.5 * error,
            "{lag}"
        );
    }
    assert!((rho[1..].iter().sum::<f64>() + 0.5).abs() < 1e-9);
}

/// Each within 3 standard errors: a false alarm in 120 for three estimates that share their series. The control is a time that
/// is wrong by a half.
#[test]
fn known_times_are_found() {
    for (phi, seed) in [(0.9, 2), (0.0, 3), (0.5, 4), (-0.3, 5)] {
        let exact = (1.0 + phi) / (1.0 - phi);
        let series = autoregressive(phi, 400_000, seed);
        let found = ALL.map(|estimator| time(&series, estimator));
        for (estimator, found) in ALL.into_iter().zip(found) {
            let score = (found.time - exact) / found.error;
            assert!(score.abs() < 3.0, "φ = {phi}, {estimator:?}: {found:?}");
            let wrong = (found.time - 1.5 * exact) / found.error;
            assert!(wrong.abs() > 3.0, "φ = {phi}, {estimator:?}: {found:?}");
        }
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let [a, b] = [found[a], found[b]];
            assert!(
                (a.time - b.time).abs() < 3.0 * a.error.hypot(b.error),
                "{a:?} {b:?}"
            );
        }
    }
}

/// Errors tell the spread: of 200 series each, z-scores have standard deviation 1 within 25 % (five standard deviations of a standard
/// deviation of 200 numbers), and twice the error would not.
#[test]
fn errors_are_the_spread_of_the_estimates() {
    let exact = 9.0;
    for estimator in ALL {
        let scores: Vec<f64> = (0..200)
            .map(|seed| {
                let found = time(&autoregressive(0.8, 20_000, 1000 + seed), estimator);
                // Relative to the exact time: the error is a share of the estimate.
                (found.time - exact) / (found.error / found.time * exact)
            })
            .collect();
        let spread = RunningMoments::of(&scores).variance().sqrt();
        assert!((0.75..1.25).contains(&spread), "{estimator:?}: {spread}");
    }
}

#[test]
fn alternating_series_have_times_below_one() {
    // 0.0526; acor sums 10 lags and finds 1 + 2 Σ φᵗ over them, 0.38.
    let series = autoregressive(-0.9, 200_000, 7);
    for estimator in [Sokal, Geyer] {
        let found = time(&series, estimator);
        let exact = 0.1 / 1.9;
        assert!(
            (found.time - exact).abs() < 3.0 * found.error,
            "{estimator:?} {found:?}"
        );
        assert!(found.error < 0.2 * exact);
    }
    let cut_off = 1.0 + 2.0 * (1..=10).map(|t| (-0.9_f64).powi(t)).sum::<f64>();
    let found = time(&series, Acor);
    assert!(
        (found.time - cut_off).abs() < 0.02 && found.time < 1.0,
        "{found:?}"
    );
}

#[test]
fn times_do_not_depend_on_scale_or_offset() {
    let series = autoregressive(0.7, 3000, 8);
    let moved: Vec<f64> = series.iter().map(|x| 1e3 - 1e-3 * x).collect();
    for estimator in ALL {
        let [a, b] = [&series, &moved].map(|series| time(series, estimator));
        assert_eq!(a.window, b.window);
        assert!((a.time / b.time - 1.0).abs() < 1e-8, "{a:?} {b:?}");
    }
}

#[test]
fn what_has_no_autocorrelation_is_refused() {
    let message = |series: &[f64]| {
        let messages = ALL.map(|estimator| {
            let result = integrated_autocorrelation_time(series, estimator);
            result.unwrap_err().to_string()
        });
        assert_eq!(messages[1], messages[2]);
        messages
    };
    let [acor, sokal, _] = message(&[0.1; 100]);
    let constant = "`series` is 0.1 throughout: it must be of numbers that differ: a constant has no autocorrelation";
    assert_eq!([acor.as_str(), &sokal], [constant; 2]);
    let [acor, sokal, _] = message(&[1.0, 2.0, 3.0]);
    let short = "`length of the series` is 3: it must be at least 10";
    assert_eq!([acor.as_str(), &sokal], [short; 2]);
    message(&[]);
    let mut series = autoregressive(0.0, 100, 9);
    series[17] = f64::NAN;
    assert!(message(&series)[0].starts_with("number 17 of the series is NaN: "));
    assert!(autocorrelation_function(&series).is_err());
    let huge: Vec<f64> = autoregressive(0.0, 100, 9)
        .iter()
        .map(|x| 1e300 * x)
        .collect();
    assert!(message(&huge)[0].starts_with("the variance of the series is inf: "));

    assert!(autocorrelation_function(&[1.0]).is_err());
    assert!(autocorrelation_function(&[1.0, 1.0]).is_err());
    let series = autoregressive(0.999, 300, 10);
    let error = integrated_autocorrelation_time(&series, Acor).unwrap_err();
    assert!(matches!(error, TatiError::InvalidSetting { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("`length of the series` is 300: it must be at least 50 for")
    );
    let alternating: Vec<f64> = (0..100).map(|i| f64::from(i % 2)).collect();
    let error = integrated_autocorrelation_time(&alternating, Sokal).unwrap_err();
    assert!(error.to_string().contains("alternate in sign"), "{error}");
    assert!(time(&alternating, Geyer).time < 0.05);
}
