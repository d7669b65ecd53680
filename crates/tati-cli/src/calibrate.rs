//! `tati calibrate`: which step size, friction and inverse temperature to sample with.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use tati::samplers::{InverseTemperature, entropy_seed};
use tati::workflow::{CalibrateConfig, CalibratedSetting, CalibrationVerdict};
use tati::{Result, write_atomically};

use crate::error::CliError;
use crate::export::check_file;
use crate::options::data::absolute;
use crate::options::prior::PriorArgs;
use crate::options::problem::ProblemArgs;
use crate::options::saved_run::SavedRun;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Try settings of BAOAB in short runs and recommend the best
#[derive(clap::Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[command(
    next_help_heading = "Sweep",
    after_help = "Example: tati calibrate --from optimum --step-sizes 0.02,0.05,0.1,0.2 --frictions 1,10"
)]
pub struct CalibrateArgs {
    /// Begin with the model of a saved run, and its data, model and prior if none are given
    #[arg(long, value_name = "RUN")]
    from: Option<PathBuf>,
    /// Step sizes h [default: 0.01,0.03,0.1,0.3,1]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    step_sizes: Option<Vec<f64>>,
    /// Frictions γ [default: 1,10]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    frictions: Option<Vec<f64>>,
    /// Inverse temperatures β [default: the number of items, the posterior]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    inverse_temperatures: Option<Vec<f64>>,
    /// Steps at each setting, of which the second half counts [default: 1000]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Items in a mini-batch [default: all]
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Share by which a temperature may be off [default: 0.05]
    #[arg(long, value_name = "SHARE", hide_short_help = true)]
    temperature_tolerance: Option<f64>,
    /// Write the table as CSV
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    out: Option<PathBuf>,
    /// Overwrite a table that is there
    #[arg(long, hide_short_help = true)]
    #[serde(skip)]
    overwrite: bool,
    /// Seed of noise, mini-batches and a random start [default: from entropy; printed]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    problem: ProblemArgs,
    #[command(flatten)]
    #[serde(flatten)]
    prior: PriorArgs,
}

#[derive(Serialize)]
struct Results {
    dataset: String,
    device: String,
    seed: u64,
    num_parameters: usize,
    batch_size: Option<usize>,
    interrupted: bool,
    settings: Vec<CalibratedSetting>,
    recommended: Option<CalibratedSetting>,
}

impl CalibrateArgs {
    fn resolve(mut self, saved: Option<&SavedRun>) -> Result<Self, CliError> {
        self.problem = self.problem.resolve(saved.map(|saved| &saved.problem))?;
        let prior = saved.map(SavedRun::options).transpose()?;
        self.prior = self.prior.over(prior.as_ref());
        self.from = self.from.map(|from| absolute(&from)).transpose()?;
        self.step_sizes
            .get_or_insert_with(|| vec![0.01, 0.03, 0.1, 0.3, 1.0]);
        self.frictions.get_or_insert_with(|| vec![1.0, 10.0]);
        self.steps.get_or_insert(1000);
        self.seed.get_or_insert_with(entropy_seed);
        Ok(self)
    }

    fn config(&self, num_items: usize) -> Result<CalibrateConfig, CliError> {
        let posterior = || vec![InverseTemperature::posterior(num_items)];
        let config = CalibrateConfig::new(
            self.step_sizes.clone().unwrap_or_default(),
            self.frictions.clone().unwrap_or_default(),
            self.inverse_temperatures.clone().unwrap_or_else(posterior),
        );
        Ok(config
            .with_num_steps(self.steps.unwrap_or(1000))
            .with_batch_size(self.batch_size)
            .with_temperature_tolerance(self.temperature_tolerance.unwrap_or(0.05))
            .with_prior(self.prior.prior()?)
            .with_seed(self.seed))
    }
}

