//! `tati analyse hessian`: leading eigenvalues, trace and spectral density at a point.

use serde::Serialize;
use tati::landscape::plot::HessianSpectrum;
use tati::landscape::{
    DensityCurve, Eigenpairs, EigenpairsConfig, Hessian, HessianTraceConfig, SpectralDensityConfig,
    SpectrumEnd,
};
use tati::{require_count, write_table};

use crate::error::CliError;
use crate::options::out::{OutFolder, OutOptions};
use crate::options::point::PointOptions;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The width of the density's Gaussians as a share of the range of eigenvalues.
const WIDTH: f64 = 0.01;
/// Leading eigenpairs unless told otherwise, where there are as many.
const PAIRS: usize = 10;

/// Curvature at the state of a run: leading eigenvalues, trace, spectral density, each with its error
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse hessian RUN --pairs 20 --out hessian\n  tati analyse hessian RUN --parameters draws.csv --step 1000 --pairs 5 --json"
)]
pub struct HessianArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// Leading eigenpairs to find [default: 10, or all where there are fewer parameters]
    #[arg(long, value_name = "K")]
    pairs: Option<usize>,
    /// Relative residual at which one has converged
    #[arg(long, value_name = "X", default_value_t = 1e-3)]
    tolerance: f64,
    /// Products with vectors after which the search ends
    #[arg(long, value_name = "N", default_value_t = 500, hide_short_help = true)]
    max_products: usize,
    /// Random probes of trace and density; 0 for neither
    #[arg(long, value_name = "N", default_value_t = 10)]
    probes: usize,
    /// Lanczos steps of each probe of the density
    #[arg(long, value_name = "N", default_value_t = 40, hide_short_help = true)]
    lanczos_steps: usize,
    /// Seed of starts and probes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    /// Descending.
    eigenvalues: Vec<f64>,
    residuals: Vec<f64>,
    difference_errors: Vec<f64>,
    smallest_eigenvalue: f64,
    smallest_eigenvalue_error: f64,
    converged: bool,
    trace: Option<f64>,
    trace_standard_error: Option<f64>,
    density: Option<Density>,
    verdict: String,
    difference_step: f64,
    num_gradients: usize,
    num_items: usize,
    num_parameters: usize,
    seed: u64,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Density {
    eigenvalues: Vec<f64>,
    density: Vec<f64>,
    standard_error: Vec<f64>,
    width: f64,
}

pub fn run(arguments: &HessianArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    if arguments.probes > 0 {
        require_count("probes", arguments.probes, 2..)?;
        require_count("lanczos_steps", arguments.lanczos_steps, 1..)?;
    }
    let out = arguments.out.open()?;
    let point = arguments.point.open(program)?;
    let theta = point.theta()?;
    let bar = program.progress("curvature", 0);
    let mut hessian = Hessian::new(&point.potential, &theta)?.with_progress(|progress| {
        bar.set_length(progress.max_products as u64);
        bar.set_position(progress.num_products as u64);
    });
    let num_parameters = point.position.len();
    let config = EigenpairsConfig::new(arguments.pairs.unwrap_or(PAIRS.min(num_parameters)))
        .with_tolerance(arguments.tolerance)
        .with_max_products(arguments.max_products)
        .with_seed(arguments.seed);
    let largest = config.run(&mut hessian)?;
    let smallest = EigenpairsConfig::new(1)
        .with_end(SpectrumEnd::Smallest)
        .with_tolerance(arguments.tolerance.max(1e-2))
        .with_max_products(arguments.max_products)
        .with_seed(arguments.seed)
        .run(&mut hessian)?;
    let (trace, curve) = match arguments.probes {
        0 => (None, None),
        probes => {
            let trace = HessianTraceConfig::new(probes)
                .with_seed(arguments.seed)
                .run(&mut hessian)?;
            let density = SpectralDensityConfig::new(probes)
                .with_num_steps(arguments.lanczos_steps)
                .with_seed(arguments.seed)
                .run(&mut hessian)?;
            let (low, high) = density.range();
            let width = WIDTH * (high - low).max(f64::MIN_POSITIVE);
            (Some(trace), Some(density.broadened(width)?))
        }
    };
    let num_gradients = hessian.num_gradients();
    drop(hessian);
    bar.finish_and_clear();
    let [Some(lowest), Some(error)] = [
        smallest.eigenvalues.first(),
        smallest.difference_errors.first(),
    ] else {
        return Err(CliError::Other(
            "no smallest eigenvalue was found".to_string(),
        ));
    };
    let error = error.hypot(smallest.residuals.first().copied().unwrap_or(0.0));
    let mut results = Results {
        verdict: verdict(
            &largest,
            *lowest,
            error,
            largest.converged && smallest.converged,
        ),
        smallest_eigenvalue: *lowest,
        smallest_eigenvalue_error: error,
        converged: largest.converged && smallest.converged,
        difference_step: largest.difference_step,
        eigenvalues: largest.eigenvalues,
        residuals: largest.residuals,
        difference_errors: largest.difference_errors,
        trace: trace.as_ref().map(|found| found.trace),
        trace_standard_error: trace.as_ref().map(|found| found.standard_error),
        density: curve.map(Density::of),
        num_gradients,
        num_items: point.potential.num_rows(),
        num_parameters,
        seed: arguments.seed,
        files: Vec::new(),
    };
    if let Some(out) = out {
        let source = arguments.point.run.display().to_string();
        results.files = write(out, &results, &source)?;
    }
    Outcome::new(&results, results.text())
}

