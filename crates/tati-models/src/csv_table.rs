//! Labelled points as comma-separated text: features in the first columns, the class in the last, `label`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter};
use std::path::Path;

use tati_core::{Result, TatiError, write_atomically};

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
    let mut lines = Lines::open(path)?;
    let Some(header) = lines.next_record()? else {
        return Err(TatiError::format(
            path,
            "it is empty: the first line must be a header like `x1,x2,label`",
        ));
    };
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_string()).collect();
    let dimension = columns.len() - 1;
    if columns[dimension] != LABEL || dimension == 0 {
        return Err(lines.error(
            columns.len(),
            format!(
                "`{}` ends the header, where `{LABEL}` must, after at least one feature",
                columns[dimension]
            ),
        ));
    }
    let mut features = Vec::new();
    let mut labels = Vec::new();
    while let Some(record) = lines.next_record()? {
        if record.len() < columns.len() {
            let missing = &columns[record.len()];
            return Err(lines.error(
                record.len() + 1,
                format!(
                    "column `{missing}` is missing: {}",
                    count_fields(record.len(), columns.len())
                ),
            ));
        }
        if record.len() > columns.len() {
            return Err(lines.error(
                columns.len() + 1,
                format!(
                    "one field too many: {}",
                    count_fields(record.len(), columns.len())
                ),
            ));
        }
        for (index, field) in record.iter().take(dimension).enumerate() {
            features.push(parse_feature(field).map_err(|reason| lines.error(index + 1, reason))?);
        }
        labels.push(
            parse_label(&record[dimension]).map_err(|reason| lines.error(dimension + 1, reason))?,
        );
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

/// The lines of a file that are neither comments nor blank, and where we are.
struct Lines<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| TatiError::file(path, "opening", error))?;
        Ok(Self {
            path,
            reader: BufReader::new(file),
            line: 0,
            buffer: Vec::new(),
        })
    }

    /// The fields of the next line that has any.
    ///
    /// Lines are cut here and not by the CSV reader, whose positions are those before the comments it skips.
    fn next_record(&mut self) -> Result<Option<csv::StringRecord>> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer);
            if read.map_err(|error| TatiError::file(self.path, "reading", error))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let mut text = self.buffer.as_slice();
            if self.line == 1 {
                text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            }
            let text = text.trim_ascii();
            if !text.is_empty() && !text.starts_with(b"#") {
                return self.split(text).map(Some);
            }
        }
    }

    fn split(&self, text: &[u8]) -> Result<csv::StringRecord> {
        let mut record = csv::StringRecord::new();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(text.len())
            .from_reader(text);
        match reader.read_record(&mut record) {
            Ok(_) => Ok(record),
            Err(_) => Err(self.error(1, "the line is not UTF-8 text".to_string())),
        }
    }

    fn error(&self, column: usize, reason: String) -> TatiError {
        TatiError::Table {
            path: self.path.to_path_buf(),
            line: self.line,
            column,
            reason,
        }
    }
}

/// Spreadsheets put it in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn count_fields(found: usize, expected: usize) -> String {
    format!("the row has {found} of {expected} fields")
}

fn parse_feature(field: &str) -> std::result::Result<f32, String> {
    match field.trim().parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("{} is not a finite number", quote(field))),
        Err(_) => Err(format!("{} is not a number", quote(field))),
    }
}

fn parse_label(field: &str) -> std::result::Result<u32, String> {
    match field.trim().parse::<u32>() {
        Ok(label) if (label as usize) < LabelledSet::MAX_CLASSES => Ok(label),
        _ => Err(format!(
            "{} is not a class: it must be a whole number from 0 to {}",
            quote(field),
            LabelledSet::MAX_CLASSES - 1
        )),
    }
}

/// The field as a message can show it: on one line, and not a novel.
fn quote(field: &str) -> String {
    const LONGEST: usize = 40;
    let shown: String = field.trim().chars().take(LONGEST).collect();
    let rest = if field.trim().chars().count() > LONGEST {
        "…"
    } else {
        ""
    };
    format!("`{}{rest}`", shown.escape_debug())
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
