//! The samplers as Burn optimizers: one file a family, on one shared [`sampler`].

mod adaptive;
mod burn_sampler;
pub(crate) mod dynamics;
mod heat_bath;
mod kinetic;
mod noise_source;
mod psgld;
pub(crate) mod sampler;
mod sghmc;
mod sgld;
mod state;
mod thermostat;

pub use adaptive::{Ccadl, CcadlConfig, Sgnht, SgnhtConfig};
pub use dynamics::ThermostatScope;
pub use heat_bath::HeatBath;
pub use kinetic::{Baoab, BaoabConfig, Gla1, Gla1Config, Gla2, Gla2Config};
pub use noise_source::{NoiseSource, entropy_seed};
pub use psgld::{Psgld, PsgldConfig};
pub use sampler::SamplerConfig;
pub use sghmc::{Sghmc, SghmcConfig};
pub use sgld::{Sgld, SgldConfig};
pub use state::SamplerState;
pub(crate) use state::StateTensor;
