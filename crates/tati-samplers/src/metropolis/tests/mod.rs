//! Tests that every kernel must pass.

mod acceptance;
mod distributions;
mod refusals;
mod restart;
mod reversibility;
mod tuning;

use super::testing::tensor;
use crate::{
    HmcConfig, HmcOrder, Kernel, KernelConfig, MalaConfig, MclmcConfig, NoiseSource, NutsConfig,
    Prior,
};

/// Every kernel at `start` with these settings: h, of dimension time², for MALA, `step_size` for all others.
fn kernels(
    start: &[f64],
    noise: &NoiseSource,
    settings: Settings,
) -> Vec<(&'static str, Box<dyn Kernel>)> {
    let Settings {
        step_size,
        prior,
        tuning_steps,
    } = settings;
    let target = (tuning_steps > 0).then_some(0.7);
    let hmc = |order| {
        let config = HmcConfig::new(2.0, step_size, 5.0 * step_size).with_order(order);
        let config = config.with_prior(prior.clone());
        at(
            &config
                .with_target_acceptance(target)
                .with_tuning_steps(tuning_steps),
            start,
            noise,
        )
    };
    vec![
        (
            "MALA",
            at(
                &MalaConfig::new(2.0, 0.5 * step_size * step_size)
                    .with_prior(prior.clone())
                    .with_target_acceptance(target)
                    .with_tuning_steps(tuning_steps),
                start,
                noise,
            ),
        ),
        ("HMC, first order", hmc(HmcOrder::SymplecticEuler)),
        ("HMC, second order", hmc(HmcOrder::Leapfrog)),
        (
            "NUTS",
            at(
                &NutsConfig::new(2.0)
                    .with_step_size((tuning_steps == 0).then_some(step_size))
                    .with_prior(prior.clone())
                    .with_tuning_steps(tuning_steps),
                start,
                noise,
            ),
        ),
        (
            "MCLMC",
            at(
                &MclmcConfig::new(2.0, step_size)
                    .with_prior(prior.clone())
                    .with_tuning_steps(tuning_steps),
                start,
                noise,
            ),
        ),
    ]
}

#[derive(Clone, Debug)]
struct Settings {
    step_size: f64,
    prior: Option<Prior>,
    tuning_steps: u64,
}

fn at(config: &impl KernelConfig, start: &[f64], noise: &NoiseSource) -> Box<dyn Kernel> {
    config.start(&tensor(start), noise).unwrap()
}
