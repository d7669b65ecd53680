//! Runs whose GPU fails under way: it is out of memory, or it is gone.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::{DType, Device, Tensor};
use tati::prelude::*;
use tati::samplers::Finished;

use super::{gpu, gpu_among};
use crate::common::{Ensemble, flex};

const STEPS: u64 = 40;
const CHECKPOINT: u64 = 10;
/// The evaluation of the loss at which the device fails.
const FAILURE: u64 = 25;
/// A terabyte of single precision.
const TOO_LONG: usize = 1 << 38;

/// A chain recorded at `path`, or gone on with there; `spoil` sees each loss with its number.
fn run(
    path: &Path,
    device: &Device,
    spoil: impl Fn(u64, Tensor<1>) -> Tensor<1> + Sync,
) -> tati::Result<Finished<Ensemble>> {
    // Nothing for Burn to try several kernels on, which takes its time.
    let members: Vec<f64> = (0..50).map(|i| f64::from(i).sin()).collect();
    let model = Ensemble::on(device, members, DType::F32);
    let centers = Tensor::<1>::ones([50], device);
    let evaluations = AtomicU64::new(0);
    let loss = |model: &Ensemble, centers: Tensor<1>| {
        let loss = (model.tensor() - centers).powi_scalar(2).mean();
        spoil(evaluations.fetch_add(1, Ordering::Relaxed) + 1, loss)
    };
    let potential = ModelPotential::new(model.clone(), centers, loss)?;
    let sampler = BaoabConfig::new(50.0).with_seed(Some(6));
    let chain = ChainConfig::new(STEPS)
        .with_checkpoint_every_seconds(None)
        .with_checkpoint_every_steps(Some(CHECKPOINT))
        .init(model, potential, ChainSampler::optimizer(&sampler, 0.05))?;
    let chain = match path.exists() {
        true => chain.resume(path)?,
        false => chain.record(path)?,
    };
    chain.run()
}

fn draws(path: &Path) -> Vec<Vec<f64>> {
    let store = Trajectory::open(path.join("trajectory.zarr")).expect("draws");
    let theta = store.theta(0, ..).expect("draws");
    let draws = theta.chunks(theta.len() / store.num_draws());
    draws.map(<[f64]>::to_vec).collect()
}

/// Whether some draws are the first of others, but for rounding.
fn assert_begin_alike(some: &[Vec<f64>], others: &[Vec<f64>]) {
    for (draw, (some, other)) in some.iter().zip(others).enumerate() {
        let alike = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
        assert!(some.iter().zip(other).all(alike), "draw {draw}");
    }
}

#[test]
fn running_out_of_memory_is_an_error_and_leaves_the_record_whole() {
    let Some((gpu, _guard)) = gpu("running_out_of_memory_is_an_error_and_leaves_the_record_whole")
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run");
    let ended = run(&path, &gpu, |evaluation, loss| {
        if evaluation < FAILURE {
            return loss;
        }
        let greedy = Tensor::<1>::ones([TOO_LONG], &loss.device()).mean();
        loss + greedy
    });
    let error = ended.expect_err("no memory");
    assert!(
        matches!(error, TatiError::OutOfDeviceMemory { .. }),
        "{error}"
    );
    let message = error.to_string();
    assert!(
        !message.contains('\n') && message.contains("memory") && !error.is_input(),
        "{message}"
    );
    assert_eq!(draws(&path).len() as u64, FAILURE - 1);
    // The device is of use to others.
    let two = Tensor::<1>::ones([2], &gpu).sum().into_scalar::<f64>();
    assert_eq!(two, 2.0);
}

/// Set for the process that loses its device: where it records its run.
const PATH_OF_CHILD: &str = "TATI_TEST_RUN_THAT_LOSES_ITS_DEVICE";

/// A process of its own has wgpu destroy the device; the run goes on in this one.
#[test]
fn a_run_whose_gpu_goes_away_ends_with_an_error_and_goes_on_elsewhere() {
    const TEST: &str = "a_run_whose_gpu_goes_away_ends_with_an_error_and_goes_on_elsewhere";

    if let Some(path) = std::env::var_os(PATH_OF_CHILD) {
        return lose_the_device(Path::new(&path));
    }
    let Some((_, _guard)) = gpu_among(&["wgpu"], TEST) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, lost] = ["whole", "lost"].map(|name| folder.path().join(name));
    run(&whole, &flex(), |_, loss| loss).expect("a run");
    let whole = draws(&whole);

    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            &format!("device::failures::{TEST}"),
            "--nocapture",
        ])
        .env(PATH_OF_CHILD, &lost)
        .output()
        .expect("a process");
    let report = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && lost.exists(), "{report}");

    // All draws, or those until the checkpoint, if the child came as far as that when it tried to go on.
    let drawn = draws(&lost);
    let at_checkpoint = FAILURE / CHECKPOINT * CHECKPOINT;
    assert!(
        [at_checkpoint, FAILURE - 1].contains(&(drawn.len() as u64)),
        "{} draws",
        drawn.len()
    );
    assert_begin_alike(&drawn, &whole);

    let resumed = run(&lost, &flex(), |_, loss| loss).expect("a run");
    assert_eq!(resumed.summary.num_steps, STEPS);
    let resumed = draws(&lost);
    assert_eq!(resumed.len(), whole.len());
    assert_begin_alike(&resumed, &whole);
}

fn lose_the_device(path: &Path) {
    let device = open_device("wgpu").expect("a device");
    let (same, handles) = Device::wgpu_options().init_with_setup().expect("a device");
    assert_eq!(device, same);
    let ended = run(path, &device, |evaluation, loss| {
        if evaluation == FAILURE {
            handles.device.destroy();
        }
        loss
    });
    let assert_lost = |error: TatiError| {
        assert!(matches!(error, TatiError::DeviceLost { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("device `wgpu` went away")
                && message.contains("Destroyed")
                && message.contains("resumed"),
            "{message}"
        );
        assert!(!message.contains('\n') && !error.is_input(), "{message}");
    };
    assert_lost(ended.expect_err("a loss"));
    assert_eq!(draws(path).len() as u64, FAILURE - 1);

    // It stays away, and this is no place to go on.
    let again = run(path, &device, |_, loss| loss);
    assert_lost(again.expect_err("a loss"));
}
