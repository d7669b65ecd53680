//! The fused update on devices that run CubeCL kernels: noise, prior, update and observables of a tensor in one launch.
//!
//! An extension of Burn's backends, through Burn's fusion layer, so that neighbouring tensor operations still fuse and the
//! update waits its turn among them. Burn's macro makes a call for a backend that it does not list a panic, so
//! [`fused::step`](super::step) asks [`runs_on`] first.

mod launch;
mod philox;
mod sums;
mod update;

use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, backend_extension};
use burn::tensor::{DType, Tensor};
use tati_core::runs_cubecl_kernels;

use super::memory::Memory;
use super::outgoing::Outgoing;
use super::tensor::DeviceTensors;
use super::update::Update;
use super::{NoiseAt, Stepped};
use crate::prior::PriorShape;
use crate::thermometer::Sums;

/// Whether the kernel does for this tensor: in single precision, and in double where the device has it.
pub(crate) fn runs_on<const D: usize>(position: &Tensor<D>) -> bool {
    matches!(position.dtype(), DType::F32 | DType::F64)
        && runs_cubecl_kernels(&position.device())
        && position.shape().num_elements() > 0
}

/// Whether a step leaves sums on the device.
pub(crate) fn has_sums(update: &Update, observe: bool) -> bool {
    observe || update.feeds_a_thermostat()
}

/// One update of one parameter tensor, in one launch. The sums are read back if `observe` asks for them; those for a thermostat
/// wait on the device.
///
/// # Panics
/// If an array differs from the position in shape, precision or device: the kernel looks at no array's bounds but the position's.
pub(crate) fn step<const D: usize>(
    tensors: DeviceTensors<D>,
    update: Update,
    noise: NoiseAt,
    observe: bool,
) -> Stepped<D, Tensor<D>> {
    let elements = tensors.position.shape().num_elements();
    assert_alike(&tensors);
    let (prior, center) = tensors.prior.unzip();
    let dispatched = |array: Option<Tensor<D>>| match array {
        Some(tensor) => Kept::Array(tensor.into_dispatch()),
        None => Kept::Nothing,
    };
    let input = Input {
        position: tensors.position.into_dispatch(),
        gradient: tensors.gradient.into_dispatch(),
        momentum: dispatched(tensors.memory.momentum),
        variance: dispatched(tensors.memory.variance),
        previous_gradient: dispatched(tensors.memory.previous_gradient),
        center: dispatched(center.flatten()),
    };
    let step = Step {
        update,
        prior,
        noise,
        observe,
    };
    let output = Dispatch::sampler_step(input, step);
    let (sums, outgoing) = match output.sums {
        Kept::Nothing => (Sums::default(), Outgoing::Known(0.0)),
        Kept::Array(rows) => {
            let outgoing = Outgoing::OnDevice {
                rows: Tensor::from_dispatch(rows.clone()),
                column: sums::OUTGOING,
            };
            let sums = observe.then(|| {
                let rows = Tensor::<2>::from_dispatch(rows).into_data();
                sums::total(rows, elements, &update, prior)
            });
            (sums.unwrap_or_default(), outgoing)
        }
    };
    let tensor = |array: Kept<Dispatch>| match array {
        Kept::Nothing => None,
        Kept::Array(array) => Some(Tensor::from_dispatch(array)),
    };
    let memory = Memory {
        momentum: tensor(output.momentum),
        variance: tensor(output.variance),
        previous_gradient: tensor(output.previous_gradient),
    };
    let position = Tensor::from_dispatch(output.position);
    (position, memory, sums, outgoing)
}

fn assert_alike<const D: usize>(tensors: &DeviceTensors<D>) {
    let position = &tensors.position;
    let center = tensors.prior.as_ref().and_then(|prior| prior.1.as_ref());
    let arrays = tensors.memory.named().map(|(_, array)| array);
    for other in [Some(&tensors.gradient), center]
        .into_iter()
        .flatten()
        .chain(arrays)
    {
        assert!(
            other.shape() == position.shape()
                && other.dtype() == position.dtype()
                && other.device() == position.device(),
            "gradient, state and center of a prior must have the size, precision and device of their parameter"
        );
    }
}

/// The part of a step that is not in tensors.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    update: Update,
    prior: Option<PriorShape>,
    noise: NoiseAt,
    observe: bool,
}

/// An array that a sampler may have.
#[derive(ExtensionType)]
#[extension_type(fusion)]
pub(crate) enum Kept<B: Backend> {
    Nothing,
    Array(FloatTensor<B>),
}

/// The arrays that a step reads.
#[derive(ExtensionType)]
#[extension_type(fusion)]
pub(crate) struct Input<B: Backend> {
    position: FloatTensor<B>,
    gradient: FloatTensor<B>,
    #[extension_type]
    momentum: Kept<B>,
    #[extension_type]
    variance: Kept<B>,
    #[extension_type]
    previous_gradient: Kept<B>,
    #[extension_type]
    center: Kept<B>,
}

/// The arrays that a step leaves, and rows of partial sums.
#[derive(ExtensionType)]
#[extension_type(fusion)]
pub(crate) struct Output<B: Backend> {
    position: FloatTensor<B>,
    #[extension_type]
    momentum: Kept<B>,
    #[extension_type]
    variance: Kept<B>,
    #[extension_type]
    previous_gradient: Kept<B>,
    #[extension_type]
    sums: Kept<B>,
}

/// The extension: one step of a sampler on one parameter tensor.
#[backend_extension(Cube, Fusion)]
pub(crate) trait SamplerOps: Backend {
    /// The step, with the rows of partial sums that it is asked for.
    #[fusion(meta = shapes)]
    fn sampler_step(#[extension_type] input: Input<Self>, step: Step) -> Output<Self>;
}

/// What a step leaves is shaped like what it reads.
fn shapes(input: &InputMetadata, step: &Step) -> OutputMetadata {
    let rows = launch::num_cubes(input.position.shape.num_elements());
    OutputMetadata {
        position: input.position.clone(),
        momentum: input.momentum.clone(),
        variance: input.variance.clone(),
        previous_gradient: input.previous_gradient.clone(),
        sums: if has_sums(&step.update, step.observe) {
            let shape = [rows, sums::NUM_SUMS].into();
            KeptMetadata::Array(TensorSpec::new(shape, input.position.dtype))
        } else {
            KeptMetadata::Nothing
        },
    }
}
