//! Autocorrelation of a series, and the time over which it is correlated.

mod acor;
mod autocovariance;
mod geyer;
mod sokal;

pub(crate) use autocovariance::Autocovariance;
pub(crate) use geyer::initial_monotone_sequence;

use tati_core::{Result, TatiError};

use crate::finite::require_finite;
use crate::moments::RunningMoments;

/// Fewer numbers than these say nothing of a time.
const SHORTEST: usize = 10;

/// How the integrated autocorrelation time τ = 1 + 2 Σ ρ(t) is cut off, where the ρ(t) are noise.
///
/// All three agree within their errors on series that are long against τ, a hundred times or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutocorrelationEstimator {
    /// Goodman's program acor: sums over ten lags, of sums of pairs, of sums of their pairs, … until τ is below two of them. The
    /// quickest, O(n), and the noisiest. Too large where the signs of ρ(t) alternate over more than ten lags.
    Acor,
    /// The smallest window W ≥ 5 τ(W), τ(W) = 1 + 2 Σ ρ(t) over t ≤ W (Sokal 1997, section 3). Where the signs of ρ(t) alternate,
    /// τ(W) is no scale of their decay, and 1 + 2 Σ (−1)ᵗρ(t) is put in its place if it is larger.
    Sokal,
    /// The initial monotone positive sequence of ρ(2k) + ρ(2k + 1) (Geyer 1992, section 3.3). Right for reversible chains, also
    /// where the signs of ρ(t) alternate; no setting.
    #[default]
    Geyer,
}

/// An integrated autocorrelation time, in draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutocorrelationTime {
    /// τ = 1 + 2 Σ ρ(t): 1 for white noise. The mean of n draws has the variance σ²τ/n.
    pub time: f64,
    /// Its standard error τ sqrt(2(2W + 1)/n) for a window of W lags (Sokal 1997, equation 3.19), without the bias of cutting off.
    pub error: f64,
    /// W, the last lag that was summed.
    pub window: usize,
}

/// The autocorrelation function of a series at lags 0 to n − 1, by fast Fourier transform:
///
/// ```text
/// ρ(t) = C(t)/C(0),  C(t) = (1/n) Σᵢ (xᵢ − x̄)(xᵢ₊ₜ − x̄),  i = 0 … n − 1 − t
/// ```
///
/// With 1/n rather than 1/(n − t) the noise of large lags is damped. About the sample mean, Σ ρ(t) over t ≥ 1 is exactly −1/2: no
/// estimate of a time may sum over all lags.
///
/// # Errors
/// [`TatiError::InvalidSetting`] if the series has fewer than 2 numbers or all of them are equal, [`TatiError::NotFinite`] if one
/// is not finite or their variance overflows.
///
/// # Example
/// ```
/// use tati_landscape::autocorrelation_function;
///
/// // 1, −1, 1, −1, …
/// let series: Vec<f64> = (0..8).map(|i| f64::from(1 - 2 * (i % 2))).collect();
/// let rho = autocorrelation_function(&series)?;
/// assert_eq!(rho.len(), 8);
/// assert!((rho[1] + 7.0 / 8.0).abs() < 1e-14 && (rho[2] - 6.0 / 8.0).abs() < 1e-14);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn autocorrelation_function(series: &[f64]) -> Result<Vec<f64>> {
    require_length(series.len(), 2)?;
    let moments = check(series)?;
    require_finite_variance(&moments)?;
    let mut autocovariance = Autocovariance::new(series.len());
    Ok(normalised(
        autocovariance.average(series, &[moments.mean()]),
    ))
}

