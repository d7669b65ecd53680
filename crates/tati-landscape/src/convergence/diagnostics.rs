//! The diagnostics of one quantity over several chains, and the memory that they need.

use tati_core::{Result, TatiError, require_count};

use super::ranks::{NormalScores, Placed, SortKeys, fold, sort};
use crate::autocorrelation::{Autocovariance, initial_monotone_sequence};
use crate::moments::RunningMoments;

/// The tails end, and begin, at these quantiles.
const TAIL_QUANTILES: [f64; 2] = [0.05, 0.95];

/// Chains of one quantity, each cut into halves that count as chains: a middle draw of an odd number belongs to neither.
#[derive(Clone)]
pub(super) struct Diagnostics {
    /// Draws in half a chain.
    half: usize,
    /// Draws in all halves.
    num_halved: usize,
    num_draws: usize,
    scores: NormalScores,
    autocovariance: Autocovariance,
    /// The halves one after the other, then the middle draws.
    draws: Vec<f64>,
    keys: SortKeys,
    sorted: Vec<Placed>,
    folded: Vec<Placed>,
    /// What is examined at the time: draws, their scores or indicators.
    series: Vec<f64>,
}

impl Diagnostics {
    /// For `num_chains` chains of `num_draws` draws.
    pub(super) fn new(num_chains: usize, num_draws: usize) -> Result<Self> {
        require_count("number of chains", num_chains, 1..)?;
        require_count("number of draws", num_draws, 4..)?;
        require_count(
            "number of draws of all chains",
            num_chains * num_draws,
            ..=u32::MAX as usize,
        )?;
        let half = num_draws / 2;
        let num_halved = 2 * half * num_chains;
        Ok(Self {
            half,
            num_halved,
            num_draws,
            scores: NormalScores::new(num_halved),
            autocovariance: Autocovariance::new(half),
            draws: Vec::new(),
            keys: SortKeys::default(),
            sorted: Vec::new(),
            folded: Vec::new(),
            series: Vec::new(),
        })
    }

