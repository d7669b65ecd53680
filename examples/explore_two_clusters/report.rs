//! What was found, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::workflow::{Exploration, ExplorationEnd};

use crate::Options;

#[derive(Serialize)]
pub struct Results {
    pub num_parameters: usize,
    pub seed: u64,
    pub device: String,
    pub out: String,
    pub inverse_temperature: f64,
    pub end: End,
    pub rounds: Vec<Round>,
    /// Of the last map.
    pub corners: Vec<Corner>,
    pub minima: Vec<Minimum>,
    pub num_unconverged: usize,
    pub barriers: Vec<Barrier>,
    pub figures: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Settled,
    RoundsSpent,
    Interrupted,
}

#[derive(Serialize)]
pub struct Round {
    pub num_points: usize,
    pub bandwidth: f64,
    pub eigenvalues: Vec<f64>,
    pub change: Option<f64>,
}

#[derive(Serialize)]
pub struct Corner {
    pub chain: usize,
    pub draw: usize,
    pub potential: f64,
    pub position: Vec<f64>,
}

#[derive(Serialize)]
pub struct Minimum {
    pub potential: f64,
    pub gradient_norm: f64,
    pub index: usize,
    pub num_quenches: usize,
    pub position: Vec<f64>,
}

#[derive(Serialize)]
pub struct Barrier {
    pub from: usize,
    pub to: usize,
    /// Above the first of the two minima, on the lowest path and on the straight line.
    pub barrier: f64,
    pub line_barrier: f64,
    /// Of the highest saddle.
    pub saddle_index: Option<usize>,
    pub converged: bool,
}

impl Results {
    pub fn new(
        options: &Options,
        num_parameters: usize,
        found: &Exploration,
        figures: Vec<String>,
    ) -> Self {
        let rounds = found.rounds.iter().map(|round| Round {
            num_points: round.num_points,
            bandwidth: round.bandwidth,
            eigenvalues: round.eigenvalues.clone(),
            change: round.change,
        });
        let corners = found.rounds.last().map(|round| &round.corners);
        let corners = corners.into_iter().flatten().map(|corner| Corner {
            chain: corner.chain,
            draw: corner.draw,
            potential: corner.potential,
            position: corner.position.clone(),
        });
        let minima = found.minima.minima.iter().map(|minimum| Minimum {
            potential: minimum.point.potential,
            gradient_norm: minimum.point.gradient_norm,
            index: minimum.point.hessian.index,
            num_quenches: minimum.num_quenches,
            position: minimum.point.position.clone(),
        });
        let barriers = found.barriers.iter().map(|barrier| {
            let saddles = barrier.path.saddles.iter();
            let highest = saddles.max_by(|a, b| a.potential.total_cmp(&b.potential));
            Barrier {
                from: barrier.from,
                to: barrier.to,
                barrier: barrier.path.profile.barrier_from_start(),
                line_barrier: barrier.line.barrier_from_start(),
                saddle_index: highest.map(|saddle| saddle.hessian.index),
                converged: barrier.path.converged,
            }
        });
        Self {
            num_parameters,
            seed: found.seed,
            device: options.common.device.clone(),
            out: options.out.display().to_string(),
            inverse_temperature: options.inverse_temperature,
            end: match found.end {
                ExplorationEnd::Settled => End::Settled,
                ExplorationEnd::RoundsSpent => End::RoundsSpent,
                ExplorationEnd::Interrupted => End::Interrupted,
            },
            rounds: rounds.collect(),
            corners: corners.collect(),
            minima: minima.collect(),
            num_unconverged: found.minima.num_unconverged(),
            barriers: barriers.collect(),
            figures,
        }
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{} weights at β = {} on {}, seed {}, recorded in {}\n",
            self.num_parameters, self.inverse_temperature, self.device, self.seed, self.out
        )?;
        writeln!(text, "round   draws   change   eigenvalues")?;
        for (number, round) in self.rounds.iter().enumerate() {
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
        let end = match self.end {
            End::Settled => "The eigenvalues have settled.",
            End::RoundsSpent => "The rounds were spent before the eigenvalues settled.",
            End::Interrupted => "Stopped; go on with `--resume` and the same settings.",
        };
        writeln!(text, "{end}\n\ncorner       U   weights")?;
        for (number, corner) in self.corners.iter().enumerate() {
            writeln!(
                text,
                "{:>6} {:>7.4}   {}",
                number + 1,
                corner.potential,
                row(&corner.position)
            )?;
        }
        if self.end == End::Interrupted {
            return Ok(());
        }
        writeln!(text, "\nminimum       U   index   quenches   weights")?;
        for (number, minimum) in self.minima.iter().enumerate() {
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
        if self.num_unconverged > 0 {
            writeln!(text, "{} quenches did not converge.", self.num_unconverged)?;
        }
        for barrier in &self.barriers {
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
