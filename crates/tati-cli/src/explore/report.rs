//! What an exploration found, as JSON, text, a table and figures.

use std::path::Path;

use serde::Serialize;
use tati::landscape::PathPotential;
use tati::landscape::plot::{self, Curve};
use tati::workflow::{Exploration, ExplorationEnd};
use tati::{ParameterLayout, ParameterTensor, write_table};

use crate::error::CliError;
use crate::text;

/// What an exploration found.
#[derive(Serialize)]
pub struct Results {
    end: &'static str,
    verdict: &'static str,
    rounds: Vec<Round>,
    /// Of the last map.
    corners: Vec<Corner>,
    minima: Vec<Minimum>,
    num_unconverged: usize,
    barriers: Vec<Barrier>,
    inverse_temperature: Option<f64>,
    seed: u64,
    out: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    pub files: Vec<String>,
}

#[derive(Serialize)]
struct Round {
    num_points: usize,
    bandwidth: f64,
    eigenvalues: Vec<f64>,
    change: Option<f64>,
}

#[derive(Serialize)]
struct Corner {
    chain: usize,
    draw: usize,
    potential: f64,
    position: Vec<f64>,
}

#[derive(Serialize)]
struct Minimum {
    potential: f64,
    gradient_norm: f64,
    index: usize,
    num_quenches: usize,
    position: Vec<f64>,
}

#[derive(Serialize)]
struct Barrier {
    from: usize,
    to: usize,
    /// Above the first of the two minima, on the lowest path and on the straight line.
    barrier: f64,
    line_barrier: f64,
    converged: bool,
}

impl Results {
    pub fn new(found: &Exploration, inverse_temperature: Option<f64>, out: &Path) -> Self {
        let (end, verdict) = match found.end {
            ExplorationEnd::Settled => (
                "settled",
                "The eigenvalues have settled: nothing new was found, which does not mean that there is nothing more.",
            ),
            ExplorationEnd::RoundsSpent => (
                "rounds_spent",
                "The rounds were spent before the eigenvalues settled: there may be more to find.",
            ),
            ExplorationEnd::Interrupted => (
                "interrupted",
                "Stopped before its end; everything is saved.",
            ),
        };
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
        let barriers = found.barriers.iter().map(|barrier| Barrier {
            from: barrier.from,
            to: barrier.to,
            barrier: barrier.path.profile.barrier_from_start(),
            line_barrier: barrier.line.barrier_from_start(),
            converged: barrier.path.converged,
        });
        Self {
            end,
            verdict,
            rounds: rounds.collect(),
            corners: corners.collect(),
            minima: minima.collect(),
            num_unconverged: found.minima.num_unconverged(),
            barriers: barriers.collect(),
            inverse_temperature,
            seed: found.seed,
            out: out.display().to_string(),
            resume: None,
            files: Vec::new(),
        }
    }

    pub fn is_interrupted(&self) -> bool {
        self.end == "interrupted"
    }

    pub fn text(&self) -> String {
        let round = |(number, round): (usize, &Round)| {
            vec![
                number.to_string(),
                round.num_points.to_string(),
                round.change.map_or("-".to_string(), text::number),
                text::list(&round.eigenvalues),
            ]
        };
        let rounds: Vec<Vec<String>> = self.rounds.iter().enumerate().map(round).collect();
        let minimum = |(number, minimum): (usize, &Minimum)| {
            vec![
                number.to_string(),
                text::number(minimum.potential),
                minimum.index.to_string(),
                minimum.num_quenches.to_string(),
            ]
        };
        let minima: Vec<Vec<String>> = self.minima.iter().enumerate().map(minimum).collect();
        let mut text = format!(
            "Exploration in {}, seed {}\n{}{}\n",
            self.out,
            self.seed,
            text::table(&["round", "draws", "change", "eigenvalues"], &rounds),
            self.verdict
        );
        if let Some(resume) = &self.resume {
            return format!("{text}Go on: {resume}\n");
        }
        text.push_str(&text::table(
            &["minimum", "U", "index", "quenches"],
            &minima,
        ));
        if self.num_unconverged > 0 {
            text.push_str(&format!(
                "{} did not converge\n",
                text::count(self.num_unconverged, "quench")
            ));
        }
        for barrier in &self.barriers {
            text.push_str(&format!(
                "From {} to {} the lowest path rises by {}, the straight line by {}\n",
                barrier.from,
                barrier.to,
                text::number(barrier.barrier),
                text::number(barrier.line_barrier)
            ));
        }
        text + &text::files(&self.files)
    }
}

/// Writes the minima as a table that `--parameters` takes, with the number of each as its step, and a figure of each barrier.
pub fn write(
    folder: &Path,
    found: &Exploration,
    layout: &ParameterLayout,
) -> Result<Vec<String>, CliError> {
    let mut files = Vec::new();
    let map = folder.join("map.png");
    if map.exists() {
        files.push(map.display().to_string());
    }
    if !found.minima.minima.is_empty() {
        let path = folder.join("minima-trajectory.csv");
        let trainable = layout.tensors().iter().filter(|tensor| !tensor.is_frozen());
        let names = trainable.flat_map(ParameterTensor::element_names);
        let header = ["step", "loss"].map(String::from).into_iter().chain(names);
        let rows = found
            .minima
            .minima
            .iter()
            .enumerate()
            .map(|(number, minimum)| {
                let mut row = vec![minimum.point.potential];
                row.extend(&minimum.point.position);
                (vec![number], row)
            });
        write_table(&path, header, rows)?;
        files.push(path.display().to_string());
    }
    for barrier in &found.barriers {
        let shares = |path: &PathPotential| -> Vec<f64> {
            let whole = path.lengths.last().copied().unwrap_or(1.0);
            path.lengths.iter().map(|length| length / whole).collect()
        };
        let (line, profile) = (&barrier.line, &barrier.path.profile);
        let figure = plot::Path {
            line: Curve {
                x: &shares(line),
                y: &line.potential,
                ..Curve::default()
            },
            images: Curve {
                x: &shares(profile),
                y: &profile.potential,
                ..Curve::default()
            },
            x_label: "share of the way",
            y_label: "potential U",
            title: &format!("From minimum {} to {}", barrier.from, barrier.to),
            source: &format!("{}, seed {}", folder.display(), found.seed),
        };
        let path = folder.join(format!("barrier-{}-{}.png", barrier.from, barrier.to));
        figure.save(&path)?;
        files.push(path.display().to_string());
    }
    Ok(files)
}
