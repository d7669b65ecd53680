//! The one hot kernel: Philox noise and the update of one parameter tensor, fused.
//!
//! [`step`] chooses: the kernel in [`cpu`] over the tensors' own memory where that is host memory (zero-copy where the
//! tensor is uniquely owned, one copy where Burn's `Learner` holds a clone), plain tensor operations of [`tensor`] for
//! every other device. Both draw the same noise.

pub(crate) mod cpu;
pub(crate) mod philox;
pub(crate) mod real;
pub(crate) mod simd;
pub(crate) mod tensor;

use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::shares_host_memory;

use crate::optim::StateTensor;
use crate::thermometer::Sums;
use cpu::{QuadraticPrior, Span, Update};
use philox::NoiseStream;
use real::Real;
use tensor::DeviceTensors;

/// Which normals a step draws.
#[derive(Clone, Copy)]
pub(crate) struct NoiseAt {
    pub(crate) stream: NoiseStream,
    pub(crate) step: u64,
}

/// A quadratic prior on one tensor: strength, and center (0 where none is given).
pub(crate) struct Prior<'a, const D: usize> {
    pub(crate) strength: f64,
    pub(crate) center: Option<&'a StateTensor<D>>,
}

/// One update of one parameter tensor. `momentum` is `None` for overdamped samplers.
///
/// # Panics
/// If gradient, momentum or center differ from the position in shape or precision, or the precision is neither f32 nor
/// f64 on a CPU device: Burn's `Optimizer` has no way to report it, and its own operations panic likewise.
pub(crate) fn step<const D: usize>(
    position: Tensor<D>,
    momentum: Option<StateTensor<D>>,
    gradient: Tensor<D>,
    prior: Option<Prior<'_, D>>,
    update: Update,
    noise: NoiseAt,
    observe: bool,
) -> (Tensor<D>, Option<StateTensor<D>>, Sums) {
    let device = position.device();
    match position.dtype() {
        DType::F32 if shares_host_memory(&device) => {
            step_on_host::<f32, D>(position, momentum, gradient, prior, update, noise, observe)
        }
        DType::F64 if shares_host_memory(&device) => {
            step_on_host::<f64, D>(position, momentum, gradient, prior, update, noise, observe)
        }
        dtype => {
            let tensors = DeviceTensors {
                momentum: momentum.map(|momentum| momentum.into_tensor(&device, dtype)),
                prior: prior.map(|prior| {
                    let center = prior.center.cloned();
                    (
                        prior.strength,
                        center.map(|center| center.into_tensor(&device, dtype)),
                    )
                }),
                position,
                gradient,
            };
            let (position, momentum, sums) = tensors.apply(update, noise, observe);
            (position, momentum.map(StateTensor::Device), sums)
        }
    }
}

/// Standard normals shaped like `position`, scaled, in the place where its state is kept.
pub(crate) fn scaled_noise<const D: usize>(
    position: &Tensor<D>,
    scale: f64,
    noise: NoiseAt,
) -> StateTensor<D> {
    let normals = tensor::upload(noise, position).mul_scalar(scale);
    StateTensor::of(normals)
}

fn step_on_host<T: Real + burn::tensor::Element, const D: usize>(
    position: Tensor<D>,
    momentum: Option<StateTensor<D>>,
    gradient: Tensor<D>,
    prior: Option<Prior<'_, D>>,
    update: Update,
    noise: NoiseAt,
    observe: bool,
) -> (Tensor<D>, Option<StateTensor<D>>, Sums) {
    let device = position.device();
    let mut position = position.into_data();
    let gradient = gradient.into_data();
    let mut momentum = momentum.map(StateTensor::into_data);
    let center = prior
        .as_ref()
        .and_then(|prior| prior.center)
        .map(StateTensor::to_data);
    let others = [Some(&gradient), momentum.as_ref(), center.as_deref()];
    for other in others.into_iter().flatten() {
        assert_eq!(
            other.num_elements(),
            position.num_elements(),
            "gradient, momentum and center of a prior must have the size of their parameter"
        );
    }
    let sums = Span {
        first_group: 0,
        momentum: momentum
            .as_mut()
            .map_or(&mut [], |data| elements_mut::<T>(data, "momentum")),
        gradient: elements::<T>(&gradient, "gradient"),
        prior: prior.as_ref().map(|prior| QuadraticPrior {
            strength: prior.strength,
            center: center
                .as_deref()
                .map(|data| elements::<T>(data, "center of the prior")),
        }),
        position: elements_mut::<T>(&mut position, "parameter"),
    }
    .apply(update, &noise.stream.at_step(noise.step), observe);
    (
        from_host(position, &device),
        momentum.map(StateTensor::Host),
        sums,
    )
}

