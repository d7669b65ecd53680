//! Samplers of exp(−βU), U being the loss of a Burn model.
//!
//! *In place of an optimizer.* A sampler takes the place of SGD in a Burn training loop and draws from exp(−βU) instead of finding
//! one minimum:
//!
//! | sampler | dynamics | for |
//! |---|---|---|
//! | [`Sgld`] | overdamped | the reference, first order in the step size |
//! | [`Psgld`] | overdamped, preconditioned | parameters of different scale |
//! | [`Gla1`] | kinetic | first order: what the better splittings are measured against |
//! | [`Gla2`] | kinetic | second order, exact kinetic temperature on a harmonic well |
//! | [`Baoab`] | kinetic | averages over θ: second order, fourth at high friction |
//! | [`Sghmc`] | kinetic | gradient noise of known strength |
//! | [`Sgnht`] | kinetic with a thermostat | gradient noise of unknown strength, alike for all parameters |
//! | [`Ccadl`] | kinetic with a thermostat | gradient noise that differs between parameters |
//!
//! They run through one fused kernel with counter-based noise ([`NoiseStream`]). A [`Thermometer`] reads their observables,
//! and [`langevin_on_harmonic_well`] and [`stationary_moments`] tell their exact bias. A [`Prior`] adds to U; step sizes and β follow
//! [`PolynomialDecay`], [`Cyclical`] and [`InverseTemperatureSchedule`].
//!
//! *On the flat vector*, with exact energies: [`Mala`], [`Hmc`] and [`Nuts`] accept or reject and so have no bias, [`Mclmc`]
//! moves at constant energy. Each is a [`Kernel`].
//!
//! *For long*: a [`Chain`] drives any of them, with burn-in, thinning, [`Observer`]s, a record on disk and exact restarts; an
//! [`Ensemble`] several walkers at once, which may precondition each other, and a [`ReplicaExchange`] walkers that exchange their
//! temperatures.
// Libraries never print: what a run has to say is returned, or belongs to the program.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod chain;
mod ensemble;
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
    PredictiveSummary, Progress, ReliabilityBin, Statistics, Summary, recorded_description,
    recorded_seed,
};
pub use ensemble::{
    Ensemble, EnsembleConfig, EnsembleSummary, FinishedEnsemble, FinishedReplicaExchange,
    PairSummary, QuasiNewton, QuasiNewtonConfig, ReplicaExchange, ReplicaExchangeConfig,
    ReplicaExchangeSummary, RungSummary, StatisticSummary, WalkerSummary,
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
    Baoab, BaoabConfig, Ccadl, CcadlConfig, Gla1, Gla1Config, Gla2, Gla2Config, HeatBath,
    NoiseSource, Psgld, PsgldConfig, SamplerConfig, SamplerState, Sghmc, SghmcConfig, Sgld,
    SgldConfig, Sgnht, SgnhtConfig, ThermostatScope, entropy_seed,
};
pub use prior::{PotentialWithPrior, Prior, WallsConfig};
pub use schedule::{
    Cyclical, CyclicalConfig, InverseTemperatureSchedule, PolynomialDecay, PolynomialDecayConfig,
    Stage,
};
pub use splitting::{Integrator, LangevinUpdate, OnStepMomentum};
pub use thermometer::{Observables, Thermometer};
