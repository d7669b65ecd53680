//! SGLD: overdamped Langevin dynamics by Euler-Maruyama.

use super::burn_sampler::burn_sampler;
use super::dynamics::Dynamics;

burn_sampler! {
    /// Stochastic gradient Langevin dynamics:
    ///
    /// ```text
    /// θ ← θ − h ∇U(θ) + sqrt(2h/β) ξ,   ξ ~ N(0, 1)
    /// ```
    ///
    /// The step size h is Burn's learning rate (dimension time²). At β = ∞ each step is that of Burn's SGD to the last bit. At
    /// finite h the stationary density is that of a perturbed potential, with an error of first order in h; mini-batches add
    /// their gradient noise to the temperature.
    ///
    /// Source: M. Welling, Y. W. Teh, "Bayesian learning via stochastic gradient Langevin dynamics", ICML 2011, equation 4.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::SgldConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = SgldConfig::new(1.0e3).with_seed(Some(7)).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-2, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Sgld,
    SgldConfig("sgld") {},
    |_config| Dynamics::Overdamped
}