fn from_host<const D: usize>(data: TensorData, device: &Device) -> Tensor<D> {
    let dtype = data.dtype();
    Tensor::from_data(data, (device, dtype))
}

fn elements<'a, T: burn::tensor::Element>(data: &'a TensorData, what: &str) -> &'a [T] {
    data.as_slice::<T>().unwrap_or_else(|error| {
        panic!("the {what} does not have the precision of its parameter: {error:?}")
    })
}

fn elements_mut<'a, T: burn::tensor::Element>(data: &'a mut TensorData, what: &str) -> &'a mut [T] {
    data.as_mut_slice::<T>().unwrap_or_else(|error| {
        panic!("the {what} does not have the precision of its parameter: {error:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splitting::Integrator;

    const SHAPE: [usize; 2] = [37, 11];

    fn wave(phase: f64, dtype: DType) -> Tensor<2> {
        let values: Vec<f64> = (0..SHAPE[0] * SHAPE[1])
            .map(|i| (phase + 0.37 * i as f64).sin())
            .collect();
        let device = tati_core::open_device("flex").expect("flex is compiled in");
        Tensor::from_data(
            TensorData::new(values, SHAPE).convert_dtype(dtype),
            (&device, dtype),
        )
    }

    fn largest_difference(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
        (a.clone() - b.clone()).abs().max().into_scalar::<f64>()
    }

    /// Every update, with every kind of prior, by the kernel and by tensor operations.
    fn assert_bodies_agree(dtype: DType, tolerance: f64) {
        let noise = NoiseAt {
            stream: NoiseStream {
                seed: 5,
                walker: 1,
                tensor: 2,
            },
            step: 3,
        };
        let updates = Integrator::ALL
            .map(|integrator| Update::Langevin(integrator.update(0.2, 0.1, 3.0, 40.0)))
            .into_iter()
            .chain([Update::Overdamped {
                step_size: 0.2,
                noise: 0.1,
            }]);
        for update in updates {
            let kinetic = matches!(update, Update::Langevin(_));
            let momentum = kinetic.then(|| wave(0.5, dtype));
            for prior in [None, Some((0.3, None)), Some((0.3, Some(wave(0.9, dtype))))] {
                let center = prior
                    .clone()
                    .and_then(|(_, center)| center)
                    .map(StateTensor::of);
                let fused = step(
                    wave(0.0, dtype),
                    momentum.clone().map(StateTensor::of),
                    wave(1.0, dtype),
                    prior.as_ref().map(|(strength, _)| Prior {
                        strength: *strength,
                        center: center.as_ref(),
                    }),
                    update,
                    noise,
                    true,
                );
                let plain = DeviceTensors {
                    position: wave(0.0, dtype),
                    momentum: momentum.clone(),
                    gradient: wave(1.0, dtype),
                    prior,
                }
                .apply(update, noise, true);
                assert!(largest_difference(&fused.0, &plain.0) < tolerance);
                if let (Some(fused), Some(plain)) = (fused.1, plain.1) {
                    let fused = fused.into_tensor(&plain.device(), dtype);
                    assert!(largest_difference(&fused, &plain) < tolerance);
                }
                let (fused, plain) = (fused.2, plain.2);
                assert_eq!(fused.elements, plain.elements);
                assert_eq!(fused.has_momentum, kinetic);
                assert_eq!(plain.has_momentum, kinetic);
                for (fused, plain) in [
                    (fused.momentum_squared, plain.momentum_squared),
                    (fused.position_dot_gradient, plain.position_dot_gradient),
                    (fused.gradient_squared, plain.gradient_squared),
                    (fused.noise_squared, plain.noise_squared),
                    (fused.prior_energy, plain.prior_energy),
                ] {
                    assert!(
                        (fused - plain).abs() < 1e-4 * (1.0 + plain.abs()),
                        "{fused} {plain}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_kernel_equals_plain_tensor_operations() {
        assert_bodies_agree(DType::F32, 1e-6);
        assert_bodies_agree(DType::F64, 1e-14);
    }

    #[test]
    #[should_panic(expected = "the size of their parameter")]
    fn a_momentum_of_another_size_is_not_cut_short() {
        let momentum = TensorData::new(vec![0.0f32; SHAPE[0]], [SHAPE[0], 1]);
        let noise = NoiseAt {
            stream: NoiseStream {
                seed: 5,
                walker: 1,
                tensor: 2,
            },
            step: 1,
        };
        step(
            wave(0.0, DType::F32),
            Some(StateTensor::Host(momentum)),
            wave(1.0, DType::F32),
            None,
            Update::Langevin(Integrator::Baoab.update(0.2, 0.1, 3.0, 40.0)),
            noise,
            false,
        );
    }
}
