//! `tati sample`: draws from exp(−βU), by one walker or several, recorded as they come.

mod options;
mod report;
mod sampler;
mod start;

use std::path::PathBuf;

use serde_json::json;
use tati::models::NetworkPotential;
use tati::prelude::*;
use tati::samplers::Progress;

use crate::error::CliError;
use crate::options::saved_run::{SavedRun, require_new};
use crate::options::without_nulls;
use crate::output::Outcome;
use crate::program::Program;

pub use options::SampleArgs;
pub use report::level_of_chains;
use report::{Report, Run};
pub use sampler::SamplerArgs;
use start::Start;

pub fn run(arguments: &SampleArgs, program: &Program) -> Result<Outcome, CliError> {
    let resumed = arguments.resume.clone();
    let saved = match (&resumed, &arguments.from) {
        (Some(folder), _) | (None, Some(folder)) => Some(SavedRun::open(folder)?),
        (None, None) => None,
    };
    let mut arguments = match (&resumed, &saved) {
        (Some(_), Some(saved)) => arguments.resumed(saved)?,
        _ => arguments.clone().resolve(saved.as_ref())?,
    };
    let saved_device = saved.as_ref().map(|saved| saved.device.clone());
    let device_name = program.device_name(saved_device.as_deref());
    if let Some(outcome) = program.dry_run(&arguments) {
        return outcome;
    }
    let Some(folder) = resumed.clone().or(arguments.out.clone()) else {
        return Err(CliError::Usage(
            "--out is missing: the folder of the run".to_string(),
        ));
    };
    if resumed.is_none() {
        require_new(&folder)?;
    }
    let device = program.device(saved_device.as_deref())?;
    let problem = arguments.problem.load()?;
    tracing::info!("{} items of {}", problem.train.len(), problem.origin);
    arguments.complete(&problem);
    let start = Start::of(&arguments, &problem, &device)?;
    arguments.check_start(&start)?;
    let potential = problem.potential(&start.network, &device)?;
    let num_parameters = potential.layout().num_parameters();
    let start_potential = start.potential(&potential, arguments.sampler.prior.prior()?)?;
    let description = json!({
        "command": "sample",
        "options": without_nulls(&arguments)?,
        "device": device_name,
        "start": start.fingerprint,
        "start_potential": start_potential,
    });
    let interrupted = program.interrupt_flag()?;
    let steps = arguments.steps();
    let bar = program.progress("sampling", steps);
    let job = Job {
        arguments: &arguments,
        potential: arguments.batches(potential)?,
        start,
        place: match resumed {
            Some(folder) => Place::Resume(folder),
            None => Place::Record(folder.clone()),
        },
        description,
    };
    let run = job.run(&interrupted, |progress: &Progress| {
        bar.set_position(progress.step);
        bar.set_message(format!("U = {:.4}", progress.potential));
    });
    bar.finish_and_clear();
    let report = Report::new(
        &folder,
        &problem,
        &device_name,
        num_parameters,
        start_potential,
        &arguments,
        run?,
    )?;
    let outcome = Outcome::new(&report, report.text())?;
    Ok(outcome.unless(report.is_interrupted() || report.has_diverged()))
}

/// Where a run is recorded.
enum Place {
    Record(PathBuf),
    Resume(PathBuf),
}

/// Everything that a run needs.
struct Job<'a> {
    arguments: &'a SampleArgs,
    potential: NetworkPotential,
    start: Start,
    place: Place,
    description: serde_json::Value,
}

impl Job<'_> {
    fn run(
        self,
        interrupted: &std::sync::Arc<std::sync::atomic::AtomicBool>,
        report: impl FnMut(&Progress),
    ) -> Result<Run, CliError> {
        let arguments = self.arguments;
        let sampler = arguments.sampler.build()?;
        let chain = arguments.chain();
        let Start {
            network, walkers, ..
        } = self.start;
        // Chain, ensemble and exchange are alike in all but name.
        macro_rules! drive {
            ($job:expr) => {{
                let job = $job
                    .with_description(self.description)
                    .with_interrupt(interrupted)
                    .with_progress(report);
                let job = match &self.place {
                    Place::Record(folder) => job.record(folder)?,
                    Place::Resume(folder) => job.resume(folder)?,
                };
                Run::from(job.run()?.summary)
            }};
        }
        if let Some(exchange) = arguments.replica_exchange(&chain)? {
            let exchange = exchange.init(network, self.potential, sampler)?;
            let exchange = match walkers {
                Some(walkers) => exchange.with_starts(walkers)?,
                None => exchange,
            };
            return Ok(drive!(exchange));
        }
        let num_walkers = arguments.walkers();
        if num_walkers == 1 && !arguments.needs_ensemble() {
            return Ok(drive!(chain.init(network, self.potential, sampler)?));
        }
        let ensemble = EnsembleConfig::new(num_walkers, chain)
            .with_jitter(arguments.jitter())
            .with_quasi_newton(arguments.quasi_newton())
            .with_stop_at_divergence(arguments.stop_at_divergence)
            .init(network, self.potential, sampler)?;
        let ensemble = match walkers {
            Some(walkers) => ensemble.with_starts(walkers)?,
            None => ensemble,
        };
        Ok(drive!(ensemble))
    }
}
