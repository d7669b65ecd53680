//! What is read back from a GPU, counted where wgpu lets the host see its memory: each time it tells its log.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{MutexGuard, Once};

use burn::backend::DispatchDevice;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_cubecl::CubeDevice;
use log::{LevelFilter, Log, Metadata, Record};
use tati_core::ModelPotential;

use super::on_device::{Layer, gpu_that};
use super::*;
use crate::{
    BaoabConfig, CcadlConfig, ChainConfig, ChainSampler, Gla1Config, Gla2Config, PsgldConfig,
    SghmcConfig, SgldConfig, SgnhtConfig, Thermometer,
};

const STEPS: usize = 10;
/// Parameter tensors of the layer.
const TENSORS: usize = 2;

struct ReadBacks(AtomicUsize);

static READ_BACKS: ReadBacks = ReadBacks(AtomicUsize::new(0));

impl Log for ReadBacks {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wgpu_core::device")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let said = record.args().to_string();
            if said.starts_with("Buffer::map_async") && said.contains("host: Read") {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn flush(&self) {}
}

impl ReadBacks {
    /// How often `work` reads back from `device`.
    fn of(device: &Device, work: impl FnOnce()) -> usize {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| log::set_logger(&READ_BACKS).expect("no other logger"));
        device.sync().expect("a device");
        READ_BACKS.0.store(0, Ordering::Relaxed);
        log::set_max_level(LevelFilter::Trace);
        work();
        device.sync().expect("a device");
        log::set_max_level(LevelFilter::Off);
        READ_BACKS.0.load(Ordering::Relaxed)
    }
}

/// A device of wgpu, a layer on it and what its weights are drawn to, for as long as the guard lives.
fn layer(test: &str) -> Option<(Device, Layer, Tensor<2>, MutexGuard<'static, ()>)> {
    let is_of_wgpu =
        |gpu: &Device| matches!(gpu.as_dispatch(), DispatchDevice::Cube(CubeDevice::Wgpu(_)));
    let (gpu, guard) = gpu_that(is_of_wgpu, test)?;
    let centers = wave(0.0, [30, 7], DType::F32, &gpu);
    Some((gpu.clone(), Layer::zeros(&gpu), centers, guard))
}

/// No product of matrices: Burn takes its time to try the kernels that it has for them.
fn loss(layer: &Layer, centers: Tensor<2>) -> Tensor<1> {
    let of_weight = (layer.weight.val() - centers).powi_scalar(2).mean();
    of_weight + (layer.bias.val() - 1.0).powi_scalar(2).mean()
}

type Build = fn(&Thermometer) -> ModuleOptimizer;

/// Every sampler, with what it reads back in a step without observables.
fn samplers() -> [(&'static str, Build, usize); 8] {
    macro_rules! build {
        ($config:ident) => {
            |thermometer| {
                let sampler = $config::new(100.0).build().expect("a sampler");
                sampler.with_thermometer(thermometer).into_optimizer()
            }
        };
    }
    [
        ("sgld", build!(SgldConfig), 0),
        ("gla1", build!(Gla1Config), 0),
        ("gla2", build!(Gla2Config), 0),
        ("baoab", build!(BaoabConfig), 0),
        ("psgld", build!(PsgldConfig), 0),
        ("sghmc", build!(SghmcConfig), 0),
        // p·p for the thermostat.
        ("sgnht", build!(SgnhtConfig), TENSORS),
        ("ccadl", build!(CcadlConfig), TENSORS),
    ]
}

#[test]
fn steps_read_back_what_is_asked_for_and_nothing_else() {
    let Some((gpu, start, centers, _guard)) =
        layer("steps_read_back_what_is_asked_for_and_nothing_else")
    else {
        return;
    };
    // What is counted is there to be counted.
    let look = || assert!(centers.to_data().iter::<f64>().sum::<f64>().is_finite());
    assert_eq!(ReadBacks::of(&gpu, look), 1);
    for (name, build, unasked) in samplers() {
        let thermometer = Thermometer::new();
        let mut sampler = build(&thermometer);
        let mut layer = Some(start.clone());
        let mut steps = |observe: bool| {
            for _ in 0..STEPS {
                let here = layer.take().expect("a layer");
                let loss = loss(&here, centers.clone());
                let gradients = GradientsParams::from_grads(loss.backward(), &here);
                if observe {
                    thermometer.arm();
                }
                layer = Some(sampler.step(0.1, here, gradients));
                if observe {
                    assert_eq!(thermometer.read().num_parameters, 217);
                }
            }
        };
        // Burn tries its kernels, and reads what they took.
        steps(false);
        assert_eq!(
            ReadBacks::of(&gpu, || steps(false)),
            unasked * STEPS,
            "{name}"
        );
        let observed = ReadBacks::of(&gpu, || steps(true));
        assert_eq!(observed, (unasked + TENSORS) * STEPS, "{name}");
    }
}

/// A chain reads the potential and the observables of its draws, and the potential of its last step, lest it ends where that is no number.
#[test]
fn chains_read_back_their_draws_and_nothing_else() {
    let Some((gpu, start, centers, _guard)) =
        layer("chains_read_back_their_draws_and_nothing_else")
    else {
        return;
    };
    let run = |steps: usize, thinning: usize, step_size: f64| {
        let potential = ModelPotential::new(start.clone(), centers.clone(), loss);
        let sampler = BaoabConfig::new(100.0).with_seed(Some(1));
        let chain = ChainConfig::new(steps as u64)
            .with_thinning(thinning as u64)
            .init(
                start.clone(),
                potential.expect("a potential"),
                ChainSampler::optimizer(&sampler, step_size),
            );
        chain.expect("a chain").run()
    };
    run(STEPS, STEPS, 0.1).expect("a run");
    let ends_between_draws = 1;
    for (steps, thinning, draws) in [(10, 1, 10), (10, 2, 5), (40, 20, 2)] {
        let read = ReadBacks::of(&gpu, || {
            let finished = run(steps, thinning, 0.1).expect("a run");
            assert_eq!(finished.summary.num_draws as usize, draws);
        });
        let at_the_end = if thinning == 1 { 0 } else { ends_between_draws };
        assert_eq!(read, draws * (1 + TENSORS) + at_the_end, "{draws} draws");
    }
    // A chain that diverges between two draws is noticed at the next, or at its end.
    for steps in [150, 99] {
        let error = run(steps, 100, 1e4).err().expect("an error").to_string();
        assert!(error.contains("has diverged"), "{error}");
    }
}
