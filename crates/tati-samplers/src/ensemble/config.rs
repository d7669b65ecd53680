//! How many walkers, where they begin, and what they learn from each other.

use std::ops::Range;

use burn::config::Config;
use tati_core::{ParameterLayout, Result, TatiError, require_count, require_non_negative};

use super::quasi_newton;
use crate::ChainConfig;

/// Configuration of an [`Ensemble`](crate::Ensemble).
///
/// # Example
/// ```
/// use tati_samplers::{ChainConfig, EnsembleConfig, QuasiNewtonConfig};
///
/// let config = EnsembleConfig::new(8, ChainConfig::new(50_000).with_thinning(10))
///     .with_jitter(0.01)
///     .with_quasi_newton(Some(QuasiNewtonConfig::new(10.0)));
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct EnsembleConfig {
    /// W, the number of walkers.
    pub num_walkers: usize,
    /// How long each of them runs, and what is kept.
    pub chain: ChainConfig,
    /// The standard deviation of the normal numbers that are added to the parameters of each walker's start; 0 for none. They are noise
    /// of the run: the same for the same seed and walker.
    #[config(default = 0.0)]
    pub jitter: f64,
    /// Preconditioning by the covariance of the other walkers; none if `None`.
    pub quasi_newton: Option<QuasiNewtonConfig>,
    /// Whether all walkers see the same mini-batch in a step, as those of TATi do, in place of orders of their own. With gradients in
    /// [closed form](tati_core::ModelPotential::with_closed_form_gradients) they then share matrix products, four walkers at a time. But
    /// their gradients have the same noise: they are no independent walkers, and an average over them is less exact than it looks.
    #[config(default = false)]
    pub shared_batches: bool,
    /// Whether the run ends with an error as soon as one walker diverges; else that walker is stopped and the others go on.
    #[config(default = false)]
    pub stop_at_divergence: bool,
}

/// Ensemble quasi-Newton (EQN): walker i moves in the coordinates B⁻¹θ with
///
/// ```text
/// B = (I + η cov(the other walkers))^(1/2),   SGLD:               θ ← θ − h B Bᵀ ∇U + sqrt(2h/β) B ξ
///                                             BAOAB, GLA1, GLA2:  q̇ = B p,  ṗ = −Bᵀ ∇U − γp + sqrt(2γ/β) ξ
///                                             HMC:                q̇ = B p,  ṗ = −Bᵀ ∇U
/// ```
///
/// [`QuasiNewton`](crate::QuasiNewton) has B. It does not depend on the walker's own position, so that exp(−βU) stays invariant without a
/// divergence term, and is fixed from one refresh to the next. Directions in which the walkers differ by more than 1/sqrt(η) are
/// sped up.
///
/// BAOAB and GLA2 owe half a kick at the end of a step, for which the gradient is known only in the next: at a refresh it is by the B
/// of its own step. (The kinetic energy that is measured there is of a momentum with half the difference of the two in that kick.)
///
/// All walkers are refreshed at once, from where they are then. Each is preconditioned by all others, and they by it: between two
/// refreshes one moves by where the other was and the other by where the one was, after which they are not independent, and the next B
/// is not independent of the walker that it is for. Walkers that have time to forget each other between refreshes show nothing of it (a
/// test compares all samplers), those that have not draw from another density: 8 walkers in 1568 dimensions with a weak Gaussian prior, refreshed
/// every ten steps, have a third of the mean potential that is right.
///
/// `ordered` has none of this, whatever `refresh_every` is. A walker then learns only from those before it in an order that is drawn
/// at each refresh, so that no two learn from each other: given where those before it were, it draws from exp(−βU) whatever they do
/// meanwhile, and the walkers stay independent. (An error of second order in h is left: the momentum of a discretised sampler has its
/// stationary law under a new B only some 1/γ after the refresh.) What it pays is rank: with the W' walkers before it
///
/// ```text
/// B² = I + η/(W − 1) Σ (θⱼ − m)(θⱼ − m)ᵀ,   j and the mean m over the W' before it
/// ```
///
/// has rank W' − 1, (W − 2)(W − 1)/(2W) on average, where that by all others has W − 2.
#[derive(Config, Debug, PartialEq)]
pub struct QuasiNewtonConfig {
    /// η, of dimension 1/θ².
    pub covariance_blending: f64,
    /// Steps from one look at the walkers to the next; B = I until the first.
    #[config(default = 1000)]
    pub refresh_every: u64,
    /// Whether each walker learns only from those before it in an order that is drawn at each refresh, in place of all others: right
    /// however often they are refreshed.
    #[config(default = false)]
    pub ordered: bool,
    /// Whether all walkers go, after each refresh, to the position of the one with the lowest potential. That finds minima; the draws are
    /// none of exp(−βU) then.
    #[config(default = false)]
    pub collapse: bool,
    /// Groups of parameters, by name as for [`freeze_parameters`](tati_core::freeze_parameters), each with a B of its own; what is in
    /// no group is left as it is. One group of all parameters if `None`.
    pub groups: Option<Vec<Vec<String>>>,
}

impl EnsembleConfig {
    pub(super) fn validate(&self) -> Result<()> {
        require_count("num_walkers", self.num_walkers, 1..=1 << 16)?;
        require_non_negative("jitter", self.jitter)?;
        self.chain.validate()?;
        self.quasi_newton
            .as_ref()
            .map_or(Ok(()), QuasiNewtonConfig::validate)
    }
}

impl QuasiNewtonConfig {
    fn validate(&self) -> Result<()> {
        require_non_negative("covariance_blending", self.covariance_blending)?;
        if self.refresh_every > 0 {
            return Ok(());
        }
        Err(TatiError::InvalidSetting {
            name: "refresh_every",
            value: "0".to_string(),
            expected: "at least 1".to_string(),
        })
    }

    /// The ranges of θ that make each group.
    pub(super) fn ranges(&self, layout: &ParameterLayout) -> Result<Vec<Vec<Range<usize>>>> {
        let Some(groups) = &self.groups else {
            return Ok(quasi_newton::all(layout.num_parameters()));
        };
        let mut taken = vec![false; layout.tensors().len()];
        let mut ranges = Vec::new();
        for group in groups {
            let mut of_group = Vec::new();
            for name in group {
                let mut known = false;
                for (index, tensor) in layout.tensors().iter().enumerate() {
                    let Some(offset) = tensor.offset.filter(|_| tensor.is_at_or_below(name)) else {
                        continue;
                    };
                    known = true;
                    if std::mem::replace(&mut taken[index], true) {
                        return Err(invalid_group(name, "in one group only".to_string()));
                    }
                    of_group.push(offset..offset + tensor.len());
                }
                if !known {
                    let trainable = layout.tensors().iter().filter(|tensor| !tensor.is_frozen());
                    let names: Vec<&str> = trainable.map(|tensor| tensor.name.as_str()).collect();
                    let expected = format!("one of the model's, {}", names.join(", "));
                    return Err(invalid_group(name, expected));
                }
            }
            ranges.push(of_group);
        }
        Ok(ranges)
    }
}

fn invalid_group(name: &str, expected: String) -> TatiError {
    TatiError::InvalidSetting {
        name: "parameter of `groups`",
        value: format!("`{name}`"),
        expected,
    }
}
