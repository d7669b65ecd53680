//! Means of correlated series with their standard errors.

/// Mean and standard error of a correlated series by the method of block averages: the error of `BLOCKS` block means,
/// which are independent if a block is much longer than the correlation time.
///
/// Source: H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91 (1989) 461.
pub fn block_average(series: &[f64]) -> (f64, f64) {
    const BLOCKS: usize = 20;

    let length = series.len() / BLOCKS;
    if length == 0 {
        return mean_and_error(series);
    }
    // What does not fill a block is dropped from the start.
    let kept = &series[series.len() - BLOCKS * length..];
    let means: Vec<f64> = kept
        .chunks_exact(length)
        .map(|block| block.iter().sum::<f64>() / length as f64)
        .collect();
    mean_and_error(&means)
}

/// Mean and standard error of independent values; the error of fewer than two is NaN.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// The mean of a correlated series, and what it is worth.
#[derive(Clone, Copy, Debug)]
pub struct CorrelatedMean {
    pub mean: f64,
    pub standard_error: f64,
    /// τ, in readings.
    pub autocorrelation_time: f64,
    /// The number of independent draws whose mean has the same error: readings/τ.
    pub effective_draws: f64,
}

/// The mean over series of independent walkers, all of one length, with its error by the integrated autocorrelation time
///
/// ```text
/// τ = 1 + 2 Σₖ ρₖ,   error² = variance·τ/readings
/// ```
///
/// with the walkers' common mean, variance and autocorrelations ρ, summed up to the first lag of at least 8 τ. A series that
/// does not change has the error 0; none at all has NaN.
///
/// Source: A. D. Sokal, "Monte Carlo methods in statistical mechanics", in: Functional Integration (Springer 1997).
pub fn correlated_mean(walkers: &[Vec<f64>]) -> CorrelatedMean {
    const WINDOW: f64 = 8.0;

    let readings = walkers.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = walkers.iter().flatten().sum::<f64>() / readings;
    let deviations: Vec<Vec<f64>> = walkers
        .iter()
        .map(|series| series.iter().map(|value| value - mean).collect())
        .collect();
    let length = deviations.iter().map(Vec::len).min().unwrap_or(0);
    let covariance = |lag: usize| {
        let pairs = deviations
            .iter()
            .map(|series| series.len() - lag)
            .sum::<usize>();
        let products = deviations.iter().map(|series| dot(series, &series[lag..]));
        products.sum::<f64>() / pairs as f64
    };
    let variance = covariance(0);
    let mut time = 1.0;
    if variance > 0.0 {
        for lag in 1..length {
            time += 2.0 * covariance(lag) / variance;
            if lag as f64 >= WINDOW * time {
                break;
            }
        }
    }
    // Of a series whose length is not many times τ, τ may come out negative: it is then unknown, and 1 is a guess.
    let time = if time > 0.0 { time } else { 1.0 };
    CorrelatedMean {
        mean,
        standard_error: (variance * time / readings).sqrt(),
        autocorrelation_time: time,
        effective_draws: readings / time,
    }
}

/// Σ aᵢbᵢ over the shorter length, in lanes: a plain sum waits for each addition.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;

    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}
