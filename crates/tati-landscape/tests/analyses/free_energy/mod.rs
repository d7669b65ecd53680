//! Free energies of wells against quadrature: values, errors, barriers, populations; what is exact; what is refused.

mod basins;
mod coverage;
mod exact;
mod level_sets;
mod refusals;
mod theory;
mod wells;
