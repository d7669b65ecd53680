//! The figures: the draws of every sampler over the contours of each potential, and what a gradient gives.

use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use tati::TatiError;

use crate::report::Run;
use crate::support::Failure;
use crate::targets::{Moments, Target};

type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Panel<'a> = DrawingArea<BitMapBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(214, 96, 20);
const GREY: RGBColor = RGBColor(110, 110, 110);
/// Size of a panel, its title included.
const PANEL: (u32, u32) = (320, 310);
const PANELS_IN_A_ROW: usize = 5;
/// Height of the title of a figure.
const TITLE: u32 = 44;
/// Draws in a panel, about.
const SHOWN: usize = 1500;
/// Contour lines lie so far apart, in units of 1/β.
const CONTOURS_APART: f64 = 1.0;
/// Above this many 1/β over the lowest potential there are none.
const HIGHEST_CONTOUR: f64 = 8.0;

pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| TatiError::file(folder, "creating the folder", error).into())
}

/// Writes a figure for every target and one over all into `folder` and returns their paths.
pub fn write(folder: &Path, targets: &[Target], runs: &[Run]) -> Result<Vec<String>, Failure> {
    for style in [FontStyle::Normal, FontStyle::Bold] {
        register_font("sans-serif", style, epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|_| Failure::Other("the font of the figures cannot be read".to_string()))?;
    }
    let mut written = Vec::new();
    let mut present = Vec::new();
    for target in targets {
        let own: Vec<&Run> = runs.iter().filter(|run| run.target == target.key).collect();
        if own.is_empty() {
            continue;
        }
        // One panel more for the legend.
        let rows = (own.len() + 1).div_ceil(PANELS_IN_A_ROW);
        let columns = (own.len() + 1).div_ceil(rows);
        let size = (PANEL.0 * columns as u32, PANEL.1 * rows as u32 + TITLE);
        written.push(save(folder, target.key, size, &|canvas| {
            draws(canvas, target, &own, (rows, columns))
        })?);
        present.push((target, own));
    }
    written.push(efficiencies(folder, &present)?);
    Ok(written)
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

fn draws(canvas: &Canvas, target: &Target, runs: &[&Run], grid: (usize, usize)) -> Drawn {
    let areas = title(canvas, &target.title_of_figure())?.split_evenly(grid);
    for (run, area) in runs.iter().zip(&areas) {
        panel(area, target, run)?;
    }
    legend(&areas[runs.len()])
}

/// Writes the title of a figure, and returns what is left below it.
fn title<'a>(canvas: &Canvas<'a>, text: &str) -> Result<Canvas<'a>, Box<dyn std::error::Error>> {
    let (above, below) = canvas.split_vertically(TITLE);
    above.draw(&Text::new(
        text.to_string(),
        (16, 14),
        ("sans-serif", 24).into_font(),
    ))?;
    Ok(below)
}

/// The draws of a run, and two standard deviations around their mean.
fn panel(canvas: &Canvas, target: &Target, run: &Run) -> Drawn {
    let [low, high] = target.view;
    let caption = format!(
        "{}   |z| ≤ {:.1}",
        run.plan.sampler.label(),
        run.largest_z()
    );
    let mut chart = ChartBuilder::on(canvas)
        .caption(caption, ("sans-serif", 18))
        .margin(8)
        .x_label_area_size(22)
        .y_label_area_size(44)
        .build_cartesian_2d(low[0]..high[0], low[1]..high[1])?;
    contours(chart.plotting_area(), target)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(5)
        .y_labels(5)
        .label_style(("sans-serif", 13))
        .draw()?;
    let readings = run.draws.walkers.iter().map(Vec::len).sum::<usize>();
    let shown = run
        .draws
        .walkers
        .iter()
        .flatten()
        .step_by(readings.div_ceil(SHOWN));
    let points = shown.map(|position| target.to_view(*position));
    let inside =
        |point: &[f64; 2]| (0..2).all(|axis| (low[axis]..high[axis]).contains(&point[axis]));
    chart.draw_series(
        points
            .filter(inside)
            .map(|[x, y]| Circle::new((x, y), 1, BLUE.mix(0.45).filled())),
    )?;
    let ellipse = |moments: &Moments, style: ShapeStyle| {
        let points = ellipse(moments).map(|position| target.to_view(position).into());
        LineSeries::new(points, style)
    };
    chart.draw_series(ellipse(&run.expected, ORANGE.stroke_width(4)))?;
    chart.draw_series(ellipse(&run.measured, BLACK.stroke_width(1)))?;
    let mean = target.to_view(run.measured.mean).into();
    chart.draw_series([Cross::new(mean, 5, BLACK.stroke_width(2))])?;
    Ok(())
}

