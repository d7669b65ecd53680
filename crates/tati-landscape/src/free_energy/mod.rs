//! Free energy along collective variables, with its barriers, the basins between them and its errors.
//!
//! The free energy of a variable q(θ) at inverse temperature β is F(q) = −(1/β) ln ρ(q), ρ the density of q under exp(−βU): that of
//! a loss, a parameter, a principal component or a diffusion coordinate. It is not the potential along q, but holds the entropy of all
//! that q leaves out.

mod bins;
mod bootstrap;
mod cells;
mod landmarks;
mod level_sets;
mod merge_tree;
mod occupation;
mod plane;
mod profile;
mod variable;

pub use bins::Bins;
pub use bootstrap::{BlockBootstrap, BlockBootstrapConfig};
pub use cells::{Barrier, Basin, Basins};
pub use level_sets::{LevelSets, LevelSetsConfig};
pub use plane::{FreeEnergyPlane, FreeEnergyPlaneConfig};
pub use profile::{FreeEnergyProfile, FreeEnergyProfileConfig};
pub use variable::{CollectiveVariable, reweighting_log_weights};
