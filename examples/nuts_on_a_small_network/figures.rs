//! The figures: what the network predicts on average, and the potential along the chains.

use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use tati::TatiError;

use crate::sampling::{MAP_CELLS, MAP_REACH, Sampled, Task};
use crate::support::Failure;

type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(214, 96, 20);
/// Size of a map with its title and axes, and width of the scale of its colours.
const MAP: (u32, u32) = (380, 400);
const SCALE: u32 = 110;
const TRACES: (u32, u32) = (1100, 640);
/// Points of a trace; a longer one is thinned.
const TRACE_POINTS: usize = 700;
const CHAINS: [RGBColor; 4] = [BLUE, ORANGE, RGBColor(44, 140, 60), RGBColor(140, 86, 160)];

pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| TatiError::file(folder, "creating the folder", error).into())
}

/// Writes the figures into `folder` and returns their paths.
pub fn write(folder: &Path, task: &Task, sampled: &[Sampled]) -> Result<Vec<String>, Failure> {
    for style in [FontStyle::Normal, FontStyle::Bold] {
        register_font("sans-serif", style, epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|_| Failure::Other("the font of the figures cannot be read".to_string()))?;
    }
    let width = MAP.0 * sampled.len() as u32;
    let maps = save(folder, "predictions", (width + SCALE, MAP.1), &|canvas| {
        let (maps, beside) = canvas.split_horizontally(width);
        for (sampled, area) in sampled.iter().zip(maps.split_evenly((1, sampled.len()))) {
            map(&area, task, sampled)?;
        }
        scale(&beside)
    })?;
    let traces = save(folder, "potential", TRACES, &|canvas| {
        let (last, (lowest, highest)) = (most_gradients(sampled), range(sampled));
        for (sampled, area) in sampled.iter().zip(canvas.split_evenly((sampled.len(), 1))) {
            trace(&area, sampled, last, lowest..highest)?;
        }
        Ok(())
    })?;
    Ok(vec![maps, traces])
}

/// Draws into a file beside the figure and renames it, so that the figure is never half a figure.
fn save(
    folder: &Path,
    name: &str,
    size: (u32, u32),
    draw: &dyn Fn(&Canvas) -> Drawn,
) -> Result<String, Failure> {
    let path = folder.join(format!("{name}.png"));
    let partial = folder.join(format!("{name}.partial.png"));
    let failed = |error: Box<dyn std::error::Error>| Failure::of(path.display(), error);
    {
        let canvas = BitMapBackend::new(&partial, size).into_drawing_area();
        canvas.fill(&WHITE).map_err(|error| failed(error.into()))?;
        draw(&canvas).map_err(failed)?;
        canvas.present().map_err(|error| failed(error.into()))?;
    }
    fs::rename(&partial, &path).map_err(|error| TatiError::file(&path, "renaming", error))?;
    Ok(path.display().to_string())
}

/// The averaged probability of the disc, and the data.
fn map(canvas: &Canvas, task: &Task, sampled: &Sampled) -> Drawn {
    let mut chart = ChartBuilder::on(canvas)
        .caption(
            format!("{}: probability of the disc", sampled.sampler.label()),
            ("sans-serif", 20),
        )
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(48)
        .build_cartesian_2d(-MAP_REACH..MAP_REACH, -MAP_REACH..MAP_REACH)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(7)
        .y_labels(7)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .x_desc("first feature")
        .y_desc("second feature")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    let cell = 2.0 * MAP_REACH / MAP_CELLS as f64;
    let corner = |index: usize| cell * index as f64 - MAP_REACH;
    chart.draw_series(sampled.map.iter().enumerate().map(|(index, probability)| {
        let (x, y) = (corner(index % MAP_CELLS), corner(index / MAP_CELLS));
        Rectangle::new([(x, y), (x + cell, y + cell)], shade(*probability).filled())
    }))?;
    chart.draw_series(task.training.iter().map(|(point, label)| {
        let color = if label == 1 { BLUE } else { ORANGE };
        let place = (f64::from(point[0]), f64::from(point[1]));
        EmptyElement::at(place)
            + Circle::new((0, 0), 4, WHITE.filled())
            + Circle::new((0, 0), 3, color.filled())
    }))?;
    Ok(())
}

/// What the colours of a map say.
fn scale(canvas: &Canvas) -> Drawn {
    const SHADES: u32 = 100;

    let mut chart = ChartBuilder::on(canvas)
        .caption("probability", ("sans-serif", 15))
        .margin(10)
        .margin_right(30)
        .margin_bottom(52)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart.draw_series((0..SHADES).map(|shade_number| {
        let [low, high] = [0, 1].map(|end| f64::from(shade_number + end) / f64::from(SHADES));
        Rectangle::new(
            [(0.0, low), (1.0, high)],
            shade(0.5 * (low + high)).filled(),
        )
    }))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .y_labels(5)
        .set_all_tick_mark_size(5)
        .label_style(("sans-serif", 14))
        .draw()?;
    Ok(())
}

/// From orange at 0 over white at 1/2 to blue at 1.
fn shade(probability: f64) -> RGBColor {
    let color = if probability < 0.5 { ORANGE } else { BLUE };
    let strength = 1.3 * (probability - 0.5).abs();
    let mix = |part: u8| (255.0 + (f64::from(part) - 255.0) * strength).round() as u8;
    RGBColor(mix(color.0), mix(color.1), mix(color.2))
}

/// The potential of every chain over the gradients it has taken.
fn trace(canvas: &Canvas, sampled: &Sampled, last: f64, range: Range<f64>) -> Drawn {
    let caption = format!(
        "{}: the potential at the draws of each chain, in a colour of its own",
        sampled.sampler.label()
    );
    let mut chart = ChartBuilder::on(canvas)
        .caption(caption, ("sans-serif", 18))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(38)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, range.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .y_labels(8)
        .y_label_formatter(&|potential| format!("{potential:.2}"))
        .x_label_formatter(&|gradients| format!("{gradients:.0}"))
        .x_desc("gradients after burn-in")
        .y_desc("U")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    for (chain, color) in sampled.chains.iter().zip(CHAINS.into_iter().cycle()) {
        let every = chain.potentials.len().div_ceil(TRACE_POINTS).max(1);
        let points = chain.gradients.iter().zip(&chain.potentials).step_by(every);
        let points = points.map(|(gradients, potential)| (*gradients, potential.min(range.end)));
        chart.draw_series(LineSeries::new(points, color.mix(0.8).stroke_width(1)))?;
    }
    Ok(())
}

/// The gradients of the longest chain.
fn most_gradients(sampled: &[Sampled]) -> f64 {
    let chains = sampled.iter().flat_map(|sampled| &sampled.chains);
    let ends = chains.filter_map(|chain| chain.gradients.last());
    ends.fold(1.0, |most: f64, gradients| most.max(*gradients))
}

/// The lowest and highest potential of all.
fn range(sampled: &[Sampled]) -> (f64, f64) {
    let potentials = || {
        let chains = sampled.iter().flat_map(|sampled| &sampled.chains);
        chains.flat_map(|chain| chain.potentials.iter().copied())
    };
    let lowest = potentials().fold(f64::INFINITY, f64::min);
    let highest = potentials().fold(f64::NEG_INFINITY, f64::max);
    let room = 0.05 * (highest - lowest).max(1e-9);
    (lowest - room, highest + room)
}
