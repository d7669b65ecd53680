//! Theory beside measurement, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::draws::Draws;
use crate::samplers::Plan;
use crate::support::sampler::Sampler;
use crate::support::statistics::correlated_mean;
use crate::targets::{Moments, Quantity, Target};

/// Where |z| is not to go.
const LIMIT: f64 = 4.0;

/// What a sampler has given on a target.
pub struct Run {
    pub plan: Plan,
    pub target: &'static str,
    pub draws: Draws,
    pub expected: Moments,
    pub measured: Moments,
    pub rows: Vec<Row>,
}

#[derive(Serialize)]
pub struct Results<'a> {
    seed: u64,
    device: &'a str,
    rows: Vec<&'a Row>,
    largest_z: f64,
    figures: Vec<String>,
}

/// A measured average beside what it should be.
#[derive(Serialize)]
pub struct Row {
    sampler: Sampler,
    target: &'static str,
    #[serde(serialize_with = "key")]
    quantity: Quantity,
    /// The average over exp(−βU).
    density: f64,
    /// What the sampler should give with its step.
    reference: f64,
    measured: f64,
    standard_error: f64,
    z: f64,
    effective_draws: f64,
    gradients: u64,
    effective_draws_per_gradient: f64,
}

fn key<S: serde::Serializer>(quantity: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&quantity.key())
}

impl Run {
    pub fn new(plan: Plan, target: &Target, expected: Moments, draws: Draws) -> Self {
        let mean = [0, 1].map(|axis| {
            let series = series(&draws, |position| position[axis]);
            correlated_mean(&series).mean
        });
        let compare = |quantity: &Quantity| {
            let series = match *quantity {
                Quantity::Mean(i) => series(&draws, |position| position[i]),
                Quantity::Covariance(i, j) => series(&draws, |position| {
                    (position[i] - mean[i]) * (position[j] - mean[j])
                }),
                Quantity::Population(basin) => series(&draws, |position| {
                    f64::from(u8::from(target.surface.basin(*position) == basin))
                }),
            };
            let found = correlated_mean(&series);
            let reference = expected.of(*quantity);
            Row {
                sampler: plan.sampler,
                target: target.key,
                quantity: *quantity,
                density: target.moments.of(*quantity),
                reference,
                measured: found.mean,
                standard_error: found.standard_error,
                z: (found.mean - reference) / found.standard_error,
                effective_draws: found.effective_draws,
                gradients: draws.gradients,
                effective_draws_per_gradient: found.effective_draws / draws.gradients as f64,
            }
        };
        let rows: Vec<Row> = target.quantities.iter().map(compare).collect();
        let mut measured = Moments::default();
        for row in &rows {
            measured.set(row.quantity, row.measured);
        }
        Self {
            plan,
            target: target.key,
            draws,
            expected,
            measured,
            rows,
        }
    }

    /// Effective draws per gradient of the quantity that has fewest.
    pub fn efficiency(&self) -> f64 {
        let efficiencies = self.rows.iter().map(|row| row.effective_draws_per_gradient);
        efficiencies.fold(f64::INFINITY, f64::min)
    }

    pub fn largest_z(&self) -> f64 {
        largest(self.rows.iter())
    }

    fn text(&self) -> String {
        let line = |head: &str, what: &str, number: &dyn Fn(&Row) -> String| {
            let numbers = self.rows.iter().map(|row| format!("{:>10}", number(row)));
            format!("{head:<8} {what:<8}{}", numbers.collect::<String>())
        };
        let decimals = |value: f64| format!("{:.4}", value + 0.0);
        let mut text = String::new();
        let mut label = self.plan.sampler.label();
        if self.rows.iter().any(|row| row.reference != row.density) {
            text += &line(label, "expected", &|row| decimals(row.reference));
            text.push('\n');
            label = "";
        }
        text += &line(label, "measured", &|row| decimals(row.measured));
        text += &format!("{:>15.2e}\n", self.efficiency());
        text += &line("", "± error", &|row| format!("{:.4}", row.standard_error));
        text.push('\n');
        text += &line("", "z", &|row| format!("{:+.1}", row.z));
        text.push('\n');
        text
    }
}

/// `value` of every walker's readings.
fn series(draws: &Draws, value: impl Fn(&[f64; 2]) -> f64) -> Vec<Vec<f64>> {
    let walkers = draws.walkers.iter();
    walkers
        .map(|readings| readings.iter().map(&value).collect())
        .collect()
}

fn largest<'a>(rows: impl Iterator<Item = &'a Row>) -> f64 {
    // A NaN must not get lost.
    rows.fold(0.0, |largest: f64, row| {
        if row.z.is_nan() {
            f64::INFINITY
        } else {
            largest.max(row.z.abs())
        }
    })
}

impl<'a> Results<'a> {
    pub fn new(seed: u64, device: &'a str, runs: &'a [Run], figures: Vec<String>) -> Self {
        let rows: Vec<&Row> = runs.iter().flat_map(|run| &run.rows).collect();
        Self {
            seed,
            device,
            largest_z: largest(rows.iter().copied()),
            rows,
            figures,
        }
    }
}

pub fn text(targets: &[Target], runs: &[Run], results: &Results) -> String {
    let mut text = format!("seed {}, device {}\n", results.seed, results.device);
    for target in targets {
        let own: Vec<&Run> = runs.iter().filter(|run| run.target == target.key).collect();
        if own.is_empty() {
            continue;
        }
        let heads = target
            .quantities
            .iter()
            .map(|quantity| format!("{:>10}", quantity.label()));
        let values = target
            .quantities
            .iter()
            .map(|quantity| target.moments.of(*quantity));
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n{}\n{:<17}{}  draws/gradient\n{:<17}{}\n",
            target.title,
            "",
            heads.collect::<String>(),
            "density",
            values
                .map(|value| format!("{value:>10.4}"))
                .collect::<String>()
        );
        for run in own {
            text += &run.text();
        }
    }
    let _ = write!(
        text,
        "\n`expected` is what the scheme gives with its step, where that is known and is not the density's. `draws/gradient` are\n\
         effective draws of the quantity that has fewest, for each gradient after burn-in.\n\
         {} comparisons, the largest |z| is {:.1}{}\nfigures: {}\n",
        results.rows.len(),
        results.largest_z,
        if results.largest_z < LIMIT {
            ": all samplers do what theory says."
        } else {
            ". Above 4 something is wrong, but for once in 16,000 comparisons."
        },
        results.figures.join(", ")
    );
    text
}
