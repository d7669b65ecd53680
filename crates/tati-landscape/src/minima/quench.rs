//! Down from a point to the minimum of its basin.

use burn::config::Config;
use tati_core::{Potential, Result, require_count, require_positive};

use super::descent::Descent;

/// A quench: from a point down to a minimum by Burn's L-BFGS with the strong Wolfe conditions.
///
/// No parameter changes by more than `max_change` in an iteration, so that the quench ends in the basin in which it began, or in one
/// beside it; a point where the potential is not finite counts as too far. All vectors are kept in double precision, whatever the
/// potential works in. Where a change of the potential drowns in its rounding it is taken from the gradients at both ends, so that the
/// gradient can fall to its own rounding: about 1e-7 of the terms it is the sum of in f32, 1e-15 in f64.
///
/// Memory: 2·`history_size` + 60 vectors of N double precision numbers.
///
/// Sources: D. C. Liu, J. Nocedal, Math. Program. 45 (1989) 503; W. W. Hager, H. Zhang, SIAM J. Optim. 16 (2005) 170, section 4.
///
/// # Example
/// ```
/// use tati_core::analytic::Rosenbrock;
/// use tati_landscape::QuenchConfig;
///
/// let quench = QuenchConfig::new().run(&Rosenbrock::new(100.0)?, &[-1.2, 1.0])?;
/// assert!(quench.has_converged() && quench.gradient_norm <= 1e-6);
/// assert!((quench.position[0] - 1.0).abs() < 1e-6 && (quench.position[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct QuenchConfig {
    /// The length of the gradient |∇U| at which the quench has converged.
    #[config(default = 1e-6)]
    pub gradient_tolerance: f64,
    /// The most by which a parameter changes in an iteration.
    #[config(default = 0.1)]
    pub max_change: f64,
    /// Iterations after which it ends without having converged.
    #[config(default = 1000)]
    pub max_iterations: usize,
    /// Steps that L-BFGS remembers.
    #[config(default = 20)]
    pub history_size: usize,
}

/// How a quench ended.
#[derive(Config, Debug, PartialEq, Eq, Copy)]
pub enum QuenchEnd {
    /// The gradient is within the tolerance.
    Converged,
    /// No lower point was found against the gradient: its rounding or a kink of the potential stands above the tolerance.
    Stalled,
    /// The iterations were spent.
    IterationsSpent,
}

/// Where a quench ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Quench {
    /// θ, of length N.
    pub position: Vec<f64>,
    /// U there.
    pub potential: f64,
    /// |∇U| there.
    pub gradient_norm: f64,
    /// How it ended.
    pub end: QuenchEnd,
    /// Iterations made.
    pub num_iterations: usize,
    /// Gradients evaluated.
    pub num_gradients: usize,
}

impl QuenchConfig {
    /// Goes down from `start`, of length N.
    ///
    /// # Errors
    /// [`InvalidSetting`](tati_core::TatiError::InvalidSetting) for a setting outside its domain;
    /// [`ShapeMismatch`](tati_core::TatiError::ShapeMismatch) if `start` does not have length N;
    /// [`NotFinite`](tati_core::TatiError::NotFinite) if `start`, or the potential or its gradient there is not finite.
    pub fn run(&self, potential: &dyn Potential, start: &[f64]) -> Result<Quench> {
        self.require_valid()?;
        let mut descent = Descent::begin(self, potential, start)?;
        let mut num_iterations = 0;
        let end = loop {
            if descent.gradient_norm() <= self.gradient_tolerance {
                break QuenchEnd::Converged;
            }
            if num_iterations == self.max_iterations {
                break QuenchEnd::IterationsSpent;
            }
            num_iterations += 1;
            // What L-BFGS remembers misleads it where the curvature has changed.
            let moved = descent.step()? || (descent.forget() && descent.step()?);
            if !moved {
                break QuenchEnd::Stalled;
            }
        };
        Ok(Quench {
            gradient_norm: descent.gradient_norm(),
            potential: descent.potential(),
            num_gradients: descent.num_gradients(),
            position: descent.into_position(),
            end,
            num_iterations,
        })
    }

    pub(super) fn require_valid(&self) -> Result<()> {
        require_positive("gradient_tolerance", self.gradient_tolerance)?;
        require_positive("max_change", self.max_change)?;
        require_count("max_iterations", self.max_iterations, 1..)?;
        require_count("history_size", self.history_size, 1..)
    }
}

impl Quench {
    /// Whether the gradient is within the tolerance.
    pub fn has_converged(&self) -> bool {
        self.end == QuenchEnd::Converged
    }
}
