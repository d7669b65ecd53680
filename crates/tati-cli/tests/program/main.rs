//! The program as a user runs it.

mod analyses;
mod command;
mod draws;
mod help;
mod manual;
mod refused_analyses;
mod runs;
mod surfaces;
