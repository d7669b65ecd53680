//! The potential on a grid of coefficients of one, two or more directions.

use std::path::Path;

use tati_core::{AffineSubspace, Potential, Progress, Result, TatiError, write_table};

use super::axis::{Axis, grid_indices, grid_points};

/// The potential on a grid.
///
/// A point where it is not a number or infinite, as a network's may be far out, is kept as such.
#[derive(Clone, Debug, PartialEq)]
pub struct Surface {
    /// The axes of the grid.
    pub axes: Vec<Axis>,
    /// U at every point, row-major of the shape of the axes: the last axis is fastest.
    pub potential: Vec<f64>,
}

/// The lowest point of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridMinimum {
    /// U there.
    pub potential: f64,
    /// Its index on each axis.
    pub indices: Vec<usize>,
    /// Its value on each axis.
    pub coordinates: Vec<f64>,
}

impl Surface {
    /// U(θ₀ + Σₖ cₖ dₖ) for every combination c of the values of `axes`, one axis a direction.
    ///
    /// The data of a [`ModelPotential`](tati_core::ModelPotential) are walked in chunks with the points inside, on all threads; no
    /// value depends on their number. Each is what [`Potential::energy`] gives at its point, up to the rounding of the model's
    /// precision. For a model in f32 that rounding, about 1e-7 of U, hides what the surface does below it: take a model and data
    /// in f64 for deep zooms. A network whose outputs are affine in its parameters is much faster if it says so:
    /// [`with_affine_outputs`](tati_core::ModelPotential::with_affine_outputs). `progress` is told the share that is done.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] unless there is an axis a direction and θ₀ has as many parameters as the potential;
    /// [`TatiError::InvalidSetting`] for an axis without values or more than 10⁸ points; what the potential reports.
    ///
    /// # Example
    /// ```
    /// use tati_core::{AffineSubspace, analytic::Rosenbrock};
    /// use tati_landscape::{Axis, Surface};
    ///
    /// let plane = AffineSubspace::new(&[1.0, 1.0], &[&[1.0, 0.0], &[0.0, 1.0]])?;
    /// let axes = [
    ///     Axis::equidistant("c0", -1.0..=1.0, 11)?,
    ///     Axis::equidistant("c1", -2.0..=2.0, 21)?,
    /// ];
    /// let surface = Surface::over(&Rosenbrock::new(100.0)?, &plane, &axes, &mut |_| {})?;
    /// assert_eq!(surface.shape(), [11, 21]);
    /// let minimum = surface.minimum().expect("some value is finite");
    /// assert_eq!((minimum.potential, minimum.indices), (0.0, vec![5, 10]));
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    pub fn over(
        potential: &(impl Potential + ?Sized),
        subspace: &AffineSubspace,
        axes: &[Axis],
        progress: &mut Progress<'_>,
    ) -> Result<Self> {
        if axes.len() != subspace.num_directions() {
            return Err(TatiError::ShapeMismatch {
                what: "number of axes".to_string(),
                expected: format!("{}, one a direction", subspace.num_directions()),
                found: axes.len().to_string(),
            });
        }
        let coefficients = grid_points(axes)?;
        Ok(Self {
            potential: potential.energies_in_subspace(subspace, &coefficients, progress)?,
            axes: axes.to_vec(),
        })
    }

    /// The number of points of each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.values.len()).collect()
    }

    /// The lowest of the finite values and where it is, the first of several; `None` if none is finite.
    pub fn minimum(&self) -> Option<GridMinimum> {
        let points = self.potential.iter().copied().enumerate();
        let (point, potential) = points
            .filter(|(_, potential)| potential.is_finite())
            .min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let indices = grid_indices(&self.axes, point);
        Some(GridMinimum {
            potential,
            coordinates: self.coordinates(&indices),
            indices,
        })
    }

    /// Writes one row a point, with a column an axis and the column `potential`. Every number reads back as it was; what is none
    /// is written `NaN`, `inf` or `-inf`.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let names = self.axes.iter().map(|axis| axis.name.as_str());
        let rows = self
            .potential
            .iter()
            .enumerate()
            .map(|(point, &potential)| {
                let mut row = self.coordinates(&grid_indices(&self.axes, point));
                row.push(potential);
                (Vec::<usize>::new(), row)
            });
        write_table(path.as_ref(), names.chain(["potential"]), rows)
    }

    fn coordinates(&self, indices: &[usize]) -> Vec<f64> {
        let axes = self.axes.iter().zip(indices);
        axes.map(|(axis, &index)| axis.values[index]).collect()
    }
}
