//! What all samplers share: the life of a tensor's state around the fused update.

use burn::tensor::Tensor;
use tati_core::{Result, require_positive, require_positive_or_infinite};

use super::noise_source::{NoiseSource, entropy_seed};
use super::state::{SamplerState, StateTensor};
use crate::fused::cpu::Update;
use crate::fused::{self, NoiseAt};
use crate::prior::Prior;
use crate::splitting::Integrator;
use crate::thermometer::Thermometer;

/// The equation of motion that a sampler discretises.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dynamics {
    /// dθ = −∇U dt + sqrt(2/β) dW.
    Overdamped,
    /// Kinetic Langevin dynamics under an integrator.
    Kinetic {
        integrator: Integrator,
        friction: f64,
    },
}

/// A sampler of exp(−β(U + U_prior)).
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    dynamics: Dynamics,
    inverse_temperature: f64,
    prior: Option<Prior>,
    noise: NoiseSource,
    pub(crate) thermometer: Option<Thermometer>,
}

impl Sampler {
    pub(crate) fn new(
        dynamics: Dynamics,
        inverse_temperature: f64,
        prior: Option<Prior>,
        noise: NoiseSource,
    ) -> Result<Self> {
        require_positive_or_infinite("inverse_temperature", inverse_temperature)?;
        if let Dynamics::Kinetic { friction, .. } = dynamics {
            require_positive("friction", friction)?;
        }
        if let Some(prior) = &prior {
            prior.validate()?;
        }
        Ok(Self {
            dynamics,
            inverse_temperature,
            prior,
            noise,
            thermometer: None,
        })
    }

    pub(crate) fn noise(&self) -> &NoiseSource {
        &self.noise
    }

    pub(crate) fn step<const D: usize>(
        &self,
        step_size: f64,
        position: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<SamplerState<D>>,
    ) -> (Tensor<D>, Option<SamplerState<D>>) {
        if let Err(error) = require_positive("step_size (Burn's learning rate)", step_size) {
            panic!("{error}");
        }
        let mut state = self.ready(&position, state);
        let update = self.update(step_size, state.step_size);
        state.step += 1;
        state.step_size = step_size;
        let observe = self
            .thermometer
            .as_ref()
            .filter(|thermometer| thermometer.is_armed());
        let prior = self.prior.as_ref().map(|prior| fused::Prior {
            strength: prior.strength(),
            center: state.anchor.as_ref(),
        });
        let noise = NoiseAt {
            stream: state.stream,
            step: state.step,
        };
        let (position, momentum, sums) = fused::step(
            position,
            state.momentum.take(),
            gradient,
            prior,
            update,
            noise,
            observe.is_some(),
        );
        state.momentum = momentum;
        if let Some(thermometer) = observe {
            thermometer.record(sums);
        }
        (position, Some(state))
    }

    /// The state of a tensor, made on first use. Step 0 of its noise is the initial momentum.
    fn ready<const D: usize>(
        &self,
        position: &Tensor<D>,
        state: Option<SamplerState<D>>,
    ) -> SamplerState<D> {
        let mut state = state.unwrap_or_else(|| SamplerState {
            stream: self.noise.next_stream(),
            step: 0,
            step_size: 0.0,
            momentum: None,
            anchor: None,
            restored: false,
        });
        if std::mem::take(&mut state.restored) {
            self.noise.mark_used(state.stream);
        }
        if let Dynamics::Kinetic { .. } = self.dynamics
            && state.momentum.is_none()
        {
            let noise = NoiseAt {
                stream: state.stream,
                step: 0,
            };
            let scale = self.inverse_temperature.recip().sqrt();
            state.momentum = Some(fused::scaled_noise(position, scale, noise));
        }
        if let Some(Prior::Tether(_)) = self.prior
            && state.anchor.is_none()
        {
            state.anchor = Some(StateTensor::of(position.clone()));
        }
        state
    }

    fn update(&self, step_size: f64, previous_step_size: f64) -> Update {
        match self.dynamics {
            Dynamics::Overdamped => Update::Overdamped {
                step_size,
                noise: (2.0 * step_size / self.inverse_temperature).sqrt(),
            },
            Dynamics::Kinetic {
                integrator,
                friction,
            } => Update::Langevin(integrator.update(
                step_size,
                previous_step_size,
                friction,
                self.inverse_temperature,
            )),
        }
    }
}

/// The noise source of a config: its seed, or one from entropy.
pub(crate) fn noise_source(seed: Option<u64>, walker: u32) -> NoiseSource {
    NoiseSource::new(seed.unwrap_or_else(entropy_seed), walker)
}

/// Makes `$Sampler(Sampler)` with config `$Config` a Burn optimizer; the config's own `dynamics` says what is special.
macro_rules! burn_optimizer {
    ($Sampler:ident, $Config:ident) => {
        impl $Config {
            /// The bare sampler, which `ModuleOptimizer::with_group` takes for one parameter group.
            ///
            /// Draws a seed from entropy if none is set; [`noise`](
            #[doc = concat!(stringify!($Sampler), "::noise")]
            /// ) tells which.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn build(&self) -> tati_core::Result<$Sampler> {
                self.build_with(&$crate::optim::sampler::noise_source(
                    self.seed,
                    self.walker,
                ))
            }

            /// Like [`build`](Self::build), with the seed, walker and tensor numbering of `noise` instead of the config's: for
            /// several parameter groups of one chain.
            ///
            /// # Errors
            /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
            pub fn build_with(
                &self,
                noise: &$crate::optim::NoiseSource,
            ) -> tati_core::Result<$Sampler> {
                $crate::optim::sampler::Sampler::new(
                    self.dynamics(),
                    self.inverse_temperature,
                    self.prior.clone(),
                    noise.clone(),
                )
                .map($Sampler)
            }

            /// The sampler for a whole module, ready for `Learner` or `optim.step(step_size, model, gradients)`.
            ///
            /// # Panics
            /// If a setting is outside its domain, as Burn's own `init` may; [`build`](Self::build) returns an error instead.
            pub fn init(&self) -> burn::optim::ModuleOptimizer {
                match self.build() {
                    Ok(sampler) => sampler.into_optimizer(),
                    Err(error) => panic!("{error}"),
                }
            }
        }

        impl $Sampler {
            /// Measures with `thermometer` at the steps that it is armed for.
            pub fn with_thermometer(mut self, thermometer: &$crate::Thermometer) -> Self {
                self.0.thermometer = Some(thermometer.clone());
                self
            }

            /// The seed, walker and tensor numbering in use.
            pub fn noise(&self) -> &$crate::optim::NoiseSource {
                self.0.noise()
            }

            /// The sampler for a whole module.
            pub fn into_optimizer(self) -> burn::optim::ModuleOptimizer {
                burn::optim::ModuleOptimizer::from(self)
            }
        }

        impl burn::optim::Optimizer for $Sampler {
            type State<const D: usize> = $crate::optim::SamplerState<D>;

            fn step<const D: usize>(
                &self,
                step_size: burn::optim::LearningRate,
                position: burn::tensor::Tensor<D>,
                gradient: burn::tensor::Tensor<D>,
                state: Option<Self::State<D>>,
            ) -> (burn::tensor::Tensor<D>, Option<Self::State<D>>) {
                self.0.step(step_size, position, gradient, state)
            }

            fn to_device<const D: usize>(
                state: Self::State<D>,
                device: &burn::tensor::Device,
            ) -> Self::State<D> {
                state.move_to(device)
            }
        }
    };
}
pub(crate) use burn_optimizer;
