//! What a diffusion map of draws shows: the landscape, or the chains, or time, or noise.

use std::fmt;

use burn::config::Config;
use burn::tensor::Device;
use tati_core::{Progress, Result, TatiError, require_count};

use super::{Bandwidth, DiffusionMap, DiffusionMapConfig};
use crate::{Draws, RandomWalkCheckConfig, RunningMoments, cosine_content, free_random_walks};

/// Of so many draws, one is held out.
const HELD_OUT: usize = 5;
/// Coordinates that correlate less between a map of all draws and one of some are noise.
const LEAST_CORRELATION: f64 = 0.5;
/// Cosines of time up to so many half periods are slow.
const HALF_PERIODS: usize = 4;

/// Fits a diffusion map to draws, and asks what its leading coordinates show.
///
/// Draws of chains that have not mixed are neighbours of draws of their own chain, and draws that follow each other closely are
/// neighbours of those before and after them: a map then shows the chains, or time, whatever the landscape. Of each coordinate stand
/// here the share of its variance that lies between the chains, and that within the chains along the first four cosines of time.
/// Where neither is above one half, and the coordinate is found again by a map of four fifths of the draws, extended to the others, it
/// shows the landscape.
///
/// Beside the spectrum stands that of the map of free random walks that start where the chains do and move as fast.
///
/// # Example
/// ```
/// use tati_landscape::{DiffusionMapConfig, DiffusionMapReadingConfig, Draws};
///
/// // A straight way from one end to the other: it shows time.
/// let theta: Vec<f64> = (0..200).flat_map(|i| [f64::from(i), f64::from(i % 3)]).collect();
/// let draws = Draws::from_f64(&theta, [1, 200, 2])?;
/// let map = DiffusionMapConfig::new(4);
/// let reading = DiffusionMapReadingConfig::new(map).compute(&draws, None, &mut |_| {})?;
/// assert_eq!(reading.shows().name(), "time");
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DiffusionMapReadingConfig {
    /// The map.
    pub map: DiffusionMapConfig,
    /// Leading coordinates, the constant not counted, that [`DiffusionMapReading::shows`] looks at.
    #[config(default = 3)]
    pub num_judged: usize,
    /// Seed of the random walks.
    #[config(default = 0)]
    pub seed: u64,
}

/// A diffusion map of draws, and what its coordinates show.
#[derive(Clone, Debug)]
pub struct DiffusionMapReading {
    /// The map.
    pub map: DiffusionMap,
    /// The eigenvalues of the map of free random walks, with a bandwidth of their own where it is not given. `None` for chains of fewer than
    /// 40 draws, and where that map falls into too many parts.
    pub null_eigenvalues: Option<Vec<f64>>,
    /// What each coordinate after the constant shows.
    pub coordinates: Vec<CoordinateReading>,
    /// Of each judged coordinate, how the places of held-out draws in the map of the others correlate with those in the map of all,
    /// without the sign; 0 where the map of the others falls into too many parts.
    pub held_out_correlations: Vec<f64>,
}

/// What a coordinate shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoordinateReading {
    /// The eigenvalue of the generator.
    pub eigenvalue: f64,
    /// The share of its variance that lies between the chains.
    pub chain_share: f64,
    /// The share of its variance within the chains that is a slow cosine of time.
    pub time_share: f64,
}

/// What most of the variance of coordinates is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoordinateShows {
    /// From which chain a draw is.
    Chain,
    /// When it was drawn.
    Time,
    /// Neither: what is left is the landscape.
    Landscape,
    /// Nothing that a map without some of the draws would show again.
    Nothing,
}

impl DiffusionMapReadingConfig {
    /// Fits the map to `draws`, to the target density of `log_weights` where there are some
    /// ([`DiffusionMapConfig::fit_to_target`]), and two more that it is compared with. `progress` is told the share that is done.
    ///
    /// # Errors
    /// As of [`DiffusionMapConfig::fit`]; [`TatiError::InvalidSetting`] for a map without a coordinate, or if none is to be judged.
    pub fn compute(
        &self,
        draws: &Draws<'_>,
        log_weights: Option<&[f64]>,
        progress: &mut Progress<'_>,
    ) -> Result<DiffusionMapReading> {
        self.compute_by(None, draws, log_weights, progress)
    }

