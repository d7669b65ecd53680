//! The values of a collective variable along chains, and the weights of its draws.

use tati_core::{Result, TatiError, require_count, require_positive};

use crate::finite::require_finite;

/// Fewer draws than these have no autocorrelation time.
const FEWEST_DRAWS: usize = 10;

/// The values q of a collective variable at the draws of one or several chains, in the order in which they were sampled.
///
/// Draws of exp(−βU) have no weights: they are Gibbs-distributed as they are, and weighting them with exp(−βU) once more would give the
/// free energy at 2β. Log weights are for draws of another density, see [`reweighting_log_weights`].
///
/// # Example
/// ```
/// use tati_landscape::CollectiveVariable;
///
/// // Two chains, of 20 and of 30 draws.
/// let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 7)).collect();
/// let variable = CollectiveVariable::new(&values, &[20, 30])?;
/// assert_eq!(variable.num_draws(), 50);
/// assert!(CollectiveVariable::new(&values, &[20, 20]).is_err());
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CollectiveVariable<'a> {
    values: &'a [f64],
    chain_lengths: Vec<usize>,
    log_weights: Option<&'a [f64]>,
}

impl<'a> CollectiveVariable<'a> {
    /// The values at all draws, one chain after the other, and the number of draws of each chain.
    ///
    /// # Errors
    /// [`TatiError::NotFinite`] if a value is not finite; [`TatiError::InvalidSetting`] if there are fewer than 10, or all are equal,
    /// or a chain is empty; [`TatiError::ShapeMismatch`] if the lengths of the chains do not add up to the number of values.
    pub fn new(values: &'a [f64], chain_lengths: &[usize]) -> Result<Self> {
        let num_draws: usize = chain_lengths.iter().sum();
        require_length("values of the collective variable", values, num_draws)?;
        require_count("number of draws", num_draws, FEWEST_DRAWS..)?;
        for length in chain_lengths {
            require_count("length of a chain", *length, 1..)?;
        }
        require_finite(values, |draw| {
            format!("the collective variable at draw {draw}")
        })?;
        if values.iter().all(|value| *value == values[0]) {
            return Err(TatiError::InvalidSetting {
                name: "collective variable",
                value: format!("{} throughout", values[0]),
                expected: "one that changes from draw to draw: a constant has no free energy"
                    .to_string(),
            });
        }
        Ok(Self {
            values,
            chain_lengths: chain_lengths.to_vec(),
            log_weights: None,
        })
    }

    /// Gives each draw the weight exp(log weight). A constant added to all of them changes nothing.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if there is not one a draw, [`TatiError::NotFinite`] if one is not finite.
    pub fn with_log_weights(mut self, log_weights: &'a [f64]) -> Result<Self> {
        require_length("log weights", log_weights, self.values.len())?;
        require_finite(log_weights, |draw| format!("the log weight of draw {draw}"))?;
        self.log_weights = Some(log_weights);
        Ok(self)
    }

    /// The number of draws of all chains together.
    pub fn num_draws(&self) -> usize {
        self.values.len()
    }

    pub(super) fn values(&self) -> &'a [f64] {
        self.values
    }

    pub(super) fn chain_lengths(&self) -> &[usize] {
        &self.chain_lengths
    }

    /// The weights, the largest of them 1; `None` if all draws count alike.
    pub(super) fn weights(&self) -> Option<Vec<f64>> {
        let log_weights = self.log_weights?;
        let largest = log_weights
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let weights = log_weights.iter().map(|weight| (weight - largest).exp());
        Some(weights.collect())
    }
}

/// The log weights with which draws of exp(−β₀U), whose potentials U are given, stand for draws of exp(−βU):
///
/// ```text
/// ln w = −(β − β₀) U
/// ```
///
/// Both densities must overlap: see [`BlockBootstrap::draws_by_weight`](crate::BlockBootstrap::draws_by_weight).
///
/// # Errors
/// [`TatiError::InvalidSetting`] if an inverse temperature is not a finite number above 0, [`TatiError::NotFinite`] if a potential is
/// not finite.
///
/// # Example
/// ```
/// use tati_landscape::reweighting_log_weights;
///
/// assert_eq!(reweighting_log_weights(&[3.0, 5.0], 1.0, 1.5)?, [-1.5, -2.5]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn reweighting_log_weights(
    potentials: &[f64],
    sampled_inverse_temperature: f64,
    inverse_temperature: f64,
) -> Result<Vec<f64>> {
    require_positive("sampled_inverse_temperature", sampled_inverse_temperature)?;
    require_positive("inverse_temperature", inverse_temperature)?;
    require_finite(potentials, |draw| format!("the potential of draw {draw}"))?;
    let difference = inverse_temperature - sampled_inverse_temperature;
    Ok(potentials
        .iter()
        .map(|potential| -difference * potential)
        .collect())
}

/// Checks that there is a number for each draw.
pub(super) fn require_length(what: &str, numbers: &[f64], num_draws: usize) -> Result<()> {
    if numbers.len() == num_draws {
        return Ok(());
    }
    Err(TatiError::ShapeMismatch {
        what: format!("number of {what}"),
        expected: format!("{num_draws}, one a draw of all chains"),
        found: numbers.len().to_string(),
    })
}
