//! Records of a user's own making: called for each draw of a chain.

use burn::tensor::Tensor;
use tati_core::Result;

use super::Statistics;

/// One draw of a chain, as observers see it.
#[derive(Debug)]
pub struct Draw<'a, M> {
    /// Its number, counted from 0 after burn-in and thinning.
    pub index: u64,
    /// The step of the chain that it was taken at, counted from 0 at the start of burn-in.
    pub step: u64,
    /// The module with the parameters of this draw, in inference mode.
    pub model: &'a M,
    /// θ, of shape \[N\].
    pub position: &'a Tensor<1>,
    /// What was measured at this draw.
    pub statistics: &'a Statistics,
}

/// Something that looks at every draw of a chain; a closure will do.
///
/// # Example
/// ```
/// use tati_samplers::{Draw, Observer};
///
/// /// Keeps the lowest potential seen.
/// struct Lowest(f64);
///
/// impl<M> Observer<M> for Lowest {
///     fn observe(&mut self, draw: &Draw<'_, M>) -> tati_core::Result<()> {
///         self.0 = self.0.min(draw.statistics.potential);
///         Ok(())
///     }
/// }
/// ```
pub trait Observer<M> {
    /// Looks at a draw.
    ///
    /// # Errors
    /// Whatever should end the run; what was recorded so far is kept.
    fn observe(&mut self, draw: &Draw<'_, M>) -> Result<()>;

    /// What the observer has gathered, as bytes for the checkpoint: override it together with [`restore`](Self::restore) for
    /// an observer that should survive a restart.
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Continues from the bytes of a checkpoint.
    ///
    /// # Errors
    /// If the bytes are not those of this observer.
    fn restore(&mut self, saved: &[u8]) -> Result<()> {
        let _ = saved;
        Ok(())
    }
}

impl<M, F> Observer<M> for F
where
    F: FnMut(&Draw<'_, M>) -> Result<()>,
{
    fn observe(&mut self, draw: &Draw<'_, M>) -> Result<()> {
        self(draw)
    }
}
