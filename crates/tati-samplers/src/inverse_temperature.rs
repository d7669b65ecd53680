//! The inverse temperature β of a Gibbs density exp(−βU), from the Bayesian posterior it stands for.

/// Inverse temperatures of well-known densities over parameters, where the loss U is a *mean* over n data items.
///
/// β = 1/(k_B T) multiplies the loss as Burn's loss functions return it. They return means; a log-likelihood is a sum.
/// Hence the factor n.
///
/// # Example
/// ```
/// use tati_samplers::{BaoabConfig, InverseTemperature};
///
/// let config = BaoabConfig::new(InverseTemperature::tempered(60_000, 10.0));
/// assert_eq!(config.inverse_temperature, 6_000.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct InverseTemperature;

impl InverseTemperature {
    /// The temperature zero, at which every overdamped sampler is gradient descent.
    pub const INFINITE: f64 = f64::INFINITY;

    /// β = n: exp(−βU) is the Bayesian posterior if U is the mean negative log-likelihood over n items plus a prior's
    /// −ln(density)/n.
    pub fn posterior(num_data: usize) -> f64 {
        num_data as f64
    }

    /// β = n/T: the posterior tempered by the temperature T; colder than the posterior for T < 1.
    pub fn tempered(num_data: usize, temperature: f64) -> f64 {
        num_data as f64 / temperature
    }
}
