//! A recorded trajectory opens in Python, with xarray and ArviZ.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tati::core::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};

const NUM_DRAWS: usize = 300;

/// The Python with the packages of `tests/python/requirements.txt`. Without it the test called `test` is skipped by name, except in
/// CI, where it fails.
fn python(test: &str) -> Option<OsString> {
    let python = env::var_os("TATI_PYTHON").filter(|python| !python.is_empty());
    if python.is_none() {
        assert!(
            env::var_os("CI").is_none_or(|ci| ci.is_empty()),
            "{test} needs Python: install tests/python/requirements.txt and set TATI_PYTHON to its interpreter"
        );
        eprintln!("skipped: {test} needs TATI_PYTHON");
    }
    python
}

/// Pseudo-random numbers that are nearly independent.
fn number(chain: usize, draw: usize, index: usize) -> f64 {
    let seed = (chain * 1_000_003 + draw * 7919 + index * 104_729 + 1) as f64;
    (seed.sin() * 43_758.545_312_3).fract()
}

fn write(path: &Path, precision: Precision) -> Value {
    let run = json!({ "seed": 11, "config": { "step_size": 0.05 } });
    let layout = TrajectoryLayout::flat(2, 5, precision)
        .with_statistics(["potential", "kinetic_energy"])
        .with_attributes(run.as_object().cloned().unwrap_or_else(Map::new));
    let mut writer = TrajectoryWriter::create(path, &layout).unwrap();
    for draw in 0..NUM_DRAWS {
        for chain in 0..2 {
            let theta: Vec<f64> = (0..5).map(|index| number(chain, draw, index)).collect();
            let statistics = [number(chain, draw, 5), number(chain, draw, 6)];
            let step = 10 * draw as u64 + 5;
            match precision {
                Precision::F32 => {
                    let theta: Vec<f32> = theta.iter().map(|value| *value as f32).collect();
                    writer.append(chain, step, &theta, &statistics).unwrap();
                }
                Precision::F64 => writer.append(chain, step, &theta, &statistics).unwrap(),
            }
        }
        if draw % 100 == 50 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();

    let trajectory = Trajectory::open(path).unwrap();
    let chains = |values: &dyn Fn(usize) -> Vec<f64>| json!([values(0), values(1)]);
    json!({
        "num_chains": 2,
        "num_draws": NUM_DRAWS,
        "num_parameters": 5,
        "dtype": precision.numpy_name(),
        "tensors": [{ "name": "theta", "shape": [5], "offset": 0 }],
        "run": run,
        "theta": chains(&|chain| trajectory.theta(chain, ..).unwrap()),
        "step": [trajectory.steps(0, ..).unwrap(), trajectory.steps(1, ..).unwrap()],
        "statistics": {
            "potential": chains(&|chain| trajectory.statistic("potential", chain, ..).unwrap()),
            "kinetic_energy": chains(&|chain| trajectory.statistic("kinetic_energy", chain, ..).unwrap()),
        },
    })
}

/// The name that NumPy has for a precision.
trait NumpyName {
    fn numpy_name(self) -> &'static str;
}

impl NumpyName for Precision {
    fn numpy_name(self) -> &'static str {
        match self {
            Precision::F32 => "float32",
            Precision::F64 => "float64",
        }
    }
}

#[test]
fn python_reads_what_was_recorded() {
    let Some(python) = python("python_reads_what_was_recorded") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for precision in [Precision::F32, Precision::F64] {
        let store = folder.path().join(precision.name());
        let expected = folder.path().join(format!("{}.json", precision.name()));
        let content = write(&store, precision);
        fs::write(&expected, content.to_string()).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/open_store.py");
        let output = Command::new(&python)
            .arg(script)
            .args([&store, &expected])
            .output()
            .expect("TATI_PYTHON is a Python interpreter");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{out}{err}");
        println!("{out}");
    }
}
