//! What each family of samplers does to a group of elements: the arithmetic of the kernel, without its memory.

use super::philox::{GROUP, StepNoise};
use super::real::Real;
use crate::splitting::{LangevinUpdate, OnStepMomentum};
use crate::thermometer::Sums;

/// One step of a sampler on one tensor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Update {
    /// SGLD.
    Overdamped(Overdamped),
    /// pSGLD.
    Preconditioned(Preconditioned),
    /// Every row of the splitting table.
    Langevin(LangevinUpdate),
    /// A row of the table whose outgoing momentum feeds a thermostat.
    Thermostatted(Thermostatted),
    /// CCAdL.
    CovarianceControlled(CovarianceControlled),
}

#[cfg(feature = "gpu")]
impl Update {
    /// The standard deviation of the noise, before any preconditioner.
    pub(crate) fn noise(&self) -> f64 {
        match self {
            Self::Overdamped(update) => update.noise,
            Self::Preconditioned(update) => update.noise,
            Self::Langevin(row) => row.noise,
            Self::Thermostatted(update) => update.0.noise,
            Self::CovarianceControlled(update) => update.noise,
        }
    }

    /// Whether the outgoing momentum is summed at every step.
    pub(crate) fn feeds_a_thermostat(&self) -> bool {
        matches!(self, Self::Thermostatted(_) | Self::CovarianceControlled(_))
    }
}

/// θ ← (θ − h g) + s ξ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overdamped {
    pub(crate) step_size: f64,
    pub(crate) noise: f64,
}

/// V ← V + (1 − α)(g² − V);  G = 1/(λ + sqrt(V));  θ ← (θ − h G g) + s sqrt(G) ξ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preconditioned {
    pub(crate) step_size: f64,
    /// s = sqrt(2h/β).
    pub(crate) noise: f64,
    /// 1 − α; 1 at the first step, where V = g²; 0 once V is frozen.
    pub(crate) weight: f64,
    /// λ.
    pub(crate) regularization: f64,
}

/// The six-number update, and the square of the momentum that it leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thermostatted(pub(crate) LangevinUpdate);

/// With V ← V + w((g − g')²/2 − V) and g' the gradient of the step before:
///
/// x = h ζ + c V;  p ← (1 − x/2)/(1 + x/2) p + s ξ − h g;  θ ← θ + h p.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CovarianceControlled {
    pub(crate) step_size: f64,
    /// s = sqrt(2Ah/β).
    pub(crate) noise: f64,
    /// h ζ.
    pub(crate) friction: f64,
    /// c = h²β/2.
    pub(crate) covariance_friction: f64,
    /// w; 0 at the first step, where there is no g'.
    pub(crate) weight: f64,
}

/// A group of elements of which `live` count. Arrays that the sampler does not have are scratch space.
pub(crate) struct Group<'a, T> {
    pub(crate) index: usize,
    pub(crate) live: usize,
    pub(crate) position: &'a mut [T; GROUP],
    pub(crate) momentum: &'a mut [T; GROUP],
    pub(crate) variance: &'a mut [T; GROUP],
    pub(crate) previous_gradient: &'a mut [T; GROUP],
    pub(crate) gradient: [T; GROUP],
}

/// The arithmetic of one family. `#[inline(always)]` throughout, or the kernel loses its vector instructions.
pub(crate) trait GroupUpdate<T: Real>: Copy {
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums);
}

impl<T: Real> GroupUpdate<T> for Overdamped {
    #[inline(always)]
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums) {
        let (h, s) = (T::from_f64(self.step_size), T::from_f64(self.noise));
        let (position, gradient) = (group.position, group.gradient);
        // At s = 0 the step is that of SGD to the last bit, with no noise to make.
        if self.noise == 0.0 {
            for i in 0..GROUP {
                position[i] = position[i] - h * gradient[i];
            }
            return;
        }
        let normals = noise.group(group.index);
        if observe {
            sums.add_noise(self.noise, &normals, group.live);
        }
        for i in 0..GROUP {
            position[i] = (position[i] - h * gradient[i]) + s * T::from_f32(normals[i]);
        }
    }
}

