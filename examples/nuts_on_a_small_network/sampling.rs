//! The network, its data, and the chains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use burn::tensor::{Device, Int, Tensor, TensorData};
use indicatif::ProgressBar;
use serde::Serialize;
use tati::models::{
    Activation, LabelledSet, Mlp, MlpConfig, PlaygroundConfig, PlaygroundShape,
    softmax_cross_entropy,
};
use tati::prelude::*;
use tati::samplers::{
    BaoabConfig, ChainConfig, ChainSampler, Draw, HmcConfig, NutsConfig, Observer,
    PredictiveAverage, PredictiveSummary,
};

use crate::Options;

/// Points on the border between the classes where predictions are followed.
pub const BORDER_POINTS: usize = 5;
/// Their distance from the middle, between the disc and the ring.
const BORDER_RADIUS: f64 = 3.0;
/// Features are divided by it.
const FEATURE_SCALE: f32 = 2.5;
const TEST_POINTS: usize = 1000;
/// Cells along a side of the map of predictions.
pub const MAP_CELLS: usize = 60;
/// What the map reaches to, from the middle.
pub const MAP_REACH: f64 = 6.0;
/// Steps of BAOAB from one draw to the next.
const BAOAB_THINNING: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    Nuts,
    Hmc,
    Baoab,
}

/// What is sampled, and how long.
pub struct Task<'a> {
    options: &'a Options,
    pub seed: u64,
    device: Device,
    /// A network of initial weights for each chain.
    starts: Vec<Mlp>,
    pub training: LabelledSet,
    test: LabelledSet,
    pub inverse_temperature: f64,
    pub num_parameters: usize,
}

/// What a sampler has given, chain by chain.
pub struct Sampled {
    pub sampler: Sampler,
    pub chains: Vec<Trace>,
    pub test: PredictiveSummary,
    /// The averaged probability of the disc on the cells of the map, row by row from below.
    pub map: Vec<f64>,
    pub seconds: f64,
}

/// The draws of one chain.
#[derive(Default)]
pub struct Trace {
    /// Gradients after burn-in, up to each draw.
    pub gradients: Vec<f64>,
    pub potentials: Vec<f64>,
    /// The probability of the disc at each point of the border.
    pub predictions: [Vec<f64>; BORDER_POINTS],
    pub acceptances: Vec<f64>,
    pub divergences: usize,
    pub step_size: f64,
}

impl Sampler {
    pub const ALL: [Self; 3] = [Self::Nuts, Self::Hmc, Self::Baoab];

    pub fn label(self) -> &'static str {
        match self {
            Self::Nuts => "NUTS",
            Self::Hmc => "HMC",
            Self::Baoab => "BAOAB",
        }
    }
}

impl<'a> Task<'a> {
    pub fn new(options: &'a Options) -> Result<Self, TatiError> {
        let device = options.common.open_device()?;
        let seed = options.common.seed();
        device.seed(seed);
        let config = MlpConfig::new(vec![options.hidden])
            .with_inputs(2)
            .with_outputs(2)
            .with_activation(Activation::Tanh);
        let starts: Vec<Mlp> = (0..options.walkers).map(|_| config.init(&device)).collect();
        let data = |samples: usize, seed: u64| {
            PlaygroundConfig::new(PlaygroundShape::Circles)
                .with_samples(samples)
                .with_noise(0.1)
                .with_seed(seed)
                .generate()
        };
        Ok(Self {
            num_parameters: ParameterLayout::of(&starts[0])?.num_parameters(),
            starts,
            training: data(options.points, 1)?,
            test: data(TEST_POINTS, 2)?,
            inverse_temperature: InverseTemperature::posterior(options.points),
            options,
            seed,
            device,
        })
    }

