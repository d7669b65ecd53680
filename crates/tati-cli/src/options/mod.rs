//! What several subcommands share.

pub mod config_file;
mod global;

pub use global::GlobalOptions;
