//! What a sampler keeps of each parameter tensor, and how Burn's records save it.

use std::borrow::Cow;

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_pack::Scalar;
use tati_core::shares_host_memory;

use crate::fused::philox::NoiseStream;

/// A momentum or an anchor: host data for devices that live in host memory, a tensor for all others.
///
/// Records always hold host data and loading keeps it there until the next step, because Burn would place a loaded tensor
/// on `Device::default()`, which may be a GPU that is not there, and in that device's default precision.
#[derive(Clone, Debug)]
pub(crate) enum StateTensor<const D: usize> {
    Host(TensorData),
    Device(Tensor<D>),
}

impl<const D: usize> StateTensor<D> {
    /// Keeps `tensor` where its device's state belongs.
    pub(crate) fn of(tensor: Tensor<D>) -> Self {
        if shares_host_memory(&tensor.device()) {
            Self::Host(tensor.into_data())
        } else {
            Self::Device(tensor)
        }
    }

    pub(crate) fn to_data(&self) -> Cow<'_, TensorData> {
        match self {
            Self::Host(data) => Cow::Borrowed(data),
            Self::Device(tensor) => Cow::Owned(tensor.to_data()),
        }
    }

    pub(crate) fn into_data(self) -> TensorData {
        match self {
            Self::Host(data) => data,
            Self::Device(tensor) => tensor.into_data(),
        }
    }

    pub(crate) fn into_tensor(self, device: &Device, dtype: DType) -> Tensor<D> {
        match self {
            Self::Host(data) => Tensor::from_data(data, (device, dtype)),
            Self::Device(tensor) => tensor,
        }
    }

    fn move_to(self, device: &Device) -> Self {
        match self {
            Self::Device(tensor) if tensor.device() != *device => {
                Self::of(tensor.to_device(device))
            }
            other => other,
        }
    }
}

/// The state of one parameter tensor under any sampler of tati.
///
/// Opaque: Burn's optimizer carries it from step to step and into records. It holds the tensor's noise stream, the number of
/// steps taken, the size of the last step, the momentum of kinetic samplers and the anchor of a tether, so a loaded
/// state continues exactly, whatever the precision.
#[derive(Clone, Debug)]
pub struct SamplerState<const D: usize> {
    pub(crate) stream: NoiseStream,
    pub(crate) step: u64,
    pub(crate) step_size: f64,
    pub(crate) momentum: Option<StateTensor<D>>,
    pub(crate) anchor: Option<StateTensor<D>>,
    /// Loaded from a record and not yet used: its stream number may be unknown to the sampler.
    pub(crate) restored: bool,
}

impl<const D: usize> SamplerState<D> {
    pub(crate) fn move_to(mut self, device: &Device) -> Self {
        self.momentum = self.momentum.map(|momentum| momentum.move_to(device));
        self.anchor = self.anchor.map(|anchor| anchor.move_to(device));
        self
    }
}

impl<const D: usize> RecordState for SamplerState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "seed", Scalar::from(self.stream.seed));
        out.push_scalar(prefix, "walker", Scalar::from(self.stream.walker));
        out.push_scalar(prefix, "stream", Scalar::from(self.stream.tensor));
        out.push_scalar(prefix, "step", Scalar::from(self.step));
        out.push_scalar(prefix, "step_size", Scalar::from(self.step_size));
        let tensors = [("momentum", &self.momentum), ("anchor", &self.anchor)];
        for (name, tensor) in tensors {
            if let Some(tensor) = tensor {
                out.push_tensor(prefix, name, tensor.to_data().into_owned());
            }
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _device: &Device) -> Option<Self> {
        let seed = source.take_scalar(prefix, "seed")?.try_into().ok()?;
        let walker = source.take_scalar(prefix, "walker")?.try_into().ok()?;
        let tensor = source.take_scalar(prefix, "stream")?.try_into().ok()?;
        Some(Self {
            stream: NoiseStream {
                seed,
                walker,
                tensor,
            },
            step: source.take_scalar(prefix, "step")?.try_into().ok()?,
            step_size: source.take_scalar(prefix, "step_size")?.try_into().ok()?,
            momentum: source
                .take_tensor(prefix, "momentum")
                .map(StateTensor::Host),
            anchor: source.take_tensor(prefix, "anchor").map(StateTensor::Host),
            restored: true,
        })
    }
}
