//! Every sampler of tati by name, with its settings for every target.

use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;
use tati::TatiError;
use tati::samplers::{
    BaoabConfig, CcadlConfig, Gla1Config, Gla2Config, HmcConfig, HmcOrder, Kernel, KernelConfig,
    MalaConfig, MclmcConfig, NoiseSource, NutsConfig, PsgldConfig, SamplerConfig, SghmcConfig,
    SgldConfig, SgnhtConfig, Thermometer,
};

use crate::draws::KERNEL_WALKERS;
use crate::support::sampler::Sampler;
use crate::targets::Target;

/// Steps after which pSGLD keeps its preconditioner, part of its burn-in.
const ADAPTATION_STEPS: u64 = 10000;

/// The settings of one run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub sampler: Sampler,
    pub inverse_temperature: f64,
    /// h, or ε of MCLMC; NUTS finds its own.
    pub step_size: f64,
    /// The friction γ or A of a kinetic sampler, the time of a leg of HMC, the length L of MCLMC; unused by others.
    pub memory: f64,
    /// Steps, or transitions, from one reading to the next.
    pub pause: usize,
    /// Readings of each walker.
    pub readings: usize,
    pub burn_in: usize,
}

impl Plan {
    /// The settings of a sampler for a target, with `effort` times the usual readings; `None` where it does not take part.
    pub fn of(sampler: Sampler, target: &Target, effort: f64) -> Option<Self> {
        use Sampler::*;
        // Step size, memory, pause, readings, burn-in.
        let (step_size, memory, pause, readings, burn_in) = match (target.key, sampler) {
            // Large steps: the reference knows what they do.
            ("gaussian", Sgld) => (0.05, 0.0, 10, 1000, 500),
            ("gaussian", Psgld) => (0.1, 0.0, 10, 1000, 10_500),
            ("gaussian", Gla1 | Gla2 | Baoab) => (0.3, 1.5, 4, 1000, 200),
            ("gaussian", Sghmc | Sgnht) => (0.15, 1.5, 5, 1000, 400),
            ("gaussian", Ccadl) => (0.05, 1.5, 15, 1000, 1200),
            ("gaussian", Mala) => (0.1, 0.0, 4, 5000, 500),
            ("gaussian", Hmc1) => (0.1, 1.5, 1, 4000, 50),
            ("gaussian", Hmc2) => (0.3, 1.5, 1, 4000, 50),
            ("gaussian", Nuts) => (1.0, 0.0, 1, 5000, 500),
            ("gaussian", Mclmc) => (0.03, 1.0, 10, 5000, 1000),

            // Steps whose bias, up to the first order that the reference of SGLD knows, is below the standard error.
            ("mueller_brown", Sgld) => (2.5e-5, 0.0, 400, 300, 20_000),
            ("mueller_brown", Psgld) => (2e-3, 0.0, 400, 300, 30_000),
            ("mueller_brown", Baoab) => (6e-3, 10.0, 30, 500, 1000),
            ("mueller_brown", Gla2) => (3e-3, 10.0, 60, 500, 2000),
            ("mueller_brown", Sghmc) => (2e-3, 10.0, 80, 500, 3000),
            ("mueller_brown", Gla1 | Sgnht | Ccadl) => (1e-3, 5.0, 160, 500, 6000),
            ("mueller_brown", Mala) => (2e-4, 0.0, 50, 2000, 2000),
            ("mueller_brown", Hmc1) => (5e-3, 0.15, 1, 5000, 100),
            ("mueller_brown", Hmc2) => (0.015, 0.15, 1, 10_000, 100),
            ("mueller_brown", Nuts) => (1.0, 0.0, 1, 10_000, 500),
            ("mueller_brown", Mclmc) => (0.02, 1.0, 20, 5000, 2000),

            ("narrow_gaussian", Mala) => (1e-3, 0.0, 500, 1500, 10_000),
            ("narrow_gaussian", Hmc1) => (0.02, 1.5, 1, 2000, 50),
            ("narrow_gaussian", Hmc2) => (0.04, 1.5, 1, 4000, 50),
            ("narrow_gaussian", Nuts) => (1.0, 0.0, 1, 10_000, 500),
            ("narrow_gaussian", Mclmc) => (5e-3, 1.0, 100, 3000, 2000),

            ("double_well", Mala) => (0.05, 0.0, 5, 20_000, 1000),
            ("double_well", Hmc1) => (0.15, 1.2, 1, 20_000, 100),
            ("double_well", Hmc2) => (0.3, 1.2, 1, 20_000, 100),
            ("double_well", Nuts) => (1.0, 0.0, 1, 20_000, 500),
            ("double_well", Mclmc) => (0.05, 1.0, 10, 20_000, 1000),
            _ => return None,
        };
        Some(Plan {
            sampler,
            inverse_temperature: target.inverse_temperature,
            step_size,
            memory,
            pause,
            readings: (effort * f64::from(readings)).ceil() as usize,
            burn_in,
        })
    }

    // Steps that its progress is counted in.
    pub fn steps(&self) -> usize {
        let walkers = if self.sampler.is_kernel() {
            KERNEL_WALKERS
        } else {
            1
        };
        walkers * (self.burn_in + self.readings * self.pause)
    }

    /// The sampler as a Burn optimizer.
    pub fn optimizer(&self, noise: &NoiseSource) -> Result<ModuleOptimizer, TatiError> {
        let (beta, friction) = (self.inverse_temperature, self.memory);
        let thermometer = Thermometer::new();
        macro_rules! start {
            ($config:expr) => {
                $config.start(noise, &thermometer)
            };
        }
        match self.sampler {
            Sampler::Psgld => start!(
                PsgldConfig::new(beta)
                    .with_averaging(0.999)
                    .with_adaptation_steps(Some(ADAPTATION_STEPS))
            ),
            Sampler::Gla1 => start!(Gla1Config::new(beta).with_friction(friction)),
            Sampler::Gla2 => start!(Gla2Config::new(beta).with_friction(friction)),
            Sampler::Baoab => start!(BaoabConfig::new(beta).with_friction(friction)),
            Sampler::Sghmc => start!(SghmcConfig::new(beta).with_friction(friction)),
            Sampler::Sgnht => start!(
                SgnhtConfig::new(beta)
                    .with_friction(friction)
                    .with_relaxation_time(friction.recip())
            ),
            Sampler::Ccadl => start!(
                CcadlConfig::new(beta)
                    .with_friction(friction)
                    .with_relaxation_time(friction.recip())
            ),
            _ => start!(SgldConfig::new(beta)),
        }
    }

    /// The sampler as a kernel at `start`.
    pub fn kernel(
        &self,
        start: &Tensor<1>,
        noise: &NoiseSource,
    ) -> Result<Box<dyn Kernel>, TatiError> {
        let (beta, h) = (self.inverse_temperature, self.step_size);
        match self.sampler {
            Sampler::Hmc1 => HmcConfig::new(beta, h, self.memory)
                .with_order(HmcOrder::SymplecticEuler)
                .start(start, noise),
            Sampler::Hmc2 => HmcConfig::new(beta, h, self.memory).start(start, noise),
            Sampler::Nuts => NutsConfig::new(beta)
                .with_tuning_steps(self.burn_in as u64)
                .start(start, noise),
            Sampler::Mclmc => MclmcConfig::new(beta, h)
                .with_momentum_decoherence_length(Some(self.memory))
                .start(start, noise),
            _ => MalaConfig::new(beta, h).start(start, noise),
        }
    }
}
