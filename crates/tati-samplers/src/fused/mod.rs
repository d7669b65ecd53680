//! The one hot kernel: Philox noise and the update of one parameter tensor, fused.
//!
//! [`step`] chooses: the kernel in [`cpu`] over the tensors' own memory where that is host memory (zero-copy where the
//! tensor is uniquely owned, one copy where Burn's `Learner` holds a clone), plain tensor operations of [`tensor`] for
//! every other device. Both draw the same noise.

pub(crate) mod cpu;
pub(crate) mod local_prior;
pub(crate) mod memory;
pub(crate) mod philox;
pub(crate) mod real;
pub(crate) mod tensor;
pub(crate) mod update;

use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::shares_host_memory;

use crate::optim::StateTensor;
use crate::prior::PriorShape;
use crate::thermometer::Sums;
use cpu::Span;
use local_prior::LocalPrior;
use memory::Memory;
use philox::NoiseStream;
use real::Real;
use tensor::DeviceTensors;
use update::Update;

/// Which normals a step draws.
#[derive(Clone, Copy)]
pub(crate) struct NoiseAt {
    pub(crate) stream: NoiseStream,
    pub(crate) step: u64,
}

/// A prior on one tensor: its shape, and the center of a quadratic one (0 where none is given).
pub(crate) struct Prior<'a, const D: usize> {
    pub(crate) shape: PriorShape,
    pub(crate) center: Option<&'a StateTensor<D>>,
}

