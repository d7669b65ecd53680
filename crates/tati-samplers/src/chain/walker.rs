//! A walker: a sampler over its potential, and the steps and draws that it takes.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use tati_core::{Loss, ModelPotential, ParameterLayout, Result, Rows, require_positive};

use super::recorder::Recorder;
use super::sampler::Mover;
use super::{ChainConfig, Draw, Observer, Statistics, divergence};
use crate::ensemble::Preconditioning;
use crate::{HeatBath, NoiseSource};

/// A chain between two steps, but for its model, which goes through each step by value.
pub(crate) struct Walker<M, R, L> {
    pub(crate) config: ChainConfig,
    pub(crate) potential: ModelPotential<M, R, L>,
    pub(crate) noise: NoiseSource,
    pub(crate) mover: Mover,
    /// What an ensemble changes of the steps of a Burn optimizer.
    pub(crate) preconditioning: Option<Preconditioning>,
    /// What replica exchange sets the inverse temperature with.
    pub(crate) bath: Option<HeatBath>,
    pub(crate) recorder: Option<Recorder>,
    /// Steps and draws taken.
    pub(crate) step: u64,
    pub(crate) num_draws: u64,
    /// Of the last step; complete where it had a draw.
    pub(crate) last: Statistics,
    /// The loss of the last step where it is still on its device.
    unread: Option<Loss>,
}

/// U at a model and its gradients.
pub(crate) type Evaluated = (Loss, GradientsParams);

