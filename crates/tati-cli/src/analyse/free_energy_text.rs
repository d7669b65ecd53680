//! A free energy as text for people.

use super::free_energy::{Energies, Results};
use crate::text;

impl Results {
    /// All of it, in lines.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} of {}, β = {}, τ = {} draws, seed {}\n",
            text::count(self.num_draws, "draw"),
            text::count(self.num_chains, "chain"),
            text::number(self.inverse_temperature),
            text::number(self.autocorrelation_time),
            self.seed
        );
        if let Energies::Profile {
            coordinate,
            free_energy,
            error,
            ..
        } = &self.energies
        {
            let rows: Vec<Vec<String>> = (0..coordinate.len())
                .map(|at| {
                    [coordinate[at], free_energy[at], error[at]]
                        .map(text::number)
                        .to_vec()
                })
                .collect();
            let label = self.variables[0].label();
            text.push_str(&text::table(&[&label, "F", "error"], &rows));
        }
        for (number, basin) in self.basins.iter().enumerate() {
            text.push_str(&format!(
                "basin {number} at {}: F = {}, population {:.1} ± {:.1} %\n",
                text::list(&basin.position),
                text::number(basin.free_energy),
                100.0 * basin.population,
                100.0 * basin.population_error
            ));
        }
        for barrier in &self.barriers {
            let height = |side: usize| {
                let [height, error] = [barrier.heights[side], barrier.errors[side]];
                format!("{} ± {}", text::number(height), text::number(error))
            };
            text.push_str(&format!(
                "barrier between {} and {} at {}: {} and {} above them\n",
                barrier.between[0],
                barrier.between[1],
                text::list(&barrier.position),
                height(0),
                height(1)
            ));
        }
        format!("{text}{}\n{}", self.verdict, text::files(&self.files))
    }
}
