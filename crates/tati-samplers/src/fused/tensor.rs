//! The update by plain tensor operations with uploaded Philox noise: for every device whose memory is not ours, and the
//! reference that the fused kernel is tested against.

use burn::tensor::{DType, Tensor, TensorData};

use super::memory::Memory;
use super::outgoing::Outgoing;
use super::update::{CovarianceControlled, Preconditioned, Update};
use super::{NoiseAt, Stepped};
use crate::prior::PriorShape;
use crate::splitting::{LangevinUpdate, OnStepMomentum};
use crate::thermometer::Sums;

/// A tensor's position, what its sampler keeps beside it, and its gradient, on any device.
pub(crate) struct DeviceTensors<const D: usize> {
    pub(crate) position: Tensor<D>,
    pub(crate) memory: Memory<Tensor<D>>,
    pub(crate) gradient: Tensor<D>,
    /// Shape and center (0 where none is given) of a prior.
    pub(crate) prior: Option<(PriorShape, Option<Tensor<D>>)>,
}

impl<const D: usize> DeviceTensors<D> {
    /// Applies `update` and returns what it leaves.
    pub(crate) fn apply(
        mut self,
        update: Update,
        noise: NoiseAt,
        observe: bool,
    ) -> Stepped<D, Tensor<D>> {
        let (mut sums, mut outgoing) = (Sums::default(), Outgoing::Known(0.0));
        if let Some((shape, center)) = self.prior.take() {
            let (force, energy) = prior_force(&self.position, shape, center, observe);
            sums.prior_energy = energy;
            self.gradient = self.gradient + force;
        }
        if observe {
            sums.elements = self.position.shape().num_elements();
            sums.position_dot_gradient = dot(&self.position, &self.gradient);
            sums.gradient_squared = squared_norm(&self.gradient);
        }
        match update {
            Update::Overdamped(update) => {
                let h = update.step_size;
                self.position = self.position - self.gradient.mul_scalar(h);
                if update.noise != 0.0 {
                    let normals = upload(noise, &self.position);
                    self.position =
                        self.position + scaled(normals, update.noise, observe.then_some(&mut sums));
                }
            }
            Update::Preconditioned(update) => {
                self.preconditioned(update, noise, observe, &mut sums)
            }
            Update::Langevin(update) => self.langevin(update, noise, observe, &mut sums),
            Update::Thermostatted(update) => {
                self.langevin(update.0, noise, observe, &mut sums);
                outgoing = Outgoing::of(kept(&self.memory.momentum));
            }
            Update::CovarianceControlled(update) => {
                self.covariance_controlled(update, noise, observe, &mut sums);
                outgoing = Outgoing::of(kept(&self.memory.momentum));
            }
        }
        (self.position, self.memory, sums, outgoing)
    }

    fn preconditioned(
        &mut self,
        update: Preconditioned,
        noise: NoiseAt,
        observe: bool,
        sums: &mut Sums,
    ) {
        let variance = kept(&self.memory.variance).clone();
        let square = self.gradient.clone() * self.gradient.clone();
        let variance = variance.clone() + (square - variance).mul_scalar(update.weight);
        let preconditioner = variance
            .clone()
            .sqrt()
            .add_scalar(update.regularization)
            .recip();
        self.memory.variance = Some(variance);
        let drift = (preconditioner.clone() * self.gradient.clone()).mul_scalar(update.step_size);
        self.position = self.position.clone() - drift;
        if update.noise != 0.0 {
            let kick = preconditioner.sqrt() * upload(noise, &self.position);
            self.position =
                self.position.clone() + scaled(kick, update.noise, observe.then_some(sums));
        }
    }

    fn langevin(&mut self, update: LangevinUpdate, noise: NoiseAt, observe: bool, sums: &mut Sums) {
        let (mut position, momentum) = (self.position.clone(), kept(&self.memory.momentum).clone());
        let gradient = || self.gradient.clone();
        sums.has_momentum = observe;
        if observe && let OnStepMomentum::BeforeNoise { kick } = update.on_step {
            sums.momentum_squared = squared_norm(&(momentum.clone() - gradient().mul_scalar(kick)));
        }
        let momentum = momentum - gradient().mul_scalar(update.first_kick);
        position = position + momentum.clone().mul_scalar(update.first_drift);
        let normals = upload(noise, &position);
        let momentum = momentum.mul_scalar(update.decay)
            + scaled(normals, update.noise, observe.then_some(&mut *sums));
        if observe && update.on_step == OnStepMomentum::AfterNoise {
            sums.momentum_squared = squared_norm(&momentum);
        }
        let momentum = momentum - gradient().mul_scalar(update.second_kick);
        self.position = position + momentum.clone().mul_scalar(update.second_drift);
        self.memory.momentum = Some(momentum);
    }

