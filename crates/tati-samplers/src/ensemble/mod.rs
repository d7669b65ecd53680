//! Ensembles: several walkers over one potential, and what they learn from each other.

mod quasi_newton;

pub use quasi_newton::QuasiNewton;
