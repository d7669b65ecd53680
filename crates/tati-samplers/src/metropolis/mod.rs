//! Transition kernels that accept or reject: MALA, HMC and NUTS.
//!
//! Their energies contain the prior, their positions, momenta and energies are double precision in host memory, and their
//! random numbers are those of (seed; walker; transition number) in streams that no parameter tensor can get.

pub(crate) mod evaluate;
mod hmc;
mod leg;
mod mala;
mod nuts;
pub(crate) mod running_variance;
pub(crate) mod saved;
mod step_size;
pub(crate) mod walker;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use hmc::{Hmc, HmcConfig, HmcOrder};
pub use mala::{Mala, MalaConfig};
pub use nuts::{Nuts, NutsConfig};

/// Energy errors above this, in units of 1/β, are divergences.
pub(crate) const DIVERGENCE: f64 = 1000.0;

/// min(1, exp(`log_ratio`)), and 0 where the ratio is not a number.
fn acceptance_probability(log_ratio: f64) -> f64 {
    if log_ratio.is_nan() {
        0.0
    } else {
        log_ratio.min(0.0).exp()
    }
}
