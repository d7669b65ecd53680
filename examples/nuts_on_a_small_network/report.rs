//! The samplers side by side, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::Options;
use crate::sampling::{BORDER_POINTS, Sampled, Sampler, Task, Trace};
use crate::support::statistics::{CorrelatedMean, correlated_mean};

#[derive(Serialize)]
pub struct Results<'a> {
    seed: u64,
    device: &'a str,
    num_parameters: usize,
    num_data: usize,
    inverse_temperature: f64,
    walkers: usize,
    gradients_per_walker: usize,
    samplers: Vec<Row>,
    comparisons: Vec<Comparison>,
    largest_z: f64,
    figures: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    sampler: Sampler,
    /// The last one, averaged over chains.
    step_size: f64,
    num_draws: usize,
    gradients: f64,
    acceptance: Option<f64>,
    divergences: usize,
    mean_potential: f64,
    mean_potential_error: f64,
    potential_draws_per_gradient: f64,
    prediction_draws_per_gradient: f64,
    seconds: f64,
    test_accuracy: f64,
    test_nll: f64,
    test_ece: f64,
    single_draw_test_nll: f64,
}

/// The difference of what two samplers give.
#[derive(Serialize)]
struct Comparison {
    first: Sampler,
    second: Sampler,
    quantity: String,
    difference: f64,
    standard_error: f64,
    z: f64,
}

/// The mean potential and the mean predictions at the border.
struct Means {
    potential: CorrelatedMean,
    predictions: [CorrelatedMean; BORDER_POINTS],
}

impl Means {
    fn of(sampled: &Sampled) -> Self {
        let mean = |series: &dyn Fn(&Trace) -> Vec<f64>| {
            let chains: Vec<Vec<f64>> = sampled.chains.iter().map(series).collect();
            correlated_mean(&chains)
        };
        Self {
            potential: mean(&|trace| trace.potentials.clone()),
            predictions: std::array::from_fn(|point| {
                mean(&|trace| trace.predictions[point].clone())
            }),
        }
    }

    fn named(&self) -> impl Iterator<Item = (String, CorrelatedMean)> {
        let predictions = self.predictions.into_iter().enumerate();
        std::iter::once(("potential".to_string(), self.potential))
            .chain(predictions.map(|(point, mean)| (format!("prediction_{}", point + 1), mean)))
    }
}

impl Row {
    fn new(sampled: &Sampled, means: &Means) -> Self {
        let chains = &sampled.chains;
        let gradients = chains
            .iter()
            .filter_map(|trace| trace.gradients.last())
            .sum::<f64>();
        let acceptances: Vec<f64> = chains
            .iter()
            .flat_map(|trace| trace.acceptances.iter().copied())
            .collect();
        let acceptance = acceptances.iter().sum::<f64>() / acceptances.len() as f64;
        let predictions = means.predictions.iter().map(|mean| mean.effective_draws);
        Self {
            sampler: sampled.sampler,
            step_size: chains.iter().map(|trace| trace.step_size).sum::<f64>()
                / chains.len() as f64,
            num_draws: chains.iter().map(|trace| trace.potentials.len()).sum(),
            gradients,
            acceptance: Some(acceptance).filter(|acceptance| acceptance.is_finite()),
            divergences: chains.iter().map(|trace| trace.divergences).sum(),
            mean_potential: means.potential.mean,
            mean_potential_error: means.potential.standard_error,
            potential_draws_per_gradient: means.potential.effective_draws / gradients,
            prediction_draws_per_gradient: predictions.fold(f64::INFINITY, f64::min) / gradients,
            seconds: sampled.seconds,
            test_accuracy: sampled.test.accuracy,
            test_nll: sampled.test.negative_log_likelihood,
            test_ece: sampled.test.expected_calibration_error,
            single_draw_test_nll: sampled.test.single_draw_negative_log_likelihood,
        }
    }

