//! Estimators of autocorrelation times by name.

use serde::Serialize;
use tati::landscape::AutocorrelationEstimator;

/// How an autocorrelation time is cut off.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    Geyer,
    Sokal,
    Acor,
}

impl Estimator {
    /// As the library calls it.
    pub fn config(self) -> AutocorrelationEstimator {
        match self {
            Self::Geyer => AutocorrelationEstimator::Geyer,
            Self::Sokal => AutocorrelationEstimator::Sokal,
            Self::Acor => AutocorrelationEstimator::Acor,
        }
    }
}
