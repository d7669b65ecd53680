//! Langevin samplers as Burn optimizers.
//!
//! A sampler takes the place of SGD in a Burn training loop and draws from exp(−βU), U being the loss, instead of
//! finding one minimum:
//!
//! | sampler | dynamics | error in averages over θ |
//! |---|---|---|
//! | [`Sgld`] | overdamped | first order in the step size |
//! | [`Gla1`] | kinetic | first order |
//! | [`Gla2`] | kinetic | second order |
//! | [`Baoab`] | kinetic | second order, fourth at high friction |
//!
//! All of them run through one fused kernel with counter-based noise ([`NoiseStream`]); [`Thermometer`] reads their
//! observables on request, and [`langevin_on_harmonic_well`] tells their exact bias.
// Libraries never print: what a run has to say is returned, or belongs to the program.
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod chain;
mod fused;
mod harmonic;
mod inverse_temperature;
mod kernel;
#[cfg(feature = "train")]
pub mod metrics;
mod metropolis;
mod microcanonical;
mod optim;
mod prior;
mod schedule;
mod splitting;
mod thermometer;

pub use chain::{
    Chain, ChainConfig, ChainSampler, Draw, Finished, Observer, PredictiveAverage,
    PredictiveSummary, Progress, ReliabilityBin, Statistics, Summary, recorded_seed,
};
pub use fused::philox::NoiseStream;
pub use harmonic::{
    StationaryMoments, langevin_on_harmonic_well, sgld_on_harmonic_well, stationary_moments,
};
pub use inverse_temperature::InverseTemperature;
pub use kernel::{Kernel, KernelConfig, Transition};
pub use metropolis::{Hmc, HmcConfig, HmcOrder, Mala, MalaConfig, Nuts, NutsConfig};
pub use microcanonical::{Mclmc, MclmcConfig};
pub use optim::{
    Baoab, BaoabConfig, Ccadl, CcadlConfig, Gla1, Gla1Config, Gla2, Gla2Config, NoiseSource, Psgld,
    PsgldConfig, SamplerConfig, SamplerState, Sghmc, SghmcConfig, Sgld, SgldConfig, Sgnht,
    SgnhtConfig, ThermostatScope, entropy_seed,
};
pub use prior::{Prior, WallsConfig};
pub use schedule::{
    Cyclical, CyclicalConfig, InverseTemperatureSchedule, PolynomialDecay, PolynomialDecayConfig,
    Stage,
};
pub use splitting::{Integrator, LangevinUpdate, OnStepMomentum};
pub use thermometer::{Observables, Thermometer};
