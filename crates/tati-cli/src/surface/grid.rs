//! `tati surface grid`: the loss over a grid of named parameters.

use serde::Serialize;
use tati::ParameterLayout;
use tati::landscape::{ParameterAxis, Surface};

use super::results::{Captions, OfSurface, write_surface};
use crate::error::CliError;
use crate::options::out::OutOptions;
use crate::options::point::PointOptions;
use crate::options::range::NamedRange;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The loss over a grid of named parameters, the others held
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati surface grid RUN --parameter 'weight[0][0]=-2:2' --parameter 'bias[0]=-1:1' --points 21\n  tati surface grid RUN --parameter 'layers.0.weight[1][3]=-1:1' --parameters draws.csv --step 100"
)]
pub struct GridArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// A parameter and its range; once or more
    #[arg(long, value_name = "NAME[I][J]=LOW:HIGH", required = true)]
    parameter: Vec<NamedRange>,
    /// Points along each
    #[arg(long, value_name = "N", default_value_t = 21)]
    points: usize,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    #[serde(flatten)]
    surface: OfSurface,
    num_items: usize,
    num_parameters: usize,
    files: Vec<String>,
}

pub fn run(arguments: &GridArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let point = arguments.point.open(program)?;
    let layout = point.potential.layout();
    let parameters = arguments
        .parameter
        .iter()
        .map(|parameter| axis(layout, parameter, arguments.points))
        .collect::<Result<Vec<_>, _>>()?;
    let bar = program.progress("surface", 1000);
    let mut progress = |share: f64| bar.set_position((1000.0 * share) as u64);
    let surface = Surface::over_parameters(
        &point.potential,
        &point.position,
        &parameters,
        &mut progress,
    )?;
    bar.finish_and_clear();
    let mut results = Results {
        surface: OfSurface::new(&surface),
        num_items: point.potential.num_rows(),
        num_parameters: point.position.len(),
        files: Vec::new(),
    };
    if let Some(mut out) = out {
        let labels: Vec<String> = surface.axes.iter().map(|axis| axis.name.clone()).collect();
        let captions = Captions {
            labels: &labels,
            title: "Loss over parameters, the others held",
            source: &arguments.point.run.display().to_string(),
        };
        write_surface(&mut out, "surface", &surface, &[], None, captions)?;
        results.files = out.finish()?;
    }
    let text = format!(
        "Loss over parameters, {}\n{}{}",
        text::count(results.num_items, "item"),
        results.surface.text(),
        text::files(&results.files)
    );
    Outcome::new(&results, text)
}

/// The axis of `layer.weight[3][100]`.
fn axis(
    layout: &ParameterLayout,
    parameter: &NamedRange,
    points: usize,
) -> Result<ParameterAxis, CliError> {
    let name = parameter.name.as_str();
    let (tensor, indices) = name.split_at(name.find('[').unwrap_or(name.len()));
    let indices = indices
        .split_inclusive(']')
        .map(|index| index.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .collect::<Option<Vec<usize>>>()
        .ok_or_else(|| {
            CliError::Usage(format!(
                "`--parameter {name}` is not a tensor with indices, as layer.weight[3][100]"
            ))
        })?;
    Ok(ParameterAxis::new(
        layout,
        tensor,
        &indices,
        parameter.ends.range(),
        points,
    )?)
}
