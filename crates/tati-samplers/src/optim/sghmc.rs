//! SGHMC: kinetic Langevin dynamics that allows for gradient noise of known strength.

use super::burn_sampler::burn_sampler;
use super::dynamics::Dynamics;

burn_sampler! {
    /// Stochastic gradient Hamiltonian Monte Carlo:
    ///
    /// ```text
    /// p ← (1 − γh) p + sqrt(2(γ − B̂)h/β) ξ − h g,   θ ← θ + h p,   g = ∇U(θ) with noise of variance s²
    /// ```
    ///
    /// Gradient noise is a force that heats as much as the noise of a friction B = hβs²/2 would; with the estimate B̂ = B the noise
    /// that the sampler adds is smaller by as much, and the temperature is 1/β. With B̂ = 0 it is a plain
    /// Langevin integrator of first order. [`stationary_moments`](crate::stationary_moments) tells what remains.
    ///
    /// The step size h is Burn's learning rate (dimension time).
    ///
    /// Source: T. Chen, E. B. Fox, C. Guestrin, "Stochastic gradient Hamiltonian Monte Carlo", ICML 2014, equation 13.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::SghmcConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = SghmcConfig::new(1.0e4).with_friction(5.0).with_noise_estimate(1.0).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-2, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Sghmc,
    SghmcConfig("sghmc") {
        /// γ, in units of 1/time.
        #[config(default = 10.0)]
        friction: f64,
        /// B̂ in units of 1/time: hβ/2 times the variance of a gradient component. At most γ.
        #[config(default = 0.0)]
        noise_estimate: f64,
    },
    |config| Dynamics::GradientNoise {
        friction: config.friction,
        noise_estimate: config.noise_estimate,
    }
}
