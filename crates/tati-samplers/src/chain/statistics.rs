//! What is measured at a draw.

use crate::{Observables, Transition};

/// Observables of one draw. Those that the sampler does not have are `None`, and are not recorded.
///
/// All belong to the draw's θ, except the acceptance, step size and gradients, which belong to the transition that led to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    /// U(θ), the prior included; over the current mini-batch where the potential has mini-batches.
    pub potential: f64,
    /// K = p·p/2, with mean N/(2β).
    pub kinetic_energy: Option<f64>,
    /// θ·∇U/2, with mean N/(2β) where exp(−βU) is a density.
    pub virial: Option<f64>,
    /// |∇U|.
    pub gradient_norm: Option<f64>,
    /// The norm of the noise that the step added.
    pub noise_norm: Option<f64>,
    /// The part of U that the prior contributes.
    pub prior_energy: Option<f64>,
    /// ζ of a thermostatted sampler.
    pub thermostat: Option<f64>,
    /// The probability of accepting the proposal.
    pub acceptance: Option<f64>,
    /// The step size.
    pub step_size: f64,
    /// Gradients evaluated in the transition.
    pub num_gradients: Option<f64>,
    /// 1 where the trajectory diverged, 0 elsewhere.
    pub diverged: Option<f64>,
    /// β of the rung that the draw was taken at, in replica exchange.
    pub inverse_temperature: Option<f64>,
    /// The number of the walker that was there, in replica exchange.
    pub replica: Option<f64>,
}

impl Statistics {
    /// Names and values of everything that was measured, in a fixed order.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let all = [
            ("potential", Some(self.potential)),
            ("kinetic_energy", self.kinetic_energy),
            ("virial", self.virial),
            ("gradient_norm", self.gradient_norm),
            ("noise_norm", self.noise_norm),
            ("prior_energy", self.prior_energy),
            ("thermostat", self.thermostat),
            ("acceptance", self.acceptance),
            ("step_size", Some(self.step_size)),
            ("num_gradients", self.num_gradients),
            ("diverged", self.diverged),
            ("inverse_temperature", self.inverse_temperature),
            ("replica", self.replica),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// Adds what a thermometer has read at the draw.
    pub(crate) fn add(&mut self, observables: &Observables) {
        self.potential += observables.prior_energy;
        self.kinetic_energy = observables.kinetic_energy;
        self.virial = Some(observables.virial);
        self.gradient_norm = Some(observables.gradient_norm);
        self.noise_norm = Some(observables.noise_norm);
        self.prior_energy = Some(observables.prior_energy);
        self.thermostat = observables.thermostat;
    }
}

impl From<Transition> for Statistics {
    fn from(transition: Transition) -> Self {
        Self {
            potential: transition.potential,
            kinetic_energy: transition.kinetic_energy,
            virial: Some(transition.virial),
            gradient_norm: Some(transition.gradient_norm),
            acceptance: transition.acceptance,
            step_size: transition.step_size,
            num_gradients: Some(transition.num_gradients as f64),
            diverged: Some(f64::from(u8::from(transition.diverged))),
            ..Self::default()
        }
    }
}
