//! What the run prints: its setting, and theory beside measurement.

use std::fmt::Write as _;

use serde::Serialize;
use tati::models::PerceptronConfig;
use tati::prelude::*;

use crate::Options;
use crate::data::Data;
use crate::perceptron::Recipe;
use crate::predictions::Optimum;
use crate::sampling::Sampled;

/// Losses and accuracy that JMLR 21(228), section 3.2, reports: on its 55,000 training items, and on its own test split.
const PAPER: [(&str, f64, f64); 2] = [("train", 0.265, 0.926), ("test", 0.271, 0.926)];

/// The setting of a run.
pub struct Setup {
    pub dataset: String,
    pub origin: String,
    pub num_train: usize,
    pub num_test: usize,
    pub num_parameters: usize,
    pub seed: u64,
    pub device: String,
    pub threads: usize,
    pub inverse_temperature: f64,
    pub recipe: Recipe,
    pub step_size: f64,
    pub friction: f64,
    pub prior_strength: f64,
    pub batch_size: usize,
}

impl Setup {
    pub fn new(options: &Options, data: &Data, seed: u64) -> Result<Self, TatiError> {
        let num_train = data.train.len();
        tati::require_positive("temperature", options.temperature)?;
        let inverse_temperature = options
            .inverse_temperature
            .unwrap_or_else(|| InverseTemperature::tempered(num_train, options.temperature));
        tati::require_positive("inverse_temperature", inverse_temperature)?;
        let (dimension, classes) = (data.train.dimension(), data.train.classes());
        PerceptronConfig::new()
            .with_inputs(dimension)
            .with_classes(classes)
            .validate()?;
        Ok(Self {
            dataset: data.name.clone(),
            origin: data.origin.clone(),
            num_train,
            num_test: data.test.len(),
            num_parameters: dimension * classes + classes,
            seed,
            device: options.common.device.clone(),
            threads: options.threads,
            inverse_temperature,
            recipe: options.recipe,
            step_size: options.step_size,
            friction: options.friction,
            prior_strength: options.prior_strength,
            batch_size: options.batch_size.min(num_train),
        })
    }

    /// One line on what is run, for stderr.
    pub fn text(&self) -> String {
        format!(
            "{} ({}): {} training and {} test items, {} parameters; seed {}, device {}, {} thread{}\n",
            self.dataset,
            self.origin,
            self.num_train,
            self.num_test,
            self.num_parameters,
            self.seed,
            self.device,
            self.threads,
            if self.threads == 1 {
                " (fastest for a network this small)"
            } else {
                "s"
            },
        )
    }
}

/// The figures of a run, as `--json` prints them.
#[derive(Serialize)]
pub struct Results {
    dataset: String,
    num_parameters: usize,
    seed: u64,
    device: String,
    train_loss: f64,
    train_accuracy: f64,
    test_loss: f64,
    test_accuracy: f64,
    optimum_test_nll: f64,
    optimum_test_ece: f64,
    averaged_test_nll: f64,
    averaged_test_accuracy: f64,
    averaged_test_ece: f64,
    num_draws: u64,
    inverse_temperature: f64,
    step_size: f64,
    friction: f64,
    prior_strength: f64,
    batch_size: usize,
    /// Full-batch gradients: exactly 1/β in theory.
    kinetic_temperature: f64,
    kinetic_temperature_error: f64,
    mini_batch_kinetic_temperature: f64,
    mini_batch_kinetic_temperature_error: f64,
    mini_batch_kinetic_temperature_expected: f64,
    mean_potential: f64,
    mean_potential_error: f64,
    mean_virial: f64,
    mean_virial_error: f64,
    steps_per_second: f64,
    full_batch_steps_per_second: f64,
    interrupted: bool,
    figures: Vec<String>,
    #[serde(skip)]
    recipe: Recipe,
}

