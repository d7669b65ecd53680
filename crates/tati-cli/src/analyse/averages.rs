//! `tati analyse averages`: means of parameters and potential, with their errors.

use serde::Serialize;
use tati::landscape::plot::{Curve, RunningMean};
use tati::landscape::{Average, Averages, Draws, Recording, averages, running_averages};
use tati::{require_count, write_table};

use crate::error::CliError;
use crate::options::draws::{DrawsOptions, potentials};
use crate::options::estimator::Estimator;
use crate::options::out::{OutFolder, OutOptions};
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Parts of the running averages unless told otherwise.
const BLOCKS: usize = 20;
/// Fewer effective draws than these leave errors uncertain.
const FEW_EFFECTIVE_DRAWS: f64 = 100.0;

/// Means, variances and their errors of every parameter and of the potential
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse averages RUN --burn-in 100 --out averages\n  tati analyse averages --trajectory draws.csv --json"
)]
pub struct AveragesArgs {
    #[command(flatten)]
    #[serde(flatten)]
    draws: DrawsOptions,
    /// How autocorrelation times are found
    #[arg(long, value_enum, default_value = "geyer")]
    estimator: Estimator,
    /// Parts of the running averages of the potential [default: 20, or as many as there are draws]
    #[arg(long, value_name = "N")]
    blocks: Option<usize>,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    parameters: Vec<String>,
    mean: Vec<f64>,
    variance: Vec<f64>,
    standard_error: Vec<f64>,
    block_error: Vec<f64>,
    error_between_chains: Vec<f64>,
    autocorrelation_time: Vec<f64>,
    potential: Option<OfPotential>,
    num_draws: usize,
    num_chains: usize,
    verdict: String,
    files: Vec<String>,
}

#[derive(Serialize)]
struct OfPotential {
    mean: f64,
    variance: f64,
    standard_error: f64,
    block_error: f64,
    autocorrelation_time: f64,
    error_between_chains: f64,
    mean_of_chains: Vec<f64>,
    running_mean: Vec<Vec<f64>>,
    running_variance: Vec<Vec<f64>>,
}

pub fn run(arguments: &AveragesArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let recording = arguments.draws.open()?;
    let draws = recording.draws()?;
    let blocks = arguments.blocks.unwrap_or(BLOCKS.min(draws.num_draws()));
    require_count("blocks", blocks, 1..=draws.num_draws())?;
    let found = averages(&draws, arguments.estimator.config())?;
    let potential = match potentials(&recording)? {
        Some(chains) => Some(of_potential(&chains, arguments, blocks)?),
        None => None,
    };
    let each = |of: fn(&Average) -> f64| found.pooled.iter().map(of).collect::<Vec<f64>>();
    let names = recording.parameter_names();
    let mut results = Results {
        mean: each(|average| average.mean),
        variance: each(|average| average.variance),
        standard_error: each(|average| average.standard_error),
        block_error: each(|average| average.block_error),
        autocorrelation_time: each(|average| average.autocorrelation_time),
        error_between_chains: found.error_between_chains.clone(),
        num_draws: draws.num_chains() * draws.num_draws(),
        num_chains: draws.num_chains(),
        verdict: verdict(&names, &found),
        parameters: names,
        potential,
        files: Vec::new(),
    };
    if let Some(out) = out {
        results.files = write(out, &results, &found, &recording)?;
    }
    Outcome::new(&results, results.text())
}

fn of_potential(
    chains: &[Vec<f64>],
    arguments: &AveragesArgs,
    blocks: usize,
) -> Result<OfPotential, CliError> {
    let shape = [chains.len(), chains[0].len(), 1];
    let all = chains.concat();
    let found = averages(&Draws::from_f64(&all, shape)?, arguments.estimator.config())?;
    let running = chains
        .iter()
        .map(|chain| running_averages(chain, blocks))
        .collect::<tati::Result<Vec<_>>>()?;
    let pooled = found.pooled[0];
    let of_running = |of: fn(&tati::landscape::RunningMoments) -> f64| {
        let of_chain = |chain: &Vec<_>| chain.iter().map(of).collect();
        running.iter().map(of_chain).collect()
    };
    Ok(OfPotential {
        mean: pooled.mean,
        variance: pooled.variance,
        standard_error: pooled.standard_error,
        block_error: pooled.block_error,
        autocorrelation_time: pooled.autocorrelation_time,
        error_between_chains: found.error_between_chains[0],
        mean_of_chains: found.per_chain.iter().map(|chain| chain[0].mean).collect(),
        running_mean: of_running(|moments| moments.mean()),
        running_variance: of_running(|moments| moments.population_variance()),
    })
}

