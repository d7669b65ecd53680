//! The figures: loss, kinetic temperature, reliability diagram, most and least certain digits.

use std::fs;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;
use tati::TatiError;
use tati::models::LabelledSet;

use crate::predictions::{Optimum, Predictions};
use crate::report::Setup;
use crate::sampling::{Chain, Sampled};
use crate::support::Failure;

type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

const SIZE: (u32, u32) = (900, 560);
const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(214, 96, 20);
const GREY: RGBColor = RGBColor(110, 110, 110);
/// Points of a curve; a longer series is shown by means.
const CURVE_POINTS: usize = 600;
/// Side of an image that can be shown as one.
const IMAGE_SIDE: usize = 28;
const DIGITS_SHOWN: usize = 10;

/// Writes every figure into `folder` and returns their paths.
pub fn write(
    folder: &Path,
    test_set: &LabelledSet,
    optimum: &Optimum,
    sampled: &Sampled,
    setup: &Setup,
) -> Result<Vec<String>, Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| TatiError::file(folder, "creating the folder", error))?;
    for style in [FontStyle::Normal, FontStyle::Bold] {
        register_font("sans-serif", style, epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|_| Failure::Other("the font of the figures cannot be read".to_string()))?;
    }
    let mut written = Vec::new();
    let mut figure = |name: &str, draw: &dyn Fn(&Canvas) -> Drawn| {
        let path = folder.join(name);
        save(&path, draw)?;
        written.push(path.display().to_string());
        Ok::<(), Failure>(())
    };
    figure("loss.png", &|canvas| loss(canvas, optimum, sampled))?;
    figure("kinetic_temperature.png", &|canvas| {
        kinetic_temperature(canvas, sampled, setup)
    })?;
    figure("reliability.png", &|canvas| {
        reliability(canvas, &optimum.test, &sampled.average)
    })?;
    if test_set.dimension() == IMAGE_SIDE * IMAGE_SIDE {
        figure("digits.png", &|canvas| {
            digits(canvas, test_set, &sampled.average)
        })?;
    }
    Ok(written)
}

/// Draws into a file beside `path` and renames it, so that `path` is never half a figure.
fn save(path: &Path, draw: &dyn Fn(&Canvas) -> Drawn) -> Result<(), Failure> {
    let partial: PathBuf = path.with_extension("partial.png");
    let failed = |error: Box<dyn std::error::Error>| Failure::of(path.display(), error);
    {
        let canvas = BitMapBackend::new(&partial, SIZE).into_drawing_area();
        canvas.fill(&WHITE).map_err(|error| failed(error.into()))?;
        draw(&canvas).map_err(failed)?;
        canvas.present().map_err(|error| failed(error.into()))?;
    }
    fs::rename(&partial, path).map_err(|error| TatiError::file(path, "renaming", error).into())
}

fn loss(canvas: &Canvas, optimum: &Optimum, sampled: &Sampled) -> Drawn {
    let curves = [
        ("training with SGD", BLUE, curve(&optimum.losses, 0)),
        (
            "sampling with BAOAB",
            ORANGE,
            curve(&sampled.mini_batch.losses, optimum.losses.len()),
        ),
    ];
    let steps = (optimum.losses.len() + sampled.mini_batch.losses.len()) as f64;
    let values = || {
        curves
            .iter()
            .flat_map(|(_, _, points)| points.iter().map(|point| point.1))
    };
    let lowest = values().fold(f64::MAX, f64::min);
    // The first steps from the random start would squeeze all that follows.
    let highest = values().fold(f64::MIN, f64::max).min(3.0 * lowest);
    let mut chart = ChartBuilder::on(canvas)
        .caption("Mini-batch loss", ("sans-serif", 24))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..steps, 0.95 * lowest..1.02 * highest)?;
    mesh(&mut chart, "step", "loss")?;
    for (label, color, points) in curves {
        let points = points.into_iter().filter(|point| point.1 <= 1.02 * highest);
        line(&mut chart, points, label, color)?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperRight)
}

fn kinetic_temperature(canvas: &Canvas, sampled: &Sampled, setup: &Setup) -> Drawn {
    let beta = setup.inverse_temperature;
    let running = |chain: &Chain| -> Vec<(f64, f64)> {
        let kept = &chain.kinetic_temperatures[chain.burn_in..];
        let mut sum = 0.0;
        let means = kept.iter().enumerate().map(|(index, value)| {
            sum += value * beta;
            (index as f64 + 1.0, sum / (index as f64 + 1.0))
        });
        let means: Vec<_> = means.collect();
        // A logarithmic axis: the same number of points in every decade.
        let ratio = (means.len() as f64)
            .powf(1.0 / CURVE_POINTS as f64)
            .max(1.000_001);
        let mut next = 1.0;
        means
            .into_iter()
            .filter(|(step, _)| {
                let keep = *step >= next;
                while *step >= next {
                    next *= ratio;
                }
                keep
            })
            .collect()
    };
    let (exact, noisy) = (running(&sampled.full_batch), running(&sampled.mini_batch));
    let expected = sampled.expected_mini_batch_temperature * beta;
    let settled = exact.iter().chain(&noisy).filter(|(step, _)| *step > 10.0);
    let reach = settled.fold(0.01, |reach: f64, (_, value)| {
        reach.max((value - 1.0).abs())
    });
    let steps = noisy.len().max(exact.len()).max(2);
    let last = exact
        .iter()
        .chain(&noisy)
        .fold(steps as f64, |last, (step, _)| last.max(*step));
    let mut chart = ChartBuilder::on(canvas)
        .caption("Kinetic temperature 2K/N, running mean", ("sans-serif", 24))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (1.0..last).log_scale(),
            1.0 - 1.2 * reach..1.0 + 1.2 * reach,
        )?;
    mesh(&mut chart, "steps averaged", "in units of 1/β")?;
    line(&mut chart, [(1.0, 1.0), (last, 1.0)], "theory: 1/β", GREY)?;
    line(
        &mut chart,
        [(1.0, expected), (last, expected)],
        "theory with gradient noise",
        ORANGE.mix(0.5),
    )?;
    line(&mut chart, exact, "full-batch gradients", BLUE)?;
    line(&mut chart, noisy, "mini-batches", ORANGE)?;
    legend(&mut chart, SeriesLabelPosition::LowerRight)
}

