//! Coordinates of points that were not in the fit, by Nyström's extension.

use nalgebra::DMatrix;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::DiffusionMap;
use super::points::Points;
use crate::Draws;

/// The eigenvalue of the walk below which dividing by it would show nothing but rounding.
const LEAST_EIGENVALUE: f64 = 1e-6;

impl DiffusionMap {
    /// The coordinates φ of other draws, of shape \[points, eigenpairs\]: with p the step of the walk from the point x to those of the fit,
    ///
    /// ```text
    /// φ(x) = Σⱼ p(x, xⱼ) φⱼ / (1 + ελρ(x)²)
    /// ```
    ///
    /// At a point of the fit this is its own coordinate, to 10⁻⁸ of the largest, unless other points are exactly as far from one as
    /// the farthest of its neighbours. A point far from all others gets the coordinates of the nearest, about.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] for another number of parameters; [`TatiError::NotFinite`] for draws that are not finite;
    /// [`TatiError::InvalidSetting`] if some 1 + ελρ² is near 0.
    pub fn extend(&self, draws: &Draws<'_>) -> Result<DMatrix<f64>> {
        if draws.num_parameters() != self.points.width() {
            return Err(TatiError::ShapeMismatch {
                what: "number of parameters of draws to extend a diffusion map to".to_string(),
                expected: self.points.width().to_string(),
                found: draws.num_parameters().to_string(),
            });
        }
        let others = Points::read(draws)?;
        let rows: Vec<Vec<f64>> = (0..others.len())
            .into_par_iter()
            .map_init(
                || vec![0.0; others.width()],
                |point, at| {
                    others.row(at, point);
                    self.coordinates_at(point)
                },
            )
            .collect::<Result<_>>()?;
        Ok(DMatrix::from_fn(
            others.len(),
            self.eigenvalues.len(),
            |row, column| rows[row][column],
        ))
    }

    fn coordinates_at(&self, point: &[f64]) -> Result<Vec<f64>> {
        let near = self.neighbors_of(point);
        let scale = match self.scales.point_scales {
            None => 1.0,
            Some(_) => {
                let mut sorted = near.clone();
                sorted.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                sorted.truncate(self.config.neighbors.unwrap_or(sorted.len()));
                self.config
                    .bandwidth
                    .point_scale_at(&self.scales, &sorted)?
            }
        };
        let mut weights: Vec<f64> = near
            .iter()
            .map(|&(at, squared)| {
                let log = -squared / (4.0 * self.scales.bandwidth * scale * self.scales.of(at));
                log + self.log_weights[at]
            })
            .collect();
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights
            .iter_mut()
            .for_each(|log| *log = (*log - largest).exp());
        let sum: f64 = weights.iter().sum();
        let columns = self.coordinates.column_iter().zip(&self.eigenvalues);
        columns
            .enumerate()
            .map(|(pair, (column, eigenvalue))| {
                let divisor = 1.0 + self.scales.bandwidth * eigenvalue * scale * scale;
                if divisor.abs() < LEAST_EIGENVALUE {
                    return Err(TatiError::InvalidSetting {
                        name: "num_eigenpairs",
                        value: self.eigenvalues.len().to_string(),
                        expected: format!(
                            "at most {pair} for an extension: the walk's eigenvalue of pair {pair} is {divisor:e}"
                        ),
                    });
                }
                let mean: f64 = (near.iter().zip(&weights))
                    .map(|(&(at, _), weight)| weight * column[at])
                    .sum();
                Ok(mean / (sum * divisor))
            })
            .collect()
    }

    /// The points that a further one is joined to, with their squared distances.
    fn neighbors_of(&self, point: &[f64]) -> Vec<(usize, f64)> {
        let mut all: Vec<(usize, f64)> = (0..self.points.len())
            .map(|at| (at, self.points.squared_distance(point, at)))
            .collect();
        if let (Some(radii), Some(count)) = (&self.radii, self.config.neighbors) {
            let mut squared: Vec<f64> = all.iter().map(|&(_, squared)| squared).collect();
            let radius = *squared.select_nth_unstable_by(count - 1, f64::total_cmp).1;
            all.retain(|&(at, squared)| squared <= f64::max(radius, radii[at]));
        }
        all
    }
}
