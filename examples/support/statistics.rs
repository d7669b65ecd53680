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
