//! The example `remote_walkers`, as a user runs it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::example::{array, assert_refused, example, json, number, seeded};

#[test]
fn walkers_on_servers_go_where_those_at_home_go() {
    let mut command = seeded("remote_walkers");
    let results = json(command.args(["--walkers", "2", "--servers", "2", "--steps", "15"]));
    let walkers = array(&results, "walkers");
    assert_eq!(walkers.len(), 2);
    assert_ne!(walkers[0]["device"], walkers[1]["device"]);
    for walker in walkers {
        let device = walker["device"].as_str().expect("a name");
        assert!(device.starts_with("remote:127.0.0.1:"), "{device}");
        let [potential, at_home] =
            ["mean_potential", "mean_potential_at_home"].map(|key| number(walker, key));
        assert!(
            potential > 0.1 && (potential - at_home).abs() < 1e-5,
            "{walker}"
        );
    }
    assert!(number(&results, "largest_difference") < 1e-4, "{results}");
}

#[test]
fn addresses_without_a_server_are_refused() {
    for (address, parts) in [
        ("localhost", ["device", "it must be remote:HOST:PORT"]),
        ("127.0.0.1:1", ["remote:127.0.0.1:1", "refused"]),
    ] {
        assert_refused(
            seeded("remote_walkers").args(["--connect", address]),
            &parts,
        );
    }
    let mut command = seeded("remote_walkers");
    assert_refused(
        command.args(["--device", "remote:127.0.0.1:1"]),
        &["refused"],
    );
}

/// A server on loopback, and its address.
fn server() -> (Child, String) {
    let mut process = Command::new(example("remote_walkers").get_program())
        .args(["--serve", "127.0.0.1:0", "--json"])
        .env("RUST_LOG", "off")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut line = String::new();
    let output = process.stdout.take().expect("a pipe");
    let read = BufReader::new(output).read_line(&mut line);
    read.expect("a line");
    let listening: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let address = listening["address"].as_str().expect("an address");
    (process, address.to_string())
}

fn recorded(out: &Path) -> assert_cmd::Command {
    let mut command = seeded("remote_walkers");
    command.args(["--walkers", "1", "--servers", "1", "--steps", "30"]);
    command.args(["--checkpoint-every", "5", "--out"]).arg(out);
    command
}

#[test]
fn a_run_whose_server_is_killed_names_it_and_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let (mut server, address) = server();
    let lost = recorded(&out);
    let run = Command::new(lost.get_program())
        .args(lost.get_args())
        .args(["--connect", &address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let checkpoint = out.join("remote/checkpoint/state.json");
    let patience = Instant::now() + Duration::from_secs(120);
    while !checkpoint.exists() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    server.kill().expect("a running server");
    server.wait().expect("its end");
    let ended = run.wait_with_output().expect("an end");
    let message = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    let name = format!("remote:{address}");
    assert!(
        message.contains(&name) && message.contains("went away"),
        "{message}"
    );

    let results = json(recorded(&out).arg("--resume"));
    assert!(number(&results, "largest_difference") < 1e-4, "{results}");
    let device = array(&results, "walkers")[0]["device"].clone();
    assert_ne!(device, name.as_str());
}
