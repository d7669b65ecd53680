//! What kernels do with energies that are not finite, potentials that fail and settings that make no sense.

use std::cell::Cell;

use tati_core::analytic::{Harmonic, HostPotential};
use tati_core::{Result, TatiError};

use super::super::testing::{Failing, HalfSpace, deviation, sample, tensor};
use super::{Settings, at, kernels};
use crate::{
    HmcConfig, Kernel, KernelConfig, MalaConfig, MclmcConfig, NoiseSource, NutsConfig, Prior,
};

fn settings(step_size: f64) -> Settings {
    Settings {
        step_size,
        prior: None,
        tuning_steps: 0,
    }
}

/// Whatever a transition reports belongs to the position after it, also where that is the position before it.
#[test]
fn reports_belong_to_the_position() {
    let well = Harmonic::new(vec![1.0, 30.0]).unwrap();
    let prior = Prior::Gaussian(0.5);
    let with_prior = Settings {
        prior: Some(prior.clone()),
        ..settings(0.4)
    };
    for (name, mut kernel) in kernels(&[0.3, -0.1], &NoiseSource::new(3, 0), with_prior) {
        let mut rejections = 0;
        let mut before = kernel.position().to_vec();
        for _ in 0..200 {
            let transition = kernel.transition(&well).unwrap();
            let position = kernel.position();
            rejections += usize::from(position == before);
            before = position.to_vec();
            let mut gradient = vec![0.0; 2];
            let energy = well.value_and_gradient(position, &mut gradient)
                + prior.energy_and_add_gradient(position, None, &mut gradient);
            let sum = |values: [f64; 2]| values.iter().sum::<f64>();
            let exact = [
                energy,
                0.5 * sum([0, 1].map(|k| position[k] * gradient[k])),
                sum([0, 1].map(|k| gradient[k] * gradient[k])).sqrt(),
            ];
            let reported = [
                transition.potential,
                transition.virial,
                transition.gradient_norm,
            ];
            for (reported, exact) in reported.into_iter().zip(exact) {
                // NUTS divides by β what it has multiplied with β.
                let tolerance = if name == "NUTS" { 1e-14 } else { 0.0 };
                assert!((reported - exact).abs() <= tolerance * exact, "{name}");
            }
        }
        // The step is at the edge of stability, so that all that can reject do.
        assert_eq!(rejections > 10, name != "MCLMC", "{name}: {rejections}");
    }
}

/// The gradients reported are those that the potential was asked for: NUTS spends none on beginning each tree anew.
#[test]
fn gradients_are_counted() {
    for tuning_steps in [0, 30] {
        let settings = Settings {
            tuning_steps,
            ..settings(0.3)
        };
        for (name, mut kernel) in kernels(&[0.5, -0.5], &NoiseSource::new(4, 0), settings) {
            let potential = Failing {
                remaining: Cell::new(100_000),
            };
            let mut reported = 0;
            for _ in 0..60 {
                reported += kernel.transition(&potential).unwrap().num_gradients;
            }
            assert_eq!(reported, 100_000 - potential.remaining.get(), "{name}");
        }
    }
}

/// A half space without energy is a wall: θ₀ is half-normal before it, ⟨θ₀⟩ = −sqrt(2/(πβ)). Three checks at |z| < 4:
/// false alarms 2e-4.
#[test]
fn undefined_energies_are_rejected() {
    let potential = HalfSpace {
        wall: 0.0,
        dimension: 2,
    };
    for (name, mut kernel) in kernels(&[-0.5, 0.0], &NoiseSource::new(8, 0), settings(0.5)) {
        if name == "MCLMC" {
            continue;
        }
        let mut draws = Vec::new();
        let mut divergences = 0;
        let mut before = kernel.position().to_vec();
        sample(
            &mut *kernel,
            &potential,
            0,
            20_000,
            |position, transition| {
                assert!(
                    position[0] <= 0.0 && transition.potential.is_finite(),
                    "{name}"
                );
                if transition.diverged {
                    divergences += 1;
                    if name != "NUTS" {
                        assert_eq!(transition.acceptance, Some(0.0));
                        assert_eq!(position, before, "{name}");
                    }
                }
                before = position.to_vec();
                draws.push(position[0]);
            },
        );
        assert!(divergences > 100, "{name}: {divergences}");
        let z = deviation(&draws, -(1.0 / std::f64::consts::PI).sqrt());
        assert!(z.abs() < 4.0, "{name}: {z}");
    }
}

