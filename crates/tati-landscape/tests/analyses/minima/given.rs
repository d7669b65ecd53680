//! A potential given by a closure, and the distance of points.

use tati_core::analytic::HostPotential;

/// |a − b|.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

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
