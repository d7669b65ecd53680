//! One run of an ensemble, seen along some eigenvectors.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use tati::prelude::*;
use tati::samplers::Progress;

use crate::gaussian::{Gaussian, Linear, dot};
use crate::support::Failure;

pub const STEP_SIZE: f64 = 0.125;
pub const FRICTION: f64 = 1.0;
pub const INVERSE_TEMPERATURE: f64 = 1.0;
/// Directions that are looked at, at most.
const DIRECTIONS: usize = 8;

pub struct Plan {
    pub dimensions: usize,
    pub walkers: usize,
    pub steps: u64,
    pub covariance_blending: f64,
    pub refresh_every: u64,
    pub seed: u64,
}

/// What a run gave.
pub struct Sampled {
    /// The exact variance along each direction, the slowest first, the fastest last.
    pub variances: Vec<f64>,
    /// For each walker and direction the series of θ along it.
    pub series: Vec<Vec<Vec<f64>>>,
    pub seconds: f64,
}

impl Plan {
    pub fn run(
        &self,
        device: &Device,
        interrupted: &Arc<AtomicBool>,
        progress: impl Fn(u64),
    ) -> Result<Sampled, Failure> {
        let gaussian = Gaussian::new(self.dimensions, self.seed);
        let (model, potential) = gaussian.potential(device)?;
        let count = self.dimensions.min(DIRECTIONS);
        let directions: Vec<usize> = (0..count)
            .map(|index| index * (self.dimensions - 1) / (count - 1))
            .collect();
        let sampler = BaoabConfig::new(INVERSE_TEMPERATURE)
            .with_friction(FRICTION)
            .with_seed(Some(self.seed));
        let burn_in = self.steps / 10;
        let chain = ChainConfig::new(burn_in + self.steps)
            .with_burn_in(burn_in)
            .with_checkpoint_every_seconds(None);
        let quasi_newton =
            QuasiNewtonConfig::new(self.covariance_blending).with_refresh_every(self.refresh_every);
        let mut series = vec![vec![Vec::with_capacity(self.steps as usize); count]; self.walkers];
        let mut observers: Vec<_> = series
            .iter_mut()
            .map(|series| watch(&gaussian, &directions, series))
            .collect();
        let mut ensemble = EnsembleConfig::new(self.walkers, chain)
            .with_quasi_newton(Some(quasi_newton))
            .init(
                model,
                potential,
                ChainSampler::optimizer(&sampler, STEP_SIZE),
            )?
            .with_interrupt(interrupted)
            .with_progress(|at: &Progress| progress(at.step.min(self.steps)));
        for (walker, observer) in observers.iter_mut().enumerate() {
            ensemble = ensemble.with_observer(walker, observer)?;
        }
        let started = Instant::now();
        let finished = ensemble.run()?;
        let seconds = started.elapsed().as_secs_f64();
        if finished.summary.interrupted {
            return Err(Failure::Other("interrupted".to_string()));
        }
        drop(observers);
        let curvatures = directions.iter().map(|k| gaussian.curvatures[*k]);
        Ok(Sampled {
            variances: curvatures
                .map(|curvature| 1.0 / (INVERSE_TEMPERATURE * curvature))
                .collect(),
            series,
            seconds,
        })
    }
}

fn watch<'a>(
    gaussian: &'a Gaussian,
    directions: &'a [usize],
    series: &'a mut [Vec<f64>],
) -> impl FnMut(&Draw<'_, Linear>) -> tati::Result<()> + Send + 'a {
    move |draw| {
        let position: &Tensor<1> = draw.position;
        let theta: Vec<f64> = position.to_data().iter::<f64>().collect();
        for (direction, series) in directions.iter().zip(series.iter_mut()) {
            series.push(dot(&gaussian.axes[*direction], &theta));
        }
        Ok(())
    }
}
