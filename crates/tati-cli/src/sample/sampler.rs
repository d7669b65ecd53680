//! Which sampler, with which settings and schedules.

use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tati::prelude::*;
use tati::samplers::HmcOrder;

use crate::error::CliError;
use crate::options::number;
use crate::options::prior::PriorArgs;

/// A sampler and its settings.
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(next_help_heading = "Sampler")]
pub struct SamplerArgs {
    /// The sampler [default: baoab]
    #[arg(long, value_name = "NAME")]
    pub sampler: Option<SamplerName>,
    /// h; nuts finds its own
    #[arg(long, value_name = "H")]
    pub step_size: Option<f64>,
    /// β of exp(−βU); inf is plain descent [default: the number of items, the posterior]
    #[arg(long, value_name = "B")]
    #[serde(with = "number")]
    pub inverse_temperature: Option<f64>,
    /// γ of the kinetic samplers, A of the thermostats [default: 10]
    #[arg(long, value_name = "G")]
    pub friction: Option<f64>,
    /// Length of a leg in time, for hmc1 and hmc2
    #[arg(long, value_name = "T", hide_short_help = true)]
    pub trajectory_length: Option<f64>,
    /// Acceptance that h is tuned to, for mala, hmc1, hmc2 and nuts
    #[arg(long, value_name = "P", hide_short_help = true)]
    pub target_acceptance: Option<f64>,
    /// Transitions that tune, for mala, hmc1, hmc2, nuts and mclmc
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub tuning_steps: Option<u64>,
    /// Most doublings of nuts [default: 10]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub max_depth: Option<usize>,
    /// Length over which mclmc forgets its direction
    #[arg(long, value_name = "L", hide_short_help = true)]
    pub decoherence_length: Option<f64>,
    /// Noise of gradients that sghmc allows for, in 1/time [default: 0]
    #[arg(long, value_name = "B", hide_short_help = true)]
    pub noise_estimate: Option<f64>,
    /// Time in which the thermostat of sgnht and ccadl answers [default: 1]
    #[arg(long, value_name = "T", hide_short_help = true)]
    pub relaxation_time: Option<f64>,
    /// Steps over which ccadl averages the noise [default: 100]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub covariance_window: Option<f64>,
    /// Weight of the past in psgld's preconditioner [default: 0.99]
    #[arg(long, value_name = "A", hide_short_help = true)]
    pub averaging: Option<f64>,
    /// Bound of psgld's preconditioner, as its inverse [default: 1e-5]
    #[arg(long, value_name = "L", hide_short_help = true)]
    pub regularization: Option<f64>,
    /// Steps after which psgld's preconditioner stays as it is
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub adaptation_steps: Option<u64>,
    /// Step size over time [default: constant]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub schedule: Option<ScheduleName>,
    /// Where a polynomial schedule ends
    #[arg(long, value_name = "H", hide_short_help = true)]
    pub final_step_size: Option<f64>,
    /// Cycles of a cyclical schedule, which descends before it samples in each
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub cycles: Option<usize>,
    /// Steps of a schedule [default: --steps]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub schedule_steps: Option<usize>,
    /// β where annealing begins, geometrically
    #[arg(long, value_name = "B", hide_short_help = true)]
    pub anneal_from: Option<f64>,
    /// Steps of annealing [default: --burn-in]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub anneal_steps: Option<usize>,
    /// Seed of noise, mini-batches and a random start [default: from entropy; printed]
    #[arg(long)]
    pub seed: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub prior: PriorArgs,
}

/// Every sampler of tati by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum SamplerName {
    Sgld,
    Psgld,
    Gla1,
    Gla2,
    Baoab,
    Sghmc,
    Sgnht,
    Ccadl,
    Mala,
    Hmc1,
    Hmc2,
    Nuts,
    Mclmc,
}

/// How the step size goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleName {
    Constant,
    Polynomial,
    Cyclical,
}

use SamplerName::{
    Baoab, Ccadl, Gla1, Gla2, Hmc1, Hmc2, Mala, Mclmc, Nuts, Psgld, Sghmc, Sgld, Sgnht,
};

/// The samplers that are Burn optimizers.
const OPTIMIZERS: [SamplerName; 8] = [Sgld, Psgld, Gla1, Gla2, Baoab, Sghmc, Sgnht, Ccadl];

