//! The map of the draws, and what its coordinates tell.

use serde::Serialize;
use tati::TatiError;
use tati::landscape::{
    Bandwidth, CoordinateReading, DiffusionMapConfig, DiffusionMapReading,
    DiffusionMapReadingConfig, RandomWalkCheck, RandomWalkCheckConfig, convergence,
};

use crate::Options;
use crate::chains::Sampled;
use crate::support::Failure;

/// Eigenpairs of the maps, the constant counted.
pub const EIGENPAIRS: usize = 11;
/// Coordinates that are looked at.
pub const JUDGED: usize = 3;

/// The map of the draws and what stands beside it.
pub struct DrawMap {
    pub reading: DiffusionMapReading,
    pub coordinates: Vec<Coordinate>,
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
    pub shows: &'static str,
}

impl DrawMap {
    /// Calls `done` after each of four steps.
    pub fn of(
        sampled: &Sampled,
        options: &Options,
        seed: u64,
        done: impl Fn() + Send + Sync,
    ) -> Result<Self, Failure> {
        let draws = sampled.draws()?;
        let reading = DiffusionMapReadingConfig::new(config(options))
            .with_num_judged(JUDGED)
            .with_seed(seed)
            .compute(&draws, None, &mut |_| done())?;
        let walk = RandomWalkCheckConfig::new().compute(&draws)?;
        let worst = convergence(&draws)?.max_r_hat();
        done();
        let coordinates = reading.coordinates.iter().zip(1..).map(|(found, pair)| {
            let values = reading.map.coordinates().column(pair);
            Coordinate::of(found, values.as_slice(), &sampled.losses)
        });
        Ok(Self {
            coordinates: coordinates.collect(),
            max_r_hat: worst.map_or(f64::NAN, |(_, r_hat)| r_hat),
            walk,
            reading,
        })
    }

    /// The eigenvalues of the map of free random walks.
    pub fn null_eigenvalues(&self) -> Result<&[f64], TatiError> {
        let found = self.reading.null_eigenvalues.as_deref();
        found.ok_or_else(|| TatiError::InvalidSetting {
            name: "neighbors",
            value: "so few that the map of random walks falls into parts".to_string(),
            expected: "more".to_string(),
        })
    }
}

impl Coordinate {
    fn of(found: &CoordinateReading, values: &[f64], losses: &[f64]) -> Self {
        Self {
            eigenvalue: found.eigenvalue,
            chain_share: found.chain_share,
            time_share: found.time_share,
            loss_share: correlation(values, losses).powi(2),
            shows: found.shows().name(),
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

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a_mean, b_mean) = (mean(a), mean(b));
    let moment = |f: fn(f64, f64) -> f64| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f(a - a_mean, b - b_mean)).sum::<f64>()
    };
    let norm = (moment(|a, _| a * a) * moment(|_, b| b * b)).sqrt();
    if norm > 0.0 {
        moment(|a, b| a * b) / norm
    } else {
        0.0
    }
}
