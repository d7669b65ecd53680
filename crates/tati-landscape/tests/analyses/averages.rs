//! Averages and their errors: against known values, pooled, over any threads.

use crate::series::autoregressive;
use tati_landscape::{
    AutocorrelationEstimator, Average, Draws, RunningMoments, average, averages, running_averages,
};

use AutocorrelationEstimator::{Acor, Geyer, Sokal};

/// Of 200 series the means over their errors have standard deviation 1 within 25 %, five standard deviations of it; as independent
/// draws, for which τ = 9 is 1, they would have 3.
#[test]
fn errors_are_the_spread_of_the_means() {
    let all: Vec<Average> = (0..200)
        .map(|seed| average(&autoregressive(0.8, 20_000, 5000 + seed), Geyer).unwrap())
        .collect();
    let spread = |error: fn(&Average) -> f64| {
        let scores: Vec<f64> = all.iter().map(|found| found.mean / error(found)).collect();
        RunningMoments::of(&scores).variance().sqrt()
    };
    let by_time = spread(|found| found.standard_error);
    let by_blocks = spread(|found| found.block_error);
    let naive = spread(|found| (found.variance / found.num_draws as f64).sqrt());
    assert!((0.75..1.25).contains(&by_time), "{by_time}");
    assert!((0.75..1.25).contains(&by_blocks), "{by_blocks}");
    assert!(naive > 2.0, "{naive}");
}

/// Three chains of 200 draws of two parameters, the second of them constant.
fn theta() -> (Vec<f64>, Vec<Vec<f64>>) {
    let chains: Vec<Vec<f64>> = (0..3).map(|seed| autoregressive(0.5, 200, seed)).collect();
    let theta = chains.iter().flatten().flat_map(|&x| [x, 0.1]).collect();
    (theta, chains)
}

#[test]
fn chains_are_pooled() {
    let (theta, chains) = theta();
    let found = averages(&Draws::from_f64(&theta, [3, 200, 2]).unwrap(), Sokal).unwrap();
    let alone: Vec<Average> = chains
        .iter()
        .map(|chain| average(chain, Sokal).unwrap())
        .collect();
    for (chain, alone) in alone.iter().enumerate() {
        assert_eq!(found.per_chain[chain][0], *alone);
    }
    let pooled = found.pooled[0];
    let all = RunningMoments::of(&chains.concat());
    assert_eq!(pooled.num_draws, 600);
    assert!((pooled.mean - all.mean()).abs() < 1e-14);
    assert!((pooled.variance - all.variance()).abs() < 1e-13);
    let together = |error: fn(&Average) -> f64| {
        (alone.iter().map(|chain| error(chain).powi(2)).sum::<f64>() / 9.0).sqrt()
    };
    assert!((pooled.standard_error - together(|chain| chain.standard_error)).abs() < 1e-15);
    assert!((pooled.block_error - together(|chain| chain.block_error)).abs() < 1e-15);
    let error = (pooled.variance * pooled.autocorrelation_time / 600.0).sqrt();
    assert!((pooled.standard_error - error).abs() < 1e-15);
    let means: Vec<f64> = alone.iter().map(|chain| chain.mean).collect();
    let between = (RunningMoments::of(&means).variance() / 3.0).sqrt();
    assert!((found.error_between_chains[0] - between).abs() < 1e-15);
}

#[test]
fn a_constant_has_no_error_and_no_time() {
    let (theta, _) = theta();
    for estimator in [Acor, Sokal, Geyer] {
        let found = averages(&Draws::from_f64(&theta, [3, 200, 2]).unwrap(), estimator).unwrap();
        for constant in [found.per_chain[2][1], found.pooled[1]] {
            assert_eq!([constant.mean, constant.variance], [0.1, 0.0]);
            assert_eq!([constant.standard_error, constant.block_error], [0.0; 2]);
            assert!(constant.autocorrelation_time.is_nan());
        }
        assert_eq!(found.error_between_chains[1], 0.0);
    }
}

#[test]
fn one_chain_is_pooled_alone() {
    let series = autoregressive(0.3, 500, 4);
    let found = averages(&Draws::from_f64(&series, [1, 500, 1]).unwrap(), Geyer).unwrap();
    let [alone, pooled] = [found.per_chain[0][0], found.pooled[0]];
    assert_eq!([pooled.mean, pooled.variance], [alone.mean, alone.variance]);
    assert!((pooled.standard_error / alone.standard_error - 1.0).abs() < 1e-15);
    assert!((pooled.autocorrelation_time / alone.autocorrelation_time - 1.0).abs() < 1e-14);
    assert!(found.error_between_chains[0].is_nan());
}

#[test]
fn threads_and_memory_change_nothing() {
    let theta = autoregressive(0.5, 2 * 100 * 40, 6);
    let draws = Draws::from_f64(&theta, [2, 100, 40]).unwrap();
    let expected = averages(&draws, Geyer).unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(
        pool.install(|| averages(&draws, Geyer)).unwrap().pooled,
        expected.pooled
    );
    let few = draws.with_column_memory(8 * 200 * 7).unwrap();
    assert_eq!(averages(&few, Geyer).unwrap().per_chain, expected.per_chain);
}

#[test]
fn prefixes_are_as_tati_cuts_them() {
    // Blocks end at k⌊n/b⌋; the variance over them is that of the numbers themselves.
    let series = autoregressive(0.5, 107, 11);
    let found = running_averages(&series, 10).unwrap();
    assert_eq!(found.len(), 10);
    for (number, moments) in found.iter().enumerate() {
        let prefix = RunningMoments::of(&series[..10 * (number + 1)]);
        assert_eq!(moments.count(), prefix.count());
        assert!((moments.mean() - prefix.mean()).abs() < 1e-14);
        assert!((moments.population_variance() - prefix.population_variance()).abs() < 1e-14);
    }
    assert!(running_averages(&series, 0).is_err());
    assert!(running_averages(&series, 108).is_err());
    assert!(running_averages(&[f64::NAN], 1).is_err());
}

#[test]
fn an_unknown_time_leaves_the_block_error() {
    let found = average(&autoregressive(0.999, 300, 10), Acor).unwrap();
    assert!(found.autocorrelation_time.is_nan() && found.standard_error.is_nan());
    assert!(found.block_error > 0.0);
}

#[test]
fn short_and_bad_series_are_refused() {
    let message = |series: &[f64]| average(series, Acor).unwrap_err().to_string();
    assert_eq!(
        message(&[1.0, 2.0]),
        "`length of the series` is 2: it must be at least 10"
    );
    assert!(message(&[1.0, f64::NAN]).starts_with("number 1 of the series is NaN"));
    assert!(average(&[], Geyer).is_err());
}
