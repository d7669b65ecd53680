//! Labelled points as comma-separated text: features in the first columns, the class in the last, `label`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use tati_core::{Result, TableReader, TatiError, quoted, write_atomically};

use crate::LabelledSet;

/// Reads a table such as
///
/// ```text
/// # petals
/// x1,x2,label
/// 0.5,-1,0
/// 2.25,1e-3,1
/// ```
///
/// The header's last column is `label`, a whole number from 0; the others are features under any name. Lines that
/// start with `#` and blank lines count as lines and are skipped. There are as many classes as the largest label
/// says.
///
/// # Errors
/// [`TatiError::File`] if the file cannot be read; [`TatiError::Format`] if it has no header or no rows;
/// [`TatiError::Table`] with line and column (from 1) where a row has too few or too many fields, a feature is not
/// a finite number, or a label is not a class.
///
/// # Example
/// ```
/// use tati_models::{PlaygroundConfig, PlaygroundShape, read_csv, write_csv};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("spiral.csv");
/// let set = PlaygroundConfig::new(PlaygroundShape::Spiral).generate()?;
/// write_csv(&path, &set)?;
/// assert_eq!(read_csv(&path)?, set);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn read_csv(path: impl AsRef<Path>) -> Result<LabelledSet> {
    let path = path.as_ref();
    let mut table = TableReader::open(path)?;
    let Some(header) = table.next_row()? else {
        return Err(TatiError::format(
            path,
            "it is empty: the first line must be a header like `x1,x2,label`",
        ));
    };
    let columns: Vec<String> = header.fields().map(str::to_string).collect();
    let dimension = columns.len() - 1;
    if columns[dimension] != LABEL || dimension == 0 {
        return Err(header.error(
            columns.len(),
            format!(
                "`{}` ends the header, where `{LABEL}` must, after at least one feature",
                columns[dimension]
            ),
        ));
    }
    let mut features = Vec::new();
    let mut labels = Vec::new();
    while let Some(row) = table.next_row()? {
        row.require_columns(&columns)?;
        for (field, column) in row.fields().take(dimension).zip(1..) {
            features.push(parse_feature(field).map_err(|reason| row.error(column, reason))?);
        }
        let label = row.field(dimension).unwrap_or_default();
        labels.push(parse_label(label).map_err(|reason| row.error(dimension + 1, reason))?);
    }
    let Some(largest) = labels.iter().max() else {
        return Err(TatiError::format(path, "no row follows the header"));
    };
    let classes = *largest as usize + 1;
    LabelledSet::new(features, labels, dimension, classes)
}

/// Writes `set` as a table that [`read_csv`] reads back bit for bit, with the header `x1,…,xd,label`.
///
/// The file appears under its name only once it is complete. Only the labels say how many classes there are:
/// highest classes without a point are not remembered.
///
/// # Errors
/// [`TatiError::File`] if it cannot be written.
pub fn write_csv(path: impl AsRef<Path>, set: &LabelledSet) -> Result<()> {
    write_atomically(path.as_ref(), |file| write_table(file, set))
}

const LABEL: &str = "label";

fn parse_feature(field: &str) -> std::result::Result<f32, String> {
    match field.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("{} is not a finite number", quoted(field))),
        Err(_) => Err(format!("{} is not a number", quoted(field))),
    }
}

fn parse_label(field: &str) -> std::result::Result<u32, String> {
    match field.parse::<u32>() {
        Ok(label) if (label as usize) < LabelledSet::MAX_CLASSES => Ok(label),
        _ => Err(format!(
            "{} is not a class: it must be a whole number from 0 to {}",
            quoted(field),
            LabelledSet::MAX_CLASSES - 1
        )),
    }
}

fn write_table(file: &mut BufWriter<File>, set: &LabelledSet) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(file);
    let names = (1..=set.dimension()).map(|index| format!("x{index}"));
    writer.write_record(names.chain([LABEL.to_string()]))?;
    for (features, label) in set.iter() {
        for feature in features {
            // The shortest decimal that reads back as the same number.
            writer.write_field(feature.to_string())?;
        }
        writer.write_field(label.to_string())?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

#[cfg(test)]
#[path = "csv_table_tests.rs"]
mod tests;
