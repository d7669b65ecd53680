//! The maps as tables and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use tati::TatiError;

use crate::Options;
use crate::chains::Sampled;
use crate::images::ImageMap;
use crate::map::{Coordinate, DrawMap, JUDGED};
use crate::perceptron::Task;

#[derive(Serialize)]
pub struct Results {
    pub dataset: String,
    pub origin: String,
    pub num_items: usize,
    pub num_parameters: usize,
    pub seed: u64,
    pub device: String,
    pub inverse_temperature: f64,
    pub prior_strength: f64,
    pub num_chains: usize,
    pub num_draws: usize,
    pub interrupted: bool,
    pub steps_per_second: f64,
    /// ε of the map of draws.
    pub bandwidth: f64,
    /// Of the generator, descending.
    pub eigenvalues: Vec<f64>,
    /// Of the map of free random walks.
    pub null_eigenvalues: Vec<f64>,
    /// What each coordinate after the constant tells.
    pub coordinates: Vec<Coordinate>,
    /// What the leading coordinates show.
    pub verdict: &'static str,
    #[serde(skip)]
    pub sentence: String,
    pub extension_correlations: Vec<f64>,
    /// Largest over smallest density of a draw.
    pub density_ratio: f64,
    /// Of the principal components of the draws.
    pub random_walk_verdict: &'static str,
    /// Of the first principal component of each chain.
    pub cosine_content: Vec<f64>,
    pub max_r_hat: f64,
    pub num_images: usize,
    pub image_bandwidth: f64,
    pub image_eigenvalues: Vec<f64>,
    pub num_extended_images: usize,
    pub extended_image_accuracy: f64,
    pub figures: Vec<String>,
}

impl Results {
    pub fn new(
        options: &Options,
        seed: u64,
        task: &Task,
        sampled: &Sampled,
        map: &DrawMap,
        images: &ImageMap,
    ) -> Result<Self, TatiError> {
        let [num_chains, num_draws, num_parameters] = sampled.shape;
        let densities = map.reading.map.density().iter().copied();
        let (least, most) = densities.fold((f64::INFINITY, 0.0), |(least, most), density| {
            (f64::min(least, density), f64::max(most, density))
        });
        let contents = map.walk.chains.iter();
        Ok(Self {
            dataset: String::new(),
            origin: String::new(),
            num_items: task.num_train(),
            num_parameters,
            seed,
            device: options.common.device.clone(),
            inverse_temperature: sampled.inverse_temperature,
            prior_strength: options.prior_strength,
            num_chains,
            num_draws,
            interrupted: sampled.interrupted,
            steps_per_second: sampled.steps_per_second,
            bandwidth: map.reading.map.bandwidth(),
            eigenvalues: map.reading.map.eigenvalues().to_vec(),
            null_eigenvalues: map.null_eigenvalues()?.to_vec(),
            coordinates: map.coordinates.clone(),
            verdict: map.reading.shows().name(),
            sentence: map.reading.shows().to_string(),
            extension_correlations: map.reading.held_out_correlations.clone(),
            density_ratio: most / least,
            random_walk_verdict: map.walk.verdict.name(),
            cosine_content: contents.map(|chain| chain.cosine_content[0]).collect(),
            max_r_hat: map.max_r_hat,
            num_images: images.map.num_points(),
            image_bandwidth: images.map.bandwidth(),
            image_eigenvalues: images.map.eigenvalues().to_vec(),
            num_extended_images: images.num_extended,
            extended_image_accuracy: images.accuracy,
            figures: Vec::new(),
        })
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
            "{} ({}): {} training images, {} parameters; seed {}, device {}\n\
             {} chains of {} draws from random starts, β = {}, λ = {}{}; {:.0} steps a second\n",
            self.dataset,
            self.origin,
            self.num_items,
            self.num_parameters,
            self.seed,
            self.device,
            self.num_chains,
            self.num_draws,
            self.inverse_temperature,
            self.prior_strength,
            if self.interrupted {
                " (interrupted)"
            } else {
                ""
            },
            self.steps_per_second,
        )?;
        writeln!(
            text,
            "Diffusion map of the draws, ε = {:.4}\n\
             \x20 #   rate −λ   random walk   between chains   slow in time   loss",
            self.bandwidth
        )?;
        for (index, coordinate) in self.coordinates.iter().enumerate() {
            writeln!(
                text,
                "{:>3} {:>9.5} {:>13.5} {:>14.0} % {:>12.0} % {:>4.0} %",
                index + 1,
                -coordinate.eigenvalue,
                -self.null_eigenvalues[index + 1],
                100.0 * coordinate.chain_share,
                100.0 * coordinate.time_share,
                100.0 * coordinate.loss_share,
            )?;
        }
        let contents = self
            .cosine_content
            .iter()
            .map(|content| format!("{content:.2}"));
        let contents: Vec<String> = contents.collect();
        writeln!(
            text,
            "{}\n\
             Principal components: {}, cosine content of the first in each chain {}; largest R̂ {:.2}\n",
            self.sentence,
            self.random_walk_verdict,
            contents.join(", "),
            self.max_r_hat
        )?;
        let correlations = self.extension_correlations.iter();
        let correlations: Vec<String> = correlations.map(|c| format!("{c:.3}")).collect();
        writeln!(
            text,
            "Held-out draws, put in by extension, correlate with the map of all draws by {} along its first {JUDGED} coordinates.\n\
             The densest draw is {:.3} times as dense as the loneliest.\n",
            correlations.join(", "),
            self.density_ratio
        )?;
        writeln!(
            text,
            "Diffusion map of {} images, ε = {:.3}: of {} test images, put in by extension, {:.1} % are nearest to one of their class.",
            self.num_images,
            self.image_bandwidth,
            self.num_extended_images,
            100.0 * self.extended_image_accuracy
        )?;
        writeln!(text, "\nFigures: {}", self.figures.join(", "))
    }
}