/// One update of one parameter tensor, whose sampler keeps `memory` beside it.
///
/// # Panics
/// If gradient, memory or center differ from the position in shape or precision, or the precision is neither f32 nor
/// f64 on a CPU device: Burn's `Optimizer` has no way to report it, and its own operations panic likewise.
pub(crate) fn step<const D: usize>(
    position: Tensor<D>,
    memory: Memory<StateTensor<D>>,
    gradient: Tensor<D>,
    prior: Option<Prior<'_, D>>,
    update: Update,
    noise: NoiseAt,
    observe: bool,
) -> (Tensor<D>, Memory<StateTensor<D>>, Sums) {
    let device = position.device();
    match position.dtype() {
        DType::F32 if shares_host_memory(&device) => {
            step_on_host::<f32, D>(position, memory, gradient, prior, update, noise, observe)
        }
        DType::F64 if shares_host_memory(&device) => {
            step_on_host::<f64, D>(position, memory, gradient, prior, update, noise, observe)
        }
        dtype => {
            let place = |array: StateTensor<D>| array.into_tensor(&device, dtype);
            let tensors = DeviceTensors {
                memory: memory.map(place),
                prior: prior.map(|prior| (prior.shape, prior.center.cloned().map(place))),
                position,
                gradient,
            };
            let (position, memory, sums) = tensors.apply(update, noise, observe);
            (position, memory.map(StateTensor::Device), sums)
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
    memory: Memory<StateTensor<D>>,
    gradient: Tensor<D>,
    prior: Option<Prior<'_, D>>,
    update: Update,
    noise: NoiseAt,
    observe: bool,
) -> (Tensor<D>, Memory<StateTensor<D>>, Sums) {
    let device = position.device();
    let mut position = position.into_data();
    let gradient = gradient.into_data();
    let mut memory = memory.map(StateTensor::into_data);
    let center = prior
        .as_ref()
        .and_then(|prior| prior.center)
        .map(StateTensor::to_data);
    let others = [Some(&gradient), center.as_deref()];
    let arrays = memory.named().map(|(_, array)| array);
    for other in others.into_iter().flatten().chain(arrays) {
        assert_eq!(
            other.num_elements(),
            position.num_elements(),
            "gradient, state and center of a prior must have the size of their parameter"
        );
    }
    let sums = Span {
        first_group: 0,
        memory: memory
            .as_mut()
            .map(|array| elements_mut::<T>(array, "state of the sampler")),
        gradient: elements::<T>(&gradient, "gradient"),
        prior: prior.as_ref().map(|prior| LocalPrior {
            shape: prior.shape,
            center: center
                .as_deref()
                .map(|data| elements::<T>(data, "center of the prior")),
        }),
        position: elements_mut::<T>(&mut position, "parameter"),
    }
    .apply(update, &noise.stream.at_step(noise.step), observe);
    (
        from_host(position, &device),
        memory.map(StateTensor::Host),
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
    use update::{CovarianceControlled, Overdamped, Preconditioned, Thermostatted};

    const SHAPE: [usize; 2] = [37, 11];
    const NOISE: NoiseAt = NoiseAt {
        stream: NoiseStream {
            seed: 5,
            walker: 1,
            tensor: 2,
        },
        step: 3,
    };

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

    fn updates() -> Vec<Update> {
        let rows = Integrator::ALL.map(|integrator| integrator.update(0.2, 0.1, 3.0, 40.0));
        let covariance_controlled = CovarianceControlled {
            step_size: 0.2,
            noise: 0.1,
            friction: 0.3,
            covariance_friction: 0.8,
            weight: 0.2,
        };
        let preconditioned = Preconditioned {
            step_size: 0.02,
            noise: 0.1,
            weight: 0.3,
            regularization: 0.2,
        };
        let mut updates = rows.map(Update::Langevin).to_vec();
        updates.extend(rows.map(|row| Update::Thermostatted(Thermostatted(row))));
        for noise in [0.1, 0.0] {
            updates.push(Update::Overdamped(Overdamped {
                step_size: 0.2,
                noise,
            }));
            updates.push(Update::Preconditioned(Preconditioned {
                noise,
                ..preconditioned
            }));
        }
        updates.push(Update::CovarianceControlled(covariance_controlled));
        updates
    }

    fn memory(update: Update, dtype: DType) -> Memory<Tensor<2>> {
        let squared = wave(0.2, dtype).powi_scalar(2);
        match update {
            Update::Overdamped(_) => Memory::default(),
            Update::Preconditioned(_) => Memory {
                variance: Some(squared),
                ..Memory::default()
            },
            Update::Langevin(_) | Update::Thermostatted(_) => Memory {
                momentum: Some(wave(0.5, dtype)),
                ..Memory::default()
            },
            Update::CovarianceControlled(_) => Memory {
                momentum: Some(wave(0.5, dtype)),
                variance: Some(squared),
                previous_gradient: Some(wave(0.1, dtype)),
            },
        }
    }

    fn priors(dtype: DType) -> Vec<Option<(PriorShape, Option<Tensor<2>>)>> {
        let quadratic = PriorShape::Quadratic { strength: 0.3 };
        let walls = |lower, upper| PriorShape::Walls {
            strength: 0.3,
            lower,
            upper,
        };
        vec![
            None,
            Some((quadratic, None)),
            Some((quadratic, Some(wave(0.9, dtype)))),
            Some((PriorShape::Absolute { strength: 0.3 }, None)),
            Some((walls(-0.5, 0.25), None)),
            Some((walls(f64::NEG_INFINITY, 0.25), None)),
            Some((walls(-0.5, f64::INFINITY), None)),
        ]
    }

    /// Every update, with every kind of prior, by the kernel and by tensor operations.
    fn assert_bodies_agree(dtype: DType, tolerance: f64) {
        for update in updates() {
            for prior in priors(dtype) {
                let center = prior
                    .clone()
                    .and_then(|(_, center)| center)
                    .map(StateTensor::of);
                let fused = step(
                    wave(0.0, dtype),
                    memory(update, dtype).map(StateTensor::of),
                    wave(1.0, dtype),
                    prior.as_ref().map(|(shape, _)| Prior {
                        shape: *shape,
                        center: center.as_ref(),
                    }),
                    update,
                    NOISE,
                    true,
                );
                let plain = DeviceTensors {
                    position: wave(0.0, dtype),
                    memory: memory(update, dtype),
                    gradient: wave(1.0, dtype),
                    prior,
                }
                .apply(update, NOISE, true);
                assert!(
                    largest_difference(&fused.0, &plain.0) < tolerance,
                    "{update:?}"
                );
                assert_eq!(fused.1.named().count(), plain.1.named().count());
                for ((name, fused), (_, plain)) in fused.1.named().zip(plain.1.named()) {
                    let fused = fused.clone().into_tensor(&plain.device(), dtype);
                    assert!(
                        largest_difference(&fused, plain) < tolerance,
                        "{name} of {update:?}"
                    );
                }
                assert_sums_agree(fused.2, plain.2);
            }
        }
    }

    fn assert_sums_agree(fused: Sums, plain: Sums) {
        assert_eq!(fused.elements, plain.elements);
        assert_eq!(fused.has_momentum, plain.has_momentum);
        for (fused, plain) in [
            (fused.momentum_squared, plain.momentum_squared),
            (fused.position_dot_gradient, plain.position_dot_gradient),
            (fused.gradient_squared, plain.gradient_squared),
            (fused.noise_squared, plain.noise_squared),
            (fused.prior_energy, plain.prior_energy),
            (
                fused.outgoing_momentum_squared,
                plain.outgoing_momentum_squared,
            ),
        ] {
            assert!(
                (fused - plain).abs() < 1e-4 * (1.0 + plain.abs()),
                "{fused} {plain}"
            );
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
        step(
            wave(0.0, DType::F32),
            Memory {
                momentum: Some(StateTensor::Host(momentum)),
                ..Memory::default()
            },
            wave(1.0, DType::F32),
            None,
            Update::Langevin(Integrator::Baoab.update(0.1, 0.1, 1.0, 1.0)),
            NOISE,
            false,
        );
    }
}
