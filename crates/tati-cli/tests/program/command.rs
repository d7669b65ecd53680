//! Runs the program, and looks at what comes back and what it leaves.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// `tati` with these arguments, and no data but what they name.
pub fn tati<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tati"));
    command
        .args(arguments)
        .env("RUST_BACKTRACE", "1")
        .env_remove("TATI_MNIST_DIR");
    command
}

/// The one JSON object that `tati … --json` prints.
pub fn json(arguments: &[&str]) -> Value {
    object(&mut tati(arguments))
}

/// Asserts that the arguments are refused with exit code 2 and one to three lines that hold `part`, and that `folder` is left as it was.
pub fn assert_refused(arguments: &[&str], part: &str, folder: &Path) {
    let before = files(folder);
    let output = tati(arguments).current_dir(folder).output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
    assert!(out.is_empty(), "{arguments:?}: {out}");
    assert!(
        (1..=3).contains(&err.trim_end().lines().count()) && !err.contains("internal"),
        "{arguments:?}: {err}"
    );
    assert!(err.starts_with("error: "), "{arguments:?}: {err}");
    assert!(
        err.contains(part),
        "{arguments:?}: `{part}` is not in: {err}"
    );
    assert!(files(folder) == before, "{arguments:?} left files");
}

/// A folder to run the program in.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The program with the words of `line` as arguments.
    pub fn command(&self, line: &str) -> Command {
        let mut command = tati(line.split_whitespace());
        command.current_dir(self.0.path());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What it prints on success.
    pub fn text(&self, line: &str) -> String {
        printed(&mut self.command(line))
    }

    /// The one JSON object that it prints on success.
    pub fn json(&self, line: &str) -> Value {
        object(&mut self.command(line))
    }

    /// Asserts that the words of `line` are refused, as [`assert_refused`] does.
    pub fn assert_refused(&self, line: &str, part: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_refused(&words, part, self.0.path());
    }

    /// Names and contents of all files below a folder.
    pub fn files(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        files(&self.path(name))
    }
}

fn object(command: &mut Command) -> Value {
    let text = printed(command.arg("--json"));
    assert_eq!(text.trim_end().lines().count(), 1, "{command:?}: {text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value.is_object(), "{command:?}: {text}");
    value
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    assert!(!error.contains("internal"), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Names and contents of all files below a folder, and the folders without contents.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn gather(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if path.is_dir() {
                gather(root, &path, found);
                found.insert(name, Vec::new());
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(folder, folder, &mut found);
    found
}

pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// An array of numbers; null is NaN.
pub fn numbers(value: &Value) -> Vec<f64> {
    let array = value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no array"));
    array
        .iter()
        .map(|number| number.as_f64().unwrap_or(f64::NAN))
        .collect()
}

/// Asserts that two lists of numbers agree to `tolerance`.
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} is not {expected}"
        );
    }
}

/// The columns of a CSV file by name, numbers all of them but for labels, which are NaN.
pub fn column(path: &Path, name: &str) -> Vec<f64> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = header.iter().position(|known| *known == name);
    let place = place.unwrap_or_else(|| panic!("no {name} in {header:?}"));
    let field = |line: &str| {
        line.split(',')
            .nth(place)
            .unwrap()
            .parse()
            .unwrap_or(f64::NAN)
    };
    lines.map(field).collect()
}
