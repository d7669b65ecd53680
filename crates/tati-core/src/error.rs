//! The one error type of tati: each variant says what is wrong, where, and what to do about it.

use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};

/// Result of everything in tati that can fail.
pub type Result<T, E = TatiError> = std::result::Result<T, E>;

/// What can go wrong for a user.
///
/// Every message is one line and names the file, line, option or parameter it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TatiError {
    /// A device name that tati does not know.
    #[error("unknown device `{name}`: this build has {available}")]
    UnknownDevice {
        /// The name as given.
        name: String,
        /// The devices that this build can open.
        available: String,
    },
    /// A device whose Cargo feature is not compiled in.
    #[error(
        "device `{name}` is not compiled in: build with `--features {feature}`, or use {available}"
    )]
    DeviceNotCompiled {
        /// The name as given.
        name: String,
        /// The Cargo feature that adds it.
        feature: &'static str,
        /// The devices that this build can open.
        available: String,
    },
    /// A device that is compiled in but not there.
    #[error("device `{name}` is not available: {reason}; this build has {available}")]
    DeviceNotFound {
        /// The name as given.
        name: String,
        /// What the backend reported.
        reason: String,
        /// The devices that this build can open.
        available: String,
    },
    /// A device that no longer answers.
    #[error("device `{name}` went away: {reason}; a recorded run can be resumed on another device")]
    DeviceLost {
        /// The name it was opened by.
        name: String,
        /// What the backend reported.
        reason: String,
    },
    /// A GPU whose memory does not suffice.
    #[error(
        "device `{name}` is out of memory: {reason}; take smaller batches or fewer walkers, and resume a recorded run"
    )]
    OutOfDeviceMemory {
        /// The name it was opened by.
        name: String,
        /// What the backend reported.
        reason: String,
    },
    /// A setting outside its domain.
    #[error("`{name}` is {value}: it must be {expected}")]
    InvalidSetting {
        /// The setting, as the user writes it.
        name: &'static str,
        /// The value given.
        value: String,
        /// The domain.
        expected: String,
    },
    /// Two things that must have the same size do not.
    #[error("{what}: expected {expected}, found {found}")]
    ShapeMismatch {
        /// What was compared.
        what: String,
        /// The size required.
        expected: String,
        /// The size met.
        found: String,
    },
    /// A potential or gradient that is not a finite number.
    #[error("{what} is {value}: {remedy}")]
    NotFinite {
        /// The quantity.
        what: String,
        /// Its value.
        value: f64,
        /// What usually helps.
        remedy: &'static str,
    },
    /// An iteration that stopped short of its tolerance.
    #[error("{what} reached {reached:e}, but {tolerance:e} is asked for: {remedy}")]
    NotConverged {
        /// What was to become small.
        what: String,
        /// How far it came.
        reached: f64,
        /// What was asked for.
        tolerance: f64,
        /// What usually helps.
        remedy: &'static str,
    },
    /// An operation of the operating system on a file failed.
    #[error("{}: {action} failed: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder that would have to be overwritten.
    #[error("{} exists: {remedy}", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A file whose content is not what its format asks for.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A place in a text table that cannot be read.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// Column of the table, counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A data set that could not be found or fetched.
    #[error("{name} was not to be had: {reason}; {remedy}")]
    DatasetUnavailable {
        /// The data set.
        name: &'static str,
        /// Every place tried, and why it failed.
        reason: String,
        /// How to get it.
        remedy: String,
    },
    /// A saved state that does not fit what it is loaded into.
    #[error("record {what}: {reason}")]
    Record {
        /// The record.
        what: String,
        /// Why it cannot be used.
        reason: String,
    },
}

impl TatiError {
    /// A [`TatiError::File`]: `action` on `path` failed.
    pub fn file(path: impl AsRef<Path>, action: &'static str, source: io::Error) -> Self {
        Self::File {
            path: path.as_ref().to_path_buf(),
            action,
            source,
        }
    }

    /// A [`TatiError::Format`]: `path` does not hold what it should.
    pub fn format(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Format {
            path: path.as_ref().to_path_buf(),
            reason: reason.into(),
        }
    }

    /// Whether the user's input is at fault (exit code 2 in programs) rather than the machine or the run.
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            Self::NotFinite { .. }
                | Self::NotConverged { .. }
                | Self::DeviceLost { .. }
                | Self::OutOfDeviceMemory { .. }
        )
    }
}

/// Checks that `value` is a finite number above zero.
pub fn require_positive(name: &'static str, value: f64) -> Result<()> {
    require(
        name,
        value,
        value > 0.0 && value.is_finite(),
        "a finite number above 0",
    )
}

/// Checks that `value` is a finite number of at least zero.
pub fn require_non_negative(name: &'static str, value: f64) -> Result<()> {
    require(
        name,
        value,
        value >= 0.0 && value.is_finite(),
        "a finite number of at least 0",
    )
}

/// Checks that `value` is above zero; infinity is allowed.
pub fn require_positive_or_infinite(name: &'static str, value: f64) -> Result<()> {
    require(name, value, value > 0.0, "above 0 (infinity is allowed)")
}

/// Checks that the count `value` lies in `range`, as `1..` or `2..=100`.
pub fn require_count(
    name: &'static str,
    value: usize,
    range: impl RangeBounds<usize>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let least = match range.start_bound() {
        Bound::Included(least) => *least,
        Bound::Excluded(below) => below + 1,
        Bound::Unbounded => 0,
    };
    let expected = match range.end_bound() {
        Bound::Included(most) => format!("from {least} to {most}"),
        Bound::Excluded(above) => format!("from {least} to below {above}"),
        Bound::Unbounded => format!("at least {least}"),
    };
    Err(TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected,
    })
}

fn require(name: &'static str, value: f64, holds: bool, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected: expected.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_outside_their_domain_are_named() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = require_positive("step_size", value)
                .unwrap_err()
                .to_string();
            assert!(
                message.starts_with(&format!("`step_size` is {value}")),
                "{message}"
            );
        }
        assert!(require_positive_or_infinite("inverse_temperature", f64::INFINITY).is_ok());
        assert!(require_positive_or_infinite("inverse_temperature", f64::NAN).is_err());
        assert!(require_non_negative("friction", -0.5).is_err());
    }

    #[test]
    fn messages_are_one_line_and_name_the_place() {
        let error = TatiError::Table {
            path: "data.csv".into(),
            line: 3,
            column: 2,
            reason: "`abc` is not a number".into(),
        };
        assert_eq!(error.to_string(), "data.csv:3:2: `abc` is not a number");
    }
}
