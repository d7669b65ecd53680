//! The inverse temperature of a sampler under way, set from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tati_core::{Result, require_positive};

/// The inverse temperature β of the samplers of one walker, which may change from one step to the next: what replica exchange
/// moves a walker from rung to rung with.
///
/// A momentum that was at β before goes with it: at the first step at β' it becomes p·sqrt(β/β'), and with it exp(−βp·p/2)
/// becomes exp(−β'p·p/2).
///
/// Clones share the value.
///
/// # Example
/// ```
/// use tati_samplers::{BaoabConfig, HeatBath};
///
/// let bath = HeatBath::new(100.0)?;
/// let sampler = BaoabConfig::new(100.0).build()?.with_heat_bath(&bath);
/// bath.set_inverse_temperature(50.0)?;
/// assert_eq!(bath.inverse_temperature(), 50.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeatBath {
    bits: Arc<AtomicU64>,
}

impl HeatBath {
    /// A bath at an inverse temperature.
    ///
    /// # Errors
    /// If it is not a positive number.
    pub fn new(inverse_temperature: f64) -> Result<Self> {
        let bath = Self {
            bits: Arc::default(),
        };
        bath.set_inverse_temperature(inverse_temperature)?;
        Ok(bath)
    }

    /// β.
    pub fn inverse_temperature(&self) -> f64 {
        f64::from_bits(self.bits.load(Ordering::Relaxed))
    }

    /// Sets β for the steps to come.
    ///
    /// # Errors
    /// If it is not a positive number.
    pub fn set_inverse_temperature(&self, inverse_temperature: f64) -> Result<()> {
        require_positive("inverse_temperature", inverse_temperature)?;
        let bits = inverse_temperature.to_bits();
        self.bits.store(bits, Ordering::Relaxed);
        Ok(())
    }
}
