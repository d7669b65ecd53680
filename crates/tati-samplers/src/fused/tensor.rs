//! The update by plain tensor operations with uploaded Philox noise: for every device whose memory is not ours, and the
//! reference that the fused kernel is tested against.

use burn::tensor::{DType, Tensor, TensorData};

use super::NoiseAt;
use super::cpu::Update;
use crate::splitting::{LangevinUpdate, OnStepMomentum};
use crate::thermometer::Sums;

/// A tensor's position, momentum (`None` for overdamped samplers) and gradient on any device.
pub(crate) struct DeviceTensors<const D: usize> {
    pub(crate) position: Tensor<D>,
    pub(crate) momentum: Option<Tensor<D>>,
    pub(crate) gradient: Tensor<D>,
    /// Strength and center (0 where none is given) of a quadratic prior.
    pub(crate) prior: Option<(f64, Option<Tensor<D>>)>,
}

impl<const D: usize> DeviceTensors<D> {
    /// Applies `update` and returns the new position and momentum, and the sums if `observe` asks for them.
    pub(crate) fn apply(
        self,
        update: Update,
        noise: NoiseAt,
        observe: bool,
    ) -> (Tensor<D>, Option<Tensor<D>>, Sums) {
        let mut sums = Sums::default();
        let Self {
            position,
            momentum,
            mut gradient,
            prior,
        } = self;
        if let Some((strength, center)) = prior {
            let displacement = match center {
                Some(center) => position.clone() - center,
                None => position.clone(),
            };
            if observe {
                sums.prior_energy = 0.5 * strength * squared_norm(&displacement);
            }
            gradient = gradient + displacement.mul_scalar(strength);
        }
        if observe {
            sums.elements = position.shape().num_elements();
            sums.position_dot_gradient = dot(&position, &gradient);
            sums.gradient_squared = squared_norm(&gradient);
        }
        match (update, momentum) {
            (
                Update::Overdamped {
                    step_size,
                    noise: scale,
                },
                _,
            ) => {
                let mut position = position - gradient.mul_scalar(step_size);
                if scale != 0.0 {
                    let normals = upload(noise, &position);
                    if observe {
                        sums.noise_squared = scale * scale * squared_norm(&normals);
                    }
                    position = position + normals.mul_scalar(scale);
                }
                (position, None, sums)
            }
            (Update::Langevin(update), Some(momentum)) => {
                let normals = upload(noise, &position);
                if observe {
                    sums.noise_squared = update.noise.powi(2) * squared_norm(&normals);
                }
                let (position, momentum) = langevin(
                    &update, position, momentum, gradient, normals, observe, &mut sums,
                );
                (position, Some(momentum), sums)
            }
            (Update::Langevin(_), None) => unreachable!("a kinetic sampler has a momentum"),
        }
    }
}

fn langevin<const D: usize>(
    update: &LangevinUpdate,
    position: Tensor<D>,
    momentum: Tensor<D>,
    gradient: Tensor<D>,
    normals: Tensor<D>,
    observe: bool,
    sums: &mut Sums,
) -> (Tensor<D>, Tensor<D>) {
    sums.has_momentum = observe;
    if observe && let OnStepMomentum::BeforeNoise { kick } = update.on_step {
        sums.momentum_squared =
            squared_norm(&(momentum.clone() - gradient.clone().mul_scalar(kick)));
    }
    let momentum = momentum - gradient.clone().mul_scalar(update.first_kick);
    let position = position + momentum.clone().mul_scalar(update.first_drift);
    let momentum = momentum.mul_scalar(update.decay) + normals.mul_scalar(update.noise);
    if observe && update.on_step == OnStepMomentum::AfterNoise {
        sums.momentum_squared = squared_norm(&momentum);
    }
    let momentum = momentum - gradient.mul_scalar(update.second_kick);
    let position = position + momentum.clone().mul_scalar(update.second_drift);
    (position, momentum)
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
