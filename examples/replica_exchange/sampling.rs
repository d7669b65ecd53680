//! The runs: walkers on a ladder, and a single chain.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use serde::Serialize;
use tati::prelude::*;
use tati::samplers::{Progress, ReplicaExchangeSummary};

use crate::support::Failure;
use crate::well::{Weights, Well};

/// β of the coldest rung and of the single chain.
pub const COLDEST: f64 = 1.0;
/// Steps from draw to draw.
const THINNING: u64 = 10;

pub struct Plan {
    pub well: Well,
    pub hottest: f64,
    pub rungs: usize,
    pub swap_every: u64,
    pub seed: u64,
    pub interrupted: Arc<AtomicBool>,
    pub device: Device,
}

/// What a replica exchange gave.
pub struct Exchanged {
    pub summary: ReplicaExchangeSummary,
    /// x at the draws of each rung.
    pub series: Vec<Vec<f64>>,
}

/// What the single chain did.
#[derive(Serialize)]
pub struct Control {
    pub steps: u64,
    /// Draws in another well than the one before.
    pub crossings: usize,
    /// The share of the left well.
    pub population: f64,
}

impl Plan {
    /// Replica exchange from a ladder of evenly spaced β.
    pub fn exchange(
        &self,
        burn_in: u64,
        steps: u64,
        tune_ladder: bool,
        progress: impl Fn(u64),
    ) -> Result<Exchanged, Failure> {
        let last = self.rungs.saturating_sub(1).max(1) as f64;
        let rung = |index: usize| COLDEST + (self.hottest - COLDEST) * index as f64 / last;
        let ladder = (0..self.rungs).map(rung).collect();
        let (model, potential) = self.well.potential(&self.device)?;
        let mut series = vec![Vec::new(); self.rungs];
        let mut observers: Vec<_> = series.iter_mut().map(watch).collect();
        let mut exchange = ReplicaExchangeConfig::new(ladder, chain(burn_in, steps))
            .with_swap_every(self.swap_every)
            .with_tune_ladder(tune_ladder)
            .init(model, potential, self.sampler())?
            .with_interrupt(&self.interrupted)
            .with_progress(|at: &Progress| progress(at.step));
        for (rung, observer) in observers.iter_mut().enumerate() {
            exchange = exchange.with_observer(rung, observer)?;
        }
        let finished = exchange.run()?;
        drop(observers);
        refuse_interrupted(finished.summary.interrupted)?;
        Ok(Exchanged {
            summary: finished.summary,
            series,
        })
    }

    /// A single chain at the coldest β.
    pub fn control(&self, steps: u64, progress: impl Fn(u64)) -> Result<Control, Failure> {
        let (model, potential) = self.well.potential(&self.device)?;
        let mut series = Vec::new();
        let mut observer = watch(&mut series);
        let finished = chain(0, steps)
            .init(model, potential, self.sampler())?
            .with_observer(&mut observer)
            .with_interrupt(&self.interrupted)
            .with_progress(|at: &Progress| progress(at.step))
            .run()?;
        drop(observer);
        refuse_interrupted(finished.summary.interrupted)?;
        let is_left: Vec<bool> = series.iter().map(|x| *x < 0.0).collect();
        let crossings = is_left.windows(2).filter(|pair| pair[0] != pair[1]);
        let left = is_left.iter().filter(|is_left| **is_left).count();
        Ok(Control {
            steps,
            crossings: crossings.count(),
            population: left as f64 / is_left.len() as f64,
        })
    }

    fn sampler(&self) -> ChainSampler {
        let frequency = self.well.frequency();
        let config = BaoabConfig::new(COLDEST)
            .with_friction(0.5 * frequency)
            .with_seed(Some(self.seed));
        ChainSampler::optimizer(&config, 0.2 / frequency)
    }
}

fn chain(burn_in: u64, steps: u64) -> ChainConfig {
    ChainConfig::new(burn_in + steps)
        .with_burn_in(burn_in)
        .with_thinning(THINNING)
        .with_checkpoint_every_seconds(None)
}

fn watch(series: &mut Vec<f64>) -> impl FnMut(&Draw<'_, Weights>) -> tati::Result<()> + Send + '_ {
    |draw| {
        let x = draw.position.clone().narrow(0, 0, 1).into_scalar::<f64>();
        series.push(x);
        Ok(())
    }
}

fn refuse_interrupted(is_interrupted: bool) -> Result<(), Failure> {
    if is_interrupted {
        return Err(Failure::Other("interrupted".to_string()));
    }
    Ok(())
}
