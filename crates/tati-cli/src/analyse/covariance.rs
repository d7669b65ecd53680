//! `tati analyse covariance`: principal components beside those of a random walk.

use serde::Serialize;
use tati::landscape::plot::{Spectrum, Trajectories};
use tati::landscape::{
    CovarianceAccumulator, CovarianceMethod, Draws, PrincipalComponents, PrincipalComponentsConfig,
    RandomWalkCheck, RandomWalkCheckConfig, Recording,
};
use tati::{require_count, write_table};

use crate::error::CliError;
use crate::options::draws::DrawsOptions;
use crate::options::out::{OutFolder, OutOptions};
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// Components unless told otherwise.
const COMPONENTS: usize = 10;
/// Parameters whose covariance matrix is printed whole.
const MOST_OF_MATRIX: usize = 2000;

/// Principal components of the draws, with the spectrum that a random walk would have
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse covariance RUN --components 20 --out covariance\n  tati analyse covariance --trajectory draws.csv --matrix --json"
)]
pub struct CovarianceArgs {
    #[command(flatten)]
    #[serde(flatten)]
    draws: DrawsOptions,
    /// Components wanted [default: 10, or as many as there are]
    #[arg(long, value_name = "K")]
    components: Option<usize>,
    /// How they are found: the cheapest way, all of the parameters' or the draws' matrix, iteration
    #[arg(long, value_enum, default_value = "cheapest")]
    method: Method,
    /// Give the covariance matrix itself too, of up to 2000 parameters
    #[arg(long)]
    matrix: bool,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Cheapest,
    Dense,
    Gram,
    Krylov,
}

#[derive(Serialize)]
pub struct Results {
    /// Of all chains together.
    pub eigenvalues: Vec<f64>,
    pub explained_variance_ratio: Vec<f64>,
    error_bounds: Vec<f64>,
    total_variance: f64,
    /// Of free random walks that move as fast: the mean over the chains.
    pub null_eigenvalues: Vec<f64>,
    /// The largest of the chains.
    pub cosine_content: Vec<f64>,
    pub verdict: &'static str,
    pub verdict_in_words: String,
    chains: Vec<OfChain>,
    num_draws: usize,
    pub num_chains: usize,
    num_parameters: usize,
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    covariance: Option<Vec<Vec<f64>>>,
    files: Vec<String>,
}

#[derive(Serialize)]
struct OfChain {
    eigenvalues: Vec<f64>,
    null_eigenvalues: Vec<f64>,
    cosine_content: Vec<f64>,
    /// a in ⟨|θ(t) − θ(0)|²⟩ ~ tᵃ: 1 of a free walk, 0 of a chain that has forgotten its start.
    diffusion_exponent: f64,
    verdict: &'static str,
}

pub fn run(arguments: &CovarianceArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let recording = arguments.draws.open()?;
    let draws = recording.draws()?;
    let config =
        PrincipalComponentsConfig::new(arguments.components.unwrap_or(usual_components(&draws)))
            .with_method(arguments.method.config());
    if arguments.matrix {
        require_count(
            "number of parameters for --matrix",
            draws.num_parameters(),
            1..=MOST_OF_MATRIX,
        )?;
    }
    let (components, mut results) = of_draws(&draws, config)?;
    if arguments.matrix {
        results.covariance = Some(matrix(&draws)?);
    }
    if let Some(out) = out {
        results.files = write(out, &results, &components, &recording)?;
    }
    Outcome::new(&results, results.text())
}

/// As many components as there are, ten at most.
pub fn usual_components(draws: &Draws<'_>) -> usize {
    let num_draws = draws.num_chains() * draws.num_draws();
    let most = draws.num_parameters().min(num_draws.saturating_sub(1));
    COMPONENTS.min(most)
}

