//! What each sampler gives on a harmonic well, exactly: the oracle of the tests, and of anyone who asks how large a step may be.
//!
//! On U = κθ²/2 the gradient is κθ and every update is linear, so its stationary covariance S solves the discrete Lyapunov
//! equation S = M S Mᵀ + n nᵀ with the update's matrix M and noise vector n. No sampling is involved.
//!
//! Closed forms (Leimkuhler, Matthews, "Molecular Dynamics", Springer 2015, chapter 7; Bou-Rabee, Owhadi 2010):
//!
//! | sampler | ⟨θ²⟩ | ⟨p²⟩ |
//! |---|---|---|
//! | SGLD | 1/(βκ(1 − hκ/2)) | |
//! | BAOAB | 1/(βκ) | (1 − h²κ/4)/β |
//! | GLA2 | 1/(βκ(1 − h²κ/4)) | 1/β |

use crate::splitting::{Integrator, LangevinUpdate, OnStepMomentum};

/// Stationary second moments on a harmonic well; the means are 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationaryMoments {
    /// ⟨θ²⟩; exactly 1/(βκ) in continuous time.
    pub position_variance: f64,
    /// ⟨p²⟩ of the on-step momentum; exactly 1/β in continuous time.
    pub momentum_variance: f64,
}

/// The exact stationary moments of `integrator` at this step size on U = `curvature` θ²/2, or `None` where the update is
/// unstable.
///
/// # Example
/// ```
/// use tati_samplers::{Integrator, langevin_on_harmonic_well};
///
/// let (curvature, step_size, friction, inverse_temperature) = (4.0, 0.5, 1.0, 2.0);
/// let exact = langevin_on_harmonic_well(
///     Integrator::Baoab, curvature, step_size, friction, inverse_temperature).unwrap();
/// assert!((exact.position_variance - 1.0 / 8.0).abs() < 1e-12);
/// assert!((exact.momentum_variance - (1.0 - 0.25) / 2.0).abs() < 1e-12);
/// ```
pub fn langevin_on_harmonic_well(
    integrator: Integrator,
    curvature: f64,
    step_size: f64,
    friction: f64,
    inverse_temperature: f64,
) -> Option<StationaryMoments> {
    let update = integrator.update(step_size, step_size, friction, inverse_temperature);
    stationary_moments(&update, curvature, 0.0)
}

/// The exact stationary moments of any row of the splitting table on U = `curvature` θ²/2 with gradients that carry
/// independent noise of this variance, or `None` where the update is unstable.
///
/// # Example
/// ```
/// use tati_samplers::{LangevinUpdate, stationary_moments};
///
/// // SGHMC told the true noise of its gradients is as warm as it should be, up to an error of first order in h.
/// let (step_size, friction, inverse_temperature, gradient_noise) = (0.01, 2.0, 1.0, 100.0);
/// let noise_friction = friction - 0.5 * step_size * inverse_temperature * gradient_noise;
/// let update = LangevinUpdate::euler(step_size, friction, noise_friction, inverse_temperature);
/// let moments = stationary_moments(&update, 1.0, gradient_noise).unwrap();
/// assert!((moments.momentum_variance - 1.0).abs() < 0.02);
/// ```
pub fn stationary_moments(
    update: &LangevinUpdate,
    curvature: f64,
    gradient_noise_variance: f64,
) -> Option<StationaryMoments> {
    let gradient_noise = gradient_noise_variance.sqrt();
    // The update is linear: its action on (θ, p, ξ, noise of the gradient) = e₁, …, e₄ is its matrix and noise vectors.
    let act = |mut position: f64, mut momentum: f64, noise: f64, of_gradient: f64| {
        let gradient = curvature * position + gradient_noise * of_gradient;
        let mut on_step = match update.on_step {
            OnStepMomentum::BeforeNoise { kick } => momentum - kick * gradient,
            OnStepMomentum::AfterNoise => 0.0,
        };
        momentum -= update.first_kick * gradient;
        position += update.first_drift * momentum;
        momentum = update.decay * momentum + update.noise * noise;
        if update.on_step == OnStepMomentum::AfterNoise {
            on_step = momentum;
        }
        momentum -= update.second_kick * gradient;
        position += update.second_drift * momentum;
        (position, momentum, on_step)
    };
    let (from_position, from_momentum) = (act(1.0, 0.0, 0.0, 0.0), act(0.0, 1.0, 0.0, 0.0));
    let (from_noise, from_gradient) = (act(0.0, 0.0, 1.0, 0.0), act(0.0, 0.0, 0.0, 1.0));
    let matrix = [
        [from_position.0, from_momentum.0],
        [from_position.1, from_momentum.1],
    ];
    let noises = [from_noise, from_gradient];
    let covariance = lyapunov(matrix, noises.map(|noise| [noise.0, noise.1]))?;
    let (u, v) = (from_position.2, from_momentum.2);
    let fresh: f64 = noises.iter().map(|noise| noise.2 * noise.2).sum();
    Some(StationaryMoments {
        position_variance: covariance[0][0],
        momentum_variance: u * u * covariance[0][0]
            + 2.0 * u * v * covariance[0][1]
            + v * v * covariance[1][1]
            + fresh,
    })
}

