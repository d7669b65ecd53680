//! The folder that figures and tables are written to: all of them, or none.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tati::TatiError;

use crate::error::CliError;

/// Where figures and tables go.
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(next_help_heading = "Output")]
pub struct OutOptions {
    /// Write figures and CSV tables to this new folder
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write to the folder even if it exists, over files of the same names
    #[arg(long, requires = "out")]
    pub overwrite: bool,
    /// Write figures as SVG instead of PNG
    #[arg(long, requires = "out", hide_short_help = true)]
    pub svg: bool,
}

/// Files on their way to a folder: they are under a temporary name until the last is written.
#[derive(Debug)]
pub struct OutFolder {
    folder: PathBuf,
    unfinished: PathBuf,
    extension: &'static str,
    names: Vec<String>,
}

impl OutOptions {
    /// The folder to write to, if one is asked for. Refuses one that is there, before anything is computed.
    pub fn open(&self) -> Result<Option<OutFolder>, CliError> {
        let Some(folder) = &self.out else {
            return Ok(None);
        };
        if folder.exists() && !(self.overwrite && folder.is_dir()) {
            return Err(CliError::Tati(TatiError::Exists {
                path: folder.clone(),
                remedy: "choose another folder with `--out`, or write to it with `--overwrite`",
            }));
        }
        let unfinished = folder.with_added_extension(format!("{}.part", std::process::id()));
        Ok(Some(OutFolder {
            folder: folder.clone(),
            unfinished,
            extension: if self.svg { "svg" } else { "png" },
            names: Vec::new(),
        }))
    }
}

impl OutFolder {
    /// Writes the table `name`.csv by `save`.
    pub fn table(
        &mut self,
        name: &str,
        save: impl FnOnce(&Path) -> tati::Result<()>,
    ) -> Result<(), CliError> {
        self.write(format!("{name}.csv"), save)
    }

    /// Writes the figure `name` by `save`.
    pub fn figure(
        &mut self,
        name: &str,
        save: impl FnOnce(&Path) -> tati::Result<()>,
    ) -> Result<(), CliError> {
        self.write(format!("{name}.{}", self.extension), save)
    }

    fn write(
        &mut self,
        name: String,
        save: impl FnOnce(&Path) -> tati::Result<()>,
    ) -> Result<(), CliError> {
        fs::create_dir_all(&self.unfinished)
            .map_err(|error| TatiError::file(&self.folder, "creating the folder", error))?;
        save(&self.unfinished.join(&name))?;
        self.names.push(name);
        Ok(())
    }

    /// Puts all files under their names, and tells their paths.
    pub fn finish(self) -> Result<Vec<String>, CliError> {
        let failed = |error| TatiError::file(&self.folder, "writing to the folder", error);
        if self.folder.exists() {
            for name in &self.names {
                fs::rename(self.unfinished.join(name), self.folder.join(name)).map_err(failed)?;
            }
        } else if !self.names.is_empty() {
            fs::rename(&self.unfinished, &self.folder).map_err(failed)?;
        }
        let paths = self.names.iter().map(|name| self.folder.join(name));
        Ok(paths.map(|path| path.display().to_string()).collect())
    }
}

impl Drop for OutFolder {
    fn drop(&mut self) {
        // Whatever is left there is of a job that failed, whose own error is the one to report.
        let _ = fs::remove_dir_all(&self.unfinished);
    }
}
