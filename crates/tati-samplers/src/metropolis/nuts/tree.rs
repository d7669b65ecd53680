//! One draw of the No-U-Turn sampler, by the tree of `nuts-rs`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::fmt::{self, Display};

use nuts_rs::rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use nuts_rs::{
    Chain, CpuLogpFunc, CpuMath, CpuMathError, FlowNutsSettings, FlowSettings, HasDims,
    KineticEnergyKind, LogpError, Settings, StepSizeAdaptMethod, StepSizeSettings,
};
use tati_core::{Potential, Result, TatiError};

use super::super::DIVERGENCE;
use super::super::evaluate::Target;
use super::super::walker::Point;

/// How trees are grown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'a> {
    /// The scales σ of the parameters: the tree lives in the coordinates θ/σ.
    pub(super) scales: &'a [f64],
    /// ε, in those coordinates and in the time of the potential βU.
    pub(super) step_size: f64,
    /// The most doublings.
    pub(super) max_depth: u64,
}

/// What a tree gave.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) point: Point,
    /// pᵀM⁻¹p/2 at the start, in units of U.
    pub(super) kinetic_energy: f64,
    /// Acceptance statistic averaged over the tree.
    pub(super) acceptance: f64,
    pub(super) num_gradients: usize,
    pub(super) diverged: bool,
}

impl Tree<'_> {
    /// Grows a tree from `start` with the random numbers of `seed` and draws from it.
    ///
    /// Every draw is the first of a new chain with fixed step size and scales, so that nothing of it survives the draw. The
    /// chain asks for the energy and gradient of the start, which are known: that costs no gradient.
    pub(super) fn draw(
        &self,
        target: &Target,
        potential: &dyn Potential,
        start: &Point,
        seed: [u8; 32],
    ) -> Result<Draw> {
        let failure = RefCell::new(None);
        let density = Density {
            target,
            potential,
            start,
            scales: self.scales,
            failure: &failure,
        };
        // What a chain gives up with is an error of the potential, which it only passes on as its own kind.
        let explain = |error: &dyn Display| {
            failure.take().unwrap_or_else(|| TatiError::NotFinite {
                what: format!("the state of NUTS ({error})"),
                value: start.energy,
                remedy: "start where the potential and its gradient are finite numbers",
            })
        };
        let mut chain = self
            .settings()
            .new_chain(0, CpuMath::new(density), &mut ChaCha8Rng::from_seed(seed))
            .map_err(|error| explain(&error))?;
        chain
            .set_position(&start.position)
            .map_err(|error| explain(&error))?;
        let (position, _, statistics, progress) =
            chain.expanded_draw().map_err(|error| explain(&error))?;

        let beta = target.inverse_temperature();
        let drawn = statistics.point;
        let initial_energy = drawn.energy - drawn.energy_error;
        let point = if *position == *start.position {
            start.clone()
        } else {
            let gradient = drawn.gradient.unwrap_or_default();
            Point {
                position: position.into_vec(),
                energy: -drawn.logp / beta,
                gradient: gradient.into_iter().map(|slope| -slope / beta).collect(),
            }
        };
        Ok(Draw {
            point,
            kinetic_energy: (initial_energy / beta - start.energy).max(0.0),
            acceptance: statistics.adapt.step_size.mean_tree_accept,
            num_gradients: progress.num_gradients as usize,
            diverged: progress.diverging,
        })
    }

    /// No adaptation: a flow that is not trained stands for the fixed scales.
    fn settings(&self) -> FlowNutsSettings {
        let mut step_size_settings = StepSizeSettings {
            jitter: None,
            ..StepSizeSettings::default()
        };
        step_size_settings.adapt_options.method = StepSizeAdaptMethod::Fixed(self.step_size);
        FlowNutsSettings {
            num_tune: 0,
            maxdepth: self.max_depth,
            max_energy_error: DIVERGENCE,
            store_gradient: true,
            gradient_clipping: None,
            trajectory_kind: KineticEnergyKind::Euclidean,
            adapt_options: FlowSettings {
                step_size_settings,
                ..FlowSettings::default()
            },
            ..FlowNutsSettings::default()
        }
    }
}

/// ln density −β(U + U_prior) over θ, and over the coordinates z = θ/σ up to a constant.
struct Density<'a> {
    target: &'a Target,
    potential: &'a dyn Potential,
    start: &'a Point,
    scales: &'a [f64],
    failure: &'a RefCell<Option<TatiError>>,
}

