//! The state of a kernel as bytes (CBOR, RFC 8949), in which numbers keep every bit.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError};

use super::evaluate::Target;
use super::walker::Walker;

/// The part of a kernel that changes from transition to transition.
pub(crate) trait KernelState: Serialize + DeserializeOwned {
    /// The kernel's name in saved states and errors.
    const KERNEL: &'static str;

    /// The part that every kernel has.
    fn walker(&self) -> &Walker;

    /// Whether every vector besides the walker's has the length that goes with N.
    fn fits(&self, num_parameters: usize) -> bool {
        let _ = num_parameters;
        true
    }
}

/// The methods of [`Kernel`](crate::Kernel) that are alike for all kernels with the fields `target`, `state` and `tuning_steps`.
macro_rules! kernel_state {
    () => {
        fn position(&self) -> &[f64] {
            &self.state.walker.point.position
        }

        fn tuning_steps(&self) -> u64 {
            self.tuning_steps
        }

        fn save(&self) -> Vec<u8> {
            $crate::metropolis::saved::save(&self.target, &self.state)
        }

        fn restore(&mut self, saved: &[u8]) -> tati_core::Result<()> {
            $crate::metropolis::saved::restore(&mut self.target, &mut self.state, saved)
        }
    };
}
pub(crate) use kernel_state;

/// `state`, and what `target` keeps of the start.
pub(crate) fn save<S: KernelState>(target: &Target, state: &S) -> Vec<u8> {
    let saved = SavedRef {
        kernel: S::KERNEL,
        num_parameters: state.walker().num_parameters(),
        center: target.center.as_deref(),
        state,
    };
    let mut bytes = Vec::new();
    ciborium::into_writer(&saved, &mut bytes).expect("plain numbers are written to memory");
    bytes
}

/// Puts saved bytes in the place of `state`; on failure nothing changes.
pub(crate) fn restore<S: KernelState>(
    target: &mut Target,
    state: &mut S,
    bytes: &[u8],
) -> Result<()> {
    let refuse = |reason: String| TatiError::Record {
        what: format!("of the kernel {}", S::KERNEL),
        reason,
    };
    let unreadable = |error| refuse(format!("cannot be read ({error}); was it cut short?"));
    let header: Header = ciborium::from_reader(bytes).map_err(unreadable)?;
    if header.kernel != S::KERNEL {
        return Err(refuse(format!(
            "is the state of {}: restore it into that kernel",
            header.kernel
        )));
    }
    let num_parameters = state.walker().num_parameters();
    if header.num_parameters != num_parameters {
        return Err(refuse(format!(
            "has {} parameters, the chain has {num_parameters}",
            header.num_parameters
        )));
    }
    let saved: Saved<S> = ciborium::from_reader(bytes).map_err(unreadable)?;
    let center_fits = match (&saved.center, &target.center) {
        (Some(center), Some(_)) => center.len() == num_parameters,
        (None, None) => true,
        _ => false,
    };
    if !center_fits {
        return Err(refuse("is of a chain with another prior".to_string()));
    }
    if !(saved.state.walker().fits(num_parameters) && saved.state.fits(num_parameters)) {
        return Err(refuse("has vectors of unequal lengths".to_string()));
    }
    target.center = saved.center;
    *state = saved.state;
    Ok(())
}

#[derive(Serialize)]
struct SavedRef<'a, S> {
    kernel: &'static str,
    num_parameters: usize,
    center: Option<&'a [f64]>,
    state: &'a S,
}

#[derive(Deserialize)]
struct Header {
    kernel: String,
    num_parameters: usize,
}

#[derive(Deserialize)]
struct Saved<S> {
    center: Option<Vec<f64>>,
    state: S,
}
