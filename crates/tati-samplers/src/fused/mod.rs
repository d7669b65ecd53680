//! The one hot kernel: Philox noise and the update of one parameter tensor, fused.
//!
//! [`step`] chooses: the kernel in [`cpu`] over the tensors' own memory where that is host memory (zero-copy where the
//! tensor is uniquely owned, one copy where Burn's `Learner` holds a clone), that in `device` on GPUs, plain tensor operations of
//! [`tensor`] for every other device and precision. All draw the same noise.

pub(crate) mod cpu;
#[cfg(feature = "gpu")]
mod device;
pub(crate) mod local_prior;
pub(crate) mod memory;
pub(crate) mod outgoing;
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
use outgoing::Outgoing;
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

/// What a step leaves: position, memory, observables if they were asked for, and p·p of the momentum for a thermostat.
pub(crate) type Stepped<const D: usize, X> = (Tensor<D>, Memory<X>, Sums, Outgoing);

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
) -> Stepped<D, StateTensor<D>> {
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
            #[cfg(feature = "gpu")]
            let on_device = device::runs_on(&tensors.position);
            #[cfg(not(feature = "gpu"))]
            let on_device = false;
            let (position, memory, sums, outgoing) = match on_device {
                #[cfg(feature = "gpu")]
                true => device::step(tensors, update, noise, observe),
                _ => tensors.apply(update, noise, observe),
            };
            (position, memory.map(StateTensor::Device), sums, outgoing)
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
) -> Stepped<D, StateTensor<D>> {
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
        Outgoing::Known(sums.outgoing_momentum_squared),
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
mod tests;
