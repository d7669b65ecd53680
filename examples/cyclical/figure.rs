//! The figure: the draws of every sampler over the modes, and the step size of the first cycles.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use tati::TatiError;
use tati::samplers::{CyclicalConfig, Stage};

use crate::mixture::{SIDE, VARIANCE, center};
use crate::support::Failure;

type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Heights of the title, of a panel and of the strip below; width of a panel.
const TITLE: u32 = 40;
const PANEL: u32 = 408;
const STRIP: u32 = 250;
const WIDTH: u32 = 400;
/// Coordinates shown in a panel.
const REACH: f64 = 6.0;
const CYCLES_SHOWN: usize = 3;
const CURVE_POINTS: usize = 900;
const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(214, 96, 20);
const GREY: RGBColor = RGBColor(110, 110, 110);

/// Draws a panel for each label with its draws into a file of `folder`, and returns its path.
pub fn write(
    folder: &Path,
    panels: &[(String, Vec<[f64; 2]>)],
    cycles: &CyclicalConfig,
) -> Result<String, Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| TatiError::file(folder, "creating the folder", error))?;
    for style in [FontStyle::Normal, FontStyle::Bold] {
        register_font("sans-serif", style, epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|_| Failure::Other("the font of the figure cannot be read".to_string()))?;
    }
    let path = folder.join("modes.png");
    // Renamed when it is complete, so that the path is never half a figure.
    let partial = folder.join("modes.partial.png");
    let failed = |error: Box<dyn std::error::Error>| Failure::of(path.display(), error);
    {
        let size = (WIDTH * panels.len() as u32, TITLE + PANEL + STRIP);
        let canvas = BitMapBackend::new(&partial, size).into_drawing_area();
        canvas.fill(&WHITE).map_err(|error| failed(error.into()))?;
        let (title, rest) = canvas.split_vertically(TITLE);
        let text = "Draws of SGLD; a circle is two standard deviations of a mode";
        title
            .draw(&Text::new(text, (14, 12), ("sans-serif", 22)))
            .map_err(|error| failed(error.into()))?;
        let (above, below) = rest.split_vertically(PANEL);
        let areas = above.split_evenly((1, panels.len()));
        for ((label, draws), area) in panels.iter().zip(&areas) {
            panel(area, label, draws).map_err(failed)?;
        }
        step_sizes(&below, cycles).map_err(failed)?;
        canvas.present().map_err(|error| failed(error.into()))?;
    }
    fs::rename(&partial, &path).map_err(|error| TatiError::file(&path, "renaming", error))?;
    Ok(path.display().to_string())
}

/// Draws as dots, and around each mode a circle of two standard deviations.
fn panel(canvas: &Canvas, label: &str, draws: &[[f64; 2]]) -> Drawn {
    let mut chart = ChartBuilder::on(canvas)
        .caption(label, ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(42)
        .y_label_area_size(50)
        .build_cartesian_2d(-REACH..REACH, -REACH..REACH)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(7)
        .y_labels(7)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .x_desc("x")
        .y_desc("y")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    let inside = |draw: &&[f64; 2]| draw.iter().all(|x| x.abs() < REACH);
    chart.draw_series(
        draws
            .iter()
            .filter(inside)
            .map(|draw| Circle::new((draw[0], draw[1]), 1, BLUE.mix(0.5).filled())),
    )?;
    let radius = 2.0 * VARIANCE.sqrt();
    let modes = (0..SIDE * SIDE).map(|mode| (center(mode % SIDE), center(mode / SIDE)));
    for (x, y) in modes {
        let circle = (0..=48).map(|part| {
            let angle = std::f64::consts::TAU * f64::from(part) / 48.0;
            (x + radius * angle.cos(), y + radius * angle.sin())
        });
        chart.draw_series(LineSeries::new(circle, ORANGE.stroke_width(2)))?;
    }
    Ok(())
}

/// The step size over the first cycles: grey where the chain explores, orange where it samples.
fn step_sizes(canvas: &Canvas, cycles: &CyclicalConfig) -> Drawn {
    let length = cycles.steps_per_cycle();
    let steps = (CYCLES_SHOWN * length).min(cycles.num_steps).max(2);
    let mut chart = ChartBuilder::on(canvas)
        .caption("step size of the first cycles", ("sans-serif", 20))
        .margin(10)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..steps as f64, 0.0..1.05 * cycles.initial_step_size)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .y_labels(5)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .x_desc("step")
        .y_desc("h")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    let every = steps.div_ceil(CURVE_POINTS);
    for (stage, label, color) in [
        (Stage::Exploration, "descent, no noise", GREY),
        (Stage::Sampling, "sampling", ORANGE),
    ] {
        let points = (0..steps as u64)
            .step_by(every)
            .filter(|step| cycles.stage_at(*step) == stage)
            .map(|step| (step as f64, cycles.step_size_at(step)));
        chart
            .draw_series(points.map(|point| Circle::new(point, 2, color.filled())))?
            .label(label)
            .legend(move |(x, y)| Circle::new((x + 10, y), 4, color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerLeft)
        .margin(10)
        .label_font(("sans-serif", 15))
        .background_style(WHITE.mix(0.85))
        .border_style(GREY.mix(0.4))
        .draw()?;
    Ok(())
}
