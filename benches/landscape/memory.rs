//! Peak memory of this process, where /proc tells.

use std::fs;

/// Counts the peak anew from here on.
pub fn reset_peak() {
    // Without it the peak is that of the whole process, which is an upper bound.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that was held, in MiB.
pub fn peak_mebibytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
