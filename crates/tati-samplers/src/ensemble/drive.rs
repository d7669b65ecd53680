//! The loop of an ensemble: stretches of steps that the walkers take apart, and what they do together in between.

use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use tati_core::{Loss, Result, Rows, TatiError, guard_devices};

use super::member::Member;
use super::moments::Moments;
use super::refresh::Look;
use super::replica_exchange::Exchange;
use super::{Ensemble, EnsembleConfig, EnsembleSummary, ReplicaExchangeSummary, start};
use crate::chain::checkpoint::model_bytes;
use crate::chain::clock::Clock;
use crate::chain::recorder::{Recorder, Store};
use crate::chain::{Progress, Report};

/// A stretch is lengthened where it took less time, and shortened where it took more than four times as much: the walkers seldom wait for
/// each other, and the clock is looked at often.
const STRETCH: Duration = Duration::from_millis(20);
const LONGEST_STRETCH: u64 = 1 << 20;

/// An ensemble under way.
pub(super) struct Drive<'a, M, R, L> {
    pub(super) config: EnsembleConfig,
    pub(super) members: Vec<Member<'a, M, R, L>>,
    pub(super) store: Option<Arc<Mutex<Store>>>,
    /// Steps taken by each walker that is not stopped.
    pub(super) step: u64,
    /// The last look at the walkers, for the checkpoint, and until the next step the one before.
    pub(super) look: Option<Look>,
    pub(super) previous_look: Option<Look>,
    /// The parameters that are preconditioned together.
    pub(super) groups: Vec<Vec<Range<usize>>>,
    /// What makes the members the rungs of a ladder.
    pub(super) exchange: Option<Exchange>,
    /// Walkers that take a step at a time with one evaluation of the potential.
    together: usize,
    sampler: String,
    pub(super) seed: u64,
    progress: Option<Report<'a>>,
    interrupted: Arc<AtomicBool>,
    clock: Clock,
}

/// An ensemble that has come to its end.
pub(super) struct Ended<M> {
    pub(super) models: Vec<Option<M>>,
    pub(super) summary: EnsembleSummary,
    /// Of a replica exchange.
    pub(super) exchange: Option<ReplicaExchangeSummary>,
}

/// Walkers that share products over a mini-batch: few enough that there is work for all threads.
const WALKERS_PER_BATCH: usize = 4;

/// Runs `ensemble` to its end, or until it is interrupted.
pub(super) fn run<M, R, L>(ensemble: Ensemble<'_, M, R, L>) -> Result<Ended<M>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    let mut devices = ensemble.devices.clone();
    devices.extend(ensemble.model.devices());
    guard_devices(&devices, || sample(ensemble, &devices))
}

fn sample<M, R, L>(mut ensemble: Ensemble<'_, M, R, L>, devices: &[Device]) -> Result<Ended<M>>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    let layout = ensemble.potential.layout().clone();
    let run_config = ensemble.run_config();
    let groups = match &ensemble.config.quasi_newton {
        Some(quasi_newton) => quasi_newton.ranges(&layout)?,
        None => Vec::new(),
    };
    // What walkers can share of a product is the data, on one device.
    let can_share = ensemble.potential.has_closed_form_gradients()
        && ensemble.sampler.is_optimizer()
        && ensemble.devices.is_empty();
    let together = match ensemble.potential.batch_order() {
        None => ensemble.config.num_walkers,
        Some(_) if ensemble.config.shared_batches => WALKERS_PER_BATCH,
        Some(_) => 1,
    };
    let mut drive = Drive {
        together: if can_share { together } else { 1 },
        members: start::members(&mut ensemble)?,
        config: ensemble.config,
        store: None,
        step: 0,
        look: None,
        previous_look: None,
        groups,
        exchange: ensemble.exchange,
        sampler: ensemble.sampler.name().to_string(),
        seed: ensemble.seed,
        progress: ensemble.progress,
        interrupted: ensemble.interrupted,
        clock: Clock::start(0),
    };
    if let Some((folder, is_resumed)) = ensemble.folder {
        let checkpoint = if is_resumed {
            folder.checkpoint()?
        } else {
            None
        };
        if let Some(state) = &checkpoint {
            drive.restore(&folder, state)?;
        }
        let kept = checkpoint.map(|state| {
            let walkers = state.walkers.iter();
            walkers.map(|walker| walker.num_draws).collect()
        });
        let num_chains = drive.members.len();
        let store = Store::new(folder, kept, num_chains, &run_config, &layout)?.shared();
        for (chain, member) in drive.members.iter_mut().enumerate() {
            member.walker.recorder = Some(Recorder::new(&store, chain, &layout));
        }
        drive.store = Some(store);
    }
    drive.clock = Clock::start(drive.step);
    let outcome = guard_devices(devices, || drive.take_steps());
    // Draws taken before a failure are kept, whatever it was; the failure is what is reported.
    let kept = drive.flush();
    outcome?;
    kept?;
    drive.finish()
}

