//! What a sampler should give: the moments of its own scheme at its step size where they are known, those of the density
//! elsewhere.

use tati::analytic::HostPotential;
use tati::samplers::{
    Integrator, LangevinUpdate, langevin_on_harmonic_well, sgld_on_harmonic_well,
    stationary_moments,
};

use crate::samplers::Plan;
use crate::support::sampler::Sampler;
use crate::targets::{Gaussian, Moments, Surface, Target};

/// The moments that draws are compared with.
pub fn expected(plan: &Plan, target: &Target, preconditioners: &[[f64; 2]]) -> Moments {
    match (&target.surface, plan.sampler) {
        (Surface::Gaussian(gaussian), Sampler::Psgld) => {
            preconditioned(plan, gaussian, preconditioners)
        }
        (Surface::Gaussian(gaussian), sampler) if !sampler.is_kernel() => {
            gaussian.moments(|eigenvalue| variance(plan, gaussian, eigenvalue).unwrap_or(f64::NAN))
        }
        (Surface::MuellerBrown, Sampler::Sgld) => perturbed(plan, target),
        _ => target.moments,
    }
}

/// The variance along an eigenvector of A, where every scheme without preconditioner is the one-dimensional one.
fn variance(plan: &Plan, gaussian: &Gaussian, eigenvalue: f64) -> Option<f64> {
    let (h, friction, beta) = (plan.step_size, plan.memory, plan.inverse_temperature);
    let integrator = match plan.sampler {
        Sampler::Gla1 => Integrator::Gla1,
        Sampler::Gla2 => Integrator::Gla2,
        Sampler::Baoab => Integrator::Baoab,
        Sampler::Sghmc => {
            let update = LangevinUpdate::euler(h, friction, friction, beta);
            return Some(stationary_moments(&update, eigenvalue, 0.0)?.position_variance);
        }
        Sampler::Sgnht | Sampler::Ccadl => {
            let update = thermostatted(plan, gaussian)?;
            return Some(stationary_moments(&update, eigenvalue, 0.0)?.position_variance);
        }
        _ => return sgld_on_harmonic_well(eigenvalue, h, beta),
    };
    let moments = langevin_on_harmonic_well(integrator, eigenvalue, h, friction, beta)?;
    Some(moments.position_variance)
}

/// SGNHT and CCAdL with the one friction ζ at which the kinetic temperature, averaged over both directions, is 1/β.
///
/// The thermostat of many walkers hardly moves, and settles there.
fn thermostatted(plan: &Plan, gaussian: &Gaussian) -> Option<LangevinUpdate> {
    let (h, beta) = (plan.step_size, plan.inverse_temperature);
    let update = |friction: f64| {
        let euler = LangevinUpdate::euler(h, friction, plan.memory, beta);
        match plan.sampler {
            // Its friction is a midpoint rule.
            Sampler::Ccadl => LangevinUpdate {
                decay: (1.0 - 0.5 * h * friction) / (1.0 + 0.5 * h * friction),
                ..euler
            },
            _ => euler,
        }
    };
    let temperature = |friction: f64| -> Option<f64> {
        let mut sum = 0.0;
        for eigenvalue in gaussian.eigenvalues {
            sum += stationary_moments(&update(friction), eigenvalue, 0.0)?.momentum_variance;
        }
        Some(0.5 * sum * beta)
    };
    let (mut low, mut high) = (0.1 * plan.memory, 10.0 * plan.memory);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        // Without a stationary state there is too much friction for the step.
        match temperature(middle) {
            Some(temperature) if temperature > 1.0 => low = middle,
            _ => high = middle,
        }
    }
    Some(update(low))
}

/// pSGLD with a constant diagonal G has the covariance (1/β)(A − (h/2) A G A)⁻¹; each walker has its own G.
fn preconditioned(plan: &Plan, gaussian: &Gaussian, preconditioners: &[[f64; 2]]) -> Moments {
    let a = gaussian.precision;
    let mut moments = Moments::default();
    for g in preconditioners {
        let m: [[f64; 2]; 2] = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let product: f64 = (0..2).map(|k| a[i][k] * g[k] * a[k][j]).sum();
                plan.inverse_temperature * (a[i][j] - 0.5 * plan.step_size * product)
            })
        });
        let share = 1.0 / (m[0][0] * m[1][1] - m[0][1] * m[1][0]) / preconditioners.len() as f64;
        let inverse = [[m[1][1], -m[0][1]], [-m[1][0], m[0][0]]];
        for (sums, row) in moments.covariance.iter_mut().zip(inverse) {
            for (sum, entry) in sums.iter_mut().zip(row) {
                *sum += share * entry;
            }
        }
    }
    moments
}

/// SGLD samples exp(−βU)(1 + h f + O(h²)), f = (β/4)|∇U|² − ½ΔU up to a constant: the solution of L†(ρf) = −A†ρ, where the
/// generator of a step is L + hA + O(h²).
fn perturbed(plan: &Plan, target: &Target) -> Moments {
    let beta = plan.inverse_temperature;
    target.surface.quadrature(beta, |position| {
        let mut gradient = [0.0; 2];
        target.surface.value_and_gradient(position, &mut gradient);
        let square = gradient[0] * gradient[0] + gradient[1] * gradient[1];
        let laplacian = target.surface.laplacian_at(position);
        1.0 + plan.step_size * (0.25 * beta * square - 0.5 * laplacian)
    })
}
