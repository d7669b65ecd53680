//! What each family of samplers does to one element on the device, in the order of operations of
//! [`update`](crate::fused::update) and [`local_prior`](crate::fused::local_prior).

use burn_cubecl::cubecl::{self, ir::ElemType, prelude::*};

use super::sums::ElementSums;
use crate::fused::update::{Thermostatted, Update};
use crate::prior::PriorShape;
use crate::splitting::{LangevinUpdate, OnStepMomentum};

/// One element of a parameter tensor. Arrays that the sampler does not have are 0.
#[derive(CubeType)]
pub(crate) struct Element<F: Float> {
    pub(crate) position: F,
    pub(crate) momentum: F,
    pub(crate) variance: F,
    pub(crate) previous_gradient: F,
    pub(crate) gradient: F,
}

/// The numbers of a step, in the precision of the tensor.
#[allow(dead_code)] // Kernels read it; what is made is `FamilyArgs`.
#[derive(CubeType, CubeLaunch)]
pub(crate) enum Family {
    Overdamped {
        step_size: InputScalar,
        noise: InputScalar,
    },
    Preconditioned {
        step_size: InputScalar,
        noise: InputScalar,
        weight: InputScalar,
        regularization: InputScalar,
    },
    Langevin {
        first_kick: InputScalar,
        first_drift: InputScalar,
        decay: InputScalar,
        noise: InputScalar,
        second_kick: InputScalar,
        second_drift: InputScalar,
        /// The kick that the on-step momentum before the noise is owed.
        owed_kick: InputScalar,
    },
    CovarianceControlled {
        step_size: InputScalar,
        noise: InputScalar,
        half_friction: InputScalar,
        half_covariance_friction: InputScalar,
        weight: InputScalar,
    },
}

/// The prior on a tensor.
#[allow(dead_code)] // As above.
#[derive(CubeType, CubeLaunch)]
pub(crate) enum Force {
    None,
    Quadratic {
        strength: InputScalar,
    },
    Absolute {
        strength: InputScalar,
    },
    Walls {
        strength: InputScalar,
        lower: InputScalar,
        upper: InputScalar,
    },
}

/// What is known of a step when its kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Compiled {
    /// Whether there is noise: at zero temperature none is made.
    pub(crate) noisy: bool,
    /// Whether the sums of observables are asked for.
    pub(crate) observe: bool,
    /// Whether the on-step momentum is that after the noise.
    pub(crate) after_noise: bool,
    /// Whether the outgoing momentum feeds a thermostat.
    pub(crate) outgoing: bool,
}

impl Compiled {
    pub(super) fn of(update: &Update, observe: bool) -> Self {
        let on_step = match update {
            Update::Langevin(row) | Update::Thermostatted(Thermostatted(row)) => Some(row.on_step),
            _ => None,
        };
        Self {
            noisy: update.noise() != 0.0,
            observe,
            after_noise: on_step == Some(OnStepMomentum::AfterNoise),
            outgoing: update.feeds_a_thermostat(),
        }
    }
}

impl Update {
    /// The same as an argument of a kernel.
    pub(super) fn launch(&self, dtype: ElemType) -> FamilyArgs {
        let number = |number: f64| InputScalar::new(number, dtype);
        match self {
            Self::Overdamped(update) => FamilyArgs::Overdamped {
                step_size: number(update.step_size),
                noise: number(update.noise),
            },
            Self::Preconditioned(update) => FamilyArgs::Preconditioned {
                step_size: number(update.step_size),
                noise: number(update.noise),
                weight: number(update.weight),
                regularization: number(update.regularization),
            },
            Self::Langevin(row) | Self::Thermostatted(Thermostatted(row)) => {
                langevin_args(row, number)
            }
            Self::CovarianceControlled(update) => FamilyArgs::CovarianceControlled {
                step_size: number(update.step_size),
                noise: number(update.noise),
                half_friction: number(0.5 * update.friction),
                half_covariance_friction: number(0.5 * update.covariance_friction),
                weight: number(update.weight),
            },
        }
    }
}

fn langevin_args(row: &LangevinUpdate, number: impl Fn(f64) -> InputScalar) -> FamilyArgs {
    FamilyArgs::Langevin {
        first_kick: number(row.first_kick),
        first_drift: number(row.first_drift),
        decay: number(row.decay),
        noise: number(row.noise),
        second_kick: number(row.second_kick),
        second_drift: number(row.second_drift),
        owed_kick: number(match row.on_step {
            OnStepMomentum::BeforeNoise { kick } => kick,
            OnStepMomentum::AfterNoise => 0.0,
        }),
    }
}

impl PriorShape {
    /// The same as an argument of a kernel.
    pub(super) fn launch(shape: Option<Self>, dtype: ElemType) -> ForceArgs {
        let number = |number: f64| InputScalar::new(number, dtype);
        // A wall at infinity is as good as one at the largest number, and shaders need not know infinity.
        let wall = |place: f64| number(place.clamp(f64::from(f32::MIN), f64::from(f32::MAX)));
        match shape {
            None => ForceArgs::None,
            Some(Self::Quadratic { strength }) => ForceArgs::Quadratic {
                strength: number(strength),
            },
            Some(Self::Absolute { strength }) => ForceArgs::Absolute {
                strength: number(strength),
            },
            Some(Self::Walls {
                strength,
                lower,
                upper,
            }) => ForceArgs::Walls {
                strength: number(strength),
                lower: wall(lower),
                upper: wall(upper),
            },
        }
    }
}

