//! Descent along forces that have no potential, by damped dynamics.

use crate::hessian::vectors::{dot, norm};

/// Iterations downhill after which steps grow.
const LATENCY: usize = 5;
const GROWTH: f64 = 1.1;
const SHRINKAGE: f64 = 0.5;
const FIRST_MIXING: f64 = 0.1;
const MIXING_DECAY: f64 = 0.99;

/// The fast inertial relaxation engine: dynamics under the forces F whose velocity v is turned towards them,
///
/// ```text
/// v ← (1 − α) v + α |v| F/|F|
/// ```
///
/// whose steps grow as long as F·v > 0, and which is stopped when it goes uphill. The step in time is no longer than 1/√κ, at which the
/// stiffest oscillation, of curvature κ, is well resolved.
///
/// Source: E. Bitzek, P. Koskinen, F. Gähler, M. Moseler, P. Gumbsch, Phys. Rev. Lett. 97 (2006) 170201.
pub(super) struct Fire {
    /// The number of components that move together.
    group: usize,
    velocity: Vec<f64>,
    time_step: f64,
    mixing: f64,
    num_downhill: usize,
}

impl Fire {
    /// `length` components, of which every `group` are those of one body.
    pub(super) fn new(length: usize, group: usize, curvature: f64) -> Self {
        Self {
            group,
            velocity: vec![0.0; length],
            time_step: 0.1 * longest_step(curvature),
            mixing: FIRST_MIXING,
            num_downhill: 0,
        }
    }

    /// The next step, of a length of at most `longest` for each body.
    pub(super) fn step(&mut self, forces: &[f64], curvature: f64, longest: f64) -> Vec<f64> {
        if dot(forces, &self.velocity) > 0.0 {
            self.num_downhill += 1;
            if self.num_downhill > LATENCY {
                self.time_step *= GROWTH;
                self.mixing *= MIXING_DECAY;
            }
        } else {
            self.velocity.fill(0.0);
            self.time_step *= SHRINKAGE;
            self.mixing = FIRST_MIXING;
            self.num_downhill = 0;
        }
        self.time_step = self.time_step.min(longest_step(curvature));
        for (velocity, force) in self.velocity.iter_mut().zip(forces) {
            *velocity += self.time_step * force;
        }
        let force = norm(forces);
        if force > 0.0 {
            let turn = self.mixing * norm(&self.velocity) / force;
            for (velocity, force) in self.velocity.iter_mut().zip(forces) {
                *velocity = (1.0 - self.mixing) * *velocity + turn * force;
            }
        }
        let bodies = self.velocity.chunks_exact(self.group);
        let fastest = bodies.fold(0.0_f64, |most, velocity| most.max(norm(velocity)));
        let scale = if self.time_step * fastest > longest {
            longest / (self.time_step * fastest)
        } else {
            1.0
        };
        let step = self.velocity.iter_mut().map(|velocity| {
            *velocity *= scale;
            self.time_step * *velocity
        });
        step.collect()
    }
}

fn longest_step(curvature: f64) -> f64 {
    1.0 / curvature.sqrt()
}
