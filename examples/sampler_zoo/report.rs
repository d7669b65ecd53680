//! Theory beside measurement, as a table and as JSON.

use serde::Serialize;

use crate::draws::Draws;
use crate::samplers::{Plan, Sampler};
use crate::support::statistics::correlated_mean;
use crate::targets::{Moments, Quantity, Target};

pub struct Results;

/// One comparison.
#[derive(Serialize)]
pub struct Row {
    pub sampler: Sampler,
    pub target: &'static str,
    pub quantity: String,
    /// The value under exp(−βU).
    pub density: f64,
    /// The value that the sampler should give at its step size.
    pub reference: f64,
    pub measured: f64,
    pub standard_error: f64,
    pub z: f64,
    pub effective_draws: f64,
    pub gradients: u64,
    pub effective_draws_per_gradient: f64,
}

pub fn rows(plan: &Plan, target: &Target, draws: &Draws, expected: &Moments) -> Vec<Row> {
    let readings = draws.walkers.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = |axis: usize| {
        draws
            .walkers
            .iter()
            .flatten()
            .map(|position| position[axis])
            .sum::<f64>()
            / readings
    };
    let means = [mean(0), mean(1)];
    let value = |quantity: Quantity, position: &[f64; 2]| match quantity {
        Quantity::Mean(i) => position[i],
        Quantity::Covariance(i, j) => (position[i] - means[i]) * (position[j] - means[j]),
        Quantity::Population(basin) => {
            f64::from(u8::from(target.surface.basin(*position) == basin))
        }
    };
    let quantities = target.quantities.iter();
    quantities
        .map(|quantity| {
            let series: Vec<Vec<f64>> = draws
                .walkers
                .iter()
                .map(|walker| {
                    walker
                        .iter()
                        .map(|position| value(*quantity, position))
                        .collect()
                })
                .collect();
            let found = correlated_mean(&series);
            let reference = expected.of(*quantity);
            Row {
                sampler: plan.sampler,
                target: target.key,
                quantity: quantity.key(),
                density: target.moments.of(*quantity),
                reference,
                measured: found.mean,
                standard_error: found.standard_error,
                z: (found.mean - reference) / found.standard_error,
                effective_draws: found.effective_draws,
                gradients: draws.gradients,
                effective_draws_per_gradient: found.effective_draws / draws.gradients as f64,
            }
        })
        .collect()
}
