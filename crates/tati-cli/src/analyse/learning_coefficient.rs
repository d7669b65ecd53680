//! `tati analyse learning-coefficient`: the local learning coefficient at the state of a run.

use serde::Serialize;
use tati::landscape::plot::{Curve, Sweep};
use tati::workflow::{
    LearningCoefficientConfig, LearningCoefficientSweep, LearningCoefficientSweepConfig,
    SweepOutcome,
};
use tati::{Potential, write_table};

use crate::error::CliError;
use crate::options::out::{OutFolder, OutOptions};
use crate::options::point::PointOptions;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The local learning coefficient, by tethered SGLD chains: of one setting, or over several
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse learning-coefficient RUN --step-size 1e-3 --tether-strength 10\n  tati analyse learning-coefficient RUN --step-size 1e-4,1e-3,1e-2 --tether-strength 1,10 --out sweep"
)]
pub struct LearningCoefficientArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// h of SGLD; several, ascending, for a sweep
    #[arg(long, value_name = "h,…", value_delimiter = ',', required = true)]
    step_size: Vec<f64>,
    /// γ of the tether; several, ascending, for a sweep
    #[arg(long, value_name = "γ,…", value_delimiter = ',', required = true)]
    tether_strength: Vec<f64>,
    /// Chains of a setting
    #[arg(long, value_name = "N", default_value_t = 8)]
    chains: usize,
    /// Steps of each chain, burn-in included
    #[arg(long, value_name = "N", default_value_t = 2000)]
    steps: u64,
    /// Steps whose losses are not counted
    #[arg(long, value_name = "N", default_value_t = 1000)]
    burn_in: u64,
    /// Items in a mini-batch; all of them if left out
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// β [default: n/ln n of n items]
    #[arg(long, value_name = "β")]
    inverse_temperature: Option<f64>,
    /// Seed of the noise and of the mini-batches [default: random]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    /// λ̂ of the best setting: null if none is sound, or on a plateau of several.
    learning_coefficient: Option<f64>,
    standard_error: Option<f64>,
    step_size: Option<f64>,
    tether_strength: Option<f64>,
    settings: Vec<Setting>,
    /// N/2, that of a regular model.
    regular: f64,
    verdict: String,
    num_items: usize,
    num_parameters: usize,
    seed: u64,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Setting {
    step_size: f64,
    tether_strength: f64,
    learning_coefficient: Option<f64>,
    standard_error: Option<f64>,
    of_chains: Vec<f64>,
    mean_loss: Option<f64>,
    baseline: Option<f64>,
    inverse_temperature: Option<f64>,
    /// sound, below_baseline or diverged.
    outcome: &'static str,
    on_plateau: bool,
}

pub fn run(arguments: &LearningCoefficientArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let point = arguments.point.open(program)?;
    let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
    let estimate = LearningCoefficientConfig::new(
        first(&arguments.step_size),
        first(&arguments.tether_strength),
    )
    .with_num_chains(arguments.chains)
    .with_num_steps(arguments.steps)
    .with_burn_in(arguments.burn_in)
    .with_batch_size(arguments.batch_size)
    .with_inverse_temperature(arguments.inverse_temperature)
    .with_seed(arguments.seed);
    let sweep = LearningCoefficientSweepConfig::new(
        estimate,
        arguments.step_size.clone(),
        arguments.tether_strength.clone(),
    );
    let bar = program.progress("sampling", 0);
    let found = sweep.run(&point.network, &point.potential, |progress| {
        bar.set_length(progress.max_steps);
        bar.set_position(progress.num_steps);
    })?;
    bar.finish_and_clear();
    let num_parameters = point.potential.num_parameters();
    let mut results = Results::new(&found, point.potential.num_rows(), num_parameters);
    if let Some(out) = out {
        let source = format!("{}, seed {}", arguments.point.run.display(), results.seed);
        results.files = write(out, &results, arguments, &source)?;
    }
    Outcome::new(&results, results.text())
}

