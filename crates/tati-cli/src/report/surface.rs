//! The loss over two principal components around the state that the run ended with, at nested scales.

use serde::Serialize;
use tati::landscape::report::{Section, SurfaceLevel, SurfaceView};
use tati::landscape::{TrajectoryProjection, ZoomConfig};
use tati::{AffineSubspace, Potential};

use super::{ReportArgs, Reported, headed};
use crate::error::CliError;
use crate::program::Program;
use crate::surface::directions::of_components;
use crate::surface::results::turned;
use crate::text;

/// Draws that are shown as dots.
const MOST_DRAWS: usize = 2000;

#[derive(Serialize)]
pub struct Figures {
    origin_potential: f64,
    points: usize,
    levels: Vec<OfLevel>,
}

#[derive(Serialize)]
struct OfLevel {
    reach: f64,
    minimum: Option<f64>,
    maximum: Option<f64>,
}

pub fn section(
    run: &Reported,
    arguments: &ReportArgs,
    program: &Program,
) -> Result<(Section, Figures), CliError> {
    let point = run.point()?;
    let (vectors, labels) = of_components(&run.recording, &[1, 2])?;
    let vectors: Vec<&[f64]> = vectors.iter().map(Vec::as_slice).collect();
    let subspace = AffineSubspace::new(&point.position, &vectors)?;
    let [widest, narrowest] = arguments.zoom.ends();
    let bar = program.progress("surface", 1000);
    let surfaces = ZoomConfig::new()
        .with_points(arguments.points)
        .with_widest(widest)
        .with_narrowest(narrowest)
        .evaluate(&point.potential, &subspace, &mut |share| {
            bar.set_position((1000.0 * share) as u64);
        })?;
    bar.finish_and_clear();
    let draws = run.recording.draws()?;
    let every = (draws.num_chains() * draws.num_draws()).div_ceil(MOST_DRAWS);
    let projection = TrajectoryProjection::of(&draws.with_every(every)?, &subspace)?;
    let places = projection
        .coefficients
        .iter()
        .flat_map(|chain| chain.chunks_exact(2));
    let places: Vec<[f64; 2]> = places.map(|place| [place[0], place[1]]).collect();
    let reaches: Vec<f64> = (narrowest..=widest)
        .rev()
        .map(|exponent| 10f64.powi(exponent))
        .collect();
    let names: Vec<String> = reaches
        .iter()
        .map(|reach| format!("±{}", text::number(*reach)))
        .collect();
    let values: Vec<Vec<f64>> = surfaces.iter().map(turned).collect();
    let levels: Vec<SurfaceLevel<'_>> = surfaces
        .iter()
        .zip(&values)
        .zip(&names)
        .map(|((surface, values), label)| SurfaceLevel {
            label,
            x: &surface.axes[0].values,
            y: &surface.axes[1].values,
            values,
        })
        .collect();
    let view = SurfaceView {
        levels: &levels,
        draws: &places,
        x_label: &labels[0],
        y_label: &labels[1],
        value_label: "potential U",
    };
    let origin = point.potential.positions(&point.position)?.flatten(0, 1);
    let origin_potential = point.potential.energy(&origin)?;
    let section = headed("surface")
        .paragraph(&format!(
            "The loss over all {} items for training, around the state that the first chain ended with (U = {}), along the two widest principal components of the draws. The dots are the draws as they project onto this plane: they lie off it in the other directions, and their own U is another.",
            point.potential.num_rows(),
            text::number(origin_potential)
        ))
        .surface(&view);
    let of_level = |(reach, values): (&f64, &Vec<f64>)| {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        OfLevel {
            reach: *reach,
            minimum: finite().reduce(f64::min),
            maximum: finite().reduce(f64::max),
        }
    };
    Ok((
        section,
        Figures {
            origin_potential,
            points: arguments.points,
            levels: reaches.iter().zip(&values).map(of_level).collect(),
        },
    ))
}
