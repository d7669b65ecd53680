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
    /// The number of independent draws whose mean has the same error.
    pub effective_draws: f64,
}

/// The mean over the series of independent walkers, with its error by the integrated autocorrelation time
///
/// ```text
/// τ = 1 + 2 Σₖ ρₖ,   error² = variance·τ/readings
/// ```
///
/// with the walkers' common mean, variance and autocorrelations ρ, summed up to the first lag of at least 5 (1 + 2 Σₖ |ρₖ|).
/// The absolute values, of which Sokal's window does without, see to it that correlations of changing sign, as of oscillating
/// or antithetic chains, are summed to their end. A series that does not change has the error 0.
///
/// Source: A. D. Sokal, "Monte Carlo methods in statistical mechanics", in: Functional Integration (Springer 1997).
pub fn correlated_mean(walkers: &[Vec<f64>]) -> CorrelatedMean {
    const WINDOW: f64 = 5.0;

    let readings = walkers.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = walkers.iter().flatten().sum::<f64>() / readings;
    let deviations: Vec<Vec<f64>> = walkers
        .iter()
        .map(|series| series.iter().map(|value| value - mean).collect())
        .collect();
    let shortest = deviations.iter().map(Vec::len).min().unwrap_or(0);
    let covariance = |lag: usize| {
        let pairs = deviations.iter().map(|series| series.len() - lag);
        let products = deviations.iter().map(|series| dot(series, &series[lag..]));
        products.sum::<f64>() / pairs.sum::<usize>() as f64
    };
    let variance = covariance(0);
    let (mut time, mut window) = (1.0, 1.0);
    if variance > 0.0 {
        for lag in 1..shortest {
            let correlation = covariance(lag) / variance;
            time += 2.0 * correlation;
            window += 2.0 * correlation.abs();
            if lag as f64 >= WINDOW * window {
                break;
            }
        }
    }
    // Noise may leave nothing of a short series' τ, and more than n log₁₀ n effective draws are not to be believed
    // (A. Vehtari et al., Bayesian Analysis 16 (2021) 667, section 3.2).
    let time = time.max(1.0 / readings.log10().max(1.0));
    CorrelatedMean {
        mean,
        standard_error: (variance * time / readings).sqrt(),
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
