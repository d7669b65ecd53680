//! The block bootstrap: how long blocks of correlated draws must be, and which draws a resample takes.

use std::ops::Range;

use burn::config::Config;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use tati_core::{Result, TatiError, require_count};

use super::variable::CollectiveVariable;
use crate::autocorrelation::{Autocovariance, initial_monotone_sequence};
use crate::moments::RunningMoments;

/// Errors from fewer blocks than these are not to be had.
const FEWEST_BLOCKS: usize = 8;

/// The circular block bootstrap: errors of whatever is averaged over correlated draws.
///
/// A resample puts blocks of b consecutive draws together, each begun at a random draw and going on at the start of its chain where
/// the chain ends, until there are as many draws as were sampled; the spread over resamples is the standard error. Blocks keep the
/// correlations of draws if they are long against the autocorrelation time τ, and tell the spread if they are many. Over blocks of
/// length b a variance comes out too small by about the share τ/2b; of all lengths
///
/// ```text
/// b = τ^(2/3) n^(1/3)
/// ```
///
/// is of the order that balances this with the noise of few blocks. τ is the longest of the integrated autocorrelation times (Geyer's) of the
/// variable, of the indicators of its quartiles, and of the weights; all of them about the mean of all chains, so that chains
/// which stay apart from each other have a τ of their length.
///
/// Sources: D. N. Politis, J. P. Romano, in: Exploring the Limits of Bootstrap (Wiley 1992) 263; D. N. Politis, H. White, Econometric Rev. 23
/// (2004) 53, equation 9.
#[derive(Config, Debug, PartialEq)]
pub struct BlockBootstrapConfig {
    /// The number R of resamples. The errors are uncertain by the share 1/√(2R); 0 leaves them out, as NaN.
    #[config(default = 200)]
    pub num_resamples: usize,
    /// Seed of the resamples.
    #[config(default = 0)]
    pub seed: u64,
    /// b, in draws; `None` finds it from the autocorrelation time. 1 is right for independent draws only.
    pub block_length: Option<usize>,
}

/// How the errors of a free energy were found, and what its draws are worth.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockBootstrap {
    /// τ, the longest of the integrated autocorrelation times, in draws.
    pub autocorrelation_time: f64,
    /// b, in draws.
    pub block_length: usize,
    /// R.
    pub num_resamples: usize,
    /// The seed of the resamples.
    pub seed: u64,
    /// (Σw)²/Σw², the number of draws that weights leave; n without weights. Where some tens are left, a few draws decide, and the
    /// errors know nothing of those that are missing.
    pub draws_by_weight: f64,
}

impl BlockBootstrapConfig {
    /// Finds the length of the blocks; `others` are further variables at the same draws.
    pub(super) fn plan(
        &self,
        variable: &CollectiveVariable<'_>,
        others: &[&[f64]],
        weights: Option<&[f64]>,
    ) -> Result<BlockBootstrap> {
        let chain_lengths = variable.chain_lengths();
        let mut variables = vec![variable.values()];
        variables.extend(others);
        let time = longest_time(&variables, weights, chain_lengths)?;
        let num_draws = variable.num_draws();
        let draws_by_weight = weights.map_or(num_draws as f64, |weights| {
            let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
            weights.iter().sum::<f64>().powi(2) / squares
        });
        let fitting = (time.powi(2) * num_draws as f64).cbrt().ceil() as usize;
        let block_length = self.block_length.unwrap_or(fitting);
        if self.num_resamples > 0 {
            require_count("num_resamples", self.num_resamples, 2..)?;
            match self.block_length {
                Some(length) => {
                    require_count("block_length", length, 1..=num_draws / FEWEST_BLOCKS)?
                }
                None => require_blocks(num_draws, fitting, time)?,
            }
            require_weights(draws_by_weight, num_draws)?;
        }
        Ok(BlockBootstrap {
            autocorrelation_time: time,
            block_length,
            num_resamples: self.num_resamples,
            seed: self.seed,
            draws_by_weight,
        })
    }
}

impl BlockBootstrap {
    /// What `gather` makes of the draws of each resample, which it is given as ranges, in the order of the resamples.
    pub(super) fn resamples<T: Send>(
        &self,
        chain_lengths: &[usize],
        gather: impl Fn(&[Range<usize>]) -> T + Sync,
    ) -> Vec<T> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let seeds: Vec<u64> = (0..self.num_resamples).map(|_| random.random()).collect();
        let starts: Vec<usize> = chain_lengths
            .iter()
            .scan(0, |end, length| {
                *end += length;
                Some(*end - length)
            })
            .collect();
        let resample = |seed: u64| {
            let random = StdRng::seed_from_u64(seed);
            gather(&self.ranges(&starts, chain_lengths, random))
        };
        seeds.into_par_iter().map(resample).collect()
    }

    /// The draws of a resample.
    fn ranges(
        &self,
        starts: &[usize],
        chain_lengths: &[usize],
        mut random: StdRng,
    ) -> Vec<Range<usize>> {
        let num_draws = chain_lengths.iter().sum();
        let mut left = num_draws;
        let mut ranges = Vec::new();
        while left > 0 {
            let first = random.random_range(0..num_draws);
            let chain = starts.partition_point(|start| *start <= first) - 1;
            let end = starts[chain] + chain_lengths[chain];
            let length = self.block_length.min(chain_lengths[chain]).min(left);
            let until_end = length.min(end - first);
            ranges.push(first..first + until_end);
            if until_end < length {
                ranges.push(starts[chain]..starts[chain] + length - until_end);
            }
            left -= length;
        }
        ranges
    }
}

