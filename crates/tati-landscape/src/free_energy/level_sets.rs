//! The free energy at levels of a variable, with a landmark at each.

use burn::config::Config;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::bins::{bin_of, centres, equal_edges};
use super::bootstrap::BlockBootstrapConfig;
use super::cells::Cells;
use super::landmarks::chain_of_landmarks;
use super::occupation::Occupation;
use super::profile::FreeEnergyProfile;
use super::variable::CollectiveVariable;
use crate::Draws;

/// Level sets of a variable q, the free energy at their levels and a draw that stands for each.
///
/// K levels are put into the middles of K equal parts of the range of q. The level set of a level l are the draws with |q − l| < δ, and
///
/// ```text
/// F(l) = −(1/β) ln ρ(l),   ρ(l) = (Σ w of the draws in the level set)/(2δ · Σ w of all draws)
/// ```
///
/// δ is at most half of the distance of levels, so that no draw is in two sets; with just that the level sets are the bins of a histogram.
///
/// Landmarks are draws: that of the lowest level is the draw of its level set that is nearest to the mean of the set, and from there
/// up and down that of each level is the draw of its level set that is nearest to the landmark before it, in the Euclidean distance
/// of positions. They make a path through the basin and along the variable, pair by pair with the levels. A level without draws has
/// none and is passed over.
#[derive(Config, Debug, PartialEq)]
pub struct LevelSetsConfig {
    /// β of the density that the draws, with their weights, are of.
    pub inverse_temperature: f64,
    /// K, at least 2.
    #[config(default = 20)]
    pub num_levels: usize,
    /// δ, in units of q; half of the distance of levels if `None`.
    pub half_width: Option<f64>,
    /// How the errors are found.
    #[config(default = "BlockBootstrapConfig::new()")]
    pub bootstrap: BlockBootstrapConfig,
}

/// The free energy at levels of a variable, and their landmarks.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelSets {
    /// The free energy at the levels, ascending.
    pub profile: FreeEnergyProfile,
    /// The number of the draw that stands for each level, counted over all chains one after the other; `None` where no draw is near.
    pub landmarks: Vec<Option<usize>>,
}

impl LevelSetsConfig {
    /// Computes level sets of `variable`, whose values are at the draws `positions`.
    ///
    /// # Errors
    /// As of [`FreeEnergyProfileConfig::compute`](crate::FreeEnergyProfileConfig::compute);
    /// [`ShapeMismatch`](TatiError::ShapeMismatch) if there are not as many draws as values; what reading the draws reports.
    ///
    /// # Example
    /// ```
    /// use tati_landscape::{CollectiveVariable, Draws, LevelSetsConfig};
    ///
    /// // Points in the plane, their first coordinate for a variable.
    /// let theta: Vec<f64> = (0..2000).map(|i| (f64::from(i * i) * 0.37).sin()).collect();
    /// let draws = Draws::from_f64(&theta, [1, 1000, 2])?;
    /// let values: Vec<f64> = theta.chunks(2).map(|point| point[0]).collect();
    /// let variable = CollectiveVariable::new(&values, &[1000])?;
    /// let levels = LevelSetsConfig::new(1.0).with_num_levels(5).compute(&variable, &draws)?;
    /// for (interval, landmark) in levels.profile.intervals.iter().zip(&levels.landmarks) {
    ///     let value = values[landmark.unwrap()];
    ///     assert!(interval[0] < value && value < interval[1]);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn compute(
        &self,
        variable: &CollectiveVariable<'_>,
        positions: &Draws<'_>,
    ) -> Result<LevelSets> {
        require_positive("inverse_temperature", self.inverse_temperature)?;
        require_count("num_levels", self.num_levels, 2..)?;
        let num_positions = positions.num_chains() * positions.num_draws();
        if num_positions != variable.num_draws() {
            return Err(TatiError::ShapeMismatch {
                what: "number of positions".to_string(),
                expected: format!("{}, one a value of the variable", variable.num_draws()),
                found: num_positions.to_string(),
            });
        }
        let values = variable.values();
        let edges = equal_edges(values, self.num_levels)?;
        let levels = centres(&edges);
        let distance = (edges[self.num_levels] - edges[0]) / self.num_levels as f64;
        let half_width = self.half_width.unwrap_or(0.5 * distance);
        if !(half_width > 0.0 && half_width <= 0.5 * distance) {
            return Err(TatiError::InvalidSetting {
                name: "half_width",
                value: half_width.to_string(),
                expected: format!(
                    "above 0 and at most {}, half of the distance of levels",
                    0.5 * distance
                ),
            });
        }
        let level_of = |q: &f64| {
            let level = bin_of(&edges, *q);
            let is_near = self.half_width.is_none() || (q - levels[level]).abs() < half_width;
            if is_near { level } else { self.num_levels }
        };
        let sets: Vec<usize> = values.iter().map(level_of).collect();
        let weights = variable.weights();
        let bootstrap = self.bootstrap.plan(variable, &[], weights.as_deref())?;
        let occupation = Occupation::measure(
            &sets,
            self.num_levels,
            weights.as_deref(),
            variable.chain_lengths(),
            &bootstrap,
        );
        let widths = vec![2.0 * half_width; self.num_levels];
        let cells = Cells::new(self.inverse_temperature, widths, occupation)?;
        let landmarks = chain_of_landmarks(&sets, &cells.free_energy, positions)?;
        Ok(LevelSets {
            profile: FreeEnergyProfile {
                inverse_temperature: self.inverse_temperature,
                intervals: levels
                    .iter()
                    .map(|level| [level - half_width, level + half_width])
                    .collect(),
                coordinate: levels,
                bootstrap,
                cells,
            },
            landmarks,
        })
    }
}
