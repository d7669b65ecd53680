//! What every kernel keeps of its walker: where it is, how many transitions it took and where its noise comes from.

use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result, TatiError};

use super::evaluate::Target;
use crate::fused::philox::NoiseStream;
use crate::kernel::Transition;
use crate::optim::NoiseSource;

/// Streams of kernels, at the top of the 24-bit range: parameter tensors are numbered from 0.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Stream {
    /// Momenta, or the noise of an overdamped step.
    Momenta = 0xFF_FFFF,
    /// Everything that is uniform.
    Uniforms = 0xFF_FFFE,
    /// Seeds of the generators of trees.
    Trees = 0xFF_FFFD,
    /// The second refreshment of velocities in a step.
    SecondRefreshment = 0xFF_FFFC,
}

/// A position with the energy U + U_prior and its gradient there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) position: Vec<f64>,
    pub(crate) energy: f64,
    pub(crate) gradient: Vec<f64>,
}

impl Point {
    /// Whether a chain can be here: infinite and undefined energies have density 0.
    pub(crate) fn is_finite(&self) -> bool {
        self.energy.is_finite() && self.gradient.iter().all(|slope| slope.is_finite())
    }
}

/// A walker: the part of a kernel's saved state that all kernels have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Walker {
    seed: u64,
    walker: u32,
    transitions: u64,
    /// Whether the energy and gradient have been evaluated.
    evaluated: bool,
    pub(crate) point: Point,
}

impl Walker {
    /// A walker that has not looked at the potential yet.
    pub(crate) fn new(position: Vec<f64>, noise: &NoiseSource) -> Self {
        Self {
            seed: noise.seed(),
            walker: noise.walker(),
            transitions: 0,
            evaluated: false,
            point: Point {
                energy: 0.0,
                gradient: vec![0.0; position.len()],
                position,
            },
        }
    }

    /// N.
    pub(crate) fn num_parameters(&self) -> usize {
        self.point.position.len()
    }

    /// Whether all vectors have length N.
    pub(crate) fn fits(&self, num_parameters: usize) -> bool {
        self.point.position.len() == num_parameters && self.point.gradient.len() == num_parameters
    }

    /// The number of the next transition, counted from 1: the step of its noise.
    pub(crate) fn next_transition(&self) -> u64 {
        self.transitions + 1
    }

    /// Makes sure that the energy and gradient are known, and says how many gradients that took.
    pub(crate) fn begin(&mut self, target: &Target, potential: &dyn Potential) -> Result<usize> {
        if self.evaluated {
            return Ok(0);
        }
        let point = target.evaluate(potential, self.point.position.clone())?;
        if !point.is_finite() {
            return Err(TatiError::NotFinite {
                what: "the potential or its gradient at the start of the chain".to_string(),
                value: point.energy,
                remedy: "start where both are finite numbers",
            });
        }
        self.point = point;
        self.evaluated = true;
        Ok(1)
    }

    /// Puts the walker elsewhere, where the potential has yet to be looked at.
    pub(crate) fn move_to(&mut self, position: &[f64]) -> Result<()> {
        if position.len() != self.num_parameters() {
            return Err(TatiError::ShapeMismatch {
                what: "length of the position".to_string(),
                expected: self.num_parameters().to_string(),
                found: position.len().to_string(),
            });
        }
        self.point.position.copy_from_slice(position);
        self.evaluated = false;
        Ok(())
    }

    /// Counts a transition as taken.
    pub(crate) fn finish(&mut self) {
        self.transitions += 1;
    }

    /// What every kernel reports of the state after a transition. Call it last: the other fields are the kernel's.
    pub(crate) fn report(&self, step_size: f64, num_gradients: usize) -> Transition {
        let Point {
            position,
            energy,
            gradient,
        } = &self.point;
        Transition {
            potential: *energy,
            virial: 0.5 * dot(position, gradient),
            gradient_norm: dot(gradient, gradient).sqrt(),
            kinetic_energy: None,
            acceptance: None,
            step_size,
            num_gradients,
            diverged: false,
        }
    }

    /// N standard normals of `transition`.
    pub(crate) fn normals(&self, stream: Stream, transition: u64) -> Vec<f64> {
        let mut noise = vec![0.0; self.num_parameters()];
        self.stream(stream).fill_normal(transition, &mut noise);
        noise.into_iter().map(f64::from).collect()
    }

    /// Uniform numbers of `transition`.
    pub(crate) fn uniforms<const COUNT: usize>(
        &self,
        stream: Stream,
        transition: u64,
    ) -> [f64; COUNT] {
        let mut uniforms = [0.0; COUNT];
        self.stream(stream).fill_uniform(transition, &mut uniforms);
        uniforms
    }

    fn stream(&self, stream: Stream) -> NoiseStream {
        NoiseStream {
            seed: self.seed,
            walker: self.walker,
            tensor: stream as u32,
        }
    }
}

/// a·b.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
