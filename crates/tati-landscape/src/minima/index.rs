//! How many directions lead down from a stationary point.

use burn::config::Config;
use serde::{Deserialize, Serialize};
use tati_core::{HostEvaluator, Potential, Result};

use super::require_point;
use crate::hessian::{
    EigenpairsConfig, Hessian, NegativeSearch, SpectrumEnd, resolution, vectors::norm,
};

/// Hessians of up to so many parameters are diagonalised whole.
const WHOLE: usize = 64;
/// Errors of an eigenvalue within which it counts as zero.
const ERRORS: f64 = 3.0;

/// The index of a stationary point: the number of negative eigenvalues of the Hessian there, 0 at a minimum, 1 at a saddle between two
/// minima.
///
/// An eigenvalue counts as zero if it is within three of the errors that the differences of gradients make, its residual, and what they
/// resolve, u^(2/3) of the largest found with u the spacing of the numbers at 1: a flat direction. A point far from stationary has
/// curvatures but no index worth the name.
///
/// Of more than 64 parameters the negative eigenvalues alone are found, by Lanczos' method, and the lowest of the others: how many of these are
/// flat is not counted, for a network may have thousands. An eigenvalue below −0.001 of the largest is overlooked with a probability of 0.001,
/// one nearer to 0 where it has not converged yet.
#[derive(Config, Debug, PartialEq)]
pub struct HessianIndexConfig {
    /// The relative residual at which an eigenvalue has converged.
    #[config(default = 1e-2)]
    pub tolerance: f64,
    /// Products with vectors, of two gradients each, after which a search ends without having converged.
    #[config(default = 500)]
    pub max_products: usize,
    /// Seed of the search.
    #[config(default = 0)]
    pub seed: u64,
}

/// The signs of a Hessian's eigenvalues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HessianIndex {
    /// The negative ones.
    pub index: usize,
    /// Those of `eigenvalues` that are zero within their errors.
    pub num_flat: usize,
    /// The eigenvalues, descending: all of them for up to 64 parameters, otherwise the negative ones and the lowest of the others.
    pub eigenvalues: Vec<f64>,
    /// What each may be off by: it counts as zero within that.
    pub errors: Vec<f64>,
    /// Whether these are sure to be the smallest. If not, there are at least so many negative ones.
    pub converged: bool,
    /// Gradients evaluated.
    pub num_gradients: usize,
}

/// A point where the gradient vanishes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationaryPoint {
    /// θ, of length N.
    pub position: Vec<f64>,
    /// U there.
    pub potential: f64,
    /// |∇U| there.
    pub gradient_norm: f64,
    /// The signs of the curvatures there.
    pub hessian: HessianIndex,
}

impl HessianIndexConfig {
    /// Counts the signs at `position`, of length N.
    ///
    /// # Errors
    /// As of [`EigenpairsConfig::run`], and if `position` does not have length N or is not finite.
    pub fn run(&self, potential: &dyn Potential, position: &[f64]) -> Result<HessianIndex> {
        let num_parameters = potential.num_parameters();
        require_point("the point of a Hessian", position, num_parameters)?;
        let theta = potential.positions(position)?.flatten(0, 1);
        let resolution = resolution(theta.dtype());
        let mut hessian = Hessian::new(potential, &theta)?;
        let pairs = match num_parameters <= WHOLE {
            true => EigenpairsConfig::new(num_parameters)
                .with_end(SpectrumEnd::Smallest)
                .with_tolerance(self.tolerance)
                .with_max_products(self.max_products.max(4 * num_parameters))
                .with_seed(self.seed)
                .run(&mut hessian)?,
            false => NegativeSearch {
                tolerance: self.tolerance,
                max_products: self.max_products,
                seed: self.seed,
            }
            .run(&mut hessian)?,
        };
        let largest = (pairs.eigenvalues.iter()).fold(0.0_f64, |most, at| most.max(at.abs()));
        let errors: Vec<f64> = (pairs.difference_errors.iter().zip(&pairs.residuals))
            .map(|(difference, residual)| {
                (ERRORS * difference)
                    .max(*residual)
                    .max(resolution * largest)
            })
            .collect();
        let signed = || pairs.eigenvalues.iter().zip(&errors);
        Ok(HessianIndex {
            index: signed().filter(|(at, error)| **at < -**error).count(),
            num_flat: signed().filter(|(at, error)| at.abs() <= **error).count(),
            converged: pairs.converged,
            num_gradients: hessian.num_gradients(),
            eigenvalues: pairs.eigenvalues,
            errors,
        })
    }
}

impl StationaryPoint {
    /// What there is at `position`, of length N, near which the gradient is taken to vanish.
    ///
    /// # Errors
    /// As of [`HessianIndexConfig::run`].
    pub fn at(
        potential: &dyn Potential,
        position: &[f64],
        config: &HessianIndexConfig,
    ) -> Result<Self> {
        let hessian = config.run(potential, position)?;
        let theta = potential.positions(position)?.flatten(0, 1);
        let mut gradient = Vec::new();
        let energy =
            HostEvaluator::like(&theta).energy_and_gradient(potential, position, &mut gradient)?;
        Ok(Self {
            position: position.to_vec(),
            potential: energy,
            gradient_norm: norm(&gradient),
            hessian,
        })
    }
}
