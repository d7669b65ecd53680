//! Averages over draws, with their errors.

use tati_core::{Result, require_count};

use crate::autocorrelation::{AutocorrelationEstimator, Autocovariance};
use crate::finite::require_finite;
use crate::{Draws, RunningMoments};

/// Blocks that a series is cut into for its block error.
const NUM_BLOCKS: usize = 32;

/// The mean of a correlated series, or of several chains of one, with two estimates of its error.
///
/// Both are right only where the series is long against its autocorrelation time τ. The standard error takes τ from an estimator, the
/// block error from nothing: it needs blocks of many τ, a 32nd of the series each, and is itself uncertain by 13 %. Where the two
/// disagree the series is too short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// The number of draws n.
    pub num_draws: usize,
    /// x̄.
    pub mean: f64,
    /// σ² = Σ(x − x̄)²/(n − 1).
    pub variance: f64,
    /// τ of the series; of several chains the τ for which the standard error is sqrt(σ²τ/n). NaN for a constant, and where the
    /// estimator asks for a longer series.
    pub autocorrelation_time: f64,
    /// sqrt(σ²τ/n), the standard error of the mean. Of several chains: the square root of the sum of theirs squared, over their
    /// number. 0 for a constant, NaN where τ would need a longer series.
    pub standard_error: f64,
    /// The standard error of the mean of consecutive blocks, 32 or somewhat fewer, equally long; of several chains pooled as the standard error.
    pub block_error: f64,
}

/// The averages of every parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Averages {
    /// Of each chain, of each parameter.
    pub per_chain: Vec<Vec<Average>>,
    /// Of all chains together, of each parameter.
    pub pooled: Vec<Average>,
    /// For each parameter the standard deviation of the means of the chains over the square root of their number: the error of the
    /// pooled mean from their disagreement alone, for independent chains of any correlation. NaN for one chain.
    ///
    /// Far above the pooled standard error, the chains have not converged to one distribution and no error is to be trusted.
    pub error_between_chains: Vec<f64>,
}

/// The average of a series, such as recorded energies.
///
/// # Errors
/// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if the series has fewer than 10 numbers,
/// [`NotFinite`](tati_core::TatiError::NotFinite) if a number is not finite or the variance overflows.
///
/// # Example
/// ```
/// use tati_landscape::{AutocorrelationEstimator, average};
///
/// let series: Vec<f64> = (0..1000).map(|i| 5.0 + (f64::from(i * i) * 0.7).sin()).collect();
/// let average = average(&series, AutocorrelationEstimator::Geyer)?;
/// assert!((average.mean - 5.0).abs() < 3.0 * average.standard_error);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn average(series: &[f64], estimator: AutocorrelationEstimator) -> Result<Average> {
    require_finite(series, |place| format!("number {place} of the series"))?;
    let moments = RunningMoments::of(series);
    average_of(
        series,
        &moments,
        estimator,
        &mut Autocovariance::new(series.len()),
    )
}

/// The averages of every parameter, of each chain and of all. A statistic of several chains, such as the potential, is draws of one
/// parameter.
///
/// Parameters are read by columns ([`Draws::for_each_column_block`]) and worked on in parallel. Beside the memory for columns, what is
/// returned is all that is held: six numbers for each parameter and chain.
///
/// # Errors
/// As of [`average`], and what reading the draws reports.
///
/// # Example
/// ```
/// use tati_landscape::{AutocorrelationEstimator, Draws, averages};
///
/// let theta: Vec<f64> = (0..2000).map(|i| (f64::from(i * i) * 0.7).sin()).collect();
/// let draws = Draws::from_f64(&theta, [2, 500, 2])?;
/// let averages = averages(&draws, AutocorrelationEstimator::Geyer)?;
/// assert_eq!(averages.per_chain[1][0].num_draws, 500);
/// assert_eq!(averages.pooled[0].num_draws, 1000);
/// assert!(averages.pooled[0].mean.abs() < 4.0 * averages.pooled[0].standard_error);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn averages(draws: &Draws, estimator: AutocorrelationEstimator) -> Result<Averages> {
    let (num_chains, num_draws) = (draws.num_chains(), draws.num_draws());
    let autocovariance = Autocovariance::new(num_draws);
    let of_parameters = draws.map_parameters(&autocovariance, |autocovariance, chains| {
        let chains = chains.chunks_exact(num_draws);
        let moments: Vec<_> = chains.clone().map(RunningMoments::of).collect();
        let of_chains = chains
            .zip(&moments)
            .map(|(series, moments)| average_of(series, moments, estimator, autocovariance))
            .collect::<Result<Vec<_>>>()?;
        let pooled = pool(&moments, &of_chains);
        Ok((of_chains, pooled))
    })?;
    let per_chain = |chain: usize| {
        of_parameters
            .iter()
            .map(|(chains, _)| chains[chain])
            .collect()
    };
    Ok(Averages {
        per_chain: (0..num_chains).map(per_chain).collect(),
        pooled: of_parameters.iter().map(|(_, pooled)| *pooled).collect(),
        error_between_chains: of_parameters
            .iter()
            .map(|(chains, _)| error_of_mean(chains.iter().map(|chain| chain.mean)))
            .collect(),
    })
}

