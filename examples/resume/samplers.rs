//! Every sampler of tati by name, with settings that suit the small network.

use clap::ValueEnum;
use tati::samplers::{
    BaoabConfig, CcadlConfig, ChainSampler, Gla1Config, Gla2Config, HmcConfig, HmcOrder,
    MalaConfig, MclmcConfig, NutsConfig, Prior, PsgldConfig, SghmcConfig, SgldConfig, SgnhtConfig,
};

/// β: the posterior of 200 points is sampled.
const INVERSE_TEMPERATURE: f64 = 200.0;
/// Strength of the Gaussian prior, without which cross-entropy has no density to sample.
const PRIOR_STRENGTH: f64 = 0.01;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SamplerName {
    Sgld,
    Psgld,
    Gla1,
    Gla2,
    Baoab,
    Sghmc,
    Sgnht,
    Ccadl,
    Mala,
    Hmc1,
    Hmc2,
    Nuts,
    Mclmc,
}

impl SamplerName {
    pub fn needs_full_batch(self) -> bool {
        use SamplerName::{Hmc1, Hmc2, Mala, Mclmc, Nuts};
        matches!(self, Mala | Hmc1 | Hmc2 | Nuts | Mclmc)
    }

    pub fn build(self, seed: u64) -> ChainSampler {
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
        match self {
            Self::Sgld => optimizer!(SgldConfig::new(beta), 0.01),
            Self::Psgld => optimizer!(
                PsgldConfig::new(beta).with_adaptation_steps(Some(1000)),
                1e-4
            ),
            Self::Gla1 => optimizer!(Gla1Config::new(beta).with_friction(1.0), 0.1),
            Self::Gla2 => optimizer!(Gla2Config::new(beta).with_friction(1.0), 0.1),
            Self::Baoab => optimizer!(BaoabConfig::new(beta).with_friction(1.0), 0.1),
            Self::Sghmc => optimizer!(SghmcConfig::new(beta).with_friction(1.0), 0.05),
            Self::Sgnht => optimizer!(SgnhtConfig::new(beta).with_friction(1.0), 0.05),
            Self::Ccadl => optimizer!(CcadlConfig::new(beta).with_friction(1.0), 0.05),
            Self::Mala => kernel!(MalaConfig::new(beta, 0.01).with_target_acceptance(Some(0.57))),
            Self::Hmc1 => {
                kernel!(HmcConfig::new(beta, 0.05, 0.5).with_order(HmcOrder::SymplecticEuler))
            }
            Self::Hmc2 => kernel!(HmcConfig::new(beta, 0.1, 1.0).with_target_acceptance(Some(0.8))),
            Self::Nuts => kernel!(
                NutsConfig::new(beta)
                    .with_tuning_steps(200)
                    .with_max_depth(3)
            ),
            Self::Mclmc => kernel!(MclmcConfig::new(beta, 0.1)),
        }
    }
}
