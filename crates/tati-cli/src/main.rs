//! `tati`: train, sample and analyse from a shell.

mod analyse;
mod calibrate;
mod command;
mod completions;
mod dataset;
mod devices;
mod error;
mod explore;
mod export;
mod inputs;
mod interrupt;
mod man;
mod options;
mod output;
mod program;
mod progress;
mod report;
mod sample;
mod surface;
mod text;
mod train;

use std::process::ExitCode;

/// glibc returns every large tensor to the system and maps it anew: a step is up to 1.8 times slower with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let panics = error::Panics::kept();
    // Burn and the system panic where they leave no other way; that is exit code 1, and no backtrace.
    std::panic::catch_unwind(command::run).unwrap_or_else(|_| {
        panics.show();
        ExitCode::FAILURE
    })
}
