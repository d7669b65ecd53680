//! The bins of a variable: given, or chosen from its draws.

use burn::config::Config;
use tati_core::{Result, TatiError, require_count};

/// The bins that are chosen: no fewer, and no more.
const FEWEST_CHOSEN: f64 = 10.0;
const MOST_CHOSEN: f64 = 200.0;

/// How the range of a variable is cut into bins.
///
/// A bin holds its lower edge, the last one its upper edge too.
#[derive(Config, Debug, PartialEq)]
pub enum Bins {
    /// Equal bins from the least to the greatest value, of the width 2 (Q₃ − Q₁) (n/τ)^(−1/3) with the quartiles Q of the n draws and
    /// their autocorrelation time τ; from 10 to 200 of them. Source: D. Freedman, P. Diaconis, Z. Wahrscheinlichkeit 57 (1981) 453.
    Chosen,
    /// So many equal bins from the least to the greatest value.
    Count(usize),
    /// Bins between these edges, ascending. Draws outside of them count for the density, but are in no bin.
    Edges(Vec<f64>),
}

impl Bins {
    /// The edges of the bins, one more than bins.
    pub(super) fn edges(&self, values: &[f64], autocorrelation_time: f64) -> Result<Vec<f64>> {
        match self {
            Self::Chosen => {
                let mut sorted = values.to_vec();
                sorted.sort_unstable_by(f64::total_cmp);
                let [lower, upper] = [sorted.len() / 4, sorted.len() - 1 - sorted.len() / 4];
                let effective_draws = values.len() as f64 / autocorrelation_time.max(1.0);
                let width = 2.0 * (sorted[upper] - sorted[lower]) / effective_draws.cbrt();
                let range = sorted[sorted.len() - 1] - sorted[0];
                let count = (range / width).ceil().clamp(FEWEST_CHOSEN, MOST_CHOSEN);
                equal_edges(values, count as usize)
            }
            Self::Count(count) => {
                require_count("number of bins", *count, 2..)?;
                equal_edges(values, *count)
            }
            Self::Edges(edges) => {
                require_count("number of edges of bins", edges.len(), 2..)?;
                let ascend = edges.windows(2).all(|pair| pair[0] < pair[1]);
                if ascend && edges.iter().all(|edge| edge.is_finite()) {
                    return Ok(edges.clone());
                }
                Err(TatiError::InvalidSetting {
                    name: "edges of bins",
                    value: format!("{edges:?}"),
                    expected: "finite numbers, each larger than the one before it".to_string(),
                })
            }
        }
    }
}

/// The bin that `value` is in; `edges.len() - 1` if it is in none.
pub(super) fn bin_of(edges: &[f64], value: f64) -> usize {
    let outside = edges.len() - 1;
    if value == edges[outside] {
        return outside - 1;
    }
    // Below the first edge the difference wraps, and above the last one it is `outside` already.
    let above = edges.partition_point(|edge| *edge <= value);
    above.wrapping_sub(1).min(outside)
}

/// Midpoints between edges.
pub(super) fn centres(edges: &[f64]) -> Vec<f64> {
    let middle = |pair: &[f64]| 0.5 * (pair[0] + pair[1]);
    edges.windows(2).map(middle).collect()
}

/// Widths between edges.
pub(super) fn widths(edges: &[f64]) -> Vec<f64> {
    edges.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The edges of `count` equal bins over the range of `values`, which are not all equal.
pub(super) fn equal_edges(values: &[f64], count: usize) -> Result<Vec<f64>> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let at = |edge: usize| {
        let share = edge as f64 / count as f64;
        least * (1.0 - share) + greatest * share
    };
    let edges: Vec<f64> = (0..=count).map(at).collect();
    if edges.windows(2).all(|pair| pair[0] < pair[1]) {
        return Ok(edges);
    }
    Err(TatiError::InvalidSetting {
        name: "number of bins",
        value: count.to_string(),
        expected: format!(
            "fewer: the values differ by no more than {}",
            greatest - least
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_lower_edge_and_the_last_its_upper_one() {
        let edges = [0.0, 1.0, 3.0];
        let bins = [-0.1, 0.0, 0.9, 1.0, 2.9, 3.0, 3.1].map(|value| bin_of(&edges, value));
        assert_eq!(bins, [2, 0, 0, 1, 1, 1, 2]);
    }

    #[test]
    fn equal_bins_reach_from_the_least_to_the_greatest_value() {
        let edges = equal_edges(&[3.0, -1.0, 0.5], 4).unwrap();
        assert_eq!(edges, [-1.0, 0.0, 1.0, 2.0, 3.0]);
        let close = [1.0, 1.0 + f64::EPSILON];
        assert!(equal_edges(&close, 4).is_err());
    }

    #[test]
    fn chosen_bins_have_the_width_of_freedman_and_diaconis() {
        // Even from 0 to 1, so that the quartiles are 1/2 apart: n^(1/3) bins, here 10.3, 30.4 and 10.1.
        let even = |count: u32| -> Vec<f64> {
            let last = f64::from(count - 1);
            (0..count).map(|i| f64::from(i) / last).collect()
        };
        for (count, time, bins) in [(1100, 0.5, 11), (28_000, 1.0, 31), (28_000, 27.0, 11)] {
            let edges = Bins::Chosen.edges(&even(count), time).unwrap();
            assert_eq!(edges.len(), bins + 1, "{count} {time}");
        }
    }
}