impl SamplerArgs {
    /// The sampler of these settings, all of which must be ones that it has.
    pub fn build(&self) -> Result<ChainSampler, CliError> {
        self.check_settings()?;
        let sampler = self.sampler.unwrap_or(Baoab);
        let prior = self.prior.prior()?;
        let Some(beta) = self.inverse_temperature else {
            return Err(missing("inverse-temperature", sampler));
        };
        let friction = self.friction.unwrap_or(10.0);
        macro_rules! optimizer {
            ($config:expr) => {
                ChainSampler::optimizer(
                    &$config
                        .with_prior(prior)
                        .with_annealing(self.annealing()?)
                        .with_seed(self.seed),
                    self.schedule()?,
                )
            };
        }
        macro_rules! kernel {
            ($config:expr) => {
                ChainSampler::kernel(&$config.with_prior(prior).with_seed(self.seed))
            };
        }
        let hmc = |order| {
            let length = self.trajectory_length;
            let length = length.ok_or_else(|| missing("trajectory-length", sampler))?;
            let config = HmcConfig::new(beta, self.step_size()?, length).with_order(order);
            Ok::<_, CliError>(
                config
                    .with_target_acceptance(self.target_acceptance)
                    .with_tuning_steps(self.tuning_steps.unwrap_or(1000)),
            )
        };
        Ok(match sampler {
            Sgld => optimizer!(SgldConfig::new(beta)),
            Psgld => optimizer!(
                PsgldConfig::new(beta)
                    .with_averaging(self.averaging.unwrap_or(0.99))
                    .with_regularization(self.regularization.unwrap_or(1e-5))
                    .with_adaptation_steps(self.adaptation_steps)
            ),
            Gla1 => optimizer!(Gla1Config::new(beta).with_friction(friction)),
            Gla2 => optimizer!(Gla2Config::new(beta).with_friction(friction)),
            Baoab => optimizer!(BaoabConfig::new(beta).with_friction(friction)),
            Sghmc => optimizer!(
                SghmcConfig::new(beta)
                    .with_friction(friction)
                    .with_noise_estimate(self.noise_estimate.unwrap_or(0.0))
            ),
            Sgnht => optimizer!(
                SgnhtConfig::new(beta)
                    .with_friction(friction)
                    .with_relaxation_time(self.relaxation_time.unwrap_or(1.0))
            ),
            Ccadl => optimizer!(
                CcadlConfig::new(beta)
                    .with_friction(friction)
                    .with_relaxation_time(self.relaxation_time.unwrap_or(1.0))
                    .with_covariance_window(self.covariance_window.unwrap_or(100.0))
            ),
            Mala => kernel!(
                MalaConfig::new(beta, self.step_size()?)
                    .with_target_acceptance(self.target_acceptance)
                    .with_tuning_steps(self.tuning_steps.unwrap_or(1000))
            ),
            Hmc1 => kernel!(hmc(HmcOrder::SymplecticEuler)?),
            Hmc2 => kernel!(hmc(HmcOrder::Leapfrog)?),
            Nuts => kernel!(
                NutsConfig::new(beta)
                    .with_step_size(self.step_size)
                    .with_target_acceptance(self.target_acceptance.unwrap_or(0.8))
                    .with_tuning_steps(self.tuning_steps.unwrap_or(1000))
                    .with_max_depth(self.max_depth.unwrap_or(10))
            ),
            Mclmc => kernel!(
                MclmcConfig::new(beta, self.step_size()?)
                    .with_momentum_decoherence_length(self.decoherence_length)
                    .with_tuning_steps(self.tuning_steps.unwrap_or(0))
            ),
        })
    }

    fn step_size(&self) -> Result<f64, CliError> {
        let sampler = self.sampler.unwrap_or(Baoab);
        self.step_size.ok_or_else(|| missing("step-size", sampler))
    }

    fn cyclical(&self) -> Result<Option<CyclicalConfig>, CliError> {
        if self.schedule != Some(ScheduleName::Cyclical) {
            return Ok(None);
        }
        let Some(cycles) = self.cycles else {
            return Err(CliError::Usage(
                "--cycles is missing for --schedule cyclical".to_string(),
            ));
        };
        let steps = self.schedule_steps.unwrap_or(0);
        Ok(Some(CyclicalConfig::new(self.step_size()?, steps, cycles)))
    }