    fn covariance_controlled(
        &mut self,
        update: CovarianceControlled,
        noise: NoiseAt,
        observe: bool,
        sums: &mut Sums,
    ) {
        let momentum = kept(&self.memory.momentum).clone();
        if observe {
            sums.has_momentum = true;
            sums.momentum_squared = squared_norm(&momentum);
        }
        let change = self.gradient.clone() - kept(&self.memory.previous_gradient).clone();
        let variance = kept(&self.memory.variance).clone();
        let sample = (change.clone() * change).mul_scalar(0.5);
        let variance = variance.clone() + (sample - variance).mul_scalar(update.weight);
        let half_x = variance
            .clone()
            .mul_scalar(0.5 * update.covariance_friction)
            .add_scalar(0.5 * update.friction);
        let decay = half_x.clone().neg().add_scalar(1.0) / half_x.add_scalar(1.0);
        let kick = scaled(
            upload(noise, &momentum),
            update.noise,
            observe.then_some(&mut *sums),
        );
        let momentum =
            (decay * momentum + kick) - self.gradient.clone().mul_scalar(update.step_size);
        self.position = self.position.clone() + momentum.clone().mul_scalar(update.step_size);
        self.memory.momentum = Some(momentum);
        self.memory.variance = Some(variance);
        self.memory.previous_gradient = Some(self.gradient.clone());
    }
}

/// ∇U_prior, and U_prior if `observe` asks for it.
fn prior_force<const D: usize>(
    position: &Tensor<D>,
    shape: PriorShape,
    center: Option<Tensor<D>>,
    observe: bool,
) -> (Tensor<D>, f64) {
    let (strength, displacement) = match shape {
        PriorShape::Quadratic { strength } => match center {
            Some(center) => (strength, position.clone() - center),
            None => (strength, position.clone()),
        },
        PriorShape::Absolute { strength } => (strength, position.clone().sign()),
        PriorShape::Walls {
            strength,
            lower,
            upper,
        } => {
            // A wall at infinity is none: infinite operands would make NaN of what they are masked with.
            let mut past = position.zeros_like();
            if lower.is_finite() {
                past = past + position.clone().sub_scalar(lower).clamp_max(0.0);
            }
            if upper.is_finite() {
                past = past + position.clone().sub_scalar(upper).clamp_min(0.0);
            }
            (strength, past)
        }
    };
    let energy = match shape {
        _ if !observe => 0.0,
        PriorShape::Absolute { .. } => strength * dot(&displacement, position),
        _ => 0.5 * strength * squared_norm(&displacement),
    };
    (displacement.mul_scalar(strength), energy)
}

/// `scale` times `noise`, its square added to `sums`.
fn scaled<const D: usize>(noise: Tensor<D>, scale: f64, sums: Option<&mut Sums>) -> Tensor<D> {
    if let Some(sums) = sums {
        sums.noise_squared = scale * scale * squared_norm(&noise);
    }
    noise.mul_scalar(scale)
}

/// An array that every sampler with this update keeps.
fn kept<const D: usize>(array: &Option<Tensor<D>>) -> &Tensor<D> {
    array
        .as_ref()
        .unwrap_or_else(|| unreachable!("`Sampler::ready` makes what an update needs"))
}

/// The normals of `noise`, shaped and placed like `like`.
pub(crate) fn upload<const D: usize>(noise: NoiseAt, like: &Tensor<D>) -> Tensor<D> {
    let shape = like.shape();
    let mut normals = vec![0.0f32; shape.num_elements()];
    noise.stream.fill_normal(noise.step, &mut normals);
    let data = TensorData::new(normals, shape);
    // The normals are f32 in every precision, so that chains can be compared across precisions.
    match like.dtype() {
        DType::F32 => Tensor::from_data(data, (&like.device(), DType::F32)),
        dtype => Tensor::from_data(data.convert_dtype(dtype), (&like.device(), dtype)),
    }
}

fn squared_norm<const D: usize>(tensor: &Tensor<D>) -> f64 {
    dot(tensor, tensor)
}

fn dot<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    (a.clone() * b.clone()).sum().into_scalar::<f64>()
}
