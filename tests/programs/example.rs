//! Runs the built examples as a user does.

use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;

/// The example `name`, which `cargo test` builds beside the tests.
pub fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("a target folder")
        .join("examples");
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: build the examples first, as `cargo test --release --workspace` does",
        path.display()
    );
    let mut command = Command::new(path);
    command.env("RUST_BACKTRACE", "1");
    command
}

/// The one JSON object that a successful run prints.
pub fn json(command: &mut Command) -> Value {
    let output = command.output().expect("the example starts");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(
        out.trim_end().lines().count(),
        1,
        "more than JSON on stdout: {out}"
    );
    serde_json::from_str(&out).expect("JSON")
}

/// Asserts that bad input ends with exit code 2 and one line that contains every one of `parts`.
pub fn assert_refused(command: &mut Command, parts: &[&str]) {
    let output = command.output().expect("the example starts");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(out.is_empty(), "{out}");
    assert_eq!(err.trim_end().lines().count(), 1, "{err}");
    for part in parts {
        assert!(err.contains(part), "`{part}` is not in: {err}");
    }
}

/// The folder with MNIST. Without it the test called `test` is skipped by name, except in CI, where it fails.
pub fn mnist_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TATI_MNIST_DIR").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci.is_empty()),
            "{test} needs MNIST: set TATI_MNIST_DIR to a folder with the four IDX files"
        );
        eprintln!("skipped: {test} needs TATI_MNIST_DIR");
    }
    folder.map(PathBuf::from)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The number `key` of an example's results.
pub fn number(results: &Value, key: &str) -> f64 {
    results[key]
        .as_f64()
        .unwrap_or_else(|| panic!("no number `{key}` in {results}"))
}

/// The array `key` of an example's results.
pub fn array<'a>(results: &'a Value, key: &str) -> &'a [Value] {
    results[key]
        .as_array()
        .unwrap_or_else(|| panic!("no array `{key}` in {results}"))
}

/// The example `name` with JSON and seed 1.
pub fn seeded(name: &str) -> Command {
    let mut command = example(name);
    command.args(["--json", "--seed", "1"]);
    command
}
