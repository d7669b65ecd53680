//! The free energy along one variable by histogram.

use burn::config::Config;
use tati_core::{Result, require_positive};

use super::bins::{Bins, bin_of, centres, widths};
use super::bootstrap::{BlockBootstrap, BlockBootstrapConfig};
use super::cells::{Basins, Cells};
use super::occupation::Occupation;
use super::variable::CollectiveVariable;

/// The free energy along a variable q in bins of q:
///
/// ```text
/// F(q) = −(1/β) ln ρ(q),   ρ = (Σ w of the draws in the bin)/(width · Σ w of all draws)
/// ```
///
/// # Example
/// ```
/// use tati_landscape::{Bins, CollectiveVariable, FreeEnergyProfileConfig};
///
/// // Two chains with twice as many draws in the left bin as in the right one.
/// let values: Vec<f64> = (0..3000).map(|i| if i % 3 == 0 { 1.2 } else { 0.7 }).collect();
/// let variable = CollectiveVariable::new(&values, &[1000, 2000])?;
/// let profile = FreeEnergyProfileConfig::new(2.0)
///     .with_bins(Bins::Edges(vec![0.0, 1.0, 2.0]))
///     .compute(&variable)?;
/// assert_eq!(profile.coordinate, [0.5, 1.5]);
/// assert_eq!(profile.free_energy()[0], 0.0);
/// assert!((profile.free_energy()[1] - 2_f64.ln() / 2.0).abs() < 1e-12);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct FreeEnergyProfileConfig {
    /// β of the density that the draws, with their weights, are of.
    pub inverse_temperature: f64,
    /// The bins.
    #[config(default = "Bins::Chosen")]
    pub bins: Bins,
    /// How the errors are found.
    #[config(default = "BlockBootstrapConfig::new()")]
    pub bootstrap: BlockBootstrapConfig,
}

/// A free energy along a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeEnergyProfile {
    /// β.
    pub inverse_temperature: f64,
    /// The places of the values: the middles of the bins, or the levels.
    pub coordinate: Vec<f64>,
    /// What each value is of: the bin, or the surroundings of the level.
    pub intervals: Vec<[f64; 2]>,
    /// How the errors were found.
    pub bootstrap: BlockBootstrap,
    pub(super) cells: Cells,
}

impl FreeEnergyProfileConfig {
    /// Computes the free energy of the draws. The result depends on the seed, and not on the number of threads.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) for a setting outside its domain, if no draw is in a bin, or if the draws
    /// are too few against their autocorrelation time for errors.
    pub fn compute(&self, variable: &CollectiveVariable<'_>) -> Result<FreeEnergyProfile> {
        require_positive("inverse_temperature", self.inverse_temperature)?;
        let weights = variable.weights();
        let bootstrap = self.bootstrap.plan(variable, &[], weights.as_deref())?;
        let values = variable.values();
        let edges = self.bins.edges(values, bootstrap.autocorrelation_time)?;
        let bins: Vec<usize> = values.iter().map(|q| bin_of(&edges, *q)).collect();
        let widths = widths(&edges);
        let occupation = Occupation::measure(
            &bins,
            widths.len(),
            weights.as_deref(),
            variable.chain_lengths(),
            &bootstrap,
        );
        Ok(FreeEnergyProfile {
            inverse_temperature: self.inverse_temperature,
            coordinate: centres(&edges),
            intervals: edges.windows(2).map(|pair| [pair[0], pair[1]]).collect(),
            bootstrap,
            cells: Cells::new(self.inverse_temperature, widths, occupation)?,
        })
    }
}

impl FreeEnergyProfile {
    /// F at each place, shifted so that it is 0 at the lowest; infinite where no draw is.
    pub fn free_energy(&self) -> &[f64] {
        &self.cells.free_energy
    }

    /// The standard error of −(1/β) ln ρ at each place, to first order in that of ρ: the shift of F to its minimum, which is a number,
    /// adds none. NaN where no draw is, and everywhere if errors are left out. Of few draws an error is a guess.
    pub fn error(&self) -> &[f64] {
        &self.cells.error
    }

    /// −(1/β) ln ρ where F is 0: the shift. Theory is put beside F as −(1/β) ln ρ − `minimum`.
    pub fn minimum(&self) -> f64 {
        self.cells.minimum
    }

    /// The number of draws at each place.
    pub fn num_draws(&self) -> &[usize] {
        &self.cells.occupation.num_draws
    }

    /// The share of the weight of all draws that is at each place. They add up to 1 if there are draws nowhere else.
    pub fn shares(&self) -> &[f64] {
        &self.cells.occupation.shares
    }

    /// The basins that are separated by barriers of at least `significance` standard errors; 5 leaves noise out.
    ///
    /// A height is that of the highest and lowest bins: bins must be narrow against the bends of F there, and the noise of its bin is in
    /// it, which the choice of the highest and lowest raises by less than an error.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if `significance` is not a finite number above 0, or errors were left out.
    pub fn basins(&self, significance: f64) -> Result<Basins> {
        let last = self.coordinate.len() - 1;
        let neighbours = |place: usize| {
            let around = [place.checked_sub(1), Some(place + 1)];
            let inside = |place: &usize| *place <= last;
            around.into_iter().flatten().filter(inside).collect()
        };
        let middle = |place: usize| vec![self.coordinate[place]];
        self.cells.basins(significance, neighbours, middle)
    }
}
