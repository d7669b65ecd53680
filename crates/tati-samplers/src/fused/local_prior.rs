//! Priors inside the kernel.

use super::philox::GROUP;
use super::real::Real;
use crate::prior::PriorShape;
use crate::thermometer::{Sums, sum_of_group};

/// A prior over the memory of one tensor: its shape, and the center of a quadratic one (0 where none is given).
#[derive(Clone, Copy)]
pub(crate) struct LocalPrior<'a, T> {
    pub(crate) shape: PriorShape,
    pub(crate) center: Option<&'a [T]>,
}

impl<T: Real> LocalPrior<'_, T> {
    /// The parts before and from element `index`.
    pub(crate) fn split_at(self, index: usize) -> (Self, Self) {
        let halves = self.center.map(|center| center.split_at(index));
        let part = |center| Self { center, ..self };
        (part(halves.map(|h| h.0)), part(halves.map(|h| h.1)))
    }

    /// ∇U_prior added to the gradient of a group, and U_prior to the sums if `observe` asks for it.
    #[inline(always)]
    pub(crate) fn add(
        &self,
        index: usize,
        live: usize,
        position: &[T; GROUP],
        gradient: &mut [T; GROUP],
        observe: bool,
        sums: &mut Sums,
    ) {
        // The force is strength times this.
        let mut displacement = *position;
        let strength = match self.shape {
            PriorShape::Quadratic { strength } => {
                if let Some(center) = self.center {
                    let center = &center[index * GROUP..];
                    let center = padded(&center[..center.len().min(GROUP)]);
                    for i in 0..GROUP {
                        displacement[i] = displacement[i] - center[i];
                    }
                }
                strength
            }
            PriorShape::Absolute { strength } => {
                for displacement in &mut displacement {
                    *displacement = displacement.sign();
                }
                strength
            }
            PriorShape::Walls {
                strength,
                lower,
                upper,
            } => {
                let (lower, upper) = (T::from_f64(lower), T::from_f64(upper));
                for displacement in &mut displacement {
                    let theta = *displacement;
                    *displacement =
                        (theta - lower).negative_part() + (theta - upper).positive_part();
                }
                strength
            }
        };
        let factor = T::from_f64(strength);
        for i in 0..GROUP {
            gradient[i] = gradient[i] + factor * displacement[i];
        }
        if observe {
            let displacement = |i: usize| displacement[i].to_f64();
            sums.prior_energy += match self.shape {
                PriorShape::Absolute { .. } => {
                    strength * sum_of_group(live, |i| displacement(i) * position[i].to_f64())
                }
                _ => 0.5 * strength * sum_of_group(live, |i| displacement(i) * displacement(i)),
            };
        }
    }
}

/// `tail` followed by zeros.
#[inline(always)]
pub(crate) fn padded<T: Real>(tail: &[T]) -> [T; GROUP] {
    let mut group = [T::ZERO; GROUP];
    group[..tail.len()].copy_from_slice(tail);
    group
}