impl Results {
    pub fn new(setup: &Setup, optimum: &Optimum, sampled: &Sampled, figures: Vec<String>) -> Self {
        let (kinetic_temperature, kinetic_temperature_error) =
            sampled.full_batch.kinetic_temperature();
        let (mini_batch_kinetic_temperature, mini_batch_kinetic_temperature_error) =
            sampled.mini_batch.kinetic_temperature();
        let (mean_potential, mean_potential_error) = sampled.mini_batch.potential();
        let (mean_virial, mean_virial_error) = sampled.mini_batch.virial();
        Self {
            dataset: setup.dataset.clone(),
            num_parameters: setup.num_parameters,
            seed: setup.seed,
            device: setup.device.clone(),
            train_loss: optimum.train.summary.negative_log_likelihood,
            train_accuracy: optimum.train.summary.accuracy,
            test_loss: optimum.test.summary.negative_log_likelihood,
            test_accuracy: optimum.test.summary.accuracy,
            optimum_test_nll: optimum.test.summary.negative_log_likelihood,
            optimum_test_ece: optimum.test.summary.expected_calibration_error,
            averaged_test_nll: sampled.average.summary.negative_log_likelihood,
            averaged_test_accuracy: sampled.average.summary.accuracy,
            averaged_test_ece: sampled.average.summary.expected_calibration_error,
            num_draws: sampled.num_draws,
            inverse_temperature: setup.inverse_temperature,
            step_size: setup.step_size,
            friction: setup.friction,
            prior_strength: setup.prior_strength,
            batch_size: setup.batch_size,
            kinetic_temperature,
            kinetic_temperature_error,
            mini_batch_kinetic_temperature,
            mini_batch_kinetic_temperature_error,
            mini_batch_kinetic_temperature_expected: sampled.expected_mini_batch_temperature,
            mean_potential,
            mean_potential_error,
            mean_virial,
            mean_virial_error,
            steps_per_second: sampled.mini_batch.steps_per_second(),
            full_batch_steps_per_second: sampled.full_batch.steps_per_second(),
            interrupted: sampled.interrupted,
            figures,
            recipe: setup.recipe,
        }
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\nOptimum found by SGD         loss   accuracy")?;
        for (name, loss, accuracy) in [
            ("train", self.train_loss, self.train_accuracy),
            ("test", self.test_loss, self.test_accuracy),
        ] {
            write!(text, "  {name:<22} {loss:>8.4} {:>8.2} %", 100.0 * accuracy)?;
            let paper = PAPER.iter().find(|(paper, ..)| *paper == name);
            if let (Recipe::Paper, Some((_, loss, accuracy))) = (self.recipe, paper) {
                write!(text, "   paper: {loss:.3} and {:.1} %", 100.0 * accuracy)?;
            }
            writeln!(text)?;
        }
        if self.recipe == Recipe::Paper {
            writeln!(
                text,
                "  The paper's test set is 5,000 of its own; ours are MNIST's 10,000 test images."
            )?;
        }

        let theory = 1.0 / self.inverse_temperature;
        writeln!(
            text,
            "\nSampling exp(-βU) with BAOAB, β = {}, h = {}, γ = {}, prior strength {}",
            self.inverse_temperature, self.step_size, self.friction, self.prior_strength
        )?;
        writeln!(
            text,
            "  kinetic temperature, in 1/β   measured             theory"
        )?;
        writeln!(
            text,
            "  {:<28} {:>8.5} ± {:.5}    {:>8.5}   ({:+.1} standard errors)",
            "full-batch gradients",
            self.kinetic_temperature / theory,
            self.kinetic_temperature_error / theory,
            1.0,
            (self.kinetic_temperature - theory) / self.kinetic_temperature_error
        )?;
        writeln!(
            text,
            "  {:<28} {:>8.5} ± {:.5}   ~{:>8.5}   (1 + heating by gradient noise)",
            format!("mini-batches of {}", self.batch_size),
            self.mini_batch_kinetic_temperature / theory,
            self.mini_batch_kinetic_temperature_error / theory,
            self.mini_batch_kinetic_temperature_expected / theory,
        )?;
        writeln!(
            text,
            "  The excess with mini-batches is the noise of their gradients, which heats the momentum; its estimate\n  \
             takes the noise at the first and the last draw. Smaller steps, larger batches or more friction lower it."
        )?;
        writeln!(
            text,
            "  mean potential {:.5} ± {:.5};  virial θ·∇U/2 in N/(2β) {:.3} ± {:.3}, 1 in equilibrium: below it the\n  \
             soft directions are still spreading from the optimum",
            self.mean_potential,
            self.mean_potential_error,
            self.mean_virial / (0.5 * self.num_parameters as f64 * theory),
            self.mean_virial_error / (0.5 * self.num_parameters as f64 * theory),
        )?;

        writeln!(
            text,
            "\nTest predictions             optimum    average of {} draws",
            self.num_draws
        )?;
        for (name, optimum, average) in [
            (
                "negative log-likelihood",
                self.optimum_test_nll,
                self.averaged_test_nll,
            ),
            (
                "calibration error",
                self.optimum_test_ece,
                self.averaged_test_ece,
            ),
            ("accuracy", self.test_accuracy, self.averaged_test_accuracy),
        ] {
            writeln!(text, "  {name:<24} {optimum:>9.4} {average:>12.4}")?;
        }
        writeln!(
            text,
            "\n{:.0} steps/s with mini-batches, {:.1} with the full batch, observables included{}",
            self.steps_per_second,
            self.full_batch_steps_per_second,
            if self.interrupted {
                "; interrupted, figures are of the steps done"
            } else {
                ""
            }
        )?;
        for figure in &self.figures {
            writeln!(text, "  {figure}")?;
        }
        Ok(())
    }
}
