//! The doubling scheme of Goodman's program acor.

use super::{AutocorrelationTime, relative_error};
use crate::moments::RunningMoments;

/// Lags that are summed at each level.
const LAGS: usize = 10;

/// The shortest series that a level takes.
const SHORTEST: usize = 5 * LAGS;

/// A level is the last if the time that it finds is below this share of [`LAGS`].
const WINDOW_PER_TIME: f64 = 5.0;

/// `None` if a level is too short.
pub(super) fn doubling_scheme(series: &[f64]) -> Option<AutocorrelationTime> {
    let mut level = series.to_vec();
    let mut levels = 0;
    let mut first_variance = None;
    loop {
        if level.len() < SHORTEST {
            return None;
        }
        let (variance, diffusion) = centre_and_sum(&mut level);
        let first_variance = *first_variance.get_or_insert(variance);
        if WINDOW_PER_TIME * diffusion < LAGS as f64 * variance {
            // The sums of 2ᵏ numbers have 4ᵏ times the variance of their mean.
            let scale = 2_f64.powi(levels);
            let ratio = series.len() as f64 / (level.len() as f64 * scale);
            let time = (diffusion / (scale * first_variance) * ratio).max(0.0);
            return Some(AutocorrelationTime {
                time,
                error: time * relative_error(LAGS, level.len()),
                window: LAGS << levels,
            });
        }
        level = level
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[x, y]| x + y)
            .collect();
        levels += 1;
    }
}

/// Takes the mean off and returns C(0) and D = C(0) + 2 Σ C(s) over the first lags, C(s) = Σ xᵢxᵢ₊ₛ/(n − 10), i < n − 10.
fn centre_and_sum(level: &mut [f64]) -> (f64, f64) {
    let mean = RunningMoments::of(level).mean();
    level.iter_mut().for_each(|x| *x -= mean);
    let count = level.len() - LAGS;
    let covariance = |lag: usize| {
        let pairs = level[..count].iter().zip(&level[lag..]);
        pairs.map(|(x, y)| x * y).sum::<f64>() / count as f64
    };
    let variance = covariance(0);
    let rest: f64 = (1..=LAGS).map(covariance).sum();
    (variance, variance + 2.0 * rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// acor as it is written down: the error of the mean of the sums of pairs gives that of the series.
    fn recursive(series: &[f64]) -> (f64, f64) {
        let mut x = series.to_vec();
        let (variance, diffusion) = centre_and_sum(&mut x);
        let length = x.len() as f64;
        if 5.0 * diffusion / variance < 10.0 {
            return (diffusion / variance, (diffusion / length).sqrt());
        }
        let sums: Vec<f64> = x.chunks_exact(2).map(|pair| pair[0] + pair[1]).collect();
        let (_, sigma) = recursive(&sums);
        let diffusion = sigma * sigma * length / 4.0;
        (diffusion / variance, (diffusion / length).sqrt())
    }

    #[test]
    fn the_loop_is_the_recursion() {
        let mut x = 0.0;
        for length in [777, 5000, 9999] {
            let series: Vec<f64> = (0..length)
                .map(|i| {
                    x = 0.8 * x + ((i * i) as f64 * 0.7).sin();
                    x
                })
                .collect();
            let (time, _) = recursive(&series);
            let found = doubling_scheme(&series).unwrap();
            assert!((found.time - time).abs() < 1e-12 * time, "{found:?} {time}");
            assert!(found.window > 10);
        }
    }

    #[test]
    fn the_first_level_is_a_sum_over_ten_lags() {
        // Blocks of four equal signs, of period 8: C(s) is a triangle wave, −1 at lag 4 and 1 at lag 8.
        let series: Vec<f64> = (0..58)
            .map(|i| if i % 8 < 4 { 1.0 } else { -1.0 })
            .collect();
        let mut level = series[..56].to_vec();
        let (variance, diffusion) = centre_and_sum(&mut level);
        assert_eq!(variance, 1.0);
        let products = |lag: usize| {
            let pairs = (0..46).map(|i| level[i] * level[i + lag]);
            pairs.sum::<f64>() / 46.0
        };
        let expected = 1.0 + 2.0 * (1..=10).map(products).sum::<f64>();
        assert!((diffusion - expected).abs() < 1e-14);
    }
}
