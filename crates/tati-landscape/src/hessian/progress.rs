//! How far a computation with a Hessian has come.

use std::fmt;

/// How far a computation with a [`Hessian`](super::Hessian) has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HessianProgress {
    /// Products with vectors so far, of two gradients each.
    pub num_products: usize,
    /// The products after which it ends at the latest.
    pub max_products: usize,
}

impl fmt::Display for HessianProgress {
    /// As `12 of at most 300 products`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of at most {} products",
            self.num_products, self.max_products
        )
    }
}
