//! The program as a user runs it.

mod calibrate;
mod common;
mod configuration;
mod dataset;
mod help;
mod restart;
mod sample;
mod train;
mod usage;
