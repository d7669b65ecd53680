//! The mixture of 25 Gaussians on a square grid, and what theory knows of it.

use std::f64::consts::{LN_2, PI};

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Modes along each axis.
pub const SIDE: usize = 5;
/// Modes in all.
pub const MODES: usize = SIDE * SIDE;
/// Distance of neighbouring modes.
pub const SPACING: f64 = 2.0;
/// σ², the variance of each mode along each axis.
pub const VARIANCE: f64 = 0.03;

/// Coordinate k of the modes, along either axis.
pub fn center(index: usize) -> f64 {
    SPACING * (index as f64 - 0.5 * (SIDE - 1) as f64)
}

/// The mode nearest to a position, as indices along the axes, and the deviations from it.
pub fn nearest(position: [f64; 2]) -> ([usize; 2], [f64; 2]) {
    let index = position.map(|x| {
        let steps = (x - center(0)) / SPACING;
        steps.round().clamp(0.0, (SIDE - 1) as f64) as usize
    });
    let deviation = std::array::from_fn(|axis| position[axis] - center(index[axis]));
    (index, deviation)
}

/// Modes that a chain of this duration is expected to see in continuous time, by Kramers' rate of leaving a well over its
/// sides: four in the middle of the grid.
///
/// Source: H. A. Kramers, Physica 7 (1940) 284.
pub fn modes_in_continuous_time(duration: f64) -> f64 {
    let half = 0.5 * SPACING;
    let well = 1.0 / VARIANCE;
    // Half-way between two equal Gaussians u'' = 1/σ² − half²/σ⁴.
    let barrier = well - half * half / (VARIANCE * VARIANCE);
    let height = half * half / (2.0 * VARIANCE) - LN_2;
    let rate = 4.0 * (well * barrier.abs()).sqrt() / (2.0 * PI) * (-height).exp();
    (1.0 + rate * duration).min(MODES as f64)
}

/// Modes that a chain meets in so many independent draws from the density.
pub fn modes_in_draws(draws: usize) -> f64 {
    let modes = MODES as f64;
    modes * (1.0 - (1.0 - modes.recip()).powi(draws.min(1_000_000) as i32))
}

/// The mean distance ½ Σ |weight − 1/25| of so many independent draws, each weight being nearly normal.
pub fn distance_of_draws(draws: usize) -> f64 {
    let share = 1.0 / MODES as f64;
    let deviation = (share * (1.0 - share) / draws as f64).sqrt();
    0.5 * MODES as f64 * (2.0 / PI).sqrt() * deviation
}

/// The gradient of U, which is a sum of one function of x and the same of y.
pub struct Mixture {
    /// Of shape \[1, SIDE\].
    centers: Tensor<2>,
}

impl Mixture {
    pub fn new(device: &Device) -> Self {
        let centers: Vec<f32> = (0..SIDE).map(|index| center(index) as f32).collect();
        Self {
            centers: Tensor::from_data(TensorData::new(centers, [1, SIDE]), device),
        }
    }

    /// ∂U for coordinates in any order: u'(x) = (x − Σₖ wₖ μₖ)/σ², w the shares of the modes in the density at x.
    pub fn gradient(&self, coordinates: Tensor<1>) -> Tensor<1> {
        let shape = coordinates.dims();
        let column: Tensor<2> = coordinates.clone().reshape([shape[0], 1]);
        let distances = column - self.centers.clone();
        let shares = softmax(distances.powi_scalar(2).mul_scalar(-0.5 / VARIANCE), 1);
        let mean = (shares * self.centers.clone()).sum_dim(1).reshape(shape);
        (coordinates - mean).mul_scalar(1.0 / VARIANCE)
    }
}
