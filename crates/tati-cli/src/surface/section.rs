//! `tati surface line` and `tati surface plane`.

use serde::Serialize;
use tati::landscape::plot::{Grid, Zoom, ZoomView};
use tati::landscape::{Axis, Surface, TrajectoryProjection, ZoomConfig};
use tati::{AffineSubspace, Potential};

use super::directions::{DirectionOptions, Directions};
use super::results::{Captions, OfSurface, turned, write_surface};
use crate::error::CliError;
use crate::options::draws::Selection;
use crate::options::out::{OutFolder, OutOptions};
use crate::options::point::PointOptions;
use crate::options::range::Ends;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// The loss along a direction through the state of a run
#[derive(clap::Args, Clone, Debug, Serialize)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati surface line RUN --components 1 --range -2:2\n  tati surface line RUN --towards RUN2 --points 101 --out between"
)]
pub struct LineArgs {
    #[command(flatten)]
    #[serde(flatten)]
    section: SectionArgs,
}

/// The loss over two directions through the state of a run, at nested scales if asked for
#[derive(clap::Args, Clone, Debug, Serialize)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati surface plane RUN --components 1,64 --zoom 1:-5 --double --out funnel\n  tati surface plane RUN --random --range -1:1"
)]
pub struct PlaneArgs {
    #[command(flatten)]
    #[serde(flatten)]
    section: SectionArgs,
}

#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct SectionArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// Range of the coefficients, twice for one each [default: -1:1; -0.5:1.5 towards a run]
    #[arg(long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    range: Vec<Ends<f64>>,
    /// Nested ranges ±10^i instead, i from the first to the second, as 1:-5
    #[arg(
        long,
        value_name = "I:J",
        allow_hyphen_values = true,
        conflicts_with = "range"
    )]
    zoom: Option<Ends<i32>>,
    /// Points along each direction
    #[arg(long, value_name = "N", default_value_t = 41)]
    points: usize,
    /// Evaluate in double precision, which deep zooms need
    #[arg(long)]
    double: bool,
    /// Project the draws, and show them as a path
    #[arg(long)]
    project: bool,
    #[command(flatten)]
    #[serde(flatten)]
    directions: DirectionOptions,
    #[command(flatten)]
    #[serde(flatten)]
    draws: Selection,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

#[derive(Serialize)]
struct Results {
    /// The widest surface.
    #[serde(flatten)]
    widest: OfSurface,
    /// U in the middle.
    origin_potential: f64,
    directions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zooms: Vec<OfSurface>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection: Option<Projection>,
    num_items: usize,
    num_parameters: usize,
    double: bool,
    seed: u64,
    files: Vec<String>,
}

/// Of each chain: the coefficients of each draw, and how far it is from the line or plane.
#[derive(Serialize)]
struct Projection {
    coefficients: Vec<Vec<Vec<f64>>>,
    residual_norms: Vec<Vec<f64>>,
}

pub fn run_line(arguments: &LineArgs, program: &Program) -> Result<Outcome, CliError> {
    run(&arguments.section, 1, program)
}

pub fn run_plane(arguments: &PlaneArgs, program: &Program) -> Result<Outcome, CliError> {
    run(&arguments.section, 2, program)
}

fn run(arguments: &SectionArgs, count: usize, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let point = arguments.point.open(program)?;
    let directions = arguments.directions.find(
        count,
        &point,
        &arguments.point,
        &arguments.draws,
        arguments.project,
    )?;
    let vectors: Vec<&[f64]> = directions.vectors.iter().map(Vec::as_slice).collect();
    let subspace = AffineSubspace::new(&point.position, &vectors)?;
    let potential = match arguments.double {
        true => point.double_potential()?,
        false => point.potential.clone(),
    };
    let bar = program.progress("surface", 1000);
    let mut progress = |share: f64| bar.set_position((1000.0 * share) as u64);
    let surfaces = match arguments.zoom {
        Some(zoom) => {
            let [widest, narrowest] = zoom.ends();
            ZoomConfig::new()
                .with_points(arguments.points)
                .with_widest(widest)
                .with_narrowest(narrowest)
                .evaluate(&potential, &subspace, &mut progress)?
        }
        None => {
            let axes = axes(arguments, count, directions.between)?;
            vec![Surface::over(&potential, &subspace, &axes, &mut progress)?]
        }
    };
    bar.finish_and_clear();
    let projection = match (&directions.recording, arguments.project) {
        (Some(recording), true) => Some(TrajectoryProjection::of(&recording.draws()?, &subspace)?),
        _ => None,
    };
    let middle = potential.positions(&point.position)?.flatten(0, 1);
    let mut results = Results {
        widest: OfSurface::new(&surfaces[0]),
        origin_potential: potential.energy(&middle)?,
        directions: directions.labels.clone(),
        zooms: match arguments.zoom {
            Some(_) => surfaces.iter().map(OfSurface::new).collect(),
            None => Vec::new(),
        },
        projection: projection.as_ref().map(|found| of_projection(found, count)),
        num_items: potential.num_rows(),
        num_parameters: point.position.len(),
        double: arguments.double,
        seed: arguments.directions.seed,
        files: Vec::new(),
    };
    if let Some(out) = out {
        let source = arguments.point.run.display().to_string();
        results.files = write(
            out,
            &results,
            &surfaces,
            &directions,
            projection.as_ref(),
            &source,
        )?;
    }
    Outcome::new(&results, results.text())
}

