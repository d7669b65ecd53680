//! `tati analyse`: what draws tell, one file an analysis.

mod autocorrelation;
mod averages;
mod covariance;
mod diffusion_map;
mod free_energy;
mod free_energy_files;
mod hessian;
mod learning_coefficient;
mod variable;

use clap::Subcommand;

use crate::error::CliError;
use crate::output::Outcome;
use crate::program::Program;

/// Analyse the draws of a run, or those of another program from CSV
#[derive(clap::Args, Clone, Debug)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati analyse averages RUN --burn-in 100\n  tati analyse covariance --trajectory draws.csv --out figures"
)]
pub struct AnalyseArgs {
    #[command(subcommand)]
    analysis: Analysis,
}

#[derive(Subcommand, Clone, Debug)]
enum Analysis {
    Averages(averages::AveragesArgs),
    Covariance(covariance::CovarianceArgs),
    Autocorrelation(autocorrelation::AutocorrelationArgs),
    DiffusionMap(diffusion_map::DiffusionMapArgs),
    FreeEnergy(free_energy::FreeEnergyArgs),
    LearningCoefficient(learning_coefficient::LearningCoefficientArgs),
    Hessian(hessian::HessianArgs),
}

/// Runs the analysis asked for.
pub fn run(arguments: &AnalyseArgs, program: &Program) -> Result<Outcome, CliError> {
    match &arguments.analysis {
        Analysis::Averages(arguments) => averages::run(arguments, program),
        Analysis::Covariance(arguments) => covariance::run(arguments, program),
        Analysis::Autocorrelation(arguments) => autocorrelation::run(arguments, program),
        Analysis::DiffusionMap(arguments) => diffusion_map::run(arguments, program),
        Analysis::FreeEnergy(arguments) => free_energy::run(arguments, program),
        Analysis::LearningCoefficient(arguments) => learning_coefficient::run(arguments, program),
        Analysis::Hessian(arguments) => hessian::run(arguments, program),
    }
}
