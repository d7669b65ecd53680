//! Files and folders that are either complete or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::{Result, TatiError};

/// Writes `path` through `content`: under a temporary name in the same folder, renamed once all is on disk.
///
/// # Errors
/// [`TatiError::File`]; the temporary file is removed and an older `path` is left as it was.
pub fn write_atomically(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    let temporary = temporary_name(path);
    let written = write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // Nothing more can be done where even this fails; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
        TatiError::file(path, "writing", error)
    })
}

/// Writes `value` as JSON in lines, as [`write_atomically`] writes.
///
/// # Errors
/// Those of [`write_atomically`], and for a value that JSON cannot hold.
pub fn write_json_atomically(path: &Path, value: &impl Serialize) -> Result<()> {
    write_atomically(path, |writer| {
        serde_json::to_writer_pretty(&mut *writer, value)?;
        writer.write_all(b"\n")
    })
}

/// Makes the folder `path`, which must not be there, and those that it is in: under a temporary name beside it, renamed once `fill`, which is
/// told that name, has written what belongs into it.
///
/// # Errors
/// [`TatiError::File`], and those of `fill`; the temporary folder is removed.
pub fn create_folder_atomically(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let failed = |error| TatiError::file(path, "creating the folder", error);
    let unfinished = temporary_name(path);
    fs::create_dir_all(&unfinished).map_err(failed)?;
    let created = fill(&unfinished).and_then(|()| fs::rename(&unfinished, path).map_err(failed));
    if created.is_err() {
        // Nothing more can be done where even this fails; the first error is the one to report.
        let _ = fs::remove_dir_all(&unfinished);
    }
    created
}

fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create(path)?);
    content(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()
}

fn temporary_name(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{count}.part", process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write_atomically(&path, |writer| writer.write_all(b"old")).unwrap();
        let error = write_atomically(&path, |writer| {
            writer.write_all(b"half of the new")?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: writing failed: the disk is full", path.display())
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_appears_with_what_belongs_into_it_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs").join("one");
        let error = create_folder_atomically(&path, |unfinished| {
            write_json_atomically(&unfinished.join("config.json"), &[1])?;
            write_json_atomically(&unfinished.join("missing").join("state.json"), &[2])
        });
        assert!(error.unwrap_err().to_string().contains("state.json"));
        let runs = folder.path().join("runs");
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);
        create_folder_atomically(&path, |unfinished| {
            assert!(!path.exists());
            write_json_atomically(&unfinished.join("config.json"), &[1])
        })
        .unwrap();
        assert_eq!(fs::read(path.join("config.json")).unwrap(), b"[\n  1\n]\n");
        assert_eq!(fs::read_dir(&runs).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("table.csv");
        let error = write_atomically(&path, |_| Ok(())).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("{}: writing failed", path.display()))
        );
    }
}
