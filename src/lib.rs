#![doc = include_str!("../README.md")]
// Libraries never print: what a run has to say is returned, or belongs to the program.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

pub mod workflow;

/// The Rust code of the guide, tested.
#[cfg(doctest)]
#[doc = include_str!("../docs/src/langevin-in-burn.md")]
mod guide {}

/// What recorded draws and potentials tell of a loss landscape.
pub use tati_landscape as landscape;
/// Networks and data sets.
pub use tati_models as models;
/// Langevin samplers as Burn optimizers.
pub use tati_samplers as samplers;

pub use tati_core::*;

/// What most programs import: `use tati::prelude::*;`.
pub mod prelude {
    pub use tati_core::{
        ModelPotential, ParameterLayout, Potential, TatiError, Trajectory, available_devices,
        freeze_parameters, open_device,
    };
    pub use tati_models::{
        GlyphsConfig, LabelledSet, LeNetConfig, MlpConfig, MnistConfig, PerceptronConfig,
    };
    pub use tati_samplers::{
        BaoabConfig, CcadlConfig, ChainConfig, ChainSampler, CyclicalConfig, Draw, EnsembleConfig,
        Gla1Config, Gla2Config, HmcConfig, InverseTemperature, InverseTemperatureSchedule,
        MalaConfig, MclmcConfig, NutsConfig, Observer, PolynomialDecayConfig, Prior, PsgldConfig,
        QuasiNewtonConfig, ReplicaExchangeConfig, SghmcConfig, SgldConfig, SgnhtConfig,
        Thermometer, WallsConfig, entropy_seed,
    };
}
