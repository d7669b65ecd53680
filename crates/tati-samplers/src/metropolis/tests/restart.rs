//! A restarted kernel continues as the one that was never stopped, bit for bit.

use tati_core::TatiError;
use tati_core::analytic::Rosenbrock;

use super::super::testing::tensor;
use super::{Settings, at, kernels};
use crate::{HmcConfig, Kernel, MalaConfig, NoiseSource, Prior, Transition};

/// What a transition leaves behind, as bits.
fn bits(kernel: &dyn Kernel, transition: &Transition) -> Vec<u64> {
    let Transition {
        potential,
        virial,
        gradient_norm,
        kinetic_energy,
        acceptance,
        step_size,
        num_gradients,
        diverged,
    } = *transition;
    let numbers = [
        potential,
        virial,
        gradient_norm,
        kinetic_energy.unwrap_or(-1.0),
        acceptance.unwrap_or(-1.0),
        step_size,
        num_gradients as f64,
        f64::from(u8::from(diverged)),
    ];
    let numbers = numbers.iter().chain(kernel.position());
    numbers.map(|number| number.to_bits()).collect()
}

fn run(kernel: &mut dyn Kernel, transitions: usize) -> Vec<Vec<u64>> {
    let valley = Rosenbrock::new(5.0).unwrap();
    (0..transitions)
        .map(|_| {
            let transition = kernel.transition(&valley).unwrap();
            bits(kernel, &transition)
        })
        .collect()
}

/// 30 transitions against 13, a restart and 17: with no tuning, tuning over before the restart, and in the midst of it. The
/// fresh kernel has another start, seed and walker, which the saved state must replace.
#[test]
fn thirteen_and_seventeen_are_thirty() {
    for tuning_steps in [0, 6, 12, 21, 27] {
        let settings = Settings {
            step_size: 0.2,
            prior: Some(Prior::Tether(0.3)),
            tuning_steps,
        };
        let whole = kernels(&[0.3, -0.4], &NoiseSource::new(5, 1), settings.clone());
        let fresh = kernels(&[1.0, 1.0], &NoiseSource::new(6, 0), settings);
        for ((name, mut whole), (_, mut fresh)) in whole.into_iter().zip(fresh) {
            let at_start = whole.save();
            let before = run(&mut *whole, 13);
            let saved = whole.save();
            let after = run(&mut *whole, 17);

            fresh.restore(&saved).unwrap();
            assert_eq!(fresh.save(), saved, "{name}");
            assert_eq!(run(&mut *fresh, 17), after, "{name} with {tuning_steps}");

            // Back to where it began.
            fresh.restore(&at_start).unwrap();
            assert_eq!(run(&mut *fresh, 13), before, "{name} with {tuning_steps}");
        }
    }
}

#[test]
fn walkers_and_seeds_differ() {
    let settings = Settings {
        step_size: 0.2,
        prior: None,
        tuning_steps: 0,
    };
    let all = [(1, 0), (1, 1), (2, 0)].map(|(seed, walker)| {
        kernels(
            &[0.3, -0.4],
            &NoiseSource::new(seed, walker),
            settings.clone(),
        )
    });
    let mut runs = all.map(|kernels| {
        let kernels = kernels.into_iter();
        kernels
            .map(|(_, mut kernel)| run(&mut *kernel, 3))
            .collect::<Vec<_>>()
    });
    for kernel in 0..runs[0].len() {
        let [a, b, c] = runs.each_mut().map(|run| std::mem::take(&mut run[kernel]));
        assert!(a != b && b != c && a != c);
    }
}

#[test]
fn states_of_other_kernels_sizes_and_priors_are_refused() {
    let noise = NoiseSource::new(1, 0);
    let hmc = HmcConfig::new(1.0, 0.1, 1.0);
    let mut kernel = hmc.init(&tensor(&[0.0, 0.0]), &noise).unwrap();
    run(&mut kernel, 2);
    let before = kernel.save();
    let tethered = hmc.clone().with_prior(Some(Prior::Tether(1.0)));
    let others = [
        (
            at(&MalaConfig::new(1.0, 0.1), &[0.0, 0.0], &noise).save(),
            "state of mala",
        ),
        (at(&hmc, &[0.0; 3], &noise).save(), "has 3 parameters"),
        (at(&tethered, &[0.0; 2], &noise).save(), "another prior"),
        (before[..before.len() / 2].to_vec(), "cut short"),
        (Vec::new(), "cut short"),
        (b"no state at all".to_vec(), "cannot be read"),
    ];
    for (bytes, reason) in others {
        let error = kernel.restore(&bytes).unwrap_err();
        assert!(matches!(error, TatiError::Record { .. }));
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(kernel.save(), before);
    }
}
