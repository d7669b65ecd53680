//! A sampler saved and loaded through Burn's records continues as if it had never stopped.
//!
//! Runs in every feature set; with a GPU feature compiled in and no GPU present it shows that loading does not touch
//! Burn's default device.

use std::ops::Range;

use crate::common::flex;
use burn::module::{Module, ModuleMapper, Param, ParamGroup};
use burn::nn::loss::{MseLoss, Reduction};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::store::ModuleRecord;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use tati::models::{Mlp, MlpConfig};
use tati::prelude::*;
use tati::samplers::{NoiseSource, ThermostatScope};

pub fn model(dtype: DType) -> Mlp {
    let model = MlpConfig::new(vec![5])
        .with_inputs(4)
        .with_outputs(3)
        .init(&flex().autodiff());
    match dtype {
        DType::F64 => model.map(&mut ToF64),
        _ => model,
    }
}

struct ToF64;

impl ModuleMapper for ToF64 {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| Tensor::from_inner(tensor.inner().cast(FloatDType::F64)).require_grad())
    }
}

/// Steps from `first` to `last` on `device`, each with its own input and step size.
pub fn run(
    model: Mlp,
    device: &Device,
    sampler: &mut ModuleOptimizer,
    dtype: DType,
    steps: Range<usize>,
) -> Mlp {
    let device = device.clone().autodiff();
    let mut model = model.fork(&device);
    for step in steps {
        let inputs: Vec<f64> = (0..8).map(|i| ((step * 8 + i) as f64).sin()).collect();
        let data = TensorData::new(inputs, [2, 4]).convert_dtype(dtype);
        let input = Tensor::<2>::from_data(data, (&device, dtype));
        let output = model.forward(input);
        let target = output.clone().detach().zeros_like();
        let loss = MseLoss::new().forward(output, target, Reduction::Mean);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = sampler.step(0.05 + 0.01 * (step % 3) as f64, model, gradients);
    }
    model
}

/// All parameters: read now, where Burn would read those of a GPU when they are first looked at.
pub fn parameters(model: &Mlp) -> Vec<f64> {
    let layout = ParameterLayout::of(model).expect("a layout");
    let flat = layout.flatten(model).expect("parameters");
    flat.into_data().iter::<f64>().collect()
}

pub type Init = fn(u64) -> ModuleOptimizer;

pub fn samplers() -> Vec<(&'static str, Init)> {
    vec![
        ("sgld", |seed| {
            SgldConfig::new(50.0)
                .with_prior(Some(Prior::Tether(0.1)))
                .with_seed(Some(seed))
                .with_walker(2)
                .init()
        }),
        ("gla1", |seed| {
            Gla1Config::new(50.0).with_seed(Some(seed)).init()
        }),
        ("gla2", |seed| {
            Gla2Config::new(50.0).with_seed(Some(seed)).init()
        }),
        ("baoab", |seed| {
            BaoabConfig::new(50.0)
                .with_prior(Some(Prior::Tether(0.1)))
                .with_seed(Some(seed))
                .init()
        }),
        ("psgld", |seed| {
            PsgldConfig::new(50.0)
                .with_prior(Some(Prior::Laplace(0.1)))
                .with_adaptation_steps(Some(12))
                .with_seed(Some(seed))
                .init()
        }),
        ("sghmc", |seed| {
            let walls = WallsConfig::new(10.0).with_upper(Some(0.1));
            SghmcConfig::new(50.0)
                .with_noise_estimate(0.5)
                .with_prior(Some(Prior::Walls(walls)))
                .with_seed(Some(seed))
                .init()
        }),
        ("sgnht", |seed| {
            SgnhtConfig::new(50.0).with_seed(Some(seed)).init()
        }),
        ("ccadl", |seed| {
            let annealing = InverseTemperatureSchedule::Geometric {
                initial: 1.0,
                steps: 15,
            };
            CcadlConfig::new(50.0)
                .with_annealing(Some(annealing))
                .with_seed(Some(seed))
                .init()
        }),
        ("a thermostat for each of two groups", |seed| {
            let noise = NoiseSource::new(seed, 0);
            let config = SgnhtConfig::new(50.0).with_thermostat(ThermostatScope::Group);
            let weights = config.build_with(&noise).expect("a sampler");
            let biases = config.build_with(&noise).expect("a sampler");
            ModuleOptimizer::from(weights).with_group(
                ParamGroup::from_predicate("bias"),
                biases,
                None,
            )
        }),
    ]
}

/// The parameters after nine steps on the first device, and eleven on the second with what the first left in files.
pub fn saved_and_loaded(
    start: Mlp,
    sampler: Init,
    dtype: DType,
    [first, second]: [&Device; 2],
) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| folder.path().join(name);
    let mut before = sampler(1);
    let half = run(start, first, &mut before, dtype, 0..9);
    let record = half.clone().into_record();
    record.save(file("model")).expect("model saved");
    before.save(file("sampler")).expect("sampler saved");

    // A new process would have another model, other parameter ids and, without a seed, other noise.
    let record = ModuleRecord::load(file("model")).expect("model loaded");
    let resumed = model(dtype).load_record(record);
    assert_eq!(parameters(&resumed), parameters(&half));
    let mut after = sampler(777).load(file("sampler")).expect("sampler loaded");
    parameters(&run(resumed, second, &mut after, dtype, 9..20))
}

#[test]
fn saved_and_loaded_through_files_a_chain_continues_exactly() {
    for dtype in [DType::F32, DType::F64] {
        for (name, sampler) in samplers() {
            let start = model(dtype);
            let whole = run(start.clone(), &flex(), &mut sampler(1), dtype, 0..20);
            let resumed = saved_and_loaded(start, sampler, dtype, [&flex(), &flex()]);
            assert_eq!(resumed, parameters(&whole), "{name} {dtype:?}");
        }
    }
}

#[test]
fn without_the_samplers_record_the_chain_is_another() {
    let start = model(DType::F32);
    let (_, baoab) = samplers()[3];
    let whole = run(start.clone(), &flex(), &mut baoab(1), DType::F32, 0..12);
    let half = run(start, &flex(), &mut baoab(1), DType::F32, 0..6);
    let resumed = run(half, &flex(), &mut baoab(1), DType::F32, 6..12);
    assert_ne!(parameters(&resumed), parameters(&whole));
}
