//! Settings of every sampler that suit the small network.

use tati::samplers::{
    BaoabConfig, CcadlConfig, ChainSampler, Gla1Config, Gla2Config, HmcConfig, HmcOrder,
    MalaConfig, MclmcConfig, NutsConfig, Prior, PsgldConfig, SghmcConfig, SgldConfig, SgnhtConfig,
};

use crate::support::sampler::Sampler;

/// β: the posterior of 200 points is sampled.
pub const INVERSE_TEMPERATURE: f64 = 200.0;
/// Strength of the Gaussian prior, without which cross-entropy has no density to sample.
const PRIOR_STRENGTH: f64 = 0.01;

/// A sampler with its settings.
pub fn build(sampler: Sampler, seed: u64) -> ChainSampler {
    macro_rules! common {
        ($config:expr) => {
            $config
                .with_prior(Some(Prior::Gaussian(PRIOR_STRENGTH)))
                .with_seed(Some(seed))
        };
    }
    macro_rules! optimizer {
        ($config:expr, $step_size:expr) => {
            ChainSampler::optimizer(&common!($config), $step_size)
        };
    }
    macro_rules! kernel {
        ($config:expr) => {
            ChainSampler::kernel(&common!($config))
        };
    }
    let beta = INVERSE_TEMPERATURE;
    match sampler {
        Sampler::Sgld => optimizer!(SgldConfig::new(beta), 0.01),
        Sampler::Psgld => optimizer!(
            PsgldConfig::new(beta).with_adaptation_steps(Some(1000)),
            1e-4
        ),
        Sampler::Gla1 => optimizer!(Gla1Config::new(beta).with_friction(1.0), 0.1),
        Sampler::Gla2 => optimizer!(Gla2Config::new(beta).with_friction(1.0), 0.1),
        Sampler::Baoab => optimizer!(BaoabConfig::new(beta).with_friction(1.0), 0.1),
        Sampler::Sghmc => optimizer!(SghmcConfig::new(beta).with_friction(1.0), 0.05),
        Sampler::Sgnht => optimizer!(SgnhtConfig::new(beta).with_friction(1.0), 0.05),
        Sampler::Ccadl => optimizer!(CcadlConfig::new(beta).with_friction(1.0), 0.05),
        Sampler::Mala => kernel!(MalaConfig::new(beta, 0.01).with_target_acceptance(Some(0.57))),
        Sampler::Hmc1 => {
            kernel!(HmcConfig::new(beta, 0.05, 0.5).with_order(HmcOrder::SymplecticEuler))
        }
        Sampler::Hmc2 => kernel!(HmcConfig::new(beta, 0.1, 1.0).with_target_acceptance(Some(0.8))),
        Sampler::Nuts => kernel!(
            NutsConfig::new(beta)
                .with_tuning_steps(200)
                .with_max_depth(3)
        ),
        Sampler::Mclmc => kernel!(MclmcConfig::new(beta, 0.1)),
    }
}
