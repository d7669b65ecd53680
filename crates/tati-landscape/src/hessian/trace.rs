//! The trace of a Hessian, and its error.

use burn::config::Config;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tati_core::{Result, require_count};

use super::{Hessian, vectors};

/// The trace of a [`Hessian`] by Hutchinson's estimator over probes z of random signs:
///
/// ```text
/// tr H ≈ (1/m) Σ zᵀHz,   zᵢ = ±1,   variance 2 Σ_(i≠j) H²ᵢⱼ / m
/// ```
///
/// Source: M. F. Hutchinson, Commun. Stat. Simul. Comput. 19 (1990) 433.
#[derive(Config, Debug, PartialEq)]
pub struct HessianTraceConfig {
    /// m, the number of probes; at least 2, which the error needs.
    pub num_probes: usize,
    /// Seed of the probes.
    #[config(default = 0)]
    pub seed: u64,
}

/// The trace of a Hessian and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct HessianTrace {
    /// The trace.
    pub trace: f64,
    /// Its standard error over the probes.
    pub standard_error: f64,
    /// Its error by the finite differences: the change of the first probe from step ε to 2ε. Rounding, which differs between probes, is
    /// in the standard error too.
    pub difference_error: f64,
    /// ε, the step of the differences.
    pub difference_step: f64,
    /// zᵀHz of each probe.
    pub probes: Vec<f64>,
    /// Gradients evaluated.
    pub num_gradients: usize,
    /// The seed of the probes.
    pub seed: u64,
}

impl HessianTraceConfig {
    /// Estimates the trace.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) if there are fewer than 2 probes;
    /// [`NotFinite`](tati_core::TatiError::NotFinite) if a gradient is not finite.
    pub fn run(&self, hessian: &mut Hessian) -> Result<HessianTrace> {
        require_count("num_probes", self.num_probes, 2..)?;
        hessian.plan(self.num_probes + 1);
        let first_gradient = hessian.num_gradients;
        let length = hessian.num_parameters();
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut difference_error = 0.0;
        let mut probes = Vec::with_capacity(self.num_probes);
        for number in 0..self.num_probes {
            let probe = vectors::rademacher(length, &mut random);
            let value = square(hessian, &probe, hessian.difference_step)?;
            if number == 0 {
                let coarse = square(hessian, &probe, 2.0 * hessian.difference_step)?;
                difference_error = (coarse - value).abs();
            }
            probes.push(value);
        }
        let (trace, standard_error) = mean_and_error(&probes);
        Ok(HessianTrace {
            trace,
            standard_error,
            difference_error,
            difference_step: hessian.difference_step,
            probes,
            num_gradients: hessian.num_gradients - first_gradient,
            seed: self.seed,
        })
    }
}

/// zᵀHz of the probe z = √N·`unit`.
fn square(hessian: &mut Hessian, unit: &[f64], step: f64) -> Result<f64> {
    let product = hessian.product_at(unit, step)?;
    Ok(unit.len() as f64 * vectors::dot(unit, &product))
}

/// Mean and standard error of independent values, of which there are at least 2.
pub(super) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
