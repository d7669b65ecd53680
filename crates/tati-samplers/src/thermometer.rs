//! Observables of a sampler, read on request.

mod steps;

use std::ops::{Add, AddAssign};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fused::philox::GROUP;
use crate::fused::real::Real;
use steps::Steps;

/// Measure from [`Thermometer::arm`] to [`Thermometer::read`].
const ARMED: u8 = 1;
/// Measure every step.
const KEPT_ARMED: u8 = 2;

/// Reads the state of a sampler at the steps it is asked to.
///
/// Hand a clone to a sampler's config with `with_thermometer`, call [`arm`](Self::arm) before a step and
/// [`read`](Self::read) after it. Steps between readings cost nothing more than one atomic load a tensor.
///
/// Where no place is between one step and the next, as in Burn's `SupervisedTraining`, let it measure every step with
/// [`keep_armed`](Self::keep_armed) and look at the [`last_step`](Self::last_step), from any thread. The metrics of
/// feature `train` do.
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
    /// What is asked for: [`ARMED`], [`KEPT_ARMED`], both or neither.
    asked: AtomicU8,
    measured: Mutex<Measured>,
}

#[derive(Debug, Default)]
struct Measured {
    since_armed: Sums,
    steps: Steps,
}

impl Thermometer {
    /// A thermometer that is not armed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the sampler to measure from its next step on, until [`read`](Self::read).
    pub fn arm(&self) {
        self.lock().since_armed = Sums::default();
        self.shared.asked.fetch_or(ARMED, Ordering::AcqRel);
    }

    /// What was measured since [`arm`](Self::arm), and back to not measuring, unless it is
    /// [kept armed](Self::keep_armed). All zeros if no step was taken.
    pub fn read(&self) -> Observables {
        self.shared.asked.fetch_and(!ARMED, Ordering::AcqRel);
        std::mem::take(&mut self.lock().since_armed).into()
    }

    /// Asks the sampler to measure every step from now on, for any number of readers of [`last_step`](Self::last_step).
    ///
    /// Steps are told apart by their numbers in the sampler's state. After loading an older state into the sampler call it
    /// again, which forgets the steps so far.
    pub fn keep_armed(&self) {
        self.lock().steps.begin_again();
        self.shared.asked.fetch_or(KEPT_ARMED, Ordering::AcqRel);
    }

    /// Observables of the last complete step since [`keep_armed`](Self::keep_armed), `None` before there is one.
    ///
    /// The first step is known to be complete only when the second begins, because Burn does not say which tensor is the
    /// last; a later one as soon as it has as many tensors as the one before.
    pub fn last_step(&self) -> Option<Observables> {
        self.lock().steps.last()
    }

    /// Complete steps since [`keep_armed`](Self::keep_armed) was first called.
    #[cfg(feature = "train")]
    pub(crate) fn num_complete_steps(&self) -> u64 {
        self.lock().steps.num_complete()
    }

    /// The number of steps complete so far, and the mean of an observable over those after the first `seen`, with their
    /// number; `None` if there are none that have it.
    #[cfg(feature = "train")]
    pub(crate) fn mean_since(
        &self,
        seen: u64,
        observable: impl Fn(&Observables) -> Option<f64>,
    ) -> (u64, Option<(f64, usize)>) {
        let measured = self.lock();
        let (mut sum, mut count) = (0.0, 0);
        for value in measured.steps.since(seen).filter_map(observable) {
            sum += value;
            count += 1;
        }
        let mean = (count > 0).then(|| (sum / count as f64, count));
        (measured.steps.num_complete(), mean)
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.shared.asked.load(Ordering::Acquire) != 0
    }

