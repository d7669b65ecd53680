//! What every subcommand gets of the program around it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::error::CliError;
use crate::interrupt;
use crate::options::GlobalOptions;
use crate::output::Outcome;
use crate::progress;

/// The device where none is asked for.
pub const DEFAULT_DEVICE: &str = "flex";

/// The program: how it answers, what it runs on, and how it is stopped.
#[derive(Debug)]
pub struct Program {
    json: bool,
    quiet: bool,
    dry_run: bool,
    device: Option<String>,
}

impl Program {
    /// The program as the global options have it; starts the log.
    pub fn new(options: &GlobalOptions) -> Self {
        options.start_log();
        Self {
            json: options.json,
            quiet: options.quiet,
            dry_run: options.dry_run,
            device: options.device.clone(),
        }
    }

    /// Whether results are one JSON object.
    pub fn json(&self) -> bool {
        self.json
    }

    /// The outcome of a dry run, which is the configuration `resolved`; `None` if it is to be run.
    pub fn dry_run(&self, resolved: &impl Serialize) -> Option<Result<Outcome, CliError>> {
        self.dry_run
            .then(|| Outcome::configuration(resolved, self.device.as_deref()))
    }

    /// The name of the device: the one asked for, that of the saved run, or the default.
    pub fn device_name(&self, saved: Option<&str>) -> String {
        self.device
            .as_deref()
            .or(saved)
            .unwrap_or(DEFAULT_DEVICE)
            .to_string()
    }

    /// The device of that name, tracking gradients.
    pub fn device(&self, saved: Option<&str>) -> Result<Device, CliError> {
        Ok(tati::open_device(&self.device_name(saved))?.autodiff())
    }

    /// A bar over `length` of something, on a terminal; hidden in a pipe or with `--quiet`.
    pub fn progress(&self, what: &'static str, length: u64) -> ProgressBar {
        progress::bar(what, length, self.quiet)
    }

    /// A flag that Ctrl-C sets; a second Ctrl-C ends the program. For one job of the process.
    pub fn interrupt_flag(&self) -> Result<Arc<AtomicBool>, CliError> {
        interrupt::flag()
    }
}
