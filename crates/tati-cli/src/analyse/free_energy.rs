//! `tati analyse free-energy`: F along one collective variable, or over two.

use serde::Serialize;
use tati::landscape::{
    Basins, Bins, BlockBootstrap, BlockBootstrapConfig, CollectiveVariable, FreeEnergyPlaneConfig,
    FreeEnergyProfile, FreeEnergyProfileConfig, LevelSetsConfig, Recording,
    reweighting_log_weights,
};

use super::free_energy_files as files;
use super::variable::{Variable, largest_cosine_content};
use crate::error::CliError;
use crate::options::diffusion_map::DiffusionMapOptions;
use crate::options::draws::{DrawsOptions, recorded_inverse_temperature, required_potentials};
use crate::options::out::OutOptions;
use crate::output::Outcome;
use crate::program::Program;

/// Cosine contents below which a variable has been crossed often, and above which it is a random walk: those of the spectrum's verdict.
const OFTEN_BELOW: f64 = 0.2;
const WALK_ABOVE: f64 = 0.7;
/// Standard errors that a barrier is high, and resamples, unless told otherwise.
const SIGNIFICANCE: f64 = 5.0;
const RESAMPLES: usize = 200;

/// The free energy along a collective variable, or over two: basins, barriers, errors
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse free-energy RUN --along potential --out free-energy\n  tati analyse free-energy --trajectory draws.csv --along weight0 --along component:1 --inverse-temperature 10"
)]
pub struct FreeEnergyArgs {
    #[command(flatten)]
    #[serde(flatten)]
    draws: DrawsOptions,
    /// potential, component:K, diffusion:K or a parameter's name; twice for a plane
    #[arg(long, value_name = "VARIABLE", required = true)]
    along: Vec<Variable>,
    /// β of the draws [default: that of the run]
    #[arg(long, value_name = "β")]
    inverse_temperature: Option<f64>,
    /// Weight the draws so that they stand for this β
    #[arg(long, value_name = "β", hide_short_help = true)]
    reweight_to: Option<f64>,
    /// Bins, or levels with a landmark draw at each
    #[arg(long, value_enum, default_value = "histogram")]
    method: Method,
    /// Bins (along each variable) or levels; chosen if left out
    #[arg(long, value_name = "N")]
    bins: Option<usize>,
    /// Half the width of a level set; half the distance of levels if left out
    #[arg(long, value_name = "δ", hide_short_help = true)]
    half_width: Option<f64>,
    /// Standard errors that a barrier between basins must be high
    #[arg(long, value_name = "N", default_value_t = SIGNIFICANCE, hide_short_help = true)]
    significance: f64,
    /// Resamples of the bootstrap; 0 for no errors and no basins
    #[arg(long, value_name = "N", default_value_t = RESAMPLES)]
    resamples: usize,
    /// Draws in a block of the bootstrap; found if left out
    #[arg(long, value_name = "N", hide_short_help = true)]
    block_length: Option<usize>,
    /// Seed of the resamples
    #[arg(long, default_value_t = 0, hide_short_help = true)]
    seed: u64,
    #[command(flatten)]
    #[serde(flatten)]
    map: DiffusionMapOptions,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Histogram,
    LevelSets,
}

