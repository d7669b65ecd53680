//! What recorded draws and potentials tell of a loss landscape.
//!
//! This crate reads trajectories and potentials, and knows no sampler.
// Libraries never print: what an analysis has to say is returned, or belongs to the program.
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod draws;
mod hessian;
mod learning_coefficient;

pub use draws::{DrawBlock, Draws};
pub use hessian::{
    DensityCurve, Eigenpairs, EigenpairsConfig, Hessian, HessianProduct, HessianProgress,
    HessianTrace, HessianTraceConfig, SpectralDensity, SpectralDensityConfig, SpectralMeasure,
    SpectrumEnd,
};
pub use learning_coefficient::{LearningCoefficient, learning_coefficient_inverse_temperature};
