//! Comma-separated text, read line by line with the place of everything for errors.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::{Result, TatiError};

/// Reads the lines of a table. Lines that start with `#` and blank lines count as lines and are skipped; fields may be quoted; a byte
/// order mark in front of the first line is skipped.
///
/// # Example
/// ```
/// use tati_core::TableReader;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("table.csv");
/// std::fs::write(&path, "# a comment\na,b\n1,2\n3,x\n")?;
/// let mut table = TableReader::open(&path)?;
/// let header = table.next_row()?.expect("there is a header");
/// assert_eq!(header.fields().collect::<Vec<_>>(), ["a", "b"]);
/// assert_eq!(table.next_row()?.expect("there is a row").number(1)?, 2.0);
/// let error = table.next_row()?.expect("there is a row").number(1).unwrap_err();
/// assert!(error.to_string().ends_with("table.csv:4:2: `x` is not a number"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TableReader {
    path: PathBuf,
    reader: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
    record: StringRecord,
}

/// A line of a table.
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    path: &'a Path,
    line: u64,
    record: &'a StringRecord,
}

impl TableReader {
    /// Opens the table at `path`.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| TatiError::file(path, "opening", error))?;
        Ok(Self {
            path: path.to_path_buf(),
            reader: BufReader::new(file),
            line: 0,
            buffer: Vec::new(),
            record: StringRecord::new(),
        })
    }

    /// The next line that is neither a comment nor blank; `None` at the end.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be read, [`TatiError::Table`] if it is not UTF-8 text.
    pub fn next_row(&mut self) -> Result<Option<TableRow<'_>>> {
        // Lines are cut here and not by the CSV reader, whose positions are those before the comments it skips.
        let text = loop {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer);
            if read.map_err(|error| TatiError::file(&self.path, "reading", error))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let mut text = self.buffer.as_slice();
            if self.line == 1 {
                text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            }
            let text = text.trim_ascii();
            if !text.is_empty() && !text.starts_with(b"#") {
                break text;
            }
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(text.len())
            .from_reader(text);
        let read = reader.read_record(&mut self.record);
        let row = TableRow {
            path: &self.path,
            line: self.line,
            record: &self.record,
        };
        match read {
            Ok(_) => Ok(Some(row)),
            Err(_) => Err(row.error(1, "the line is not UTF-8 text")),
        }
    }
}

impl<'a> TableRow<'a> {
    /// The number of fields.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }

    /// The fields without the blanks around them.
    pub fn fields(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.record.iter().map(str::trim)
    }

    /// Field `index`, from 0, without the blanks around it.
    pub fn field(&self, index: usize) -> Option<&'a str> {
        self.record.get(index).map(str::trim)
    }

    /// Field `index` as a number, which may be `NaN` or `inf`.
    ///
    /// # Errors
    /// [`TatiError::Table`] if it is none, or missing.
    pub fn number(&self, index: usize) -> Result<f64> {
        let field = self.field(index).unwrap_or_default();
        field
            .parse()
            .map_err(|_| self.error(index + 1, format!("{} is not a number", quoted(field))))
    }

    /// Checks that there is a field for each of the `columns`.
    ///
    /// # Errors
    /// [`TatiError::Table`] if there are fewer or more.
    pub fn require_columns(&self, columns: &[String]) -> Result<()> {
        let (found, expected) = (self.len(), columns.len());
        let count = || format!("the row has {found} of {expected} fields");
        if found < expected {
            let missing = &columns[found];
            let reason = format!("column `{missing}` is missing: {}", count());
            return Err(self.error(found + 1, reason));
        }
        if found > expected {
            let reason = format!("one field too many: {}", count());
            return Err(self.error(expected + 1, reason));
        }
        Ok(())
    }

    /// What is wrong at column `column`, from 1, of this line.
    pub fn error(&self, column: usize, reason: impl Into<String>) -> TatiError {
        TatiError::Table {
            path: self.path.to_path_buf(),
            line: self.line,
            column,
            reason: reason.into(),
        }
    }
}

/// Spreadsheets put it in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// `field` in quotes as a message can show it: on one line, and not a novel.
pub fn quoted(field: &str) -> String {
    const LONGEST: usize = 40;
    let shown: String = field.trim().chars().take(LONGEST).collect();
    let rest = if field.trim().chars().count() > LONGEST {
        "…"
    } else {
        ""
    };
    format!("`{}{rest}`", shown.escape_debug())
}
