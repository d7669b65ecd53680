//! The kernel on GPUs beside that on host memory, and what it launches.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_cubecl::cubecl::logging::{LaunchObservation, LaunchObserver};

use super::*;
use crate::{BaoabConfig, SgldConfig};

/// One test on the GPU at a time: launches are counted for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The GPU, for as long as the guard lives. Without one the test called `test` is skipped by name, except in CI, where it fails.
pub(crate) fn gpu(test: &str) -> Option<(Device, MutexGuard<'static, ()>)> {
    gpu_that(|_| true, test)
}

/// The first GPU that will do.
pub(super) fn gpu_that(
    will_do: impl Fn(&Device) -> bool,
    test: &str,
) -> Option<(Device, MutexGuard<'static, ()>)> {
    let names = tati_core::available_devices();
    let opened = names
        .iter()
        .filter(|name| !["flex", "ndarray"].contains(name))
        .filter_map(|name| tati_core::open_device(name).ok())
        .find(will_do);
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

/// The precisions of the device, each with how far its numbers may be from those of the host.
fn precisions(device: &Device) -> Vec<(DType, f64)> {
    let all = [(DType::F32, 1e-6), (DType::F64, 1e-14)];
    let has = |(dtype, _): &(DType, f64)| device.supports_dtype(*dtype);
    all.into_iter().filter(has).collect()
}

#[test]
fn every_update_equals_that_on_host_memory() {
    let Some((gpu, _guard)) = gpu("every_update_equals_that_on_host_memory") else {
        return;
    };
    for (dtype, tolerance) in precisions(&gpu) {
        assert!(device::runs_on(&wave(0.0, SHAPE, dtype, &gpu)));
        for case in cases() {
            let on_device = case.step(dtype, &gpu, true);
            on_device.assert_near(&case.step(dtype, &flex(), true), tolerance, &case);
        }
    }
}

#[test]
fn plain_tensor_operations_do_the_same() {
    let Some((gpu, _guard)) = gpu("plain_tensor_operations_do_the_same") else {
        return;
    };
    // One prior each: the others are compared on host memory.
    for case in cases().iter().step_by(7) {
        let on_device = case.step(DType::F32, &gpu, true);
        on_device.assert_near(&case.plain(DType::F32, &gpu), 1e-6, case);
    }
}

/// Without observables nothing is summed, but for the momentum of a thermostat.
#[test]
fn unobserved_steps_leave_the_same_arrays_and_no_sums() {
    let Some((gpu, _guard)) = gpu("unobserved_steps_leave_the_same_arrays_and_no_sums") else {
        return;
    };
    // Without a prior: that what is asked for leaves the arrays alone does not depend on it.
    for case in cases().iter().filter(|case| case.prior.is_none()) {
        let has_sums = device::has_sums(&case.update, false);
        assert_eq!(has_sums, case.update.feeds_a_thermostat());
        let (quiet, observed) = (
            case.step(DType::F32, &gpu, false),
            case.step(DType::F32, &gpu, true),
        );
        assert_eq!(quiet.arrays, observed.arrays, "{:?}", case.update);
        assert_eq!(quiet.sums.elements, 0);
        assert_eq!(
            quiet.sums.outgoing_momentum_squared,
            observed.sums.outgoing_momentum_squared
        );
    }
}

/// Updates are in place only where nobody else holds the array.
#[test]
fn arrays_held_elsewhere_stay_as_they_are() {
    let Some((gpu, _guard)) = gpu("arrays_held_elsewhere_stay_as_they_are") else {
        return;
    };
    let update = Update::Langevin(Integrator::Baoab.update(0.1, 0.1, 1.0, 1.0));
    let position = wave(0.0, SHAPE, DType::F32, &gpu);
    let momentum = wave(0.5, SHAPE, DType::F32, &gpu);
    let gradient = wave(1.0, SHAPE, DType::F32, &gpu);
    let memory = Memory {
        momentum: Some(StateTensor::of(momentum.clone())),
        ..Memory::default()
    };
    let moved = step(
        position.clone(),
        memory,
        gradient.clone(),
        None,
        update,
        NOISE,
        false,
    );
    assert_ne!(moved.0.into_data(), position.to_data());
    for (phase, held) in [(0.0, position), (0.5, momentum), (1.0, gradient)] {
        let before = wave(phase, SHAPE, DType::F32, &flex());
        assert_eq!(held.into_data(), before.into_data());
    }
}

#[test]
#[should_panic(expected = "the size, precision and device of their parameter")]
fn a_gradient_of_another_size_is_not_read_past_its_end() {
    let Some((gpu, _guard)) = gpu("a_gradient_of_another_size_is_not_read_past_its_end") else {
        panic!(
            "skipped: what would be expected is the size, precision and device of their parameter"
        );
    };
    let walk = Update::Overdamped(Overdamped {
        step_size: 1.0,
        noise: 1.0,
    });
    let (position, gradient) = (
        wave(0.0, SHAPE, DType::F32, &gpu),
        wave(0.0, [SHAPE[0], 1], DType::F32, &gpu),
    );
    step(
        position,
        Memory::default(),
        gradient,
        None,
        walk,
        NOISE,
        false,
    );
}

/// A tensor of so many elements that threads take several blocks each, and a last group that is not whole.
#[test]
fn long_tensors_are_done_to_the_end() {
    let Some((gpu, _guard)) = gpu("long_tensors_are_done_to_the_end") else {
        return;
    };
    let shape = [5000, 1001];
    let walk = Update::Overdamped(Overdamped {
        step_size: 1.0,
        noise: 1.0,
    });
    let run = |device: &Device| {
        let zeros = || Tensor::<2>::zeros(shape, (device, DType::F32));
        let (position, _, sums, _) =
            step(zeros(), Memory::default(), zeros(), None, walk, NOISE, true);
        (position.into_data(), sums)
    };
    let ((expected, host), (normals, sums)) = (run(&flex()), run(&gpu));
    for (normal, expected) in normals.iter::<f64>().zip(expected.iter::<f64>()) {
        assert!((normal - expected).abs() < 1e-6 * expected.abs().max(1.0));
    }
    assert!((sums.noise_squared / host.noise_squared - 1.0).abs() < 1e-6);
}

#[derive(Module, Debug)]
pub(super) struct Layer {
    pub(super) weight: Param<Tensor<2>>,
    pub(super) bias: Param<Tensor<1>>,
}

impl Layer {
    pub(super) fn zeros(device: &Device) -> Self {
        let device = device.clone().autodiff();
        Self {
            weight: Param::from_tensor(Tensor::zeros([30, 7], &device)),
            bias: Param::from_tensor(Tensor::zeros([7], &device)),
        }
    }
}

/// Counts launches by kernel, as CubeCL issues them.
#[derive(Default)]
struct Launches(Mutex<BTreeMap<&'static str, usize>>);

impl LaunchObserver for Launches {
    fn launched(&self, kernel: &'static str) {
        *self.0.lock().expect("counts").entry(kernel).or_default() += 1;
    }
}

impl Launches {
    /// Kernels that `work` launches, with their numbers.
    fn of(device: &Device, work: impl FnOnce()) -> Vec<(&'static str, usize)> {
        device.sync().expect("a device");
        let launches = Arc::new(Self::default());
        let observation = LaunchObservation::new(launches.clone());
        work();
        device.sync().expect("a device");
        drop(observation);
        let counts = launches.0.lock().expect("counts");
        counts.iter().map(|(name, count)| (*name, *count)).collect()
    }
}

/// Gradients are made before the launches are counted.
#[test]
fn a_step_is_one_launch_a_parameter_tensor() {
    const STEPS: usize = 5;

    let Some((gpu, _guard)) = gpu("a_step_is_one_launch_a_parameter_tensor") else {
        return;
    };
    let samplers: [(&str, ModuleOptimizer); 2] = [
        ("sgld", SgldConfig::new(100.0).init()),
        ("baoab", BaoabConfig::new(100.0).init()),
    ];
    for (name, mut sampler) in samplers {
        let of_weight = wave(0.0, [30, 7], DType::F32, &gpu);
        let of_bias = Tensor::<1>::from_data([0.5f32; 7], &gpu);
        let mut step = |layer: Layer| {
            let mut gradients = GradientsParams::new();
            gradients.register(layer.weight.id, of_weight.clone());
            gradients.register(layer.bias.id, of_bias.clone());
            sampler.step(0.1, layer, gradients)
        };
        // The first step makes the momentum, too.
        let begun = step(Layer::zeros(&gpu));
        let launches = Launches::of(&gpu, || {
            let moved = (0..STEPS).fold(begun, |layer, _| step(layer));
            drop(moved);
        });
        let [(kernel, count)] = launches[..] else {
            panic!("{name} launches {launches:?}");
        };
        assert!(kernel.contains("step_kernel"), "{name} launches {kernel}");
        assert_eq!(count, 2 * STEPS, "{name}");
    }
}

/// Three operations before a step are one kernel, and three after it are one.
#[test]
fn tensor_operations_around_a_step_fuse() {
    let Some((gpu, _guard)) = gpu("tensor_operations_around_a_step_fuse") else {
        return;
    };
    let walk = Update::Overdamped(Overdamped {
        step_size: 0.1,
        noise: 0.1,
    });
    let work = || {
        let three = |tensor: Tensor<2>| tensor.mul_scalar(2.0).add_scalar(1.0).mul_scalar(0.3);
        let (position, gradient) = (
            wave(0.0, SHAPE, DType::F32, &gpu),
            wave(1.0, SHAPE, DType::F32, &gpu),
        );
        let gradient = three(gradient);
        let moved = step(
            position,
            Memory::default(),
            gradient,
            None,
            walk,
            NOISE,
            false,
        );
        three(moved.0).into_data().iter::<f64>().sum::<f64>()
    };
    let launches = Launches::of(&gpu, || assert!(work().is_finite()));
    let total: usize = launches.iter().map(|(_, count)| count).sum();
    assert_eq!(total, 3, "{launches:?}");
}
