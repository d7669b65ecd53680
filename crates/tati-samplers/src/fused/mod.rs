//! The one hot kernel: Philox noise and the update of one parameter tensor, fused.
//!
//! [`step`] chooses: the kernel in [`cpu`] over the tensors' own memory where that is host memory (zero-copy where the
//! tensor is uniquely owned, one copy where Burn's `Learner` holds a clone), plain tensor operations of [`tensor`] for
//! every other device. Both draw the same noise.

pub(crate) mod cpu;
pub(crate) mod philox;
pub(crate) mod simd;
pub(crate) mod tensor;

use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::shares_host_memory;

use crate::optim::StateTensor;
use crate::thermometer::Sums;
use cpu::{QuadraticPrior, Real, Span, Update};
use philox::NoiseStream;
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
