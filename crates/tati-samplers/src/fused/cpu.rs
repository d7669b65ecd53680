//! The fused update over host memory: noise, prior, kick, drift and observables in one pass, in place.
//!
//! Works on groups of [`GROUP`] elements, so that a group's noise never leaves the registers and first-level cache, and
//! splits long tensors over the threads of the current rayon pool at multiples of a group. Results do not depend on the
//! number of threads: the split points are fixed, and sums are added in their order.

use tati_core::SimdLevel;

use super::local_prior::{LocalPrior, padded};
use super::memory::Memory;
use super::philox::{GROUP, StepNoise};
use super::real::Real;
use super::update::{Group, GroupUpdate, Update};
use crate::thermometer::Sums;

/// Elements below which a second thread costs more than it saves (`cargo bench --bench step`, rows `update`).
const ELEMENTS_PER_TASK: usize = 32_768;

/// The memory of one tensor, or of a part of it that begins at group `first_group`.
pub(crate) struct Span<'a, T> {
    pub(crate) first_group: usize,
    pub(crate) position: &'a mut [T],
    pub(crate) memory: Memory<&'a mut [T]>,
    pub(crate) gradient: &'a [T],
    pub(crate) prior: Option<LocalPrior<'a, T>>,
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
        let (left_gradient, right_gradient) = self.gradient.split_at(middle);
        let halves = self.memory.map(|array| array.split_at_mut(middle));
        let (mut left_memory, mut right_memory) = (Memory::default(), Memory::default());
        let parts = |half: Option<(&'a mut [T], &'a mut [T])>| half.unzip();
        (left_memory.momentum, right_memory.momentum) = parts(halves.momentum);
        (left_memory.variance, right_memory.variance) = parts(halves.variance);
        (
            left_memory.previous_gradient,
            right_memory.previous_gradient,
        ) = parts(halves.previous_gradient);
        let (left_prior, right_prior) = self.prior.map(|prior| prior.split_at(middle)).unzip();
        (
            Self {
                first_group: self.first_group,
                position: left_position,
                memory: left_memory,
                gradient: left_gradient,
                prior: left_prior,
            },
            Self {
                first_group: self.first_group + middle / GROUP,
                position: right_position,
                memory: right_memory,
                gradient: right_gradient,
                prior: right_prior,
            },
        )
    }

    #[inline(always)]
    fn apply_here(self, update: Update, noise: &StepNoise, observe: bool) -> Sums {
        match update {
            Update::Overdamped(update) => self.each_group(update, noise, observe),
            Update::Preconditioned(update) => self.each_group(update, noise, observe),
            Update::Langevin(update) => self.each_group(update, noise, observe),
            Update::Thermostatted(update) => self.each_group(update, noise, observe),
            Update::CovarianceControlled(update) => self.each_group(update, noise, observe),
        }
    }

    #[inline(always)]
    fn each_group(self, update: impl GroupUpdate<T>, noise: &StepNoise, observe: bool) -> Sums {
        let mut sums = Sums::default();
        let (positions, position_tail) = self.position.as_chunks_mut::<GROUP>();
        let (gradients, gradient_tail) = self.gradient.as_chunks::<GROUP>();
        let mut momenta = Chunked::of(self.memory.momentum);
        let mut variances = Chunked::of(self.memory.variance);
        let mut previous_gradients = Chunked::of(self.memory.previous_gradient);
        let mut last_position = padded(position_tail);
        let (complete, live_in_tail) = (positions.len(), position_tail.len());
        for index in 0..complete + usize::from(live_in_tail > 0) {
            // One place where a group is updated: a second one would be a call, outside the vector instructions.
            let (position, mut gradient, live) = if index < complete {
                (&mut positions[index], gradients[index], GROUP)
            } else {
                (&mut last_position, padded(gradient_tail), live_in_tail)
            };
            if let Some(prior) = &self.prior {
                prior.add(index, live, position, &mut gradient, observe, &mut sums);
            }
            if observe {
                sums.add_gradient(position, &gradient, live);
            }
            let group = Group {
                index: self.first_group + index,
                live,
                position,
                momentum: momenta.group(index),
                variance: variances.group(index),
                previous_gradient: previous_gradients.group(index),
                gradient,
            };
            update.apply(group, noise, observe, &mut sums);
        }
        position_tail.copy_from_slice(&last_position[..live_in_tail]);
        momenta.store_tail();
        variances.store_tail();
        previous_gradients.store_tail();
        sums
    }
}

/// An array in groups, its tail padded with zeros; scratch space for every group where there is no array.
struct Chunked<'a, T> {
    groups: &'a mut [[T; GROUP]],
    tail: &'a mut [T],
    last: [T; GROUP],
}

impl<'a, T: Real> Chunked<'a, T> {
    #[inline(always)]
    fn of(array: Option<&'a mut [T]>) -> Self {
        let (groups, tail) = array.unwrap_or(&mut []).as_chunks_mut::<GROUP>();
        Self {
            last: padded(tail),
            groups,
            tail,
        }
    }

    #[inline(always)]
    fn group(&mut self, index: usize) -> &mut [T; GROUP] {
        if index < self.groups.len() {
            &mut self.groups[index]
        } else {
            &mut self.last
        }
    }

    #[inline(always)]
    fn store_tail(self) {
        self.tail.copy_from_slice(&self.last[..self.tail.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoiseStream;
    use crate::prior::PriorShape;
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
            memory: Memory {
                momentum: Some(momentum.as_mut_slice()),
                ..Memory::default()
            },
            gradient: &gradient,
            prior: Some(LocalPrior {
                shape: PriorShape::Quadratic { strength: 0.5 },
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
        let reference = pool(1).install(|| baoab(length, SimdLevel::PORTABLE));
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
