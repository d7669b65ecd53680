//! pSGLD: overdamped Langevin dynamics under the diagonal preconditioner of RMSprop.

use super::burn_sampler::burn_sampler;
use super::dynamics::Dynamics;

burn_sampler! {
    /// Preconditioned stochastic gradient Langevin dynamics, which takes large steps where gradients are small:
    ///
    /// ```text
    /// V ← α V + (1 − α) g²,   G = 1/(λ + sqrt(V)),   θ ← θ − h G g + sqrt(2hG/β) ξ,   g = ∇U(θ)
    /// ```
    ///
    /// element by element; V begins as the first g². With G in the noise as in the drift, a constant G leaves exp(−βU) as
    /// it is, up to the error of the step size. A G that goes on changing with θ would need the drift ∂G/∂θ/β, which is left out as
    /// in the paper: an error that vanishes as α → 1. Set `adaptation_steps` to freeze V after burn-in and be
    /// rid of it.
    ///
    /// The step size h is Burn's learning rate, of dimension time² once multiplied by G: with gradients of size |g|
    /// pSGLD's h does what h/|g| does for [`Sgld`](crate::Sgld).
    ///
    /// Source: C. Li, C. Chen, D. Carlson, L. Carin, "Preconditioned stochastic gradient Langevin dynamics for deep neural
    /// networks", AAAI 2016, algorithm 1.
    ///
    /// # Example
    /// ```
    /// use burn::{nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
    /// use tati_samplers::PsgldConfig;
    ///
    /// let device = tati_core::open_device("flex")?.autodiff();
    /// let mut model = LinearConfig::new(4, 2).init(&device);
    /// let mut sampler = PsgldConfig::new(1.0e3).with_adaptation_steps(Some(5)).init();
    /// for _ in 0..10 {
    ///     let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
    ///     let gradients = GradientsParams::from_grads(loss.backward(), &model);
    ///     model = sampler.step(1e-3, model, gradients);
    /// }
    /// # Ok::<(), tati_core::TatiError>(())
    /// ```
    Psgld,
    PsgldConfig("psgld") {
        /// α, the weight of the past in V.
        #[config(default = 0.99)]
        averaging: f64,
        /// λ, which bounds the preconditioner by 1/λ. Where gradients can vanish, as of inputs that are always 0 or at a start in a
        /// minimum, the step is h/λ: choose it about as large as a gradient then.
        #[config(default = 1e-5)]
        regularization: f64,
        /// Steps after which V stays as it is; never if `None`.
        #[config(default = "None")]
        adaptation_steps: Option<u64>,
    },
    |config| Dynamics::Preconditioned {
        averaging: config.averaging,
        regularization: config.regularization,
        adaptation_steps: config.adaptation_steps,
    }
}