/// ∇U_prior added to the gradient, and what U_prior is a multiple of to the sums.
#[cube]
pub(crate) fn add_prior<F: Float>(
    force: &Force,
    center: F,
    element: &mut Element<F>,
    sums: &mut ElementSums<F>,
    #[comptime] observe: bool,
) {
    #[comptime]
    match force {
        Force::Quadratic { strength } => {
            let displacement = element.position - center;
            element.gradient += strength.get::<F>() * displacement;
            if observe {
                sums.prior += displacement * displacement;
            }
        }
        Force::Absolute { strength } => {
            let sign = positive_part::<F>(element.position, F::new(1.0f32))
                - negative_part::<F>(element.position, F::new(1.0f32));
            element.gradient += strength.get::<F>() * sign;
            if observe {
                sums.prior += sign * element.position;
            }
        }
        Force::Walls {
            strength,
            lower,
            upper,
        } => {
            let below = element.position - lower.get::<F>();
            let above = element.position - upper.get::<F>();
            let displacement = negative_part::<F>(below, below) + positive_part::<F>(above, above);
            element.gradient += strength.get::<F>() * displacement;
            if observe {
                sums.prior += displacement * displacement;
            }
        }
        Force::None => {}
    }
}

/// `value` where `x` is above 0, and 0 elsewhere.
#[cube]
fn positive_part<F: Float>(x: F, value: F) -> F {
    select(x > F::new(0.0f32), value, F::new(0.0f32))
}

/// `value` where `x` is below 0, and 0 elsewhere.
#[cube]
fn negative_part<F: Float>(x: F, value: F) -> F {
    select(x < F::new(0.0f32), value, F::new(0.0f32))
}

/// The step of one element with the standard normal `normal`.
#[cube]
pub(crate) fn apply<F: Float>(
    family: &Family,
    normal: F,
    element: &mut Element<F>,
    sums: &mut ElementSums<F>,
    #[comptime] compiled: Compiled,
) {
    if compiled.observe {
        sums.position_dot_gradient += element.position * element.gradient;
        sums.gradient_squared += element.gradient * element.gradient;
    }
    #[comptime]
    match family {
        Family::Overdamped { step_size, noise } => {
            let h = step_size.get::<F>();
            element.position -= h * element.gradient;
            if compiled.noisy {
                element.position += noise.get::<F>() * normal;
                if compiled.observe {
                    sums.noise += normal * normal;
                }
            }
        }
        Family::Preconditioned {
            step_size,
            noise,
            weight,
            regularization,
        } => {
            let h = step_size.get::<F>();
            let square = element.gradient * element.gradient;
            element.variance += weight.get::<F>() * (square - element.variance);
            let preconditioner =
                F::new(1.0f32) / (regularization.get::<F>() + element.variance.sqrt());
            element.position -= h * (preconditioner * element.gradient);
            if compiled.noisy {
                let kick = preconditioner.sqrt() * normal;
                element.position += noise.get::<F>() * kick;
                if compiled.observe {
                    sums.noise += kick * kick;
                }
            }
        }
        Family::Langevin {
            first_kick,
            first_drift,
            decay,
            noise,
            second_kick,
            second_drift,
            owed_kick,
        } => {
            if compiled.observe && !compiled.after_noise {
                let on_step = element.momentum - owed_kick.get::<F>() * element.gradient;
                sums.momentum_squared += on_step * on_step;
            }
            let momentum = element.momentum - first_kick.get::<F>() * element.gradient;
            element.position += first_drift.get::<F>() * momentum;
            element.momentum = decay.get::<F>() * momentum;
            if compiled.noisy {
                element.momentum += noise.get::<F>() * normal;
            }
            if compiled.observe {
                sums.noise += normal * normal;
                if compiled.after_noise {
                    sums.momentum_squared += element.momentum * element.momentum;
                }
            }
            element.momentum -= second_kick.get::<F>() * element.gradient;
            element.position += second_drift.get::<F>() * element.momentum;
        }
        Family::CovarianceControlled {
            step_size,
            noise,
            half_friction,
            half_covariance_friction,
            weight,
        } => {
            let h = step_size.get::<F>();
            if compiled.observe {
                sums.noise += normal * normal;
                sums.momentum_squared += element.momentum * element.momentum;
            }
            let change = element.gradient - element.previous_gradient;
            element.previous_gradient = element.gradient;
            let sample = F::new(0.5f32) * (change * change);
            element.variance += weight.get::<F>() * (sample - element.variance);
            let half_x =
                half_friction.get::<F>() + half_covariance_friction.get::<F>() * element.variance;
            let decay = (F::new(1.0f32) - half_x) / (F::new(1.0f32) + half_x);
            element.momentum = decay * element.momentum;
            if compiled.noisy {
                element.momentum += noise.get::<F>() * normal;
            }
            element.momentum -= h * element.gradient;
            element.position += h * element.momentum;
        }
    }
    if compiled.outgoing {
        sums.outgoing_momentum_squared += element.momentum * element.momentum;
    }
}