    /// Takes the chains, all of finite draws.
    pub(super) fn load<'a>(&mut self, chains: impl Iterator<Item = &'a [f64]> + Clone) {
        self.draws.clear();
        for chain in chains.clone() {
            self.draws.extend_from_slice(&chain[..self.half]);
            self.draws
                .extend_from_slice(&chain[self.num_draws - self.half..]);
        }
        let middle = self.half..self.num_draws - self.half;
        for chain in chains {
            self.draws.extend_from_slice(&chain[middle.clone()]);
        }
    }

    /// Rank-normalised split R̂, and effective sample sizes of bulk and tail.
    pub(super) fn all(&mut self) -> Result<[f64; 3]> {
        let quantiles = self.sort();
        self.score_bulk();
        let location = self.potential_scale_reduction();
        let bulk = self.effective_sample_size()?;
        self.score_folded();
        let r_hat = location.max(self.potential_scale_reduction());
        let tail = self.tail(quantiles)?;
        Ok([r_hat, bulk, tail])
    }

    pub(super) fn rank_normalised_r_hat(&mut self) -> f64 {
        self.sort();
        self.score_bulk();
        let location = self.potential_scale_reduction();
        self.score_folded();
        location.max(self.potential_scale_reduction())
    }

    pub(super) fn plain_r_hat(&mut self) -> f64 {
        self.take_draws();
        self.potential_scale_reduction()
    }

    pub(super) fn bulk(&mut self) -> Result<f64> {
        self.sort();
        self.score_bulk();
        self.effective_sample_size()
    }

    pub(super) fn both_tails(&mut self) -> Result<f64> {
        let quantiles = self.sort();
        self.tail(quantiles)
    }

    pub(super) fn mean(&mut self) -> Result<f64> {
        self.take_draws();
        self.effective_sample_size()
    }

    /// Sorts the draws, leaves those of the halves in `sorted`, and returns the quantiles of all.
    fn sort(&mut self) -> [f64; 2] {
        sort(&self.draws, &mut self.keys, &mut self.sorted);
        let quantiles = TAIL_QUANTILES.map(|p| quantile(&self.sorted, p));
        if self.num_halved < self.draws.len() {
            let num_halved = self.num_halved as u32;
            self.sorted.retain(|placed| placed.1 < num_halved);
        }
        quantiles
    }

    fn take_draws(&mut self) {
        self.series.clear();
        self.series
            .extend_from_slice(&self.draws[..self.num_halved]);
    }

    fn score_bulk(&mut self) {
        self.series.resize(self.num_halved, 0.0);
        self.scores.write(&self.sorted, &mut self.series);
    }

    fn score_folded(&mut self) {
        fold(&self.sorted, &mut self.folded);
        self.series.resize(self.num_halved, 0.0);
        self.scores.write(&self.folded, &mut self.series);
    }

    /// The smaller of the effective sample sizes of the indicators x ≤ quantile.
    fn tail(&mut self, quantiles: [f64; 2]) -> Result<f64> {
        let mut smallest = f64::INFINITY;
        for quantile in quantiles {
            self.series.clear();
            let halves = &self.draws[..self.num_halved];
            let below = |x: &f64| if *x <= quantile { 1.0 } else { 0.0 };
            self.series.extend(halves.iter().map(below));
            smallest = smallest.min(self.effective_sample_size()?);
        }
        Ok(smallest)
    }

    /// R̂ of the series: the square root of the variance of all over that within the halves.
    fn potential_scale_reduction(&self) -> f64 {
        if is_constant(&self.series) {
            return f64::NAN;
        }
        let moments: Vec<_> = self.halves().collect();
        let (between, within) = between_and_within(&moments);
        let length = self.half as f64;
        (between / within + (length - 1.0) / length).sqrt()
    }

    /// n/τ of the series.
    fn effective_sample_size(&mut self) -> Result<f64> {
        let count = self.num_halved as f64;
        if is_constant(&self.series) {
            return Ok(count);
        }
        let moments: Vec<_> = self.halves().collect();
        let means: Vec<f64> = moments.iter().map(RunningMoments::mean).collect();
        let (between, within) = between_and_within(&moments);
        let covariances = self.autocovariance.average(&self.series, &means);
        let all = covariances[0] + between;
        let rho = |lag: usize| 1.0 - (within - covariances[lag]) / all;
        let (time, _) = initial_monotone_sequence(self.half, rho);
        if time.is_nan() {
            return Err(TatiError::NotFinite {
                what: "the autocorrelation of the draws".to_string(),
                value: time,
                remedy: "divide the draws by the largest of them: their squares overflow",
            });
        }
        Ok(count / time.max(1.0 / count.log10()))
    }

    fn halves(&self) -> impl Iterator<Item = RunningMoments> {
        self.series.chunks_exact(self.half).map(RunningMoments::of)
    }
}

/// The variance of the means of the halves, and the mean of their variances.
fn between_and_within(halves: &[RunningMoments]) -> (f64, f64) {
    let means: Vec<f64> = halves.iter().map(RunningMoments::mean).collect();
    let within = halves.iter().map(RunningMoments::variance).sum::<f64>();
    (
        RunningMoments::of(&means).variance(),
        within / halves.len() as f64,
    )
}

fn is_constant(series: &[f64]) -> bool {
    series.iter().all(|x| *x == series[0])
}

/// The quantile at probability `p`, linear between the sorted numbers: type 7 of Hyndman and Fan (1996).
fn quantile(sorted: &[Placed], p: f64) -> f64 {
    let count = sorted.len();
    // As ArviZ writes it, to the same rounding: indicators compare draws with it.
    let place = count as f64 * p + (1.0 - p);
    let index = place.floor().clamp(1.0, (count - 1) as f64);
    let weight = (place - index).clamp(0.0, 1.0);
    let [low, high] = [index as usize - 1, index as usize].map(|index| sorted[index].0);
    (1.0 - weight) * low + weight * high
}
