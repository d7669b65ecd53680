//! `tati completions`: what a shell completes.

use std::io;

use clap::ValueEnum;
use clap_complete::Shell;
use serde_json::json;

use crate::command;
use crate::error::CliError;
use crate::output::Outcome;

/// Print the completions of a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: tati completions bash > /etc/bash_completion.d/tati")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub fn run(arguments: &CompletionsArgs) -> Result<Outcome, CliError> {
    let mut script = io::Cursor::new(Vec::new());
    clap_complete::generate(
        arguments.shell,
        &mut command::command(),
        "tati",
        &mut script,
    );
    let script = String::from_utf8_lossy(script.get_ref()).into_owned();
    let shell = arguments.shell.to_possible_value();
    let shell = shell.map(|value| value.get_name().to_string());
    Outcome::new(&json!({"shell": shell, "script": script}), script)
}
