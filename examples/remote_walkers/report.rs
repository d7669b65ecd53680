//! The walkers' ends on remote devices beside those at home.

use std::fmt::Write;

use serde::Serialize;

use crate::Options;
use crate::sampling::Outcome;

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub steps: usize,
    pub num_parameters: usize,
    pub walkers: Vec<Row>,
    pub largest_difference: f64,
    pub walker_steps_per_second: f64,
    pub walker_steps_per_second_at_home: f64,
}

#[derive(Serialize)]
pub struct Row {
    pub walker: usize,
    pub device: String,
    pub mean_potential: f64,
    pub mean_potential_at_home: f64,
    /// Of the last parameters.
    pub largest_difference: f64,
}

impl Results {
    pub fn new(
        options: &Options,
        seed: u64,
        names: &[String],
        at_home: &Outcome,
        remote: &Outcome,
    ) -> Self {
        let row = |walker: usize| {
            let pairs = remote.ends[walker].iter().zip(&at_home.ends[walker]);
            Row {
                walker,
                device: names[walker % names.len()].clone(),
                mean_potential: remote.mean_potentials[walker],
                mean_potential_at_home: at_home.mean_potentials[walker],
                largest_difference: pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max),
            }
        };
        let walkers: Vec<Row> = (0..options.walkers).map(row).collect();
        let differences = walkers.iter().map(|row| row.largest_difference);
        Self {
            seed,
            device: options.common.device.clone(),
            steps: options.steps,
            num_parameters: at_home.ends[0].len(),
            largest_difference: differences.fold(0.0, f64::max),
            walkers,
            walker_steps_per_second: remote.walker_steps_per_second,
            walker_steps_per_second_at_home: at_home.walker_steps_per_second,
        }
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "Perceptron of {} parameters, BAOAB, {} steps, seed {}\n{:>6}  {:<26} {:>14} {:>14} {:>18}\n",
            self.num_parameters,
            self.steps,
            self.seed,
            "walker",
            "device",
            "mean U",
            format!("on {}", self.device),
            "largest difference",
        );
        for row in &self.walkers {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:>6}  {:<26} {:>14.8} {:>14.8} {:>18.1e}",
                row.walker,
                row.device,
                row.mean_potential,
                row.mean_potential_at_home,
                row.largest_difference,
            );
        }
        let _ = writeln!(
            text,
            "{:.0} steps of walkers a second over the network, {:.0} on {}",
            self.walker_steps_per_second, self.walker_steps_per_second_at_home, self.device,
        );
        text
    }
}