/// MCLMC has no rejection: after tuning it stops there, within tuning it turns round and takes shorter steps.
#[test]
fn mclmc_stops_at_undefined_energies() {
    let potential = HalfSpace {
        wall: 0.0,
        dimension: 2,
    };
    let noise = NoiseSource::new(8, 0);
    let mut kernel = at(&MclmcConfig::new(1.0, 0.5), &[-0.5, 0.0], &noise);
    let error = (0..100)
        .find_map(|_| kernel.transition(&potential).err())
        .unwrap();
    assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");
    assert!(kernel.position()[0] <= 0.0);

    let tuned = MclmcConfig::new(1.0, 0.5).with_tuning_steps(200);
    let mut kernel = tuned.init(&tensor(&[-0.5, 0.0]), &noise).unwrap();
    let met = (0..200)
        .filter(|_| kernel.transition(&potential).unwrap().diverged)
        .count();
    assert!(met > 0 && kernel.step_size() < 0.5);
}

/// An error of the potential comes out as it went in, and leaves the kernel as it was.
#[test]
fn errors_of_the_potential_pass_through() {
    for tuning_steps in [0, 50] {
        let settings = Settings {
            tuning_steps,
            ..settings(0.3)
        };
        for (name, mut kernel) in kernels(&[0.5, -0.5], &NoiseSource::new(4, 0), settings) {
            let mut passed = 0;
            // At each of the first evaluations: the start, the search, and within a leg or tree.
            for evaluations in 0..12 {
                let potential = Failing {
                    remaining: Cell::new(evaluations),
                };
                loop {
                    let before = kernel.save();
                    match kernel.transition(&potential) {
                        Ok(_) => passed += 1,
                        Err(TatiError::DatasetUnavailable { .. }) => {
                            // The first evaluation is kept.
                            assert!(passed == 0 || kernel.save() == before, "{name}");
                            break;
                        }
                        Err(error) => panic!("{name}: {error}"),
                    }
                }
            }
            assert!(passed > 0, "{name}");
        }
    }
}

#[test]
fn a_start_without_energy_is_an_error() {
    let potential = HalfSpace {
        wall: 0.0,
        dimension: 2,
    };
    for (name, mut kernel) in kernels(&[0.5, 0.0], &NoiseSource::new(8, 0), settings(0.5)) {
        let error = kernel.transition(&potential).unwrap_err();
        assert!(matches!(error, TatiError::NotFinite { .. }), "{name}");
    }
}

/// Weights of inputs that are always 0 have slopes of exactly 0.
#[test]
fn slopes_may_be_zero() {
    let well = Harmonic::new(vec![1.0, 1.0]).unwrap();
    for (name, mut kernel) in kernels(&[0.0, 0.0], &NoiseSource::new(8, 0), settings(0.5)) {
        for _ in 0..5 {
            kernel.transition(&well).expect(name);
        }
        assert!(kernel.position()[0] != 0.0, "{name}");
    }
}

#[test]
fn settings_outside_their_domain_are_refused() {
    fn refused<C: KernelConfig>(config: C) {
        refused_at(config, &[0.0, 0.0]);
    }
    fn refused_at<C: KernelConfig>(config: C, start: &[f64]) {
        let kernel: Result<Box<dyn Kernel>> = config.start(&tensor(start), &NoiseSource::new(1, 0));
        match kernel.map(|_| ()) {
            Err(TatiError::InvalidSetting { .. }) => {}
            other => panic!("{other:?} of {}", C::NAME),
        }
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(MalaConfig::new(bad, 0.1));
        refused(MalaConfig::new(1.0, bad));
        refused(HmcConfig::new(bad, 0.1, 1.0));
        refused(HmcConfig::new(1.0, bad, 1.0));
        refused(HmcConfig::new(1.0, 0.1, bad));
        refused(NutsConfig::new(bad));
        refused(NutsConfig::new(1.0).with_step_size(Some(bad)));
        refused(MclmcConfig::new(bad, 0.1));
        refused(MclmcConfig::new(1.0, bad));
        refused(MclmcConfig::new(1.0, 0.1).with_momentum_decoherence_length(Some(bad)));
        refused(MclmcConfig::new(1.0, 0.1).with_energy_variance_per_dimension(bad));
        refused(MalaConfig::new(1.0, 0.1).with_prior(Some(Prior::Gaussian(bad))));
        refused(NutsConfig::new(1.0).with_prior(Some(Prior::Tether(bad))));
    }
    for bad in [0.0, 1.0, -0.5, f64::NAN] {
        refused(MalaConfig::new(1.0, 0.1).with_target_acceptance(Some(bad)));
        refused(HmcConfig::new(1.0, 0.1, 1.0).with_target_acceptance(Some(bad)));
        refused(NutsConfig::new(1.0).with_target_acceptance(bad));
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        refused(HmcConfig::new(1.0, 0.1, 1.0).with_step_size_jitter(bad));
    }
    let tuned = MalaConfig::new(1.0, 0.1).with_target_acceptance(Some(0.6));
    refused(tuned.with_tuning_steps(0));
    refused(NutsConfig::new(1.0).with_max_depth(0));
    refused(NutsConfig::new(1.0).with_max_depth(31));
    refused_at(MclmcConfig::new(1.0, 0.1), &[0.0]);
    refused_at(MalaConfig::new(1.0, 0.1), &[]);
}
