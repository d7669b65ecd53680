//! What several subcommands share.

pub mod config_file;
pub mod data;
pub mod diffusion_map;
pub mod draws;
pub mod estimator;
mod global;
pub mod model;
pub mod number;
pub mod out;
pub mod point;
pub mod prior;
pub mod problem;
pub mod range;
pub mod saved_run;

use serde::Serialize;
use serde_json::Value;

use crate::error::CliError;

pub use global::GlobalOptions;

/// Options as JSON, without those that are not set.
pub fn without_nulls(options: &impl Serialize) -> Result<Value, CliError> {
    let mut value = serde_json::to_value(options)
        .map_err(|error| CliError::Other(format!("options as JSON: {error}")))?;
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    Ok(value)
}
