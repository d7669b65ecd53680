//! The local learning coefficient from the losses of tethered chains.

use tati_core::{Result, TatiError, require_count, require_positive};

/// The estimate of the local learning coefficient λ(θ*) from the losses L along chains near θ*:
///
/// ```text
/// λ̂ = nβ* (⟨L⟩ − L(θ*)),   β* = 1/ln n
/// ```
///
/// The chains draw from exp(−β L(θ) − (γ/2)|θ − θ*|²), L being the *mean* loss over n data items and β = nβ* = n/ln n
/// ([`learning_coefficient_inverse_temperature`]). L(θ*) is the loss over *all* data: that of a mini-batch, off by δ, shifts λ̂ by βδ. The
/// tether is no part of L.
///
/// For a regular model of N parameters λ = N/2; the smaller it is, the more degenerate the minimum. At finite n, λ̂ exceeds or
/// falls short of λ by terms of order 1/ln n, for a minimum of multiplicity m by −(m − 1)/ln(nβ*); a tether of strength γ lowers it where
/// γ is not small beside the curvatures of βL.
///
/// Source: E. Lau, Z. Furman, G. Wang, D. Murfet, S. Wei, "The local learning coefficient: a singularity-aware complexity measure",
/// arXiv:2308.12108 (2023), equation 12.
///
/// # Example
/// ```
/// use tati_landscape::LearningCoefficient;
///
/// // Two chains of three draws, the first of which is burn-in.
/// let losses = [vec![0.9, 0.51, 0.53], vec![0.5, 0.52, 0.52]];
/// let coefficient = LearningCoefficient::from_losses(&losses, 1, 0.5, 100.0)?;
/// assert!((coefficient.estimate - 2.0).abs() < 1e-9);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LearningCoefficient {
    /// λ̂, the mean over chains.
    pub estimate: f64,
    /// Its standard error by the spread of the chains: it has as many degrees of freedom as there are chains less one.
    pub standard_error: f64,
    /// λ̂ of each chain.
    pub of_chains: Vec<f64>,
    /// ⟨L⟩, the mean loss of all draws.
    pub mean_loss: f64,
    /// L(θ*).
    pub baseline: f64,
    /// β.
    pub inverse_temperature: f64,
    /// Draws of each chain after burn-in.
    pub num_draws: usize,
}

impl LearningCoefficient {
    /// The estimate from the losses of each chain, without the first `burn_in` of each.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for fewer than 2 chains, no draws after burn-in, or β not a finite number above 0;
    /// [`TatiError::ShapeMismatch`] for chains of different length; [`TatiError::NotFinite`] for a loss that is no number.
    pub fn from_losses(
        losses: &[Vec<f64>],
        burn_in: usize,
        baseline: f64,
        inverse_temperature: f64,
    ) -> Result<Self> {
        require_count("number of chains", losses.len(), 2..)?;
        require_positive("inverse_temperature", inverse_temperature)?;
        require_finite(baseline, || "the loss L(θ*) over all data".to_string())?;
        let length = losses[0].len();
        require_count("burn_in", burn_in, 0..length)?;
        let num_draws = length - burn_in;
        let mut means = Vec::with_capacity(losses.len());
        for (chain, losses) in losses.iter().enumerate() {
            if losses.len() != length {
                return Err(TatiError::ShapeMismatch {
                    what: format!("number of losses of chain {chain}"),
                    expected: format!("{length} as of chain 0"),
                    found: losses.len().to_string(),
                });
            }
            for (draw, &loss) in losses.iter().enumerate() {
                require_finite(loss, || format!("the loss of draw {draw} of chain {chain}"))?;
            }
            // Differences are summed: L itself may be large beside them.
            let excess = losses[burn_in..].iter().map(|loss| loss - baseline);
            means.push(excess.sum::<f64>() / num_draws as f64);
        }
        let num_chains = means.len() as f64;
        let excess = means.iter().sum::<f64>() / num_chains;
        let of_chains: Vec<f64> = means
            .iter()
            .map(|mean| inverse_temperature * mean)
            .collect();
        let estimate = inverse_temperature * excess;
        let squares: f64 = of_chains.iter().map(|own| (own - estimate).powi(2)).sum();
        Ok(Self {
            estimate,
            standard_error: (squares / (num_chains - 1.0) / num_chains).sqrt(),
            of_chains,
            mean_loss: baseline + excess,
            baseline,
            inverse_temperature,
            num_draws,
        })
    }
}

