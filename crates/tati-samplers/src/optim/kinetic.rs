//! The Langevin integrators of [`Integrator`]'s table as Burn optimizers.

use super::burn_sampler::burn_sampler;
use super::dynamics::Dynamics;
use crate::splitting::Integrator;

/// A config and a sampler for one row of the table.
macro_rules! langevin_sampler {
    ($(#[$doc:meta])* $Sampler:ident, $Config:ident($name:literal), $integrator:expr) => {
        burn_sampler! {
            $(#[$doc])*
            $Sampler,
            $Config($name) {
                /// γ, in units of 1/time. 1/γ is the time over which the momentum is forgotten.
                #[config(default = 10.0)]
                friction: f64,
            },
            |config| Dynamics::Kinetic {
                integrator: $integrator,
                friction: config.friction,
            }
        }
    };
}

langevin_sampler! {
    /// BAOAB, the kinetic Langevin integrator of choice:
    ///
    /// ```text
    /// B: p ← p − (h/2) ∇U(θ)      A: θ ← θ + (h/2) p      O: p ← e^(−γh) p + sqrt((1 − e^(−2γh))/β) ξ
    /// ```
    ///
    /// in the order B A O A B. The step size h is Burn's learning rate (dimension time). Averages over θ have an error of
    /// second order in h, of fourth order at high friction, and none on a harmonic well, where the momentum's temperature is
    /// low by the factor 1 − h²κ/4.
    ///
    /// Source: B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013 (2012) 34, equation 10.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::BaoabConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = BaoabConfig::new(1.0e4).with_friction(10.0).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-2, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Baoab, BaoabConfig("baoab"), Integrator::Baoab
}

langevin_sampler! {
    /// GLA1, the first-order geometric Langevin algorithm: the splitting B A O with steps of h each (see [`Baoab`] for
    /// the letters).
    ///
    /// Averages over θ have an error of first order in h. It is here as the reference that the better splittings are
    /// measured against.
    ///
    /// Source: N. Bou-Rabee, H. Owhadi, SIAM J. Numer. Anal. 48 (2010) 278.
    Gla1, Gla1Config("gla1"), Integrator::Gla1
}

langevin_sampler! {
    /// GLA2, the second-order geometric Langevin algorithm: the splitting O B A B O (see [`Baoab`] for the letters).
    ///
    /// Averages over θ have an error of second order in h; on a harmonic well the momentum's temperature is exact and
    /// ⟨θ²⟩ is high by the factor 1/(1 − h²κ/4).
    ///
    /// Source: N. Bou-Rabee, H. Owhadi, SIAM J. Numer. Anal. 48 (2010) 278.
    Gla2, Gla2Config("gla2"), Integrator::Gla2
}
