//! Theory beside measurement, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::samplers::{CyclicalConfig, Stage, sgld_on_harmonic_well};

use crate::Options;
use crate::chains::{Ensemble, Found, Sampler};
use crate::mixture::{
    MODES, VARIANCE, distance_of_draws, modes_in_continuous_time, modes_in_draws,
};
use crate::support::statistics::mean_and_error;

#[derive(Serialize)]
pub struct Results<'a> {
    seed: u64,
    device: &'a str,
    chains: usize,
    steps: usize,
    cycles: usize,
    initial_step_size: f64,
    exploration_fraction: f64,
    num_modes: usize,
    mode_variance: f64,
    rows: Vec<Row>,
    figure: String,
}

#[derive(Serialize)]
pub struct Row {
    sampler: &'static str,
    label: String,
    draws_per_chain: u64,
    /// Mean over chains, with its standard error where there are several.
    modes_per_chain: f64,
    modes_per_chain_error: Option<f64>,
    modes_expected: f64,
    modes_of_all_chains: usize,
    weight_distance: f64,
    weight_distance_expected: Option<f64>,
    /// In units of σ².
    variance: f64,
    variance_error: Option<f64>,
    variance_expected: Option<f64>,
}

impl Row {
    pub fn new(ensemble: &Ensemble, sampler: &Sampler, found: &Found) -> Self {
        let covered: Vec<f64> = found.covered.iter().map(|count| *count as f64).collect();
        let variances: Vec<f64> = found
            .variances
            .iter()
            .map(|value| value / VARIANCE)
            .collect();
        let (modes_per_chain, modes_per_chain_error) = mean_and_error(&covered);
        let (variance, variance_error) = mean_and_error(&variances);
        let known = |error: f64| Some(error).filter(|error| error.is_finite());
        let (name, modes_expected, weight_distance_expected, variance_expected) = match sampler {
            Sampler::Constant(step_size) => (
                "constant",
                modes_in_continuous_time(step_size * ensemble.steps as f64),
                None,
                sgld_on_harmonic_well(VARIANCE.recip(), *step_size, 1.0),
            ),
            Sampler::Cyclical(config) => (
                "cyclical",
                modes_in_draws(config.num_cycles),
                Some(distance_of_draws(config.num_cycles * ensemble.chains)),
                variance_of_cycles(config),
            ),
        };
        let share = 1.0 / MODES as f64;
        Self {
            sampler: name,
            label: sampler.label(),
            draws_per_chain: found.num_draws,
            modes_per_chain,
            modes_per_chain_error: known(modes_per_chain_error),
            modes_expected,
            modes_of_all_chains: found.covered_by_any,
            weight_distance: 0.5 * found.weights.iter().map(|w| (w - share).abs()).sum::<f64>(),
            weight_distance_expected,
            variance,
            variance_error: known(variance_error),
            variance_expected: variance_expected.map(|variance| variance / VARIANCE),
        }
    }

    fn text(&self) -> String {
        format!(
            "{:<24} {:>14} {:>9.2} {:>8}   {:>9.3} {:>9}   {:>14} {:>9}\n",
            self.label,
            with_error(self.modes_per_chain, self.modes_per_chain_error, 2),
            self.modes_expected,
            self.modes_of_all_chains,
            self.weight_distance,
            or_dash(self.weight_distance_expected),
            with_error(self.variance, self.variance_error, 3),
            or_dash(self.variance_expected),
        )
    }
}

/// The variance of draws from one well of curvature 1/σ², averaged over the sampling stage of a cycle that begins at the
/// bottom of the well; `None` where it is unstable.
fn variance_of_cycles(config: &CyclicalConfig) -> Option<f64> {
    let (mut variance, mut sum, mut draws) = (0.0, 0.0, 0.0);
    for step in 0..config.steps_per_cycle() as u64 {
        if config.stage_at(step) == Stage::Sampling {
            let step_size = config.step_size_at(step);
            let decay = 1.0 - step_size / VARIANCE;
            if decay <= -1.0 {
                return None;
            }
            variance = decay * decay * variance + 2.0 * step_size;
            sum += variance;
            draws += 1.0;
        }
    }
    Some(sum / draws)
}

fn with_error(value: f64, error: Option<f64>, digits: usize) -> String {
    match error {
        Some(error) => format!("{value:.digits$} ± {error:.digits$}"),
        None => format!("{value:.digits$}"),
    }
}

fn or_dash(value: Option<f64>) -> String {
    value.map_or("–".to_string(), |value| format!("{value:.3}"))
}

impl<'a> Results<'a> {
    pub fn new(options: &'a Options, ensemble: &Ensemble, rows: Vec<Row>, figure: String) -> Self {
        Self {
            seed: ensemble.seed,
            device: &options.common.device,
            chains: options.chains,
            steps: options.steps,
            cycles: options.cycles,
            initial_step_size: options.initial_step_size,
            exploration_fraction: options.exploration_fraction,
            num_modes: MODES,
            mode_variance: VARIANCE,
            rows,
            figure,
        }
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "Mixture of {} equal Gaussians: {} chains of {} steps, all from the mode in the middle\n\
             seed {}, device {}; figure in {}\n\n\
             {:<24} {:>33}   {:>19}   {:>24}\n\
             {:<24} {:>14} {:>9} {:>8}   {:>9} {:>9}   {:>14} {:>9}\n",
            self.num_modes,
            self.chains,
            self.steps,
            self.seed,
            self.device,
            self.figure,
            "",
            "modes covered  ",
            "distance of weights",
            "variance of a mode / σ²",
            "step size",
            "by a chain",
            "expected",
            "by all",
            "",
            "expected",
            "",
            "expected"
        );
        for row in &self.rows {
            // Writing to a string does not fail.
            let _ = write!(text, "{}", row.text());
        }
        text.push_str(
            "\n`expected` for constant step sizes: modes by Kramers' rate in continuous time, variance of SGLD in one well. For\n\
             cycles: as if each ended in a mode drawn from the density, and sampled it from its bottom.\n\
             A small constant step stays in its mode; a large one gets about by its own error, and blurs the modes. Cycles\n\
             find modes with large steps and sample them with small ones; the weights are those of the search.\n",
        );
        text
    }
}
