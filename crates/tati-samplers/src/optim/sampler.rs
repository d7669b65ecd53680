//! What all samplers share: the life of a tensor's state around the fused update.

use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;
use tati_core::{Result, TatiError, require_positive, require_positive_or_infinite};

use super::dynamics::{Dynamics, Moment, ThermostatScope};
use super::heat_bath::HeatBath;
use super::noise_source::{NoiseSource, entropy_seed};
use super::state::{Restored, SamplerState, StateTensor, ThermostatLink};
use super::thermostat::ThermostatOfReplicas;
use crate::InverseTemperatureSchedule;
use crate::fused::memory::Memory;
use crate::fused::{self, NoiseAt};
use crate::prior::Prior;
use crate::thermometer::Thermometer;

/// The configuration of a sampler that is a Burn optimizer: what a [`Chain`](crate::Chain) needs to know of it.
pub trait SamplerConfig: burn::config::Config {
    /// The sampler's name, as `baoab`.
    const NAME: &'static str;

    /// The sampler for a whole module, with the seed, walker and tensor numbering of `noise` instead of the config's, measured
    /// by `thermometer`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain.
    fn start(&self, noise: &NoiseSource, thermometer: &Thermometer) -> Result<ModuleOptimizer>;

    /// The same at the inverse temperature of `bath`, now and at any later step, instead of the config's.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain.
    fn start_in(
        &self,
        noise: &NoiseSource,
        thermometer: &Thermometer,
        bath: &HeatBath,
    ) -> Result<ModuleOptimizer>;

    /// Of what a step's gradient adds to the momentum, the share that belongs to the step before: the half kick at the end of that, for
    /// which the gradient is known only now. 1/2 for BAOAB, e^(−γh)/(1 + e^(−γh)) for GLA2, 0 for those that end without one.
    fn owed_share(&self, step_size: f64) -> f64;

    /// The seed and walker of the config; `None` for a seed from entropy.
    fn seed_and_walker(&self) -> (Option<u64>, u32);

    /// The prior of the config.
    fn prior(&self) -> Option<&Prior>;

    /// The prior, which the config has no more then: for who adds it to U by itself.
    fn take_prior(&mut self) -> Option<Prior>;
}

/// A sampler of exp(−β(U + U_prior)).
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    dynamics: Dynamics,
    inverse_temperature: f64,
    annealing: Option<InverseTemperatureSchedule>,
    prior: Option<Prior>,
    noise: NoiseSource,
    thermostat: ThermostatOfReplicas,
    pub(crate) thermometer: Option<Thermometer>,
    /// Whose β is in place of that of the config and its annealing.
    pub(crate) bath: Option<HeatBath>,
}

/// The settings that every sampler has.
pub(crate) struct Common<'a> {
    pub(crate) inverse_temperature: f64,
    pub(crate) annealing: &'a Option<InverseTemperatureSchedule>,
    pub(crate) prior: &'a Option<Prior>,
}

