//! Oscillators in a harmonic well: exact and measured second moments of every sampler.

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use indicatif::ProgressBar;
use serde::Serialize;
use tati::TatiError;
use tati::prelude::*;
use tati::samplers::{Integrator, langevin_on_harmonic_well, sgld_on_harmonic_well};

use crate::support::Failure;

/// Correlations decay to e to the minus this between two readings.
const DECAY: f64 = 12.0;
/// The longest pause between readings that is taken on, in steps.
const LONGEST_PAUSE: f64 = 1e6;

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    Sgld,
    Gla1,
    Gla2,
    Baoab,
}

impl Sampler {
    pub const ALL: [Self; 4] = [Self::Sgld, Self::Gla1, Self::Gla2, Self::Baoab];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sgld => "SGLD",
            Self::Gla1 => "GLA1",
            Self::Gla2 => "GLA2",
            Self::Baoab => "BAOAB",
        }
    }

    /// `None` for overdamped dynamics.
    fn integrator(self) -> Option<Integrator> {
        match self {
            Self::Sgld => None,
            Self::Gla1 => Some(Integrator::Gla1),
            Self::Gla2 => Some(Integrator::Gla2),
            Self::Baoab => Some(Integrator::Baoab),
        }
    }
}

/// The well U = κθ²/2, and how it is measured.
pub struct Well {
    pub curvature: f64,
    pub friction: f64,
    pub inverse_temperature: f64,
    pub members: usize,
    pub readings: usize,
    pub seed: u64,
    pub device: Device,
}

/// ⟨θ²⟩ and, of kinetic samplers, ⟨p²⟩.
#[derive(Clone, Copy)]
pub struct Moments {
    pub position: f64,
    pub momentum: Option<f64>,
}

impl Well {
    /// The moments of the density itself, in continuous time.
    pub fn continuous(&self) -> Moments {
        Moments {
            position: 1.0 / (self.inverse_temperature * self.curvature),
            momentum: Some(1.0 / self.inverse_temperature),
        }
    }

    /// The exact stationary moments at a step size, or `None` where it is unstable.
    pub fn exact(&self, sampler: Sampler, step_size: f64) -> Option<Moments> {
        let (curvature, beta) = (self.curvature, self.inverse_temperature);
        let Some(integrator) = sampler.integrator() else {
            return Some(Moments {
                position: sgld_on_harmonic_well(curvature, step_size, beta)?,
                momentum: None,
            });
        };
        let exact =
            langevin_on_harmonic_well(integrator, curvature, step_size, self.friction, beta)?;
        Some(Moments {
            position: exact.position_variance,
            momentum: Some(exact.momentum_variance),
        })
    }

    /// Steps after which a reading has forgotten the one before; `None` where the step size is unstable.
    pub fn pause(&self, sampler: Sampler, step_size: f64) -> Result<Option<usize>, TatiError> {
        if self.exact(sampler, step_size).is_none() {
            return Ok(None);
        }
        let pause = (-DECAY / self.contraction(sampler, step_size).ln())
            .ceil()
            .max(1.0);
        if pause > LONGEST_PAUSE {
            return Err(TatiError::InvalidSetting {
                name: "step_sizes",
                value: step_size.to_string(),
                expected: format!(
                    "such that {} forgets its start within {LONGEST_PAUSE} steps; it takes {pause:.0}",
                    sampler.name()
                ),
            });
        }
        Ok(Some(pause as usize))
    }