impl<M, R, L> Drive<'_, M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    fn take_steps(&mut self) -> Result<()> {
        let mut stretch = 1;
        let num_steps = self.config.chain.num_steps;
        while self.step < num_steps && !self.interrupted.load(Ordering::Relaxed) {
            let began = Instant::now();
            let end = self.next_stop(stretch);
            self.advance(end);
            let exchange = self.exchange.as_ref();
            if let Some(exchange) = exchange.filter(|exchange| exchange.is_sweep(end)) {
                let alive = self.members.par_iter_mut();
                alive
                    .filter(|member| member.is_alive())
                    .for_each(|member| member.look_up_potential(exchange));
            }
            self.step = end;
            let mut members = self.members.iter_mut().enumerate();
            let failure = members.find_map(|(index, member)| Some((index, member.failure.take()?)));
            if let Some((index, error)) = failure {
                return Err(match &self.exchange {
                    Some(exchange) => exchange.at_rung(error, index),
                    None => error,
                });
            }
            self.check_that_one_is_left()?;
            self.refresh()?;
            self.exchange()?;
            self.attend_to_clock()?;
            let took = began.elapsed();
            if took < STRETCH {
                // Without end where the walkers have to meet often.
                stretch = (2 * stretch).min(LONGEST_STRETCH);
            } else if took > 4 * STRETCH {
                stretch = (stretch / 2).max(1);
            }
        }
        Ok(())
    }

    /// Takes all walkers to step `end`.
    fn advance(&mut self, end: u64) {
        self.previous_look = None;
        let stop_at_divergence = self.config.stop_at_divergence;
        if self.together == 1 {
            let members = self.members.par_iter_mut();
            return members.for_each(|member| member.advance(end, stop_at_divergence));
        }
        let steps = self.step..end;
        let groups = self.members.par_chunks_mut(self.together);
        groups.for_each(|members| {
            for _ in steps.clone() {
                step_together(members, stop_at_divergence);
            }
        });
    }

    /// The step at which the walkers next meet.
    fn next_stop(&self, stretch: u64) -> u64 {
        let chain = &self.config.chain;
        let refresh = self.config.quasi_newton.as_ref();
        let multiples = [
            refresh.map(|quasi_newton| quasi_newton.refresh_every),
            self.exchange.as_ref().map(Exchange::every),
            chain.checkpoint_every_steps,
        ];
        let next = |every: u64| (self.step / every + 1).saturating_mul(every);
        let stops = multiples.into_iter().flatten().map(next);
        stops.fold(chain.num_steps.min(self.step + stretch), u64::min)
    }

    fn check_that_one_is_left(&self) -> Result<()> {
        if self.members.iter().any(Member::is_alive) {
            return Ok(());
        }
        let walkers = self.members.iter().map(|member| &member.walker);
        let first = walkers.min_by_key(|walker| walker.step);
        let first = first.map(|walker| (walker.noise.walker(), walker.step));
        let (walker, step) = first.unwrap_or_default();
        Err(TatiError::NotFinite {
            what: format!("every walker's potential, first that of walker {walker} at step {step}"),
            value: f64::NAN,
            remedy: "use a smaller step size, or a prior that keeps the parameters bounded",
        })
    }

    fn flush(&self) -> Result<()> {
        let store = self.store.as_ref();
        store.map_or(Ok(()), |store| locked(store).flush())
    }

    fn attend_to_clock(&mut self) -> Result<()> {
        let due = self.clock.due(&self.config.chain, self.step);
        if due.flush {
            self.flush()?;
        }
        if due.report {
            self.report();
        }
        if due.checkpoint {
            self.save_checkpoint()?;
        }
        Ok(())
    }

    fn report(&mut self) {
        let walkers = self.members.iter().map(|member| &member.walker);
        let progress = Progress {
            step: self.step,
            num_steps: self.config.chain.num_steps,
            num_draws: walkers.map(|walker| walker.num_draws).sum(),
            steps_per_second: self.clock.steps_per_second(self.step),
            potential: self.members[0].walker.last.potential,
        };
        if let Some(report) = &mut self.progress {
            report(&progress);
        }
    }

    fn finish(mut self) -> Result<Ended<M>> {
        self.report();
        for member in &mut self.members {
            if let Some(model) = member.model.take() {
                member.model = Some(member.walker.place(model)?);
            }
        }
        self.save_checkpoint()?;
        let mut pooled = Moments::default();
        for member in &self.members {
            pooled.merge(&member.moments);
        }
        let alive = self
            .members
            .iter()
            .filter(|member| member.is_alive())
            .count();
        let summary = EnsembleSummary {
            sampler: self.sampler,
            seed: self.seed,
            num_steps: self.step,
            interrupted: self.step < self.config.chain.num_steps,
            walker_steps_per_second: alive as f64 * self.clock.steps_per_second(self.step),
            walkers: self.members.iter().map(Member::summary).collect(),
            pooled: pooled.summaries(),
        };
        let exchange = self.exchange.as_ref();
        let exchange = exchange.map(|exchange| exchange.summary(&summary));
        if let Some(store) = &self.store {
            let store = locked(store);
            for (index, member) in self.members.iter().enumerate() {
                if let Some(model) = &member.model {
                    let name = format!("model{index}");
                    store.folder.save_model(&name, &model_bytes(model)?)?;
                }
            }
            match &exchange {
                Some(exchange) => store.folder.write_summary(exchange)?,
                None => store.folder.write_summary(&summary)?,
            }
        }
        Ok(Ended {
            exchange,
            models: self
                .members
                .into_iter()
                .map(|member| member.model)
                .collect(),
            summary,
        })
    }
}

/// One step of walkers that see the same data, with one evaluation of the potential for all.
fn step_together<M, R, L>(members: &mut [Member<'_, M, R, L>], stop_at_divergence: bool)
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
{
    let alive = members.iter_mut().filter(|member| member.is_alive());
    let mut alive: Vec<_> = alive.collect();
    alive
        .iter_mut()
        .for_each(|member| member.walker.next_batch());
    let Some(first) = alive.first() else {
        return;
    };
    let models = alive.iter().filter_map(|member| member.model.clone());
    let models: Vec<M> = models.collect();
    let evaluated = first.walker.potential.gradients_of(&models);
    let known = |(loss, gradients)| (Loss::Known(loss), gradients);
    let evaluated = evaluated.into_iter().map(known);
    // The samplers work in place on what nobody else holds.
    drop(models);
    let jobs: Vec<_> = alive.drain(..).zip(evaluated).collect();
    jobs.into_par_iter().for_each(|(member, evaluated)| {
        member.take_step(Some(evaluated), stop_at_divergence);
    });
}

/// The store. Only one thread is at work on it between two stretches.
pub(super) fn locked(store: &Mutex<Store>) -> std::sync::MutexGuard<'_, Store> {
    store
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