impl Sampler {
    pub(crate) fn new(dynamics: Dynamics, common: Common<'_>, noise: &NoiseSource) -> Result<Self> {
        let beta = common.inverse_temperature;
        require_positive_or_infinite("inverse_temperature", beta)?;
        dynamics.validate()?;
        if let Some(prior) = common.prior {
            prior.validate()?;
        }
        if let Some(annealing) = common.annealing {
            annealing.validate()?;
        }
        if dynamics.adaptive().is_some() {
            require_positive("inverse_temperature of a thermostatted sampler", beta)?;
            if let Some(InverseTemperatureSchedule::Cyclical { .. }) = common.annealing {
                return Err(TatiError::InvalidSetting {
                    name: "annealing",
                    value: "cyclical".to_string(),
                    expected: "another schedule for a thermostatted sampler, which has no zero temperature"
                        .to_string(),
                });
            }
        }
        let thermostat = match dynamics.adaptive().map(|adaptive| adaptive.scope) {
            Some(ThermostatScope::Group) => noise.thermostat().another(),
            _ => noise.thermostat().clone(),
        };
        Ok(Self {
            dynamics,
            inverse_temperature: beta,
            annealing: common.annealing.clone(),
            prior: common.prior.clone(),
            noise: noise.clone(),
            thermostat,
            thermometer: None,
            bath: None,
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
        let mut state = self.ready(&position, &gradient, state);
        let beta = self.inverse_temperature_at(state.step);
        if self.bath.is_some() {
            state.come_to(beta);
        }
        let thermostat = self.enter_thermostat(&mut state, beta);
        let update = self.dynamics.update(Moment {
            step: state.step,
            step_size,
            previous_step_size: state.step_size,
            inverse_temperature: beta,
            thermostat: thermostat.unwrap_or(0.0),
        });
        state.step += 1;
        state.step_size = step_size;
        let observe = self
            .thermometer
            .as_ref()
            .filter(|thermometer| thermometer.is_armed());
        let prior = self.prior.as_ref().map(|prior| fused::Prior {
            shape: prior.shape(),
            center: state.anchor.as_ref(),
        });
        let noise = NoiseAt {
            stream: state.stream,
            step: state.step,
        };
        let elements = position.shape().num_elements();
        let (position, memory, mut sums, outgoing) = fused::step(
            position,
            std::mem::take(&mut state.memory),
            gradient,
            prior,
            update,
            noise,
            observe.is_some(),
        );
        state.memory = memory;
        if let Some(link) = &state.thermostat {
            link.shared.add(outgoing, elements, step_size);
        }
        if let Some(thermometer) = observe {
            sums.thermostat = thermostat;
            thermometer.record(state.step, sums);
        }
        (position, Some(state))
    }

    /// The state of a tensor, made on first use. Step 0 of its noise is the initial momentum.
    fn ready<const D: usize>(
        &self,
        position: &Tensor<D>,
        gradient: &Tensor<D>,
        state: Option<SamplerState<D>>,
    ) -> SamplerState<D> {
        let mut state = state.unwrap_or_else(|| SamplerState {
            stream: self.noise.next_stream(),
            step: 0,
            step_size: 0.0,
            memory: Memory::default(),
            anchor: None,
            thermostat: None,
            inverse_temperature: None,
            restored: None,
        });
        let dynamics = &self.dynamics;
        let restored = state.restored.take();
        if restored.is_some() {
            self.noise.mark_used(state.stream);
            state.anchor = state.anchor.map(|anchor| anchor.beside(position));
        }
        if dynamics.adaptive().is_some() && state.thermostat.is_none() {
            state.thermostat = Some(self.link_thermostat(restored));
        }
        if dynamics.has_momentum() && state.memory.momentum.is_none() {
            let noise = NoiseAt {
                stream: state.stream,
                step: 0,
            };
            let scale = self.inverse_temperature_at(0).recip().sqrt();
            state.memory.momentum = Some(fused::scaled_noise(position, scale, noise));
        }
        if dynamics.has_variance() && state.memory.variance.is_none() {
            state.memory.variance = Some(StateTensor::of(position.zeros_like()));
        }
        if dynamics.has_previous_gradient() && state.memory.previous_gradient.is_none() {
            state.memory.previous_gradient = Some(StateTensor::of(gradient.clone()));
        }
        if self.prior.as_ref().is_some_and(Prior::is_tether) && state.anchor.is_none() {
            state.anchor = Some(StateTensor::of(position.clone()));
        }
        state
    }

    fn link_thermostat(&self, restored: Option<Restored>) -> ThermostatLink {
        let shared = self.thermostat.here();
        if let Some(recorded) = restored.and_then(|restored| restored.thermostat) {
            shared.continue_from(recorded);
        }
        ThermostatLink {
            shared,
            last_tick: restored.and_then(|restored| restored.last_tick),
        }
    }

    /// ζ of the step that this tensor now takes part in.
    fn enter_thermostat<const D: usize>(
        &self,
        state: &mut SamplerState<D>,
        inverse_temperature: f64,
    ) -> Option<f64> {
        let response = self.dynamics.adaptive()?.response(inverse_temperature);
        let link = state.thermostat.as_mut()?;
        let (friction, tick) = link.shared.enter(link.last_tick, response);
        link.last_tick = Some(tick);
        Some(friction)
    }

    fn inverse_temperature_at(&self, step: u64) -> f64 {
        if let Some(bath) = &self.bath {
            return bath.inverse_temperature();
        }
        match &self.annealing {
            Some(annealing) => annealing.inverse_temperature_at(step, self.inverse_temperature),
            None => self.inverse_temperature,
        }
    }
}

/// The noise source of a config: its seed, or one from entropy.
pub(crate) fn noise_source(seed: Option<u64>, walker: u32) -> NoiseSource {
    NoiseSource::new(seed.unwrap_or_else(entropy_seed), walker)
}
