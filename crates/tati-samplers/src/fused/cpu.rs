//! The fused update over host memory: noise, prior, kick, drift and observables in one pass, in place.
//!
//! Works on groups of [`GROUP`] elements, so that a group's noise never leaves the registers and first-level cache, and
//! splits long tensors over the threads of the current rayon pool at multiples of a group. Results do not depend on the
//! number of threads: the split points are fixed, and sums are added in their order.

use super::philox::{GROUP, StepNoise};
use super::real::Real;
use super::simd::SimdLevel;
use crate::splitting::{LangevinUpdate, OnStepMomentum};
use crate::thermometer::Sums;

/// Elements below which a second thread costs more than it saves (`cargo bench --bench step`, rows `update`).
const ELEMENTS_PER_TASK: usize = 32_768;

/// A quadratic prior (strength/2)·|θ − center|², center 0 where none is given.
#[derive(Clone, Copy)]
pub(crate) struct QuadraticPrior<'a, T> {
    pub(crate) strength: f64,
    pub(crate) center: Option<&'a [T]>,
}

impl<'a, T> QuadraticPrior<'a, T> {
    fn split_at(self, index: usize) -> (Self, Self) {
        let halves = self.center.map(|center| center.split_at(index));
        let part = |center| Self { center, ..self };
        (part(halves.map(|h| h.0)), part(halves.map(|h| h.1)))
    }
}

/// What one sampler does to a group of elements.
#[derive(Clone, Copy)]
pub(crate) enum Update {
    /// θ ← (θ − h g) + s ξ.
    Overdamped { step_size: f64, noise: f64 },
    /// The six-number update.
    Langevin(LangevinUpdate),
}

/// The memory of one tensor, or of a part of it that begins at group `first_group`.
///
/// `momentum` is empty for overdamped samplers.
pub(crate) struct Span<'a, T> {
    pub(crate) first_group: usize,
    pub(crate) position: &'a mut [T],
    pub(crate) momentum: &'a mut [T],
    pub(crate) gradient: &'a [T],
    pub(crate) prior: Option<QuadraticPrior<'a, T>>,
}

impl<'a, T: Real> Span<'a, T> {
    /// Updates every element in place, and returns the sums if `observe` asks for them.
    pub(crate) fn apply(self, update: Update, noise: &StepNoise, observe: bool) -> Sums {
        self.apply_at(SimdLevel::widest(), update, noise, observe)
    }

    pub(crate) fn apply_at(
        self,
        level: SimdLevel,
        update: Update,
        noise: &StepNoise,
        observe: bool,
    ) -> Sums {
        if self.position.len() <= ELEMENTS_PER_TASK {
            return level.run(
                #[inline(always)]
                || self.apply_here(update, noise, observe),
            );
        }
        let (left, right) = self.halves();
        let (left, right) = rayon::join(
            || left.apply_at(level, update, noise, observe),
            || right.apply_at(level, update, noise, observe),
        );
        left + right
    }

    fn halves(self) -> (Self, Self) {
        let middle = (self.position.len() / 2).next_multiple_of(GROUP);
        let (left_position, right_position) = self.position.split_at_mut(middle);
        let (left_momentum, right_momentum) =
            self.momentum.split_at_mut(middle.min(self.momentum.len()));
        let (left_gradient, right_gradient) = self.gradient.split_at(middle);
        let (left_prior, right_prior) = match self.prior.map(|prior| prior.split_at(middle)) {
            Some((left, right)) => (Some(left), Some(right)),
            None => (None, None),
        };
        (
            Self {
                first_group: self.first_group,
                position: left_position,
                momentum: left_momentum,
                gradient: left_gradient,
                prior: left_prior,
            },
            Self {
                first_group: self.first_group + middle / GROUP,
                position: right_position,
                momentum: right_momentum,
                gradient: right_gradient,
                prior: right_prior,
            },
        )
    }

    #[inline(always)]
    fn apply_here(self, update: Update, noise: &StepNoise, observe: bool) -> Sums {
        match update {
            Update::Overdamped {
                step_size,
                noise: scale,
            } => self.overdamped(step_size, scale, noise, observe),
            Update::Langevin(update) => self.langevin(&update, noise, observe),
        }
    }

