//! Device names as users write them, and the Burn devices they stand for.
//!
//! This is the one place in tati that knows which backends are compiled in.

#[cfg(any(feature = "gpu", feature = "remote"))]
mod guard;
mod present;
#[cfg(feature = "remote")]
mod remote;

use burn::backend::DispatchDevice;
use burn::tensor::Device;
#[cfg(feature = "wgpu")]
use burn::tensor::DeviceKind;
#[cfg(feature = "gpu")]
use burn::tensor::DeviceType;

use crate::{Result, TatiError};

pub use present::{DeviceBackend, PresentDevice, device_backends};

/// The device names that this build can open, in the order of preference: `["flex", …]`. `remote` is none of them: it takes an address.
pub fn available_devices() -> Vec<&'static str> {
    KNOWN
        .iter()
        .filter(|(name, compiled_in)| *compiled_in && *name != "remote")
        .map(|(name, _)| *name)
        .collect()
}

/// Opens the device called `name`.
///
/// | name | device | Cargo feature |
/// |---|---|---|
/// | `flex` | CPU, Burn's Flex backend | `flex` (default) |
/// | `ndarray` | CPU, Burn's NdArray backend | `ndarray` |
/// | `wgpu`, `wgpu:N` | the best or the N-th adapter through wgpu | `wgpu` |
/// | `vulkan`, `vulkan:N` | the same, pinned to Vulkan | `vulkan` |
/// | `metal`, `metal:N` | the same, pinned to Metal | `metal` |
/// | `cuda`, `cuda:N` | NVIDIA GPU N | `cuda` |
/// | `rocm`, `rocm:N` | AMD GPU N | `rocm` |
/// | `remote:HOST:PORT` | the first device that a Burn server there serves over WebSocket | `remote` |
///
/// A GPU is opened here, and a server called, so that a missing one is an error now rather than a panic at the first tensor.
/// The device does not track gradients; call [`Device::autodiff`] on it for training.
///
/// A remote device computes on the other machine; the tape, the noise and the record stay here, so that every step waits for the
/// network. Nothing is encrypted, and no credential is sent: it is for networks where all are trusted. A server of another version
/// of Burn refuses, and one whose connection broke is not called again by the same process. [`guard_devices`] says what becomes of a
/// device that goes away.
///
/// # Errors
/// [`TatiError::UnknownDevice`], [`TatiError::DeviceNotCompiled`] and [`TatiError::DeviceNotFound`]; each lists
/// the devices that would work. [`TatiError::InvalidSetting`] for an address that is none.
///
/// # Example
/// ```
/// let device = tati_core::open_device("flex")?;
/// let error = tati_core::open_device("abacus").unwrap_err();
/// assert!(error.to_string().contains("flex"));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn open_device(name: &str) -> Result<Device> {
    let device = open(name)?;
    #[cfg(any(feature = "gpu", feature = "remote"))]
    guard::remember(name, &device);
    Ok(device)
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

/// Whether `device` runs kernels written in CubeCL, as Burn does on GPUs: wgpu, Vulkan, Metal, CUDA and ROCm.
pub fn runs_cubecl_kernels(device: &Device) -> bool {
    match device.clone().inner().as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => true,
        _ => false,
    }
}

/// Does `work`, and makes an error of it that one of the `devices` that it uses failed meanwhile.
///
/// A remote device goes away with its server or with the network, a GPU with its driver, or its memory does not suffice. Burn panics then
/// where a tensor is read, and this is what is caught: if one of the devices no longer answers, or said that it is out of memory, the panic is
/// an error that names it; any other panic goes on, once they have answered for a sixth of a second. On the CPU `work` is just done. A
/// machine that vanishes without closing its connection is noticed when TCP gives up: after half a minute, or as late as a quarter of an hour
/// if something was on its way there. A server that is merely slow is waited for.
///
/// The chains and ensembles of tati are guarded. What `work` was about to change may be half changed after an error.
///
/// # Errors
/// [`TatiError::DeviceLost`] and [`TatiError::OutOfDeviceMemory`]; and those of `work`.
pub fn guard_devices<T>(devices: &[Device], work: impl FnOnce() -> Result<T>) -> Result<T> {
    #[cfg(any(feature = "gpu", feature = "remote"))]
    return guard::guard(devices, work);
    #[cfg(not(any(feature = "gpu", feature = "remote")))]
    {
        // None of them can go away.
        let _ = devices;
        work()
    }
}

