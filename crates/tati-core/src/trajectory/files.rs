//! Files that are either complete or not there, and the hook by which tests stop a run between two of them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Result, TatiError};

/// The ending of a file that is being written.
pub(super) const UNFINISHED: &str = ".part";

/// Every change that a writer makes on disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    /// How many operations are left before the process counts as killed.
    #[cfg(test)]
    budget: Option<std::sync::Arc<std::sync::atomic::AtomicUsize>>,
}

impl Files {
    /// Writes `content` under a temporary name and renames it to `path`, so that `path` is always complete. It is not
    /// synchronised: that protects against the loss of power, not of the process.
    pub(super) fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let temporary = beside(path, UNFINISHED);
        self.write_and_rename(&temporary, path, content)
            .map_err(|error| {
                self.discard(&temporary);
                TatiError::file(path, "writing", with_remedy(error))
            })
    }

    pub(super) fn create_folder(&self, path: &Path) -> Result<()> {
        self.operation()
            .and_then(|()| fs::create_dir_all(path))
            .map_err(|error| TatiError::file(path, "creating the folder", with_remedy(error)))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.operation()
            .and_then(|()| fs::rename(from, to))
            .map_err(|error| TatiError::file(to, "creating the folder", with_remedy(error)))
    }

    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        self.operation()
            .and_then(|()| fs::remove_file(path))
            .map_err(|error| TatiError::file(path, "removing", with_remedy(error)))
    }

    /// Removes a folder that was not finished; nothing more can be done where even this fails.
    pub(super) fn discard_folder(&self, path: &Path) {
        if self.operation().is_ok() {
            let _ = fs::remove_dir_all(path);
        }
    }

    fn discard(&self, path: &Path) {
        if self.operation().is_ok() {
            let _ = fs::remove_file(path);
        }
    }

    fn write_and_rename(&self, temporary: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
        if let Err(killed) = self.operation() {
            // As far as a process comes that is killed while writing.
            fs::write(temporary, &content[..content.len() / 2])?;
            return Err(killed);
        }
        fs::write(temporary, content)?;
        self.operation()?;
        fs::rename(temporary, path)
    }

    /// Fails once a test has used up its budget.
    fn operation(&self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(budget) = &self.budget {
            let less = budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
            less.map_err(|_| io::Error::other("killed"))?;
        }
        Ok(())
    }

    /// Files of a process that is killed after `operations` operations.
    #[cfg(test)]
    pub(super) fn killed_after(operations: usize) -> Self {
        Self {
            budget: Some(std::sync::Arc::new(operations.into())),
        }
    }
}

/// `path` with `ending` behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

/// An ending that no other writer has.
pub(super) fn unique_ending() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(".{}-{count}{UNFINISHED}", process::id())
}

/// The system's reason followed by what to do about it.
pub(super) fn with_remedy(error: io::Error) -> io::Error {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that may be written to"
        }
        io::ErrorKind::NotADirectory => "a part of the path is a file: choose another folder",
        io::ErrorKind::IsADirectory => "a folder has this name: move it away",
        io::ErrorKind::NotFound => "restore the folder it belongs to",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{error}; {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_its_remedy() {
        let error = with_remedy(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().ends_with("; free some space"), "{error}");
    }

    #[test]
    fn a_killed_process_leaves_half_a_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chunk");
        assert!(Files::killed_after(0).write(&path, b"1234").is_err());
        assert!(!path.exists());
        let temporary = folder.path().join("chunk.part");
        assert_eq!(fs::read(&temporary).unwrap(), b"12");
        assert!(Files::killed_after(1).write(&path, b"1234").is_err());
        assert!(!path.exists());
        Files::killed_after(2).write(&path, b"1234").unwrap();
        assert!(!temporary.exists());
        assert_eq!(fs::read(&path).unwrap(), b"1234");
    }
}
