//! The thermostat of SGNHT and CCAdL: one friction for many tensors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use burn::optim::{StateSink, StateSource};
use burn_pack::Scalar;

use crate::fused::outgoing::Outgoing;

/// A friction ζ that follows the kinetic temperature of all tensors that share it:
///
/// ζ ← ζ + (h/τ²)(β p·p/N − 1) after each step.
///
/// Burn steps one tensor at a time and does not say when a step begins. A tensor that has already taken part in the current
/// step opens the next one, and only then is the sum over the tensors complete; ζ depends on p alone, so the delay
/// changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedThermostat(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    /// `None` until the first tensor takes part.
    thermostat: Option<Thermostat>,
    /// The record that the thermostat was last continued from.
    continued_from: Option<Thermostat>,
    /// Parts of p·p that may still be on their devices.
    pending: Vec<Outgoing>,
}

impl Shared {
    /// The thermostat, with p·p complete.
    fn settled(&mut self) -> Option<&mut Thermostat> {
        let thermostat = self.thermostat.as_mut()?;
        for part in self.pending.drain(..) {
            thermostat.momentum_squared += part.read();
        }
        Some(thermostat)
    }
}

/// Where a thermostat stands in the middle or at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Thermostat {
    friction: f64,
    /// Number of the current step.
    tick: u64,
    /// p·p and N over the tensors that have taken part in it, and its step size.
    momentum_squared: f64,
    elements: u64,
    step_size: f64,
}

/// How a thermostat answers to the temperature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    pub(crate) initial_friction: f64,
    /// τ.
    pub(crate) relaxation_time: f64,
    pub(crate) inverse_temperature: f64,
}

impl SharedThermostat {
    /// Takes part in a step: returns ζ and the number of the step. `last_tick` is the step that this tensor took part in before.
    pub(crate) fn enter(&self, last_tick: Option<u64>, response: Response) -> (f64, u64) {
        let mut shared = self.lock();
        let thermostat = shared.thermostat.get_or_insert(Thermostat {
            friction: response.initial_friction,
            tick: 0,
            momentum_squared: 0.0,
            elements: 0,
            step_size: 0.0,
        });
        let (friction, tick) = (thermostat.friction, thermostat.tick);
        if last_tick == Some(tick)
            && let Some(thermostat) = shared.settled()
        {
            thermostat.finish_step(response);
            return (thermostat.friction, thermostat.tick);
        }
        (friction, tick)
    }

    /// Adds what a tensor contributes to the current step.
    pub(crate) fn add(&self, momentum_squared: Outgoing, elements: usize, step_size: f64) {
        let mut shared = self.lock();
        shared.pending.push(momentum_squared);
        if let Some(thermostat) = &mut shared.thermostat {
            thermostat.elements += elements as u64;
            thermostat.step_size = step_size;
        }
    }

    /// Continues from a record, once for all tensors that bring the same one.
    pub(crate) fn continue_from(&self, recorded: Thermostat) {
        let mut shared = self.lock();
        let one_step_on = |thermostat: Thermostat| thermostat.tick <= recorded.tick + 1;
        let continued =
            shared.continued_from == Some(recorded) && shared.thermostat.is_some_and(one_step_on);
        if !continued {
            shared.pending.clear();
            shared.thermostat = Some(recorded);
            shared.continued_from = Some(recorded);
        }
    }

    pub(crate) fn now(&self) -> Option<Thermostat> {
        self.lock().settled().copied()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thermostat {
    fn finish_step(&mut self, response: Response) {
        if self.elements > 0 {
            let temperature = self.momentum_squared / self.elements as f64;
            let excess = response.inverse_temperature * temperature - 1.0;
            self.friction += self.step_size / response.relaxation_time.powi(2) * excess;
        }
        self.tick += 1;
        (self.momentum_squared, self.elements) = (0.0, 0);
    }

    pub(crate) fn flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "thermostat_friction", Scalar::from(self.friction));
        out.push_scalar(prefix, "thermostat_tick", Scalar::from(self.tick));
        out.push_scalar(
            prefix,
            "thermostat_momentum_squared",
            Scalar::from(self.momentum_squared),
        );
        out.push_scalar(prefix, "thermostat_elements", Scalar::from(self.elements));
        out.push_scalar(prefix, "thermostat_step_size", Scalar::from(self.step_size));
    }

    pub(crate) fn unflatten(prefix: &str, source: &mut StateSource) -> Option<Self> {
        let mut scalar = |name| source.take_scalar(prefix, name);
        Some(Self {
            friction: scalar("thermostat_friction")?.try_into().ok()?,
            tick: scalar("thermostat_tick")?.try_into().ok()?,
            momentum_squared: scalar("thermostat_momentum_squared")?.try_into().ok()?,
            elements: scalar("thermostat_elements")?.try_into().ok()?,
            step_size: scalar("thermostat_step_size")?.try_into().ok()?,
        })
    }
}

/// The thermostat of a sampler, or of all samplers of a chain.
///
/// Burn's multi-device training steps replicas of one optimizer on several threads: each thread gets a thermostat of its own,
/// so that replicas stay equal. A tensor keeps the thermostat that it got at its first step.
#[derive(Clone, Debug)]
pub(crate) struct ThermostatOfReplicas {
    has_replicas: bool,
    replicas: Arc<Mutex<HashMap<Option<ThreadId>, SharedThermostat>>>,
}

impl ThermostatOfReplicas {
    /// One thermostat a thread, or one for all threads.
    pub(crate) fn new(has_replicas: bool) -> Self {
        Self {
            has_replicas,
            replicas: Arc::default(),
        }
    }

    /// Another one, for the same threads.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.has_replicas)
    }

    /// The thermostat of the replica that this thread steps.
    pub(crate) fn here(&self) -> SharedThermostat {
        let mut replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        let replica = self.has_replicas.then(|| thread::current().id());
        replicas.entry(replica).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: Response = Response {
        initial_friction: 1.0,
        relaxation_time: 0.5,
        inverse_temperature: 2.0,
    };

    /// Two tensors over three steps: ζ follows the sums over both, one step late, as written out by hand.
    #[test]
    fn friction_follows_the_temperature_of_all_tensors() {
        let shared = SharedThermostat::default();
        let mut ticks = [None; 2];
        let mut expected = 1.0;
        for step in 0..3 {
            let squares = [3.0 + f64::from(step), 5.0];
            for (tick, square) in ticks.iter_mut().zip(squares) {
                let (friction, now) = shared.enter(*tick, RESPONSE);
                assert_eq!(friction, expected);
                *tick = Some(now);
                shared.add(Outgoing::Known(square), 4, 0.1);
            }
            expected += 0.1 / 0.25 * (2.0 * (squares[0] + squares[1]) / 8.0 - 1.0);
        }
    }

    #[test]
    fn a_record_is_continued_from_once() {
        let original = SharedThermostat::default();
        original.enter(None, RESPONSE);
        original.add(Outgoing::Known(3.0), 4, 0.1);
        let recorded = original.now().expect("in use");
        let resumed = SharedThermostat::default();
        resumed.continue_from(recorded);
        let expected = (1.0 + 0.4 * (2.0 * 0.75 - 1.0), 1);
        assert_eq!(resumed.enter(Some(recorded.tick), RESPONSE), expected);
        resumed.add(Outgoing::Known(1.0), 4, 0.1);
        // The second tensor brings the same record and joins the step that the first has opened.
        resumed.continue_from(recorded);
        assert_eq!(resumed.enter(Some(recorded.tick), RESPONSE), expected);
    }
}
