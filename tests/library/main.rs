//! The crates together, as a program uses them. One binary: each would link Burn once more.

mod common;

mod convergence;
#[cfg(feature = "wgpu")]
mod device;
mod exactness;
mod explore;
mod gradient_noise;
mod harmonic;
mod learning_coefficient;
mod metrics_in_training;
mod noise;
mod noise_source;
#[cfg(feature = "remote")]
mod remote;
mod restart;
mod surface;
mod thermostat;
