//! Runs that are killed with SIGKILL at random moments, and resumed, record what a run that was never stopped records: the two
//! stores are equal file by file, byte by byte. For every sampler, those with mini-batches included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::example::{self, assert_refused, json};

const STEPS: u32 = 2000;
const KILLS: u32 = 5;

/// The example with these settings, in a folder of its own.
fn run(out: &Path, settings: &[(&str, &str)]) -> assert_cmd::Command {
    let steps = STEPS.to_string();
    let mut all = BTreeMap::from([
        ("--seed", "1"),
        ("--steps", &steps),
        ("--burn-in", "100"),
        ("--thinning", "5"),
        ("--checkpoint-every", "100"),
    ]);
    all.extend(settings.iter().copied());
    let mut command = example::example("resume");
    command.arg("--json").arg("--out").arg(out);
    for (name, value) in all {
        command.args([name, value]);
    }
    command
}

fn resume(sampler: &str, out: &Path) -> assert_cmd::Command {
    run(out, &[("--sampler", sampler)])
}

/// Every file below `folder` by its path there.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").to_path_buf();
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// A number in 0..1 that is another one at each call of each process.
fn random(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

fn assert_kills_leave_no_trace(sampler: &str) {
    assert_kills_leave_no_trace_of(380, |out| resume(sampler, out));
}

/// The same of any run of so many draws.
fn assert_kills_leave_no_trace_of(draws: u32, command: impl Fn(&Path) -> assert_cmd::Command) {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let start = Instant::now();
    let results = json(&mut command(&whole));
    let duration = start.elapsed().as_secs_f64();
    assert_eq!(results["num_draws"], draws);

    let mut state = u64::from(std::process::id());
    for _ in 0..KILLS {
        let to_kill = command(&stopped);
        let mut process = Command::new(to_kill.get_program());
        process.args(to_kill.get_args());
        if stopped.exists() {
            process.arg("--resume");
        }
        process.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = process.spawn().expect("the example starts");
        thread::sleep(Duration::from_secs_f64(0.5 * duration * random(&mut state)));
        // SIGKILL; an error means that the run had come to its end.
        let _ = running.kill();
        running.wait().expect("an end");
    }
    let mut last = command(&stopped);
    if stopped.exists() {
        last.arg("--resume");
    }
    let results = json(&mut last);
    let name = results["sampler"].clone();
    assert_eq!(results["num_draws"], draws, "{name}");
    let (whole, stopped) = (
        files(&whole.join("trajectory.zarr")),
        files(&stopped.join("trajectory.zarr")),
    );
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        stopped.keys().collect::<Vec<_>>(),
        "{name}"
    );
    for (file, content) in &whole {
        assert!(stopped[file] == *content, "{name}: {}", file.display());
    }
}

macro_rules! kill_and_resume {
    ($($sampler:ident)*) => {
        $(
            #[test]
            fn $sampler() {
                assert_kills_leave_no_trace(stringify!($sampler));
            }
        )*
    };
}

kill_and_resume! { sgld psgld gla1 gla2 baoab sghmc sgnht ccadl mala hmc1 hmc2 nuts mclmc }

/// Eight walkers that precondition each other, killed between and at the looks they take; on as many threads as there are.
#[test]
fn ensembles() {
    for sampler in ["baoab", "hmc2"] {
        assert_kills_leave_no_trace_of(8 * 80, |out| {
            run(
                out,
                &[
                    ("--sampler", sampler),
                    ("--steps", "500"),
                    ("--checkpoint-every", "40"),
                    ("--walkers", "8"),
                    ("--covariance-blending", "1"),
                    ("--refresh-every", "75"),
                ],
            )
        });
    }
}

/// Four walkers on a ladder that tunes itself, killed in burn-in and behind it.
#[test]
fn replica_exchange() {
    assert_kills_leave_no_trace_of(4 * 80, |out| {
        run(
            out,
            &[
                ("--steps", "500"),
                ("--checkpoint-every", "40"),
                ("--walkers", "4"),
                ("--hottest", "0.1"),
            ],
        )
    });
}

#[test]
fn a_run_that_is_there_is_neither_overwritten_nor_mistaken_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let short = |setting: (&'static str, &'static str)| run(&out, &[("--steps", "300"), setting]);
    let same = ("--sampler", "baoab");
    json(&mut short(same));
    let before = files(&out);
    let name = out.to_string_lossy().into_owned();
    assert_refused(&mut short(same), &[&name, "resume"]);
    for (setting, parts) in [
        (("--sampler", "gla2"), ["the sampler is baoab", "gla2 now"]),
        (("--seed", "2"), ["the seed", "2 now"]),
        (("--batch-size", "10"), ["the batch size is 50", "10 now"]),
        (("--steps", "200"), ["num_steps is 300", "200 now"]),
        (("--thinning", "3"), ["thinning is 5", "3 now"]),
    ] {
        let mut command = short(setting);
        assert_refused(
            command.arg("--resume"),
            &["config.json", parts[0], parts[1]],
        );
    }
    assert!(files(&out) == before, "a refused run has changed something");

    // More steps extend it.
    let mut longer = run(&out, &[("--steps", "600")]);
    assert_eq!(json(longer.arg("--resume"))["num_draws"], 100);
}

#[test]
fn a_folder_without_a_run_cannot_be_resumed_nor_a_file_be_recorded_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    assert_refused(
        resume("baoab", &missing).arg("--resume"),
        &["config.json", "missing"],
    );
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let inside = file.join("run");
    assert_refused(&mut resume("baoab", &inside), &["file", "creating"]);
}

/// A disk without room for the draws: the limit on the size of a file stands for it, whose signal is ignored so that writing fails.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_after_which_the_run_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    json(&mut resume("baoab", &whole));

    let command = resume("baoab", &stopped);
    let mut limited = assert_cmd::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""]);
    limited.arg(command.get_program()).args(command.get_args());
    assert_refused(&mut limited, &["trajectory.zarr", "theta", "writing"]);

    let mut last = resume("baoab", &stopped);
    assert_eq!(json(last.arg("--resume"))["num_draws"], 380);
    let trajectory = |run: &Path| files(&run.join("trajectory.zarr"));
    assert!(trajectory(&whole) == trajectory(&stopped));
}
