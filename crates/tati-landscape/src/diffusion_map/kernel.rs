//! The kernel of a diffusion map, normalised to a random walk between the points, in logarithms throughout.

use super::bandwidth::Scales;
use super::rows::{Row, Rows};
use crate::exponential::exponentials;

/// What the random walk shall be stationary for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// What the points' own density gives, of which the power α is divided out.
    DensityExponent(f64),
    /// The density with these logarithms at the points, up to a constant.
    LogWeights(&'a [f64]),
}

/// The random walk Pᵢⱼ = Kᵢⱼwⱼ/rᵢ on the points, rᵢ = Σⱼ Kᵢⱼwⱼ.
#[derive(Debug)]
pub(super) struct Walk {
    /// ln Kᵢⱼ.
    pub(super) log_kernel: Rows,
    /// ln wⱼ.
    pub(super) log_weights: Vec<f64>,
    /// ln rᵢ.
    pub(super) log_sums: Vec<f64>,
    /// qᵢ = Σⱼ Kᵢⱼ/ρᵢᵈ.
    pub(super) densities: Vec<f64>,
}

impl Walk {
    /// The walk between points with the given squared distances.
    pub(super) fn new(distances: Rows, scales: &Scales, target: Target<'_>) -> Self {
        let mut log_kernel = distances;
        let mut values = std::mem::take(&mut log_kernel.values);
        log_kernel.transform(&mut values, |row, column, squared| {
            -squared / (4.0 * scales.bandwidth * scales.of(row) * scales.of(column))
        });
        log_kernel.values = values;
        let log_densities = log_kernel.map_with_room(|at, row, terms| {
            terms.clear();
            terms.extend_from_slice(row.values);
            exponentials(terms);
            let sum: f64 = terms.iter().sum();
            sum.ln() - scales.dimension * scales.of(at).ln()
        });
        let log_weights: Vec<f64> = match target {
            Target::DensityExponent(exponent) => {
                log_densities.iter().map(|log| -exponent * log).collect()
            }
            Target::LogWeights(logs) => {
                let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let power = 0.5 * (scales.dimension + 2.0);
                let weight = |(at, log): (usize, &f64)| {
                    0.5 * (log - largest) - log_densities[at] - power * scales.of(at).ln()
                };
                logs.iter().enumerate().map(weight).collect()
            }
        };
        let log_sums = log_kernel.map_with_room(|_, row, terms| log_sum(row, &log_weights, terms));
        Self {
            log_kernel,
            log_sums,
            log_weights,
            densities: log_densities.into_iter().map(f64::exp).collect(),
        }
    }

    /// ½ ln(wᵢ/rᵢ) of each point: Sᵢⱼ = Kᵢⱼ(wᵢwⱼ/(rᵢrⱼ))^(1/2) is symmetric and has the eigenvalues of P, and an eigenvector ψ of S is √(wr) times
    /// one of P.
    pub(super) fn log_halves(&self) -> Vec<f64> {
        (self.log_weights.iter().zip(&self.log_sums))
            .map(|(weight, sum)| 0.5 * (weight - sum))
            .collect()
    }
}

/// ln Σⱼ Kⱼwⱼ of one row of the kernel.
fn log_sum(row: Row<'_>, log_weights: &[f64], terms: &mut Vec<f64>) -> f64 {
    terms.clear();
    terms.extend(row.entries().map(|(column, log)| log + log_weights[column]));
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    terms.iter_mut().for_each(|term| *term -= largest);
    exponentials(terms);
    largest + terms.iter().sum::<f64>().ln()
}
