//! The integrators of Hamiltonian Monte Carlo: legs of kicks and drifts.

use tati_core::{Potential, Result};

use super::evaluate::Target;
use super::walker::Point;
use crate::ensemble::QuasiNewton;

/// A leg of Hamilton's equations for H = U(θ) + p·p/2:
///
/// ```text
/// p ← p − a h ∇U;   L times: θ ← θ + h p, p ← p − h ∇U (the last time p ← p − (1 − a) h ∇U)
/// ```
///
/// a = 1/2 is the leapfrog, a = 1 symplectic Euler by kick and drift, a = 0 symplectic Euler by drift and kick. Each is
/// symplectic. With a metric B, θ ← θ + h B p and p ← p − h B ∇U. Run from (θ', −p') with 1 − a in the place of a, a leg returns to (θ, −p).
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    /// a.
    pub first_kick: f64,
    /// h.
    pub step_size: f64,
    /// L, at least 1.
    pub num_steps: usize,
}

/// What a leg runs in.
pub(super) struct Surroundings<'a> {
    pub target: &'a Target,
    pub potential: &'a dyn Potential,
    /// B.
    pub metric: Option<&'a QuasiNewton>,
}

impl Leg {
    /// Runs from `start` with `momentum`, which becomes that at the end, and counts the gradients it took: L, or fewer where
    /// an energy or gradient on the way was not finite and the leg ended there.
    ///
    /// Such an end keeps legs reversible: the way back would meet the same place.
    pub(super) fn run(
        &self,
        surroundings: &Surroundings<'_>,
        start: &Point,
        momentum: &mut [f64],
    ) -> Result<(Point, usize)> {
        let Surroundings {
            target,
            potential,
            metric,
        } = *surroundings;
        let h = self.step_size;
        let mut scratch = Vec::new();
        let slope = transformed(metric, &start.gradient, &mut scratch);
        add(momentum, -self.first_kick * h, slope);
        let mut point = start.clone();
        for step in 1..=self.num_steps {
            let velocity = transformed(metric, momentum, &mut scratch);
            add(&mut point.position, h, velocity);
            point.energy = target.evaluate_into(potential, &point.position, &mut point.gradient)?;
            if !point.is_finite() {
                return Ok((point, step));
            }
            let share = if step == self.num_steps {
                1.0 - self.first_kick
            } else {
                1.0
            };
            let slope = transformed(metric, &point.gradient, &mut scratch);
            add(momentum, -share * h, slope);
        }
        Ok((point, self.num_steps))
    }
}

/// `vector` times the metric, written to `scratch`; as it is where there is none.
fn transformed<'a>(
    metric: Option<&QuasiNewton>,
    vector: &'a [f64],
    scratch: &'a mut Vec<f64>,
) -> &'a [f64] {
    let Some(metric) = metric else {
        return vector;
    };
    scratch.clear();
    scratch.extend_from_slice(vector);
    metric.apply(scratch);
    scratch
}

/// x ← x + a y.
fn add(x: &mut [f64], a: f64, y: &[f64]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += a * y;
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::{HostPotential, Rosenbrock};

    use super::super::testing::{Correlated, target};
    use super::*;

    const FIRST_KICKS: [f64; 3] = [0.5, 1.0, 0.0];

    fn run(
        potential: &impl HostPotential,
        leg: Leg,
        position: &[f64],
        momentum: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let target = target(position, 1.0);
        let start = target.evaluate(potential, position.to_vec()).unwrap();
        let mut momentum = momentum.to_vec();
        let surroundings = Surroundings {
            target: &target,
            potential,
            metric: None,
        };
        let (end, _) = leg.run(&surroundings, &start, &mut momentum).unwrap();
        (end.position, momentum)
    }

    /// On a bent potential. The control: symplectic Euler does not return by itself, only by its adjoint.
    #[test]
    fn legs_return_after_a_flip_of_the_momentum() {
        let valley = Rosenbrock::new(5.0).unwrap();
        let (position, momentum) = ([0.4, -0.3], [0.7, 1.1]);
        let miss = |first: f64, back: f64| {
            let leg = |first_kick| Leg {
                first_kick,
                step_size: 0.02,
                num_steps: 17,
            };
            let (there, p) = run(&valley, leg(first), &position, &momentum);
            let flipped: Vec<f64> = p.iter().map(|p| -p).collect();
            let (home, p) = run(&valley, leg(back), &there, &flipped);
            let misses = home.iter().zip(&position).map(|(a, b)| (a - b).abs());
            misses
                .chain(p.iter().zip(&momentum).map(|(a, b)| (a + b).abs()))
                .fold(0.0, f64::max)
        };
        for a in FIRST_KICKS {
            assert!(miss(a, 1.0 - a) < 1e-12, "{a}: {}", miss(a, 1.0 - a));
        }
        assert!(miss(1.0, 1.0) > 1e-2);
        assert!(miss(0.0, 0.0) > 1e-2);
    }

    /// The Jacobian of a leg has determinant 1: exactly on a quadratic potential, where the leg is a matrix; by central
    /// differences on a bent one.
    #[test]
    fn legs_preserve_volume() {
        let gaussian = Correlated::rotated(&[1.0, 30.0]);
        let valley = Rosenbrock::new(5.0).unwrap();
        for first_kick in FIRST_KICKS {
            let leg = Leg {
                first_kick,
                step_size: 0.1,
                num_steps: 5,
            };
            let column = |index: usize| {
                let mut state = [0.0; 4];
                state[index] = 1.0;
                let (theta, p) = run(&gaussian, leg, &state[..2], &state[2..]);
                [theta[0], theta[1], p[0], p[1]]
            };
            let exact = determinant([column(0), column(1), column(2), column(3)]);
            assert!((exact - 1.0).abs() < 1e-12, "{first_kick}: {exact}");

            let leg = Leg {
                step_size: 0.02,
                ..leg
            };
            let difference = |index: usize| {
                let shifted = |shift: f64| {
                    let mut state = [0.4, -0.3, 0.7, 1.1];
                    state[index] += shift;
                    let (theta, p) = run(&valley, leg, &state[..2], &state[2..]);
                    [theta[0], theta[1], p[0], p[1]]
                };
                let (up, down) = (shifted(1e-5), shifted(-1e-5));
                std::array::from_fn(|row| (up[row] - down[row]) / 2e-5)
            };
            let columns = [difference(0), difference(1), difference(2), difference(3)];
            let numeric = determinant(columns);
            assert!((numeric - 1.0).abs() < 1e-7, "{first_kick}: {numeric}");
        }
    }

    fn determinant(mut rows: [[f64; 4]; 4]) -> f64 {
        let mut determinant = 1.0;
        for pivot in 0..4 {
            let largest = (pivot..4)
                .max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()))
                .unwrap();
            if largest != pivot {
                rows.swap(pivot, largest);
                determinant = -determinant;
            }
            determinant *= rows[pivot][pivot];
            let pivot_row = rows[pivot];
            for row in &mut rows[pivot + 1..] {
                let factor = row[pivot] / pivot_row[pivot];
                for (entry, above) in row.iter_mut().zip(pivot_row) {
                    *entry -= factor * above;
                }
            }
        }
        determinant
    }
}
