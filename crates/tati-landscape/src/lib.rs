//! What recorded draws and potentials tell of a loss landscape.
//!
//! This crate reads trajectories and potentials, and knows no sampler.
// Libraries never print: what an analysis has to say is returned, or belongs to the program.
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod covariance;
mod draws;
mod eigenpairs;
mod krylov;
mod random_walk;

pub use covariance::{
    CovarianceAccumulator, CovarianceMethod, PrincipalComponents, PrincipalComponentsConfig,
};
pub use draws::{DrawBlock, Draws};
pub use random_walk::{
    ChainWalk, Diffusion, RandomWalkCheck, RandomWalkCheckConfig, Verdict, cosine_content,
    diffusion, random_walk_eigenvalues,
};
