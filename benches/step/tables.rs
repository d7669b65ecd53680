//! The tables at the end: medians as criterion stored them, and their ratios.

use std::fs;
use std::path::{Path, PathBuf};

const ROWS: [&str; 9] = [
    "sgd",
    "sgld fused",
    "gla1 fused",
    "gla2 fused",
    "baoab fused",
    "sghmc fused",
    "sgnht fused",
    "psgld fused",
    "ccadl fused",
];

/// Where criterion keeps its results.
pub fn output_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target")
        .join("criterion")
}

/// Prints every table of which all rows have been measured (a filter on the command line leaves rows out).
pub fn print() {
    for length in [10_000, 1_000_000] {
        let group = format!("noise {length}");
        let per_number = |id| Some(median(&group, id)? / f64::from(length));
        if let (Some(burn), Some(philox)) = (per_number("Tensor::random"), per_number("Philox")) {
            println!(
                "noise, {length:>9} normals: Tensor::random {burn:.2} ns, Philox {philox:.2} ns: {:.1} times as fast",
                burn / philox
            );
        }
    }
    for group in ["update 7850", "update 101770"] {
        let Some(sgd) = median(group, "sgd") else {
            continue;
        };
        println!(
            "\n{:<26} {:>10} {:>8} {:>8}",
            group, "µs/step", "/ SGD", "/ BAOAB"
        );
        let baoab = median(group, "baoab fused");
        for row in ROWS {
            let Some(time) = median(group, row) else {
                continue;
            };
            println!(
                "{row:<26} {:>10.1} {:>8.3} {:>8}",
                time / 1e3,
                time / sgd,
                baoab.map_or(String::new(), |baoab| format!("{:.3}", time / baoab)),
            );
        }
    }
}

/// The median of one row in nanoseconds.
fn median(group: &str, id: &str) -> Option<f64> {
    // Criterion replaces what a file name may not hold.
    let file_name =
        |name: &str| name.replace(['?', '"', '/', '\\', '*', '<', '>', ':', '|', '^'], "_");
    let path = output_directory()
        .join(file_name(group))
        .join(file_name(id))
        .join("new")
        .join("estimates.json");
    let text = fs::read_to_string(path).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
