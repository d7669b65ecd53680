//! What recorded draws and potentials tell of a loss landscape.
//!
//! This crate reads trajectories and potentials, and knows no sampler.
// Libraries never print: what an analysis has to say is returned, or belongs to the program.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod autocorrelation;
mod averages;
mod convergence;
mod covariance;
mod diffusion_map;
mod draws;
mod eigenpairs;
mod exponential;
mod finite;
mod free_energy;
mod hessian;
mod input_space;
mod krylov;
mod learning_coefficient;
mod minima;
mod moments;
#[cfg(feature = "plot")]
pub mod plot;
mod potential_level;
mod random_walk;
mod recording;
#[cfg(feature = "plot")]
pub mod report;
mod surface;

pub use autocorrelation::{
    AutocorrelationEstimator, AutocorrelationTime, autocorrelation_function,
    integrated_autocorrelation_time,
};
pub use averages::{Average, Averages, average, averages, running_averages};
pub use convergence::{
    Convergence, EffectiveSampleSize, convergence, effective_sample_size, r_hat, split_r_hat,
};
pub use covariance::{
    CovarianceAccumulator, CovarianceMethod, PrincipalComponents, PrincipalComponentsConfig,
};
pub use diffusion_map::{
    Bandwidth, CoordinateReading, CoordinateShows, DiffusionMap, DiffusionMapConfig,
    DiffusionMapReading, DiffusionMapReadingConfig,
};
pub use draws::{ColumnBlock, DrawBlock, Draws};
pub use free_energy::{
    Barrier, Basin, Basins, Bins, BlockBootstrap, BlockBootstrapConfig, CollectiveVariable,
    FreeEnergyPlane, FreeEnergyPlaneConfig, FreeEnergyProfile, FreeEnergyProfileConfig, LevelSets,
    LevelSetsConfig, reweighting_log_weights,
};
pub use hessian::{
    DensityCurve, Eigenpairs, EigenpairsConfig, Hessian, HessianProduct, HessianProgress,
    HessianTrace, HessianTraceConfig, SpectralDensity, SpectralDensityConfig, SpectralMeasure,
    SpectrumEnd,
};
pub use input_space::{InputGrid, PredictionSpread, Predictions};
pub use learning_coefficient::{LearningCoefficient, learning_coefficient_inverse_temperature};
pub use minima::{
    ElasticBandConfig, HessianIndex, HessianIndexConfig, HiddenUnits, Minima, MinimaConfig,
    MinimaProgress, Minimum, MinimumEnergyPath, PathPotential, Quench, QuenchConfig, QuenchEnd,
    QuenchedDraw, StationaryPoint, UnitSymmetry, merge_minima, potential_on_line,
};
pub use moments::RunningMoments;
pub use potential_level::{PotentialLevel, PotentialVerdict};
pub use random_walk::{
    ChainWalk, Diffusion, RandomWalkCheck, RandomWalkCheckConfig, Verdict, cosine_content,
    diffusion, free_random_walks, random_walk_eigenvalues,
};
pub use recording::Recording;
pub use surface::{
    Axis, GridMinimum, ParameterAxis, RandomDirectionConfig, Surface, TrajectoryPotential,
    TrajectoryProjection, ZoomConfig,
};
