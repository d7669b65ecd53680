//! The moves of a velocity of constant length: B, by which a force turns it, and O, by which it forgets.

use crate::metropolis::walker::dot;

/// B: turns the unit vector `velocity` against `gradient`; `scale` is ε times whatever multiplies the gradient. Returns the
/// change of kinetic energy (N − 1) ln(cosh δ + e·u sinh δ).
///
/// In powers of ζ = exp(−δ), of which none overflows.
pub(super) fn kick(velocity: &mut [f64], gradient: &[f64], scale: f64) -> f64 {
    let norm = dot(gradient, gradient).sqrt();
    if norm == 0.0 {
        return 0.0;
    }
    let degrees = velocity.len() as f64 - 1.0;
    let delta = scale * norm / degrees;
    let along = (-dot(velocity, gradient) / norm).clamp(-1.0, 1.0);
    let (zeta, lost) = ((-delta).exp(), -(-delta).exp_m1());
    let (on_force, on_velocity) = (lost * (1.0 + zeta + along * lost), 2.0 * zeta);
    // 0 where a strong force is straight against the velocity, which it then only slows down.
    if (1.0 + along) + (1.0 - along) * zeta * zeta > 0.0 {
        for (u, slope) in velocity.iter_mut().zip(gradient) {
            *u = on_velocity * *u - on_force * slope / norm;
        }
        normalize(velocity);
    }
    let growth = (0.5 * (1.0 - along) * (-2.0 * delta).exp_m1()).ln_1p();
    // It cannot fall faster than exp(−δ), which rounding hides where the force is straight ahead.
    degrees * (delta + growth.max(-2.0 * delta))
}

/// O over half a step: mixes the unit vector `velocity` with `noise`; `share` is ε/L.
pub(super) fn refresh(velocity: &mut [f64], noise: &[f64], share: f64) {
    // Beyond that nothing is left of the old direction.
    const ALL: f64 = 100.0;

    let amplitude = (share.min(ALL).exp_m1() / velocity.len() as f64).sqrt();
    for (u, noise) in velocity.iter_mut().zip(noise) {
        *u += amplitude * noise;
    }
    normalize(velocity);
}

/// Scales `vector` to length 1; a vector of length 0 stays.
pub(super) fn normalize(vector: &mut [f64]) {
    let norm = dot(vector, vector).sqrt();
    if norm > 0.0 {
        for entry in vector {
            *entry /= norm;
        }
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::{HostPotential, Rosenbrock};

    use super::*;

    /// Against the formula with hyperbolic functions, and as time runs back.
    #[test]
    fn kicks_are_those_of_the_paper() {
        let gradient = [0.3, -1.2, 0.4];
        let norm = dot(&gradient, &gradient).sqrt();
        let mut start = vec![0.6, 0.1, -0.5];
        normalize(&mut start);
        for scale in [1e-9, 1e-3, 0.5, 4.0, 30.0] {
            let mut velocity = start.clone();
            let energy = kick(&mut velocity, &gradient, scale);
            let delta = scale * norm / 2.0;
            let along = -dot(&start, &gradient) / norm;
            let growth = delta.cosh() + along * delta.sinh();
            let turn = delta.sinh() + along * (delta.cosh() - 1.0);
            for (k, u) in velocity.iter().enumerate() {
                let exact = (start[k] - gradient[k] / norm * turn) / growth;
                assert!((u - exact).abs() < 1e-14, "{scale}");
            }
            assert!((energy - 2.0 * growth.ln()).abs() < 1e-13 + 1e-14 * energy.abs());

            // What lies across the force shrinks by exp(−δ), until rounding hides it and there is no way back.
            if delta > 5.0 {
                continue;
            }
            let mut back: Vec<f64> = velocity.iter().map(|u| -u).collect();
            let returned = kick(&mut back, &gradient, scale);
            let misses = back.iter().zip(&start).map(|(a, b)| (a + b).abs());
            assert!(misses.fold(0.0, f64::max) < 1e-13, "{scale}");
            assert!((energy + returned).abs() < 1e-12);
        }
    }

    /// Steep forces turn the velocity into their direction, and nothing overflows; also straight against the velocity.
    #[test]
    fn kicks_of_any_size_are_finite() {
        for scale in [1e3, 1e6, 1e300] {
            let mut velocity = vec![0.6, 0.8];
            let energy = kick(&mut velocity, &[0.0, 2.0], scale);
            assert!((velocity[1] + 1.0).abs() < 1e-14 && energy.is_finite());
            let mut against = vec![0.0, 1.0];
            let energy = kick(&mut against, &[0.0, 2.0], scale);
            assert!(against == [0.0, 1.0] && energy == -2.0 * scale, "{energy}");
        }
        let mut velocity = vec![0.6, 0.8];
        assert_eq!(kick(&mut velocity, &[0.0, 0.0], 1.0), 0.0);
        assert_eq!(velocity, [0.6, 0.8]);
        refresh(&mut velocity, &[1.0, 1.0], 1e9);
        assert!((velocity[0] - 0.5f64.sqrt()).abs() < 1e-9);
    }

    /// B A B has an energy error of third order in ε, on a bent potential.
    #[test]
    fn energy_errors_are_of_third_order() {
        let valley = Rosenbrock::new(5.0).unwrap();
        let error = |epsilon: f64| {
            let (mut position, mut velocity) = ([0.4, -0.3], vec![0.6, 0.8]);
            let mut gradient = [0.0; 2];
            let before = valley.value_and_gradient(&position, &mut gradient);
            let mut error = kick(&mut velocity, &gradient, 0.5 * epsilon);
            for (theta, u) in position.iter_mut().zip(&velocity) {
                *theta += epsilon * u;
            }
            error += valley.value_and_gradient(&position, &mut gradient) - before;
            error + kick(&mut velocity, &gradient, 0.5 * epsilon)
        };
        let ratio = error(4e-4) / error(2e-4);
        assert!((ratio - 8.0).abs() < 0.1, "{ratio}");
    }
}
