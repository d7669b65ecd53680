//! One walker of an ensemble, with what the others need to know of it.

use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{Result, Rows, TatiError};

use super::moments::Moments;
use super::{QuasiNewton, WalkerSummary};
use crate::Observer;
use crate::chain::sampler::Mover;
use crate::chain::walker::{Evaluated, Walker, move_model};

pub(super) struct Member<'a, M, R, L> {
    pub(super) walker: Walker<M, R, L>,
    /// `None` once the walker is stopped.
    pub(super) model: Option<M>,
    pub(super) observers: Vec<&'a mut (dyn Observer<M> + Send)>,
    pub(super) moments: Moments,
    /// U over all data, of the last step before an exchange.
    pub(super) full_potential: f64,
    /// Why it was stopped.
    pub(super) error: Option<String>,
    /// What ends the whole run.
    pub(super) failure: Option<TatiError>,
}

impl<'a, M, R, L> Member<'a, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    pub(super) fn new(
        walker: Walker<M, R, L>,
        model: M,
        observers: Vec<&'a mut (dyn Observer<M> + Send)>,
    ) -> Self {
        Self {
            walker,
            model: Some(model),
            observers,
            moments: Moments::default(),
            full_potential: f64::NAN,
            error: None,
            failure: None,
        }
    }

    /// Takes steps up to step `end`, or until the walker diverges, which the whole run ends with if `stop_at_divergence`.
    pub(super) fn advance(&mut self, end: u64, stop_at_divergence: bool) {
        while self.is_alive() && self.walker.step < end {
            self.take_step(None, stop_at_divergence);
        }
        // Walkers that have diverged meet no others.
        if let Some(model) = self.model.take() {
            match self.walker.read_loss(&model) {
                Ok(()) => self.model = Some(model),
                Err(error) => self.stop(error, stop_at_divergence),
            }
        }
    }

    /// Takes one step, with what was `evaluated` at the model for all walkers, if anything was.
    pub(super) fn take_step(&mut self, evaluated: Option<Evaluated>, stop_at_divergence: bool) {
        let Some(model) = self.model.take() else {
            return;
        };
        let mut observers = observers(&mut self.observers);
        let num_draws = self.walker.num_draws;
        match self.walker.take_step(model, evaluated, &mut observers) {
            Ok(moved) => self.model = Some(moved),
            Err(error) => return self.stop(error, stop_at_divergence),
        }
        if self.walker.num_draws > num_draws {
            self.moments.add(&self.walker.last);
        }
    }

    /// Stops the walker by an error, which is one of the whole run unless it has diverged and may.
    fn stop(&mut self, error: TatiError, stop_at_divergence: bool) {
        match error {
            TatiError::NotFinite { .. } if !stop_at_divergence => {
                self.error = Some(error.to_string());
            }
            error => self.failure = Some(error),
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.model.is_some()
    }

    /// θ in double precision; `None` for a walker that is stopped.
    pub(super) fn position(&self) -> Result<Option<Vec<f64>>> {
        let Some(model) = &self.model else {
            return Ok(None);
        };
        if let Mover::Kernel(kernel) = &self.walker.mover {
            return Ok(Some(kernel.position().to_vec()));
        }
        let mut position = Vec::new();
        self.walker.layout().copy_to_host(model, &mut position)?;
        Ok(Some(position))
    }

    pub(super) fn move_to(&mut self, position: &[f64]) -> Result<()> {
        if let Mover::Kernel(kernel) = &mut self.walker.mover {
            kernel.move_to(position)?;
        }
        if let Some(model) = self.model.take() {
            let layout = self.walker.layout();
            self.model = Some(move_model(layout, model, position.to_vec())?);
        }
        Ok(())
    }

    pub(super) fn precondition(&mut self, root: QuasiNewton) -> Result<()> {
        if let Mover::Kernel(kernel) = &mut self.walker.mover {
            return kernel.precondition(root);
        }
        if let Some(preconditioning) = &mut self.walker.preconditioning {
            preconditioning.set_root(root);
        }
        Ok(())
    }

    /// Says that a step with the present root has been taken.
    pub(super) fn settle(&mut self) {
        if let Some(preconditioning) = &mut self.walker.preconditioning {
            preconditioning.settle();
        }
    }

    pub(super) fn summary(&self) -> WalkerSummary {
        WalkerSummary {
            walker: self.walker.noise.walker(),
            num_steps: self.walker.step,
            num_draws: self.walker.num_draws,
            step_size: self.walker.last.step_size,
            error: self.error.clone(),
            statistics: self.moments.summaries(),
        }
    }
}

/// Observers as a walker takes them.
pub(super) fn observers<'o, M>(
    observers: &'o mut [&mut (dyn Observer<M> + Send)],
) -> Vec<&'o mut (dyn Observer<M> + 'o)> {
    let plain =
        |observer: &'o mut &mut (dyn Observer<M> + Send)| -> &'o mut (dyn Observer<M> + 'o) {
            &mut **observer
        };
    observers.iter_mut().map(plain).collect()
}
