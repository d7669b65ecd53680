//! The double well, and its populations by quadrature.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati::prelude::*;

use crate::support::Failure;

/// k: the stiffness of the harmonic directions.
const STIFFNESS: f64 = 10.0;
/// Points of the quadrature.
const POINTS: usize = 20_000;
/// Beyond ±`REACH` kT of the wells there is nothing to speak of.
const REACH: f64 = 40.0;

/// The weights θ = (x, y).
#[derive(Module, Debug)]
pub struct Weights {
    theta: Param<Tensor<1>>,
}

type Loss = fn(&Weights, Tensor<2>) -> Tensor<1>;

/// U(θ) = b(x² − 1)² + cx + (k/2)|y|².
pub struct Well {
    pub dimensions: usize,
    pub barrier: f64,
    pub tilt: f64,
}

impl Well {
    /// The weights in the right well, and the potential.
    pub fn potential(
        &self,
        device: &Device,
    ) -> Result<(Weights, ModelPotential<Weights, Tensor<2>, Loss>), Failure> {
        let data = TensorData::new(vec![self.barrier as f32, self.tilt as f32], [1, 2]);
        let coefficients = Tensor::<2>::from_data(data, (&device.clone().inner(), DType::F32));
        let mut start = vec![0.0f32; self.dimensions];
        start[0] = 1.0;
        let data = TensorData::new(start, [self.dimensions]);
        let start = Tensor::<1>::from_data(data, (device, DType::F32));
        let model = Weights {
            theta: Param::initialized(ParamId::new(), start.require_grad()),
        };
        let potential = ModelPotential::new(model.clone(), coefficients, loss as Loss)?;
        Ok((model, potential))
    }

    /// The frequency at the bottom of the wells.
    pub fn frequency(&self) -> f64 {
        (8.0 * self.barrier).sqrt()
    }

    /// The share of x < 0 in exp(−βU).
    pub fn population(&self, inverse_temperature: f64) -> f64 {
        let reach = self.reach(inverse_temperature);
        let left = self.mass(inverse_temperature, -reach, 0.0);
        left / (left + self.mass(inverse_temperature, 0.0, reach))
    }

    /// −(1/β) ln ρ, averaged over each bin.
    pub fn free_energy(&self, inverse_temperature: f64, edges: &[f64]) -> Vec<f64> {
        let reach = self.reach(inverse_temperature);
        let whole = self.mass(inverse_temperature, -reach, reach);
        let bins = edges.windows(2);
        bins.map(|bin| {
            let density = self.mass(inverse_temperature, bin[0], bin[1]) / (bin[1] - bin[0]);
            -(density / whole).ln() / inverse_temperature
        })
        .collect()
    }

    fn reach(&self, inverse_temperature: f64) -> f64 {
        (1.0 + (REACH / (inverse_temperature * self.barrier)).sqrt()).sqrt()
    }

    /// ∫ exp(−β(b(x² − 1)² + cx)) dx by midpoints.
    fn mass(&self, inverse_temperature: f64, low: f64, high: f64) -> f64 {
        let width = (high - low) / POINTS as f64;
        let places = (0..POINTS).map(|point| low + width * (point as f64 + 0.5));
        let density = |x: f64| {
            let potential = self.barrier * (x * x - 1.0).powi(2) + self.tilt * x;
            (-inverse_temperature * potential).exp()
        };
        width * places.map(density).sum::<f64>()
    }
}

fn loss(weights: &Weights, coefficients: Tensor<2>) -> Tensor<1> {
    let theta = weights.theta.val();
    let x = theta.clone().narrow(0, 0, 1);
    let squares = theta.clone() * theta;
    let wells = squares.clone().narrow(0, 0, 1);
    let [_, columns] = coefficients.dims();
    let coefficients = coefficients.reshape([columns]);
    let barrier = coefficients.clone().narrow(0, 0, 1);
    let tilt = coefficients.narrow(0, 1, 1);
    // The square of x counted among the harmonic ones is taken off again.
    let harmonic = (squares.sum() - wells.clone()) * (0.5 * STIFFNESS);
    (wells - 1.0).powi_scalar(2) * barrier + x * tilt + harmonic
}
