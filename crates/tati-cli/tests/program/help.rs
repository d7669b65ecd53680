//! Help, completions, man pages, and how long the program takes to start.

use std::fs;
use std::time::{Duration, Instant};

use crate::command::Place;

const COMMANDS: [&str; 26] = [
    "train",
    "sample",
    "calibrate",
    "dataset",
    "analyse",
    "analyse averages",
    "analyse covariance",
    "analyse autocorrelation",
    "analyse diffusion-map",
    "analyse free-energy",
    "analyse learning-coefficient",
    "analyse hessian",
    "surface",
    "surface plane",
    "surface line",
    "surface grid",
    "surface trajectory",
    "inputs",
    "explore",
    "report",
    "dataset write",
    "dataset show",
    "export",
    "devices",
    "completions",
    "man",
];

#[test]
fn help_fits_a_screen_and_has_an_example() {
    let place = Place::new();
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let text = place.text(&format!("{command} {flag}"));
            let lines = text.lines().count();
            assert!(
                lines <= 50,
                "tati {command} {flag} has {lines} lines:\n{text}"
            );
            let has_example =
                text.contains("Example: tati ") || text.contains("Examples:\n  tati ");
            assert!(has_example, "{command}: {text}");
        }
    }
    assert!(place.text("--help").lines().count() <= 50);
}

#[test]
fn the_help_command_tells_all_options() {
    let text = Place::new().text("help sample");
    for option in [
        "--covariance-window",
        "--freeze",
        "--wall-lower",
        "--tune-ladder",
    ] {
        assert!(text.contains(option), "{option}");
    }
}

#[test]
fn completions_and_man_pages_know_the_subcommands() {
    let place = Place::new();
    assert!(
        place
            .text("completions bash")
            .contains("--covariance-blending")
    );
    let written = place.json("man pages");
    let pages = written["pages"].as_array().unwrap();
    assert!(pages.contains(&"tati-dataset-write.1".into()), "{written}");
    let page = fs::read_to_string(place.path("pages/tati-sample.1")).unwrap();
    assert!(
        page.contains(".SH SYNOPSIS") && page.contains("walkers"),
        "{page}"
    );
}

/// The best of many, as other processes are about.
#[test]
fn it_starts_in_less_than_20_ms() {
    let place = Place::new();
    let time = || {
        let start = Instant::now();
        place.text("--help");
        start.elapsed()
    };
    let best = (0..40).map(|_| time()).min().unwrap();
    assert!(best < Duration::from_millis(20), "{best:?}");
}
