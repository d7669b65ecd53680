//! Devices that fail in mid-run: Burn panics where a tensor is read, and that becomes an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::{Result, TatiError};

/// How often a device is asked whether it is there: the first answers can come before word of its loss.
const QUESTIONS: usize = 4;
const PAUSE: Duration = Duration::from_millis(50);

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
        Err(panic) => match failure(devices, &*panic) {
            Some(error) => Err(error),
            None => resume_unwind(panic),
        },
    }
}

/// The error that one of the devices failed, if it did.
fn failure(devices: &[Device], panic: &(dyn Any + Send)) -> Option<TatiError> {
    #[cfg(feature = "gpu")]
    if let Some(reason) = report_of(panic).and_then(out_of_memory) {
        let gpus = devices.iter().filter(|gpu| super::runs_cubecl_kernels(gpu));
        let mut names: Vec<String> = gpus.map(name_of).collect();
        names.sort();
        names.dedup();
        if !names.is_empty() {
            // Burn does not say which of several it is.
            let name = names.join("` or `");
            return Some(TatiError::OutOfDeviceMemory { name, reason });
        }
    }
    #[cfg(not(feature = "gpu"))]
    let _ = panic;
    devices.iter().find_map(|device| {
        let reason = loss(device)?;
        let name = name_of(device);
        Some(TatiError::DeviceLost { name, reason })
    })
}

/// Why `device` no longer answers, if it does not.
fn loss(device: &Device) -> Option<String> {
    let (what, who) = match device.clone().inner().as_dispatch() {
        #[cfg(feature = "remote")]
        DispatchDevice::Remote(_) => ("its server does not answer", "its session is over"),
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => ("its driver reports a failure", "its driver is gone"),
        _ => return None,
    };
    for question in 0..QUESTIONS {
        if question > 0 {
            thread::sleep(PAUSE);
        }
        match catch_unwind(|| device.sync()) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Some(format!("{what} ({})", reason_of(&error.to_string()))),
            Err(_) => return Some(who.to_string()),
        }
    }
    None
}

/// What happened, by Burn's report of an error: its last line does, before a backtrace; those above say that something did.
fn reason_of(report: &str) -> &str {
    let is_trace = |line: &&str| line.trim_start().to_lowercase().starts_with("backtrace");
    let lines = report.lines().take_while(|line| !is_trace(line));
    lines
        .last()
        .unwrap_or_default()
        .trim()
        .trim_end_matches(':')
}

/// What a panic says.
#[cfg(feature = "gpu")]
fn report_of(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}

/// The line of Burn's report that says that memory did not suffice.
#[cfg(feature = "gpu")]
fn out_of_memory(report: &str) -> Option<String> {
    const SIGNS: [&str; 3] = ["out of device memory", "out of memory", "can't allocate"];
    let mut lines = report.lines();
    let line = lines.find(|line| {
        let line = line.to_lowercase();
        SIGNS.iter().any(|sign| line.contains(sign))
    })?;
    Some(line.trim().to_string())
}

/// What `device` was opened by.
fn name_of(device: &Device) -> String {
    let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let known = names.iter().find(|(known, _)| known == device);
    // One that the program opened by itself has no name.
    known.map_or_else(|| format!("{device:?}"), |(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_loss_is_no_backtrace() {
        for (report, reason) in [
            (
                "The device is poisoned\nCaused by:\n  Destroyed: \nBacktrace:\nNo backtrace available",
                "Destroyed",
            ),
            (
                "Caused by:\n  Unknown: reset\nBACKTRACE:\n   0: main\n",
                "Unknown: reset",
            ),
            (
                "something failed:\n  the connection is closed",
                "the connection is closed",
            ),
            ("", ""),
        ] {
            assert_eq!(reason_of(report), reason);
        }
    }

    #[cfg(feature = "gpu")]
    #[test]
    fn reports_of_too_little_memory_are_understood() {
        let report = "Error while reading data: Execution(An error happened during execution\nCaused by:\n  \
            An IO error happened\nCaused by:\n  can't allocate buffer of size: 1099511627776\nNo backtrace available)";
        let reason = out_of_memory(report).expect("a reason");
        assert_eq!(reason, "can't allocate buffer of size: 1099511627776");
        let reason = out_of_memory("Caused by:\n  out of device memory allocating 64 bytes\n");
        assert_eq!(
            reason.expect("a reason"),
            "out of device memory allocating 64 bytes"
        );
        assert_eq!(out_of_memory("index out of bounds"), None);
    }
}