/// Whether the errors are to be trusted.
fn verdict(names: &[String], found: &Averages) -> String {
    let effective = found
        .pooled
        .iter()
        .map(|average| average.num_draws as f64 / average.autocorrelation_time)
        .enumerate()
        .filter(|(_, effective)| effective.is_finite());
    match effective.min_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((slowest, effective)) if effective < FEW_EFFECTIVE_DRAWS => format!(
            "too short: {} has {}, so its error is a guess; sample longer",
            names[slowest],
            text::count(effective as usize, "effective draw")
        ),
        Some((slowest, effective)) => format!(
            "long enough: every parameter has {:.0} effective draws or more, {} the fewest",
            effective.floor(),
            names[slowest]
        ),
        None => "no parameter moves".to_string(),
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    found: &Averages,
    recording: &Recording,
) -> Result<Vec<String>, CliError> {
    let columns = [
        "mean",
        "variance",
        "standard_error",
        "block_error",
        "autocorrelation_time",
    ];
    let row = |average: &Average| {
        vec![
            average.mean,
            average.variance,
            average.standard_error,
            average.block_error,
            average.autocorrelation_time,
        ]
    };
    out.table("averages", |path| {
        let header = ["parameter"]
            .into_iter()
            .chain(columns)
            .chain(["error_between_chains"]);
        let pooled = found.pooled.iter().zip(&found.error_between_chains);
        let rows = results
            .parameters
            .iter()
            .zip(pooled)
            .map(|(name, (average, between))| {
                let mut numbers = row(average);
                numbers.push(*between);
                (vec![name], numbers)
            });
        write_table(path, header, rows)
    })?;
    out.table("averages-per-chain", |path| {
        let header = ["chain", "parameter"].into_iter().chain(columns);
        let rows = found
            .per_chain
            .iter()
            .enumerate()
            .flat_map(|(chain, averages)| {
                let averages = results.parameters.iter().zip(averages);
                averages.map(move |(name, average)| {
                    (vec![chain.to_string(), name.clone()], row(average))
                })
            });
        write_table(path, header, rows)
    })?;
    let Some(potential) = &results.potential else {
        return out.finish();
    };
    let num_draws = results.num_draws / results.num_chains;
    let num_blocks = potential.running_mean[0].len();
    let ends: Vec<f64> = (1..=num_blocks)
        .map(|block| (block * (num_draws / num_blocks)) as f64)
        .collect();
    out.table("potential-running", |path| {
        let chains = potential
            .running_mean
            .iter()
            .zip(&potential.running_variance);
        let rows = chains.enumerate().flat_map(|(chain, (means, variances))| {
            let blocks = ends.iter().zip(means.iter().zip(variances));
            blocks.map(move |(end, (mean, variance))| {
                (vec![chain, *end as usize], vec![*mean, *variance])
            })
        });
        write_table(path, ["chain", "num_draws", "mean", "variance"], rows)
    })?;
    let labels: Vec<String> = (0..results.num_chains)
        .map(|chain| format!("chain {chain}"))
        .collect();
    let means: Vec<Curve<'_>> = potential
        .running_mean
        .iter()
        .zip(&labels)
        .map(|(mean, label)| Curve {
            label,
            x: &ends,
            y: mean,
            error: &[],
        })
        .collect();
    let figure = RunningMean {
        means: &means,
        x_label: "draws",
        y_label: "mean potential",
        expected: None,
        title: "Running mean of the potential",
        source: &recording.origin(),
    };
    out.figure("potential-running", |path| figure.save(path))?;
    out.finish()
}

impl Results {
    fn text(&self) -> String {
        let mut rows = Vec::new();
        if let Some(potential) = &self.potential {
            let numbers = [
                potential.mean,
                potential.standard_error,
                potential.variance,
                potential.autocorrelation_time,
            ];
            rows.push(row("potential", numbers));
        }
        for (at, name) in self.parameters.iter().enumerate() {
            let numbers = [
                self.mean[at],
                self.standard_error[at],
                self.variance[at],
                self.autocorrelation_time[at],
            ];
            rows.push(row(name, numbers));
        }
        let heading = ["", "mean", "standard error", "variance", "τ in draws"];
        format!(
            "{} of {}\n{}{}\n{}",
            text::count(self.num_draws, "draw"),
            text::count(self.num_chains, "chain"),
            text::table(&heading, &rows),
            self.verdict,
            text::files(&self.files)
        )
    }
}

fn row(name: &str, numbers: [f64; 4]) -> Vec<String> {
    let numbers = numbers.map(text::number);
    [name.to_string()].into_iter().chain(numbers).collect()
}
