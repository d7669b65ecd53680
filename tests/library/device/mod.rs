//! GPUs beside the CPU: the same chains but for rounding, the exact moments, and checkpoints that go from one to the other.

mod analyses;
mod failures;

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Int, Tensor};
use tati::models::{Perceptron, softmax_cross_entropy};
use tati::prelude::*;

use crate::common::flex;
use crate::harmonic::ORACLE_TESTS;
use crate::restart::{model, parameters, run, samplers, saved_and_loaded};

/// One test on the GPU at a time: in software it has all threads.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The GPU, for as long as the guard lives. Without one the test called `test` is skipped by name, except in CI, where it fails.
fn gpu(test: &str) -> Option<(Device, MutexGuard<'static, ()>)> {
    let mut names = available_devices();
    names.retain(|name| !["flex", "ndarray"].contains(name));
    gpu_among(&names, test)
}

/// The first of some devices that is there.
fn gpu_among(names: &[&str], test: &str) -> Option<(Device, MutexGuard<'static, ()>)> {
    let opened = names.iter().find_map(|name| open_device(name).ok());
    if opened.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci.is_empty()),
            "{test} needs a GPU, or Vulkan in software; there are {names:?}"
        );
        // Not captured: a skipped test must be seen.
        writeln!(std::io::stderr(), "skipped: {test} needs a GPU").expect("stderr");
    }
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    opened.map(|device| (device, guard))
}

/// The oracle tests of the CPU, word for word.
#[test]
fn samplers_have_their_exact_moments() {
    let Some((gpu, _guard)) = gpu("samplers_have_their_exact_moments") else {
        return;
    };
    for test in ORACLE_TESTS {
        test(&gpu);
    }
}

#[test]
fn a_thousand_steps_of_baoab_on_the_perceptron_are_those_of_the_cpu() {
    const STEPS: usize = 1000;
    const ITEMS: usize = 50;

    let Some((gpu, _guard)) =
        gpu("a_thousand_steps_of_baoab_on_the_perceptron_are_those_of_the_cpu")
    else {
        return;
    };
    let digits = GlyphsConfig::new()
        .with_train(ITEMS)
        .with_test(1)
        .generate()
        .expect("glyphs")
        .train;
    let start: Perceptron = PerceptronConfig::new().init(&flex().autodiff());
    let energies = |device: &Device| -> Vec<f64> {
        let device = device.clone().autodiff();
        let (images, labels): (Tensor<2>, Tensor<1, Int>) = digits.to_tensors(&device);
        let energy = |model: &Perceptron| {
            softmax_cross_entropy(model.forward(images.clone()), labels.clone()).mean()
        };
        let mut sampler = BaoabConfig::new(InverseTemperature::posterior(ITEMS))
            .with_friction(1.0)
            .with_prior(Some(Prior::Gaussian(0.01)))
            .with_seed(Some(5))
            .init();
        let mut model = start.clone().fork(&device);
        let mut energies = Vec::new();
        for step in 1..=STEPS {
            let loss = energy(&model);
            let gradients = GradientsParams::from_grads(loss.clone().backward(), &model);
            model = sampler.step(0.05, model, gradients);
            if step % 100 == 0 {
                energies.push(loss.into_scalar::<f64>());
            }
        }
        energies
    };
    let (on_gpu, on_cpu) = (energies(&gpu), energies(&flex()));
    // It does move: this is no comparison of a chain at rest.
    assert!(on_cpu.iter().any(|u| (u / on_cpu[0] - 1.0).abs() > 0.02));
    for (ours, theirs) in on_gpu.iter().zip(&on_cpu) {
        assert!((ours / theirs - 1.0).abs() < 1e-3, "{on_gpu:?} {on_cpu:?}");
    }
}

/// Every sampler: nine steps on one device and eleven on the other are twenty steps on the CPU, up to rounding.
#[test]
fn checkpoints_go_from_device_to_device() {
    let Some((gpu, _guard)) = gpu("checkpoints_go_from_device_to_device") else {
        return;
    };
    for (name, sampler) in samplers() {
        let start = model(DType::F32);
        let whole = run(start.clone(), &flex(), &mut sampler(1), DType::F32, 0..20);
        let whole = parameters(&whole);
        for devices in [[&flex(), &gpu], [&gpu, &flex()]] {
            let resumed = saved_and_loaded(start.clone(), sampler, DType::F32, devices);
            for (ours, theirs) in resumed.iter().zip(&whole) {
                assert!((ours - theirs).abs() < 1e-4, "{name}: {ours} {theirs}");
            }
        }
    }
}

/// Observables of the GPU are those of the CPU, and are measured when they are asked for.
#[test]
fn a_thermometer_reads_the_same() {
    let Some((gpu, _guard)) = gpu("a_thermometer_reads_the_same") else {
        return;
    };
    let start = model(DType::F32);
    let observables = |device: &Device| {
        let thermometer = Thermometer::new();
        let mut sampler = BaoabConfig::new(50.0)
            .with_prior(Some(Prior::Laplace(0.1)))
            .with_seed(Some(3))
            .build()
            .expect("a sampler")
            .with_thermometer(&thermometer)
            .into_optimizer();
        let begun = run(start.clone(), device, &mut sampler, DType::F32, 0..3);
        assert_eq!(thermometer.read().num_parameters, 0);
        thermometer.arm();
        let moved = run(begun, device, &mut sampler, DType::F32, 3..4);
        let read = thermometer.read();
        assert_eq!(read.num_parameters, moved.num_params());
        read
    };
    let (ours, theirs) = (observables(&gpu), observables(&flex()));
    for (ours, theirs) in [
        (ours.kinetic_energy, theirs.kinetic_energy),
        (Some(ours.virial), Some(theirs.virial)),
        (Some(ours.gradient_norm), Some(theirs.gradient_norm)),
        (Some(ours.noise_norm), Some(theirs.noise_norm)),
        (Some(ours.prior_energy), Some(theirs.prior_energy)),
    ] {
        let (ours, theirs) = (ours.expect("measured"), theirs.expect("measured"));
        assert!(
            (ours - theirs).abs() < 1e-5 * theirs.abs().max(1.0),
            "{ours} {theirs}"
        );
    }
}
