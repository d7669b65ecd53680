//! Which tensor draws which noise: distinct for the tensors and groups of one chain, equal for replicas.

use crate::common::flex;
use burn::module::{Module, ParamGroup};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use tati::prelude::*;
use tati::samplers::NoiseSource;

/// Weight and bias of the same shape, both zero.
fn zeros() -> Linear {
    let linear = LinearConfig::new(1, 64).init(&flex().autodiff());
    let layout = ParameterLayout::of(&linear).expect("a layout");
    let zeros = Tensor::zeros([layout.num_parameters()], &flex());
    layout.unflatten(linear, zeros).expect("zeros")
}

/// Weights and biases after `steps` steps without a force: noise alone.
fn noise(sampler: &mut ModuleOptimizer, mut linear: Linear, steps: usize) -> (Vec<f32>, Vec<f32>) {
    for _ in 0..steps {
        let loss = linear
            .forward(Tensor::<2>::ones([1, 1], &flex()))
            .sum()
            .mul_scalar(0.0);
        let gradients = GradientsParams::from_grads(loss.backward(), &linear);
        linear = sampler.step(0.5, linear, gradients);
    }
    let values = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect();
    let bias = linear.bias.as_ref().expect("a bias").val().inner();
    (
        values(linear.weight.val().inner().flatten(0, 1)),
        values(bias),
    )
}

#[test]
fn tensors_of_equal_shape_draw_different_noise() {
    let (weight, bias) = noise(
        &mut SgldConfig::new(1.0).with_seed(Some(1)).init(),
        zeros(),
        1,
    );
    assert_ne!(weight, bias);
}

#[test]
fn groups_on_one_source_draw_what_one_sampler_draws() {
    let source = NoiseSource::new(1, 0);
    let build = || SgldConfig::new(1.0).build_with(&source).expect("a sampler");
    let mut grouped = ModuleOptimizer::from(build()).with_group(
        ParamGroup::from_predicate("bias"),
        build(),
        None,
    );
    let mut single = SgldConfig::new(1.0).with_seed(Some(1)).init();
    assert_eq!(
        noise(&mut grouped, zeros(), 3),
        noise(&mut single, zeros(), 3)
    );
}

/// As Burn's data-parallel training does: clones of one optimizer, each on a thread of its own.
#[test]
fn replicas_on_threads_draw_the_same_noise() {
    let sampler = BaoabConfig::new(1.0).with_seed(Some(4)).init();
    let start = zeros();
    let replicas: Vec<_> = (0..2)
        .map(|_| {
            let (mut sampler, model) = (sampler.clone(), start.clone().fork(&flex().autodiff()));
            std::thread::spawn(move || noise(&mut sampler, model, 3))
        })
        .map(|thread| thread.join().expect("a replica"))
        .collect();
    assert_eq!(replicas[0], replicas[1]);
}

/// A tensor that joins after a restart gets a number that the record has not handed out.
#[test]
fn numbers_of_a_record_are_not_handed_out_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sampler");
    let mut first = SgldConfig::new(1.0).with_seed(Some(1)).init();
    let linear = zeros();
    let (weight, bias) = noise(&mut first, linear.clone(), 1);
    first.save(&file).expect("saved");
    let mut resumed = SgldConfig::new(1.0)
        .with_seed(Some(1))
        .init()
        .load(&file)
        .expect("loaded");
    // The known tensors step first, then a new module, with two tensors the sampler has not met.
    noise(&mut resumed, linear, 1);
    let (new_weight, new_bias) = noise(&mut resumed, zeros(), 1);
    for new in [&new_weight, &new_bias] {
        assert!(*new != weight && *new != bias);
    }
}
