//! Every sampler of tati by name.

use clap::ValueEnum;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
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

impl Sampler {
    pub fn label(self) -> &'static str {
        match self {
            Self::Sgld => "SGLD",
            Self::Psgld => "pSGLD",
            Self::Gla1 => "GLA1",
            Self::Gla2 => "GLA2",
            Self::Baoab => "BAOAB",
            Self::Sghmc => "SGHMC",
            Self::Sgnht => "SGNHT",
            Self::Ccadl => "CCAdL",
            Self::Mala => "MALA",
            Self::Hmc1 => "HMC 1st",
            Self::Hmc2 => "HMC 2nd",
            Self::Nuts => "NUTS",
            Self::Mclmc => "MCLMC",
        }
    }

    /// Whether it is a kernel on the flat vector and not a Burn optimizer.
    pub fn is_kernel(self) -> bool {
        matches!(
            self,
            Self::Mala | Self::Hmc1 | Self::Hmc2 | Self::Nuts | Self::Mclmc
        )
    }
}