impl<T: Real> GroupUpdate<T> for Preconditioned {
    #[inline(always)]
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums) {
        let (h, s) = (T::from_f64(self.step_size), T::from_f64(self.noise));
        let (weight, lambda) = (T::from_f64(self.weight), T::from_f64(self.regularization));
        let (position, variance, gradient) = (group.position, group.variance, group.gradient);
        let mut preconditioner = [T::ZERO; GROUP];
        for i in 0..GROUP {
            variance[i] = variance[i] + weight * (gradient[i] * gradient[i] - variance[i]);
            preconditioner[i] = T::ONE / (lambda + variance[i].sqrt());
        }
        if self.noise == 0.0 {
            for i in 0..GROUP {
                position[i] = position[i] - h * (preconditioner[i] * gradient[i]);
            }
            return;
        }
        let normals = noise.group(group.index);
        let mut kick = [T::ZERO; GROUP];
        for i in 0..GROUP {
            kick[i] = s * (preconditioner[i].sqrt() * T::from_f32(normals[i]));
            position[i] = (position[i] - h * (preconditioner[i] * gradient[i])) + kick[i];
        }
        if observe {
            sums.add_kick(&kick, group.live);
        }
    }
}

impl<T: Real> GroupUpdate<T> for LangevinUpdate {
    #[inline(always)]
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums) {
        langevin(&self, group, noise, observe, sums);
    }
}

impl<T: Real> GroupUpdate<T> for Thermostatted {
    #[inline(always)]
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums) {
        let live = group.live;
        let momentum = langevin(&self.0, group, noise, observe, sums);
        sums.add_outgoing_momentum(momentum, live);
    }
}

impl<T: Real> GroupUpdate<T> for CovarianceControlled {
    #[inline(always)]
    fn apply(self, group: Group<'_, T>, noise: &StepNoise, observe: bool, sums: &mut Sums) {
        let (h, s) = (T::from_f64(self.step_size), T::from_f64(self.noise));
        let (half_friction, half_c) = (
            T::from_f64(0.5 * self.friction),
            T::from_f64(0.5 * self.covariance_friction),
        );
        let weight = T::from_f64(self.weight);
        let (position, momentum, gradient) = (group.position, group.momentum, group.gradient);
        let (variance, previous) = (group.variance, group.previous_gradient);
        let normals = noise.group(group.index);
        if observe {
            sums.add_noise(self.noise, &normals, group.live);
            sums.add_momentum(momentum, 0.0, &gradient, group.live);
        }
        let half = T::from_f64(0.5);
        for i in 0..GROUP {
            let change = gradient[i] - previous[i];
            previous[i] = gradient[i];
            variance[i] = variance[i] + weight * (half * (change * change) - variance[i]);
            let half_x = half_friction + half_c * variance[i];
            let decay = (T::ONE - half_x) / (T::ONE + half_x);
            let p = (decay * momentum[i] + s * T::from_f32(normals[i])) - h * gradient[i];
            momentum[i] = p;
            position[i] = position[i] + h * p;
        }
        sums.add_outgoing_momentum(momentum, group.live);
    }
}

/// The six-number update; returns the outgoing momentum.
#[inline(always)]
fn langevin<'a, T: Real>(
    update: &LangevinUpdate,
    group: Group<'a, T>,
    noise: &StepNoise,
    observe: bool,
    sums: &mut Sums,
) -> &'a [T; GROUP] {
    let (k1, d1) = (
        T::from_f64(update.first_kick),
        T::from_f64(update.first_drift),
    );
    let (a, s) = (T::from_f64(update.decay), T::from_f64(update.noise));
    let (k2, d2) = (
        T::from_f64(update.second_kick),
        T::from_f64(update.second_drift),
    );
    let (position, momentum, gradient) = (group.position, group.momentum, group.gradient);
    let live = group.live;
    let normals = noise.group(group.index);
    if observe {
        sums.add_noise(update.noise, &normals, live);
        if let OnStepMomentum::BeforeNoise { kick } = update.on_step {
            sums.add_momentum(momentum, kick, &gradient, live);
        }
    }
    for i in 0..GROUP {
        let p = momentum[i] - k1 * gradient[i];
        position[i] = position[i] + d1 * p;
        momentum[i] = a * p + s * T::from_f32(normals[i]);
    }
    if observe && update.on_step == OnStepMomentum::AfterNoise {
        sums.add_momentum(momentum, 0.0, &gradient, live);
    }
    for i in 0..GROUP {
        momentum[i] = momentum[i] - k2 * gradient[i];
        position[i] = position[i] + d2 * momentum[i];
    }
    momentum
}
