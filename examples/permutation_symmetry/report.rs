//! What was found, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::landscape::StationaryPoint;

use crate::Options;
use crate::analysis::Found;
use crate::network::Sampled;

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub num_points: usize,
    pub prior: f64,
    pub inverse_temperature: f64,
    pub num_draws: usize,
    /// Changes of basin from a draw to the next.
    pub num_hops: usize,
    pub minima: Vec<Point>,
    /// Those left when copies under the symmetry are one.
    pub num_distinct_minima: usize,
    pub num_unconverged: usize,
    pub bandwidth: f64,
    /// Of the generator, from 0 down.
    pub eigenvalues: Vec<f64>,
    /// The share of the draws whose first coordinate has the sign of their basin.
    pub agreement: Option<f64>,
    pub line_barrier: Option<f64>,
    pub path_barrier: Option<f64>,
    pub path_converged: Option<bool>,
    pub path_iterations: Option<usize>,
    pub saddles: Vec<Point>,
    pub figures: Vec<String>,
}

/// A minimum or saddle.
#[derive(Serialize)]
pub struct Point {
    pub position: Vec<f64>,
    pub potential: f64,
    pub gradient_norm: f64,
    pub index: usize,
    /// From the largest.
    pub eigenvalues: Vec<f64>,
    /// The quenches that ended there; 0 for a saddle.
    pub num_quenches: usize,
}

impl Point {
    fn new(point: &StationaryPoint, num_quenches: usize) -> Self {
        Self {
            position: point.position.clone(),
            potential: point.potential,
            gradient_norm: point.gradient_norm,
            index: point.hessian.index,
            eigenvalues: point.hessian.eigenvalues.clone(),
            num_quenches,
        }
    }

    fn text(&self, kind: &str) -> String {
        format!(
            "{kind:<8} {:>9.5} {:>9.5} {:>10.6} {:>10.1e} {:>6} {:>9}",
            self.position[0],
            self.position[1],
            self.potential,
            self.gradient_norm,
            self.index,
            self.num_quenches
        )
    }
}

impl Results {
    pub fn new(options: &Options, seed: u64, sampled: &Sampled, found: &Found) -> Self {
        let ways = found.ways.as_ref();
        let minima = found.minima.minima.iter();
        let saddles = ways.into_iter().flat_map(|ways| &ways.path.saddles);
        Self {
            seed,
            device: options.common.device.clone(),
            num_points: options.points,
            prior: options.prior,
            inverse_temperature: options.inverse_temperature,
            num_draws: sampled.shape[0] * sampled.shape[1],
            num_hops: found.basins.num_hops,
            minima: minima
                .map(|minimum| Point::new(&minimum.point, minimum.num_quenches))
                .collect(),
            num_distinct_minima: found.num_distinct,
            num_unconverged: found.minima.num_unconverged(),
            bandwidth: found.map.bandwidth(),
            eigenvalues: found.map.eigenvalues().to_vec(),
            agreement: found.basins.agreement,
            line_barrier: ways.map(|ways| ways.line.barrier_from_start()),
            path_barrier: ways.map(|ways| ways.path.profile.barrier_from_start()),
            path_converged: ways.map(|ways| ways.path.converged),
            path_iterations: ways.map(|ways| ways.path.num_iterations),
            saddles: saddles.map(|saddle| Point::new(saddle, 0)).collect(),
            figures: Vec::new(),
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
            "A 1-1-1 network on two clusters of {} points: {} draws at β = {}, {} hops between basins; seed {}, device {}\n\n\
             {:<8} {:>9} {:>9} {:>10} {:>10} {:>6} {:>9}",
            self.num_points,
            self.num_draws,
            self.inverse_temperature,
            self.num_hops,
            self.seed,
            self.device,
            "",
            "w₁",
            "w₂",
            "U",
            "|∇U|",
            "index",
            "quenches"
        )?;
        for minimum in &self.minima {
            writeln!(text, "{}", minimum.text("minimum"))?;
        }
        for saddle in &self.saddles {
            writeln!(text, "{}", saddle.text("saddle"))?;
        }
        let eigenvalues: Vec<String> = (self.eigenvalues.iter())
            .map(|eigenvalue| format!("{eigenvalue:.3}"))
            .collect();
        writeln!(
            text,
            "\nUp to the sign of a unit's weights there is {} minimum; {} quenches did not converge.\n\n\
             Diffusion map: bandwidth {:.4}, eigenvalues {}",
            self.num_distinct_minima,
            self.num_unconverged,
            self.bandwidth,
            eigenvalues.join(", ")
        )?;
        if let Some(agreement) = self.agreement {
            writeln!(
                text,
                "The sign of the first coordinate is that of the basin for {:.1} % of the draws.",
                100.0 * agreement
            )?;
        }
        match (self.line_barrier, self.path_barrier) {
            (Some(line), Some(path)) => writeln!(
                text,
                "\nBarrier between the two: {line:.6} on the straight line, {path:.6} on the relaxed path ({}).\n\
                 By symmetry the line passes through the saddle at 0, where U = 1, so that it rises no higher than the path.",
                if self.path_converged == Some(true) {
                    "converged"
                } else {
                    "not converged"
                }
            ),
            _ => writeln!(
                text,
                "\nOne basin alone was visited: take a smaller --inverse-temperature, or more --draws or --chains."
            ),
        }?;
        writeln!(text, "\nFigures: {}", self.figures.join(", "))
    }
}
