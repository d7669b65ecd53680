//! Devices beside the reference, as a table and as JSON.

use serde::Serialize;
use tati::TatiError;

use crate::Outcome;

#[derive(Serialize)]
pub struct Results<'a> {
    pub seed: u64,
    /// The reference.
    pub device: &'a str,
    pub num_parameters: usize,
    pub steps: usize,
    pub step_size: f64,
    pub friction: f64,
    pub inverse_temperature: f64,
    pub devices: Vec<Row>,
}

#[derive(Serialize)]
pub struct Row {
    device: String,
    opened: bool,
    /// Why it was not opened.
    reason: Option<String>,
    #[serde(flatten)]
    comparison: Option<Comparison>,
}

/// A device beside the reference; differences are the largest absolute ones over all elements.
#[derive(Serialize)]
pub struct Comparison {
    steps_per_second: f64,
    final_loss: f64,
    largest_parameter_difference: f64,
    largest_noise_difference: f64,
}

impl Comparison {
    pub fn new(outcome: &Outcome, expected: &Outcome) -> Self {
        Self {
            steps_per_second: outcome.steps_per_second,
            final_loss: outcome.final_loss,
            largest_parameter_difference: largest_difference(
                &outcome.parameters,
                &expected.parameters,
            ),
            largest_noise_difference: largest_difference(&outcome.noise, &expected.noise),
        }
    }
}

impl Row {
    pub fn new(device: &str, comparison: Result<Comparison, TatiError>) -> Self {
        Self {
            device: device.to_string(),
            opened: comparison.is_ok(),
            reason: comparison.as_ref().err().map(TatiError::to_string),
            comparison: comparison.ok(),
        }
    }

    fn text(&self) -> String {
        let device = &self.device;
        match (&self.comparison, &self.reason) {
            (Some(comparison), _) => format!(
                "{device:<10} {:>13.0} {:>13.6} {:>25.1e} {:>20.1e}\n",
                comparison.steps_per_second,
                comparison.final_loss,
                comparison.largest_parameter_difference,
                comparison.largest_noise_difference
            ),
            (None, reason) => {
                format!(
                    "{device:<10} not run: {}\n",
                    reason.as_deref().unwrap_or("unknown")
                )
            }
        }
    }
}

impl Results<'_> {
    pub fn text(&self) -> String {
        let mut text = format!(
            "BAOAB on a perceptron with {} parameters: {} steps, h = {}, γ = {}, β = {}\n\
             seed {}, differences to device {}\n\n\
             {:<10} {:>13} {:>13} {:>25} {:>20}\n",
            self.num_parameters,
            self.steps,
            self.step_size,
            self.friction,
            self.inverse_temperature,
            self.seed,
            self.device,
            "device",
            "steps/s",
            "final loss",
            "difference in parameters",
            "difference in noise"
        );
        text.extend(self.devices.iter().map(Row::text));
        text.push_str(if self.devices.len() > 1 {
            "\nNothing but the device changed. The noise is the same up to the rounding of its transform to normals, and the\n\
             chains up to the rounding of their sums: these differences stay small because the loss is convex.\n"
        } else {
            "\nThis build has one device, so there is nothing to compare it with. For more, name them when building:\n\
             cargo run --release --features wgpu --example switch_device      (also: ndarray, vulkan, cuda)\n"
        });
        text
    }
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}
