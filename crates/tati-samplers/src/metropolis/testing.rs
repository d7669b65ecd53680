//! What the tests of kernels share: potentials with known answers, and standard errors of correlated draws.

use std::cell::Cell;

use burn::tensor::Tensor;
use tati_core::analytic::{DoubleWell, HostPotential};
use tati_core::{Potential, Result, TatiError, open_device};

use super::evaluate::Target;
use crate::kernel::{Kernel, Transition};

/// A vector in double precision on the CPU.
pub(crate) fn tensor(values: &[f64]) -> Tensor<1> {
    use burn::tensor::{DType, TensorData};

    let device = open_device("flex").unwrap();
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (&device, DType::F64))
}

/// The target of a chain at `start` without a prior.
pub(crate) fn target(start: &[f64], inverse_temperature: f64) -> Target {
    Target::new(&tensor(start), inverse_temperature, None)
        .unwrap()
        .0
}

/// The Gaussian U = θᵀPθ/2, whose principal axes lie across all coordinates.
#[derive(Clone, Debug)]
pub(crate) struct Correlated {
    precision: Vec<Vec<f64>>,
    covariance: Vec<Vec<f64>>,
}

impl Correlated {
    /// The Gaussian with these eigenvalues of P, turned by the reflection I − 2vvᵀ with v ∝ (1, 2, …, N).
    pub(crate) fn rotated(curvatures: &[f64]) -> Self {
        let length = curvatures.len();
        let norm: f64 = (1..=length).map(|k| (k * k) as f64).sum();
        let turned = |eigenvalue: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
            let reflection = |i: usize, j: usize| {
                f64::from(u8::from(i == j)) - 2.0 * ((i + 1) * (j + 1)) as f64 / norm
            };
            let entry = |i, j| {
                (0..length)
                    .map(|k| reflection(i, k) * eigenvalue(k) * reflection(k, j))
                    .sum()
            };
            (0..length)
                .map(|i| (0..length).map(|j| entry(i, j)).collect())
                .collect()
        };
        Self {
            precision: turned(&|k| curvatures[k]),
            covariance: turned(&|k| curvatures[k].recip()),
        }
    }

    /// ⟨θᵢθⱼ⟩ at β = 1.
    pub(crate) fn covariance(&self, i: usize, j: usize) -> f64 {
        self.covariance[i][j]
    }
}

impl HostPotential for Correlated {
    fn dimension(&self) -> usize {
        self.precision.len()
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut energy = 0.0;
        for ((row, theta), slope) in self.precision.iter().zip(position).zip(gradient) {
            *slope = row.iter().zip(position).map(|(p, theta)| p * theta).sum();
            energy += 0.5 * theta * *slope;
        }
        energy
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        (0..self.precision.len())
            .map(|k| self.precision[k][k])
            .sum()
    }
}

/// A double well along x and a spring of stiffness 4 along y.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WellAndSpring(pub(crate) DoubleWell);

impl HostPotential for WellAndSpring {
    fn dimension(&self) -> usize {
        2
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        gradient[1] = 4.0 * position[1];
        self.0
            .value_and_gradient(&position[..1], &mut gradient[..1])
            + 2.0 * position[1] * position[1]
    }

    fn laplacian_at(&self, position: &[f64]) -> f64 {
        self.0.laplacian_at(&position[..1]) + 4.0
    }
}

/// The harmonic well |θ|²/2 where θ₀ is below the wall, undefined beyond it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfSpace {
    pub(crate) wall: f64,
    pub(crate) dimension: usize,
}

impl HostPotential for HalfSpace {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.copy_from_slice(position);
        if position[0] > self.wall {
            f64::NAN
        } else {
            0.5 * position.iter().map(|theta| theta * theta).sum::<f64>()
        }
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        self.dimension as f64
    }
}

/// The harmonic well |θ|²/2 that fails after some evaluations.
#[derive(Debug)]
pub(crate) struct Failing {
    pub(crate) remaining: Cell<usize>,
}

impl Potential for Failing {
    fn num_parameters(&self) -> usize {
        2
    }

    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)> {
        let Some(remaining) = self.remaining.get().checked_sub(1) else {
            return Err(TatiError::DatasetUnavailable {
                name: "test data",
                reason: "they ran out".to_string(),
                remedy: "none".to_string(),
            });
        };
        self.remaining.set(remaining);
        let energy = 0.5 * position.clone().powi_scalar(2).sum().into_scalar::<f64>();
        Ok((energy, position.clone()))
    }
}

/// Runs `count` transitions after the kernel's own tuning and `burn_in` more, and hands each to `look`.
pub(crate) fn sample(
    kernel: &mut dyn Kernel,
    potential: &dyn Potential,
    burn_in: u64,
    count: usize,
    mut look: impl FnMut(&[f64], &Transition),
) {
    for _ in 0..kernel.tuning_steps() + burn_in {
        kernel.transition(potential).unwrap();
    }
    for _ in 0..count {
        let transition = kernel.transition(potential).unwrap();
        look(kernel.position(), &transition);
    }
}

/// The mean of correlated `values` and its standard error.
///
/// The integrated autocorrelation time τ is summed up to the first lag above 6τ (A. Sokal, "Monte Carlo methods in
/// statistical mechanics", 1996); fails where fewer than 50 times τ were drawn.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let covariance = |lag: usize| {
        let pairs = values.iter().zip(&values[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / count
    };
    let variance = covariance(0);
    let mut time = 1.0;
    for lag in 1..values.len() {
        time += 2.0 * covariance(lag) / variance;
        if lag as f64 >= 6.0 * time {
            break;
        }
    }
    let time = time.max(1.0);
    assert!(count > 50.0 * time, "{count} draws at a time of {time}");
    (mean, (variance * time / count).sqrt())
}

/// How many standard errors the mean of `values` lies above `exact`.
pub(crate) fn deviation(values: &[f64], exact: f64) -> f64 {
    let (mean, error) = mean_and_error(values);
    (mean - exact) / error
}
