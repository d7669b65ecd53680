//! Populations and acceptances, and the tables of them.

use std::fmt::Write;

use serde::Serialize;
use tati::samplers::PairSummary;

use crate::sampling::Control;
use crate::support::statistics::correlated_mean;
use crate::well::Well;

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub steps: usize,
    pub burn_in: usize,
    pub control: Control,
    pub rungs: Vec<Rung>,
    pub pairs: Vec<PairSummary>,
    pub untuned_pairs: Vec<PairSummary>,
    pub round_trips: u64,
    pub round_trips_expected: f64,
    pub communication_barrier: f64,
    pub walker_steps_per_second: f64,
    pub figures: Vec<String>,
}

/// The left well at one rung.
#[derive(Serialize)]
pub struct Rung {
    pub inverse_temperature: f64,
    /// Its share of the draws.
    pub population: f64,
    /// The standard error of that.
    pub error: f64,
    pub exact: f64,
}

impl Rung {
    pub fn new(well: &Well, inverse_temperature: f64, series: &[f64]) -> Self {
        let is_left = series.iter().map(|x| f64::from(u8::from(*x < 0.0)));
        let measured = correlated_mean(&[is_left.collect()]);
        Self {
            inverse_temperature,
            population: measured.mean,
            error: measured.standard_error,
            exact: well.population(inverse_temperature),
        }
    }
}

impl Results {
    pub fn text(&self) -> String {
        let mut text = format!(
            "Control: a single chain of {} steps crosses {} times and finds {} in the left well.\n\n\
             Replica exchange, {} steps of each walker after {} of burn-in, seed {}\n\
             {:>10} {:>22} {:>8} {:>6}   {:>10} {:>8}\n",
            self.control.steps,
            self.control.crossings,
            self.control.population,
            self.steps,
            self.burn_in,
            self.seed,
            "β",
            "left well",
            "exact",
            "z",
            "acceptance",
            "untuned",
        );
        for (index, rung) in self.rungs.iter().enumerate() {
            let acceptance = |pairs: &[PairSummary]| {
                let pair = pairs.get(index);
                pair.map_or(String::new(), |pair| format!("{:.3}", pair.acceptance))
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:>10.4} {:>22} {:>8.4} {:>6.2}   {:>10} {:>8}",
                rung.inverse_temperature,
                format!("{:.4} ± {:.4}", rung.population, rung.error),
                rung.exact,
                (rung.population - rung.exact) / rung.error,
                acceptance(&self.pairs),
                acceptance(&self.untuned_pairs),
            );
        }
        let _ = writeln!(
            text,
            "{} round trips ({:.0} if potentials were independent from sweep to sweep), communication barrier {:.2}\n\
             {:.0} steps of walkers a second; figures: {}",
            self.round_trips,
            self.round_trips_expected,
            self.communication_barrier,
            self.walker_steps_per_second,
            self.figures.join(", ")
        );
        text
    }
}
