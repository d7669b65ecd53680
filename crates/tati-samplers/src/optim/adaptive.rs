//! SGNHT and CCAdL: kinetic dynamics whose friction finds the strength of the gradient noise by itself.

use super::burn_sampler::burn_sampler;
use super::dynamics::{Adaptive, Dynamics, ThermostatScope};

burn_sampler! {
    /// The stochastic gradient Nosé-Hoover thermostat:
    ///
    /// ```text
    /// p ← (1 − ζh) p + sqrt(2Ah/β) ξ − h g,   θ ← θ + h p,   ζ ← ζ + (h/τ²)(β p·p/N − 1)
    /// ```
    ///
    /// The friction ζ, one number for all N parameters, begins at A and rises while the momentum is too warm. So
    /// gradient noise of any strength, equal for all parameters and positions, is balanced without being known: the
    /// kinetic temperature averages to 1/β. [`Ccadl`] is for noise that differs.
    ///
    /// The step size h is Burn's learning rate (dimension time). The paper's thermostat has τ² = β; a τ in units of time makes
    /// it answer equally fast at any temperature.
    ///
    /// The record of each tensor holds the thermostat, so a loaded chain continues exactly. Clones of an optimizer share it:
    /// to branch a chain, save and load.
    ///
    /// Source: N. Ding, Y. Fang, R. Babbush, C. Chen, R. D. Skeel, H. Neven, "Bayesian sampling using stochastic gradient
    /// thermostats", NIPS 2014, algorithm 1.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::SgnhtConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = SgnhtConfig::new(1.0e4).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-2, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Sgnht,
    SgnhtConfig("sgnht") {
        /// A, the friction whose noise is added and from which ζ begins, in units of 1/time.
        #[config(default = 10.0)]
        friction: f64,
        /// τ, the time over which the thermostat answers.
        #[config(default = 1.0)]
        relaxation_time: f64,
        /// One thermostat for the whole model, or one for each parameter group.
        #[config(default = "ThermostatScope::Model")]
        thermostat: ThermostatScope,
    },
    |config| Dynamics::Adaptive(Adaptive {
        friction: config.friction,
        relaxation_time: config.relaxation_time,
        scope: config.thermostat,
        covariance_window: None,
    })
}

burn_sampler! {
    /// The covariance-controlled adaptive Langevin thermostat:
    ///
    /// ```text
    /// p ← (1 − x/2)/(1 + x/2) p + sqrt(2Ah/β) ξ − h g,   x = h ζ + (h²β/2) V,
    /// θ ← θ + h p,   ζ ← ζ + (h/τ²)(β p·p/N − 1)
    /// ```
    ///
    /// V is the variance of each gradient component, whose heating the friction (hβ/2)V balances element by element, so noise that
    /// differs between parameters and along the path is dealt with where it arises; the thermostat ζ takes care of
    /// what is left. V is estimated by half the mean square of successive differences of the gradient,
    ///
    /// ```text
    /// V ← V + w ((g − g')²/2 − V),   w = max(1/step, 1/covariance_window),
    /// ```
    ///
    /// which does not mistake the slow drift of the mean gradient for noise. Where the noise changes with θ, the window must be shorter
    /// than the time over which θ moves, or V lags behind: the
    /// temperature still averages to 1/β, but ⟨θ²⟩ comes out too large. It needs gradients whose noise is independent from step to
    /// step, as mini-batches give it, and keeps two more arrays of the model's size.
    ///
    /// The step size h is Burn's learning rate (dimension time).
    ///
    /// Source: X. Shang, Z. Zhu, B. Leimkuhler, A. J. Storkey, "Covariance-controlled adaptive Langevin thermostat for
    /// large-scale Bayesian sampling", NIPS 2015, algorithm 1, with the friction in the form of a midpoint rule, which is stable for
    /// any V; J. von Neumann, Ann. Math. Stat. 12 (1941) 367 for the variance from successive differences.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::CcadlConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = CcadlConfig::new(1.0e4).with_covariance_window(50.0).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-2, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Ccadl,
    CcadlConfig("ccadl") {
        /// A, the friction whose noise is added and from which ζ begins, in units of 1/time.
        #[config(default = 10.0)]
        friction: f64,
        /// τ, the time over which the thermostat answers.
        #[config(default = 1.0)]
        relaxation_time: f64,
        /// Steps over which the variance of the gradient noise is averaged.
        #[config(default = 100.0)]
        covariance_window: f64,
        /// One thermostat for the whole model, or one for each parameter group.
        #[config(default = "ThermostatScope::Model")]
        thermostat: ThermostatScope,
    },
    |config| Dynamics::Adaptive(Adaptive {
        friction: config.friction,
        relaxation_time: config.relaxation_time,
        scope: config.thermostat,
        covariance_window: Some(config.covariance_window),
    })
}
