//! Tables of numbers as comma-separated text.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

use crate::{Result, write_atomically};

/// Writes a header and rows, each of some labels or indices and some numbers that read back as they were. The file appears under its name
/// once it is complete.
///
/// # Errors
/// [`TatiError::File`](crate::TatiError::File) if it cannot be written.
///
/// # Example
/// ```
/// use tati_core::write_table;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("table.csv");
/// write_table(&path, ["chain", "mean"], [(vec![0], vec![0.1]), (vec![1], vec![0.25])])?;
/// assert_eq!(std::fs::read_to_string(&path)?, "chain,mean\n0,0.1\n1,0.25\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_table<N: AsRef<str>, L: Display>(
    path: impl AsRef<Path>,
    header: impl IntoIterator<Item = N>,
    rows: impl IntoIterator<Item = (Vec<L>, Vec<f64>)>,
) -> Result<()> {
    write_atomically(path.as_ref(), |file| {
        let header: Vec<String> = header
            .into_iter()
            .map(|name| field(name.as_ref()))
            .collect();
        writeln!(file, "{}", header.join(","))?;
        for (labels, numbers) in rows {
            let labels = labels.iter().map(|label| field(&label.to_string()));
            let numbers = numbers.iter().map(|number| format!("{number:?}"));
            let row: Vec<String> = labels.chain(numbers).collect();
            writeln!(file, "{}", row.join(","))?;
        }
        Ok(())
    })
}

/// `text` as a field: in quotes where it has to be.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableReader;

    #[test]
    fn names_are_read_back_whatever_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let names = ["plain", "a,b", "say \"x\""];
        let row = (vec!["w[0,1]"], vec![1e-300, -0.1]);
        write_table(&path, names, [row]).unwrap();
        let mut table = TableReader::open(&path).unwrap();
        let header = table.next_row().unwrap().unwrap();
        assert_eq!(header.fields().collect::<Vec<_>>(), names);
        let row = table.next_row().unwrap().unwrap();
        assert_eq!(row.field(0), Some("w[0,1]"));
        assert_eq!(
            (row.number(1).unwrap(), row.number(2).unwrap()),
            (1e-300, -0.1)
        );
    }
}
