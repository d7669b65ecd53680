//! The equations of motion that samplers discretise, and the update that each makes of a step.

use tati_core::{Result, TatiError, require_non_negative, require_positive};

use super::thermostat::Response;
use crate::fused::update::{
    CovarianceControlled, Overdamped, Preconditioned, Thermostatted, Update,
};
use crate::splitting::{Integrator, LangevinUpdate};

/// The equation of motion of a sampler, with what is its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dynamics {
    /// SGLD: dθ = −∇U dt + sqrt(2/β) dW.
    Overdamped,
    /// pSGLD: the same under the diagonal preconditioner of RMSprop.
    Preconditioned {
        averaging: f64,
        regularization: f64,
        adaptation_steps: Option<u64>,
    },
    /// Kinetic Langevin dynamics under an integrator.
    Kinetic {
        integrator: Integrator,
        friction: f64,
    },
    /// SGHMC: friction that makes up for gradient noise of known strength.
    GradientNoise { friction: f64, noise_estimate: f64 },
    /// SGNHT and, with an averaging window, CCAdL: friction that finds the strength of the gradient noise.
    Adaptive(Adaptive),
}

/// A thermostatted equation of motion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adaptive {
    /// A, and ζ at the first step.
    pub(crate) friction: f64,
    /// τ.
    pub(crate) relaxation_time: f64,
    pub(crate) scope: ThermostatScope,
    /// Steps over which CCAdL averages the covariance of the gradient noise; `None` for SGNHT.
    pub(crate) covariance_window: Option<f64>,
}

/// What a thermostat takes the temperature of.
#[derive(burn::config::Config, Copy, Debug, PartialEq, Eq)]
pub enum ThermostatScope {
    /// All tensors of the model, whatever parameter groups they are in: one thermostat.
    Model,
    /// The tensors of one sampler: a thermostat for each parameter group.
    Group,
}

/// Where in its run a tensor is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Steps taken before this one.
    pub(crate) step: u64,
    pub(crate) step_size: f64,
    pub(crate) previous_step_size: f64,
    pub(crate) inverse_temperature: f64,
    /// ζ, for thermostatted samplers.
    pub(crate) thermostat: f64,
}

impl Dynamics {
    pub(crate) fn validate(&self) -> Result<()> {
        match *self {
            Self::Overdamped => Ok(()),
            Self::Preconditioned {
                averaging,
                regularization,
                ..
            } => {
                require_positive("regularization", regularization)?;
                require_fraction("averaging", averaging)
            }
            Self::Kinetic { friction, .. } => require_positive("friction", friction),
            Self::GradientNoise {
                friction,
                noise_estimate,
            } => {
                require_positive("friction", friction)?;
                require_non_negative("noise_estimate", noise_estimate)?;
                if noise_estimate > friction {
                    return Err(TatiError::InvalidSetting {
                        name: "noise_estimate",
                        value: noise_estimate.to_string(),
                        expected: format!(
                            "at most the friction, {friction}: raise the friction or lower the step size"
                        ),
                    });
                }
                Ok(())
            }
            Self::Adaptive(adaptive) => {
                require_positive("friction", adaptive.friction)?;
                require_positive("relaxation_time", adaptive.relaxation_time)?;
                match adaptive.covariance_window {
                    Some(window) if !(window >= 1.0 && window.is_finite()) => {
                        Err(TatiError::InvalidSetting {
                            name: "covariance_window",
                            value: window.to_string(),
                            expected: "a finite number of steps of at least 1".to_string(),
                        })
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    pub(crate) fn has_momentum(&self) -> bool {
        !matches!(self, Self::Overdamped | Self::Preconditioned { .. })
    }

    pub(crate) fn has_variance(&self) -> bool {
        matches!(self, Self::Preconditioned { .. }) || self.has_previous_gradient()
    }

    pub(crate) fn has_previous_gradient(&self) -> bool {
        matches!(
            self,
            Self::Adaptive(Adaptive {
                covariance_window: Some(_),
                ..
            })
        )
    }

    pub(crate) fn adaptive(&self) -> Option<Adaptive> {
        match self {
            Self::Adaptive(adaptive) => Some(*adaptive),
            _ => None,
        }
    }

    /// See [`SamplerConfig::owed_share`](crate::SamplerConfig::owed_share).
    pub(crate) fn owed_share(&self, step_size: f64) -> f64 {
        match *self {
            Self::Kinetic {
                integrator,
                friction,
            } => integrator.owed_share(step_size, friction),
            _ => 0.0,
        }
    }

    /// What one tensor does in one step.
    pub(crate) fn update(&self, moment: Moment) -> Update {
        let Moment {
            step,
            step_size: h,
            inverse_temperature: beta,
            ..
        } = moment;
        match *self {
            Self::Overdamped => Update::Overdamped(Overdamped {
                step_size: h,
                noise: (2.0 * h / beta).sqrt(),
            }),
            Self::Preconditioned {
                averaging,
                regularization,
                adaptation_steps,
            } => Update::Preconditioned(Preconditioned {
                step_size: h,
                noise: (2.0 * h / beta).sqrt(),
                weight: match (step, adaptation_steps) {
                    (0, _) => 1.0,
                    (step, Some(last)) if step >= last => 0.0,
                    _ => 1.0 - averaging,
                },
                regularization,
            }),
            Self::Kinetic {
                integrator,
                friction,
            } => Update::Langevin(integrator.update(h, moment.previous_step_size, friction, beta)),
            Self::GradientNoise {
                friction,
                noise_estimate,
            } => Update::Langevin(LangevinUpdate::euler(
                h,
                friction,
                friction - noise_estimate,
                beta,
            )),
            Self::Adaptive(adaptive) => adaptive.update(moment),
        }
    }
}

impl Adaptive {
    pub(crate) fn response(&self, inverse_temperature: f64) -> Response {
        Response {
            initial_friction: self.friction,
            relaxation_time: self.relaxation_time,
            inverse_temperature,
        }
    }

    fn update(&self, moment: Moment) -> Update {
        let (h, beta) = (moment.step_size, moment.inverse_temperature);
        let row = LangevinUpdate::euler(h, moment.thermostat, self.friction, beta);
        match self.covariance_window {
            None => Update::Thermostatted(Thermostatted(row)),
            Some(window) => Update::CovarianceControlled(CovarianceControlled {
                step_size: h,
                noise: row.noise,
                friction: h * moment.thermostat,
                covariance_friction: 0.5 * h * h * beta,
                // A plain mean until the window is full, then an exponential one.
                weight: match moment.step {
                    0 => 0.0,
                    step => (1.0 / step as f64).max(1.0 / window),
                },
            }),
        }
    }
}

fn require_fraction(name: &'static str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name,
        value: value.to_string(),
        expected: "at least 0 and below 1".to_string(),
    })
}