impl Results {
    fn new(found: &LearningCoefficientSweep, num_items: usize, num_parameters: usize) -> Self {
        let settings: Vec<Setting> = found
            .settings
            .iter()
            .map(|setting| {
                let (outcome, coefficient) = match &setting.outcome {
                    SweepOutcome::Sound(coefficient) => ("sound", Some(coefficient)),
                    SweepOutcome::BelowBaseline(coefficient) => {
                        ("below_baseline", Some(coefficient))
                    }
                    SweepOutcome::Diverged(_) => ("diverged", None),
                };
                Setting {
                    step_size: setting.step_size,
                    tether_strength: setting.tether_strength,
                    learning_coefficient: coefficient.map(|found| found.estimate),
                    standard_error: coefficient.map(|found| found.standard_error),
                    of_chains: coefficient.map_or(Vec::new(), |found| found.of_chains.clone()),
                    mean_loss: coefficient.map(|found| found.mean_loss),
                    baseline: coefficient.map(|found| found.baseline),
                    inverse_temperature: coefficient.map(|found| found.inverse_temperature),
                    outcome,
                    on_plateau: setting.on_plateau,
                }
            })
            .collect();
        let best = match settings.as_slice() {
            // There is no plateau to be on.
            [only] => Some(only).filter(|only| only.outcome == "sound"),
            settings => found.best().and_then(|best| {
                settings.iter().find(|setting| {
                    setting.step_size == best.step_size
                        && setting.tether_strength == best.tether_strength
                })
            }),
        };
        Self {
            learning_coefficient: best.and_then(|best| best.learning_coefficient),
            standard_error: best.and_then(|best| best.standard_error),
            step_size: best.map(|best| best.step_size),
            tether_strength: best.map(|best| best.tether_strength),
            verdict: verdict(&settings, best),
            settings,
            regular: 0.5 * num_parameters as f64,
            num_items,
            num_parameters,
            seed: found.seed,
            files: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .settings
            .iter()
            .map(|setting| {
                let or_none = |value: Option<f64>| value.map_or("-".to_string(), text::number);
                vec![
                    text::number(setting.step_size),
                    text::number(setting.tether_strength),
                    or_none(setting.learning_coefficient),
                    or_none(setting.standard_error),
                    setting.outcome.replace('_', " "),
                ]
            })
            .collect();
        let heading = ["step size", "tether", "λ", "error", ""];
        format!(
            "Learning coefficient of {} (N/2 = {}) over {}, seed {}\n{}{}\n{}",
            text::count(self.num_parameters, "parameter"),
            self.regular,
            text::count(self.num_items, "item"),
            self.seed,
            text::table(&heading, &rows),
            self.verdict,
            text::files(&self.files)
        )
    }
}

fn verdict(settings: &[Setting], best: Option<&Setting>) -> String {
    match (settings, best) {
        ([_], Some(_)) => {
            "one setting: give several step sizes and tethers to see whether it depends on them".to_string()
        }
        ([only], None) => match only.outcome {
            "diverged" => "diverged: take a smaller step size".to_string(),
            _ => "negative: the state is no minimum, or the chains have left for a deeper one; train longer, or tether more".to_string(),
        },
        (_, Some(best)) => format!(
            "on a plateau: neighbouring settings agree with {} ± {}",
            text::number(best.learning_coefficient.unwrap_or(f64::NAN)),
            text::number(best.standard_error.unwrap_or(f64::NAN))
        ),
        (_, None) => "no plateau: the estimate depends on the settings; widen the sweep, or run longer".to_string(),
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    arguments: &LearningCoefficientArgs,
    source: &str,
) -> Result<Vec<String>, CliError> {
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    out.table("learning-coefficient", |path| {
        let header = [
            "outcome",
            "step_size",
            "tether_strength",
            "learning_coefficient",
            "standard_error",
        ];
        let rows = results.settings.iter().map(|setting| {
            let numbers = vec![
                setting.step_size,
                setting.tether_strength,
                or_nan(setting.learning_coefficient),
                or_nan(setting.standard_error),
            ];
            (vec![setting.outcome], numbers)
        });
        write_table(path, header, rows)
    })?;
    if arguments.step_size.len() < 2 {
        return out.finish();
    }
    let series: Vec<(String, Vec<f64>, Vec<f64>)> = arguments
        .tether_strength
        .iter()
        .map(|tether| {
            let of_tether = || {
                results
                    .settings
                    .iter()
                    .filter(|setting| setting.tether_strength == *tether)
            };
            (
                format!("γ = {tether}"),
                of_tether()
                    .map(|setting| or_nan(setting.learning_coefficient))
                    .collect(),
                of_tether()
                    .map(|setting| or_nan(setting.standard_error))
                    .collect(),
            )
        })
        .collect();
    let curves: Vec<Curve<'_>> = series
        .iter()
        .map(|(label, values, errors)| Curve {
            label,
            x: &arguments.step_size,
            y: values,
            error: errors,
        })
        .collect();
    let figure = Sweep {
        series: &curves,
        x_label: "step size h",
        y_label: "learning coefficient",
        title: "Learning coefficient over the settings of its chains",
        source,
        ..Sweep::default()
    };
    if results
        .settings
        .iter()
        .any(|setting| setting.learning_coefficient.is_some())
    {
        out.figure("learning-coefficient", |path| figure.save(path))?;
    }
    out.finish()
}
