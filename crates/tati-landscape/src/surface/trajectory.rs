//! The potential along a trajectory, evaluated anew: on other data than it was sampled with.

use std::path::Path;

use tati_core::{Potential, Progress, Result, TatiError, write_table};

use crate::Draws;

/// A potential at every draw of a trajectory.
///
/// A draw where it is not a number or infinite is kept as such.
#[derive(Clone, Debug, PartialEq)]
pub struct TrajectoryPotential {
    /// U at the draws of each chain, in their order.
    pub potential: Vec<Vec<f64>>,
}

impl TrajectoryPotential {
    /// `potential` at every draw. It need not be the potential that was sampled: the loss on test data tells how well the draws
    /// generalise. `progress` is told the share that is done.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the draws do not have as many parameters as the potential; what reading the draws and the
    /// potential report.
    ///
    /// # Example
    /// ```
    /// use tati_core::analytic::Harmonic;
    /// use tati_landscape::{Draws, TrajectoryPotential};
    ///
    /// let theta = [0.0, 1.0, 2.0];
    /// let draws = Draws::from_f64(&theta, [1, 3, 1])?;
    /// let along = TrajectoryPotential::of(&draws, &Harmonic::new(vec![2.0])?, &mut |_| {})?;
    /// assert_eq!(along.potential, [[0.0, 1.0, 4.0]]);
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn of(
        draws: &Draws<'_>,
        potential: &(impl Potential + ?Sized),
        progress: &mut Progress<'_>,
    ) -> Result<Self> {
        if draws.num_parameters() != potential.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "parameters of a draw".to_string(),
                expected: format!("{}, as of the potential", potential.num_parameters()),
                found: draws.num_parameters().to_string(),
            });
        }
        let total = (draws.num_chains() * draws.num_draws()) as f64;
        let mut done = 0;
        let mut chains = Vec::with_capacity(draws.num_chains());
        for chain in 0..draws.num_chains() {
            let mut values = Vec::with_capacity(draws.num_draws());
            draws.for_each_block(chain, |block| {
                let energies = potential.energies(&potential.positions(&block.theta)?)?;
                done += energies.len();
                values.extend(energies);
                progress(done as f64 / total);
                Ok(())
            })?;
            chains.push(values);
        }
        Ok(Self { potential: chains })
    }

    /// Writes one row a draw with the columns `chain,draw,potential`. Every number reads back as it was.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let rows = self
            .potential
            .iter()
            .enumerate()
            .flat_map(|(chain, values)| {
                let draws = values.iter().enumerate();
                draws.map(move |(draw, &potential)| (vec![chain, draw], vec![potential]))
            });
        write_table(path.as_ref(), ["chain", "draw", "potential"], rows)
    }
}
