//! One step of each optimizer on the flat vector.

use std::collections::VecDeque;

use burn::module::{Module, Param, ParamId};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdamConfig, GradientsParams, LBFGS, LBFGSConfig, LineSearchFn, ModuleOptimizer, SgdConfig,
};
use burn::tensor::Tensor;
use tati_core::Result;

use super::{BarzilaiBorwein, TrainOptimizer};

/// Points that a line search may try.
const MAX_TRIALS: usize = 30;

/// An optimizer on its way.
pub(super) enum Mover {
    /// With the id by which it knows θ.
    Burn(Box<ModuleOptimizer>, ParamId),
    Lbfgs(Box<LBFGS>),
    BarzilaiBorwein(BarzilaiBorwein, VecDeque<f64>),
}

/// Potential and gradient at a position.
pub(super) type Evaluated = (f64, Tensor<1>);

/// The last potentials that a step of Barzilai and Borwein may not exceed all of (M of Raydan 1997).
const MEMORY: usize = 10;
/// The share of the first-order decrease that it must achieve (γ there).
const SUFFICIENT: f64 = 1e-4;
/// Roundings of the potential that pass for no change.
const ROUNDING: f64 = 1e-6;

/// θ as Burn's optimizers want it.
#[derive(Module, Debug)]
pub(super) struct Flat {
    theta: Param<Tensor<1>>,
}

impl Flat {
    fn at(position: Tensor<1>, id: ParamId) -> Self {
        // Burn asks for parameters on a tape, though gradients come from elsewhere.
        let theta = Tensor::from_inner(position).require_grad();
        Self {
            theta: Param::initialized(id, theta),
        }
    }

    fn gradients(&self, gradient: Tensor<1>) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        gradients.register(self.theta.id, gradient);
        gradients
    }

    fn position(&self) -> Tensor<1> {
        self.theta.val().inner()
    }
}

impl Mover {
    pub(super) fn of(optimizer: TrainOptimizer) -> Self {
        let burn = |optimizer| Self::Burn(Box::new(optimizer), ParamId::new());
        match optimizer {
            TrainOptimizer::Sgd { momentum } => {
                let momentum = (momentum > 0.0).then(|| {
                    MomentumConfig::new()
                        .with_momentum(momentum)
                        .with_dampening(0.0)
                });
                burn(SgdConfig::new().with_momentum(momentum).init())
            }
            TrainOptimizer::Adam => burn(AdamConfig::new().init()),
            TrainOptimizer::Lbfgs => Self::Lbfgs(Box::new(
                LBFGSConfig::new()
                    .with_max_iter(1)
                    .with_max_eval(Some(MAX_TRIALS))
                    .with_tolerance_grad(0.0)
                    .with_tolerance_change(0.0)
                    .with_line_search_fn(LineSearchFn::StrongWolfe)
                    .init(),
            )),
            TrainOptimizer::BarzilaiBorwein => {
                Self::BarzilaiBorwein(BarzilaiBorwein::default(), VecDeque::new())
            }
        }
    }
    /// θ after a step from `position`, where potential and gradient are `evaluated`, and both there if they are known; `evaluate` tells
    /// those of other positions.
    pub(super) fn step(
        &mut self,
        step_size: f64,
        position: Tensor<1>,
        evaluated: Evaluated,
        evaluate: impl Fn(&Tensor<1>) -> Result<Evaluated>,
    ) -> Result<(Tensor<1>, Option<Evaluated>)> {
        match self {
            Self::Burn(optimizer, id) => {
                let flat = Flat::at(position, *id);
                let gradients = flat.gradients(evaluated.1);
                Ok((optimizer.step(step_size, flat, gradients).position(), None))
            }
            Self::BarzilaiBorwein(rule, last) => {
                let (energy, gradient) = evaluated;
                let (theta, slopes) = (values(&position), values(&gradient));
                let mut step_size = rule.step_size(&theta, &slopes, step_size);
                let decrease: f64 = slopes.iter().map(|slope| slope * slope).sum();
                last.truncate(MEMORY - 1);
                last.push_front(energy);
                let highest = last.iter().copied().fold(energy, f64::max);
                loop {
                    let next = position.clone() - gradient.clone().mul_scalar(step_size);
                    let reached = evaluate(&next)?;
                    let allowed = highest - SUFFICIENT * step_size * decrease;
                    if reached.0 <= allowed + ROUNDING * highest.abs() {
                        return Ok((next, Some(reached)));
                    }
                    if values(&next) == theta {
                        // Nothing lower is in reach of the precision.
                        return Ok((next, Some(reached)));
                    }
                    step_size *= 0.5;
                }
            }
            Self::Lbfgs(optimizer) => {
                let flat = Flat::at(position, ParamId::new());
                let mut first = Some(evaluated);
                let mut failure = None;
                let (flat, _) = optimizer.step(step_size, flat, |flat: Flat| {
                    // The first question is for the start itself.
                    let answer = match first.take() {
                        Some(evaluated) => Ok(evaluated),
                        None => evaluate(&flat.position()),
                    };
                    let (energy, gradient) = answer.unwrap_or_else(|error| {
                        failure = Some(error);
                        (f64::INFINITY, flat.position().zeros_like())
                    });
                    (energy, flat.gradients(gradient))
                });
                failure.map_or_else(|| Ok((flat.position(), None)), Err)
            }
        }
    }
}

fn values(tensor: &Tensor<1>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}
