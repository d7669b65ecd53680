//! `tati analyse autocorrelation`: how long draws are correlated, and whether chains agree.

use serde::Serialize;
use tati::landscape::plot::{Autocorrelation, CorrelationFunction};
use tati::landscape::{
    AutocorrelationTime, Draws, PrincipalComponentsConfig, Recording, autocorrelation_function,
    averages, convergence, integrated_autocorrelation_time,
};
use tati::{require_count, write_table};

use crate::error::CliError;
use crate::options::draws::{DrawsOptions, potentials};
use crate::options::estimator::Estimator;
use crate::options::out::{OutFolder, OutOptions};
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Components unless told otherwise.
const COMPONENTS: usize = 10;
/// R̂ above which chains should not be used (Vehtari et al. 2021).
pub const LARGEST_R_HAT: f64 = 1.01;
/// Effective draws that a chain should have at least (the same).
pub const LEAST_EFFECTIVE_DRAWS: f64 = 100.0;

/// Autocorrelation times, effective sample sizes and R̂
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse autocorrelation RUN\n  tati analyse autocorrelation RUN --along components --components 20 --estimator acor"
)]
pub struct AutocorrelationArgs {
    #[command(flatten)]
    #[serde(flatten)]
    draws: DrawsOptions,
    /// What is looked at beside the potential
    #[arg(long, value_enum, default_value = "parameters")]
    along: Along,
    /// Principal components, for --along components [default: 10]
    #[arg(long, value_name = "K")]
    components: Option<usize>,
    /// How autocorrelation times are found
    #[arg(long, value_enum, default_value = "geyer")]
    estimator: Estimator,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Serialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Along {
    Parameters,
    Components,
}

#[derive(Serialize)]
pub struct Results {
    series: Vec<String>,
    integrated_autocorrelation_time: Vec<f64>,
    effective_sample_size: Vec<f64>,
    tail_effective_sample_size: Vec<f64>,
    r_hat: Vec<f64>,
    potential: Option<OfSeries>,
    pub max_r_hat: f64,
    pub min_effective_sample_size: f64,
    converged: bool,
    verdict: String,
    num_draws: usize,
    num_chains: usize,
    files: Vec<String>,
}

#[derive(Serialize)]
struct OfSeries {
    integrated_autocorrelation_time: f64,
    effective_sample_size: f64,
    tail_effective_sample_size: f64,
    r_hat: f64,
}

impl Results {
    /// Effective draws that there should be where they are fewest.
    pub fn least_effective_draws(&self) -> f64 {
        LEAST_EFFECTIVE_DRAWS * self.num_chains as f64
    }
}

pub fn run(arguments: &AutocorrelationArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let recording = arguments.draws.open()?;
    let draws = recording.draws()?;
    let (projected, names) = match (arguments.along, arguments.components) {
        (Along::Parameters, None) => (None, recording.parameter_names()),
        (Along::Parameters, Some(_)) => {
            return Err(CliError::Usage(
                "`--components` is for `--along components`".to_string(),
            ));
        }
        (Along::Components, count) => {
            let count = count.unwrap_or(COMPONENTS);
            require_count("components", count, 1..)?;
            let theta = along_components(&draws, count)?;
            let names = (1..=count).map(|number| format!("component {number}"));
            (Some(theta), names.collect())
        }
    };
    let shape = [draws.num_chains(), draws.num_draws(), names.len()];
    let looked_at = match &projected {
        Some(theta) => Draws::from_f64(theta, shape)?,
        None => draws,
    };
    let potentials = potentials(&recording)?.map(|chains| chains.concat());
    let mut results = of_draws(
        &looked_at,
        names,
        potentials.as_deref(),
        arguments.estimator,
    )?;
    if let Some(out) = out {
        let potential = potentials.as_deref().map(|all| &all[..draws.num_draws()]);
        results.files = write(out, &results, &looked_at, potential, arguments, &recording)?;
    }
    Outcome::new(&results, results.text())
}

/// What is found of the series of draws, and of the potentials of all chains where there are some.
pub fn of_draws(
    looked_at: &Draws<'_>,
    names: Vec<String>,
    potentials: Option<&[f64]>,
    estimator: Estimator,
) -> Result<Results, CliError> {
    let shape = [looked_at.num_chains(), looked_at.num_draws(), 1];
    let of_potential = match potentials {
        Some(all) => Some(Found::of(&Draws::from_f64(all, shape)?, estimator)?.series(0)),
        None => None,
    };
    let found = Found::of(looked_at, estimator)?;
    Ok(Results::new(found, names, of_potential, looked_at))
}

/// The draws along the principal components of all chains, of shape \[chains, draws, components\].
fn along_components(draws: &Draws<'_>, count: usize) -> Result<Vec<f64>, CliError> {
    let components = PrincipalComponentsConfig::new(count).compute(draws)?;
    let mut theta = Vec::new();
    for chain in 0..draws.num_chains() {
        theta.extend(components.project(draws, chain)?.transpose().iter());
    }
    Ok(theta)
}

/// What is found of each of several series.
struct Found {
    times: Vec<f64>,
    r_hat: Vec<f64>,
    bulk: Vec<f64>,
    tail: Vec<f64>,
}

impl Found {
    fn of(draws: &Draws<'_>, estimator: Estimator) -> Result<Self, CliError> {
        let averages = averages(draws, estimator.config())?;
        let convergence = convergence(draws)?;
        let times = averages
            .pooled
            .iter()
            .map(|average| average.autocorrelation_time);
        Ok(Self {
            times: times.collect(),
            r_hat: convergence.r_hat,
            bulk: convergence.bulk,
            tail: convergence.tail,
        })
    }

