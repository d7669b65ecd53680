//! What recorded draws and potentials tell of a loss landscape.
//!
//! This crate reads trajectories and potentials, and knows no sampler.
// Libraries never print: what an analysis has to say is returned, or belongs to the program.
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod draws;
#[cfg(feature = "plot")]
pub mod plot;

pub use draws::{DrawBlock, Draws};
