//! The Gaussian: a linear network without bias whose mean squared output is sampled.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Device, Tensor, TensorData};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tati::prelude::*;

use crate::support::Failure;

/// Eigenvalues of C at its ends.
const EIGENVALUES: [f64; 2] = [1.0, 100.0];

/// The weights θ of one output.
#[derive(Module, Debug)]
pub struct Linear {
    weight: Param<Tensor<1>>,
}

type Loss = fn(&Linear, Tensor<2>) -> Tensor<1>;

/// U(θ) = θᵀCθ/n with its exact answers.
pub struct Gaussian {
    /// The eigenvectors of C, that of the smallest eigenvalue first.
    pub axes: Vec<Vec<f64>>,
    /// κ = 2λ/n along each.
    pub curvatures: Vec<f64>,
}

impl Gaussian {
    /// With random eigenvectors.
    pub fn new(dimensions: usize, seed: u64) -> Self {
        let n = dimensions as f64;
        let spacing = (EIGENVALUES[1] - EIGENVALUES[0]) / (n - 1.0);
        let curvature = |k: usize| 2.0 * (EIGENVALUES[0] + spacing * k as f64) / n;
        Self {
            axes: random_axes(dimensions, seed),
            curvatures: (0..dimensions).map(curvature).collect(),
        }
    }

    /// The network at θ = 0, and the potential.
    pub fn potential(
        &self,
        device: &Device,
    ) -> Result<(Linear, ModelPotential<Linear, Tensor<2>, Loss>), Failure> {
        let n = self.axes.len();
        let rows = self
            .axes
            .iter()
            .zip(&self.curvatures)
            .flat_map(|(axis, curvature)| {
                let scale = (0.5 * n as f64 * curvature).sqrt();
                axis.iter().map(move |entry| (scale * entry) as f32)
            });
        let data = TensorData::new(rows.collect::<Vec<f32>>(), [n, n]);
        let rows = Tensor::<2>::from_data(data, (&device.clone().inner(), DType::F32));
        let zeros = Tensor::<1>::zeros([n], (device, DType::F32));
        let model = Linear {
            weight: Param::initialized(ParamId::new(), zeros.require_grad()),
        };
        Ok((
            model.clone(),
            ModelPotential::new(model, rows, loss as Loss)?,
        ))
    }
}

fn loss(model: &Linear, rows: Tensor<2>) -> Tensor<1> {
    let [n, _] = rows.dims();
    rows.matmul(model.weight.val().reshape([n, 1]))
        .powi_scalar(2)
        .mean()
}

/// Normal vectors made orthonormal one after the other (Gram, Schmidt): uniform over all rotations.
fn random_axes(dimensions: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut axes: Vec<Vec<f64>> = Vec::with_capacity(dimensions);
    while axes.len() < dimensions {
        let mut axis: Vec<f64> = (0..dimensions)
            .map(|_| StandardNormal.sample(&mut random))
            .collect();
        // Twice, for what rounding leaves.
        for _ in 0..2 {
            for other in &axes {
                let along = dot(&axis, other);
                for (entry, other) in axis.iter_mut().zip(other) {
                    *entry -= along * other;
                }
            }
        }
        let norm = dot(&axis, &axis).sqrt();
        if norm > 1e-6 {
            axes.push(axis.into_iter().map(|entry| entry / norm).collect());
        }
    }
    axes
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