/// What is found, along one variable or over two.
#[derive(Serialize)]
pub struct Results {
    pub variables: Vec<Variable>,
    pub inverse_temperature: f64,
    #[serde(flatten)]
    pub energies: Energies,
    pub basins: Vec<Basin>,
    pub barriers: Vec<Barrier>,
    pub autocorrelation_time: f64,
    pub draws_by_weight: f64,
    /// Of each variable.
    pub cosine_content: Vec<f64>,
    pub verdict: String,
    pub num_draws: usize,
    pub num_chains: usize,
    pub seed: u64,
    pub files: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Energies {
    Profile {
        coordinate: Vec<f64>,
        free_energy: Vec<f64>,
        error: Vec<f64>,
        draws_in_bin: Vec<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        landmarks: Option<Vec<Option<usize>>>,
    },
    Plane {
        /// Of both variables.
        coordinate: [Vec<f64>; 2],
        /// The first variable down the rows.
        free_energy: Vec<Vec<f64>>,
        error: Vec<Vec<f64>>,
    },
}

#[derive(Serialize)]
pub struct Basin {
    pub position: Vec<f64>,
    pub free_energy: f64,
    pub population: f64,
    pub population_error: f64,
}

#[derive(Serialize)]
pub struct Barrier {
    pub between: [usize; 2],
    pub position: Vec<f64>,
    pub heights: [f64; 2],
    pub errors: [f64; 2],
}

pub fn run(arguments: &FreeEnergyArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let [1 | 2] = [arguments.along.len()] else {
        return Err(CliError::Usage(
            "`--along` is given more than twice: a free energy is along one variable, or over two"
                .to_string(),
        ));
    };
    if arguments.half_width.is_some() && arguments.method == Method::Histogram {
        return Err(CliError::Usage(
            "`--half-width` is for `--method level-sets`: bins are as wide as they are apart"
                .to_string(),
        ));
    }
    let out = arguments.out.open()?;
    let recording = arguments.draws.open()?;
    let sampled = match arguments.inverse_temperature {
        Some(given) => Some(given),
        None => recorded_inverse_temperature(&recording)?,
    };
    let sampled = sampled.ok_or_else(|| {
        CliError::Usage(format!(
            "{} does not tell at which temperature its draws are: give `--inverse-temperature`",
            recording.origin()
        ))
    })?;
    let mut results = compute(arguments, &recording, sampled)?;
    if let Some(out) = out {
        results.files = files::write(out, &results, &recording)?;
    }
    Outcome::new(&results, results.text())
}

impl FreeEnergyArgs {
    /// Along one variable, with all else as usual.
    pub fn along(variable: Variable) -> Self {
        Self {
            draws: DrawsOptions::usual(),
            along: vec![variable],
            inverse_temperature: None,
            reweight_to: None,
            method: Method::Histogram,
            bins: None,
            half_width: None,
            significance: SIGNIFICANCE,
            resamples: RESAMPLES,
            block_length: None,
            seed: 0,
            map: DiffusionMapOptions::usual(),
            out: OutOptions::default(),
        }
    }

