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

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::{Initializer, LinearConfig};
    use burn::optim::{GradientsParams, ModuleOptimizer};
    use burn::tensor::Tensor;
    use tati_core::open_device;

    use super::*;
    use crate::{BaoabConfig, Gla1Config, NoiseSource, SamplerConfig, SghmcConfig, Thermometer};

    /// K at the second step, which is at β'.
    fn kinetic_energy(config: &impl SamplerConfig, inverse_temperatures: [f64; 2]) -> f64 {
        let device = open_device("flex").unwrap().autodiff();
        let ones = Initializer::Ones;
        let mut model = LinearConfig::new(4, 2).with_initializer(ones).init(&device);
        let (thermometer, noise) = (Thermometer::new(), NoiseSource::new(7, 0));
        let bath = HeatBath::new(inverse_temperatures[0]).unwrap();
        let mut sampler: ModuleOptimizer = config.start_in(&noise, &thermometer, &bath).unwrap();
        for beta in inverse_temperatures {
            bath.set_inverse_temperature(beta).unwrap();
            let inputs = Tensor::<2>::ones([3, 4], &device);
            let loss = model.forward(inputs).powi_scalar(2).mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            thermometer.arm();
            model = sampler.step(0.2, model, gradients);
        }
        assert_eq!(model.num_params(), 10);
        thermometer.read().kinetic_energy.unwrap()
    }

    /// The on-step momentum, from which half a kick was taken that is still owed.
    #[test]
    fn the_kinetic_energy_goes_with_the_temperature() {
        fn check(config: &impl SamplerConfig) {
            let before = kinetic_energy(config, [3.0, 3.0]);
            let after = kinetic_energy(config, [3.0, 1.25]);
            assert!(
                (after * 1.25 / (before * 3.0) - 1.0).abs() < 1e-5,
                "{after} {before}"
            );
        }
        // Their own β counts for nothing.
        check(&BaoabConfig::new(50.0));
        check(&Gla1Config::new(50.0));
        check(&SghmcConfig::new(50.0));
    }

    #[test]
    fn temperatures_are_positive() {
        for beta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(HeatBath::new(beta).is_err());
        }
    }
}
