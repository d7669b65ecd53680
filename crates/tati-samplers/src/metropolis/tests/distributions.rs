//! Draws against exact averages.

use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use tati_core::analytic::{DoubleWell, Harmonic};
use tati_core::{ModelPotential, Potential, open_device};

use super::super::testing::{Correlated, WellAndSpring, deviation, sample};
use super::at;
use crate::{
    HmcConfig, HmcOrder, Kernel, KernelConfig, MalaConfig, MclmcConfig, NoiseSource, NutsConfig,
    Prior, Transition,
};

/// Deviations of the averages of `observe` from `exact`, in standard errors.
fn deviations<const K: usize>(
    (mut kernel, count, every): (Box<dyn Kernel>, usize, usize),
    potential: &dyn Potential,
    exact: [f64; K],
    observe: impl Fn(&[f64], &Transition) -> [f64; K],
) -> [f64; K] {
    let mut series = [const { Vec::new() }; K];
    let mut index = 0;
    sample(
        &mut *kernel,
        potential,
        500,
        count,
        |position, transition| {
            index += 1;
            if index % every == 0 {
                for (series, value) in series.iter_mut().zip(observe(position, transition)) {
                    series.push(value);
                }
            }
        },
    );
    std::array::from_fn(|k| deviation(&series[k], exact[k]))
}

/// A Gaussian in ten dimensions with a condition number of 1000 and no axis along a coordinate, at β = 2: two variances, a
/// covariance and the potential. 20 checks at |z| < 4: false alarms 1.3e-3.
#[test]
fn a_strongly_correlated_gaussian() {
    const BETA: f64 = 2.0;
    let curvatures: Vec<f64> = (0..10).map(|k| 10f64.powf(f64::from(k) / 3.0)).collect();
    let gaussian = Correlated::rotated(&curvatures);
    let start = [0.1; 10];
    let noise = NoiseSource::new(2, 0);
    let hmc = HmcConfig::new(BETA, 0.03, 1.5);
    let euler = HmcConfig::new(BETA, 0.02, 1.5).with_order(HmcOrder::SymplecticEuler);
    let mclmc = MclmcConfig::new(BETA, 0.03).with_momentum_decoherence_length(Some(1.5));
    let runs = [
        (
            "MALA",
            at(&MalaConfig::new(BETA, 4e-4), &start, &noise),
            800_000,
            100,
        ),
        ("HMC, second order", at(&hmc, &start, &noise), 6000, 1),
        ("HMC, first order", at(&euler, &start, &noise), 6000, 1),
        ("NUTS", at(&NutsConfig::new(BETA), &start, &noise), 6000, 1),
        ("MCLMC", at(&mclmc, &start, &noise), 400_000, 20),
    ];
    let exact = [
        gaussian.covariance(0, 0) / BETA,
        gaussian.covariance(9, 9) / BETA,
        gaussian.covariance(0, 1) / BETA,
        5.0 / BETA,
    ];
    for (name, kernel, count, every) in runs {
        let run = (kernel, count, every);
        let z = deviations(run, &gaussian, exact, |theta, transition| {
            [
                theta[0] * theta[0],
                theta[9] * theta[9],
                theta[0] * theta[1],
                transition.potential,
            ]
        });
        assert!(z.iter().all(|z| z.abs() < 4.0), "{name}: {z:?}");
    }
}

