//! The program as a user runs it.

mod analyses;
mod calibrate;
mod command;
mod configuration;
mod dataset;
mod devices;
mod draws;
mod help;
mod refused_analyses;
mod refused_surfaces;
mod report;
mod restart;
mod runs;
mod sample;
mod surfaces;
mod train;
mod usage;