/// The longest autocorrelation time of the variables, their quartiles and the weights.
fn longest_time(
    variables: &[&[f64]],
    weights: Option<&[f64]>,
    chain_lengths: &[usize],
) -> Result<f64> {
    let mut series: Vec<Vec<f64>> = weights.map(<[f64]>::to_vec).into_iter().collect();
    for values in variables {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        for quarter in 1..4 {
            let quartile = sorted[quarter * values.len() / 4];
            let indicator = values
                .iter()
                .map(|value| f64::from(u8::from(*value < quartile)));
            series.push(indicator.collect());
        }
        series.push(values.to_vec());
    }
    let times = series
        .par_iter()
        .map(|series| autocorrelation_time(series, chain_lengths))
        .collect::<Result<Vec<f64>>>()?;
    Ok(times.into_iter().fold(1.0, f64::max))
}

/// τ of chains that stand one after the other, about their common mean; 1 for a constant.
fn autocorrelation_time(series: &[f64], chain_lengths: &[usize]) -> Result<f64> {
    let moments = RunningMoments::of(series);
    if moments.variance() == 0.0 {
        return Ok(1.0);
    }
    if !moments.variance().is_finite() {
        return Err(TatiError::NotFinite {
            what: "the variance of the collective variable".to_string(),
            value: moments.variance(),
            remedy: "divide the variable by its largest value",
        });
    }
    let longest = chain_lengths.iter().copied().max().unwrap_or(0);
    let mut covariances = vec![0.0; longest];
    let mut rest = series;
    for length in chain_lengths {
        let (chain, others) = rest.split_at(*length);
        rest = others;
        let mut autocovariance = Autocovariance::new(*length);
        let of_chain = autocovariance.average(chain, &[moments.mean()]);
        for (sum, covariance) in covariances.iter_mut().zip(of_chain) {
            *sum += covariance * *length as f64;
        }
    }
    let rho = |lag: usize| covariances.get(lag).map_or(0.0, |sum| sum / covariances[0]);
    Ok(initial_monotone_sequence(longest, rho).0)
}

fn require_blocks(num_draws: usize, block_length: usize, time: f64) -> Result<()> {
    if num_draws / block_length >= FEWEST_BLOCKS {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name: "number of draws",
        value: num_draws.to_string(),
        expected: format!(
            "at least 23 times their autocorrelation time, {time:.1}, for errors by blocks: sample longer, or leave errors out with \
             `num_resamples` 0"
        ),
    })
}

fn require_weights(draws_by_weight: f64, num_draws: usize) -> Result<()> {
    if draws_by_weight >= FEWEST_BLOCKS as f64 {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name: "log weights",
        value: format!("such that {draws_by_weight:.1} of {num_draws} draws have all the weight"),
        expected: format!(
            "such that {FEWEST_BLOCKS} have it, for errors: sample closer to the density that is weighted for"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bootstrap(block_length: usize) -> BlockBootstrap {
        BlockBootstrap {
            autocorrelation_time: 1.0,
            block_length,
            num_resamples: 50,
            seed: 3,
            draws_by_weight: 0.0,
        }
    }

    #[test]
    fn blocks_stay_in_their_chain_and_come_to_all_draws() {
        let chains = [7, 20, 3];
        let resamples = bootstrap(5).resamples(&chains, <[Range<usize>]>::to_vec);
        assert_eq!(resamples.len(), 50);
        let mut taken = [0; 30];
        for ranges in &resamples {
            assert_eq!(ranges.iter().map(ExactSizeIterator::len).sum::<usize>(), 30);
            for range in ranges {
                let inside = [0..7, 7..27, 27..30]
                    .iter()
                    .any(|chain| chain.start <= range.start && range.end <= chain.end);
                assert!(inside, "{range:?}");
                range.clone().for_each(|draw| taken[draw] += 1);
            }
        }
        // 50 on average; of variance below 5 · 50.
        assert!(
            taken.iter().all(|count| (10..110).contains(count)),
            "{taken:?}"
        );
    }

    #[test]
    fn the_time_of_one_chain_is_that_of_its_series() {
        let series: Vec<f64> = (0..500).map(|i| (f64::from(i * i) * 0.37).sin()).collect();
        let expected =
            crate::integrated_autocorrelation_time(&series, crate::AutocorrelationEstimator::Geyer);
        let found = autocorrelation_time(&series, &[500]).unwrap();
        assert!((found - expected.unwrap().time).abs() < 1e-12);
    }

    #[test]
    fn chains_that_stay_apart_have_a_time_of_their_length() {
        let noise = |i: u32| (f64::from(i * i) * 0.37).sin();
        let apart: Vec<f64> = (0..1000)
            .map(|i| noise(i) + if i < 500 { 5.0 } else { -5.0 })
            .collect();
        assert!(autocorrelation_time(&apart, &[500, 500]).unwrap() > 300.0);
        let together: Vec<f64> = (0..1000).map(noise).collect();
        assert!(autocorrelation_time(&together, &[500, 500]).unwrap() < 2.0);
    }
}
