//! The options that every subcommand takes.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How the program answers, and what it runs on.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub struct GlobalOptions {
    /// Print help; `tati help COMMAND` tells all options
    #[arg(short, long, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    /// Print one JSON object on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on stderr; twice for details
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but errors, show no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Where to compute: one of what `tati devices` lists, or remote:HOST:PORT [default: flex]
    #[arg(long, global = true, value_name = "NAME")]
    pub device: Option<String>,
    /// Take options from a TOML file: a table of their long names
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the configuration that would be run, as --config takes it, and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
}

impl GlobalOptions {
    /// Starts the log on stderr: warnings, with -v what is done, with -vv details of the libraries.
    pub(crate) fn start_log(&self) {
        let level = match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::ERROR,
            (_, 0) => LevelFilter::WARN,
            (_, 1) => LevelFilter::INFO,
            _ => LevelFilter::DEBUG,
        };
        // Without a display EGL complains to wgpu, which goes on without it.
        let of_egl = match self.verbose {
            0 => LevelFilter::OFF,
            _ => level,
        };
        let targets = Targets::new()
            .with_default(level)
            .with_target("wgpu_hal::gles::egl", of_egl);
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .without_time()
            .finish()
            .with(targets)
            .init();
    }
}