pub fn run(arguments: &CalibrateArgs, program: &Program) -> Result<Outcome, CliError> {
    let saved = arguments.from.as_deref().map(SavedRun::open).transpose()?;
    let arguments = arguments.clone().resolve(saved.as_ref())?;
    if let Some(outcome) = program.dry_run(&arguments) {
        return outcome;
    }
    if let Some(file) = &arguments.out {
        check_file(file, arguments.overwrite)?;
    }
    let saved_device = saved.as_ref().map(|saved| saved.device.as_str());
    let device = program.device(saved_device)?;
    let problem = arguments.problem.load()?;
    let seed = arguments.seed.unwrap_or(0);
    let network = match &saved {
        Some(saved) => saved.networks(&problem, &device)?.swap_remove(0),
        None => problem.start(&device, seed)?,
    };
    let potential = problem.potential(&network, &device)?;
    let config = arguments.config(problem.train.len())?;
    let interrupted = program.interrupt_flag()?;
    let bar = program.progress("settings", config.num_settings() as u64);
    let (settings, recommended) = config.run(&network, &potential, |done| {
        bar.set_position(done as u64);
        !interrupted.load(Ordering::Relaxed)
    })?;
    bar.finish_and_clear();
    if let Some(file) = &arguments.out {
        write_table(file, &settings)?;
    }
    let results = Results {
        dataset: problem.origin.clone(),
        device: program.device_name(saved_device),
        seed,
        num_parameters: potential.layout().num_parameters(),
        batch_size: arguments.batch_size,
        interrupted: settings.len() < config.num_settings(),
        recommended: recommended.map(|index| settings[index].clone()),
        settings,
    };
    let outcome = Outcome::new(&results, results.text())?;
    Ok(outcome.unless(results.interrupted))
}

fn write_table(file: &Path, settings: &[CalibratedSetting]) -> Result<()> {
    write_atomically(file, |writer| {
        writeln!(
            writer,
            "step_size,friction,inverse_temperature,verdict,potential,temperature,temperature_error,virial,virial_error,autocorrelation_time"
        )?;
        for setting in settings {
            let number =
                |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            writeln!(
                writer,
                "{},{},{},{},{},{},{},{},{},{}",
                setting.step_size,
                setting.friction,
                setting.inverse_temperature,
                word(setting.verdict),
                number(setting.potential),
                number(setting.temperature),
                number(setting.temperature_error),
                number(setting.virial),
                number(setting.virial_error),
                number(setting.autocorrelation_time),
            )?;
        }
        Ok(())
    })
}

fn word(verdict: CalibrationVerdict) -> &'static str {
    match verdict {
        CalibrationVerdict::Unstable => "unstable",
        CalibrationVerdict::Cold => "cold",
        CalibrationVerdict::Hot => "hot",
        CalibrationVerdict::Slow => "slow",
        CalibrationVerdict::Good => "good",
    }
}

impl Results {
    fn text(&self) -> String {
        let mut text = format!(
            "{} on {} ({}), seed {}\n\n  step size  friction           β  temperature      virial               time of U  verdict\n",
            text::count(self.num_parameters, "parameter"),
            self.dataset,
            self.device,
            self.seed
        );
        for setting in &self.settings {
            let with_error = |mean, error| match (mean, error) {
                (Some(mean), Some(error)) => format!("{mean:.3} ± {error:.3}"),
                (Some(mean), None) => format!("{mean:.3}"),
                (None, _) => "-".to_string(),
            };
            let temperature = with_error(setting.temperature, setting.temperature_error);
            let virial = with_error(setting.virial, setting.virial_error);
            let time = setting.autocorrelation_time;
            let time = time.map_or_else(|| "-".to_string(), |time| format!("{time:.1} steps"));
            text.push_str(&format!(
                "{:>11} {:>9} {:>11}  {temperature:<15}  {virial:<15} {time:>14}  {}\n",
                setting.step_size,
                setting.friction,
                setting.inverse_temperature,
                word(setting.verdict),
            ));
        }
        text.push_str(&match &self.recommended {
            Some(best) => format!(
                "\nrecommended: --step-size {} --friction {} --inverse-temperature {}{}\n",
                best.step_size,
                best.friction,
                best.inverse_temperature,
                self.batch_size
                    .map_or_else(String::new, |size| format!(" --batch-size {size}"))
            ),
            None => format!("\nno setting is good: {}\n", self.advice()),
        });
        text
    }

    /// What to try where no setting is good.
    fn advice(&self) -> &'static str {
        let any = |verdict| {
            let mut settings = self.settings.iter();
            settings.any(|setting| setting.verdict == verdict)
        };
        if any(CalibrationVerdict::Slow) {
            "take more --steps, to see those that are slow mix"
        } else if any(CalibrationVerdict::Hot) {
            "begin at a trained model by --from, or take smaller step sizes or larger mini-batches"
        } else {
            "take smaller --step-sizes"
        }
    }
}
