//! The loop of a chain: steps and draws.

mod checkpoint;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{DType, Tensor, TensorData};
use tati_core::{ParameterLayout, Result, Rows, require_positive};

use super::recorder::Recorder;
use super::sampler::Mover;
use super::{Chain, Draw, Finished, Place, Progress, Statistics, Summary, divergence};
use checkpoint::model_bytes;

/// Time from one report of the progress to the next.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Draws reach the disk at least this often.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// A chain under way, but for its model, which goes through each step by value.
struct Drive<'a, M, R, L> {
    chain: Chain<'a, M, R, L>,
    mover: Mover,
    recorder: Option<Recorder>,
    /// Steps and draws taken.
    step: u64,
    num_draws: u64,
    /// Of the last step; complete where it had a draw.
    last: Statistics,
    clock: Clock,
}

/// What the loop has to do by the time of day.
struct Clock {
    started: Instant,
    first_step: u64,
    next_report: Instant,
    next_flush: Instant,
    last_checkpoint: Instant,
}

/// Runs `chain` to its end, or until it is interrupted.
pub(super) fn run<'a, M, R, L>(mut chain: Chain<'a, M, R, L>) -> Result<Finished<M>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    let layout = chain.potential.layout().clone();
    let Some(mut model) = chain.model.take() else {
        unreachable!("a chain has its model until it is run");
    };
    let mut drive = Drive {
        mover: chain
            .sampler
            .start(&chain.noise, || layout.flatten(&model))?,
        recorder: None,
        step: 0,
        num_draws: 0,
        last: Statistics {
            potential: f64::NAN,
            step_size: chain.sampler.first_step_size().unwrap_or(f64::NAN),
            ..Statistics::default()
        },
        clock: Clock::start(0),
        chain,
    };
    if let Some((folder, place)) = drive.chain.folder.take() {
        let checkpoint = match place {
            Place::New => None,
            Place::Resumed => folder.checkpoint()?,
        };
        if let Some(state) = &checkpoint {
            model = drive.restore(&folder, state, model)?;
        }
        let kept_draws = checkpoint.map(|state| state.num_draws);
        let config = drive.chain.run_config();
        drive.recorder = Some(Recorder::new(folder, kept_draws, &config, &layout)?);
    }
    drive.clock = Clock::start(drive.step);
    let outcome = drive.take_steps(model);
    // Draws taken before a failure are kept, whatever it was; the failure is what is reported.
    let kept = drive.recorder.as_mut().map_or(Ok(()), Recorder::flush);
    let model = outcome?;
    kept?;
    drive.finish(model)
}

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    fn take_steps(&mut self, mut model: M) -> Result<M> {
        while self.step < self.chain.config.num_steps && !self.is_interrupted() {
            model = self.take_step(model)?;
            self.step += 1;
            self.attend_to_clock(&model)?;
        }
        Ok(model)
    }

    fn is_interrupted(&self) -> bool {
        self.chain.interrupted.load(Ordering::Relaxed)
    }

    /// One step, with its draw where one is due.
    fn take_step(&mut self, model: M) -> Result<M> {
        let is_draw = self.chain.config.is_draw(self.step);
        match &self.mover {
            Mover::Optimizer { .. } if is_draw => {
                let seen = self.look(&model)?;
                let model = self.optimize(model, true)?;
                self.take_draw(seen)?;
                Ok(model)
            }
            Mover::Optimizer { .. } => self.optimize(model, false),
            Mover::Kernel(_) => {
                self.transit()?;
                if !is_draw {
                    return Ok(model);
                }
                let model = self.place(model)?;
                let seen = self.look(&model)?;
                self.take_draw(seen)?;
                Ok(model)
            }
        }
    }

    /// Takes down what a draw will need of the model: θ for the record, and the model for observers.
    fn look(&mut self, model: &M) -> Result<Option<(M, Tensor<1>)>> {
        if let Some(recorder) = &mut self.recorder {
            recorder.look(model)?;
        }
        if self.chain.observers.is_empty() {
            return Ok(None);
        }
        let position = self.layout().flatten(model)?;
        Ok(Some((model.valid(), position)))
    }

    fn take_draw(&mut self, seen: Option<(M, Tensor<1>)>) -> Result<()> {
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
            for observer in &mut self.chain.observers {
                observer.observe(&draw)?;
            }
        }
        self.num_draws += 1;
        Ok(())
    }

    /// A step of a Burn optimizer, measured if `is_draw`.
    fn optimize(&mut self, model: M, is_draw: bool) -> Result<M> {
        let Mover::Optimizer {
            optimizer,
            schedule,
            thermometer,
        } = &mut self.mover
        else {
            unreachable!("called for optimizers");
        };
        if self.step > 0 {
            self.chain.potential.next_batch();
        }
        let (loss, gradients) = self.chain.potential.gradients(&model);
        if !loss.is_finite() {
            let suspect = divergence::suspect(&model, &gradients);
            let walker = self.chain.noise.walker();
            return Err(divergence::error(loss, self.step, walker, suspect));
        }
        let step_sizes = schedule.step();
        require_positive("step_size", step_sizes.base())?;
        self.last = Statistics {
            potential: loss,
            step_size: step_sizes.base(),
            ..Statistics::default()
        };
        if is_draw {
            thermometer.arm();
        }
        let model = optimizer.step(step_sizes, model, gradients);
        if is_draw {
            self.last.add(&thermometer.read());
            if let Some(norm) = self.last.gradient_norm.filter(|norm| !norm.is_finite()) {
                let walker = self.chain.noise.walker();
                return Err(divergence::gradient_error(norm, self.step, walker));
            }
        }
        Ok(model)
    }

    /// A transition of a kernel.
    fn transit(&mut self) -> Result<()> {
        let Mover::Kernel(kernel) = &mut self.mover else {
            unreachable!("called for kernels");
        };
        let transition = kernel.transition(&self.chain.potential)?;
        if !transition.potential.is_finite() {
            let walker = self.chain.noise.walker();
            return Err(divergence::error(
                transition.potential,
                self.step,
                walker,
                None,
            ));
        }
        self.last = transition.into();
        Ok(())
    }

    /// `model` at the position of the kernel; as it is under an optimizer, which moves it itself.
    fn place(&self, model: M) -> Result<M> {
        let Mover::Kernel(kernel) = &self.mover else {
            return Ok(model);
        };
        let layout = self.layout();
        let position = kernel.position();
        let data = TensorData::new(position.to_vec(), [position.len()]);
        let device = layout.flatten(&model)?.device();
        let dtype: DType = layout.dtype();
        let flat = Tensor::from_data(data.convert_dtype(dtype), (&device, dtype));
        layout.unflatten(model, flat)
    }

    fn layout(&self) -> &ParameterLayout {
        self.chain.potential.layout()
    }

    fn attend_to_clock(&mut self, model: &M) -> Result<()> {
        let config = &self.chain.config;
        let every_steps = config.checkpoint_every_steps;
        let mut is_checkpoint = every_steps.is_some_and(|steps| self.step.is_multiple_of(steps));
        let now = Instant::now();
        if now >= self.clock.next_report {
            self.clock.next_report = now + REPORT_EVERY;
            let since = now.duration_since(self.clock.last_checkpoint).as_secs_f64();
            is_checkpoint |= config
                .checkpoint_every_seconds
                .is_some_and(|every| since >= every);
            if now >= self.clock.next_flush {
                self.clock.next_flush = now + FLUSH_EVERY;
                self.recorder.as_mut().map_or(Ok(()), Recorder::flush)?;
            }
            self.report();
        }
        if is_checkpoint {
            self.save_checkpoint(model)?;
            self.clock.last_checkpoint = now;
        }
        Ok(())
    }

    fn report(&mut self) {
        let progress = Progress {
            step: self.step,
            num_steps: self.chain.config.num_steps,
            num_draws: self.num_draws,
            steps_per_second: self.clock.steps_per_second(self.step),
            potential: self.last.potential,
        };
        if let Some(report) = &mut self.chain.progress {
            report(&progress);
        }
    }

    fn finish(mut self, model: M) -> Result<Finished<M>> {
        let model = self.place(model)?;
        self.report();
        let summary = Summary {
            sampler: self.chain.sampler.name().to_string(),
            seed: self.chain.noise.seed(),
            num_steps: self.step,
            num_draws: self.num_draws,
            interrupted: self.step < self.chain.config.num_steps,
            step_size: self.last.step_size,
            steps_per_second: self.clock.steps_per_second(self.step),
        };
        self.save_checkpoint(&model)?;
        if let Some(recorder) = &self.recorder {
            recorder.folder.save_model(&model_bytes(&model)?)?;
            recorder.folder.write_summary(&summary)?;
        }
        Ok(Finished { model, summary })
    }
}

impl Clock {
    fn start(first_step: u64) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            first_step,
            next_report: now,
            next_flush: now + FLUSH_EVERY,
            last_checkpoint: now,
        }
    }

    fn steps_per_second(&self, step: u64) -> f64 {
        (step - self.first_step) as f64 / self.started.elapsed().as_secs_f64()
    }
}