    #[inline(always)]
    fn overdamped(self, step_size: f64, scale: f64, noise: &StepNoise, observe: bool) -> Sums {
        let mut sums = Sums::default();
        let (positions, position_tail) = self.position.as_chunks_mut::<GROUP>();
        let (gradients, gradient_tail) = self.gradient.as_chunks::<GROUP>();
        let first = self.first_group;
        let groups = positions.iter_mut().zip(gradients).enumerate();
        for (index, (position, gradient)) in groups {
            let gradient = with_prior(gradient, &self.prior, index, position, observe, &mut sums);
            overdamped_group::<T>(
                step_size,
                scale,
                noise,
                first + index,
                position,
                &gradient,
                GROUP,
                observe,
                &mut sums,
            );
        }
        if !position_tail.is_empty() {
            let (index, live) = (gradients.len(), position_tail.len());
            let (mut position, gradient) = (padded(position_tail), padded(gradient_tail));
            let gradient = with_prior(&gradient, &self.prior, index, &position, observe, &mut sums);
            overdamped_group::<T>(
                step_size,
                scale,
                noise,
                first + index,
                &mut position,
                &gradient,
                live,
                observe,
                &mut sums,
            );
            position_tail.copy_from_slice(&position[..live]);
        }
        sums
    }

    #[inline(always)]
    fn langevin(self, update: &LangevinUpdate, noise: &StepNoise, observe: bool) -> Sums {
        let mut sums = Sums::default();
        let (positions, position_tail) = self.position.as_chunks_mut::<GROUP>();
        let (momenta, momentum_tail) = self.momentum.as_chunks_mut::<GROUP>();
        let (gradients, gradient_tail) = self.gradient.as_chunks::<GROUP>();
        let first = self.first_group;
        let groups = positions.iter_mut().zip(momenta).zip(gradients).enumerate();
        for (index, ((position, momentum), gradient)) in groups {
            let gradient = with_prior(gradient, &self.prior, index, position, observe, &mut sums);
            langevin_group::<T>(
                update,
                noise,
                first + index,
                position,
                momentum,
                &gradient,
                GROUP,
                observe,
                &mut sums,
            );
        }
        if !position_tail.is_empty() {
            let (index, live) = (gradients.len(), position_tail.len());
            let (mut position, mut momentum) = (padded(position_tail), padded(momentum_tail));
            let gradient = padded(gradient_tail);
            let gradient = with_prior(&gradient, &self.prior, index, &position, observe, &mut sums);
            langevin_group::<T>(
                update,
                noise,
                first + index,
                &mut position,
                &mut momentum,
                &gradient,
                live,
                observe,
                &mut sums,
            );
            position_tail.copy_from_slice(&position[..live]);
            momentum_tail.copy_from_slice(&momentum[..live]);
        }
        sums
    }
}

/// θ ← (θ − h g) + s ξ on one group of which `live` elements count.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Arrays in registers, not a struct in memory.
fn overdamped_group<T: Real>(
    step_size: f64,
    scale: f64,
    noise: &StepNoise,
    index: usize,
    position: &mut [T; GROUP],
    gradient: &[T; GROUP],
    live: usize,
    observe: bool,
    sums: &mut Sums,
) {
    let (h, s) = (T::from_f64(step_size), T::from_f64(scale));
    if observe {
        sums.add_gradient(&position[..live], &gradient[..live]);
    }
    // At s = 0 the step is that of SGD to the last bit, with no noise to make.
    if scale == 0.0 {
        for i in 0..GROUP {
            position[i] = position[i] - h * gradient[i];
        }
        return;
    }
    let normals = noise.group(index);
    if observe {
        sums.add_noise(scale, &normals[..live]);
    }
    for i in 0..GROUP {
        position[i] = (position[i] - h * gradient[i]) + s * T::from_f32(normals[i]);
    }
}

/// The six-number update on one group of which `live` elements count.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Arrays in registers, not a struct in memory.
fn langevin_group<T: Real>(
    update: &LangevinUpdate,
    noise: &StepNoise,
    index: usize,
    position: &mut [T; GROUP],
    momentum: &mut [T; GROUP],
    gradient: &[T; GROUP],
    live: usize,
    observe: bool,
    sums: &mut Sums,
) {
    let (k1, d1) = (
        T::from_f64(update.first_kick),
        T::from_f64(update.first_drift),
    );
    let (a, s) = (T::from_f64(update.decay), T::from_f64(update.noise));
    let (k2, d2) = (
        T::from_f64(update.second_kick),
        T::from_f64(update.second_drift),
    );
    let normals = noise.group(index);
    if observe {
        sums.add_gradient(&position[..live], &gradient[..live]);
        sums.add_noise(update.noise, &normals[..live]);
        if let OnStepMomentum::BeforeNoise { kick } = update.on_step {
            sums.add_momentum(&momentum[..live], kick, &gradient[..live]);
        }
    }
    for i in 0..GROUP {
        let p = momentum[i] - k1 * gradient[i];
        position[i] = position[i] + d1 * p;
        momentum[i] = a * p + s * T::from_f32(normals[i]);
    }
    if observe && update.on_step == OnStepMomentum::AfterNoise {
        sums.add_momentum(&momentum[..live], 0.0, &gradient[..live]);
    }
    for i in 0..GROUP {
        momentum[i] = momentum[i] - k2 * gradient[i];
        position[i] = position[i] + d2 * momentum[i];
    }
}

