//! Covariance of draws and its leading eigenpairs, the principal components.

mod accumulator;
mod centred;
mod dense;
mod gram;
mod principal_components;
mod streamed;

pub use accumulator::CovarianceAccumulator;
pub use principal_components::{CovarianceMethod, PrincipalComponents, PrincipalComponentsConfig};