    /// [`compute`](Self::compute) with the neighbours of all three maps sought on `device`, as by [`DiffusionMapConfig::fit_on`].
    ///
    /// # Errors
    /// Those of both.
    pub fn compute_on(
        &self,
        device: &Device,
        draws: &Draws<'_>,
        log_weights: Option<&[f64]>,
        progress: &mut Progress<'_>,
    ) -> Result<DiffusionMapReading> {
        self.compute_by(Some(device), draws, log_weights, progress)
    }

    fn compute_by(
        &self,
        device: Option<&Device>,
        draws: &Draws<'_>,
        log_weights: Option<&[f64]>,
        progress: &mut Progress<'_>,
    ) -> Result<DiffusionMapReading> {
        require_count("num_eigenpairs", self.map.num_eigenpairs, 2..)?;
        require_count("num_judged", self.num_judged, 1..)?;
        let map = fit(device, &self.map, draws, log_weights)?;
        progress(1.0 / 3.0);
        let null_eigenvalues = self.null_eigenvalues(device, draws)?;
        progress(2.0 / 3.0);
        let num_judged = self.num_judged.min(self.map.num_eigenpairs - 1);
        let held_out = held_out(device, &map, draws, log_weights, num_judged);
        let held_out_correlations = unless_in_parts(held_out)?;
        progress(1.0);
        let coordinates = (1..self.map.num_eigenpairs).map(|pair| {
            let values = map.coordinates().column(pair);
            CoordinateReading::of(
                values.as_slice(),
                map.eigenvalues()[pair],
                draws.num_draws(),
            )
        });
        Ok(DiffusionMapReading {
            coordinates: coordinates.collect(),
            null_eigenvalues,
            held_out_correlations: held_out_correlations.unwrap_or_else(|| vec![0.0; num_judged]),
            map,
        })
    }

    fn null_eigenvalues(
        &self,
        device: Option<&Device>,
        draws: &Draws<'_>,
    ) -> Result<Option<Vec<f64>>> {
        if draws.num_draws() < RandomWalkCheckConfig::LEAST_DRAWS {
            return Ok(None);
        }
        let walks = free_random_walks(draws, self.seed)?;
        let shape = [
            draws.num_chains(),
            draws.num_draws(),
            draws.num_parameters(),
        ];
        // Another scale than that of the draws: the bandwidth is found anew.
        let bandwidth = match self.map.bandwidth {
            Bandwidth::Fixed(_) => Bandwidth::BerryGiannakisHarlim,
            bandwidth => bandwidth,
        };
        let map = self.map.clone().with_bandwidth(bandwidth);
        let fitted = unless_in_parts(fit(device, &map, &Draws::from_f32(&walks, shape)?, None))?;
        Ok(fitted.map(|map| map.eigenvalues().to_vec()))
    }
}

impl DiffusionMapReading {
    /// What the judged coordinates show.
    pub fn shows(&self) -> CoordinateShows {
        let num_judged = self.held_out_correlations.len();
        let judged = &self.coordinates[..num_judged];
        let found = |shows| judged.iter().any(|coordinate| coordinate.shows() == shows);
        let is_found_again = |correlation: &f64| *correlation > LEAST_CORRELATION;
        if !self.held_out_correlations.iter().any(is_found_again) {
            CoordinateShows::Nothing
        } else if found(CoordinateShows::Chain) {
            CoordinateShows::Chain
        } else if found(CoordinateShows::Time) {
            CoordinateShows::Time
        } else {
            CoordinateShows::Landscape
        }
    }
}

impl CoordinateReading {
    /// Of the values of a coordinate at the draws, chains of `num_draws` one after the other.
    fn of(values: &[f64], eigenvalue: f64, num_draws: usize) -> Self {
        let total_mean = RunningMoments::of(values).mean();
        let (mut between, mut within, mut slow) = (0.0, 0.0, 0.0);
        for chain in values.chunks_exact(num_draws) {
            let own = RunningMoments::of(chain).mean();
            between += num_draws as f64 * (own - total_mean).powi(2);
            let centred: Vec<f64> = chain.iter().map(|value| value - own).collect();
            let variance: f64 = centred.iter().map(|value| value * value).sum();
            let contents = (1..=HALF_PERIODS).map(|count| cosine_content(&centred, count));
            slow += variance * contents.sum::<f64>();
            within += variance;
        }
        Self {
            eigenvalue,
            chain_share: share(between, between + within),
            time_share: share(slow, within),
        }
    }

