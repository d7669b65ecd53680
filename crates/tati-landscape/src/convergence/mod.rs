//! Have the chains converged, and how many independent draws are they worth?

mod diagnostics;
mod normal_quantile;
mod over_draws;
mod ranks;

pub use over_draws::{Convergence, convergence};

use tati_core::{Result, TatiError};

use crate::finite::require_finite;
use diagnostics::Diagnostics;

/// Of what an effective sample size tells the precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EffectiveSampleSize {
    /// Of location: of the normal scores of the ranks of the draws. Also where mean or variance do not exist.
    Bulk,
    /// Of the tails: the smaller of those of the indicators x ≤ q for the quantiles q at 5 % and 95 %.
    Tail,
    /// Of the mean: of the draws themselves.
    Mean,
}

/// The number of independent draws that give the same precision as these chains (Vehtari, Gelman, Simpson, Carpenter, Bürkner,
/// Bayesian Analysis 16, 2021, sections 3 and 4):
///
/// ```text
/// S/τ,  τ = 1 + 2 Σ ρ(t),  ρ(t) = 1 − (W − C(t))/V
/// ```
///
/// for S draws in all. Chains are cut into halves. W is the mean of their variances, C(t) of their autocovariances, V the
/// variance over all; the sum ends by Geyer's initial monotone positive sequence. Chains that disagree have V above W and so few
/// effective draws. τ is held above 1/log₁₀ S; below 1 it means that the draws alternate about their mean. A constant, for which
/// τ is not defined, has S.
///
/// Equals `ess` of ArviZ 0.23, which has one number for NaN, an error here.
///
/// # Errors
/// [`TatiError::InvalidSetting`] if there is no chain or fewer than 4 draws in each, [`TatiError::ShapeMismatch`] if their lengths
/// differ, [`TatiError::NotFinite`] if a draw is not finite or its square overflows.
///
/// # Example
/// ```
/// use tati_landscape::{EffectiveSampleSize, effective_sample_size};
///
/// let chains = [[0.3, -0.1, 0.8, -1.2, 0.4, -0.6, 1.1, -0.2], [-0.9, 0.5, 0.1, 0.7, -0.3, -1.4, 0.2, 0.6]];
/// let chains = chains.each_ref().map(|chain| chain.as_slice());
/// let size = effective_sample_size(&chains, EffectiveSampleSize::Mean)?;
/// assert!(size > 10.0 && size < 20.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn effective_sample_size(chains: &[&[f64]], of: EffectiveSampleSize) -> Result<f64> {
    let mut diagnostics = load(chains)?;
    match of {
        EffectiveSampleSize::Bulk => diagnostics.bulk(),
        EffectiveSampleSize::Tail => diagnostics.both_tails(),
        EffectiveSampleSize::Mean => diagnostics.mean(),
    }
}

/// Rank-normalised split R̂, 1 for chains that have mixed (Vehtari et al. 2021, section 4):
///
/// ```text
/// R̂ = sqrt((B + W (n − 1)/n)/W)
/// ```
///
/// for halves of chains of n draws, W the mean of their variances and B the variance of their means, of the normal scores of the
/// ranks of the draws x, and of the ranks of |x − median|; the larger of the two. The first finds chains that differ in location,
/// the second chains that differ in scale. Draws may have neither mean nor variance. Above 1.01 the chains should not be used.
///
/// NaN for a constant, infinite for chains that are different constants. Equals `rhat` of ArviZ 0.23 from two chains on; a single
/// chain is compared by its halves, where ArviZ gives none.
///
/// # Errors
/// As of [`effective_sample_size`].
///
/// # Example
/// ```
/// use tati_landscape::{r_hat, split_r_hat};
///
/// let sine = |shift: f64| (0..400).map(|i| (f64::from(i) * 0.9).sin() + shift).collect::<Vec<_>>();
/// let [here, also_here, there] = [sine(0.0), sine(0.01), sine(1.0)];
/// assert!(r_hat(&[&here, &also_here])? < 1.01);
/// assert!(r_hat(&[&here, &there])? > 1.2);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn r_hat(chains: &[&[f64]]) -> Result<f64> {
    Ok(load(chains)?.rank_normalised_r_hat())
}

/// Split R̂ of the draws themselves (Gelman et al., Bayesian Data Analysis, 3rd edition 2013, section 11.4): the formula of [`r_hat`]
/// without ranks. It misses chains that differ in scale only, and heavy tails.
///
/// # Errors
/// As of [`effective_sample_size`].
pub fn split_r_hat(chains: &[&[f64]]) -> Result<f64> {
    Ok(load(chains)?.plain_r_hat())
}

fn load(chains: &[&[f64]]) -> Result<Diagnostics> {
    let num_draws = chains.first().map_or(0, |chain| chain.len());
    let mut diagnostics = Diagnostics::new(chains.len(), num_draws)?;
    for (number, chain) in chains.iter().enumerate() {
        if chain.len() != num_draws {
            return Err(TatiError::ShapeMismatch {
                what: format!("length of chain {number}"),
                expected: format!("{num_draws}, as of chain 0"),
                found: chain.len().to_string(),
            });
        }
        require_finite(chain, |draw| format!("draw {draw} of chain {number}"))?;
    }
    diagnostics.load(chains.iter().copied());
    Ok(diagnostics)
}