fn open(name: &str) -> Result<Device> {
    let (kind, argument) = match name.split_once(':') {
        Some((kind, argument)) => (kind, Some(argument)),
        None => (name, None),
    };
    let Some((feature, compiled_in)) = KNOWN.iter().find(|(known, _)| *known == kind) else {
        return Err(unknown(name));
    };
    if !compiled_in {
        return Err(TatiError::DeviceNotCompiled {
            name: name.to_string(),
            feature,
            available: list_available(),
        });
    }
    #[cfg(feature = "remote")]
    if kind == "remote" {
        return remote::open(name, argument.unwrap_or_default());
    }
    let index = argument.map(|index| parse_index(name, index)).transpose()?;
    match (kind, index) {
        #[cfg(feature = "flex")]
        ("flex", None) => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)] // Selectable as long as Burn ships it.
        ("ndarray", None) => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        ("wgpu", index) => open_wgpu(name, index, DeviceType::Wgpu, || {
            Device::wgpu(DeviceKind::DefaultDevice)
        }),
        #[cfg(feature = "vulkan")]
        ("vulkan", index) => open_wgpu(name, index, DeviceType::Vulkan, || {
            Device::vulkan(DeviceKind::DefaultDevice)
        }),
        #[cfg(feature = "metal")]
        ("metal", index) => open_wgpu(name, index, DeviceType::Metal, || {
            Device::metal(DeviceKind::DefaultDevice)
        }),
        #[cfg(feature = "cuda")]
        ("cuda", index) => open_numbered(name, index, DeviceType::Cuda, Device::cuda),
        #[cfg(feature = "rocm")]
        ("rocm", index) => open_numbered(name, index, DeviceType::Rocm, Device::rocm),
        _ => Err(unknown(name)),
    }
}

/// Every device name, and whether it is compiled in. The Cargo feature has the same name.
const KNOWN: [(&str, bool); 8] = [
    ("flex", cfg!(feature = "flex")),
    ("ndarray", cfg!(feature = "ndarray")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("vulkan", cfg!(feature = "vulkan")),
    ("metal", cfg!(feature = "metal")),
    ("cuda", cfg!(feature = "cuda")),
    ("rocm", cfg!(feature = "rocm")),
    ("remote", cfg!(feature = "remote")),
];

fn list_available() -> String {
    let mut names = available_devices();
    if cfg!(feature = "remote") {
        names.push("remote:HOST:PORT");
    }
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

#[cfg(any(feature = "gpu", feature = "remote"))]
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
    filter: DeviceType,
    default: impl FnOnce() -> Device,
) -> Result<Device> {
    // Opening is lazy, and an adapter that is not there panics at the first tensor: look first.
    let adapters = Device::enumerate(filter);
    if index.unwrap_or(0) >= adapters.len() {
        return Err(not_found(
            name,
            format!("{} adapters were found", adapters.len()),
        ));
    }
    match index {
        Some(index) => Ok(adapters[index].clone()),
        None => Ok(default()),
    }
}

#[cfg(any(feature = "cuda", feature = "rocm"))]
fn open_numbered(
    name: &str,
    index: Option<usize>,
    filter: DeviceType,
    open: impl FnOnce(usize) -> Device,
) -> Result<Device> {
    // Without a driver the enumeration itself panics inside its loader.
    let count = std::panic::AssertUnwindSafe(|| Device::enumerate(filter).len());
    let devices = std::panic::catch_unwind(count)
        .map_err(|_| not_found(name, "the driver could not be loaded".to_string()))?;
    let index = index.unwrap_or(0);
    if index >= devices {
        return Err(not_found(
            name,
            format!("the driver lists {devices} devices"),
        ));
    }
    Ok(open(index))
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
        for (name, _) in KNOWN.iter().filter(|(_, compiled_in)| !compiled_in) {
            let message = open_device(name).unwrap_err().to_string();
            assert!(message.contains(&format!("--features {name}")), "{message}");
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn flex_lives_in_host_memory() {
        assert!(shares_host_memory(&open_device("flex").unwrap()));
        assert!(shares_host_memory(&open_device("flex").unwrap().autodiff()));
    }
}
