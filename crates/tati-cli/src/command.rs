//! The subcommands, and what becomes of the one that was asked for.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::analyse::AnalyseArgs;
use crate::calibrate::CalibrateArgs;
use crate::completions::CompletionsArgs;
use crate::dataset::DatasetArgs;
use crate::devices::DevicesArgs;
use crate::error::{CliError, LongNames};
use crate::explore::ExploreArgs;
use crate::export::ExportArgs;
use crate::inputs::InputsArgs;
use crate::man::ManArgs;
use crate::options::GlobalOptions;
use crate::options::config_file::{self, Expanded};
use crate::output::{self, Outcome};
use crate::program::Program;
use crate::report::ReportArgs;
use crate::sample::SampleArgs;
use crate::surface::SurfaceArgs;
use crate::train::TrainArgs;
use crate::{
    analyse, calibrate, completions, dataset, devices, explore, export, inputs, man, report,
    sample, surface, train,
};

/// Thermodynamic sampling of neural networks: train a network, and draw from exp(−βU) of its loss U
#[derive(Parser, Debug)]
#[command(
    name = "tati",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(
    after_help = "Options come from the command line, then from --config, then from a saved run.\n\
                  Exit status: 0 done, 2 bad usage or input, 1 anything else."
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Train(Box<TrainArgs>),
    Sample(Box<SampleArgs>),
    Analyse(Box<AnalyseArgs>),
    Surface(Box<SurfaceArgs>),
    Inputs(Box<InputsArgs>),
    Explore(Box<ExploreArgs>),
    Calibrate(Box<CalibrateArgs>),
    Report(Box<ReportArgs>),
    Dataset(DatasetArgs),
    Export(ExportArgs),
    Devices(DevicesArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    fn run(&self, program: &Program) -> Result<Outcome, CliError> {
        match self {
            Self::Train(arguments) => train::run(arguments, program),
            Self::Sample(arguments) => sample::run(arguments, program),
            Self::Analyse(arguments) => analyse::run(arguments, program),
            Self::Surface(arguments) => surface::run(arguments, program),
            Self::Inputs(arguments) => inputs::run(arguments, program),
            Self::Explore(arguments) => explore::run(arguments, program),
            Self::Calibrate(arguments) => calibrate::run(arguments, program),
            Self::Report(arguments) => report::run(arguments, program),
            Self::Dataset(arguments) => dataset::run(arguments, program),
            Self::Export(arguments) => export::run(arguments, program),
            Self::Devices(arguments) => devices::run(arguments, program),
            Self::Completions(arguments) => completions::run(arguments),
            Self::Man(arguments) => man::run(arguments, program),
        }
    }
}

/// The command as it is parsed and documented: with one flag for help, that of the global options.
pub fn command() -> clap::Command {
    fn without_help_flag(command: clap::Command) -> clap::Command {
        command
            .disable_help_flag(true)
            .mut_subcommands(without_help_flag)
    }
    without_help_flag(Cli::command())
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut command = command();
    let expanded = match config_file::expand(&arguments, &mut command) {
        Ok(expanded) => expanded,
        Err(error) => return error.report(&LongNames::none()),
    };
    let cli = match parse(command, &expanded) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let program = Program::new(&cli.global);
    let outcome = cli
        .command
        .run(&program)
        .and_then(|outcome| output::print(&outcome, program.json()).map(|()| outcome));
    match outcome {
        Ok(outcome) if outcome.is_complete() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => error.report(&expanded.long_names),
    }
}

fn parse(command: clap::Command, expanded: &Expanded) -> Result<Cli, ExitCode> {
    let parsed = command
        .try_get_matches_from(&expanded.arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        if error.use_stderr() && error.kind() != MISSING {
            return CliError::Usage(expanded.explain(&error)).report(&LongNames::none());
        }
        // Help and version; a closed pipe is no reason to complain.
        let _ = error.print();
        ExitCode::from(error.exit_code() as u8)
    })
}

/// `tati` alone: the help is the answer.
const MISSING: clap::error::ErrorKind =
    clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_consistent() {
        command().debug_assert();
    }
}