    fn schedule(&self) -> Result<ModuleLrScheduler, CliError> {
        let step_size = self.step_size()?;
        tati::require_positive("step_size", step_size)?;
        if let Some(cyclical) = self.cyclical()? {
            return Ok(cyclical.init()?);
        }
        match (self.schedule, self.final_step_size) {
            (Some(ScheduleName::Polynomial), Some(last)) => {
                let steps = self.schedule_steps.unwrap_or(0);
                Ok(PolynomialDecayConfig::new(step_size, last, steps).init()?)
            }
            (Some(ScheduleName::Polynomial), None) => Err(CliError::Usage(
                "--final-step-size is missing for --schedule polynomial".to_string(),
            )),
            _ => Ok(step_size.into()),
        }
    }

    fn annealing(&self) -> Result<Option<InverseTemperatureSchedule>, CliError> {
        if let Some(cyclical) = self.cyclical()? {
            return Ok(Some(cyclical.annealing()));
        }
        Ok(self
            .anneal_from
            .map(|initial| InverseTemperatureSchedule::Geometric {
                initial,
                steps: self.anneal_steps.unwrap_or(0),
            }))
    }

    /// Refuses settings that the sampler does not have.
    fn check_settings(&self) -> Result<(), CliError> {
        let kinetic = [Gla1, Gla2, Baoab, Sghmc, Sgnht, Ccadl];
        let is_polynomial = self.schedule == Some(ScheduleName::Polynomial);
        let is_cyclical = self.schedule == Some(ScheduleName::Cyclical);
        let of: [(&str, bool, &[SamplerName]); 17] = [
            ("friction", self.friction.is_some(), &kinetic),
            (
                "trajectory-length",
                self.trajectory_length.is_some(),
                &[Hmc1, Hmc2],
            ),
            (
                "target-acceptance",
                self.target_acceptance.is_some(),
                &[Mala, Hmc1, Hmc2, Nuts],
            ),
            (
                "tuning-steps",
                self.tuning_steps.is_some(),
                &[Mala, Hmc1, Hmc2, Nuts, Mclmc],
            ),
            ("max-depth", self.max_depth.is_some(), &[Nuts]),
            (
                "decoherence-length",
                self.decoherence_length.is_some(),
                &[Mclmc],
            ),
            ("noise-estimate", self.noise_estimate.is_some(), &[Sghmc]),
            (
                "relaxation-time",
                self.relaxation_time.is_some(),
                &[Sgnht, Ccadl],
            ),
            (
                "covariance-window",
                self.covariance_window.is_some(),
                &[Ccadl],
            ),
            ("averaging", self.averaging.is_some(), &[Psgld]),
            ("regularization", self.regularization.is_some(), &[Psgld]),
            (
                "adaptation-steps",
                self.adaptation_steps.is_some(),
                &[Psgld],
            ),
            ("schedule", is_polynomial || is_cyclical, &OPTIMIZERS),
            ("anneal-from", self.anneal_from.is_some(), &OPTIMIZERS),
            (
                "final-step-size",
                self.final_step_size.is_some(),
                &OPTIMIZERS,
            ),
            ("cycles", self.cycles.is_some(), &OPTIMIZERS),
            ("anneal-steps", self.anneal_steps.is_some(), &OPTIMIZERS),
        ];
        let sampler = self.sampler.unwrap_or(Baoab);
        if let Some((name, ..)) = of
            .iter()
            .find(|(_, is_given, samplers)| *is_given && !samplers.contains(&sampler))
        {
            return Err(CliError::Usage(format!(
                "--{name} means nothing for --sampler {}: leave it out",
                name_of(sampler)
            )));
        }
        let needs = [
            (
                "final-step-size",
                self.final_step_size.is_some(),
                "--schedule polynomial",
                is_polynomial,
            ),
            (
                "cycles",
                self.cycles.is_some(),
                "--schedule cyclical",
                is_cyclical,
            ),
            (
                "anneal-steps",
                self.anneal_steps.is_some(),
                "--anneal-from",
                self.anneal_from.is_some(),
            ),
        ];
        match needs.iter().find(|(_, is_given, _, is_met)| *is_given && !*is_met) {
            Some((name, _, other, _)) => Err(CliError::Usage(format!(
                "--{name} means nothing without {other}: give both or none"
            ))),
            None if is_cyclical && self.anneal_from.is_some() => Err(CliError::Usage(
                "--anneal-from is given with --schedule cyclical, which sets the temperature itself"
                    .to_string(),
            )),
            None => Ok(()),
        }
    }
}

fn name_of(sampler: SamplerName) -> String {
    let value = sampler.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_string())
}

fn missing(option: &str, sampler: SamplerName) -> CliError {
    CliError::Usage(format!(
        "--{option} is missing for --sampler {}",
        name_of(sampler)
    ))
}
