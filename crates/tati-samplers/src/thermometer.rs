//! Observables of a sampler, read on request.

use std::ops::{Add, AddAssign};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::fused::real::Real;

/// Reads the state of a sampler at the steps it is asked to.
///
/// Hand a clone to a sampler's config with `with_thermometer`, call [`arm`](Self::arm) before a step and
/// [`read`](Self::read) after it. Steps between readings cost nothing more than one atomic load a tensor.
///
/// # Example
/// ```
/// use burn::{module::Module, nn::LinearConfig, optim::GradientsParams, tensor::Tensor};
/// use tati_samplers::{BaoabConfig, Thermometer};
///
/// let device = tati_core::open_device("flex")?.autodiff();
/// let mut model = LinearConfig::new(4, 2).init(&device);
/// let thermometer = Thermometer::new();
/// let mut sampler = BaoabConfig::new(100.0).build()?.with_thermometer(&thermometer).into_optimizer();
///
/// let loss = model.forward(Tensor::<2>::ones([3, 4], &device)).powi_scalar(2).mean();
/// let gradients = GradientsParams::from_grads(loss.backward(), &model);
/// thermometer.arm();
/// model = sampler.step(1e-2, model, gradients);
///
/// let observables = thermometer.read();
/// assert_eq!(observables.num_parameters, model.num_params());
/// assert!(observables.kinetic_temperature().unwrap() > 0.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Thermometer {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    armed: AtomicBool,
    sums: Mutex<Sums>,
}

impl Thermometer {
    /// A thermometer that is not armed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the sampler to measure from its next step on, until [`read`](Self::read).
    pub fn arm(&self) {
        *self.lock() = Sums::default();
        self.shared.armed.store(true, Ordering::Release);
    }

    /// What was measured since [`arm`](Self::arm), and back to not measuring. All zeros if no step was taken.
    pub fn read(&self) -> Observables {
        self.shared.armed.store(false, Ordering::Release);
        std::mem::take(&mut *self.lock()).into()
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.shared.armed.load(Ordering::Acquire)
    }

    pub(crate) fn record(&self, sums: Sums) {
        *self.lock() += sums;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sums> {
        self.shared
            .sums
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Observables of one step, summed over all parameter tensors that the sampler moved.
///
/// All of them belong to the position at which the step's gradient was evaluated; the momentum is the on-step
/// momentum of [`Integrator`](crate::Integrator)'s table. The gradient includes that of the prior.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observables {
    /// N, the number of parameters.
    pub num_parameters: usize,
    /// K = p·p/2, with mean N/(2β); `None` for overdamped samplers.
    pub kinetic_energy: Option<f64>,
    /// θ·∇U/2, with mean N/(2β) where exp(−βU) is a density.
    pub virial: f64,
    /// |∇U|.
    pub gradient_norm: f64,
    /// The norm of the noise that the step added (to θ for overdamped samplers, to p otherwise).
    pub noise_norm: f64,
    /// The part of U that the prior contributes.
    pub prior_energy: f64,
}

impl Observables {
    /// 2K/N, with mean 1/β; `None` for overdamped samplers.
    pub fn kinetic_temperature(&self) -> Option<f64> {
        self.kinetic_energy
            .map(|energy| 2.0 * energy / self.num_parameters as f64)
    }
}

impl From<Sums> for Observables {
    fn from(sums: Sums) -> Self {
        Self {
            num_parameters: sums.elements,
            kinetic_energy: sums.has_momentum.then_some(0.5 * sums.momentum_squared),
            virial: 0.5 * sums.position_dot_gradient,
            gradient_norm: sums.gradient_squared.sqrt(),
            noise_norm: sums.noise_squared.sqrt(),
            prior_energy: sums.prior_energy,
        }
    }
}

/// What the kernels add up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    pub(crate) elements: usize,
    pub(crate) has_momentum: bool,
    pub(crate) momentum_squared: f64,
    pub(crate) position_dot_gradient: f64,
    pub(crate) gradient_squared: f64,
    pub(crate) noise_squared: f64,
    pub(crate) prior_energy: f64,
}

impl Sums {
    #[inline(always)]
    pub(crate) fn add_gradient<T: Real>(&mut self, position: &[T], gradient: &[T]) {
        self.elements += position.len();
        for (position, gradient) in position.iter().zip(gradient) {
            let gradient = gradient.to_f64();
            self.position_dot_gradient += position.to_f64() * gradient;
            self.gradient_squared += gradient * gradient;
        }
    }

    #[inline(always)]
    pub(crate) fn add_momentum<T: Real>(&mut self, momentum: &[T], kick: f64, gradient: &[T]) {
        self.has_momentum = true;
        for (momentum, gradient) in momentum.iter().zip(gradient) {
            let on_step = momentum.to_f64() - kick * gradient.to_f64();
            self.momentum_squared += on_step * on_step;
        }
    }

    #[inline(always)]
    pub(crate) fn add_noise(&mut self, scale: f64, normals: &[f32]) {
        for normal in normals {
            let noise = scale * f64::from(*normal);
            self.noise_squared += noise * noise;
        }
    }

    #[inline(always)]
    pub(crate) fn add_prior<T: Real>(&mut self, strength: f64, displacement: &[T]) {
        for displacement in displacement {
            let displacement = displacement.to_f64();
            self.prior_energy += 0.5 * strength * displacement * displacement;
        }
    }
}

impl Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            elements: self.elements + other.elements,
            has_momentum: self.has_momentum || other.has_momentum,
            momentum_squared: self.momentum_squared + other.momentum_squared,
            position_dot_gradient: self.position_dot_gradient + other.position_dot_gradient,
            gradient_squared: self.gradient_squared + other.gradient_squared,
            noise_squared: self.noise_squared + other.noise_squared,
            prior_energy: self.prior_energy + other.prior_energy,
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
