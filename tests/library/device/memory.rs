//! A run that asks the GPU for more memory than there is.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use tati::models::Mlp;
use tati::prelude::*;

use super::gpu;
use crate::restart::model;

const STEPS: u64 = 40;
/// The evaluation of the loss that wants too much.
const GREEDY: u64 = 21;
/// A terabyte of single precision.
const TOO_LONG: usize = 1 << 38;

#[test]
fn running_out_of_memory_is_an_error_and_leaves_the_record_whole() {
    let Some((gpu, _guard)) = gpu("running_out_of_memory_is_an_error_and_leaves_the_record_whole")
    else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run");
    let device = gpu.clone().autodiff();
    let model = model(DType::F32).fork(&device);
    let rows = Tensor::<2>::ones([2, 4], &gpu);
    let evaluations = AtomicU64::new(0);
    let loss = |model: &Mlp, rows: Tensor<2>| {
        let loss = model.forward(rows).powi_scalar(2).mean();
        if evaluations.fetch_add(1, Ordering::Relaxed) + 1 < GREEDY {
            return loss;
        }
        let greedy = Tensor::<1>::ones([TOO_LONG], &loss.device()).mean();
        loss + greedy
    };
    let potential = ModelPotential::new(model.clone(), rows, loss).expect("a potential");
    let sampler = BaoabConfig::new(50.0).with_seed(Some(6));
    let ended = ChainConfig::new(STEPS)
        .init(model, potential, ChainSampler::optimizer(&sampler, 0.05))
        .and_then(|chain| chain.record(&path))
        .expect("a chain")
        .run();
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

    let draws = Trajectory::open(path.join("trajectory.zarr")).expect("draws");
    assert_eq!(draws.num_draws() as u64, GREEDY - 1);
    // The device is of use to others.
    let two = Tensor::<1>::ones([2], &gpu).sum().into_scalar::<f64>();
    assert_eq!(two, 2.0);
}