/// The components of draws, and what they are worth.
pub fn of_draws(
    draws: &Draws<'_>,
    config: PrincipalComponentsConfig,
) -> Result<(PrincipalComponents, Results), CliError> {
    let components = config.compute(draws)?;
    let walk = match draws.num_draws() < RandomWalkCheckConfig::LEAST_DRAWS {
        true => None,
        false => {
            let check = RandomWalkCheckConfig::new().with_components(config);
            Some(check.compute(draws)?)
        }
    };
    let results = Results::new(&components, walk.as_ref(), draws);
    Ok((components, results))
}

impl Method {
    fn config(self) -> CovarianceMethod {
        match self {
            Self::Cheapest => CovarianceMethod::Cheapest,
            Self::Dense => CovarianceMethod::Dense,
            Self::Gram => CovarianceMethod::Gram,
            Self::Krylov => CovarianceMethod::Krylov,
        }
    }
}

/// The rows of the covariance matrix.
fn matrix(draws: &Draws<'_>) -> Result<Vec<Vec<f64>>, CliError> {
    let mut accumulator = CovarianceAccumulator::new(draws.num_parameters())?;
    for chain in 0..draws.num_chains() {
        draws.for_each_block(chain, |block| accumulator.add(&block.theta))?;
    }
    let covariance = accumulator.covariance()?;
    let rows = covariance.row_iter();
    Ok(rows.map(|row| row.iter().copied().collect()).collect())
}

impl Results {
    fn new(
        components: &PrincipalComponents,
        walk: Option<&RandomWalkCheck>,
        draws: &Draws<'_>,
    ) -> Self {
        let chains = || walk.into_iter().flat_map(|walk| &walk.chains);
        let count = chains().map(|chain| chain.cosine_content.len()).min();
        let count = count.unwrap_or(0).min(components.eigenvalues.len());
        let mean = |at: usize| {
            let nulls = chains().map(|chain| chain.null_eigenvalues[at]);
            nulls.sum::<f64>() / draws.num_chains() as f64
        };
        let largest = |at: usize| {
            let contents = chains().map(|chain| chain.cosine_content[at]);
            contents.fold(0.0, f64::max)
        };
        Self {
            eigenvalues: components.eigenvalues.clone(),
            explained_variance_ratio: components.explained_variance_ratio(),
            error_bounds: components.error_bounds.clone(),
            total_variance: components.total_variance,
            null_eigenvalues: (0..count).map(mean).collect(),
            cosine_content: (0..count).map(largest).collect(),
            verdict: walk.map_or("too short", |walk| walk.verdict.name()),
            verdict_in_words: match walk {
                Some(walk) => walk.verdict.to_string(),
                None => format!(
                    "too short: a landscape cannot be told from a random walk by fewer than {} draws of a chain",
                    RandomWalkCheckConfig::LEAST_DRAWS
                ),
            },
            chains: chains()
                .map(|chain| OfChain {
                    eigenvalues: chain.components.eigenvalues.clone(),
                    null_eigenvalues: chain.null_eigenvalues.clone(),
                    cosine_content: chain.cosine_content.clone(),
                    diffusion_exponent: chain.diffusion.exponent,
                    verdict: chain.verdict.name(),
                })
                .collect(),
            num_draws: components.num_draws,
            num_chains: draws.num_chains(),
            num_parameters: draws.num_parameters(),
            method: match components.method {
                CovarianceMethod::Gram => "gram",
                CovarianceMethod::Krylov => "krylov",
                CovarianceMethod::Dense | CovarianceMethod::Cheapest => "dense",
            },
            covariance: None,
            files: Vec::new(),
        }
    }

