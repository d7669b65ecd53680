//! Tables of numbers as comma-separated text that reads back exactly.

use std::fs;
use std::io::Write;
use std::path::Path;

use tati_core::{Result, TatiError, write_atomically};

/// Writes a line of column names and one a row. The file appears under its name once it is complete.
pub(super) fn write_table(
    path: &Path,
    columns: &[String],
    rows: impl IntoIterator<Item = Vec<f64>>,
) -> Result<()> {
    write_atomically(path, |file| {
        writeln!(file, "{}", columns.join(","))?;
        for row in rows {
            for (index, number) in row.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                // The shortest decimals that read back as the same number; counts without a decimal point.
                if number.fract() == 0.0 && number.abs() < 1e15 {
                    write!(file, "{comma}{number}")?;
                } else {
                    write!(file, "{comma}{number:?}")?;
                }
            }
            writeln!(file)?;
        }
        Ok(())
    })
}

/// The rows of a table whose columns are called `columns`.
pub(super) fn read_table(path: &Path, columns: &[String]) -> Result<Vec<Vec<f64>>> {
    let text = fs::read_to_string(path).map_err(|error| TatiError::file(path, "reading", error))?;
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    if header != columns.join(",") {
        return Err(TatiError::format(
            path,
            "has other columns than this exploration writes: restore the file, or explore to another folder",
        ));
    }
    let numbered = lines.zip(2..);
    numbered
        .map(|(line, number)| {
            let fields = line.split(',').zip(1..);
            let row = fields
                .map(|(field, column)| {
                    field.parse().map_err(|_| TatiError::Table {
                        path: path.to_path_buf(),
                        line: number,
                        column,
                        reason: format!("`{}` is not a number", field.escape_debug()),
                    })
                })
                .collect::<Result<Vec<f64>>>()?;
            if row.len() == columns.len() {
                return Ok(row);
            }
            Err(TatiError::Table {
                path: path.to_path_buf(),
                line: number,
                column: row.len(),
                reason: format!("the line must have {} numbers", columns.len()),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let columns = ["a", "b"].map(String::from);
        let rows = vec![
            vec![0.1 + 0.2, -1e-300],
            vec![3.0, -0.0],
            vec![f64::MAX, f64::MIN_POSITIVE / 3.0],
            vec![1e15, f64::NEG_INFINITY],
        ];
        write_table(&path, &columns, rows.clone()).unwrap();
        let read = read_table(&path, &columns).unwrap();
        let bits = |rows: &[Vec<f64>]| -> Vec<u64> {
            rows.concat()
                .iter()
                .map(|number| number.to_bits())
                .collect()
        };
        assert_eq!(bits(&read), bits(&rows));
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("a,b\n0.30000000000000004,-1e-300\n3,-0\n"),
            "{text}"
        );
        write_table(&path, &columns, [vec![f64::NAN, 1.0]]).unwrap();
        assert!(read_table(&path, &columns).unwrap()[0][0].is_nan());
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let columns = ["a", "b"].map(String::from);
        for (text, part) in [
            ("", "other columns"),
            ("a,c\n1,2\n", "other columns"),
            ("a,b\n1,2\n3,x\n", "table.csv:3:2: `x` is not a number"),
            ("a,b\n1,2\n3", "table.csv:3:1: the line must have 2 numbers"),
        ] {
            fs::write(&path, text).unwrap();
            let error = read_table(&path, &columns).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(read_table(&folder.path().join("none.csv"), &columns).is_err());
    }
}
