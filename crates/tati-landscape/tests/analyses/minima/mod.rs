//! Minima of potentials, the copies of them, and the ways between.

mod given;
mod path;
mod quench;
mod symmetry;