/// Stands for the potential's error, which is in [`Density::failure`].
#[derive(Debug)]
struct PotentialFailed;

impl Display for PotentialFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the potential failed")
    }
}

impl Error for PotentialFailed {}

impl LogpError for PotentialFailed {
    fn is_recoverable(&self) -> bool {
        false
    }
}

impl HasDims for Density<'_> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([(
            "unconstrained_parameter".to_string(),
            self.scales.len() as u64,
        )])
    }
}

impl CpuLogpFunc for Density<'_> {
    type LogpError = PotentialFailed;
    /// The scales are the density's own.
    type FlowParameters = ();
    /// Nothing is derived from draws.
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.scales.len()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, PotentialFailed> {
        let evaluated;
        let point = if position == self.start.position {
            self.start
        } else {
            evaluated = self
                .target
                .evaluate(self.potential, position.to_vec())
                .map_err(|error| {
                    self.failure.replace(Some(error));
                    PotentialFailed
                })?;
            &evaluated
        };
        let beta = self.target.inverse_temperature();
        for (gradient, slope) in gradient.iter_mut().zip(&point.gradient) {
            *gradient = -beta * slope;
        }
        Ok(-beta * point.energy)
    }

    fn expand_vector<R: Rng + ?Sized>(
        &mut self,
        _rng: &mut R,
        _position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(Vec::new())
    }

    fn new_transformation<R: Rng + ?Sized>(
        &mut self,
        _rng: &mut R,
        _dim: usize,
        _chain: u64,
    ) -> Result<(), PotentialFailed> {
        Ok(())
    }

    fn init_transformation<R: Rng + ?Sized>(
        &mut self,
        _rng: &mut R,
        _position: &[f64],
        _gradient: &[f64],
        _chain: u64,
    ) -> Result<(), PotentialFailed> {
        Ok(())
    }

    fn transformation_id(&self, _scales: &()) -> Result<i64, PotentialFailed> {
        Ok(0)
    }

    fn init_from_untransformed_position(
        &mut self,
        _scales: &(),
        position: &[f64],
        gradient: &mut [f64],
        scaled_position: &mut [f64],
        scaled_gradient: &mut [f64],
        _clip: Option<f64>,
    ) -> Result<(f64, f64), PotentialFailed> {
        let log_density = self.logp(position, gradient)?;
        for ((scaled, theta), scale) in scaled_position.iter_mut().zip(position).zip(self.scales) {
            *scaled = theta / scale;
        }
        self.scale_gradient(gradient, scaled_gradient);
        // A chain refuses to begin where a slope is exactly 0, as it is for weights of inputs that are always 0.
        for slope in scaled_gradient.iter_mut().filter(|slope| **slope == 0.0) {
            *slope = f64::MIN_POSITIVE;
        }
        Ok((log_density, 0.0))
    }

    fn init_from_transformed_position(
        &mut self,
        _scales: &(),
        position: &mut [f64],
        gradient: &mut [f64],
        scaled_position: &[f64],
        scaled_gradient: &mut [f64],
        _clip: Option<f64>,
    ) -> Result<(f64, f64), PotentialFailed> {
        for ((theta, scaled), scale) in position.iter_mut().zip(scaled_position).zip(self.scales) {
            *theta = scaled * scale;
        }
        let log_density = self.logp(position, gradient)?;
        self.scale_gradient(gradient, scaled_gradient);
        Ok((log_density, 0.0))
    }

    /// Asked for only when the transformation has changed, which it never does.
    fn inv_transform_normalize(
        &mut self,
        _scales: &(),
        position: &[f64],
        gradient: &[f64],
        scaled_position: &mut [f64],
        scaled_gradient: &mut [f64],
    ) -> Result<f64, PotentialFailed> {
        for ((scaled, theta), scale) in scaled_position.iter_mut().zip(position).zip(self.scales) {
            *scaled = theta / scale;
        }
        self.scale_gradient(gradient, scaled_gradient);
        Ok(0.0)
    }
}

impl Density<'_> {
    fn scale_gradient(&self, gradient: &[f64], scaled_gradient: &mut [f64]) {
        let slopes = gradient.iter().zip(self.scales);
        for (scaled, (slope, scale)) in scaled_gradient.iter_mut().zip(slopes) {
            *scaled = slope * scale;
        }
    }
}