/// The double well with a spring across it, at β = 2.5: the population of the right well, ⟨x²⟩ against quadrature, and ⟨y²⟩.
/// 15 checks at |z| < 4: false alarms 1e-3.
#[test]
fn populations_of_a_double_well() {
    const BETA: f64 = 2.5;
    let well = DoubleWell::new(1.0).unwrap();
    let potential = WellAndSpring(well);
    let start = [1.0, 0.0];
    let noise = NoiseSource::new(3, 0);
    let hmc = HmcConfig::new(BETA, 0.25, 1.5);
    let euler = hmc.clone().with_order(HmcOrder::SymplecticEuler);
    let mclmc = MclmcConfig::new(BETA, 0.05).with_momentum_decoherence_length(Some(1.0));
    let runs = [
        (
            "MALA",
            at(&MalaConfig::new(BETA, 0.05), &start, &noise),
            200_000,
            5,
        ),
        ("HMC, second order", at(&hmc, &start, &noise), 30_000, 1),
        ("HMC, first order", at(&euler, &start, &noise), 30_000, 1),
        (
            "NUTS",
            at(&NutsConfig::new(BETA), &start, &noise),
            20_000,
            1,
        ),
        ("MCLMC", at(&mclmc, &start, &noise), 400_000, 10),
    ];
    let exact = [0.5, well.average(BETA, |x| x * x), 1.0 / (4.0 * BETA)];
    for (name, kernel, count, every) in runs {
        let run = (kernel, count, every);
        let z = deviations(run, &potential, exact, |theta, _| {
            let right = f64::from(u8::from(theta[0] > 0.0));
            [right, theta[0] * theta[0], theta[1] * theta[1]]
        });
        assert!(z.iter().all(|z| z.abs() < 4.0), "{name}: {z:?}");
    }
}

/// In one dimension, which NUTS and HMC can do too: a well under a Gaussian and under a tethering prior, U = θ²/2 + prior. The
/// curvatures add up, and the tether pulls towards the start. 8 checks at |z| < 4: false alarms 5e-4.
#[test]
fn priors_are_part_of_the_density() {
    const BETA: f64 = 2.0;
    let well = Harmonic::new(vec![1.0]).unwrap();
    let noise = NoiseSource::new(4, 0);
    for (prior, mean) in [(Prior::Gaussian(3.0), 0.0), (Prior::Tether(3.0), 0.75)] {
        let prior = Some(prior);
        let runs = [
            at(
                &MalaConfig::new(BETA, 0.1).with_prior(prior.clone()),
                &[1.0],
                &noise,
            ),
            at(
                &HmcConfig::new(BETA, 0.2, 0.8).with_prior(prior.clone()),
                &[1.0],
                &noise,
            ),
        ];
        for kernel in runs {
            let exact = [mean, mean * mean + 0.25 / BETA];
            let z = deviations((kernel, 20_000, 1), &well, exact, |theta, _| {
                [theta[0], theta[0] * theta[0]]
            });
            assert!(z.iter().all(|z| z.abs() < 4.0), "{z:?}");
        }
    }
}

/// A Burn model in single precision: linear regression through the origin, whose loss on these inputs is
/// U = |θ − (½, −1)|²/2. 15 checks at |z| < 4: false alarms 1e-3.
#[test]
fn a_burn_model() {
    const BETA: f64 = 4.0;
    let device = open_device("flex").unwrap().autodiff();
    let model = LinearConfig::new(2, 1).with_bias(false).init(&device);
    let inputs = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &device);
    let targets = Tensor::<2>::from_data([[0.5], [-1.0]], &device);
    let loss = |model: &Linear, (inputs, targets): (Tensor<2>, Tensor<2>)| {
        (model.forward(inputs) - targets).powi_scalar(2).mean()
    };
    let potential = ModelPotential::new(model.clone(), (inputs, targets), loss).unwrap();
    let start = potential.layout().flatten(&model).unwrap();
    let noise = NoiseSource::new(5, 0);
    let mclmc = MclmcConfig::new(BETA, 0.1).with_momentum_decoherence_length(Some(0.7));
    let euler = HmcConfig::new(BETA, 0.3, 1.2).with_order(HmcOrder::SymplecticEuler);
    let runs = [
        (MalaConfig::new(BETA, 0.2).start(&start, &noise), 10_000),
        (HmcConfig::new(BETA, 0.5, 1.5).start(&start, &noise), 2000),
        (euler.start(&start, &noise), 2000),
        (
            NutsConfig::new(BETA)
                .with_tuning_steps(200)
                .start(&start, &noise),
            2000,
        ),
        (mclmc.start(&start, &noise), 20_000),
    ];
    let exact = [0.5, -1.0, 1.0 / BETA];
    for (kernel, count) in runs {
        let z = deviations(
            (kernel.unwrap(), count, 1),
            &potential,
            exact,
            |theta, transition| [theta[0], theta[1], transition.potential],
        );
        assert!(z.iter().all(|z| z.abs() < 4.0), "{z:?}");
    }
}