    /// Runs every chain of a sampler.
    pub fn sample(&self, sampler: Sampler, bar: &ProgressBar) -> Result<Sampled, TatiError> {
        let device = self.device.clone().inner();
        let started = Instant::now();
        let (points, labels) = self.test.to_tensors(&device);
        let points = points / FEATURE_SCALE;
        let mut test = PredictiveAverage::with_label_tensor(
            move |model: &Mlp| model.forward(points.clone()),
            labels,
        )?;
        // Of the map only the probabilities are of interest: its labels mean nothing.
        let cells = tensor(map_cells(), &device);
        let mut map = PredictiveAverage::new(
            move |model: &Mlp| model.forward(cells.clone()),
            vec![0; MAP_CELLS * MAP_CELLS],
        )?;
        let mut chains = Vec::new();
        for (walker, start) in self.starts.iter().enumerate() {
            let (points, labels) = self.training.to_tensors(&device);
            let loss = |model: &Mlp, (points, labels): (Tensor<2>, Tensor<1, Int>)| {
                softmax_cross_entropy(model.forward(points), labels)
            };
            let potential =
                ModelPotential::new(start.clone(), (points / FEATURE_SCALE, labels), loss)?;
            let spent = Arc::new(AtomicBool::new(false));
            let mut trace = Follower {
                trace: Trace::default(),
                border: tensor(border(), &device),
                gradients_per_draw: BAOAB_THINNING as f64,
                budget: self.options.gradients as f64,
                spent: spent.clone(),
                bar,
            };
            self.chain(sampler)
                .init(
                    start.clone(),
                    potential,
                    self.sampler(sampler, walker as u32),
                )?
                .with_interrupt(&spent)
                .with_observer(&mut trace)
                .with_observer(&mut test)
                .with_observer(&mut map)
                .run()?;
            chains.push(trace.trace);
        }
        let Some(test) = test.summary() else {
            unreachable!("every chain takes draws");
        };
        Ok(Sampled {
            sampler,
            chains,
            test,
            map: map
                .probabilities()
                .iter()
                .skip(1)
                .step_by(2)
                .copied()
                .collect(),
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Steps enough to spend all gradients; the chain is stopped when they are spent.
    fn chain(&self, sampler: Sampler) -> ChainConfig {
        let gradients = self.options.gradients as u64;
        match sampler {
            Sampler::Nuts | Sampler::Hmc => {
                let tuning_steps = self.options.tuning_steps as u64;
                ChainConfig::new(tuning_steps + gradients).with_burn_in(tuning_steps)
            }
            Sampler::Baoab => {
                let burn_in = (gradients / 4).max(2000);
                ChainConfig::new(burn_in + gradients + BAOAB_THINNING)
                    .with_burn_in(burn_in)
                    .with_thinning(BAOAB_THINNING)
            }
        }
    }

    fn sampler(&self, sampler: Sampler, walker: u32) -> ChainSampler {
        let options = self.options;
        let beta = self.inverse_temperature;
        let prior = Prior::gaussian_with_standard_deviation(options.prior_deviation, beta);
        macro_rules! common {
            ($config:expr) => {
                $config
                    .with_prior(Some(prior))
                    .with_seed(Some(self.seed))
                    .with_walker(walker)
            };
        }
        let tuning_steps = options.tuning_steps as u64;
        match sampler {
            Sampler::Nuts => ChainSampler::kernel(&common!(
                NutsConfig::new(beta).with_tuning_steps(tuning_steps)
            )),
            Sampler::Hmc => ChainSampler::kernel(&common!(
                HmcConfig::new(beta, 0.5 * options.step_size, options.trajectory_length)
                    .with_target_acceptance(Some(0.9))
                    .with_tuning_steps(tuning_steps)
            )),
            Sampler::Baoab => ChainSampler::optimizer(
                &common!(BaoabConfig::new(beta).with_friction(options.friction)),
                options.step_size,
            ),
        }
    }
}

/// Follows a chain, and stops it when its gradients are spent.
struct Follower<'a> {
    trace: Trace,
    border: Tensor<2>,
    /// Of a sampler that does not count them.
    gradients_per_draw: f64,
    budget: f64,
    spent: Arc<AtomicBool>,
    bar: &'a ProgressBar,
}

impl Observer<Mlp> for Follower<'_> {
    fn observe(&mut self, draw: &Draw<'_, Mlp>) -> Result<(), TatiError> {
        let statistics = draw.statistics;
        let gradients = statistics.num_gradients.unwrap_or(self.gradients_per_draw);
        let trace = &mut self.trace;
        let total = trace.gradients.last().unwrap_or(&0.0) + gradients;
        trace.gradients.push(total);
        trace.potentials.push(statistics.potential);
        trace.acceptances.extend(statistics.acceptance);
        trace.divergences += usize::from(statistics.diverged == Some(1.0));
        trace.step_size = statistics.step_size;
        let logits = draw.model.forward(self.border.clone()).into_data();
        let logits: Vec<f64> = logits.iter::<f64>().collect();
        for (series, pair) in trace.predictions.iter_mut().zip(logits.chunks_exact(2)) {
            series.push(1.0 / (1.0 + (pair[0] - pair[1]).exp()));
        }
        self.bar.inc(gradients as u64);
        if total >= self.budget {
            self.spent.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn border() -> Vec<[f64; 2]> {
    (0..BORDER_POINTS)
        .map(|index| {
            let angle = std::f64::consts::TAU * index as f64 / BORDER_POINTS as f64;
            [BORDER_RADIUS * angle.cos(), BORDER_RADIUS * angle.sin()]
        })
        .collect()
}

/// The middles of the cells of the map, row by row from below.
fn map_cells() -> Vec<[f64; 2]> {
    let place = |index: usize| MAP_REACH * (2.0 * (index as f64 + 0.5) / MAP_CELLS as f64 - 1.0);
    (0..MAP_CELLS * MAP_CELLS)
        .map(|index| [place(index % MAP_CELLS), place(index / MAP_CELLS)])
        .collect()
}

/// Points as the network takes them.
fn tensor(points: Vec<[f64; 2]>, device: &Device) -> Tensor<2> {
    let count = points.len();
    let features = points
        .into_iter()
        .flatten()
        .map(|x| x as f32 / FEATURE_SCALE);
    Tensor::from_data(TensorData::new(features.collect(), [count, 2]), device)
}
