//! What several subcommands share.

pub mod config_file;
pub mod diffusion_map;
pub mod draws;
pub mod estimator;
mod global;
pub mod out;

pub use global::GlobalOptions;
