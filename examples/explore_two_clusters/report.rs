//! What was found, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::workflow::{Exploration, ExplorationEnd, ExplorationSummary};

use crate::Options;

#[derive(Serialize)]
pub struct Results {
    #[serde(flatten)]
    found: ExplorationSummary,
    num_parameters: usize,
    device: String,
    out: String,
    inverse_temperature: f64,
    figures: Vec<String>,
}

impl Results {
    pub fn new(
        options: &Options,
        num_parameters: usize,
        found: &Exploration,
        figures: Vec<String>,
    ) -> Self {
        Self {
            found: found.summary(),
            num_parameters,
            device: options.common.device.clone(),
            out: options.out.display().to_string(),
            inverse_temperature: options.inverse_temperature,
            figures,
        }
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn is_interrupted(&self) -> bool {
        self.found.end == ExplorationEnd::Interrupted
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{} weights at β = {} on {}, seed {}, recorded in {}\n",
            self.num_parameters, self.inverse_temperature, self.device, self.found.seed, self.out
        )?;
        writeln!(text, "round   draws   change   eigenvalues")?;
        for (number, round) in self.found.rounds.iter().enumerate() {
            let change = round
                .change
                .map_or("-".to_string(), |change| format!("{change:.3}"));
            let eigenvalues = row(&round.eigenvalues);
            writeln!(
                text,
                "{number:>5} {:>7} {change:>8}   {eigenvalues}",
                round.num_points
            )?;
        }
        let mut end = self.found.end.words().to_string();
        if self.is_interrupted() {
            end.push_str(" Go on with `--resume` and the same settings.");
        }
        writeln!(text, "{end}\n\ncorner       U   weights")?;
        for (number, corner) in self.found.corners.iter().enumerate() {
            writeln!(
                text,
                "{:>6} {:>7.4}   {}",
                number + 1,
                corner.potential,
                row(&corner.position)
            )?;
        }
        if self.is_interrupted() {
            return Ok(());
        }
        writeln!(text, "\nminimum       U   index   quenches   weights")?;
        for (number, minimum) in self.found.minima.iter().enumerate() {
            writeln!(
                text,
                "{:>7} {:>7.4} {:>7} {:>10}   {}",
                number + 1,
                minimum.potential,
                minimum.index,
                minimum.num_quenches,
                row(&minimum.position)
            )?;
        }
        if self.found.num_unconverged > 0 {
            writeln!(
                text,
                "{} quenches did not converge.",
                self.found.num_unconverged
            )?;
        }
        for barrier in &self.found.barriers {
            let [from, to] = [barrier.from + 1, barrier.to + 1];
            writeln!(
                text,
                "From {from} to {to} the lowest path rises by {:.4} = {:.1} kT, the straight line by {:.4}.",
                barrier.barrier,
                self.inverse_temperature * barrier.barrier,
                barrier.line_barrier
            )?;
        }
        writeln!(text, "\nFigures: {}", self.figures.join(", "))
    }
}

fn row(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers
        .iter()
        .map(|number| format!("{number:>8.4}"))
        .collect();
    numbers.join(" ")
}
