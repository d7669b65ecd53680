//! Both runs side by side, as a table and as JSON.

use serde::Serialize;

use crate::renderer::Epoch;

#[derive(Serialize)]
pub struct Results<'a> {
    pub dataset: &'static str,
    pub origin: String,
    pub seed: u64,
    pub device: &'a str,
    pub num_parameters: usize,
    pub train_items: usize,
    pub valid_items: usize,
    pub batch_size: usize,
    pub learning_rate: f64,
    pub step_size: f64,
    pub friction: f64,
    pub temperature: f64,
    pub inverse_temperature: f64,
    pub out: String,
    pub adam: Vec<Epoch>,
    pub baoab: Vec<Epoch>,
    /// How far sampling moved the parameter that it moved farthest.
    pub sampling_largest_change: f64,
    pub resumed_after_epoch: usize,
    /// Parameters of the run resumed from the checkpoint against those of the run that was never stopped.
    pub resumed_largest_difference: f64,
}

impl Results<'_> {
    pub fn text(&self) -> String {
        let mut text = format!(
            "LeNet with {} parameters on {} digits, {} for validation ({})\n\
             seed {}, device {}; metrics and checkpoints in {}\n\n\
             {:<24} {:>5}  {:>10}  {:>10}  {:>14}\n",
            self.num_parameters,
            self.train_items,
            self.valid_items,
            self.origin,
            self.seed,
            self.device,
            self.out,
            "",
            "epoch",
            "train loss",
            "valid loss",
            "valid accuracy"
        );
        let adam = format!("Adam, rate {}", self.learning_rate);
        let baoab = format!(
            "BAOAB, h = {}, β = {}",
            self.step_size, self.inverse_temperature
        );
        for (name, epochs) in [(adam, &self.adam), (baoab, &self.baoab)] {
            for epoch in epochs {
                text.push_str(&format!(
                    "{name:<24} {:>5}  {:>10.4}  {:>10.4}  {:>12.1} %\n",
                    epoch.epoch,
                    epoch.train_loss,
                    epoch.valid_loss,
                    100.0 * epoch.valid_accuracy
                ));
            }
        }
        let agreement = if self.resumed_largest_difference == 0.0 {
            "the same parameters, to the last bit".to_string()
        } else {
            format!(
                "parameters that differ by at most {:.1e}",
                self.resumed_largest_difference
            )
        };
        text.push_str(&format!(
            "\nOne program, two optimizers. Adam goes downhill. BAOAB draws from exp(−βU) around what Adam found: its training loss\n\
             stays at a level that the temperature sets (--temperature 0.01 lowers it), and the accuracy holds.\n\n\
             Epoch {} of BAOAB again, from the checkpoint of epoch {} and with another seed: {agreement}\n\
             (BAOAB moved parameters by up to {:.2}).\n",
            self.resumed_after_epoch + 1,
            self.resumed_after_epoch,
            self.sampling_largest_change
        ));
        text
    }
}
