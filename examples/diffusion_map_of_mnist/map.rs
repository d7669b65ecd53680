//! The map of the draws, and what its coordinates tell.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use serde::Serialize;
use tati::TatiError;
use tati::landscape::{
    Bandwidth, DiffusionMap, DiffusionMapConfig, Draws, RandomWalkCheck, RandomWalkCheckConfig,
    convergence, cosine_content,
};

use crate::Options;
use crate::chains::Sampled;
use crate::support::Failure;

/// Eigenpairs of the maps, the constant counted.
pub const EIGENPAIRS: usize = 11;
/// Coordinates that are looked at.
pub const JUDGED: usize = 3;
/// Of so many draws, one is held out.
const HELD_OUT: usize = 5;
/// Coordinates that correlate less between a map of all draws and one of some are noise.
const LEAST_CORRELATION: f64 = 0.5;
/// Cosines of time up to so many half periods are slow.
const HALF_PERIODS: usize = 4;

/// The map of the draws and what stands beside it.
pub struct DrawMap {
    pub map: DiffusionMap,
    /// Eigenvalues of the map of free random walks.
    pub null_eigenvalues: Vec<f64>,
    pub coordinates: Vec<Coordinate>,
    /// Of each judged coordinate, the correlation of held-out draws in the map of the others with their place in the map of all.
    pub extension_correlations: Vec<f64>,
    pub walk: RandomWalkCheck,
    pub max_r_hat: f64,
}

/// What a coordinate of the map tells.
#[derive(Clone, Debug, Serialize)]
pub struct Coordinate {
    pub eigenvalue: f64,
    /// Share of the variance that lies between the chains.
    pub chain_share: f64,
    /// Share of the variance within the chains that is a slow cosine of time.
    pub time_share: f64,
    /// Squared correlation with the loss.
    pub loss_share: f64,
    pub shows: Shows,
}

/// What most of a coordinate's variance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// From which chain a draw is.
    Chain,
    /// When it was drawn.
    Time,
    /// Neither: what is left is the landscape.
    Landscape,
    /// Nothing that a map without some of the draws would show again.
    Nothing,
}

impl DrawMap {
    /// Calls `done` after each of the four maps.
    pub fn of(
        sampled: &Sampled,
        options: &Options,
        seed: u64,
        done: impl Fn(),
    ) -> Result<Self, Failure> {
        let config = config(options);
        let draws = sampled.draws()?;
        let map = config.fit(&draws)?;
        done();
        let walk = RandomWalkCheckConfig::new().compute(&draws)?;
        let null = random_walks(&draws, &walk, seed)?;
        // Another scale than that of the draws: the bandwidth is found anew.
        let null = config
            .clone()
            .with_bandwidth(Bandwidth::BerryGiannakisHarlim)
            .fit(&Draws::from_f32(&null, sampled.shape)?)?;
        done();
        let extension_correlations = held_out(sampled, &config, &map)?;
        done();
        let worst = convergence(&draws)?.max_r_hat();
        done();
        let coordinates = (1..EIGENPAIRS).map(|pair| {
            let values = map.coordinates().column(pair);
            Coordinate::of(values.as_slice(), map.eigenvalues()[pair], sampled)
        });
        Ok(Self {
            coordinates: coordinates.collect(),
            null_eigenvalues: null.eigenvalues().to_vec(),
            extension_correlations,
            max_r_hat: worst.map_or(f64::NAN, |(_, r_hat)| r_hat),
            walk,
            map,
        })
    }

    /// What the leading coordinates show.
    pub fn verdict(&self) -> Shows {
        let judged = &self.coordinates[..JUDGED];
        let found = |shows| judged.iter().any(|coordinate| coordinate.shows == shows);
        let is_found_again = |correlation: &f64| *correlation > LEAST_CORRELATION;
        if !self.extension_correlations.iter().any(is_found_again) {
            Shows::Nothing
        } else if found(Shows::Chain) {
            Shows::Chain
        } else if found(Shows::Time) {
            Shows::Time
        } else {
            Shows::Landscape
        }
    }
}