    fn series(&self, at: usize) -> OfSeries {
        OfSeries {
            integrated_autocorrelation_time: self.times[at],
            effective_sample_size: self.bulk[at],
            tail_effective_sample_size: self.tail[at],
            r_hat: self.r_hat[at],
        }
    }
}

impl Results {
    fn new(
        found: Found,
        series: Vec<String>,
        potential: Option<OfSeries>,
        draws: &Draws<'_>,
    ) -> Self {
        // A series that never moved says nothing of convergence.
        let moved = |at: &usize| !found.r_hat[*at].is_nan();
        let places: Vec<usize> = (0..series.len()).filter(moved).collect();
        let of_potential = potential.as_ref().filter(|found| !found.r_hat.is_nan());
        let r_hats = places.iter().map(|&at| found.r_hat[at]);
        let max_r_hat = r_hats
            .chain(of_potential.map(|found| found.r_hat))
            .fold(f64::NAN, f64::max);
        let sizes = places.iter().map(|&at| found.bulk[at].min(found.tail[at]));
        let size_of_potential = of_potential.map(|found| {
            found
                .effective_sample_size
                .min(found.tail_effective_sample_size)
        });
        let min_effective_sample_size = sizes.chain(size_of_potential).fold(f64::NAN, f64::min);
        let least = LEAST_EFFECTIVE_DRAWS * draws.num_chains() as f64;
        let converged = max_r_hat <= LARGEST_R_HAT && min_effective_sample_size >= least;
        Self {
            verdict: verdict(max_r_hat, min_effective_sample_size, least),
            integrated_autocorrelation_time: found.times,
            effective_sample_size: found.bulk,
            tail_effective_sample_size: found.tail,
            r_hat: found.r_hat,
            series,
            potential,
            max_r_hat,
            min_effective_sample_size,
            converged,
            num_draws: draws.num_draws() * draws.num_chains(),
            num_chains: draws.num_chains(),
            files: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let mut rows = Vec::new();
        if let Some(potential) = &self.potential {
            rows.push(row("potential", potential));
        }
        for (at, name) in self.series.iter().enumerate() {
            rows.push(row(
                name,
                &OfSeries {
                    integrated_autocorrelation_time: self.integrated_autocorrelation_time[at],
                    effective_sample_size: self.effective_sample_size[at],
                    tail_effective_sample_size: self.tail_effective_sample_size[at],
                    r_hat: self.r_hat[at],
                },
            ));
        }
        let heading = ["", "τ in draws", "effective draws", "in the tails", "R̂"];
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

fn row(name: &str, found: &OfSeries) -> Vec<String> {
    vec![
        name.to_string(),
        text::number(found.integrated_autocorrelation_time),
        format!("{:.0}", found.effective_sample_size),
        format!("{:.0}", found.tail_effective_sample_size),
        format!("{:.3}", found.r_hat),
    ]
}

fn verdict(r_hat: f64, size: f64, least: f64) -> String {
    if r_hat.is_nan() {
        return "nothing moves".to_string();
    }
    match (r_hat <= LARGEST_R_HAT, size >= least) {
        (true, true) => format!(
            "converged: the largest R̂ is {}, the fewest effective draws are {size:.0}",
            text::beside(r_hat, LARGEST_R_HAT, 3)
        ),
        (false, _) => format!(
            "not converged: the largest R̂ is {}, above {LARGEST_R_HAT}, so the chains (or their halves) disagree; sample longer",
            text::beside(r_hat, LARGEST_R_HAT, 3)
        ),
        (true, false) => format!(
            "too short: there are {} effective draws where the fewest are, and {least:.0} are asked for; sample longer",
            text::beside(size, least, 0)
        ),
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    looked_at: &Draws<'_>,
    potential: Option<&[f64]>,
    arguments: &AutocorrelationArgs,
    recording: &Recording,
) -> Result<Vec<String>, CliError> {
    out.table("autocorrelation", |path| {
        let header = [
            "series",
            "integrated_autocorrelation_time",
            "effective_sample_size",
            "tail_effective_sample_size",
            "r_hat",
        ];
        let rows = results.series.iter().enumerate().map(|(at, name)| {
            let columns = [
                &results.integrated_autocorrelation_time,
                &results.effective_sample_size,
                &results.tail_effective_sample_size,
                &results.r_hat,
            ];
            (vec![name], columns.map(|values| values[at]).to_vec())
        });
        write_table(path, header, rows)
    })?;
    // Of the first chain: the potential, and what is slowest.
    let times = results.integrated_autocorrelation_time.iter().enumerate();
    let slowest = times
        .filter(|(_, time)| !time.is_nan())
        .max_by(|a, b| a.1.total_cmp(b.1));
    let mut series: Vec<(&str, Vec<f64>)> = Vec::new();
    series.extend(potential.map(|potential| ("potential", potential.to_vec())));
    if let Some((slowest, _)) = slowest {
        let mut values = looked_at.series(slowest)?;
        values.truncate(looked_at.num_draws());
        series.push((&results.series[slowest], values));
    }
    let mut functions = Vec::new();
    for (name, values) in &series {
        if values.iter().all(|value| *value == values[0]) {
            continue;
        }
        let time = integrated_autocorrelation_time(values, arguments.estimator.config())?;
        let mut function = autocorrelation_function(values)?;
        function.truncate(4 * time.window.max(10));
        functions.push((*name, function, time));
    }
    if functions.is_empty() {
        return out.finish();
    }
    out.table("correlation-functions", |path| {
        let header = ["lag"]
            .into_iter()
            .chain(functions.iter().map(|function| function.0));
        let longest = functions
            .iter()
            .map(|function| function.1.len())
            .max()
            .unwrap_or(0);
        let rows = (0..longest).map(|lag| {
            let values = functions
                .iter()
                .map(|function| function.1.get(lag).copied());
            (
                vec![lag],
                values.map(|value| value.unwrap_or(f64::NAN)).collect(),
            )
        });
        write_table(path, header, rows)
    })?;
    let curves: Vec<CorrelationFunction<'_>> = functions.iter().map(curve).collect();
    let figure = Autocorrelation {
        functions: &curves,
        title: match results.num_chains {
            1 => "Autocorrelation",
            _ => "Autocorrelation in the first chain",
        },
        source: &recording.origin(),
    };
    out.figure("autocorrelation", |path| figure.save(path))?;
    out.finish()
}

fn curve<'a>(
    (name, values, time): &'a (&'a str, Vec<f64>, AutocorrelationTime),
) -> CorrelationFunction<'a> {
    CorrelationFunction {
        label: name,
        values,
        error: &[],
        window: Some(time.window),
        integrated_time: time.time,
        integrated_time_error: time.error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_true_of_the_numbers_that_it_shows() {
        let disagree = verdict(1.0103, 500.0, 400.0);
        assert!(disagree.contains("R̂ is 1.0103, above 1.01,"), "{disagree}");
        let few = verdict(1.0, 399.7, 400.0);
        assert!(few.contains("there are 399.7 effective"), "{few}");
        let good = verdict(1.0099, 400.0, 400.0);
        assert!(good.contains("R̂ is 1.0099, the fewest"), "{good}");
    }
}