    /// The largest modulus of an eigenvalue of the update's matrix.
    fn contraction(&self, sampler: Sampler, step_size: f64) -> f64 {
        let Some(integrator) = sampler.integrator() else {
            return (1.0 - step_size * self.curvature).abs();
        };
        let beta = self.inverse_temperature;
        let update = integrator.update(step_size, step_size, self.friction, beta);
        let act = |mut position: f64, mut momentum: f64| {
            let gradient = self.curvature * position;
            momentum -= update.first_kick * gradient;
            position += update.first_drift * momentum;
            momentum = update.decay * momentum - update.second_kick * gradient;
            position += update.second_drift * momentum;
            (position, momentum)
        };
        let half_trace = 0.5 * (act(1.0, 0.0).0 + act(0.0, 1.0).1);
        // Kicks and drifts keep areas, so the determinant is the decay of the momentum.
        let discriminant = half_trace * half_trace - update.decay;
        if discriminant < 0.0 {
            update.decay.sqrt()
        } else {
            half_trace.abs() + discriminant.sqrt()
        }
    }

    /// Means over readings `pause` steps apart, from a start at rest.
    pub fn measure(
        &self,
        sampler: Sampler,
        step_size: f64,
        walker: u32,
        pause: usize,
        progress: &ProgressBar,
    ) -> Result<Moments, Failure> {
        let thermometer = Thermometer::new();
        let mut optimizer = self.optimizer(sampler, walker, &thermometer)?;
        let mut oscillators = Oscillators::at_origin(self.members, &self.device);
        let (mut position, mut momentum) = (0.0, None);
        for _ in 0..self.readings {
            for _ in 0..pause {
                oscillators = oscillators.step(&mut optimizer, step_size, self.curvature);
            }
            progress.inc(pause as u64);
            // Observables belong to the position that the measured step begins with.
            thermometer.arm();
            oscillators = oscillators.step(&mut optimizer, step_size, self.curvature);
            let observables = thermometer.read();
            // The virial is θ·∇U/2 = κ Σθ²/2.
            position += 2.0 * observables.virial / (self.curvature * self.members as f64);
            if let Some(temperature) = observables.kinetic_temperature() {
                *momentum.get_or_insert(0.0) += temperature;
            }
        }
        let mean = |sum: f64| sum / self.readings as f64;
        let measured = Moments {
            position: mean(position),
            momentum: momentum.map(mean),
        };
        if measured.position.is_finite() && measured.position > 0.0 {
            return Ok(measured);
        }
        Err(Failure::Tati(TatiError::NotFinite {
            what: format!("⟨θ²⟩ of {} at step size {step_size} in f32", sampler.name()),
            value: measured.position,
            remedy: "take a curvature and an inverse temperature nearer to 1",
        }))
    }

    fn optimizer(
        &self,
        sampler: Sampler,
        walker: u32,
        thermometer: &Thermometer,
    ) -> Result<ModuleOptimizer, TatiError> {
        let (beta, seed) = (self.inverse_temperature, Some(self.seed));
        macro_rules! build {
            ($config:expr) => {
                $config
                    .with_seed(seed)
                    .with_walker(walker)
                    .build()?
                    .with_thermometer(thermometer)
                    .into_optimizer()
            };
        }
        Ok(match sampler {
            Sampler::Sgld => build!(SgldConfig::new(beta)),
            Sampler::Gla1 => build!(Gla1Config::new(beta).with_friction(self.friction)),
            Sampler::Gla2 => build!(Gla2Config::new(beta).with_friction(self.friction)),
            Sampler::Baoab => build!(BaoabConfig::new(beta).with_friction(self.friction)),
        })
    }
}

/// Independent oscillators as one parameter.
#[derive(Module, Debug)]
struct Oscillators {
    position: Param<Tensor<1>>,
}

impl Oscillators {
    fn at_origin(members: usize, device: &Device) -> Self {
        Self {
            position: Param::from_tensor(Tensor::zeros([members], device)),
        }
    }

    /// One step, with the gradient κθ given in closed form.
    fn step(self, optimizer: &mut ModuleOptimizer, step_size: f64, curvature: f64) -> Self {
        let mut gradients = GradientsParams::new();
        let gradient = self.position.val().inner().mul_scalar(curvature);
        gradients.register(self.position.id, gradient);
        optimizer.step(step_size, self, gradients)
    }
}
