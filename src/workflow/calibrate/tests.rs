//! Calibration against exact moments, and its settings.

use burn::module::Param;
use burn::tensor::{DType, TensorData};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tati_samplers::{Integrator, stationary_moments};

use super::*;

/// U = ½ κ |θ|² over 200 parameters: BAOAB's temperature is 1 − h²κ/4.
#[derive(Module, Debug)]
struct Well {
    theta: Param<Tensor<1>>,
}

#[test]
fn a_harmonic_well_is_judged_by_its_theory() {
    let device = tati_core::open_device("flex").unwrap().autodiff();
    let row = |values: Vec<f64>| {
        let length = [values.len()];
        let data = TensorData::new(values, length).convert_dtype(DType::F32);
        Tensor::<1>::from_data(data, &device.clone().inner())
    };
    let model = Well {
        theta: Param::from_tensor(Tensor::from_inner(row(vec![0.0; 200]))),
    };
    let loss = |well: &Well, stiffness: Tensor<2>| {
        let energy = well.theta.val().powi_scalar(2).sum().mul_scalar(0.5);
        energy * stiffness.flatten::<1>(0, 1)
    };
    let stiffness = row(vec![4.0]).unsqueeze::<2>();
    let potential = ModelPotential::new(model.clone(), stiffness, loss).unwrap();
    let sweep = CalibrateConfig::new(vec![0.001, 0.2, 0.6, 1.2], vec![2.0], vec![5.0])
        .with_num_steps(4000)
        .with_seed(Some(3));
    let (settings, recommended) = sweep.run(&model, &potential, |_| true).unwrap();
    let verdicts: Vec<_> = settings.iter().map(|setting| setting.verdict).collect();
    use CalibrationVerdict::{Cold, Good, Unstable};
    // At 0.001 the momentum has not forgotten how it began, and U has not come from its minimum.
    assert_ne!(verdicts[0], Good);
    assert_eq!(verdicts[1..], [Good, Cold, Unstable]);
    assert_eq!(recommended, Some(1));
    for (setting, expected) in settings[1..3].iter().zip([0.96, 0.64]) {
        let (found, error) = (
            setting.temperature.unwrap(),
            setting.temperature_error.unwrap(),
        );
        // Four standard errors: one in 16,000, the seed being fixed.
        assert!((found - expected).abs() < 4.0 * error, "{found} {error}");
    }
}

/// The same well with gradients that carry noise of variance σ² = 0.4, those of items b of U = ½ κ |θ|² + b·θ. At h = 0.4 the step cools
/// the momenta by as much as the noise heats them, and the draws are a quarter too hot all the same.
#[test]
fn noise_that_hides_behind_a_large_step_is_found() {
    const SIZE: usize = 200;
    const BATCH: usize = 4;
    let (stiffness, friction, beta, noise) = (4.0, 2.0, 5.0, 0.4);
    let device = tati_core::open_device("flex").unwrap().autodiff();
    let mut random = StdRng::seed_from_u64(5);
    // In pairs of opposite sign: over all data they cancel.
    let size = (noise * BATCH as f64).sqrt() as f32;
    let half: Vec<f32> = (0..2000 * SIZE)
        .map(|_| if random.random::<bool>() { size } else { -size })
        .collect();
    let items: Vec<f32> = half
        .iter()
        .copied()
        .chain(half.iter().map(|b| -b))
        .collect();
    let items = TensorData::new(items, [4000, SIZE]);
    let items = Tensor::<2>::from_data(items, &device.clone().inner());
    let zeros = TensorData::new(vec![0.0_f32; SIZE], [SIZE]);
    let model = Well {
        theta: Param::from_tensor(Tensor::from_data(zeros, &device).require_grad()),
    };
    let loss = |well: &Well, items: Tensor<2>| {
        let theta = well.theta.val();
        let energy = theta.clone().powi_scalar(2).sum().mul_scalar(2.0);
        energy + (items.mean_dim(0).flatten::<1>(0, 1) * theta).sum()
    };
    let potential = ModelPotential::new(model.clone(), items, loss).unwrap();
    let sweep = CalibrateConfig::new(vec![0.05, 0.4], vec![friction], vec![beta])
        .with_num_steps(4000)
        .with_batch_size(Some(BATCH))
        .with_seed(Some(3));
    let (settings, recommended) = sweep.run(&model, &potential, |_| true).unwrap();
    for setting in &settings {
        let h = setting.step_size;
        let update = Integrator::Baoab.update(h, h, friction, beta);
        let exact = stationary_moments(&update, stiffness, noise).unwrap();
        for (found, error, expected) in [
            (
                setting.temperature,
                setting.temperature_error,
                beta * exact.momentum_variance,
            ),
            (
                setting.virial,
                setting.virial_error,
                beta * stiffness * exact.position_variance,
            ),
        ] {
            let (found, error) = (found.unwrap(), error.unwrap());
            // Four standard errors: one in 16,000, the seed being fixed.
            assert!((found - expected).abs() < 4.0 * error, "{setting:?}");
        }
        // The momenta alone would not tell.
        assert!(
            (setting.temperature.unwrap() - 1.0).abs() < 0.05,
            "{setting:?}"
        );
    }
    let verdicts: Vec<_> = settings.iter().map(|setting| setting.verdict).collect();
    assert_eq!(
        verdicts,
        [CalibrationVerdict::Good, CalibrationVerdict::Hot]
    );
    assert_eq!(recommended, Some(0));
}

#[test]
fn sweeps_that_make_no_sense_are_refused() {
    let good = CalibrateConfig::new(vec![0.1], vec![1.0], vec![1.0]);
    assert!(good.validate().is_ok());
    let message = |config: CalibrateConfig| config.validate().unwrap_err().to_string();
    assert_eq!(
        message(good.clone().with_num_steps(99)),
        "`num_steps` is 99: it must be at least 100"
    );
    let none = CalibrateConfig::new(vec![], vec![1.0], vec![1.0]);
    assert_eq!(message(none), "`step_sizes` is 0: it must be at least 1");
    let bad = CalibrateConfig::new(vec![0.1], vec![f64::NAN], vec![1.0]);
    assert!(message(bad).starts_with("`frictions` is NaN"));
}
