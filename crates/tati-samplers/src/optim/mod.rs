//! The samplers as Burn optimizers: one file a family, on one shared [`sampler`].

mod kinetic;
mod noise_source;
pub(crate) mod sampler;
mod sgld;
mod state;

pub use kinetic::{Baoab, BaoabConfig, Gla1, Gla1Config, Gla2, Gla2Config};
pub use noise_source::{NoiseSource, entropy_seed};
pub use sgld::{Sgld, SgldConfig};
pub use state::SamplerState;
pub(crate) use state::StateTensor;
