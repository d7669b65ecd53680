//! The examples as a user runs them, and what they write.

mod example;

mod curvature;
mod diffusion_map;
mod explore;
mod first_steps;
mod free_energy;
mod funnel;
mod kill_and_resume;
mod mnist;
mod permutation_symmetry;
#[cfg(feature = "remote")]
mod remote_walkers;
mod replica_exchange;
mod samplers;
mod store_in_python;