    fn text(&self) -> String {
        format!(
            "{:<6} {:>9.4} {:>10} {:>7} {:>8}  {:.5} ± {:.5} {:>12.2e} {:>12.2e}   {:>8.3} {:>8.4} {:>9.4}\n",
            self.sampler.label(),
            self.step_size,
            self.acceptance
                .map_or("–".to_string(), |acceptance| format!("{acceptance:.3}")),
            self.num_draws,
            self.divergences,
            self.mean_potential,
            self.mean_potential_error,
            self.potential_draws_per_gradient,
            self.prediction_draws_per_gradient,
            self.test_accuracy,
            self.test_nll,
            self.single_draw_test_nll,
        )
    }
}

fn comparisons(sampled: &[Sampled], means: &[Means]) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for (index, first) in means.iter().enumerate() {
        for (other, second) in means.iter().enumerate().skip(index + 1) {
            for ((quantity, a), (_, b)) in first.named().zip(second.named()) {
                let standard_error = a.standard_error.hypot(b.standard_error);
                comparisons.push(Comparison {
                    first: sampled[index].sampler,
                    second: sampled[other].sampler,
                    quantity,
                    difference: a.mean - b.mean,
                    standard_error,
                    z: (a.mean - b.mean) / standard_error,
                });
            }
        }
    }
    comparisons
}

fn largest(comparisons: &[Comparison]) -> f64 {
    // A NaN must not get lost.
    comparisons.iter().fold(0.0, |largest: f64, comparison| {
        if comparison.z.is_nan() {
            f64::INFINITY
        } else {
            largest.max(comparison.z.abs())
        }
    })
}

impl<'a> Results<'a> {
    pub fn new(
        options: &'a Options,
        task: &Task,
        sampled: &[Sampled],
        figures: Vec<String>,
    ) -> Self {
        let means: Vec<Means> = sampled.iter().map(Means::of).collect();
        let comparisons = comparisons(sampled, &means);
        Self {
            seed: task.seed,
            device: &options.common.device,
            num_parameters: task.num_parameters,
            num_data: task.training.len(),
            inverse_temperature: task.inverse_temperature,
            walkers: options.walkers,
            gradients_per_walker: options.gradients,
            samplers: sampled
                .iter()
                .zip(&means)
                .map(|(s, means)| Row::new(s, means))
                .collect(),
            largest_z: largest(&comparisons),
            comparisons,
            figures,
        }
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "Posterior of a network of {} parameters given {} points: {} chains of {} gradients each\n\
             seed {}, device {}\n\n\
             {:<6} {:>9} {:>10} {:>7} {:>8}  {:^17} {:^25}   {:^27}\n\
             {:<6} {:>9} {:>10} {:>7} {:>8}  {:^17} {:>12} {:>12}   {:>8} {:>8} {:>9}\n",
            self.num_parameters,
            self.num_data,
            self.walkers,
            self.gradients_per_walker,
            self.seed,
            self.device,
            "",
            "",
            "",
            "",
            "",
            "",
            "effective draws/gradient",
            "predictions on a test set",
            "",
            "step size",
            "acceptance",
            "draws",
            "diverged",
            "mean U",
            "of U",
            "predictions",
            "accuracy",
            "NLL",
            "of a draw"
        );
        for row in &self.samplers {
            text += &row.text();
        }
        text += "\nDifferences in standard errors: U, then the predictions at the points of the border\n";
        for pair in self.comparisons.chunks(1 + BORDER_POINTS) {
            let z = pair
                .iter()
                .map(|comparison| format!("{:>+6.1}", comparison.z));
            let (first, second) = (pair[0].first.label(), pair[0].second.label());
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:<13} {}",
                format!("{first} – {second}"),
                z.collect::<String>()
            );
        }
        let _ = write!(
            text,
            "\nThe step of NUTS is in units of each parameter's scale. The largest |z| is {:.1}{}\nfigures: {}\n",
            self.largest_z,
            if self.largest_z < 4.0 {
                ": they agree."
            } else {
                ": they disagree, or chains have not found everything that others have. Give them more --gradients."
            },
            self.figures.join(", ")
        );
        text
    }
}
