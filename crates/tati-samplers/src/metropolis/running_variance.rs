//! Variances of the coordinates of a stream of vectors.

use serde::{Deserialize, Serialize};

/// Running means and variances, one a coordinate, by Welford's recursion.
///
/// Source: B. P. Welford, Technometrics 4 (1962) 419.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunningVariance {
    count: u64,
    mean: Vec<f64>,
    sum_of_squares: Vec<f64>,
}

impl RunningVariance {
    pub(crate) fn new(length: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; length],
            sum_of_squares: vec![0.0; length],
        }
    }

    pub(crate) fn fits(&self, length: usize) -> bool {
        self.mean.len() == length && self.sum_of_squares.len() == length
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn add(&mut self, values: &[f64]) {
        self.count += 1;
        let share = (self.count as f64).recip();
        let moments = self.mean.iter_mut().zip(&mut self.sum_of_squares);
        for ((mean, sum_of_squares), value) in moments.zip(values) {
            let before = value - *mean;
            *mean += share * before;
            *sum_of_squares += before * (value - *mean);
        }
    }

    /// The unbiased variances; of fewer than two vectors they are not a number.
    pub(crate) fn variances(&self) -> impl Iterator<Item = f64> {
        let degrees = self.count as f64 - 1.0;
        self.sum_of_squares.iter().map(move |sum| sum / degrees)
    }
}