fn reliability(canvas: &Canvas, optimum: &Predictions, average: &Predictions) -> Drawn {
    let mut chart = ChartBuilder::on(canvas)
        .caption("Reliability on the test set", ("sans-serif", 24))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..1.0, 0.0..1.02)?;
    let num_bins = optimum.summary.bins.len();
    mesh(
        &mut chart,
        &format!("confidence ({num_bins} bins)"),
        "accuracy",
    )?;
    line(&mut chart, [(0.0, 0.0), (1.0, 1.0)], "calibrated", GREY)?;
    for (predictions, label, color) in [
        (optimum, "optimum", BLUE),
        (average, "average over draws", ORANGE),
    ] {
        let points: Vec<(f64, f64)> = predictions
            .summary
            .bins
            .iter()
            .filter(|bin| bin.num_items > 0)
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect();
        line(&mut chart, points.clone(), label, color)?;
        chart.draw_series(
            points
                .into_iter()
                .map(|point| Circle::new(point, 4, color.filled())),
        )?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperLeft)
}

/// A row of the digits that the average is most certain of, and a row of those it is least certain of.
fn digits(canvas: &Canvas, test_set: &LabelledSet, average: &Predictions) -> Drawn {
    let ranked = &average.by_confidence;
    let shown = DIGITS_SHOWN.min(ranked.len() / 2);
    let least: Vec<_> = ranked.iter().rev().take(shown).copied().collect();
    let rows = [
        ("Most certain", &ranked[..shown]),
        ("Least certain", &least),
    ];
    let (left, cell, pixel) = (20, 87, 3);
    for (row, (title, items)) in rows.into_iter().enumerate() {
        let top = 30 + 265 * row as i32;
        canvas.draw(&Text::new(
            title,
            (left, top),
            ("sans-serif", 24).into_font(),
        ))?;
        for (column, (index, class, confidence)) in items.iter().enumerate() {
            let Some((pixels, label)) = test_set.get(*index) else {
                continue;
            };
            let (x, y) = (left + cell * column as i32, top + 40);
            for (place, value) in pixels.iter().enumerate() {
                let (across, down) = ((place % IMAGE_SIDE) as i32, (place / IMAGE_SIDE) as i32);
                let grey = 255 - (value.clamp(0.0, 1.0) * 255.0) as u8;
                let corner = (x + pixel * across, y + pixel * down);
                let color = RGBColor(grey, grey, grey).filled();
                canvas.draw(&Rectangle::new(
                    [corner, (corner.0 + pixel, corner.1 + pixel)],
                    color,
                ))?;
            }
            let color = if *class == label as usize {
                &BLUE
            } else {
                &ORANGE
            };
            let font = ("sans-serif", 17).into_font().color(color);
            let below = y + pixel * IMAGE_SIDE as i32 + 8;
            for (text, line) in [
                (format!("predicted {class}"), 0),
                (format!("p = {confidence:.3}"), 20),
                (format!("label {label}"), 40),
            ] {
                canvas.draw(&Text::new(text, (x, below + line), font.clone()))?;
            }
        }
    }
    Ok(())
}

/// `series` as at most [`CURVE_POINTS`] means over consecutive steps, the first step being number `offset`.
fn curve(series: &[f64], offset: usize) -> Vec<(f64, f64)> {
    let width = series.len().div_ceil(CURVE_POINTS).max(1);
    series
        .chunks(width)
        .enumerate()
        .map(|(index, chunk)| {
            let step = offset as f64 + (index as f64 + 0.5) * width as f64;
            (step, chunk.iter().sum::<f64>() / chunk.len() as f64)
        })
        .collect()
}

type Chart<'a, 'b, X> =
    ChartContext<'a, BitMapBackend<'b>, Cartesian2d<X, plotters::coord::types::RangedCoordf64>>;

fn mesh<X>(chart: &mut Chart<'_, '_, X>, x: &str, y: &str) -> Drawn
where
    X: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_desc(x)
        .x_label_formatter(&|value| {
            if *value >= 2.0 {
                format!("{value:.0}")
            } else {
                value.to_string()
            }
        })
        .y_desc(y)
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 18))
        .light_line_style(WHITE)
        .draw()?;
    Ok(())
}

fn line<X>(
    chart: &mut Chart<'_, '_, X>,
    points: impl IntoIterator<Item = (f64, f64)>,
    label: &str,
    color: impl Into<RGBAColor>,
) -> Drawn
where
    X: Ranged<ValueType = f64>,
{
    let color = color.into();
    chart
        .draw_series(LineSeries::new(points, color.stroke_width(2)))?
        .label(label)
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], color.stroke_width(2)));
    Ok(())
}

fn legend<'a, 'b: 'a, X>(chart: &mut Chart<'a, 'b, X>, position: SeriesLabelPosition) -> Drawn
where
    X: Ranged<ValueType = f64>,
{
    chart
        .configure_series_labels()
        .position(position)
        .margin(14)
        .label_font(("sans-serif", 17))
        .background_style(WHITE.mix(0.85))
        .border_style(GREY.mix(0.4))
        .draw()?;
    Ok(())
}
