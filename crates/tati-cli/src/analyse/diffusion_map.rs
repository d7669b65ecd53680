//! `tati analyse diffusion-map`: the slow coordinates of the draws beside those of random walks.

use serde::Serialize;
use tati::landscape::plot::{ColorScale, DiffusionCoordinates, DiffusionSpectrum, PointColors};
use tati::landscape::{DiffusionMapReading, DiffusionMapReadingConfig, Recording};
use tati::{require_positive, shares_host_memory, write_table};

use crate::error::CliError;
use crate::options::diffusion_map::DiffusionMapOptions;
use crate::options::draws::{DrawsOptions, potentials, required_potentials};
use crate::options::out::{OutFolder, OutOptions};
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The diffusion map of the draws: slow coordinates, and whether they show the landscape
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse diffusion-map RUN --every 10 --out map\n  tati analyse diffusion-map RUN --neighbors 64 --eigenpairs 11 --json"
)]
pub struct DiffusionMapArgs {
    #[command(flatten)]
    #[serde(flatten)]
    draws: DrawsOptions,
    /// Eigenpairs, the constant counted
    #[arg(long, value_name = "K", default_value_t = 6)]
    eigenpairs: usize,
    #[command(flatten)]
    #[serde(flatten)]
    map: DiffusionMapOptions,
    /// Map to the density exp(-βU) with this β, whatever density the draws are of
    #[arg(long, value_name = "β")]
    target_inverse_temperature: Option<f64>,
    /// Seed of the random walks that it is compared with
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    bandwidth: f64,
    dimension: f64,
    /// Of the generator, descending, the 0 of the constant first.
    eigenvalues: Vec<f64>,
    /// Of the map of free random walks; null where that cannot be made.
    null_eigenvalues: Option<Vec<f64>>,
    coordinates: Vec<Coordinate>,
    held_out_correlations: Vec<f64>,
    verdict: &'static str,
    verdict_in_words: String,
    num_parts: usize,
    num_points: usize,
    num_chains: usize,
    seed: u64,
    files: Vec<String>,
}

#[derive(Serialize)]
struct Coordinate {
    eigenvalue: f64,
    chain_share: f64,
    time_share: f64,
    shows: &'static str,
}

pub fn run(arguments: &DiffusionMapArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let recording = arguments.draws.open()?;
    let draws = recording.draws()?;
    let log_weights = match arguments.target_inverse_temperature {
        Some(inverse_temperature) => {
            require_positive("target_inverse_temperature", inverse_temperature)?;
            let potentials = required_potentials(&recording, "a map to a target")?.concat();
            let weights = potentials
                .iter()
                .map(|potential| -inverse_temperature * potential);
            Some(weights.collect::<Vec<f64>>())
        }
        None => None,
    };
    // A CPU computes as well without Burn.
    let device = program.device(None)?;
    let bar = program.progress("mapping", 3);
    let config = DiffusionMapReadingConfig::new(arguments.map.config(arguments.eigenpairs))
        .with_seed(arguments.seed);
    let weights = log_weights.as_deref();
    let progress = &mut |share: f64| bar.set_position((3.0 * share).round() as u64);
    let reading = if shares_host_memory(&device) {
        config.compute(&draws, weights, progress)?
    } else {
        config.compute_on(&device, &draws, weights, progress)?
    };
    bar.finish_and_clear();
    let mut results = Results::new(&reading, draws.num_chains(), arguments.seed);
    if let Some(out) = out {
        results.files = write(out, &results, &reading, &recording)?;
    }
    Outcome::new(&results, results.text())
}

