//! Runs the program and looks at what comes back.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// `tati` with these arguments.
pub fn tati<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tati"));
    command.args(arguments).env("RUST_BACKTRACE", "1");
    command
}

/// The one JSON object that `tati … --json` prints.
pub fn json(arguments: &[&str]) -> Value {
    let output = tati(arguments).arg("--json").output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{arguments:?}: {err}");
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(out.trim_end().lines().count(), 1, "{out}");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert!(value.is_object());
    value
}

/// Asserts that the arguments are refused with exit code 2 and one to three lines that hold `part`, and that `folder` is left as it was.
pub fn assert_refused(arguments: &[&str], part: &str, folder: &Path) {
    let before = entries(folder);
    let output = tati(arguments).current_dir(folder).output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
    assert!(out.is_empty(), "{arguments:?}: {out}");
    assert!(
        (1..=3).contains(&err.trim_end().lines().count()) && !err.contains("panicked"),
        "{arguments:?}: {err}"
    );
    assert!(err.starts_with("error: "), "{arguments:?}: {err}");
    assert!(
        err.contains(part),
        "{arguments:?}: `{part}` is not in: {err}"
    );
    assert_eq!(entries(folder), before, "{arguments:?} left files");
}

/// Everything in a folder and below.
fn entries(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(entries(&path));
        }
        names.push(path.display().to_string());
    }
    names.sort();
    names
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

pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
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
    let text = std::fs::read_to_string(path).unwrap();
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
