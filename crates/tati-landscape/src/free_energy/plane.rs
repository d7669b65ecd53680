//! The free energy over two variables.

use burn::config::Config;
use nalgebra::DMatrix;
use tati_core::{Result, require_positive};

use super::bins::{Bins, bin_of, centres, widths};
use super::bootstrap::{BlockBootstrap, BlockBootstrapConfig};
use super::cells::{Basins, Cells};
use super::occupation::Occupation;
use super::variable::{CollectiveVariable, require_length};

/// The free energy over two variables x and y in rectangles of both:
///
/// ```text
/// F(x, y) = −(1/β) ln ρ(x, y),   ρ = (Σ w of the draws in the rectangle)/(area · Σ w of all draws)
/// ```
///
/// # Example
/// ```
/// use tati_landscape::{Bins, CollectiveVariable, FreeEnergyPlaneConfig};
///
/// let x: Vec<f64> = (0..2000).map(|i| (f64::from(i * i) * 0.37).sin()).collect();
/// let y: Vec<f64> = (0..2000).map(|i| (f64::from(i * i) * 0.71).sin()).collect();
/// let plane = FreeEnergyPlaneConfig::new(1.0)
///     .with_bins([Bins::Count(4), Bins::Count(3)])
///     .compute(&CollectiveVariable::new(&x, &[2000])?, &y)?;
/// assert_eq!(plane.free_energy().shape(), (4, 3));
/// assert_eq!(plane.free_energy().min(), 0.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct FreeEnergyPlaneConfig {
    /// β of the density that the draws, with their weights, are of.
    pub inverse_temperature: f64,
    /// The bins of the first variable, and those of the second.
    #[config(default = "[Bins::Count(40), Bins::Count(40)]")]
    pub bins: [Bins; 2],
    /// How the errors are found.
    #[config(default = "BlockBootstrapConfig::new()")]
    pub bootstrap: BlockBootstrapConfig,
}

/// A free energy over two variables.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeEnergyPlane {
    /// β.
    pub inverse_temperature: f64,
    /// The edges of the bins of the first variable, and of the second.
    pub edges: [Vec<f64>; 2],
    /// The middles of the bins of the first variable, and of the second.
    pub coordinates: [Vec<f64>; 2],
    /// How the errors were found.
    pub bootstrap: BlockBootstrap,
    cells: Cells,
}

impl FreeEnergyPlaneConfig {
    /// Computes the free energy over `first` and the variable whose values at the same draws are `second`. The result depends on the seed,
    /// and not on the number of threads.
    ///
    /// # Errors
    /// As of [`FreeEnergyProfileConfig::compute`](crate::FreeEnergyProfileConfig::compute), and as of [`CollectiveVariable::new`] for `second`.
    pub fn compute(
        &self,
        first: &CollectiveVariable<'_>,
        second: &[f64],
    ) -> Result<FreeEnergyPlane> {
        require_positive("inverse_temperature", self.inverse_temperature)?;
        require_length("values of the second variable", second, first.num_draws())?;
        CollectiveVariable::new(second, first.chain_lengths())?;
        let weights = first.weights();
        let bootstrap = self.bootstrap.plan(first, &[second], weights.as_deref())?;
        let time = bootstrap.autocorrelation_time;
        let edges = [
            self.bins[0].edges(first.values(), time)?,
            self.bins[1].edges(second, time)?,
        ];
        let sides = [widths(&edges[0]), widths(&edges[1])];
        let counts = [sides[0].len(), sides[1].len()];
        let num_cells = counts[0] * counts[1];
        let pairs = first.values().iter().zip(second);
        let cells: Vec<usize> = pairs
            .map(|(x, y)| {
                let bins = [bin_of(&edges[0], *x), bin_of(&edges[1], *y)];
                if bins[0] == counts[0] || bins[1] == counts[1] {
                    num_cells
                } else {
                    bins[0] * counts[1] + bins[1]
                }
            })
            .collect();
        let occupation = Occupation::measure(
            &cells,
            num_cells,
            weights.as_deref(),
            first.chain_lengths(),
            &bootstrap,
        );
        let areas = sides[0]
            .iter()
            .flat_map(|width| sides[1].iter().map(move |height| width * height));
        Ok(FreeEnergyPlane {
            inverse_temperature: self.inverse_temperature,
            coordinates: [centres(&edges[0]), centres(&edges[1])],
            cells: Cells::new(self.inverse_temperature, areas.collect(), occupation)?,
            edges,
            bootstrap,
        })
    }
}

impl FreeEnergyPlane {
    /// F, the first variable down the rows, the second along the columns, shifted so that it is 0 at the lowest; infinite where no draw is.
    pub fn free_energy(&self) -> DMatrix<f64> {
        self.matrix(&self.cells.free_energy)
    }

    /// The standard error of −(1/β) ln ρ, shaped as F: see [`FreeEnergyProfile::error`](crate::FreeEnergyProfile::error).
    pub fn error(&self) -> DMatrix<f64> {
        self.matrix(&self.cells.error)
    }

    /// −(1/β) ln ρ where F is 0: the shift.
    pub fn minimum(&self) -> f64 {
        self.cells.minimum
    }

    /// The basins that are separated by barriers of at least `significance` standard errors, over rectangles that touch at a side or
    /// corner. Cell k is row k / columns and column k mod columns of F.
    ///
    /// The lowest way is chosen among many rectangles, whose noise it follows: heights come out low by about an error, unless many draws
    /// are in each rectangle of a barrier.
    ///
    /// # Errors
    /// As of [`FreeEnergyProfile::basins`](crate::FreeEnergyProfile::basins).
    pub fn basins(&self, significance: f64) -> Result<Basins> {
        let [rows, columns] = [0, 1].map(|axis| self.coordinates[axis].len());
        let neighbours = |cell: usize| {
            let (row, column) = (cell / columns, cell % columns);
            let rows = row.saturating_sub(1)..=(row + 1).min(rows - 1);
            let around = rows.flat_map(|row| {
                let columns_around = column.saturating_sub(1)..=(column + 1).min(columns - 1);
                columns_around.map(move |column| row * columns + column)
            });
            around.filter(|other| *other != cell).collect()
        };
        let middle = |cell: usize| {
            let place = [cell / columns, cell % columns];
            [0, 1]
                .map(|axis| self.coordinates[axis][place[axis]])
                .to_vec()
        };
        self.cells.basins(significance, neighbours, middle)
    }

    fn matrix(&self, of_cells: &[f64]) -> DMatrix<f64> {
        let [rows, columns] = [0, 1].map(|axis| self.coordinates[axis].len());
        DMatrix::from_row_slice(rows, columns, of_cells)
    }
}
