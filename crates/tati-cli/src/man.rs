//! `tati man`: the manual, a page a subcommand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use tati::{TatiError, write_atomically};

use crate::command;
use crate::error::CliError;
use crate::output::Outcome;
use crate::program::Program;

/// Write man pages
#[derive(clap::Args, Debug, Serialize)]
#[command(after_help = "Example: tati man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The folder to write `tati.1`, `tati-train.1` and so on to
    #[arg(value_name = "DIR")]
    #[serde(skip)]
    folder: PathBuf,
}

pub fn run(arguments: &ManArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let folder = &arguments.folder;
    fs::create_dir_all(folder)
        .map_err(|error| TatiError::file(folder, "creating the folder", error))?;
    let mut command = command::command();
    command.build();
    let mut pages = Vec::new();
    write_pages(&command, folder, &mut pages)?;
    let text = format!("{} pages in {}\n", pages.len(), folder.display());
    Outcome::new(&json!({"folder": folder, "pages": pages}), text)
}

/// The pages of a command and of those below it.
fn write_pages(
    command: &clap::Command,
    folder: &Path,
    pages: &mut Vec<String>,
) -> Result<(), CliError> {
    let man = clap_mangen::Man::new(command.clone());
    let page = man.get_filename();
    write_atomically(&folder.join(&page), |file| {
        let mut text = Vec::new();
        man.render(&mut text)?;
        file.write_all(&text)
    })?;
    pages.push(page);
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            write_pages(below, folder, pages)?;
        }
    }
    Ok(())
}
