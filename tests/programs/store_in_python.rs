//! A recorded trajectory opens in Python, with xarray and ArviZ.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tati::{Precision, Trajectory, TrajectoryLayout, TrajectoryWriter};

const NUM_DRAWS: usize = 100;

/// So many that the draws do not fit into one chunk.
const NUM_PARAMETERS: usize = 30_000;

/// Of these the values are compared.
const NUM_COMPARED: usize = 5;

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
    (seed.sin() * 43_758.5).fract()
}

/// Records a run at `path` and says what is in it.
fn write(path: &Path, precision: Precision, dtype: &str) -> Value {
    let run = json!({ "seed": 11, "config": { "step_size": 0.05 } });
    let attributes: Map<String, Value> = run.as_object().cloned().unwrap();
    let layout = TrajectoryLayout::flat(2, NUM_PARAMETERS, precision)
        .with_statistics(["potential", "kinetic_energy"])
        .with_attributes(attributes);
    let mut writer = TrajectoryWriter::create(path, &layout).unwrap();
    for draw in 0..NUM_DRAWS {
        for chain in 0..2 {
            let theta: Vec<f64> = (0..NUM_PARAMETERS)
                .map(|index| number(chain, draw, index))
                .collect();
            let statistics = [number(chain, draw, 5).abs(), number(chain, draw, 6).abs()];
            let step = 10 * draw as u64 + 5;
            match precision {
                Precision::F32 => {
                    let theta: Vec<f32> = theta.iter().map(|value| *value as f32).collect();
                    writer.append(chain, step, &theta, &statistics).unwrap();
                }
                Precision::F64 => writer.append(chain, step, &theta, &statistics).unwrap(),
            }
        }
        if draw % 40 == 39 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();

    let trajectory = Trajectory::open(path).unwrap();
    let compared = |theta: Vec<f64>| -> Vec<f64> {
        let draws = theta.chunks_exact(NUM_PARAMETERS);
        draws
            .flat_map(|draw| draw[..NUM_COMPARED].to_vec())
            .collect()
    };
    let chains = |values: &dyn Fn(usize) -> Vec<f64>| json!([values(0), values(1)]);
    json!({
        "num_chains": 2,
        "num_draws": NUM_DRAWS,
        "num_parameters": NUM_PARAMETERS,
        "dtype": dtype,
        "tensors": [{ "name": "theta", "shape": [NUM_PARAMETERS], "offset": 0 }],
        "run": run,
        "theta": chains(&|chain| compared(trajectory.theta(chain, ..).unwrap())),
        "step": [trajectory.steps(0, ..).unwrap(), trajectory.steps(1, ..).unwrap()],
        "statistics": {
            "potential": chains(&|chain| trajectory.statistic("potential", chain, ..).unwrap()),
            "kinetic_energy": chains(&|chain| trajectory.statistic("kinetic_energy", chain, ..).unwrap()),
        },
    })
}

#[test]
fn python_reads_what_was_recorded() {
    let Some(python) = python("python_reads_what_was_recorded") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (precision, dtype) in [(Precision::F32, "float32"), (Precision::F64, "float64")] {
        let store = folder.path().join(dtype);
        let expected = folder.path().join(format!("{dtype}.json"));
        let content = write(&store, precision, dtype).to_string();
        fs::write(&expected, content).unwrap();
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