/// The moments of the first ⌊n/b⌋ numbers of a series, of the first 2⌊n/b⌋, …, of the first b⌊n/b⌋, for `num_blocks` = b: how mean
/// and variance settle. At most b − 1 numbers at the end are left out.
///
/// # Errors
/// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if `num_blocks` is 0 or more than the numbers,
/// [`NotFinite`](tati_core::TatiError::NotFinite) if a number is not finite.
///
/// # Example
/// ```
/// use tati_landscape::running_averages;
///
/// let means: Vec<f64> = running_averages(&[1.0, 3.0, 5.0, 7.0, 100.0], 2)?
///     .iter()
///     .map(|moments| moments.mean())
///     .collect();
/// assert_eq!(means, [2.0, 4.0]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn running_averages(series: &[f64], num_blocks: usize) -> Result<Vec<RunningMoments>> {
    require_count("number of blocks", num_blocks, 1..=series.len())?;
    require_finite(series, |place| format!("number {place} of the series"))?;
    let blocks = series.chunks_exact(series.len() / num_blocks);
    let mut whole = RunningMoments::default();
    let prefixes = blocks.take(num_blocks).map(|block| {
        whole.merge(&RunningMoments::of(block));
        whole
    });
    Ok(prefixes.collect())
}

/// The average of finite numbers with these moments.
fn average_of(
    series: &[f64],
    moments: &RunningMoments,
    estimator: AutocorrelationEstimator,
    autocovariance: &mut Autocovariance,
) -> Result<Average> {
    let (num_draws, variance) = (series.len(), moments.variance());
    let mut average = Average {
        num_draws,
        mean: moments.mean(),
        variance,
        autocorrelation_time: f64::NAN,
        standard_error: 0.0,
        block_error: 0.0,
    };
    if variance == 0.0 {
        return Ok(average);
    }
    let time = estimator.apply(series, moments, autocovariance)?;
    let time = time.map_or(f64::NAN, |found| found.time);
    average.autocorrelation_time = time;
    average.standard_error = (variance * time / num_draws as f64).sqrt();
    let blocks = series.chunks_exact(num_draws.div_ceil(NUM_BLOCKS));
    average.block_error = error_of_mean(blocks.map(|block| RunningMoments::of(block).mean()));
    Ok(average)
}

/// All chains together.
fn pool(moments: &[RunningMoments], chains: &[Average]) -> Average {
    let mut all = RunningMoments::default();
    moments.iter().for_each(|chain| all.merge(chain));
    let error = |of: fn(&Average) -> f64| {
        let squares: f64 = chains.iter().map(|chain| of(chain).powi(2)).sum();
        squares.sqrt() / chains.len() as f64
    };
    let (num_draws, variance) = (all.count(), all.variance());
    let standard_error = error(|chain| chain.standard_error);
    Average {
        num_draws,
        mean: all.mean(),
        variance,
        autocorrelation_time: standard_error.powi(2) * num_draws as f64 / variance,
        standard_error,
        block_error: error(|chain| chain.block_error),
    }
}

/// The standard error of the mean of independent numbers.
fn error_of_mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut moments = RunningMoments::default();
    numbers.for_each(|x| moments.push(x));
    (moments.variance() / moments.count() as f64).sqrt()
}