/// β = n/ln n, the inverse temperature of a *mean* loss over n data items at which the learning coefficient is estimated.
///
/// Source: S. Watanabe, J. Mach. Learn. Res. 14 (2013) 867.
///
/// # Errors
/// [`TatiError::InvalidSetting`] for fewer than 2 items.
pub fn learning_coefficient_inverse_temperature(num_data: usize) -> Result<f64> {
    require_count("number of data items", num_data, 2..)?;
    let num_data = num_data as f64;
    Ok(num_data / num_data.ln())
}

fn require_finite(value: f64, what: impl FnOnce() -> String) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(TatiError::NotFinite {
        what: what(),
        value,
        remedy: "the chain has diverged; use a smaller step size or a stronger tether",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimate_and_error_written_out() {
        let losses = [
            vec![9.0, 1.1, 1.3],
            vec![9.0, 1.4, 1.6],
            vec![9.0, 1.2, 1.0],
        ];
        let found = LearningCoefficient::from_losses(&losses, 1, 1.0, 10.0).unwrap();
        for (own, expected) in found.of_chains.iter().zip([2.0, 5.0, 1.0]) {
            assert!((own - expected).abs() < 1e-12);
        }
        assert!((found.estimate - 8.0 / 3.0).abs() < 1e-12);
        // Σ(x − mean)² = 26/3, over 2 degrees of freedom and 3 chains.
        assert!((found.standard_error - (13.0_f64 / 9.0).sqrt()).abs() < 1e-12);
        assert!((found.mean_loss - (1.0 + 0.8 / 3.0)).abs() < 1e-12);
        assert_eq!((found.num_draws, found.baseline), (2, 1.0));
    }

    #[test]
    fn small_excesses_of_large_losses_are_kept() {
        let losses = [vec![1e6 + 0.25; 1000], vec![1e6 + 0.75; 1000]];
        let found = LearningCoefficient::from_losses(&losses, 0, 1e6, 1.0).unwrap();
        assert_eq!(found.of_chains, [0.25, 0.75]);
    }

    #[test]
    fn the_inverse_temperature_is_that_of_the_mean_loss() {
        let beta = learning_coefficient_inverse_temperature(1000).unwrap();
        assert!((beta - 1000.0 / 6.907_755_278_982_137).abs() < 1e-9);
        let message = learning_coefficient_inverse_temperature(1).unwrap_err();
        assert!(message.to_string().contains("number of data items"));
    }

    #[test]
    fn bad_losses_are_refused() {
        let refused = |losses: &[Vec<f64>], burn_in, baseline| {
            LearningCoefficient::from_losses(losses, burn_in, baseline, 1.0)
                .unwrap_err()
                .to_string()
        };
        let two = [vec![1.0, 2.0], vec![1.0, 2.0]];
        assert!(refused(&two[..1], 0, 0.0).contains("number of chains"));
        assert!(refused(&two, 2, 0.0).contains("burn_in"));
        assert!(refused(&two, 0, f64::NAN).contains("L(θ*)"));
        assert!(refused(&[vec![1.0], vec![]], 0, 0.0).contains("chain 1"));
        let message = refused(&[vec![1.0, 2.0], vec![1.0, f64::INFINITY]], 0, 0.0);
        assert!(
            message.starts_with("the loss of draw 1 of chain 1 is inf"),
            "{message}"
        );
        assert!(refused(&[vec![], vec![]], 0, 0.0).contains("burn_in"));
    }
}
