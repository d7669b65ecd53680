//! Tables of numbers as comma-separated text.

use std::io::Write;
use std::path::Path;

use tati_core::{Result, write_atomically};

/// Writes a header and rows of numbers, each so that it reads back as it was. The file appears under its name once it is
/// complete.
pub(crate) fn write_table<'a>(
    path: &Path,
    header: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = Vec<f64>>,
) -> Result<()> {
    write_atomically(path, |file| {
        let header: Vec<&str> = header.into_iter().collect();
        writeln!(file, "{}", header.join(","))?;
        for row in rows {
            for (index, number) in row.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                write!(file, "{comma}{number}")?;
            }
            writeln!(file)?;
        }
        Ok(())
    })
}
