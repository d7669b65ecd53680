//! Whether draws show the landscape or a random walk over it.

mod diffusion;
mod null;

use std::f64::consts::PI;
use std::fmt;

use burn::config::Config;
use tati_core::{Result, require_count};

use crate::{Draws, PrincipalComponents, PrincipalComponentsConfig};

pub use diffusion::{Diffusion, diffusion};
pub use null::{free_random_walks, random_walk_eigenvalues};

/// Configuration of [`RandomWalkCheck`].
///
/// # Example
/// ```
/// use rand::{RngExt, SeedableRng, rngs::StdRng};
/// use rand_distr::StandardNormal;
/// use tati_landscape::{Draws, RandomWalkCheckConfig, Verdict};
///
/// // 500 steps of a free random walk in 200 dimensions.
/// let mut random = StdRng::seed_from_u64(1);
/// let mut theta = vec![0.0; 200];
/// for at in 0..200 * 499 {
///     theta.push(theta[at] + random.sample::<f64, _>(StandardNormal));
/// }
/// let draws = Draws::from_f64(&theta, [1, 500, 200])?;
/// let check = RandomWalkCheckConfig::new().compute(&draws)?;
/// assert_eq!(check.verdict, Verdict::RandomWalk);
/// assert!(check.chains[0].cosine_content[0] > 0.9);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct RandomWalkCheckConfig {
    /// How the components of each chain are found, and how many of them. More than there can be are cut down to what there can be.
    #[config(default = "PrincipalComponentsConfig::new(20)")]
    pub components: PrincipalComponentsConfig,
    /// Leading components that the verdict rests on.
    #[config(default = 3)]
    pub num_judged: usize,
}

/// Whether chains show the landscape or a random walk.
///
/// A chain that has not had the time to come back to where it was is a random walk, and the principal components of a random walk in
/// many dimensions are cosines of time, whatever it walks on. With pₖ(t) the coordinate of draw t along component k, its cosine content is
///
/// ```text
/// cₖ = (2/n) (Σₜ cos(π k (t + ½)/n) pₖ(t))² / Σₜ pₖ(t)²
/// ```
///
/// 1 for a cosine of k half periods, and of the order of the autocorrelation time over the length of the chain for a stationary
/// one. Components are those of each chain alone: chains that part from one start are cosines only one by one.
///
/// Source: B. Hess, Phys. Rev. E 62 (2000) 8438 and 65 (2002) 031910, eq. 11 (here at the midpoints of the draws).
#[derive(Clone, Debug, PartialEq)]
pub struct RandomWalkCheck {
    /// What it comes to: the worst of the chains.
    pub verdict: Verdict,
    /// What was found of each chain.
    pub chains: Vec<ChainWalk>,
}

/// What the random walk check finds of one chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainWalk {
    /// What it comes to.
    pub verdict: Verdict,
    /// cₖ of each component, from 0 to 1.
    pub cosine_content: Vec<f64>,
    /// The principal components of this chain alone.
    pub components: PrincipalComponents,
    /// The eigenvalues that a free random walk of the same diffusion would have.
    pub null_eigenvalues: Vec<f64>,
    /// How the chain moves.
    pub diffusion: Diffusion,
}

/// What the cosine content of the judged components comes to.
///
/// In more dimensions than draws a stationary chain has cosines for components, too: each is one of many that are as wide. So a
/// component does not count where the chain forgets where it was within a 20th of its length (an exponent of its [`Diffusion`] below
/// 0.1) and the next component is nearly as wide (λₖ < 1.2 λₖ₊₁; of a walk, λ₁ = 4 λ₂).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// None of at least 0.2: the chain has been to and fro along each of its widest directions many times.
    Stationary,
    /// In between: the widest directions were crossed only a few times.
    Undecided,
    /// One above 0.7: the spectrum is that of the walk, not of the landscape.
    RandomWalk,
}

impl Verdict {
    const STATIONARY_BELOW: f64 = 0.2;
    const RANDOM_WALK_ABOVE: f64 = 0.7;

    const FORGOTTEN_BELOW: f64 = 0.1;
    const ALIKE_BELOW: f64 = 1.2;