impl Coordinate {
    fn of(values: &[f64], eigenvalue: f64, sampled: &Sampled) -> Self {
        let draws = sampled.shape[1];
        let total_mean = mean(values);
        let (mut between, mut within, mut slow) = (0.0, 0.0, 0.0);
        for chain in values.chunks_exact(draws) {
            let own = mean(chain);
            between += draws as f64 * (own - total_mean).powi(2);
            let centred: Vec<f64> = chain.iter().map(|value| value - own).collect();
            let variance: f64 = centred.iter().map(|value| value * value).sum();
            let contents = (1..=HALF_PERIODS).map(|count| cosine_content(&centred, count));
            slow += variance * contents.sum::<f64>();
            within += variance;
        }
        let chain_share = share(between, between + within);
        let time_share = share(slow, within);
        Self {
            eigenvalue,
            chain_share,
            time_share,
            loss_share: correlation(values, &sampled.losses).powi(2),
            shows: if chain_share > 0.5 {
                Shows::Chain
            } else if time_share > 0.5 {
                Shows::Time
            } else {
                Shows::Landscape
            },
        }
    }
}

impl Shows {
    /// The verdict for the reader.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Chain => {
                "The map tells the chains apart: draws are neighbours of draws of their own chain, so it shows the chains, not the landscape."
            }
            Self::Time => {
                "The map tells time: its leading coordinates are slow cosines along the chains, and it shows how far they have walked, not the landscape."
            }
            Self::Landscape => {
                "The leading coordinates are neither chain nor time, and are found again without some of the draws: the map shows the landscape."
            }
            Self::Nothing => {
                "The leading coordinates are not found again when some draws are held out: these draws have no slow variable, and the map shows noise."
            }
        }
    }
}

fn config(options: &Options) -> DiffusionMapConfig {
    let bandwidth = options
        .bandwidth
        .map_or(Bandwidth::BerryGiannakisHarlim, Bandwidth::Fixed);
    // Of draws from exp(−βU), α = ½ is the generator of the Langevin dynamics that samples it.
    DiffusionMapConfig::new(EIGENPAIRS)
        .with_neighbors(Some(options.neighbors))
        .with_bandwidth(bandwidth)
        .with_density_exponent(0.5)
}

/// Free random walks from where the chains began, that move as fast.
fn random_walks(
    draws: &Draws<'_>,
    walk: &RandomWalkCheck,
    seed: u64,
) -> Result<Vec<f32>, TatiError> {
    let size = draws.num_parameters();
    let mut random = StdRng::seed_from_u64(seed);
    let mut theta: Vec<f32> = Vec::new();
    for (chain, found) in walk.chains.iter().enumerate() {
        let step = (found.diffusion.per_draw / size as f64).sqrt() as f32;
        let mut start: Vec<f32> = Vec::new();
        draws.with_chain(chain)?.for_each_block(0, |block| {
            if block.first_draw == 0 {
                start.extend(block.theta[..size].iter().map(|&x| x as f32));
            }
            Ok(())
        })?;
        theta.extend_from_slice(&start);
        for _ in size..draws.num_draws() * size {
            let last = theta[theta.len() - size];
            theta.push(last + step * random.sample::<f32, _>(StandardNormal));
        }
    }
    Ok(theta)
}

/// Holds out some of the draws, extends a map of the others to them, and compares with the map of all.
fn held_out(
    sampled: &Sampled,
    config: &DiffusionMapConfig,
    whole: &DiffusionMap,
) -> Result<Vec<f64>, TatiError> {
    let size = sampled.shape[2];
    let (kept, kept_places) = sampled.part(|draw| draw % HELD_OUT != HELD_OUT - 1);
    let (out, out_places) = sampled.part(|draw| draw % HELD_OUT == HELD_OUT - 1);
    let map = config
        .clone()
        .with_bandwidth(Bandwidth::Fixed(whole.bandwidth()))
        .fit(&Draws::from_f32(&kept, [1, kept_places.len(), size])?)?;
    let extension = map.extend(&Draws::from_f32(&out, [1, out_places.len(), size])?)?;
    let correlations = (1..=JUDGED).map(|pair| {
        let expected = out_places.iter().map(|&at| whole.coordinates()[(at, pair)]);
        let expected: Vec<f64> = expected.collect();
        correlation(extension.column(pair).as_slice(), &expected).abs()
    });
    Ok(correlations.collect())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a_mean, b_mean) = (mean(a), mean(b));
    let moment = |f: fn(f64, f64) -> f64| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f(a - a_mean, b - b_mean)).sum::<f64>()
    };
    let norm = (moment(|a, _| a * a) * moment(|_, b| b * b)).sqrt();
    share(moment(|a, b| a * b), norm)
}