/// The exact stationary ⟨θ²⟩ of SGLD, θ ← θ − h∇U + sqrt(2h/β) ξ, on U = `curvature` θ²/2, or `None` where it is unstable.
pub fn sgld_on_harmonic_well(
    curvature: f64,
    step_size: f64,
    inverse_temperature: f64,
) -> Option<f64> {
    let contraction = 1.0 - step_size * curvature;
    (contraction.abs() < 1.0)
        .then(|| 2.0 * step_size / inverse_temperature / (1.0 - contraction * contraction))
}

type Matrix = [[f64; 2]; 2];

/// S = Σₖ Mᵏ (Σ n nᵀ) (Mᵀ)ᵏ over all noise vectors n by doubling; `None` unless the spectral radius of M is below 1.
fn lyapunov(mut matrix: Matrix, noises: [[f64; 2]; 2]) -> Option<Matrix> {
    const DOUBLINGS: usize = 60;

    let trace = matrix[0][0] + matrix[1][1];
    let determinant = matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0];
    // Jury's criterion for both eigenvalues inside the unit circle.
    if !(determinant < 1.0 && trace.abs() < 1.0 + determinant) {
        return None;
    }
    let mut covariance: Matrix = std::array::from_fn(|i| {
        std::array::from_fn(|j| noises.iter().map(|noise| noise[i] * noise[j]).sum())
    });
    for _ in 0..DOUBLINGS {
        let carried = product(&product(&matrix, &covariance), &transpose(&matrix));
        for (row, add) in covariance.iter_mut().zip(carried) {
            for (entry, add) in row.iter_mut().zip(add) {
                *entry += add;
            }
        }
        matrix = product(&matrix, &matrix);
    }
    Some(covariance)
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[i][0] * b[0][j] + a[i][1] * b[1][j]))
}

fn transpose(a: &Matrix) -> Matrix {
    [[a[0][0], a[1][0]], [a[0][1], a[1][1]]]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: [(f64, f64, f64, f64); 4] = [
        (1.0, 0.1, 1.0, 1.0),
        (1.0, 1.5, 0.3, 2.0),
        (4.0, 0.9, 5.0, 0.5),
        (2.0, 0.5, 10.0, 1.0),
    ];

    fn assert_close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-10 * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn closed_forms() {
        for (curvature, h, friction, beta) in CASES {
            let shrink = 1.0 - h * h * curvature / 4.0;
            let exact = |integrator| {
                langevin_on_harmonic_well(integrator, curvature, h, friction, beta).unwrap()
            };
            let baoab = exact(Integrator::Baoab);
            assert_close(baoab.position_variance, 1.0 / (beta * curvature));
            assert_close(baoab.momentum_variance, shrink / beta);
            let gla2 = exact(Integrator::Gla2);
            assert_close(gla2.position_variance, 1.0 / (beta * curvature * shrink));
            assert_close(gla2.momentum_variance, 1.0 / beta);
            let sgld = sgld_on_harmonic_well(curvature, h * 0.1, beta).unwrap();
            assert_close(
                sgld,
                1.0 / (beta * curvature * (1.0 - 0.05 * h * curvature)),
            );
        }
    }

    /// TATi's harmonic example, loss θ² with h = 0.5, friction 10: values of its discrete dynamics.
    #[test]
    fn gla1_as_tabulated_for_the_predecessor() {
        let gla1 = langevin_on_harmonic_well(Integrator::Gla1, 2.0, 0.5, 10.0, 1.0).unwrap();
        assert!((gla1.position_variance - 0.33483).abs() < 5e-6);
        assert!((0.5 * gla1.momentum_variance - 0.50001).abs() < 5e-6);
    }

    /// Gradient noise of variance s² is a force h s ξ' a step: it adds h² s²/(1 − α²) of kinetic temperature at zero
    /// curvature for GLA1, and SGHMC balances it exactly there.
    #[test]
    fn gradient_noise_heats_as_it_should() {
        let (h, friction, beta, noise) = (0.1, 1.5, 2.0, 3.0);
        let almost_free = 1e-9;
        let gla1 = Integrator::Gla1.update(h, h, friction, beta);
        let heated = stationary_moments(&gla1, almost_free, noise).unwrap();
        let decay_squared = (-2.0 * friction * h).exp();
        let excess = h * h * noise * decay_squared / (1.0 - decay_squared);
        assert!((heated.momentum_variance - (1.0 / beta + excess)).abs() < 1e-6);

        let noise_friction = friction - 0.5 * h * beta * noise;
        let sghmc = LangevinUpdate::euler(h, friction, noise_friction, beta);
        let moments = stationary_moments(&sghmc, almost_free, noise).unwrap();
        // The Euler step of friction itself warms by 1/(1 − γh/2).
        let exact = 1.0 / (beta * (1.0 - 0.5 * friction * h));
        assert!((moments.momentum_variance - exact).abs() < 1e-6);
    }

    #[test]
    fn too_large_a_step_has_no_stationary_state() {
        for integrator in Integrator::ALL {
            assert!(langevin_on_harmonic_well(integrator, 1.0, 2.1, 1.0, 1.0).is_none());
        }
        assert!(sgld_on_harmonic_well(1.0, 2.0, 1.0).is_none());
    }
}
