//! Tables of numbers as comma-separated text.

use std::io::Write;
use std::path::Path;

use tati_core::{Result, write_atomically};

/// Writes a header and rows, each of some indices and some numbers that read back as they were. The file appears under its name
/// once it is complete.
pub(crate) fn write_table<'a>(
    path: &Path,
    header: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = (Vec<usize>, Vec<f64>)>,
) -> Result<()> {
    write_atomically(path, |file| {
        let header: Vec<&str> = header.into_iter().collect();
        writeln!(file, "{}", header.join(","))?;
        for (indices, numbers) in rows {
            let indices = indices.iter().map(|index| index.to_string());
            let numbers = numbers.iter().map(|number| format!("{number:?}"));
            let row: Vec<String> = indices.chain(numbers).collect();
            writeln!(file, "{}", row.join(","))?;
        }
        Ok(())
    })
}
