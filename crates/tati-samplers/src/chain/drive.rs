//! The loop of a chain: steps, draws, and what is due by the clock.

mod checkpoint;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use tati_core::{Result, Rows, guard_devices};

use super::checkpoint::model_bytes;
use super::clock::Clock;
use super::recorder::{Recorder, Store};
use super::walker::Walker;
use super::{Chain, Finished, Observer, Place, Progress, Report, Summary};

/// A chain under way, but for its model, which goes through each step by value.
struct Drive<'a, M, R, L> {
    walker: Walker<M, R, L>,
    observers: Vec<&'a mut dyn Observer<M>>,
    progress: Option<Report<'a>>,
    interrupted: Arc<AtomicBool>,
    /// The sampler's name.
    sampler: String,
    clock: Clock,
}

/// Runs `chain` to its end, or until it is interrupted.
pub(super) fn run<M, R, L>(chain: Chain<'_, M, R, L>) -> Result<Finished<M>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    let models = chain.model.iter();
    let devices: Vec<Device> = models.flat_map(|model| model.devices()).collect();
    guard_devices(&devices, || sample(chain, &devices))
}

fn sample<M, R, L>(mut chain: Chain<'_, M, R, L>, devices: &[Device]) -> Result<Finished<M>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    let layout = chain.potential.layout().clone();
    let Some(mut model) = chain.model.take() else {
        unreachable!("a chain has its model until it is run");
    };
    let config = chain.run_config();
    let mover = chain
        .sampler
        .start(&chain.noise, || layout.flatten(&model))?;
    let mut drive = Drive {
        walker: Walker::new(
            chain.config,
            chain.potential,
            chain.noise,
            mover,
            chain.sampler.first_step_size(),
        ),
        observers: chain.observers,
        progress: chain.progress,
        interrupted: chain.interrupted,
        sampler: chain.sampler.name().to_string(),
        clock: Clock::start(0),
    };
    if let Some((folder, place)) = chain.folder {
        let checkpoint = match place {
            Place::New => None,
            Place::Resumed => folder.checkpoint()?,
        };
        if let Some(state) = &checkpoint {
            model = drive.restore(&folder, state, model)?;
        }
        let kept_draws = checkpoint.map(|state| vec![state.num_draws]);
        let store = Store::new(folder, kept_draws, 1, &config, &layout)?;
        drive.walker.recorder = Some(Recorder::new(&store.shared(), 0, &layout));
    }
    drive.clock = Clock::start(drive.walker.step);
    let outcome = guard_devices(devices, || drive.take_steps(model));
    // Draws taken before a failure are kept, whatever it was; the failure is what is reported.
    let kept = drive.flush();
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
        while self.walker.step < self.walker.config.num_steps && !self.is_interrupted() {
            model = self.walker.take_step(model, None, &mut self.observers)?;
            self.attend_to_clock(&model)?;
        }
        Ok(model)
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn flush(&self) -> Result<()> {
        let recorder = self.walker.recorder.as_ref();
        recorder.map_or(Ok(()), |recorder| recorder.store().flush())
    }

    fn attend_to_clock(&mut self, model: &M) -> Result<()> {
        let due = self.clock.due(&self.walker.config, self.walker.step);
        if due.flush {
            self.flush()?;
        }
        if due.report {
            self.report(model)?;
        }
        if due.checkpoint {
            self.walker.read_loss(model)?;
            self.save_checkpoint(model)?;
        }
        Ok(())
    }

    fn report(&mut self, model: &M) -> Result<()> {
        let Some(report) = &mut self.progress else {
            return Ok(());
        };
        self.walker.read_loss(model)?;
        let progress = Progress {
            step: self.walker.step,
            num_steps: self.walker.config.num_steps,
            num_draws: self.walker.num_draws,
            steps_per_second: self.clock.steps_per_second(self.walker.step),
            potential: self.walker.last.potential,
        };
        report(&progress);
        Ok(())
    }

    fn finish(mut self, model: M) -> Result<Finished<M>> {
        self.walker.read_loss(&model)?;
        let walker = &self.walker;
        let model = walker.place(model)?;
        let summary = Summary {
            sampler: self.sampler.clone(),
            seed: walker.noise.seed(),
            num_steps: walker.step,
            num_draws: walker.num_draws,
            interrupted: walker.step < walker.config.num_steps,
            step_size: walker.last.step_size,
            steps_per_second: self.clock.steps_per_second(walker.step),
        };
        self.report(&model)?;
        self.save_checkpoint(&model)?;
        if let Some(recorder) = &self.walker.recorder {
            let store = recorder.store();
            store.folder.save_model("model", &model_bytes(&model)?)?;
            store.folder.write_summary(&summary)?;
        }
        Ok(Finished { model, summary })
    }
}
