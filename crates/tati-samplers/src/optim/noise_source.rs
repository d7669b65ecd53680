//! What the samplers of one chain share: where noise streams come from, and the thermostat of the whole model.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::thermostat::ThermostatOfReplicas;
use crate::fused::philox::NoiseStream;

/// The seed and walker of a chain, the numbering of its parameter tensors, and the thermostat of the samplers that have one.
///
/// Burn tells an optimizer neither the name nor the place of a tensor, so tensors are numbered as they are first met: in
/// declaration order of the module. Clones share the numbering. Give the samplers of several parameter groups of one
/// chain clones of one source (`build_with`), or their first tensors would draw the same noise.
///
/// Burn's multi-device training steps replicas of one optimizer on several threads; each thread numbers from the start, so
/// that replicas draw the same noise and stay equal.
///
/// # Example
/// ```
/// use burn::{module::ParamGroup, optim::ModuleOptimizer};
/// use tati_samplers::{BaoabConfig, NoiseSource, SgldConfig};
///
/// let noise = NoiseSource::new(42, 0);
/// let weights = BaoabConfig::new(1.0e4).build_with(&noise)?;
/// let biases = SgldConfig::new(1.0e4).build_with(&noise)?;
/// let sampler = ModuleOptimizer::from(weights)
///     .with_group(ParamGroup::from_predicate("bias"), biases, None);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NoiseSource {
    seed: u64,
    walker: u32,
    next_tensor: Arc<Mutex<HashMap<Option<ThreadId>, u32>>>,
    /// Whether each thread steps a replica of its own; else all threads step one chain in turn.
    has_replicas: bool,
    thermostat: ThermostatOfReplicas,
}

impl NoiseSource {
    /// The noise of walker `walker` of the run with this seed.
    pub fn new(seed: u64, walker: u32) -> Self {
        Self {
            seed,
            walker,
            next_tensor: Arc::default(),
            has_replicas: true,
            thermostat: ThermostatOfReplicas::new(true),
        }
    }

    /// The noise of a chain that now one thread steps and now another.
    pub(crate) fn of_wanderer(seed: u64, walker: u32) -> Self {
        Self {
            has_replicas: false,
            thermostat: ThermostatOfReplicas::new(false),
            ..Self::new(seed, walker)
        }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The walker.
    pub fn walker(&self) -> u32 {
        self.walker
    }

    /// The thermostat of the whole model.
    pub(crate) fn thermostat(&self) -> &ThermostatOfReplicas {
        &self.thermostat
    }

    /// The stream of a tensor met for the first time.
    pub(crate) fn next_stream(&self) -> NoiseStream {
        let mut next_tensor = self
            .next_tensor
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let next = next_tensor.entry(self.replica()).or_default();
        let stream = NoiseStream {
            seed: self.seed,
            walker: self.walker,
            tensor: *next,
        };
        *next += 1;
        stream
    }

    fn replica(&self) -> Option<ThreadId> {
        self.has_replicas.then(|| thread::current().id())
    }

    /// Keeps numbers that a record has handed out from being handed out again.
    pub(crate) fn mark_used(&self, stream: NoiseStream) {
        let mut next_tensor = self
            .next_tensor
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let next = next_tensor.entry(self.replica()).or_default();
        *next = (*next).max(stream.tensor + 1);
    }
}

/// A seed from the operating system's entropy, for runs that were not given one. Print it and keep it with the results.
pub fn entropy_seed() -> u64 {
    rand::random()
}
