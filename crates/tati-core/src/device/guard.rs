//! Devices that fail in mid-run: Burn panics where a tensor is read, and that becomes an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::{Result, TatiError};

/// What devices were opened by: Burn keeps their addresses to itself.
static NAMES: Mutex<Vec<(Device, String)>> = Mutex::new(Vec::new());

/// Keeps the name for the errors of `device`.
pub(super) fn remember(name: &str, device: &Device) {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if !names.iter().any(|(known, _)| known == device) {
        names.push((device.clone(), name.to_string()));
    }
}

/// [`guard_devices`](super::guard_devices).
pub(super) fn guard<T>(devices: &[Device], work: impl FnOnce() -> Result<T>) -> Result<T> {
    if devices.iter().all(super::shares_host_memory) {
        return work();
    }
    // What the work left half done is for the caller to give up, as after any error.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(panic) => match devices.iter().find_map(|device| failure(device, &*panic)) {
            Some(error) => Err(error),
            None => resume_unwind(panic),
        },
    }
}

/// The error that `device` failed, if it did.
fn failure(device: &Device, panic: &(dyn Any + Send)) -> Option<TatiError> {
    match device.clone().inner().as_dispatch() {
        #[cfg(feature = "remote")]
        DispatchDevice::Remote(_) => super::remote::loss(device).map(|reason| lost(device, reason)),
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => failure_of_gpu(device, panic),
        _ => None,
    }
}

#[cfg(feature = "gpu")]
fn failure_of_gpu(device: &Device, panic: &(dyn Any + Send)) -> Option<TatiError> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied())?;
    #[allow(clippy::print_stderr)]
    {
        eprintln!("PANIC: {text}");
    }
    if let Some(reason) = out_of_memory(text) {
        return Some(TatiError::OutOfDeviceMemory {
            name: name_of(device),
            reason,
        });
    }
    match catch_unwind(|| device.sync()) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(lost(device, last_line(&error.to_string()))),
        Err(_) => Some(lost(device, "it no longer answers".to_string())),
    }
}

#[cfg(feature = "gpu")]
fn out_of_memory(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let is_it = ["out of memory", "out-of-memory", "outofmemory"];
    is_it
        .iter()
        .any(|what| lower.contains(what))
        .then(|| last_line(text))
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().to_string()
}

fn lost(device: &Device, reason: String) -> TatiError {
    TatiError::DeviceLost {
        name: name_of(device),
        reason,
    }
}

fn name_of(device: &Device) -> String {
    let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().find(|(known, _)| known == device);
    // One that the program opened by itself has no name.
    known.map_or_else(|| format!("{device:?}"), |(_, name)| name.clone())
}
