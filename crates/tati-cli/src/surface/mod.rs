//! `tati surface`: the loss on lines, planes and grids of parameters, and along trajectories.

mod directions;
mod grid;
mod results;
mod section;
mod trajectory;

use clap::Subcommand;

use crate::error::CliError;
use crate::output::Outcome;
use crate::program::Program;

/// Evaluate the loss on a line, a plane, a grid of parameters, or along a trajectory
#[derive(clap::Args, Clone, Debug)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati surface plane RUN --range -10:10 --out plane\n  tati surface line RUN --towards RUN2\n  tati surface trajectory RUN --test"
)]
pub struct SurfaceArgs {
    #[command(subcommand)]
    surface: Surface,
}

#[derive(Subcommand, Clone, Debug)]
enum Surface {
    Plane(section::PlaneArgs),
    Line(section::LineArgs),
    Grid(grid::GridArgs),
    Trajectory(trajectory::TrajectoryArgs),
}

/// Evaluates the surface asked for.
pub fn run(arguments: &SurfaceArgs, program: &Program) -> Result<Outcome, CliError> {
    match &arguments.surface {
        Surface::Plane(arguments) => section::run_plane(arguments, program),
        Surface::Line(arguments) => section::run_line(arguments, program),
        Surface::Grid(arguments) => grid::run(arguments, program),
        Surface::Trajectory(arguments) => trajectory::run(arguments, program),
    }
}
