//! Theory beside measurement and the table of the sweep, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::Potential;
use tati::landscape::LearningCoefficient;
use tati::workflow::{LearningCoefficientSweep, SweepOutcome, SweepSetting};

use crate::singular::Row;
use crate::support::mlp::TrainedMlp;

#[derive(Serialize)]
pub struct Results {
    pub seed: u64,
    pub device: String,
    pub singular: Vec<Row>,
    pub dataset: &'static str,
    pub origin: String,
    pub num_items: usize,
    pub num_parameters: usize,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub test_accuracy: f64,
    pub inverse_temperature: Option<f64>,
    pub sweep: Vec<Setting>,
    /// Of the setting on a plateau that is known best.
    pub learning_coefficient: Option<f64>,
    pub learning_coefficient_error: Option<f64>,
    pub figures: Vec<String>,
}

/// A setting of the sweep.
#[derive(Serialize)]
pub struct Setting {
    pub step_size: f64,
    pub tether_strength: f64,
    pub outcome: Outcome,
    pub estimate: Option<f64>,
    pub standard_error: Option<f64>,
    pub mean_loss: Option<f64>,
    /// The largest difference from a neighbour in step size, in standard errors.
    pub step_size_disagreement: Option<f64>,
    /// The same in tether strength.
    pub tether_disagreement: Option<f64>,
    pub on_plateau: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Sound,
    BelowBaseline,
    Diverged,
}

impl Setting {
    fn new(setting: &SweepSetting) -> Self {
        let (outcome, found) = match &setting.outcome {
            SweepOutcome::Sound(found) => (Outcome::Sound, Some(found)),
            SweepOutcome::BelowBaseline(found) => (Outcome::BelowBaseline, Some(found)),
            SweepOutcome::Diverged(_) => (Outcome::Diverged, None),
        };
        let value = |of: fn(&LearningCoefficient) -> f64| found.map(of);
        Self {
            step_size: setting.step_size,
            tether_strength: setting.tether_strength,
            outcome,
            estimate: value(|found| found.estimate),
            standard_error: value(|found| found.standard_error),
            mean_loss: value(|found| found.mean_loss),
            step_size_disagreement: setting.step_size_disagreement,
            tether_disagreement: setting.tether_disagreement,
            on_plateau: setting.on_plateau,
        }
    }

    fn text(&self) -> String {
        let verdict = match self.outcome {
            Outcome::Diverged => "diverged",
            Outcome::BelowBaseline => "below L(θ*): no minimum, or left",
            Outcome::Sound if self.on_plateau => "on a plateau",
            Outcome::Sound => "",
        };
        let number = |value: Option<f64>, digits: usize| {
            value.map_or("-".to_string(), |value| format!("{value:.digits$}"))
        };
        let line = format!(
            "{:>9} {:>9} {:>12} ± {:<9} {:>10} {:>10} {:>10}   {verdict}",
            self.step_size,
            self.tether_strength,
            number(self.estimate, 2),
            number(self.standard_error, 2),
            number(self.mean_loss, 5),
            number(self.step_size_disagreement, 1),
            number(self.tether_disagreement, 1),
        );
        line.trim_end().to_string()
    }
}

impl Results {
    pub fn new(
        network: &TrainedMlp,
        (seed, device): (u64, &str),
        singular: Vec<Row>,
        sweep: &LearningCoefficientSweep,
    ) -> Self {
        let best = sweep.best().and_then(|setting| setting.outcome.sound());
        let any = sweep
            .settings
            .iter()
            .find_map(|setting| match &setting.outcome {
                SweepOutcome::Sound(found) | SweepOutcome::BelowBaseline(found) => Some(found),
                SweepOutcome::Diverged(_) => None,
            });
        Self {
            seed,
            device: device.to_string(),
            singular,
            dataset: network.dataset,
            origin: network.origin.clone(),
            num_items: network.potential.num_rows(),
            num_parameters: network.potential.num_parameters(),
            train_loss: network.train_loss,
            train_accuracy: network.train_accuracy,
            test_accuracy: network.test_accuracy,
            inverse_temperature: any.map(|found| found.inverse_temperature),
            sweep: sweep.settings.iter().map(Setting::new).collect(),
            learning_coefficient: best.map(|found| found.estimate),
            learning_coefficient_error: best.map(|found| found.standard_error),
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
            "Losses with known learning coefficients; seed {}, device {}\n\n\
             {:<12} {:>7} {:>4} {:>10} {:>10}            {:>9}",
            self.seed, self.device, "L", "λ", "m", "exact", "measured", "deviation"
        )?;
        for row in &self.singular {
            writeln!(
                text,
                "{:<12} {:>7.4} {:>4} {:>10.4} {:>10.4} ± {:.4}   {:>+9.1}",
                row.loss,
                row.known,
                row.multiplicity,
                row.exact,
                row.measured,
                row.standard_error,
                row.deviation
            )?;
        }
        writeln!(
            text,
            "\nλ holds for infinitely many data; `exact` is the expectation at this n and with this tether, and `deviation` the distance\n\
             from it in standard errors.\n\n\
             {} ({}): {} training images, {} parameters, trained to loss {:.5}, accuracy {:.2} % (test {:.2} %)\n\n\
             {:>9} {:>9} {:>12}   {:<9} {:>10} {:>10} {:>10}",
            self.dataset,
            self.origin,
            self.num_items,
            self.num_parameters,
            self.train_loss,
            100.0 * self.train_accuracy,
            100.0 * self.test_accuracy,
            "step h",
            "tether γ",
            "estimate",
            "",
            "mean loss",
            "over h",
            "over γ"
        )?;
        for setting in &self.sweep {
            writeln!(text, "{}", setting.text())?;
        }
        writeln!(
            text,
            "\n`over h` and `over γ` are the largest differences from the neighbours in step size and tether, in standard errors."
        )?;
        match (self.learning_coefficient, self.learning_coefficient_error) {
            (Some(estimate), Some(error)) => writeln!(
                text,
                "\nThe learning coefficient within this tether is {estimate:.1} ± {error:.1}; N/2, a regular model's without one, is {}.",
                self.num_parameters as f64 / 2.0
            ),
            _ => writeln!(
                text,
                "\nNo setting is on a plateau: the estimate still depends on step size or tether, so none is a property of the minimum.\n\
                 Take more steps, or other step sizes and tethers."
            ),
        }?;
        writeln!(text, "\nFigures: {}", self.figures.join(", "))
    }
}
