//! Transition kernels on the flat parameter vector: what MALA, HMC, NUTS and the microcanonical sampler have in common.
//!
//! They need the exact potential (full batch), because they compare energies of different positions.

use burn::tensor::Tensor;
use tati_core::{Potential, Result, TatiError};

use crate::{NoiseSource, Prior, QuasiNewton};

/// A Markov chain on the flat vector θ of length N whose transitions leave exp(−βU) invariant, exactly or up to an error
/// of the step size.
///
/// A kernel holds its position in double precision and its own state; the potential is handed in at each transition, and
/// must be the same function each time.
pub trait Kernel: Send {
    /// Takes one transition and reports on the state after it.
    ///
    /// # Errors
    /// If the potential fails, or is not finite where the kernel cannot go on. A proposal of non-finite energy is rejected,
    /// not an error.
    fn transition(&mut self, potential: &dyn Potential) -> Result<Transition>;

    /// θ, of length N.
    fn position(&self) -> &[f64];

    /// How many of the first transitions tune the kernel. Their draws are not from exp(−βU): burn-in must cover them.
    fn tuning_steps(&self) -> u64 {
        0
    }

    /// Takes `metric` for the transitions to come, which thereby leave exp(−βU) invariant as before. It is no part of what
    /// [`save`](Self::save) saves.
    ///
    /// # Errors
    /// For a kernel that has no use for one.
    fn precondition(&mut self, metric: QuasiNewton) -> Result<()> {
        let _ = metric;
        Err(unsupported("quasi_newton"))
    }

    /// Goes on from `position`.
    ///
    /// # Errors
    /// For a kernel that cannot be moved.
    fn move_to(&mut self, position: &[f64]) -> Result<()> {
        let _ = position;
        Err(unsupported("collapse"))
    }

    /// Takes the transitions to come at β = `inverse_temperature` in place of the config's. It is no part of what
    /// [`save`](Self::save) saves.
    ///
    /// # Errors
    /// For a kernel that has one β, and for a number that is not positive.
    fn set_inverse_temperature(&mut self, inverse_temperature: f64) -> Result<()> {
        let _ = inverse_temperature;
        Err(unsupported("inverse_temperature"))
    }

    /// Everything that the transitions to come depend on besides the settings, as bytes.
    fn save(&self) -> Vec<u8>;

    /// Continues from saved bytes: the next transition is the one that would have come next, bit for bit.
    ///
    /// # Errors
    /// If the bytes are not those of a kernel of this kind and size.
    fn restore(&mut self, saved: &[u8]) -> Result<()>;
}

fn unsupported(name: &'static str) -> TatiError {
    TatiError::InvalidSetting {
        name,
        value: "set".to_string(),
        expected: "left out for this kernel: `hmc` takes it".to_string(),
    }
}

/// What one transition reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// U at the position after the transition, the prior included, as in all that follows.
    pub potential: f64,
    /// θ·∇U/2 at the position after the transition, with mean N/(2β) where exp(−βU) is a density.
    pub virial: f64,
    /// |∇U| at the position after the transition.
    pub gradient_norm: f64,
    /// p·p/2 of the momenta that the transition began with (pᵀM⁻¹p/2 where there is a mass matrix M); `None` where there are
    /// none.
    pub kinetic_energy: Option<f64>,
    /// The probability with which the proposal was accepted, averaged over the trajectory for NUTS; `None` for kernels that
    /// accept everything.
    pub acceptance: Option<f64>,
    /// The step size of this transition.
    pub step_size: f64,
    /// Gradients evaluated.
    pub num_gradients: usize,
    /// Whether the trajectory diverged: its energy error exceeded 1000/β or was not finite.
    pub diverged: bool,
}

/// The configuration of a kernel: what a [`Chain`](crate::Chain) needs to know of it.
pub trait KernelConfig: burn::config::Config {
    /// The kernel's name, as `hmc`.
    const NAME: &'static str;

    /// The kernel at `position`, of shape \[N\], with the seed and walker of `noise` instead of the config's. Potentials are
    /// evaluated on the device and in the precision of `position`.
    ///
    /// # Errors
    /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
    fn start(&self, position: &Tensor<1>, noise: &NoiseSource) -> Result<Box<dyn Kernel>>;

    /// The seed and walker of the config; `None` for a seed from entropy.
    fn seed_and_walker(&self) -> (Option<u64>, u32);

    /// The prior of the config.
    fn prior(&self) -> Option<&Prior>;
}

/// Makes `$Config`, which has `init`, `seed` and `walker`, the configuration of the kernel `$name`.
macro_rules! kernel_config {
    ($Config:ident, $name:literal) => {
        impl $crate::kernel::KernelConfig for $Config {
            const NAME: &'static str = $name;

            fn start(
                &self,
                position: &burn::tensor::Tensor<1>,
                noise: &$crate::NoiseSource,
            ) -> tati_core::Result<Box<dyn $crate::Kernel>> {
                Ok(Box::new(self.init(position, noise)?))
            }

            fn seed_and_walker(&self) -> (Option<u64>, u32) {
                (self.seed, self.walker)
            }

            fn prior(&self) -> Option<&$crate::Prior> {
                self.prior.as_ref()
            }
        }
    };
}

pub(crate) use kernel_config;
