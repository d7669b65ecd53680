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

pub use global::GlobalOptions;
