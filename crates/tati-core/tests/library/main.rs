//! What every crate builds on: parameters, potentials, gradients on several threads.

mod closed_form;
mod parallel_gradients;
mod parameters;
mod potentials;