/// g + λ(θ − c).
#[inline(always)]
fn with_prior<T: Real>(
    gradient: &[T; GROUP],
    prior: &Option<QuadraticPrior<'_, T>>,
    index: usize,
    position: &[T; GROUP],
    observe: bool,
    sums: &mut Sums,
) -> [T; GROUP] {
    let mut gradient = *gradient;
    let Some(prior) = prior else {
        return gradient;
    };
    let strength = T::from_f64(prior.strength);
    let mut displacement = *position;
    if let Some(center) = prior.center {
        let center = &center[index * GROUP..];
        let center = padded(&center[..center.len().min(GROUP)]);
        for i in 0..GROUP {
            displacement[i] = displacement[i] - center[i];
        }
    }
    for i in 0..GROUP {
        gradient[i] = gradient[i] + strength * displacement[i];
    }
    if observe {
        sums.add_prior(prior.strength, &displacement);
    }
    gradient
}

/// `tail` followed by zeros.
#[inline(always)]
fn padded<T: Real>(tail: &[T]) -> [T; GROUP] {
    let mut group = [T::ZERO; GROUP];
    group[..tail.len()].copy_from_slice(tail);
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoiseStream;
    use crate::splitting::Integrator;

    const STREAM: NoiseStream = NoiseStream {
        seed: 11,
        walker: 2,
        tensor: 7,
    };

    fn ramp(length: usize, scale: f64) -> Vec<f64> {
        (0..length)
            .map(|i| scale * ((i * 37 % 101) as f64 / 50.0 - 1.0))
            .collect()
    }

    /// θ, p and the sums after one BAOAB step with a tether, on `length` elements.
    fn baoab(length: usize, level: SimdLevel) -> (Vec<f64>, Vec<f64>, Sums) {
        let (mut position, mut momentum) = (ramp(length, 1.0), ramp(length, 0.3));
        let (gradient, center) = (ramp(length, 2.0), ramp(length, 0.9));
        let update = Integrator::Baoab.update(0.1, 0.1, 2.0, 5.0);
        let sums = Span {
            first_group: 0,
            position: &mut position,
            momentum: &mut momentum,
            gradient: &gradient,
            prior: Some(QuadraticPrior {
                strength: 0.5,
                center: Some(&center),
            }),
        }
        .apply_at(level, Update::Langevin(update), &STREAM.at_step(3), true);
        (position, momentum, sums)
    }

    #[test]
    fn one_step_written_out() {
        let length = 100;
        let mut noise = vec![0.0; length];
        STREAM.fill_normal(3, &mut noise);
        let (h, friction, beta, strength) = (0.1f64, 2.0f64, 5.0f64, 0.5);
        let alpha = (-friction * h).exp();
        let sigma = ((1.0 - alpha * alpha) / beta).sqrt();
        let (position, momentum, sums) = baoab(length, SimdLevel::widest());
        let (mut kinetic, mut virial, mut prior) = (0.0, 0.0, 0.0);
        for i in 0..length {
            let theta = ramp(length, 1.0)[i];
            let displacement = theta - ramp(length, 0.9)[i];
            let g = ramp(length, 2.0)[i] + strength * displacement;
            let p = ramp(length, 0.3)[i];
            kinetic += (p - 0.5 * h * g).powi(2);
            virial += theta * g;
            prior += 0.5 * strength * displacement * displacement;
            let p = p - h * g;
            let theta = theta + 0.5 * h * p;
            let p = alpha * p + sigma * f64::from(noise[i]);
            assert!((momentum[i] - p).abs() < 1e-14);
            assert!((position[i] - (theta + 0.5 * h * p)).abs() < 1e-14);
        }
        assert!((sums.momentum_squared - kinetic).abs() < 1e-12);
        assert!((sums.position_dot_gradient - virial).abs() < 1e-12);
        assert!((sums.prior_energy - prior).abs() < 1e-12);
        assert_eq!(sums.elements, length);
    }

    #[test]
    fn threads_and_vector_width_do_not_change_a_bit() {
        let length = 3 * ELEMENTS_PER_TASK + 77;
        let pool = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a thread pool")
        };
        let reference = pool(1).install(|| baoab(length, SimdLevel::Portable));
        for level in SimdLevel::available() {
            for threads in [1, 2] {
                let other = pool(threads).install(|| baoab(length, level));
                assert!(
                    other.0 == reference.0 && other.1 == reference.1,
                    "{level:?}"
                );
                assert_eq!(other.2.momentum_squared, reference.2.momentum_squared);
            }
        }
    }
}
