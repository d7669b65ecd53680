//! Tuning reaches what it is asked for.

use tati_core::analytic::Harmonic;

use super::super::testing::{mean_and_error, sample, tensor};
use super::at;
use crate::{HmcConfig, HmcOrder, Kernel, MalaConfig, MclmcConfig, NoiseSource, NutsConfig};

/// A Gaussian in ten dimensions with standard deviations of 1 to 1/3.
fn gaussian() -> Harmonic {
    Harmonic::new((0..10).map(|k| 1.0 + f64::from(k)).collect()).unwrap()
}

/// From a start at the wrong scale by far, in both directions, to the acceptance asked for within 0.05, and the step size
/// stays. The standard errors are below 0.01.
#[test]
fn acceptance_comes_to_its_target() {
    let noise = NoiseSource::new(9, 0);
    let start = [0.3; 10];
    for step_size in [1e-3, 1.0] {
        let hmc = HmcConfig::new(2.0, step_size, 1.0)
            .with_target_acceptance(Some(0.8))
            .with_tuning_steps(800);
        let euler = hmc.clone().with_order(HmcOrder::SymplecticEuler);
        let mala = MalaConfig::new(2.0, step_size)
            .with_target_acceptance(Some(0.574))
            .with_tuning_steps(800);
        let nuts = NutsConfig::new(2.0)
            .with_step_size(Some(step_size))
            .with_tuning_steps(800);
        let runs = [
            ("MALA", at(&mala, &start, &noise), 0.574),
            ("HMC, second order", at(&hmc, &start, &noise), 0.8),
            ("HMC, first order", at(&euler, &start, &noise), 0.8),
            ("NUTS", at(&nuts, &start, &noise), 0.8),
        ];
        for (name, mut kernel, target) in runs {
            assert_eq!(kernel.tuning_steps(), 800);
            let mut acceptances = Vec::new();
            sample(&mut *kernel, &gaussian(), 0, 2000, |_, transition| {
                acceptances.push(transition.acceptance.unwrap());
            });
            let (mean, error) = mean_and_error(&acceptances);
            assert!(error < 0.01, "{name}: {error}");
            assert!((mean - target).abs() < 0.05, "{name}: {mean} for {target}");
        }
    }
}

/// Without a target nothing is tuned, and nothing asks for burn-in.
#[test]
fn without_a_target_the_step_size_stays() {
    let noise = NoiseSource::new(9, 0);
    let config = MalaConfig::new(2.0, 0.01);
    let mut kernel = config.init(&tensor(&[0.3; 10]), &noise).unwrap();
    assert_eq!(kernel.tuning_steps(), 0);
    sample(&mut kernel, &gaussian(), 0, 20, |_, transition| {
        assert_eq!(transition.step_size, 0.01);
    });
    assert_eq!(kernel.step_size(), 0.01);
}

/// The scales of NUTS are the standard deviations of independent coordinates, whatever the temperature.
#[test]
fn nuts_finds_the_scales() {
    let config = NutsConfig::new(1.0e4).with_tuning_steps(200);
    let mut kernel = config
        .init(&tensor(&[0.3; 10]), &NoiseSource::new(9, 0))
        .unwrap();
    sample(&mut kernel, &gaussian(), 0, 1, |_, transition| {
        // K of the start of a tree has the mean N/(2β) = 5e-4.
        assert!((1e-4..2e-3).contains(&transition.kinetic_energy.unwrap()));
    });
    for (index, scale) in kernel.scales().iter().enumerate() {
        let exact = (1e4 * (1.0 + index as f64)).sqrt().recip();
        assert!(
            (scale / exact - 1.0).abs() < 1e-6,
            "{index}: {scale} for {exact}"
        );
    }
}

/// MCLMC finds the size of the distribution, sqrt(Σ 1/(βκ)) = 1.21, within 30 %.
#[test]
fn mclmc_finds_its_lengths() {
    let config = MclmcConfig::new(2.0, 0.01).with_tuning_steps(3000);
    let mut kernel = config
        .init(&tensor(&[0.3; 10]), &NoiseSource::new(9, 0))
        .unwrap();
    let mut before = None;
    sample(&mut kernel, &gaussian(), 0, 1, |_, transition| {
        before = Some(transition.step_size);
    });
    assert_eq!(before, Some(kernel.step_size()));
    let exact: f64 = (1..=10).map(|k| 0.5 / f64::from(k)).sum::<f64>().sqrt();
    let length = kernel.momentum_decoherence_length();
    assert!((length / exact - 1.0).abs() < 0.3, "{length} for {exact}");
}