/// Draws a pixel wherever the next one to the right or below lies between other contours.
fn contours(area: &Panel, target: &Target) -> Drawn {
    let lowest = lowest(target);
    let ([low, high], (width, height)) = (target.view, area.dim_in_pixel());
    let point = |column: f64, row: f64| {
        [
            low[0] + (high[0] - low[0]) * column / f64::from(width),
            high[1] - (high[1] - low[1]) * row / f64::from(height),
        ]
    };
    let band = |column: u32, row: u32| {
        let above = target.energy_at(point(column.into(), row.into())) - lowest;
        let scaled = (target.inverse_temperature * above).min(HIGHEST_CONTOUR);
        (scaled / CONTOURS_APART).floor()
    };
    for row in 0..height {
        for column in 0..width {
            let here = band(column, row);
            if here != band(column + 1, row) || here != band(column, row + 1) {
                let middle = point(f64::from(column) + 0.5, f64::from(row) + 0.5);
                area.draw_pixel(middle.into(), &GREY.mix(0.45))?;
            }
        }
    }
    Ok(())
}

/// The lowest potential within the view.
fn lowest(target: &Target) -> f64 {
    const STEPS: u32 = 200;

    let [low, high] = target.view;
    let along = |axis: usize, step: u32| {
        low[axis] + (high[axis] - low[axis]) * f64::from(step) / f64::from(STEPS)
    };
    let mut lowest = f64::INFINITY;
    for step in 0..STEPS * STEPS {
        let point = [along(0, step % STEPS), along(1, step / STEPS)];
        lowest = lowest.min(target.energy_at(point));
    }
    lowest
}

/// Two standard deviations in every direction: the mean + 2 L (cos, sin) with L Lᵀ the covariance.
fn ellipse(moments: &Moments) -> impl Iterator<Item = [f64; 2]> {
    let [[xx, xy], [_, yy]] = moments.covariance;
    let first = xx.max(0.0).sqrt();
    let mixed = if first > 0.0 { xy / first } else { 0.0 };
    let second = (yy - mixed * mixed).max(0.0).sqrt();
    let [x, y] = moments.mean;
    (0..=120).map(move |part| {
        let (sine, cosine) = (std::f64::consts::TAU * f64::from(part) / 120.0).sin_cos();
        let across = 2.0 * (mixed * cosine + second * sine);
        [x + 2.0 * first * cosine, y + across]
    })
}

fn legend(area: &Canvas) -> Drawn {
    let font = ("sans-serif", 16).into_font();
    let text =
        |text: &str, row: i32| Text::new(text.to_string(), (70, 60 + 34 * row), font.clone());
    let line = |row: i32| vec![(24, 68 + 34 * row), (56, 68 + 34 * row)];
    for (dx, dy) in [(0, -4), (9, 3), (18, -1), (27, 4), (5, 6), (14, -6)] {
        area.draw(&Circle::new((26 + dx, 68 + dy), 1, BLUE.filled()))?;
    }
    area.draw(&text("some of the draws", 0))?;
    area.draw(&PathElement::new(line(1), ORANGE.stroke_width(4)))?;
    area.draw(&text("expected mean ± 2 std. dev.", 1))?;
    area.draw(&PathElement::new(line(2), BLACK.stroke_width(1)))?;
    area.draw(&Cross::new((40, 68 + 68), 5, BLACK.stroke_width(2)))?;
    area.draw(&text("measured", 2))?;
    area.draw(&PathElement::new(line(3), GREY.mix(0.45).stroke_width(1)))?;
    area.draw(&text(&format!("potential, every {CONTOURS_APART}/β"), 3))?;
    Ok(())
}

