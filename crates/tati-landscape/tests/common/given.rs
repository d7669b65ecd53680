//! A potential given by a closure.

use tati_core::analytic::HostPotential;

/// A potential in so many dimensions that returns its value and writes its gradient.
pub struct Given<F>(pub usize, pub F);

impl<F: Fn(&[f64], &mut [f64]) -> f64> HostPotential for Given<F> {
    fn dimension(&self) -> usize {
        self.0
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        (self.1)(position, gradient)
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        f64::NAN
    }
}
