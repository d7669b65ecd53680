//! Options from a file, and what a dry run prints.

use std::fs;

use crate::command::Place;

const OPTIONS: &str = "--data spiral --items 40 --model mlp --hidden 4,3 --activation tanh --step-size 0.1 --friction 2 \
                       --prior-gaussian 0.01 --steps 100 --every 5 --seed 18446744073709551615";

#[test]
fn a_file_and_flags_give_the_same_run() {
    let place = Place::new();
    place.text(&format!("sample {OPTIONS} --out flags"));
    let dry = place.text(&format!("sample {OPTIONS} --out none --dry-run"));
    assert!(!place.path("none").exists());
    place.write("options.toml", &dry);
    place.text("sample --config options.toml --out file");
    assert_eq!(
        place.files("flags/trajectory.zarr"),
        place.files("file/trajectory.zarr")
    );
    let config = |run: &str| fs::read_to_string(place.path(run).join("config.json")).unwrap();
    assert_eq!(config("flags"), config("file"));
}

#[test]
fn the_command_line_has_precedence_over_the_file() {
    let place = Place::new();
    place.write(
        "options.toml",
        "data = \"spiral\"\nsteps = 7\nhidden = [4, 5]\nmodel = \"mlp\"\njson = true\n",
    );
    let text = place.text(
        "sample --config=options.toml --steps 9 --step-size 0.1 --hidden 3 --out run --dry-run",
    );
    let options: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(options["steps"], 9);
    assert_eq!(options["hidden"], serde_json::json!([3]));
    assert_eq!(options["data"], "spiral");
}

#[test]
fn infinity_is_a_word() {
    let place = Place::new();
    let line = "sample --data spiral --step-size 0.1 --inverse-temperature inf --steps 20 --seed 1";
    let dry = place.text(&format!("{line} --out run --dry-run"));
    assert!(dry.contains("inverse-temperature = \"inf\""), "{dry}");
    place.write("options.toml", &dry);
    place.text("sample --config options.toml --out run");
    place.text("sample --resume run --steps 30");
}