/// Who looks at the draws of a walker.
pub(crate) type Observers<'o, 'a, M> = &'o mut [&'a mut (dyn Observer<M> + 'a)];

impl<M, R, L> Walker<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// A walker before its first step.
    pub(crate) fn new(
        config: ChainConfig,
        potential: ModelPotential<M, R, L>,
        noise: NoiseSource,
        mover: Mover,
        first_step_size: Option<f64>,
    ) -> Self {
        Self {
            config,
            potential,
            noise,
            mover,
            preconditioning: None,
            bath: None,
            recorder: None,
            step: 0,
            num_draws: 0,
            last: Statistics {
                potential: f64::NAN,
                step_size: first_step_size.unwrap_or(f64::NAN),
                ..Statistics::default()
            },
            unread: None,
        }
    }

    /// One step, with its draw where one is due. A Burn optimizer takes what was `evaluated` at `model` over the
    /// [next batch](Self::next_batch), or goes to it and evaluates it.
    pub(crate) fn take_step(
        &mut self,
        model: M,
        evaluated: Option<Evaluated>,
        observers: Observers<'_, '_, M>,
    ) -> Result<M> {
        let is_draw = self.config.is_draw(self.step);
        let model = match &self.mover {
            Mover::Optimizer { .. } if is_draw => {
                let seen = self.look(&model, observers)?;
                let model = self.optimize(model, evaluated, true)?;
                self.take_draw(seen, observers)?;
                model
            }
            Mover::Optimizer { .. } => self.optimize(model, evaluated, false)?,
            Mover::Kernel(_) => {
                self.transit()?;
                if is_draw {
                    let model = self.place(model)?;
                    let seen = self.look(&model, observers)?;
                    self.take_draw(seen, observers)?;
                    model
                } else {
                    model
                }
            }
        };
        self.step += 1;
        Ok(model)
    }

    /// `model` at the position of the kernel; as it is under an optimizer, which moves it itself.
    pub(crate) fn place(&self, model: M) -> Result<M> {
        let Mover::Kernel(kernel) = &self.mover else {
            return Ok(model);
        };
        move_model(self.layout(), model, kernel.position().to_vec())
    }

    pub(crate) fn layout(&self) -> &ParameterLayout {
        self.potential.layout()
    }

    /// Moves the walker to another inverse temperature.
    pub(crate) fn set_inverse_temperature(&mut self, inverse_temperature: f64) -> Result<()> {
        if let Some(bath) = &self.bath {
            bath.set_inverse_temperature(inverse_temperature)?;
        }
        match &mut self.mover {
            Mover::Kernel(kernel) => kernel.set_inverse_temperature(inverse_temperature),
            Mover::Optimizer { .. } => Ok(()),
        }
    }

    /// Takes down what a draw will need of the model: θ for the record, and the model for observers.
    fn look(
        &mut self,
        model: &M,
        observers: Observers<'_, '_, M>,
    ) -> Result<Option<(M, Tensor<1>)>> {
        if let Some(recorder) = &mut self.recorder {
            recorder.look(model)?;
        }
        if observers.is_empty() {
            return Ok(None);
        }
        let position = self.layout().flatten(model)?;
        Ok(Some((model.valid(), position)))
    }

    fn take_draw(
        &mut self,
        seen: Option<(M, Tensor<1>)>,
        observers: Observers<'_, '_, M>,
    ) -> Result<()> {
        if let Some(bath) = &self.bath {
            self.last.inverse_temperature = Some(bath.inverse_temperature());
            self.last.replica = Some(f64::from(self.noise.walker()));
        }
        let statistics = &self.last;
        if let Some(recorder) = &mut self.recorder {
            recorder.append(self.step, statistics)?;
        }
        if let Some((model, position)) = &seen {
            let draw = Draw {
                index: self.num_draws,
                step: self.step,
                model,
                position,
                statistics,
            };
            for observer in observers {
                observer.observe(&draw)?;
            }
        }
        self.num_draws += 1;
        Ok(())
    }

    /// Goes to the mini-batch of the step to come.
    pub(crate) fn next_batch(&mut self) {
        if self.step > 0 {
            self.potential.next_batch();
        }
    }

    /// A step of a Burn optimizer, measured if `is_draw`.
    fn optimize(&mut self, model: M, evaluated: Option<Evaluated>, is_draw: bool) -> Result<M> {
        let (loss, gradients) = evaluated.unwrap_or_else(|| {
            self.next_batch();
            self.potential.loss_and_gradients(&model)
        });
        let Mover::Optimizer {
            optimizer,
            schedule,
            thermometer,
            owed_share,
        } = &mut self.mover
        else {
            unreachable!("called for optimizers");
        };
        // A chain that has diverged stays so: between draws no device is waited for.
        self.unread = None;
        let potential = if is_draw || loss.is_known() {
            loss.read()
        } else {
            self.unread = Some(loss);
            self.last.potential
        };
        if self.unread.is_none() && !potential.is_finite() {
            let suspect = divergence::suspect(&model, &gradients);
            let walker = self.noise.walker();
            return Err(divergence::error(potential, self.step, walker, suspect));
        }
        let step_sizes = schedule.step();
        require_positive("step_size", step_sizes.base())?;
        self.last = Statistics {
            potential,
            step_size: step_sizes.base(),
            ..Statistics::default()
        };
        let (model, observables) = match &mut self.preconditioning {
            None => {
                if is_draw {
                    thermometer.arm();
                }
                let model = optimizer.step(step_sizes, model, gradients);
                (model, is_draw.then(|| thermometer.read()))
            }
            Some(preconditioning) => {
                let layout = self.potential.layout();
                let owed = owed_share(step_sizes.base());
                let step = |shadow, gradients| optimizer.step(step_sizes, shadow, gradients);
                let thermometer = is_draw.then_some(&*thermometer);
                preconditioning.step(layout, model, gradients, owed, thermometer, step)?
            }
        };
        if let Some(observables) = observables {
            self.last.add(&observables);
            if let Some(norm) = self.last.gradient_norm.filter(|norm| !norm.is_finite()) {
                let walker = self.noise.walker();
                return Err(divergence::gradient_error(norm, self.step, walker));
            }
        }
        Ok(model)
    }

    /// Reads the loss of the last step if it is still on its device. `model` is what that step led to.
    pub(crate) fn read_loss(&mut self, model: &M) -> Result<()> {
        let Some(loss) = self.unread.take() else {
            return Ok(());
        };
        self.last.potential = loss.read();
        if self.last.potential.is_finite() {
            return Ok(());
        }
        let suspect = divergence::suspect(model, &GradientsParams::new());
        let (potential, walker) = (self.last.potential, self.noise.walker());
        Err(divergence::error(potential, self.step - 1, walker, suspect))
    }

    /// A transition of a kernel.
    fn transit(&mut self) -> Result<()> {
        let Mover::Kernel(kernel) = &mut self.mover else {
            unreachable!("called for kernels");
        };
        let transition = kernel.transition(&self.potential)?;
        if !transition.potential.is_finite() {
            let walker = self.noise.walker();
            let potential = transition.potential;
            return Err(divergence::error(potential, self.step, walker, None));
        }
        self.last = transition.into();
        Ok(())
    }
}

/// `model` at `position`.
pub(crate) fn move_model<M: Module>(
    layout: &ParameterLayout,
    model: M,
    position: Vec<f64>,
) -> Result<M> {
    let length = [position.len()];
    let (device, dtype) = (layout.flatten(&model)?.device(), layout.dtype());
    let data = TensorData::new(position, length).convert_dtype(dtype);
    layout.unflatten(model, Tensor::from_data(data, (&device, dtype)))
}
