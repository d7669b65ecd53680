//! What must hold to the last bit.

use crate::common::{Ensemble, flex};
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Int, Tensor, TensorData};
use tati::models::{GlyphsConfig, LeNet, LeNetConfig, Mlp, MlpConfig};
use tati::prelude::*;

/// Images and labels of a few glyphs.
fn glyphs(count: usize) -> (Tensor<2>, Tensor<1, Int>) {
    let digits = GlyphsConfig::new()
        .with_train(count)
        .with_test(10)
        .generate()
        .expect("glyphs");
    digits.train.to_tensors(&flex().autodiff())
}

fn gradients<M: Module>(
    model: &M,
    forward: fn(&M, Tensor<2>) -> Tensor<2>,
    (images, labels): (Tensor<2>, Tensor<1, Int>),
) -> GradientsParams {
    let logits = forward(model, images);
    let loss = CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits, labels);
    GradientsParams::from_grads(loss.backward(), model)
}

fn bits<M: Module>(model: &M) -> TensorData {
    let layout = ParameterLayout::of(model).expect("a layout");
    layout.flatten(model).expect("parameters").into_data()
}

#[test]
fn sgld_at_infinite_inverse_temperature_is_burns_sgd_on_lenet() {
    let data = glyphs(16);
    let start: LeNet = LeNetConfig::new().init(&flex().autodiff());
    let run = |mut optimizer: ModuleOptimizer| {
        let mut model = start.clone();
        for _ in 0..100 {
            let gradients = gradients(&model, LeNet::forward, data.clone());
            model = optimizer.step(0.05, model, gradients);
        }
        bits(&model)
    };
    let sgd = run(SgdConfig::new().init());
    assert_ne!(sgd, bits(&start));
    assert_eq!(run(SgldConfig::new(f64::INFINITY).init()), sgd);
    assert_ne!(run(SgldConfig::new(1e12).with_seed(Some(1)).init()), sgd);
}

#[test]
fn equal_seeds_give_equal_bits_for_any_number_of_threads() {
    let data = glyphs(8);
    let start: Mlp = MlpConfig::new(vec![128]).init(&flex().autodiff());
    let run = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            let mut sampler = BaoabConfig::new(1e4).with_seed(Some(seed)).init();
            let mut model = start.clone();
            for _ in 0..10 {
                // The same gradients for every pool: only the sampler is under test.
                let gradients = gradients(&start, Mlp::forward, data.clone());
                model = sampler.step(0.05, model, gradients);
            }
            bits(&model)
        })
    };
    assert_eq!(run(1, 3), run(2, 3));
    assert_ne!(run(1, 3), run(1, 4));
}

#[test]
fn walkers_of_one_seed_differ() {
    let run = |walker| {
        let mut sampler = SgldConfig::new(1.0)
            .with_seed(Some(1))
            .with_walker(walker)
            .init();
        Ensemble::new(vec![0.0; 8], DType::F32)
            .harmonic_step(&mut sampler, 0.1, 1.0)
            .positions()
    };
    assert_ne!(run(0), run(1));
}

/// Noise is the same in every precision, so f32 follows f64 up to rounding.
#[test]
fn f32_follows_f64() {
    let run = |dtype| {
        let mut sampler = BaoabConfig::new(2.0)
            .with_friction(1.0)
            .with_seed(Some(5))
            .init();
        let mut ensemble = Ensemble::new(vec![0.3; 100], dtype);
        for _ in 0..50 {
            ensemble = ensemble.harmonic_step(&mut sampler, 0.2, 1.0);
        }
        ensemble.positions()
    };
    let (single, double) = (run(DType::F32), run(DType::F64));
    for (single, double) in single.iter().zip(&double) {
        assert!((single - double).abs() < 5e-6, "{single} {double}");
    }
    assert_ne!(single, double);
}

#[test]
fn a_thermometer_does_not_disturb_the_chain() {
    let run = |measure: bool| {
        let thermometer = Thermometer::new();
        let mut sampler = BaoabConfig::new(2.0)
            .with_prior(Some(Prior::Tether(0.5)))
            .with_seed(Some(5))
            .build()
            .expect("a sampler")
            .with_thermometer(&thermometer)
            .into_optimizer();
        let mut ensemble = Ensemble::new(vec![0.3; 100], DType::F32);
        for _ in 0..20 {
            if measure {
                thermometer.arm();
            }
            ensemble = ensemble.harmonic_step(&mut sampler, 0.2, 1.0);
            assert_eq!(
                thermometer.read().num_parameters,
                if measure { 100 } else { 0 }
            );
        }
        ensemble.positions()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn settings_outside_their_domain_are_refused() {
    let message = |error: TatiError| error.to_string();
    assert!(message(BaoabConfig::new(-1.0).build().unwrap_err()).contains("inverse_temperature"));
    let no_friction = BaoabConfig::new(1.0)
        .with_friction(0.0)
        .build()
        .unwrap_err();
    assert!(message(no_friction).contains("friction"));
    let prior = SgldConfig::new(1.0)
        .with_prior(Some(Prior::Gaussian(f64::NAN)))
        .build();
    assert!(message(prior.unwrap_err()).contains("Gaussian prior"));
    for step_size in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let panic = std::panic::catch_unwind(|| {
            let mut sampler = SgldConfig::new(1.0).init();
            Ensemble::new(vec![0.0], DType::F32).harmonic_step(&mut sampler, step_size, 1.0);
        });
        let panic = panic.expect_err("a step of no size");
        let text = panic.downcast_ref::<String>().expect("a message");
        assert!(text.contains("step_size"), "{text}");
    }
}

#[test]
fn configs_survive_their_file() {
    use burn::config::Config;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sampler.json");
    let config = BaoabConfig::new(InverseTemperature::tempered(60_000, 0.05))
        .with_friction(3.0)
        .with_prior(Some(Prior::Tether(0.25)))
        .with_seed(Some(u64::MAX))
        .with_walker(4);
    config.save(&file).expect("saved");
    let loaded = BaoabConfig::load(&file).expect("loaded");
    assert_eq!(loaded.inverse_temperature, 1_200_000.0);
    assert_eq!(format!("{loaded:?}"), format!("{config:?}"));
}

/// The noise does not depend on the device.
#[cfg(feature = "ndarray")]
#[test]
fn flex_and_ndarray_draw_the_same_bits() {
    use burn::nn::LinearConfig;

    let run = |name: &str| {
        let device = open_device(name).expect("compiled in").autodiff();
        let mut linear = LinearConfig::new(300, 7).init(&device);
        let layout = ParameterLayout::of(&linear).expect("a layout");
        let zero = Tensor::zeros([layout.num_parameters()], &device.clone().inner());
        linear = layout.unflatten(linear, zero).expect("zeros");
        let mut sampler = BaoabConfig::new(1.0).with_seed(Some(9)).init();
        for _ in 0..5 {
            let input = Tensor::<2>::ones([1, 300], &device);
            let loss = linear.forward(input).sum().mul_scalar(0.0);
            let gradients = GradientsParams::from_grads(loss.backward(), &linear);
            linear = sampler.step(0.1, linear, gradients);
        }
        bits(&linear)
    };
    assert_eq!(run("flex"), run("ndarray"));
}