    /// Takes in what one tensor measured in its step number `step`.
    pub(crate) fn record(&self, step: u64, sums: Sums) {
        let asked = self.shared.asked.load(Ordering::Acquire);
        let mut measured = self.lock();
        if asked & ARMED != 0 {
            measured.since_armed += sums;
        }
        if asked & KEPT_ARMED != 0 {
            measured.steps.record(step, sums);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Measured> {
        self.shared
            .measured
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
    /// ζ, the friction of a thermostatted sampler; `None` for all others.
    pub thermostat: Option<f64>,
}

impl Observables {
    /// 2K/N, with mean 1/β; `None` for overdamped samplers.
    pub fn kinetic_temperature(&self) -> Option<f64> {
        self.kinetic_energy
            .map(|energy| 2.0 * energy / self.num_parameters as f64)
    }

    /// θ·∇U/N, with mean 1/β where exp(−βU) is a density: which needs a prior where U does not grow in every direction.
    pub fn virial_temperature(&self) -> f64 {
        2.0 * self.virial / self.num_parameters as f64
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
            thermostat: sums.thermostat,
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
    /// Measured at every step of a thermostatted sampler, whether it is observed or not.
    pub(crate) outgoing_momentum_squared: f64,
    /// ζ of a thermostatted sampler.
    pub(crate) thermostat: Option<f64>,
}

impl Sums {
    /// Takes in the gradients of a group of which the first `live` elements count.
    #[inline(always)]
    pub(crate) fn add_gradient<T: Real>(
        &mut self,
        position: &[T; GROUP],
        gradient: &[T; GROUP],
        live: usize,
    ) {
        self.elements += live;
        self.position_dot_gradient +=
            sum_of_group(live, |i| position[i].to_f64() * gradient[i].to_f64());
        self.gradient_squared += sum_of_squares(live, |i| gradient[i].to_f64());
    }

    /// The square of p − kick g.
    #[inline(always)]
    pub(crate) fn add_momentum<T: Real>(
        &mut self,
        momentum: &[T; GROUP],
        kick: f64,
        gradient: &[T; GROUP],
        live: usize,
    ) {
        self.has_momentum = true;
        self.momentum_squared +=
            sum_of_squares(live, |i| momentum[i].to_f64() - kick * gradient[i].to_f64());
    }

    #[inline(always)]
    pub(crate) fn add_noise(&mut self, scale: f64, normals: &[f32; GROUP], live: usize) {
        self.noise_squared += sum_of_squares(live, |i| scale * f64::from(normals[i]));
    }

    /// The square of noise that is not the same multiple of every normal.
    #[inline(always)]
    pub(crate) fn add_kick<T: Real>(&mut self, kick: &[T; GROUP], live: usize) {
        self.noise_squared += sum_of_squares(live, |i| kick[i].to_f64());
    }

    /// The square of the momentum that a step leaves.
    #[inline(always)]
    pub(crate) fn add_outgoing_momentum<T: Real>(&mut self, momentum: &[T; GROUP], live: usize) {
        self.outgoing_momentum_squared += sum_of_squares(live, |i| momentum[i].to_f64());
    }
}

/// Σ xᵢ² over the first `live` elements of a group.
#[inline(always)]
fn sum_of_squares(live: usize, element: impl Fn(usize) -> f64) -> f64 {
    sum_of_group(live, |index| {
        let x = element(index);
        x * x
    })
}

/// Σ xᵢ over the first `live` elements of a group, in lanes of fixed order: a single running sum would wait for each of its
/// additions.
#[inline(always)]
pub(crate) fn sum_of_group(live: usize, element: impl Fn(usize) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0f64; LANES];
    for chunk in 0..GROUP / LANES {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            let index = chunk * LANES + lane;
            let x = element(index);
            *sum += if index < live { x } else { 0.0 };
        }
    }
    let pairs = [
        lanes[0] + lanes[4],
        lanes[1] + lanes[5],
        lanes[2] + lanes[6],
        lanes[3] + lanes[7],
    ];
    (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])
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
            outgoing_momentum_squared: self.outgoing_momentum_squared
                + other.outgoing_momentum_squared,
            thermostat: self.thermostat.or(other.thermostat),
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
