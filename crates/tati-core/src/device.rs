//! Device names as users write them, and the Burn devices they stand for.
//!
//! This is the one place in tati that knows which backends are compiled in.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::{Result, TatiError};

/// The device names that this build can open, in the order of preference: `["flex", …]`.
pub fn available_devices() -> Vec<&'static str> {
    KNOWN
        .iter()
        .filter(|known| known.compiled_in)
        .map(|known| known.name)
        .collect()
}

/// Opens the device called `name`.
///
/// | name | device | Cargo feature |
/// |---|---|---|
/// | `flex` | CPU, Burn's Flex backend | `flex` (default) |
/// | `ndarray` | CPU, Burn's NdArray backend | `ndarray` |
/// | `wgpu`, `wgpu:N` | the best or the N-th discrete GPU through wgpu | `wgpu` |
/// | `vulkan`, `vulkan:N` | the same, pinned to Vulkan | `vulkan` |
/// | `cuda`, `cuda:N` | NVIDIA GPU N | `cuda` |
///
/// A GPU is opened here, so that a missing one is an error now rather than a panic at the first tensor.
/// The device does not track gradients; call [`Device::autodiff`] on it for training.
///
/// # Errors
/// [`TatiError::UnknownDevice`], [`TatiError::DeviceNotCompiled`] and [`TatiError::DeviceNotFound`]; each lists
/// the devices that would work.
///
/// # Example
/// ```
/// let device = tati_core::open_device("flex")?;
/// let error = tati_core::open_device("abacus").unwrap_err();
/// assert!(error.to_string().contains("flex"));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn open_device(name: &str) -> Result<Device> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => (kind, Some(parse_index(name, index)?)),
        None => (name, None),
    };
    let Some(known) = KNOWN.iter().find(|known| known.name == kind) else {
        return Err(unknown(name));
    };
    if !known.compiled_in {
        return Err(TatiError::DeviceNotCompiled {
            name: name.to_string(),
            feature: known.name,
            available: list_available(),
        });
    }
    match (kind, index) {
        #[cfg(feature = "flex")]
        ("flex", None) => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)] // Selectable as long as Burn ships it.
        ("ndarray", None) => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        ("wgpu", index) => open_wgpu(name, index, burn::tensor::wgpu::WgpuBackend::Auto),
        #[cfg(feature = "vulkan")]
        ("vulkan", index) => open_wgpu(name, index, burn::tensor::wgpu::WgpuBackend::Vulkan),
        #[cfg(feature = "cuda")]
        ("cuda", index) => open_cuda(name, index.unwrap_or(0)),
        _ => Err(unknown(name)),
    }
}

/// Whether the tensors of `device` live in this process's memory, where they can be read and written without a
/// transfer (Flex and NdArray).
pub fn shares_host_memory(device: &Device) -> bool {
    match device.clone().inner().as_dispatch() {
        #[cfg(feature = "flex")]
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => true,
        _ => false,
    }
}

struct KnownDevice {
    name: &'static str,
    compiled_in: bool,
}

const KNOWN: [KnownDevice; 5] = [
    KnownDevice {
        name: "flex",
        compiled_in: cfg!(feature = "flex"),
    },
    KnownDevice {
        name: "ndarray",
        compiled_in: cfg!(feature = "ndarray"),
    },
    KnownDevice {
        name: "wgpu",
        compiled_in: cfg!(feature = "wgpu"),
    },
    KnownDevice {
        name: "vulkan",
        compiled_in: cfg!(feature = "vulkan"),
    },
    KnownDevice {
        name: "cuda",
        compiled_in: cfg!(feature = "cuda"),
    },
];

fn list_available() -> String {
    let names = available_devices();
    if names.is_empty() {
        return "no device at all: build with `--features flex`".to_string();
    }
    names.join(", ")
}

fn unknown(name: &str) -> TatiError {
    TatiError::UnknownDevice {
        name: name.to_string(),
        available: list_available(),
    }
}

fn parse_index(name: &str, index: &str) -> Result<usize> {
    index.parse().map_err(|_| unknown(name))
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn not_found(name: &str, reason: String) -> TatiError {
    TatiError::DeviceNotFound {
        name: name.to_string(),
        reason,
        available: list_available(),
    }
}

#[cfg(feature = "wgpu")]
fn open_wgpu(
    name: &str,
    index: Option<usize>,
    api: burn::tensor::wgpu::WgpuBackend,
) -> Result<Device> {
    use burn::tensor::{DeviceKind, DeviceType};

    #[cfg(feature = "vulkan")]
    let filter = match api {
        burn::tensor::wgpu::WgpuBackend::Vulkan => DeviceType::Vulkan,
        _ => DeviceType::Wgpu,
    };
    #[cfg(not(feature = "vulkan"))]
    let filter = DeviceType::Wgpu;
    // Opening is lazy, and an adapter that is not there panics at the first tensor: look first.
    if Device::enumerate(filter).is_empty() {
        return Err(not_found(name, "no adapter was found".to_string()));
    }
    let kind = index.map_or(DeviceKind::DefaultDevice, DeviceKind::DiscreteGpu);
    Device::wgpu_options()
        .device_kind(kind)
        .graphics_api(api)
        .init()
        .map_err(|error| not_found(name, one_line(&error)))
}

#[cfg(feature = "cuda")]
fn open_cuda(name: &str, index: usize) -> Result<Device> {
    use burn::tensor::DeviceType;

    // Without a driver the enumeration itself may panic inside the CUDA loader.
    let devices = std::panic::catch_unwind(|| Device::enumerate(DeviceType::Cuda))
        .map_err(|_| not_found(name, "the CUDA driver could not be loaded".to_string()))?;
    if index >= devices.len() {
        return Err(not_found(
            name,
            format!("the CUDA driver lists {} devices", devices.len()),
        ));
    }
    Ok(Device::cuda(index))
}

#[cfg(feature = "wgpu")]
fn one_line(error: &impl std::fmt::Display) -> String {
    error.to_string().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_list_what_is_available() {
        for name in ["abacus", "flex:x", "flex:0", ""] {
            let error = open_device(name).unwrap_err();
            assert!(
                matches!(&error, TatiError::UnknownDevice { available, .. } if available == &list_available()),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn devices_left_out_of_the_build_name_their_feature() {
        for known in KNOWN.iter().filter(|known| !known.compiled_in) {
            let message = open_device(known.name).unwrap_err().to_string();
            assert!(
                message.contains(&format!("--features {}", known.name)),
                "{message}"
            );
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn flex_lives_in_host_memory() {
        assert!(shares_host_memory(&open_device("flex").unwrap()));
        assert!(shares_host_memory(&open_device("flex").unwrap().autodiff()));
    }
}