    /// The same without errors, and so without basins.
    pub fn without_errors(self) -> Self {
        Self {
            resamples: 0,
            ..self
        }
    }
}

/// The free energy of a recording whose draws are at the inverse temperature `sampled`.
pub fn compute(
    arguments: &FreeEnergyArgs,
    recording: &Recording,
    sampled: f64,
) -> Result<Results, CliError> {
    let draws = recording.draws()?;
    let values = arguments
        .along
        .iter()
        .map(|variable| variable.values(recording, &arguments.map))
        .collect::<Result<Vec<_>, _>>()?;
    let inverse_temperature = arguments.reweight_to.unwrap_or(sampled);
    let log_weights = match arguments.reweight_to {
        Some(target) => {
            let potentials = required_potentials(recording, "a weight")?.concat();
            Some(reweighting_log_weights(&potentials, sampled, target)?)
        }
        None => None,
    };
    let lengths = vec![draws.num_draws(); draws.num_chains()];
    let mut variable = CollectiveVariable::new(&values[0], &lengths)?;
    if let Some(log_weights) = &log_weights {
        variable = variable.with_log_weights(log_weights)?;
    }
    let bootstrap = BlockBootstrapConfig::new()
        .with_num_resamples(arguments.resamples)
        .with_seed(arguments.seed)
        .with_block_length(arguments.block_length);
    let (energies, used, basins) = match (values.get(1), arguments.method) {
        (Some(second), Method::Histogram) => {
            let mut config =
                FreeEnergyPlaneConfig::new(inverse_temperature).with_bootstrap(bootstrap);
            if let Some(bins) = arguments.bins {
                config = config.with_bins([Bins::Count(bins), Bins::Count(bins)]);
            }
            let plane = config.compute(&variable, second)?;
            let rows = |matrix: nalgebra::DMatrix<f64>| {
                let rows = matrix.row_iter();
                rows.map(|row| row.iter().copied().collect()).collect()
            };
            let energies = Energies::Plane {
                coordinate: plane.coordinates.clone(),
                free_energy: rows(plane.free_energy()),
                error: rows(plane.error()),
            };
            let basins = basins(arguments, |significance| plane.basins(significance))?;
            (energies, plane.bootstrap, basins)
        }
        (Some(_), Method::LevelSets) => {
            return Err(CliError::Usage(
                "`--method level-sets` takes one `--along`: over two variables there are only histograms".to_string(),
            ));
        }
        (None, Method::Histogram) => {
            let mut config =
                FreeEnergyProfileConfig::new(inverse_temperature).with_bootstrap(bootstrap);
            if let Some(bins) = arguments.bins {
                config = config.with_bins(Bins::Count(bins));
            }
            let profile = config.compute(&variable)?;
            of_profile(arguments, profile, None)?
        }
        (None, Method::LevelSets) => {
            let mut config = LevelSetsConfig::new(inverse_temperature)
                .with_bootstrap(bootstrap)
                .with_half_width(arguments.half_width);
            if let Some(levels) = arguments.bins {
                config = config.with_num_levels(levels);
            }
            let sets = config.compute(&variable, &draws)?;
            of_profile(arguments, sets.profile, Some(sets.landmarks))?
        }
    };
    let contents = values
        .iter()
        .map(|values| largest_cosine_content(values, draws.num_draws()));
    let cosine_content: Vec<f64> = contents.collect();
    let (basins, barriers) = described(basins);
    Ok(Results {
        verdict: verdict(&cosine_content, basins.len(), arguments.resamples > 0),
        variables: arguments.along.clone(),
        inverse_temperature,
        energies,
        basins,
        barriers,
        autocorrelation_time: used.autocorrelation_time,
        draws_by_weight: used.draws_by_weight,
        cosine_content,
        num_draws: variable.num_draws(),
        num_chains: draws.num_chains(),
        seed: arguments.seed,
        files: Vec::new(),
    })
}

type Found = (Energies, BlockBootstrap, Option<Basins>);

fn of_profile(
    arguments: &FreeEnergyArgs,
    profile: FreeEnergyProfile,
    landmarks: Option<Vec<Option<usize>>>,
) -> Result<Found, CliError> {
    let basins = basins(arguments, |significance| profile.basins(significance))?;
    let energies = Energies::Profile {
        free_energy: profile.free_energy().to_vec(),
        error: profile.error().to_vec(),
        draws_in_bin: profile.num_draws().to_vec(),
        coordinate: profile.coordinate,
        landmarks,
    };
    Ok((energies, profile.bootstrap, basins))
}

/// The basins, which need errors.
fn basins(
    arguments: &FreeEnergyArgs,
    find: impl FnOnce(f64) -> tati::Result<Basins>,
) -> Result<Option<Basins>, CliError> {
    match arguments.resamples {
        0 => Ok(None),
        _ => Ok(Some(find(arguments.significance)?)),
    }
}

fn described(basins: Option<Basins>) -> (Vec<Basin>, Vec<Barrier>) {
    let Some(found) = basins else {
        return (Vec::new(), Vec::new());
    };
    let basins = found.basins.into_iter().map(|basin| Basin {
        position: basin.position,
        free_energy: basin.free_energy,
        population: basin.population,
        population_error: basin.population_error,
    });
    let barriers = found.barriers.into_iter().map(|barrier| Barrier {
        between: barrier.between,
        position: barrier.position,
        heights: barrier.heights,
        errors: barrier.errors,
    });
    (basins.collect(), barriers.collect())
}

fn verdict(cosine_content: &[f64], num_basins: usize, with_errors: bool) -> String {
    let largest = cosine_content.iter().copied().fold(0.0, f64::max);
    if largest > WALK_ABOVE {
        return format!(
            "random walk: the variable is a cosine of time (content {largest:.2}), so this shows how far a chain has wandered, not a free energy"
        );
    }
    if largest > OFTEN_BELOW {
        return format!(
            "undecided: the variable was crossed only a few times (cosine content {largest:.2}); sample longer before reading anything into it"
        );
    }
    match (with_errors, num_basins) {
        (false, _) => "crossed often; without errors basins cannot be told from noise".to_string(),
        (true, 1) => "crossed often: one basin".to_string(),
        (true, basins) => format!("crossed often: {basins} basins"),
    }
}
