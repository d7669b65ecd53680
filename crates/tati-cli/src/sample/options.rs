//! The options of `tati sample`, and how they are filled in.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tati::models::NetworkPotential;
use tati::prelude::*;

use super::sampler::{SamplerArgs, SamplerName, ScheduleName};
use super::start::Start;
use crate::error::CliError;
use crate::options::data::absolute;
use crate::options::problem::{Problem, ProblemArgs};
use crate::options::saved_run::SavedRun;
use crate::options::without_nulls;

/// Draw from exp(−βU) and record the draws
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(
    next_help_heading = "Run",
    after_help = "Example: tati sample --from optimum --step-size 0.05 --steps 10000 --walkers 4 --out draws\n\
                  Go on with a stopped run: tati sample --resume draws"
)]
pub struct SampleArgs {
    /// The folder of the run, which must not exist
    #[arg(long, value_name = "DIR", required_unless_present = "resume")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
    /// Go on with the run in a folder; --steps may be larger than it was
    #[arg(long, value_name = "RUN", conflicts_with_all = ["out", "from"])]
    #[serde(skip)]
    pub resume: Option<PathBuf>,
    /// Begin with the models of a saved run, and its data, model and prior if none are given
    #[arg(long, value_name = "RUN")]
    pub from: Option<PathBuf>,
    /// Steps in all [default: 10000]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Steps at the start that are not recorded [default: 0]
    #[arg(long, value_name = "N")]
    burn_in: Option<u64>,
    /// Record every N-th step [default: 10]
    #[arg(long, value_name = "N")]
    every: Option<u64>,
    /// Items in a mini-batch [default: all]
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Steps from one checkpoint to the next, beside one a minute
    #[arg(long, value_name = "N", hide_short_help = true)]
    checkpoint_every: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub sampler: SamplerArgs,
    /// Walkers [default: 1]
    #[arg(long, value_name = "W", help_heading = "Walkers")]
    walkers: Option<usize>,
    /// Standard deviation by which their starts differ [default: 0]
    #[arg(
        long,
        value_name = "S",
        help_heading = "Walkers",
        hide_short_help = true
    )]
    jitter: Option<f64>,
    /// η of ensemble quasi-Newton preconditioning, for sgld, gla1, gla2, baoab and hmc
    #[arg(long, value_name = "ETA", help_heading = "Walkers")]
    covariance_blending: Option<f64>,
    /// Steps from one look at the walkers to the next [default: 1000]
    #[arg(
        long,
        value_name = "N",
        help_heading = "Walkers",
        requires = "covariance_blending",
        hide_short_help = true
    )]
    refresh_every: Option<u64>,
    /// At each look a walker learns only from those before it in an order drawn anew: right however often they look
    #[arg(
        long,
        help_heading = "Walkers",
        requires = "covariance_blending",
        hide_short_help = true
    )]
    ordered: bool,
    /// At each look all walkers go to the lowest: finds minima, draws nothing
    #[arg(
        long,
        help_heading = "Walkers",
        requires = "covariance_blending",
        hide_short_help = true
    )]
    collapse: bool,
    /// Parameters of a preconditioner of their own, as layers.0,layers.1; may be repeated
    #[arg(
        long,
        value_name = "NAMES",
        help_heading = "Walkers",
        requires = "covariance_blending",
        hide_short_help = true
    )]
    group: Option<Vec<String>>,
    /// End with an error as soon as one walker diverges
    #[arg(long, help_heading = "Walkers", hide_short_help = true)]
    pub stop_at_divergence: bool,
    /// Replica exchange: the walkers are at temperatures up to this β
    #[arg(long, value_name = "B", help_heading = "Walkers", conflicts_with_all = ["covariance_blending", "jitter"], hide_short_help = true)]
    hottest: Option<f64>,
    /// Steps from one exchange to the next [default: 10]
    #[arg(
        long,
        value_name = "N",
        help_heading = "Walkers",
        requires = "hottest",
        hide_short_help = true
    )]
    swap_every: Option<u64>,
    /// Move the temperatures during burn-in until all exchange alike
    #[arg(
        long,
        help_heading = "Walkers",
        requires = "hottest",
        hide_short_help = true
    )]
    tune_ladder: bool,
    #[command(flatten)]
    #[serde(flatten)]
    pub problem: ProblemArgs,
}

/// What may change when a run is resumed.
const RESUMABLE: [&str; 2] = ["steps", "checkpoint-every"];

impl SampleArgs {
    /// The options in full, but for what the data decide.
    pub fn resolve(mut self, saved: Option<&SavedRun>) -> Result<Self, CliError> {
        self.problem = self.problem.resolve(saved.map(|saved| &saved.problem))?;
        let prior = saved.map(SavedRun::options).transpose()?;
        self.sampler.prior = self.sampler.prior.over(prior.as_ref());
        self.from = self.from.map(|from| absolute(&from)).transpose()?;
        let steps = *self.steps.get_or_insert(10_000);
        self.burn_in.get_or_insert(0);
        self.every.get_or_insert(10);
        self.walkers.get_or_insert(1);
        let sampler = &mut self.sampler;
        sampler.sampler.get_or_insert(SamplerName::Baoab);
        sampler.seed.get_or_insert_with(entropy_seed);
        let is_scheduled = sampler
            .schedule
            .is_some_and(|name| name != ScheduleName::Constant);
        if is_scheduled {
            sampler.schedule_steps.get_or_insert(steps as usize);
        } else if sampler.schedule_steps.is_some() {
            return Err(CliError::Usage(
                "--schedule-steps means nothing without --schedule: give both or none".to_string(),
            ));
        }
        if sampler.anneal_from.is_some() && sampler.anneal_steps.is_none() {
            sampler.anneal_steps = self.burn_in.map(|steps| steps as usize);
        }
        if self.needs_ensemble() && self.walkers == Some(1) && self.jitter.is_none() {
            return Err(CliError::Usage(
                "--walkers is 1: ensembles and replica exchange take at least 2".to_string(),
            ));
        }
        Ok(self)
    }

