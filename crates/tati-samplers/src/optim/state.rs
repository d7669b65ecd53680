//! What a sampler keeps of each parameter tensor, and how Burn's records save it.

use std::borrow::Cow;

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_pack::Scalar;
use tati_core::shares_host_memory;

use super::thermostat::{SharedThermostat, Thermostat};
use crate::fused::memory::Memory;
use crate::fused::philox::NoiseStream;

const LAST_TICK: &str = "thermostat_last_tick";
const INVERSE_TEMPERATURE: &str = "inverse_temperature";

/// A momentum or an anchor: host data for devices that live in host memory, a tensor for all others.
///
/// Records always hold host data and loading keeps it there until the next step, because Burn would place a loaded tensor
/// on `Device::default()`, which may be a GPU that is not there, and in that device's default precision.
#[allow(clippy::large_enum_variant)] // A few a parameter tensor.
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

    /// The same where state beside `position` is kept, which a record does not know.
    pub(crate) fn beside(self, position: &Tensor<D>) -> Self {
        match self {
            Self::Host(_) if !shares_host_memory(&position.device()) => {
                Self::Device(self.into_tensor(&position.device(), position.dtype()))
            }
            other => other,
        }
    }

    /// All numbers times `factor`.
    fn scaled(self, factor: f64) -> Self {
        match self {
            Self::Host(data) => {
                let (shape, dtype) = (data.shape().clone(), data.dtype());
                let scaled: Vec<f64> = data.iter::<f64>().map(|number| factor * number).collect();
                Self::Host(TensorData::new(scaled, shape).convert_dtype(dtype))
            }
            Self::Device(tensor) => Self::Device(tensor.mul_scalar(factor)),
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
/// steps taken, the size of the last step, the momentum of kinetic samplers, running moments, the thermostat and the anchor
/// of a tether, so a loaded state continues exactly, whatever the precision.
#[derive(Clone, Debug)]
pub struct SamplerState<const D: usize> {
    pub(crate) stream: NoiseStream,
    pub(crate) step: u64,
    pub(crate) step_size: f64,
    pub(crate) memory: Memory<StateTensor<D>>,
    pub(crate) anchor: Option<StateTensor<D>>,
    pub(crate) thermostat: Option<ThermostatLink>,
    /// β that the momentum is at, of a sampler in a [`HeatBath`](crate::HeatBath).
    pub(crate) inverse_temperature: Option<f64>,
    /// Loaded from a record and not yet used: its stream number and thermostat are unknown to the sampler.
    pub(crate) restored: Option<Restored>,
}

/// The thermostat that a tensor takes part in.
#[derive(Clone, Debug)]
pub(crate) struct ThermostatLink {
    pub(crate) shared: SharedThermostat,
    /// The step of the thermostat that the tensor last took part in.
    pub(crate) last_tick: Option<u64>,
}

/// What a record says of the thermostat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restored {
    pub(crate) thermostat: Option<Thermostat>,
    pub(crate) last_tick: Option<u64>,
}

impl<const D: usize> SamplerState<D> {
    /// Takes the momentum along to β' = `inverse_temperature`: p·sqrt(β/β').
    ///
    /// A splitting may still owe the momentum half a kick by the gradient here, of the size of its last step. The on-step
    /// momentum is what is rescaled, so what is owed is too.
    pub(crate) fn come_to(&mut self, inverse_temperature: f64) {
        let before = self.inverse_temperature.replace(inverse_temperature);
        let Some(before) = before.filter(|before| *before != inverse_temperature) else {
            return;
        };
        let factor = (before / inverse_temperature).sqrt();
        self.step_size *= factor;
        let momentum = self.memory.momentum.take();
        self.memory.momentum = momentum.map(|momentum| momentum.scaled(factor));
    }

    pub(crate) fn move_to(mut self, device: &Device) -> Self {
        self.memory = self.memory.map(|array| array.move_to(device));
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
        if let Some(inverse_temperature) = self.inverse_temperature {
            let scalar = Scalar::from(inverse_temperature);
            out.push_scalar(prefix, INVERSE_TEMPERATURE, scalar);
        }
        let (thermostat, last_tick) = match (&self.thermostat, self.restored) {
            (_, Some(restored)) => (restored.thermostat, restored.last_tick),
            (Some(link), None) => (link.shared.now(), link.last_tick),
            (None, None) => (None, None),
        };
        if let Some(thermostat) = thermostat {
            thermostat.flatten(prefix, out);
        }
        if let Some(last_tick) = last_tick {
            out.push_scalar(prefix, LAST_TICK, Scalar::from(last_tick));
        }
        let anchor = self.anchor.as_ref().map(|anchor| ("anchor", anchor));
        for (name, array) in self.memory.named().chain(anchor) {
            out.push_tensor(prefix, name, array.to_data().into_owned());
        }
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _device: &Device) -> Option<Self> {
        let seed = source.take_scalar(prefix, "seed")?.try_into().ok()?;
        let walker = source.take_scalar(prefix, "walker")?.try_into().ok()?;
        let tensor = source.take_scalar(prefix, "stream")?.try_into().ok()?;
        let step = source.take_scalar(prefix, "step")?.try_into().ok()?;
        let step_size = source.take_scalar(prefix, "step_size")?.try_into().ok()?;
        let thermostat = Thermostat::unflatten(prefix, source);
        let last_tick = source
            .take_scalar(prefix, LAST_TICK)
            .and_then(|tick| tick.try_into().ok());
        let inverse_temperature = source
            .take_scalar(prefix, INVERSE_TEMPERATURE)
            .and_then(|beta| beta.try_into().ok());
        let mut array = |name| source.take_tensor(prefix, name).map(StateTensor::Host);
        Some(Self {
            stream: NoiseStream {
                seed,
                walker,
                tensor,
            },
            step,
            step_size,
            memory: Memory {
                momentum: array("momentum"),
                variance: array("variance"),
                previous_gradient: array("previous_gradient"),
            },
            anchor: array("anchor"),
            thermostat: None,
            inverse_temperature,
            restored: Some(Restored {
                thermostat,
                last_tick,
            }),
        })
    }
}
