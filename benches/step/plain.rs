//! The samplers as one would write them with tensor operations and Burn's own noise: what the fused kernel competes with.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Distribution, Tensor};

/// A sampler by plain tensor operations.
#[derive(Clone, Copy)]
pub enum Plain {
    Sgld,
    Gla1,
    Gla2,
    Baoab,
}

#[derive(Clone)]
pub struct PlainState<const D: usize>(Tensor<D>);

// The benchmark never saves.
impl<const D: usize> RecordState for PlainState<D> {
    fn state_flatten(&self, _prefix: &str, _out: &mut StateSink) {}

    fn state_unflatten(_prefix: &str, _source: &mut StateSource, _device: &Device) -> Option<Self> {
        None
    }
}

impl Optimizer for Plain {
    type State<const D: usize> = PlainState<D>;

    fn step<const D: usize>(
        &self,
        h: LearningRate,
        position: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<PlainState<D>>,
    ) -> (Tensor<D>, Option<PlainState<D>>) {
        let beta = super::INVERSE_TEMPERATURE;
        let noise =
            |scale: f64, like: &Tensor<D>| like.random_like(Distribution::Normal(0.0, scale));
        if let Plain::Sgld = self {
            let xi = noise((2.0 * h / beta).sqrt(), &position);
            return (position - gradient.mul_scalar(h) + xi, None);
        }
        let decay = (-10.0 * h).exp();
        let scale = ((1.0 - decay * decay) / beta).sqrt();
        let p = match state {
            Some(PlainState(momentum)) => momentum,
            None => noise(beta.recip().sqrt(), &position),
        };
        let xi = noise(scale, &position);
        let (position, p) = match self {
            Plain::Baoab => {
                let p = p - gradient.mul_scalar(h);
                let position = position + p.clone().mul_scalar(0.5 * h);
                let p = p.mul_scalar(decay) + xi;
                (position + p.clone().mul_scalar(0.5 * h), p)
            }
            Plain::Gla2 => {
                let kick = gradient.mul_scalar(0.5 * h);
                let p = (p - kick.clone()).mul_scalar(decay) + xi - kick;
                (position + p.clone().mul_scalar(h), p)
            }
            Plain::Gla1 | Plain::Sgld => {
                let p = p - gradient.mul_scalar(h);
                let position = position + p.clone().mul_scalar(h);
                (position, p.mul_scalar(decay) + xi)
            }
        };
        (position, Some(PlainState(p)))
    }

    fn to_device<const D: usize>(state: PlainState<D>, device: &Device) -> PlainState<D> {
        PlainState(state.0.to_device(device))
    }
}
