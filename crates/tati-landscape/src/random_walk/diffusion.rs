//! How far draws move in a given time.

use tati_core::{Result, TatiError, require_count};

use crate::Draws;

/// Increments at the longest lag looked at: fewer make no mean.
const LEAST_INCREMENTS: usize = 20;

/// Mean square displacement of a chain over lags that double.
#[derive(Clone, Debug, PartialEq)]
pub struct Diffusion {
    /// Lags ℓ in draws: 1, 2, 4, …, up to a 20th of the chain.
    pub lags: Vec<usize>,
    /// Mean of |θ(t + ℓ) − θ(t)|², at each lag, over increments that do not overlap.
    pub displacements: Vec<f64>,
    /// The fastest diffusion at any lag, max over ℓ of displacement/ℓ: what a free random walk that moves as the chain does would
    /// gain per draw. (At short lags inertia or mini-batches may hide it, at long ones the landscape holds the chain back.)
    pub per_draw: f64,
    /// The exponent a of displacement ∝ ℓᵃ between the two longest lags: 1 for a free walk, 0 for a chain that has forgotten where it was.
    pub exponent: f64,
}

/// Mean square displacements of all parameters together, of one chain. Memory: N numbers for each lag.
///
/// # Errors
/// [`TatiError::InvalidSetting`] if there is more than one chain or there are fewer than 40 draws; [`TatiError::NotFinite`] if a draw is not finite; what
/// reading the draws reports.
pub fn diffusion(draws: &Draws<'_>) -> Result<Diffusion> {
    require_count("number of chains", draws.num_chains(), 1..=1)?;
    require_count("number of draws", draws.num_draws(), 2 * LEAST_INCREMENTS..)?;
    let size = draws.num_parameters();
    let longest = draws.num_draws() / LEAST_INCREMENTS;
    let lags: Vec<usize> = (0..)
        .map(|power| 1 << power)
        .take_while(|lag| *lag <= longest)
        .collect();
    let mut last = vec![Vec::new(); lags.len()];
    let mut sums = vec![0.0; lags.len()];
    draws.for_each_block(0, |block| {
        for (row, theta) in block.theta.chunks_exact(size).enumerate() {
            let draw = block.first_draw + row;
            for ((lag, last), sum) in lags.iter().zip(&mut last).zip(&mut sums) {
                if !draw.is_multiple_of(*lag) {
                    continue;
                }
                let moved = last
                    .iter()
                    .zip(theta)
                    .map(|(a, b): (&f64, &f64)| (b - a) * (b - a));
                *sum += moved.sum::<f64>();
                last.clear();
                last.extend_from_slice(theta);
            }
        }
        Ok(())
    })?;
    let increments = lags.iter().map(|lag| (draws.num_draws() - 1) / lag);
    let displacements: Vec<f64> = sums
        .iter()
        .zip(increments)
        .map(|(sum, n)| sum / n as f64)
        .collect();
    let rates = displacements
        .iter()
        .zip(&lags)
        .map(|(square, lag)| square / *lag as f64);
    let per_draw = rates.fold(0.0, f64::max);
    if let Some(value) = displacements
        .iter()
        .copied()
        .find(|square| !square.is_finite())
    {
        return Err(TatiError::NotFinite {
            what: "a mean square displacement".to_string(),
            value,
            remedy: "leave out the draws of a chain that diverged",
        });
    }
    let exponent = match displacements.as_slice() {
        [.., before, last] if *before > 0.0 => (last / before).log2(),
        _ => 0.0,
    };
    Ok(Diffusion {
        lags,
        displacements,
        per_draw,
        exponent,
    })
}