    /// What most of its variance is; never [`CoordinateShows::Nothing`].
    pub fn shows(&self) -> CoordinateShows {
        if self.chain_share > 0.5 {
            CoordinateShows::Chain
        } else if self.time_share > 0.5 {
            CoordinateShows::Time
        } else {
            CoordinateShows::Landscape
        }
    }
}

impl CoordinateShows {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Time => "time",
            Self::Landscape => "landscape",
            Self::Nothing => "nothing",
        }
    }
}

impl fmt::Display for CoordinateShows {
    /// In a sentence for the reader.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
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
        })
    }
}

fn fit(
    device: Option<&Device>,
    config: &DiffusionMapConfig,
    draws: &Draws<'_>,
    log_weights: Option<&[f64]>,
) -> Result<DiffusionMap> {
    match (device, log_weights) {
        (None, None) => config.fit(draws),
        (None, Some(log_weights)) => config.fit_to_target(draws, log_weights),
        (Some(device), None) => config.fit_on(device, draws),
        (Some(device), Some(log_weights)) => config.fit_to_target_on(device, draws, log_weights),
    }
}

/// `None` where a map has fallen into more parts than it has eigenpairs, or all its points are one.
fn unless_in_parts<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Err(TatiError::InvalidSetting {
            name: "bandwidth", ..
        }) => Ok(None),
        found => found.map(Some),
    }
}

/// Holds out some of the draws, extends a map of the others to them, and compares with the map of all.
fn held_out(
    device: Option<&Device>,
    whole: &DiffusionMap,
    draws: &Draws<'_>,
    log_weights: Option<&[f64]>,
    num_judged: usize,
) -> Result<Vec<f64>> {
    let config = whole.config();
    let size = draws.num_parameters();
    let (mut kept, mut out) = (Vec::new(), Vec::new());
    let (mut kept_weights, mut out_places) = (Vec::new(), Vec::new());
    let mut place = 0;
    for chain in 0..draws.num_chains() {
        draws.for_each_block(chain, |block| {
            for (theta, draw) in block.theta.chunks_exact(size).zip(block.first_draw..) {
                if draw % HELD_OUT == HELD_OUT - 1 {
                    out.extend_from_slice(theta);
                    out_places.push(place);
                } else {
                    kept.extend_from_slice(theta);
                    kept_weights.extend(log_weights.map(|weights| weights[place]));
                }
                place += 1;
            }
            Ok(())
        })?;
    }
    let num_kept = kept.len() / size;
    if out_places.is_empty() || num_kept < config.num_eigenpairs {
        return Ok(vec![0.0; num_judged]);
    }
    let config = config
        .clone()
        .with_bandwidth(match config.bandwidth {
            Bandwidth::BerryGiannakisHarlim => Bandwidth::Fixed(whole.bandwidth()),
            bandwidth => bandwidth,
        })
        .with_neighbors(config.neighbors.map(|count| count.min(num_kept)));
    let kept = Draws::from_f64(&kept, [1, num_kept, size])?;
    let kept_weights = log_weights.map(|_| kept_weights.as_slice());
    let map = fit(device, &config, &kept, kept_weights)?;
    let extension = map.extend(&Draws::from_f64(&out, [1, out_places.len(), size])?)?;
    let correlations = (1..=num_judged).map(|pair| {
        let expected = out_places.iter().map(|&at| whole.coordinates()[(at, pair)]);
        let expected: Vec<f64> = expected.collect();
        correlation(extension.column(pair).as_slice(), &expected).abs()
    });
    Ok(correlations.collect())
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let [a_mean, b_mean] = [a, b].map(|values| RunningMoments::of(values).mean());
    let moment = |f: fn(f64, f64) -> f64| {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| f(a - a_mean, b - b_mean)).sum::<f64>()
    };
    let norm = (moment(|a, _| a * a) * moment(|_, b| b * b)).sqrt();
    share(moment(|a, b| a * b), norm)
}