    /// The spectrum beside its null: of the first chain, where the null can be told.
    pub fn spectrum<'a>(&'a self, source: &'a str) -> Spectrum<'a> {
        let spectrum = Spectrum {
            eigenvalues: &self.eigenvalues,
            title: "Covariance of the draws",
            source,
            ..Spectrum::default()
        };
        let Some(chain) = self.chains.first() else {
            return spectrum;
        };
        Spectrum {
            eigenvalues: &chain.eigenvalues,
            null: &chain.null_eigenvalues,
            cosine_content: &chain.cosine_content,
            title: match self.num_chains {
                1 => spectrum.title,
                _ => "Covariance of the draws of one chain",
            },
            ..spectrum
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = (0..self.eigenvalues.len())
            .map(|at| {
                let or_none = |values: &[f64]| {
                    values
                        .get(at)
                        .map_or("-".to_string(), |value| text::number(*value))
                };
                vec![
                    (at + 1).to_string(),
                    text::number(self.eigenvalues[at]),
                    format!("{:.2} %", 100.0 * self.explained_variance_ratio[at]),
                    or_none(&self.null_eigenvalues),
                    or_none(&self.cosine_content),
                ]
            })
            .collect();
        let heading = ["", "eigenvalue", "share", "random walk", "cosine content"];
        format!(
            "{} of {}, {}\n{}{}\n{}",
            text::count(self.num_draws, "draw"),
            text::count(self.num_chains, "chain"),
            text::count(self.num_parameters, "parameter"),
            text::table(&heading, &rows),
            self.verdict_in_words,
            text::files(&self.files)
        )
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    components: &PrincipalComponents,
    recording: &Recording,
) -> Result<Vec<String>, CliError> {
    let draws = recording.draws()?;
    let names = recording.parameter_names();
    let source = recording.origin();
    let count = results.eigenvalues.len();
    out.table("eigenvalues", |path| {
        let header = [
            "component",
            "eigenvalue",
            "explained_variance_ratio",
            "null_eigenvalue",
            "cosine_content",
        ];
        let rows = (0..count).map(|at| {
            let or_nan = |values: &[f64]| values.get(at).copied().unwrap_or(f64::NAN);
            let numbers = [
                &results.eigenvalues,
                &results.explained_variance_ratio,
                &results.null_eigenvalues,
                &results.cosine_content,
            ];
            (vec![at + 1], numbers.map(|values| or_nan(values)).to_vec())
        });
        write_table(path, header, rows)
    })?;
    out.table("eigenvectors", |path| {
        let header = ["component"]
            .into_iter()
            .chain(names.iter().map(String::as_str));
        let vectors = components.eigenvectors.column_iter().zip(1..);
        let rows = vectors.map(|(vector, number)| (vec![number], vector.iter().copied().collect()));
        write_table(path, header, rows)
    })?;
    let projections = (0..draws.num_chains())
        .map(|chain| {
            Ok(components
                .project(&draws, chain)?
                .transpose()
                .as_slice()
                .to_vec())
        })
        .collect::<tati::Result<Vec<Vec<f64>>>>()?;
    let steps = recording.steps()?;
    out.table("projections", |path| {
        let columns = (1..=count).map(|component| format!("component{component}"));
        let header = ["chain", "step"]
            .map(String::from)
            .into_iter()
            .chain(columns);
        let chains = projections.iter().zip(&steps).enumerate();
        let rows = chains.flat_map(|(chain, (coordinates, steps))| {
            let draws = coordinates.chunks_exact(count).zip(steps);
            draws.map(move |(place, step)| (vec![chain as u64, *step], place.to_vec()))
        });
        write_table(path, header, rows)
    })?;
    if let Some(covariance) = &results.covariance {
        out.table("covariance", |path| {
            let header = ["parameter"]
                .into_iter()
                .chain(names.iter().map(String::as_str));
            let rows = names.iter().zip(covariance);
            write_table(
                path,
                header,
                rows.map(|(name, row)| (vec![name], row.clone())),
            )
        })?;
    }
    let spectrum = results.spectrum(&source);
    out.figure("spectrum", |path| spectrum.save(path))?;
    if count >= 2 {
        let chains: Vec<&[f64]> = projections.iter().map(Vec::as_slice).collect();
        let planes: &[[usize; 2]] = if count > 2 {
            &[[0, 1], [0, 2]]
        } else {
            &[[0, 1]]
        };
        let trajectories = Trajectories {
            chains: &chains,
            num_components: count,
            planes,
            explained: &results.explained_variance_ratio,
            title: "Draws in principal components",
            source: &source,
        };
        out.figure("trajectories", |path| trajectories.save(path))?;
    }
    out.finish()
}
