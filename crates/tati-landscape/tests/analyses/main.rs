//! The analyses against closed forms and independent references. One binary: each would link Burn once more.

mod quadratic;
mod series;

mod autocorrelation;
mod averages;
mod covariance;
mod diagnostics;
mod diffusion_map;
mod diffusion_map_references;
mod free_energy;
mod hessian;
mod input_space;
mod minima;
mod surface;