/// The integrated autocorrelation time τ = 1 + 2 Σ ρ(t) of a series, with its error.
///
/// # Errors
/// [`TatiError::InvalidSetting`] if the series has fewer than 10 numbers, or all of them are equal, or it is too short against its
/// autocorrelations for `estimator`: 50 numbers are the least for [`Acor`](AutocorrelationEstimator::Acor).
/// [`TatiError::NotFinite`] if a number is not finite or their variance overflows.
///
/// # Example
/// ```
/// use tati_landscape::{AutocorrelationEstimator, integrated_autocorrelation_time};
///
/// // xₙ₊₁ = φxₙ + noise has τ = (1 + φ)/(1 − φ), here 3.
/// let (mut x, mut state) = (0.0, 1_u64);
/// let series: Vec<f64> = (0..20_000)
///     .map(|_| {
///         state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
///         x = 0.5 * x + (state >> 40) as f64 / (1 << 24) as f64;
///         x
///     })
///     .collect();
/// let tau = integrated_autocorrelation_time(&series, AutocorrelationEstimator::Geyer)?;
/// assert!((tau.time - 3.0).abs() < 3.0 * tau.error);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn integrated_autocorrelation_time(
    series: &[f64],
    estimator: AutocorrelationEstimator,
) -> Result<AutocorrelationTime> {
    require_length(series.len(), SHORTEST)?;
    let moments = check(series)?;
    let time = estimator.apply(series, &moments, &mut Autocovariance::new(series.len()))?;
    time.ok_or_else(|| too_short(series.len(), estimator.need()))
}

impl AutocorrelationEstimator {
    /// τ of a series of finite numbers with these moments that are not all equal; `None` if it is too short for the estimator.
    pub(crate) fn apply(
        self,
        series: &[f64],
        moments: &RunningMoments,
        autocovariance: &mut Autocovariance,
    ) -> Result<Option<AutocorrelationTime>> {
        require_length(series.len(), SHORTEST)?;
        require_finite_variance(moments)?;
        let mut rho = || normalised(autocovariance.average(series, &[moments.mean()]));
        Ok(match self {
            Self::Acor => acor::doubling_scheme(series),
            Self::Sokal => sokal::automatic_window(&rho()),
            Self::Geyer => Some(geyer::integrated_time(&rho())),
        })
    }

    /// What it asks of a series.
    fn need(self) -> &'static str {
        match self {
            Self::Acor => {
                "at least 50 for a time below 2, and twice as much each time that it doubles, for acor's scheme"
            }
            Self::Sokal | Self::Geyer => {
                "longer: its autocorrelations alternate in sign to its end, which is for `Geyer`"
            }
        }
    }
}

fn normalised(covariances: &[f64]) -> Vec<f64> {
    covariances.iter().map(|c| c / covariances[0]).collect()
}

/// The moments of a series that has autocorrelations.
fn check(series: &[f64]) -> Result<RunningMoments> {
    require_finite(series, |place| format!("number {place} of the series"))?;
    let moments = RunningMoments::of(series);
    if moments.variance() == 0.0 {
        return Err(TatiError::InvalidSetting {
            name: "series",
            value: format!("{} throughout", series[0]),
            expected: "of numbers that differ: a constant has no autocorrelation".to_string(),
        });
    }
    Ok(moments)
}

fn require_finite_variance(moments: &RunningMoments) -> Result<()> {
    if moments.variance().is_finite() {
        return Ok(());
    }
    Err(TatiError::NotFinite {
        what: "the variance of the series".to_string(),
        value: moments.variance(),
        remedy: "divide the series by its largest number",
    })
}

fn require_length(length: usize, shortest: usize) -> Result<()> {
    if length >= shortest {
        return Ok(());
    }
    Err(too_short(length, &format!("at least {shortest}")))
}

fn too_short(length: usize, expected: &str) -> TatiError {
    TatiError::InvalidSetting {
        name: "length of the series",
        value: length.to_string(),
        expected: expected.to_string(),
    }
}

/// The standard error of τ, as a share of it, from `window` lags of a series of `length` numbers.
fn relative_error(window: usize, length: usize) -> f64 {
    (2.0 * (2 * window + 1) as f64 / length as f64).sqrt()
}
