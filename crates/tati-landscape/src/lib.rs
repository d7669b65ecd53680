//! What recorded draws and potentials tell of a loss landscape.
//!
//! This crate reads trajectories and potentials, and knows no sampler.
// Libraries never print: what an analysis has to say is returned, or belongs to the program.
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod draws;
mod input_space;
mod surface;

pub use draws::{DrawBlock, Draws};
pub use input_space::{InputGrid, PredictionSpread, Predictions};
pub use surface::{
    Axis, GridMinimum, ParameterAxis, RandomDirectionConfig, Surface, TrajectoryPotential,
    TrajectoryProjection, ZoomConfig,
};
