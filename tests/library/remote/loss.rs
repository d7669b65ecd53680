//! Servers that are killed in mid-run.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use burn::tensor::Device;
use tati::guard_devices;
use tati::models::Mlp;
use tati::prelude::*;
use tati::samplers::FinishedEnsemble;

use super::server::Server;
use super::{largest_difference, regression, regression_on, theta};
use crate::common::flex;

const STEPS: u64 = 40;
const THINNING: u64 = 2;
const CHECKPOINT: u64 = 10;

/// Three walkers of BAOAB over mini-batches, recorded at `path` or gone on with; the first shows each of its draws to `watch`.
fn run(
    path: &Path,
    devices: &[Device],
    mut watch: impl FnMut(u64) + Send,
) -> tati::Result<FinishedEnsemble<Mlp>> {
    let (model, potential) = regression();
    let potential = potential.with_batch_size(5, 3)?;
    let sampler = BaoabConfig::new(50.0).with_seed(Some(6));
    let chain = ChainConfig::new(STEPS)
        .with_thinning(THINNING)
        .with_checkpoint_every_seconds(None)
        .with_checkpoint_every_steps(Some(CHECKPOINT));
    let mut observer = |draw: &Draw<'_, Mlp>| {
        watch(draw.step);
        Ok(())
    };
    let ensemble = EnsembleConfig::new(3, chain)
        .with_jitter(0.1)
        .init(model, potential, ChainSampler::optimizer(&sampler, 0.05))?
        .with_devices(devices)
        .with_observer(0, &mut observer)?;
    let ensemble = match path.exists() {
        true => ensemble.resume(path)?,
        false => ensemble.record(path)?,
    };
    ensemble.run()
}

#[test]
fn a_run_whose_server_is_killed_goes_on_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let local = run(&whole, &[flex()], |_| {}).expect("a run");
    let whole = Trajectory::open(whole.join("trajectory.zarr")).expect("draws");

    // The second walker is on the server, which dies twice, each time behind another checkpoint.
    for dies_at in [15, 27] {
        let mut server = Server::start();
        let name = server.name.clone();
        let device = open_device(&name).expect("a device");
        let ended = run(&stopped, &[flex(), device], |step| {
            if step > dies_at {
                // Only the first time: killing it again does nothing.
                server.kill();
            }
        });
        let error = ended.expect_err("a loss");
        assert!(matches!(error, TatiError::DeviceLost { .. }), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(&name) && message.contains("went away"),
            "{message}"
        );
        assert!(!message.contains('\n') && !error.is_input(), "{message}");

        // What was drawn until then is there, whole and right, and so is a checkpoint.
        let store = Trajectory::open(stopped.join("trajectory.zarr")).expect("draws");
        let checkpoint =
            fs::read_to_string(stopped.join("checkpoint/state.json")).expect("a state");
        let state: serde_json::Value = serde_json::from_str(&checkpoint).expect("JSON");
        let step = state["step"].as_u64().expect("a step");
        assert!(
            step >= dies_at / CHECKPOINT * CHECKPOINT && step < STEPS,
            "{step}"
        );
        // The first walker's draws from behind the checkpoint, too.
        let drawn = store.num_draws_per_chain()[0] as u64;
        assert!(
            drawn > dies_at / THINNING,
            "{drawn} draws by step {dies_at}"
        );
        for chain in 0..3 {
            let count = store.num_draws_per_chain()[chain];
            assert!(
                count as u64 >= step / THINNING,
                "{count} draws by step {step}"
            );
            let steps = store.steps(chain, ..).expect("steps");
            assert_eq!(steps, whole.steps(chain, ..count).expect("steps"));
            assert_draws_agree(&store, &whole, chain, count);
        }
    }

    // On other devices yet: a new server first.
    let server = Server::start();
    let device = open_device(&server.name).expect("a device");
    let resumed = run(&stopped, &[device, flex()], |_| {}).expect("a run");
    assert_eq!(resumed.summary.num_steps, STEPS);
    let store = Trajectory::open(stopped.join("trajectory.zarr")).expect("draws");
    assert_eq!(store.num_draws_per_chain(), [20; 3]);
    for chain in 0..3 {
        assert_draws_agree(&store, &whole, chain, 20);
        let ends = [&local, &resumed].map(|finished| {
            let model = finished.models[chain].as_ref();
            theta(model.expect("a walker that was not stopped"))
        });
        assert!(largest_difference(&ends[0], &ends[1]) < 1e-5);
    }
}

fn assert_draws_agree(some: &Trajectory, others: &Trajectory, chain: usize, count: usize) {
    let draws = |store: &Trajectory| store.theta(chain, ..count).expect("draws");
    let difference = largest_difference(&draws(some), &draws(others));
    assert!(difference < 1e-5, "chain {chain}: {difference:e}");
}

#[test]
fn a_device_that_went_away_stays_away_and_other_panics_pass() {
    let mut server = Server::start();
    let device = open_device(&server.name).expect("a device");
    let own = catch_unwind(AssertUnwindSafe(|| {
        guard_devices(&[flex(), device.clone()], || -> tati::Result<()> {
            panic!("of its own")
        })
    }));
    let panic = own.expect_err("a panic");
    assert_eq!(panic.downcast_ref(), Some(&"of its own"));
    let refused = guard_devices(std::slice::from_ref(&device), || {
        Err::<(), _>(TatiError::format("a file", "is damaged"))
    });
    assert!(matches!(refused, Err(TatiError::Format { .. })));

    // A single chain, with a kernel, that was on its way.
    let (model, potential) = regression_on(&device);
    let sampler = ChainSampler::kernel(&HmcConfig::new(50.0, 0.05, 0.2).with_seed(Some(4)));
    let mut watch = |draw: &Draw<'_, Mlp>| {
        if draw.step == 3 {
            server.kill();
        }
        Ok(())
    };
    let chain = ChainConfig::new(50).init(model, potential, sampler);
    let ended = chain.expect("a chain").with_observer(&mut watch).run();
    let error = ended.expect_err("a loss").to_string();
    assert!(error.contains(&server.name), "{error}");

    let again = open_device(&server.name)
        .expect_err("no device")
        .to_string();
    assert!(
        again.contains(&server.name) && again.contains("refused"),
        "{again}"
    );
}