fn verdict(largest: &Eigenpairs, lowest: f64, error: f64, converged: bool) -> String {
    if !converged {
        return "not converged: raise --max-products or --tolerance before reading the last eigenvalues".to_string();
    }
    let top = largest.eigenvalues.first().copied().unwrap_or(0.0);
    if lowest < -3.0 * error {
        format!(
            "a saddle: the loss falls along a direction of curvature {}",
            text::number(lowest)
        )
    } else if lowest > 3.0 * error {
        format!(
            "a valley: every curvature is above 0, from {} to {}",
            text::number(lowest),
            text::number(top)
        )
    } else {
        "a valley with flat directions: the smallest curvature is 0 within its error".to_string()
    }
}

impl Density {
    fn of(curve: DensityCurve) -> Self {
        Self {
            eigenvalues: curve.eigenvalues,
            density: curve.density,
            standard_error: curve.standard_error,
            width: curve.width,
        }
    }
}

impl Results {
    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = (0..self.eigenvalues.len())
            .map(|at| {
                let error = self.difference_errors[at].hypot(self.residuals[at]);
                let numbers = [self.eigenvalues[at], error].map(text::number);
                [(at + 1).to_string()].into_iter().chain(numbers).collect()
            })
            .collect();
        let trace = match (self.trace, self.trace_standard_error) {
            (Some(trace), Some(error)) => {
                format!("trace {} ± {}\n", text::number(trace), text::number(error))
            }
            _ => String::new(),
        };
        format!(
            "Hessian of {} over {}, {}, seed {}\nthe {} largest of {} eigenvalues\n{}smallest {} ± {}\n{trace}{}\n{}",
            text::count(self.num_parameters, "parameter"),
            text::count(self.num_items, "item"),
            text::count(self.num_gradients, "gradient"),
            self.seed,
            self.eigenvalues.len(),
            self.num_parameters,
            text::table(&["", "eigenvalue", "error"], &rows),
            text::number(self.smallest_eigenvalue),
            text::number(self.smallest_eigenvalue_error),
            self.verdict,
            text::files(&self.files)
        )
    }
}

fn write(mut out: OutFolder, results: &Results, source: &str) -> Result<Vec<String>, CliError> {
    out.table("eigenvalues", |path| {
        let rows = (0..results.eigenvalues.len()).map(|at| {
            let columns = [
                &results.eigenvalues,
                &results.residuals,
                &results.difference_errors,
            ];
            (vec![at + 1], columns.map(|values| values[at]).to_vec())
        });
        write_table(
            path,
            ["number", "eigenvalue", "residual", "difference_error"],
            rows,
        )
    })?;
    let Some(density) = &results.density else {
        return out.finish();
    };
    out.table("density", |path| {
        let rows = (0..density.eigenvalues.len()).map(|at| {
            let columns = [
                &density.eigenvalues,
                &density.density,
                &density.standard_error,
            ];
            (
                Vec::<usize>::new(),
                columns.map(|values| values[at]).to_vec(),
            )
        });
        write_table(path, ["eigenvalue", "density", "standard_error"], rows)
    })?;
    let figure = HessianSpectrum {
        locations: &density.eigenvalues,
        density: &density.density,
        leading: &results.eigenvalues,
        title: &format!(
            "Hessian of the loss, {}",
            text::count(results.num_parameters, "parameter")
        ),
        source,
    };
    out.figure("spectrum", |path| figure.save(path))?;
    out.finish()
}
