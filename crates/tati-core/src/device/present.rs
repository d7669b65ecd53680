//! Which devices are there.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
#[cfg(feature = "gpu")]
use burn::tensor::{Device, DeviceType};

use super::KNOWN;

/// A kind of device, and those of it that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceBackend {
    /// As [`open_device`](crate::open_device) takes it; the Cargo feature has the same name.
    pub name: &'static str,
    /// Whether this build can open such devices.
    pub is_compiled_in: bool,
    /// Those found on this machine. None of `remote`, which takes an address.
    pub devices: Vec<PresentDevice>,
    /// Why they could not be looked for.
    pub problem: Option<String>,
}

/// A device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentDevice {
    /// As [`open_device`](crate::open_device) takes it: `flex`, `wgpu:0`.
    pub name: String,
    /// What it runs on, as processor or adapter name themselves; `None` if that is not known.
    pub hardware: Option<String>,
    /// Its memory in bytes: of a GPU what CUDA, ROCm, Metal or Vulkan say that it may be asked to hold. `None` if that is not known, as of
    /// GPUs in a build with feature `wgpu` alone.
    pub memory: Option<u64>,
}

/// Every kind of device, in the order of preference, with those that are there. GPUs are opened for their names, which takes a moment.
///
/// # Example
/// ```
/// let backends = tati_core::device_backends();
/// let flex = backends.iter().find(|backend| backend.name == "flex").unwrap();
/// assert!(flex.is_compiled_in && flex.devices[0].name == "flex");
/// ```
pub fn device_backends() -> Vec<DeviceBackend> {
    let backend = |(name, is_compiled_in): (&'static str, bool)| {
        let found = match is_compiled_in {
            true => present(name),
            false => Ok(Vec::new()),
        };
        let (devices, problem) = match found {
            Ok(devices) => (devices, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        DeviceBackend {
            name,
            is_compiled_in,
            devices,
            problem,
        }
    };
    KNOWN.into_iter().map(backend).collect()
}

/// The devices of a kind that is compiled in.
fn present(name: &'static str) -> Result<Vec<PresentDevice>, String> {
    match name {
        "flex" | "ndarray" => Ok(vec![PresentDevice {
            name: name.to_string(),
            hardware: processor(),
            memory: host_memory(),
        }]),
        #[cfg(feature = "wgpu")]
        "wgpu" => adapters(name, DeviceType::Wgpu),
        #[cfg(feature = "vulkan")]
        "vulkan" => adapters(name, DeviceType::Vulkan),
        #[cfg(feature = "metal")]
        "metal" => adapters(name, DeviceType::Metal),
        #[cfg(feature = "cuda")]
        "cuda" => adapters(name, DeviceType::Cuda),
        #[cfg(feature = "rocm")]
        "rocm" => adapters(name, DeviceType::Rocm),
        _ => Ok(Vec::new()),
    }
}

/// The devices that Burn finds, by number. Where a driver is missing it panics.
#[cfg(feature = "gpu")]
fn adapters(name: &str, kind: DeviceType) -> Result<Vec<PresentDevice>, String> {
    let list = std::panic::AssertUnwindSafe(|| Device::enumerate(kind).into_iter().collect());
    let devices: Vec<Device> = std::panic::catch_unwind(list)
        .map_err(|_| format!("the driver of {name} could not be loaded"))?;
    let present = devices.into_iter().enumerate().map(|(number, device)| {
        let opened = std::panic::AssertUnwindSafe(|| (device.identity(), capacity(&device)));
        let (identity, memory) = std::panic::catch_unwind(opened).unwrap_or_default();
        PresentDevice {
            name: format!("{name}:{number}"),
            hardware: identity.map(|identity| identity.name),
            memory,
        }
    });
    Ok(present.collect())
}

/// How many bytes a GPU may be asked to hold, where CubeCL is told.
#[cfg(feature = "gpu")]
fn capacity(gpu: &Device) -> Option<u64> {
    match gpu.as_dispatch() {
        DispatchDevice::Cube(gpu) => gpu.client().properties().memory.max_memory(),
        _ => None,
    }
}

/// The processor's name where the system tells it, and its threads.
fn processor() -> Option<String> {
    let name = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_string())
        });
    let threads = std::thread::available_parallelism().ok();
    let threads = threads.map(|threads| match threads.get() {
        1 => "1 thread".to_string(),
        several => format!("{several} threads"),
    });
    let parts: Vec<String> = name.into_iter().chain(threads).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The memory of the machine where the system tells it.
fn host_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kibibytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_and_those_present_can_be_opened() {
        let backends = device_backends();
        assert_eq!(backends.len(), KNOWN.len());
        for backend in backends {
            assert!(backend.is_compiled_in || backend.devices.is_empty());
            for device in backend.devices {
                assert!(crate::open_device(&device.name).is_ok(), "{device:?}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_the_machine_is_known() {
        assert!(host_memory().unwrap() > 1 << 28);
        assert!(processor().unwrap().contains("thread"));
    }
}