    /// The options that a saved run was begun with, and a larger number of steps.
    pub fn resumed(&self, saved: &SavedRun) -> Result<Self, CliError> {
        saved.require_sampling()?;
        let given = without_nulls(self)?;
        let changed = given
            .as_object()
            .into_iter()
            .flatten()
            .find(|(key, value)| {
                !RESUMABLE.contains(&key.as_str()) && **value != serde_json::Value::Bool(false)
            });
        if let Some((key, _)) = changed {
            return Err(CliError::Usage(format!(
                "--{key} cannot be changed by --resume: leave it out, or begin a new run by --from"
            )));
        }
        let recorded: Self = saved.options()?;
        Ok(Self {
            resume: self.resume.clone(),
            steps: self.steps.or(recorded.steps),
            checkpoint_every: self.checkpoint_every.or(recorded.checkpoint_every),
            ..recorded
        })
    }

    /// Fills in what the data decide: the posterior of n items has β = n.
    pub fn complete(&mut self, problem: &Problem) {
        let posterior = InverseTemperature::posterior(problem.train.len());
        self.sampler.inverse_temperature.get_or_insert(posterior);
    }

    pub fn seed(&self) -> u64 {
        self.sampler.seed.unwrap_or(0)
    }

    pub fn steps(&self) -> u64 {
        self.steps.unwrap_or(10_000)
    }

    pub fn walkers(&self) -> usize {
        self.walkers.unwrap_or(1)
    }

    pub fn jitter(&self) -> f64 {
        self.jitter.unwrap_or(0.0)
    }

    /// Whether one walker would not do.
    pub fn needs_ensemble(&self) -> bool {
        self.covariance_blending.is_some() || self.hottest.is_some() || self.jitter.is_some()
    }

    pub fn chain(&self) -> ChainConfig {
        ChainConfig::new(self.steps())
            .with_burn_in(self.burn_in.unwrap_or(0))
            .with_thinning(self.every.unwrap_or(10))
            .with_checkpoint_every_steps(self.checkpoint_every)
    }

    pub fn quasi_newton(&self) -> Option<QuasiNewtonConfig> {
        let names = |group: &String| {
            group
                .split(',')
                .map(|name| name.trim().to_string())
                .collect()
        };
        let groups = self.group.as_ref();
        self.covariance_blending.map(|blending| {
            QuasiNewtonConfig::new(blending)
                .with_refresh_every(self.refresh_every.unwrap_or(1000))
                .with_ordered(self.ordered)
                .with_collapse(self.collapse)
                .with_groups(groups.map(|groups| groups.iter().map(names).collect()))
        })
    }

    /// The ladder, from β down to the hottest.
    pub fn replica_exchange(
        &self,
        chain: &ChainConfig,
    ) -> Result<Option<ReplicaExchangeConfig>, CliError> {
        let (Some(hottest), Some(coldest)) = (self.hottest, self.sampler.inverse_temperature)
        else {
            return Ok(None);
        };
        if !(hottest > 0.0 && hottest < coldest && coldest.is_finite()) {
            return Err(CliError::Usage(format!(
                "--hottest is {hottest}: it must be between 0 and --inverse-temperature, {coldest}"
            )));
        }
        let rungs = self.walkers();
        let config = ReplicaExchangeConfig::geometric(coldest, hottest, rungs, chain.clone());
        Ok(Some(
            config
                .with_swap_every(self.swap_every.unwrap_or(10))
                .with_tune_ladder(self.tune_ladder),
        ))
    }

    /// The potential over mini-batches, if there are to be any.
    pub fn batches(&self, potential: NetworkPotential) -> Result<NetworkPotential, CliError> {
        match self.batch_size {
            Some(size) => Ok(potential.with_batch_size(size, self.seed())?),
            None => Ok(potential),
        }
    }

    /// Refuses to resume from another start than the run was begun at.
    pub fn check_start(&self, start: &Start) -> Result<(), CliError> {
        let Some(folder) = &self.resume else {
            return Ok(());
        };
        let description = tati::samplers::recorded_description(folder)?.unwrap_or_default();
        let recorded = description.get("start").and_then(serde_json::Value::as_str);
        if recorded == Some(start.fingerprint.as_str()) {
            return Ok(());
        }
        let from = self.from.as_ref().map_or_else(
            || "the random start".to_string(),
            |from| format!("the model in {}", from.display()),
        );
        Err(CliError::Usage(format!(
            "{}: {from}, or the table of data, is not what the run was begun with: put it back, or begin a new run",
            folder.display()
        )))
    }
}