    /// Of the first `num_judged` of the components.
    fn of(
        cosine_content: &[f64],
        eigenvalues: &[f64],
        diffusion: &Diffusion,
        num_judged: usize,
    ) -> Self {
        let is_forgotten = diffusion.exponent < Self::FORGOTTEN_BELOW;
        let is_one_of_many = |at: usize| {
            let next = eigenvalues.get(at + 1);
            is_forgotten && next.is_some_and(|next| eigenvalues[at] < Self::ALIKE_BELOW * next)
        };
        let judged = cosine_content.iter().enumerate().take(num_judged);
        let largest = judged
            .filter(|(at, _)| !is_one_of_many(*at))
            .map(|(_, content)| *content)
            .fold(0.0, f64::max);
        if largest > Self::RANDOM_WALK_ABOVE {
            Self::RandomWalk
        } else if largest < Self::STATIONARY_BELOW {
            Self::Stationary
        } else {
            Self::Undecided
        }
    }

    /// One word or two for tables and files: `stationary`, `undecided` or `random walk`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stationary => "stationary",
            Self::Undecided => "undecided",
            Self::RandomWalk => "random walk",
        }
    }
}

impl fmt::Display for Verdict {
    /// A sentence for the reader of a report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Stationary => {
                "stationary: the chain has been to and fro along its widest components many times, so the spectrum shows the landscape"
            }
            Self::Undecided => {
                "undecided: the widest components were crossed only a few times; sample longer before reading anything into them"
            }
            Self::RandomWalk => {
                "random walk: the widest components are cosines of time, so the spectrum shows how far the chain has diffused, not the landscape"
            }
        };
        f.write_str(words)
    }
}

impl RandomWalkCheckConfig {
    /// Draws of a chain without which a walk cannot be told from a landscape.
    pub const LEAST_DRAWS: usize = 40;

    /// Checks each chain of `draws`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`](tati_core::TatiError::InvalidSetting) if a chain has fewer than 40 draws or nothing is to be judged; as of
    /// [`PrincipalComponentsConfig::compute`].
    pub fn compute(&self, draws: &Draws<'_>) -> Result<RandomWalkCheck> {
        require_count("number of draws", draws.num_draws(), Self::LEAST_DRAWS..)?;
        require_count("num_judged", self.num_judged, 1..)?;
        let chains = (0..draws.num_chains())
            .map(|chain| self.compute_chain(&draws.with_chain(chain)?))
            .collect::<Result<Vec<_>>>()?;
        let verdicts = chains.iter().map(|chain| chain.verdict);
        Ok(RandomWalkCheck {
            verdict: verdicts.max().unwrap_or(Verdict::Undecided),
            chains,
        })
    }

    fn compute_chain(&self, draws: &Draws<'_>) -> Result<ChainWalk> {
        let most = draws.num_parameters().min(draws.num_draws() - 1);
        let count = self.components.num_components.min(most);
        let components = self.components.clone();
        let components = PrincipalComponentsConfig {
            num_components: count,
            ..components
        };
        let components = components.compute(draws)?;
        let coordinates = components.project(draws, 0)?;
        let cosine_content: Vec<f64> = coordinates
            .column_iter()
            .enumerate()
            .map(|(at, coordinate)| cosine_content(coordinate.as_slice(), at + 1))
            .collect();
        let diffusion = diffusion(draws)?;
        Ok(ChainWalk {
            verdict: Verdict::of(
                &cosine_content,
                &components.eigenvalues,
                &diffusion,
                self.num_judged,
            ),
            null_eigenvalues: random_walk_eigenvalues(diffusion.per_draw, draws.num_draws(), count),
            cosine_content,
            components,
            diffusion,
        })
    }
}

/// The share of `series` that is a cosine of `half_periods` half periods, from 0 to 1; 0 for a series of zeros:
///
/// ```text
/// c = (2/n) (Σₜ cos(π k (t + ½)/n) p(t))² / Σₜ p(t)²
/// ```
///
/// # Example
/// ```
/// use std::f64::consts::PI;
/// use tati_landscape::cosine_content;
///
/// let cosine: Vec<f64> = (0..100).map(|t| (PI * 2.0 * (t as f64 + 0.5) / 100.0).cos()).collect();
/// assert!((cosine_content(&cosine, 2) - 1.0).abs() < 1e-12);
/// assert!(cosine_content(&cosine, 1) < 1e-12);
/// ```
pub fn cosine_content(series: &[f64], half_periods: usize) -> f64 {
    let n = series.len() as f64;
    let frequency = PI * half_periods as f64 / n;
    let along: f64 = series
        .iter()
        .enumerate()
        .map(|(t, x)| (frequency * (t as f64 + 0.5)).cos() * x)
        .sum();
    let all: f64 = series.iter().map(|x| x * x).sum();
    if all == 0.0 {
        return 0.0;
    }
    2.0 / n * along * along / all
}

#[cfg(test)]
mod tests;
