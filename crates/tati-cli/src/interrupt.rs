//! Ctrl-C: the first asks for an orderly end, the second for an immediate one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::CliError;

/// A flag that Ctrl-C sets.
pub fn flag() -> Result<Arc<AtomicBool>, CliError> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    })
    .map_err(|error| CliError::Other(format!("installing the Ctrl-C handler: {error}")))?;
    Ok(flag)
}
