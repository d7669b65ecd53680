//! Autocorrelation times and covariances of the runs, and the table of them.

use std::fmt::Write;

use serde::Serialize;

use crate::gaussian::dot;
use crate::sampling::{FRICTION, INVERSE_TEMPERATURE, STEP_SIZE, Sampled};
use crate::support::statistics::correlated_mean;

/// Times published for (n, W): read off figure 7.
const PUBLISHED: [(usize, usize, f64); 6] = [
    (4, 1, 32.0),
    (4, 8, 3.0),
    (4, 16, 2.0),
    (64, 1, 340.0),
    (64, 8, 90.0),
    (64, 16, 60.0),
];

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub steps: usize,
    pub runs: usize,
    pub covariance_blending: f64,
    pub refresh_every: usize,
    pub rows: Vec<Row>,
    pub walker_steps_per_second: f64,
    pub figures: Vec<String>,
}

/// One number of dimensions and of walkers, over all runs.
#[derive(Serialize)]
pub struct Row {
    pub dimensions: usize,
    pub walkers: usize,
    /// τ along the slowest eigenvector, in steps.
    pub slowest_time: f64,
    /// The standard deviation over the runs; absent for a single one.
    pub slowest_time_deviation: Option<f64>,
    pub slowest_time_published: Option<f64>,
    /// τ = 2γ/(κh) of a single walker.
    pub slowest_time_alone: f64,
    pub fastest_time: f64,
    pub fastest_time_deviation: Option<f64>,
    /// Of the variances and covariances along the directions, over all runs: the largest distance from theory in standard errors.
    pub largest_z: f64,
}

impl Row {
    pub fn new(dimensions: usize, walkers: usize, runs: &[Sampled]) -> Self {
        let variances = &runs[0].variances;
        let last = variances.len() - 1;
        let (slowest, slowest_deviation) = time_along(runs, 0);
        let (fastest, fastest_deviation) = time_along(runs, last);
        let published = PUBLISHED
            .iter()
            .find(|(n, w, _)| (*n, *w) == (dimensions, walkers));
        let curvature = 1.0 / (INVERSE_TEMPERATURE * variances[0]);
        Self {
            dimensions,
            walkers,
            slowest_time: slowest,
            slowest_time_deviation: slowest_deviation,
            slowest_time_published: published.map(|(_, _, time)| *time),
            slowest_time_alone: 2.0 * FRICTION / (curvature * STEP_SIZE),
            fastest_time: fastest,
            fastest_time_deviation: fastest_deviation,
            largest_z: largest_deviation(runs),
        }
    }
}

/// τ = 1 + 2 Σ ρ(t) of series of mean 0, their autocorrelations taken together, up to the first lag of 5 τ (A. D. Sokal, "Monte Carlo
/// methods in statistical mechanics", 1997), but no sooner than 10/γ, by when the oscillations of a stiff direction have died away.
fn autocorrelation_time(walkers: &[&[f64]]) -> f64 {
    let covariance = |lag: usize| -> f64 {
        let products = walkers.iter().map(|series| dot(series, &series[lag..]));
        let pairs: usize = walkers.iter().map(|series| series.len() - lag).sum();
        products.sum::<f64>() / pairs as f64
    };
    let shortest = walkers.iter().map(|series| series.len()).min().unwrap_or(0);
    let (variance, least) = (covariance(0), 10.0 / (FRICTION * STEP_SIZE));
    let mut time = 1.0;
    for lag in 1..shortest {
        time += 2.0 * covariance(lag) / variance;
        if lag as f64 >= f64::max(5.0 * time, least) {
            break;
        }
    }
    time
}

/// Mean and standard deviation of τ over the runs.
fn time_along(runs: &[Sampled], direction: usize) -> (f64, Option<f64>) {
    let time = |run: &Sampled| {
        let walkers = run.series.iter();
        let series: Vec<&[f64]> = walkers.map(|walker| walker[direction].as_slice()).collect();
        autocorrelation_time(&series)
    };
    let times: Vec<f64> = runs.iter().map(time).collect();
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    let deviation = (times.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    (mean, deviation)
}

/// The means are known to be 0: second moments are means of products, with errors by their autocorrelation.
fn largest_deviation(runs: &[Sampled]) -> f64 {
    let variances = &runs[0].variances;
    let mut largest: f64 = 0.0;
    for i in 0..variances.len() {
        for j in 0..=i {
            let walkers = runs.iter().flat_map(|run| &run.series);
            let products: Vec<Vec<f64>> = walkers
                .map(|walker| {
                    let pairs = walker[i].iter().zip(&walker[j]);
                    pairs.map(|(a, b)| a * b).collect()
                })
                .collect();
            let measured = correlated_mean(&products);
            let exact = if i == j { variances[i] } else { 0.0 };
            largest = largest.max(((measured.mean - exact) / measured.standard_error).abs());
        }
    }
    largest
}

impl Results {
    pub fn text(&self) -> String {
        let mut text = format!(
            "Gaussian, BAOAB, h = {STEP_SIZE}, {} steps, {} runs, η = {}, refreshed every {} steps, seed {}\n\
             {:>10} {:>8}   {:>16} {:>10} {:>8}   {:>16} {:>6}\n",
            self.steps,
            self.runs,
            self.covariance_blending,
            self.refresh_every,
            self.seed,
            "dimensions",
            "walkers",
            "slowest τ",
            "published",
            "alone",
            "fastest τ",
            "max z",
        );
        let with = |time: f64, deviation: Option<f64>| match deviation {
            Some(deviation) => format!("{time:.2} ± {deviation:.2}"),
            None => format!("{time:.2}"),
        };
        for row in &self.rows {
            let published = row.slowest_time_published;
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:>10} {:>8}   {:>16} {:>10} {:>8.0}   {:>16} {:>6.2}",
                row.dimensions,
                row.walkers,
                with(row.slowest_time, row.slowest_time_deviation),
                published.map_or(String::new(), |time| format!("{time:.0}")),
                row.slowest_time_alone,
                with(row.fastest_time, row.fastest_time_deviation),
                row.largest_z,
            );
        }
        let _ = writeln!(
            text,
            "{:.0} steps of walkers a second; figures: {}",
            self.walker_steps_per_second,
            self.figures.join(", ")
        );
        text
    }
}