impl Results {
    fn new(reading: &DiffusionMapReading, num_chains: usize, seed: u64) -> Self {
        let coordinates = reading.coordinates.iter().map(|coordinate| Coordinate {
            eigenvalue: coordinate.eigenvalue,
            chain_share: coordinate.chain_share,
            time_share: coordinate.time_share,
            shows: coordinate.shows().name(),
        });
        let map = &reading.map;
        Self {
            bandwidth: map.bandwidth(),
            dimension: map.dimension(),
            eigenvalues: map.eigenvalues().to_vec(),
            null_eigenvalues: reading.null_eigenvalues.clone(),
            coordinates: coordinates.collect(),
            held_out_correlations: reading.held_out_correlations.clone(),
            verdict: reading.shows().name(),
            verdict_in_words: reading.shows().to_string(),
            num_parts: map.parts().iter().max().map_or(0, |last| last + 1),
            num_points: map.num_points(),
            num_chains,
            seed,
            files: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .coordinates
            .iter()
            .enumerate()
            .map(|(at, coordinate)| {
                let null = self.null_eigenvalues.as_ref();
                let percent = |share: f64| format!("{:.0} %", 100.0 * share);
                vec![
                    (at + 1).to_string(),
                    text::number(-coordinate.eigenvalue),
                    null.map_or("-".to_string(), |null| text::number(-null[at + 1])),
                    percent(coordinate.chain_share),
                    percent(coordinate.time_share),
                ]
            })
            .collect();
        let heading = [
            "",
            "rate -λ",
            "random walk",
            "between chains",
            "slow in time",
        ];
        format!(
            "Diffusion map of {} of {}, ε = {}, seed {}\n{}{}\n{}",
            text::count(self.num_points, "draw"),
            text::count(self.num_chains, "chain"),
            text::number(self.bandwidth),
            self.seed,
            text::table(&heading, &rows),
            self.verdict_in_words,
            text::files(&self.files)
        )
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    reading: &DiffusionMapReading,
    recording: &Recording,
) -> Result<Vec<String>, CliError> {
    let source = recording.origin();
    out.table("eigenvalues", |path| {
        let rows = results.eigenvalues.iter().enumerate().map(|(at, value)| {
            let null = results
                .null_eigenvalues
                .as_ref()
                .map_or(f64::NAN, |null| null[at]);
            (vec![at], vec![*value, null])
        });
        write_table(path, ["coordinate", "eigenvalue", "null_eigenvalue"], rows)
    })?;
    let steps = recording.steps()?;
    let coordinates = reading.map.coordinates();
    out.table("coordinates", |path| {
        let names = (1..coordinates.ncols()).map(|number| format!("coordinate{number}"));
        let header = ["chain", "step"].map(String::from).into_iter().chain(names);
        let places = steps.iter().enumerate();
        let places =
            places.flat_map(|(chain, steps)| steps.iter().map(move |step| [chain as u64, *step]));
        let rows = places.enumerate().map(|(point, place)| {
            let row = coordinates.row(point);
            (place.to_vec(), row.iter().skip(1).copied().collect())
        });
        write_table(path, header, rows)
    })?;
    let spectrum = DiffusionSpectrum {
        eigenvalues: &results.eigenvalues,
        null: results.null_eigenvalues.as_deref().unwrap_or_default(),
        title: "Diffusion map of the draws",
        source: &source,
        ..DiffusionSpectrum::default()
    };
    out.figure("spectrum", |path| spectrum.save(path))?;
    if coordinates.ncols() < 3 {
        return out.finish();
    }
    let (x, y) = (coordinates.column(1), coordinates.column(2));
    let figure = DiffusionCoordinates {
        x: x.as_slice(),
        y: y.as_slice(),
        x_label: "diffusion coordinate 1",
        y_label: "diffusion coordinate 2",
        title: "Draws in diffusion coordinates",
        source: &source,
        ..DiffusionCoordinates::default()
    };
    let names: Vec<String> = (0..steps.len())
        .map(|chain| format!("chain {chain}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let groups = steps.iter().enumerate();
    let groups: Vec<usize> = groups
        .flat_map(|(chain, steps)| vec![chain; steps.len()])
        .collect();
    let by_chain = DiffusionCoordinates {
        colors: PointColors::Groups {
            group: &groups,
            names: &names,
        },
        ..figure
    };
    out.figure("coordinates-by-chain", |path| by_chain.save(path))?;
    if let Some(potentials) = potentials(recording)? {
        let by_potential = DiffusionCoordinates {
            colors: PointColors::Values {
                values: &potentials.concat(),
                label: "potential U",
                scale: ColorScale::Linear,
            },
            ..figure
        };
        out.figure("coordinates-by-potential", |path| by_potential.save(path))?;
    }
    out.finish()
}
