//! What several subcommands share.

pub mod config_file;
pub mod data;
mod global;
pub mod model;
pub mod number;
pub mod prior;
pub mod problem;
pub mod saved_run;

pub use global::GlobalOptions;