/// A figure with a panel of bars for every target, all on one logarithmic axis.
fn efficiencies(folder: &Path, targets: &[(&Target, Vec<&Run>)]) -> Result<String, Failure> {
    const COLUMNS: usize = 2;
    const WIDTH: u32 = 540;

    let runs = || targets.iter().flat_map(|(_, runs)| runs);
    let smallest = runs().map(|run| exponent(run)).fold(0.0, f64::min);
    let largest = runs().map(|run| exponent(run)).fold(smallest, f64::max);
    // From a power of ten below the shortest bar to beyond the number behind the longest one.
    let low = (smallest - 0.2).floor();
    let axis = low..largest + 0.2 * (largest - low);
    let rows: Vec<_> = targets.chunks(COLUMNS).collect();
    let height = |row: &[(&Target, Vec<&Run>)]| {
        let most = row.iter().map(|(_, runs)| runs.len()).max().unwrap_or(0);
        112 + 26 * most as u32
    };
    let total = rows.iter().map(|row| height(row)).sum::<u32>() + TITLE;
    save(
        folder,
        "draws_per_gradient",
        (WIDTH * COLUMNS as u32, total),
        &|canvas| {
            let text = "Effective draws per gradient, of the slowest quantity";
            let mut rest = title(canvas, text)?;
            for (color, label, x) in [(BLUE, "Burn optimizers", 680), (ORANGE, "kernels", 860)] {
                let square = Rectangle::new([(x, 18), (x + 16, 34)], color.mix(0.8).filled());
                canvas.draw(&square)?;
                canvas.draw(&Text::new(label, (x + 24, 26), beside(17)))?;
            }
            for row in &rows {
                let (now, below) = rest.split_vertically(height(row));
                for ((target, runs), area) in row.iter().zip(now.split_evenly((1, COLUMNS))) {
                    bars(&area, target, runs, axis.clone())?;
                }
                rest = below;
            }
            Ok(())
        },
    )
}

/// The decimal logarithm of the effective draws per gradient.
fn exponent(run: &Run) -> f64 {
    run.efficiency().max(1e-12).log10()
}

/// Text to the right of a point, at half its height.
fn beside(size: u32) -> TextStyle<'static> {
    let style: TextStyle = ("sans-serif", size).into_font().into();
    style.pos(Pos::new(HPos::Left, VPos::Center))
}

/// A bar for every sampler, over the exponents of ten in `axis`.
fn bars(canvas: &Canvas, target: &Target, runs: &[&Run], axis: Range<f64>) -> Drawn {
    let low = axis.start;
    let powers_of_ten = (axis.end - low).floor() as usize + 1;
    let mut chart = ChartBuilder::on(canvas)
        .caption(&target.title, ("sans-serif", 18))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(axis, runs.len() as f64..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .y_labels(0)
        .x_labels(powers_of_ten)
        .max_light_lines(0)
        .x_label_formatter(&|exponent| format!("1e{exponent:.0}"))
        .x_desc("effective draws per gradient")
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    let (left, above) = canvas.get_pixel_range();
    for (row, run) in runs.iter().enumerate() {
        let (row, exponent) = (row as f64, exponent(run));
        let color = if run.plan.sampler.is_kernel() {
            ORANGE
        } else {
            BLUE
        };
        let corners = [(low, row + 0.15), (exponent, row + 0.85)];
        // Over the lines of the axis, which would shine through.
        chart.draw_series([
            Rectangle::new(corners, WHITE.filled()),
            Rectangle::new(corners, color.mix(0.8).filled()),
        ])?;
        let (end, middle) = chart.backend_coord(&(exponent, row + 0.5));
        let middle = middle - above.start;
        let number = format!("{:.1e}", run.efficiency());
        canvas.draw(&Text::new(
            number,
            (end - left.start + 6, middle),
            beside(15),
        ))?;
        let name = run.plan.sampler.label();
        canvas.draw(&Text::new(name, (14, middle), beside(15)))?;
    }
    Ok(())
}
