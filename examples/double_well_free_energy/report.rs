//! Theory beside measurement, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::Options;
use crate::chains::Chains;
use crate::comparison::{Barrier, Basin, Plane, Profile};

#[derive(Serialize)]
pub struct Results<'a> {
    seed: u64,
    device: &'a str,
    chains: usize,
    draws: usize,
    profiles: Vec<ProfileRow<'a>>,
    plane: PlaneRow<'a>,
    figures: Vec<String>,
}

#[derive(Serialize)]
struct ProfileRow<'a> {
    #[serde(skip)]
    title: &'a str,
    well: &'a str,
    variable: &'a str,
    inverse_temperature: f64,
    coordinate: &'a [f64],
    free_energy: &'a [f64],
    error: &'a [f64],
    theory: &'a [f64],
    largest_z: f64,
    within_one_error: f64,
    autocorrelation_time: f64,
    block_length: usize,
    basins: &'a [Basin],
    barriers: &'a [Barrier],
}

#[derive(Serialize)]
struct PlaneRow<'a> {
    inverse_temperature: f64,
    basins: &'a [Basin],
    barriers: &'a [Barrier],
}

impl<'a> ProfileRow<'a> {
    fn new(profile: &'a Profile) -> Self {
        let scores: Vec<f64> = profile.scores().map(f64::abs).collect();
        let within = scores.iter().filter(|score| **score < 1.0).count();
        let measured = &profile.measured;
        Self {
            title: profile.title,
            well: profile.well,
            variable: profile.variable,
            inverse_temperature: measured.inverse_temperature,
            coordinate: &measured.coordinate,
            free_energy: measured.free_energy(),
            error: measured.error(),
            theory: &profile.theory,
            largest_z: scores.iter().copied().fold(0.0, f64::max),
            within_one_error: within as f64 / scores.len() as f64,
            autocorrelation_time: measured.bootstrap.autocorrelation_time,
            block_length: measured.bootstrap.block_length,
            basins: &profile.basins,
            barriers: &profile.barriers,
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{}, F({}) at β = {}: τ = {:.0} draws, blocks of {}\n\n{:>9}  {:>9}   {:<9} {:>9}  {:>5}\n",
            self.title,
            self.variable,
            self.inverse_temperature,
            self.autocorrelation_time,
            self.block_length,
            self.variable,
            "measured",
            "error",
            "exact",
            "z",
        );
        for (bin, coordinate) in self.coordinate.iter().enumerate() {
            let [measured, error, exact] =
                [self.free_energy[bin], self.error[bin], self.theory[bin]];
            let z = (measured - exact) / error;
            let _ = writeln!(
                text,
                "{coordinate:>9.3}  {measured:>9.4} ± {error:<9.4} {exact:>9.4}  {z:>+5.1}"
            );
        }
        let _ = writeln!(
            text,
            "\n{:.0} % of bins within one error, the farthest at {:.1}",
            100.0 * self.within_one_error,
            self.largest_z
        );
        text + &basins_text(self.basins, self.barriers)
    }
}

impl<'a> Results<'a> {
    pub fn new(
        options: &'a Options,
        chains: &Chains,
        profiles: &'a [Profile],
        plane: &'a Plane,
        figures: Vec<String>,
    ) -> Self {
        Self {
            seed: chains.seed,
            device: &options.common.device,
            chains: options.chains,
            draws: options.draws,
            profiles: profiles.iter().map(ProfileRow::new).collect(),
            plane: PlaneRow {
                inverse_temperature: plane.measured.inverse_temperature,
                basins: &plane.basins,
                barriers: &plane.barriers,
            },
            figures,
        }
    }

    pub fn text(&self) -> String {
        let mut text = format!(
            "{} chains of {} draws in each well, seed {}, device {}\n\n",
            self.chains, self.draws, self.seed, self.device
        );
        for profile in &self.profiles {
            text.push_str(&profile.text());
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "Müller-Brown surface, F(x, y) at β = {}",
            self.plane.inverse_temperature
        );
        text.push_str(&basins_text(self.plane.basins, self.plane.barriers));
        text.push('\n');
        for figure in &self.figures {
            let _ = writeln!(text, "{figure}");
        }
        text
    }
}

fn basins_text(basins: &[Basin], barriers: &[Barrier]) -> String {
    let mut text = String::new();
    for (number, basin) in basins.iter().enumerate() {
        let _ = writeln!(
            text,
            "basin {} at {}: population {:.4} ± {:.4}",
            number + 1,
            place(&basin.position),
            basin.population,
            basin.population_error
        );
    }
    for barrier in barriers {
        for side in [0, 1] {
            let _ = writeln!(
                text,
                "barrier at {} from basin {}: {}, exact {:.3}",
                place(&barrier.position),
                barrier.between[side] + 1,
                barrier.height(side),
                barrier.exact[side]
            );
        }
    }
    text
}

fn place(position: &[f64]) -> String {
    let coordinates: Vec<String> = position.iter().map(|x| format!("{x:.2}")).collect();
    format!("({})", coordinates.join(", "))
}
