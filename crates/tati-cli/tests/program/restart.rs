//! Runs that are killed or interrupted, and gone on with.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::command::Place;

const OPTIONS: &str = "sample --data spiral --items 60 --model mlp --hidden 4 --step-size 0.05 --prior-gaussian 0.01 --batch-size 20 \
                       --checkpoint-every 100 --every 5 --seed 3";

fn start(place: &Place, line: &str) -> Child {
    let mut command = place.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "{}",
            path.display()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let place = Place::new();
    for (steps, more) in [
        (6_000, ""),
        (
            2_500,
            "--walkers 3 --covariance-blending 1 --refresh-every 100",
        ),
    ] {
        let line = format!("{OPTIONS} --steps {steps} {more}");
        let names = [format!("whole{steps}"), format!("killed{steps}")];
        place.text(&format!("{line} --out {}", names[0]));
        let mut killed = start(&place, &format!("{line} --out {}", names[1]));
        wait_for(&place.path(&names[1]).join("checkpoint/state.json"));
        killed.kill().unwrap();
        assert!(!killed.wait().unwrap().success());
        place.text(&format!("sample --resume {}", names[1]));
        let [whole, resumed] = names.map(|name| place.files(&format!("{name}/trajectory.zarr")));
        assert!(whole == resumed, "{more}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_tells_how_to_go_on() {
    let place = Place::new();
    let line = format!("{OPTIONS} --steps 1000000000 --out run");
    let child = start(&place, &line);
    wait_for(&place.path("run/checkpoint/state.json"));
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("stopped; go on with: tati sample --resume run"),
        "{text}"
    );
    assert!(place.path("run/model.bpk").exists());
}

#[test]
fn only_the_number_of_steps_can_change() {
    let place = Place::new();
    place.text(&format!("{OPTIONS} --steps 100 --out run"));
    let before = place.files("run");
    for (options, expected) in [
        ("--step-size 0.2", "--step-size cannot be changed"),
        ("--walkers 2", "--walkers cannot be changed"),
        ("--data circles", "--data cannot be changed"),
        ("--collapse --covariance-blending 1", "cannot be changed"),
        ("--steps 50", "resume with what was recorded"),
    ] {
        let output = place.run(&format!("sample --resume run {options}"));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options}: {error}");
        assert!(error.contains(expected), "{options}: {error}");
        assert!(place.files("run") == before, "{options}");
    }
    // Twice: what is said of the run stays with it.
    place.text("sample --resume run --steps 200");
    place.text("sample --resume run --steps 300");
}

#[test]
fn another_start_or_table_is_noticed() {
    let place = Place::new();
    place.write("t.csv", "x1,x2,label\n0,1,0\n1,0,1\n1,1,1\n");
    place.text("train --data csv:t.csv --steps 5 --seed 1 --out one");
    place.text("sample --from one --step-size 0.1 --steps 10 --seed 1 --out two");
    place.write("t.csv", "x1,x2,label\n0,1,0\n1,0,1\n1,2,1\n");
    let output = place.run("sample --resume two --steps 20");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("is not what the run was begun with"),
        "{error}"
    );
}
