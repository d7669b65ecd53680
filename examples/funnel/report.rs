//! What the run prints: its setting, the spectrum beside its null, the funnel, and what to make of them.

use std::fmt::Write as _;

use serde::Serialize;
use tati::landscape::Surface;

use crate::Options;
use crate::chains::Sampled;
use crate::data::Data;
use crate::landscape::{Funnel, Spectra};
use crate::perceptron::Trained;
use crate::support::statistics::block_average;

/// Components in the table.
const ROWS: [usize; 8] = [1, 2, 3, 4, 8, 16, 32, 64];

/// The setting of a run.
pub struct Setup {
    pub dataset: String,
    origin: String,
    num_train: usize,
    num_parameters: usize,
    seed: u64,
    options: Options,
}

impl Setup {
    pub fn new(options: &Options, data: &Data, seed: u64) -> Self {
        Self {
            dataset: data.name.clone(),
            origin: data.origin.clone(),
            num_train: data.train.len(),
            num_parameters: (data.train.dimension() + 1) * data.train.classes(),
            seed,
            options: options.clone(),
        }
    }

    /// One line on what is run, for stderr.
    pub fn text(&self) -> String {
        let options = &self.options;
        format!(
            "{} ({}): {} training items, {} parameters; seed {}, device {}\n{} chains of {} steps of BAOAB: h = {}, γ = {}, β = {}, \
             λ = {}, batches of {}\n",
            self.dataset,
            self.origin,
            self.num_train,
            self.num_parameters,
            self.seed,
            options.common.device,
            options.chains,
            options.steps,
            options.step_size,
            options.friction,
            options.inverse_temperature,
            options.prior_strength,
            options.batch_size,
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
    /// L at the end of the training, over all training images.
    train_loss: f64,
    test_loss: f64,
    train_steps: usize,
    inverse_temperature: f64,
    prior_strength: f64,
    num_chains: usize,
    num_draws: usize,
    interrupted: bool,
    steps_per_second: f64,
    /// Mean of 2K/N, and 1/β.
    kinetic_temperature: f64,
    kinetic_temperature_error: f64,
    /// Of the covariance of all chains, descending.
    eigenvalues: Vec<f64>,
    explained_variance_ratio: Vec<f64>,
    /// Of the first chain alone, beside a random walk of the same diffusion.
    chain_eigenvalues: Vec<f64>,
    null_eigenvalues: Vec<f64>,
    /// Of the components of each chain.
    cosine_content: Vec<Vec<f64>>,
    verdict: &'static str,
    max_r_hat: Option<f64>,
    min_effective_sample_size: Option<f64>,
    /// Of the potential of each chain, in draws.
    integrated_autocorrelation_time: Vec<f64>,
    eigenvectors: Vec<usize>,
    /// i of each range ±10^i.
    exponents: Vec<i32>,
    /// Least and greatest L − L₀ of each range.
    least_rise: Vec<f64>,
    greatest_rise: Vec<f64>,
    /// |L − L₀| within ±10⁻² at its greatest, and what single precision changes of L there.
    floor: f64,
    single_precision_error: f64,
    figures: Vec<String>,
    #[serde(skip)]
    verdict_sentence: String,
    #[serde(skip)]
    path_residual: f64,
}

impl Results {
    pub fn new(
        setup: &Setup,
        trained: &Trained,
        sampled: &Sampled,
        spectra: &Spectra,
        funnel: &Funnel,
        figures: Vec<String>,
    ) -> Self {
        let options = &setup.options;
        let chain = &spectra.walk.chains[0];
        let contents = spectra.walk.chains.iter();
        let temperatures: Vec<(f64, f64)> = sampled
            .statistic("kinetic_energy")
            .unwrap_or_default()
            .iter()
            .map(|series| block_average(series))
            .collect();
        let scale = 2.0 / setup.num_parameters as f64;
        let num_chains = temperatures.len() as f64;
        let kinetic = temperatures.iter().map(|(mean, _)| mean).sum::<f64>() / num_chains;
        let squares: f64 = temperatures.iter().map(|(_, error)| error * error).sum();
        let rises = |pick: fn(&Surface, f64) -> f64| {
            let surfaces = funnel.surfaces.iter();
            surfaces
                .map(|surface| pick(surface, funnel.minimum))
                .collect()
        };
        let speeds = sampled
            .summaries
            .iter()
            .map(|summary| summary.steps_per_second);
        Self {
            dataset: setup.dataset.clone(),
            num_parameters: setup.num_parameters,
            seed: setup.seed,
            device: options.common.device.clone(),
            train_loss: funnel.minimum,
            test_loss: funnel.test_loss,
            train_steps: trained.losses.len(),
            inverse_temperature: options.inverse_temperature,
            prior_strength: options.prior_strength,
            num_chains: sampled.trajectories.len(),
            num_draws: spectra.pooled.num_draws,
            interrupted: sampled.interrupted(),
            steps_per_second: speeds.sum(),
            kinetic_temperature: scale * kinetic,
            kinetic_temperature_error: scale * squares.sqrt() / num_chains,
            eigenvalues: spectra.pooled.eigenvalues.clone(),
            explained_variance_ratio: spectra.pooled.explained_variance_ratio(),
            chain_eigenvalues: chain.components.eigenvalues.clone(),
            null_eigenvalues: chain.null_eigenvalues.clone(),
            cosine_content: contents.map(|chain| chain.cosine_content.clone()).collect(),
            verdict: spectra.walk.verdict.name(),
            max_r_hat: spectra.convergence.max_r_hat().map(|(_, r_hat)| r_hat),
            min_effective_sample_size: spectra.convergence.min_bulk().map(|(_, size)| size),
            integrated_autocorrelation_time: spectra.autocorrelation_times.clone(),
            eigenvectors: options.eigenvectors.clone(),
            exponents: (0..funnel.surfaces.len())
                .map(|level| 1 - level as i32)
                .collect(),
            least_rise: rises(|surface, minimum| {
                surface
                    .potential
                    .iter()
                    .map(|value| value - minimum)
                    .fold(f64::INFINITY, f64::min)
            }),
            greatest_rise: rises(|surface, minimum| {
                surface
                    .potential
                    .iter()
                    .map(|value| value - minimum)
                    .fold(f64::NEG_INFINITY, f64::max)
            }),
            floor: funnel.floor,
            single_precision_error: funnel.single_precision_error,
            figures,
            verdict_sentence: spectra.walk.verdict.to_string(),
            path_residual: funnel.path_residual,
        }
    }

    /// The same for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "Training: {} steps, loss L₀ = {:.5}, on the test images {:.5}\n{} chains, {} draws in all{}: kinetic temperature {:.5} ± {:.5}, 1/β = {}\n",
            self.train_steps,
            self.train_loss,
            self.test_loss,
            self.num_chains,
            self.num_draws,
            if self.interrupted {
                " (interrupted; `--resume` goes on)"
            } else {
                ""
            },
            self.kinetic_temperature,
            self.kinetic_temperature_error,
            1.0 / self.inverse_temperature,
        );
        let _ = writeln!(
            text,
            "Covariance of the first chain\n  component   eigenvalue    random walk   cosine content"
        );
        for row in ROWS
            .into_iter()
            .filter(|row| *row <= self.chain_eigenvalues.len())
        {
            let _ = writeln!(
                text,
                "  {row:>9} {:>12.4e} {:>14.4e} {:>16.3}",
                self.chain_eigenvalues[row - 1],
                self.null_eigenvalues[row - 1],
                self.cosine_content[0][row - 1],
            );
        }
        let _ = writeln!(text, "Verdict: {}.", self.verdict_sentence);
        if let (Some(r_hat), Some(size)) = (self.max_r_hat, self.min_effective_sample_size) {
            let _ = writeln!(
                text,
                "Worst parameter: R̂ = {r_hat:.3}, {size:.0} effective draws. Autocorrelation time of U: {} draws\n",
                self.integrated_autocorrelation_time
                    .iter()
                    .map(|time| format!("{time:.1}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }
        let _ = writeln!(
            text,
            "Loss along eigenvectors {} and {}\n      range   least L − L₀   greatest L − L₀",
            self.eigenvectors[0], self.eigenvectors[1],
        );
        let ranges = self
            .exponents
            .iter()
            .zip(&self.least_rise)
            .zip(&self.greatest_rise);
        for ((exponent, least), greatest) in ranges {
            let _ = writeln!(
                text,
                "  {:>9} {least:>14.3e} {greatest:>17.3e}",
                format!("±1e{exponent}")
            );
        }
        let _ = writeln!(
            text,
            "Within ±1e-2, |L − L₀| reaches {:.1e}; single precision alone changes L by up to {:.1e} there.\nThe training \
             began {:.2} from the plane it is drawn in.\n\nFigures:",
            self.floor, self.single_precision_error, self.path_residual,
        );
        for figure in &self.figures {
            let _ = writeln!(text, "  {figure}");
        }
        text
    }
}