/// The axes of the coefficients.
fn axes(arguments: &SectionArgs, count: usize, between: bool) -> Result<Vec<Axis>, CliError> {
    let usual = match between {
        true => Ends::new(-0.5, 1.5),
        false => Ends::new(-1.0, 1.0),
    };
    let ranges = match arguments.range.as_slice() {
        [] => vec![usual; count],
        [one] => vec![*one; count],
        ranges if ranges.len() == count => ranges.to_vec(),
        ranges => {
            return Err(CliError::Usage(format!(
                "`--range` is given {} times: give one for all directions, or one for each of {count}",
                ranges.len()
            )));
        }
    };
    let axes = ranges.iter().enumerate().map(|(number, ends)| {
        Axis::equidistant(format!("c{number}"), ends.range(), arguments.points)
    });
    Ok(axes.collect::<tati::Result<_>>()?)
}

fn of_projection(found: &TrajectoryProjection, count: usize) -> Projection {
    let rows = |chain: &Vec<f64>| chain.chunks_exact(count).map(<[f64]>::to_vec).collect();
    Projection {
        coefficients: found.coefficients.iter().map(rows).collect(),
        residual_norms: found.residual_norms.clone(),
    }
}

impl Results {
    fn text(&self) -> String {
        let mut text = format!(
            "Loss over {}, {}, U = {} in the middle, seed {}\n",
            self.directions.join(" and "),
            text::count(self.num_items, "item"),
            text::number(self.origin_potential),
            self.seed
        );
        match self.zooms.as_slice() {
            [] => text.push_str(&self.widest.text()),
            zooms => zooms.iter().for_each(|zoom| text.push_str(&zoom.text())),
        }
        if let Some(projection) = &self.projection {
            let farthest = projection.residual_norms.iter().flatten().copied();
            text.push_str(&format!(
                "draws lie up to {} away\n",
                text::number(farthest.fold(0.0, f64::max))
            ));
        }
        text + &text::files(&self.files)
    }
}

fn write(
    mut out: OutFolder,
    results: &Results,
    surfaces: &[Surface],
    directions: &Directions,
    projection: Option<&TrajectoryProjection>,
    source: &str,
) -> Result<Vec<String>, CliError> {
    let count = directions.labels.len();
    // The first chain's, which stands for all.
    let path: Vec<[f64; 2]> = match projection {
        Some(found) if count == 2 => {
            let rows = found.coefficients[0].chunks_exact(2);
            rows.map(|row| [row[0], row[1]]).collect()
        }
        _ => Vec::new(),
    };
    if let Some(found) = projection {
        out.table("projection", |file| found.write_csv(file))?;
    }
    let captions = Captions {
        labels: &directions.labels,
        title: "Loss around the state of the run",
        source,
    };
    if surfaces.len() == 1 {
        let lowest = surfaces[0]
            .minimum()
            .and_then(|lowest| lowest.coordinates.try_into().ok());
        write_surface(&mut out, "surface", &surfaces[0], &path, lowest, captions)?;
        return out.finish();
    }
    for (level, surface) in surfaces.iter().enumerate() {
        if count == 2 {
            out.table(&format!("surface-{level}"), |file| surface.write_csv(file))?;
        } else {
            write_surface(
                &mut out,
                &format!("surface-{level}"),
                surface,
                &path,
                None,
                captions,
            )?;
        }
    }
    if count < 2 {
        return out.finish();
    }
    let values: Vec<Vec<f64>> = surfaces.iter().map(turned).collect();
    let grids: Vec<Grid<'_>> = surfaces
        .iter()
        .zip(&values)
        .map(|(surface, values)| Grid {
            x: &surface.axes[0].values,
            y: &surface.axes[1].values,
            values,
        })
        .collect();
    for (name, view) in [
        ("zoom", ZoomView::Relief),
        ("zoom-contours", ZoomView::Contour),
    ] {
        let figure = Zoom {
            grids: &grids,
            reference: results.origin_potential,
            view,
            path: &path,
            minimum: None,
            x_label: &directions.labels[0],
            y_label: &directions.labels[1],
            title: captions.title,
            source,
        };
        out.figure(name, |file| figure.save(file))?;
    }
    out.finish()
}
