//! Figures as PNG and SVG files, written under a temporary name and renamed.

use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontDesc, FontFamily, FontStyle, FontTransform, ShapeStyle, TextStyle,
};
use tati_core::{Result, TatiError};

use super::canvas::{Anchor, Canvas, FONT, Point, Shape, Text, runs};
use super::fill;

/// Units of drawing in a point, in both formats; `plotters` draws at whole ones.
const UNITS: f64 = 5.0;
/// Units in a pixel of a PNG: it is drawn larger and averaged, which smooths what `plotters` leaves jagged.
const UNITS_PER_PIXEL: u32 = 2;
/// Half the height of a capital letter over the size of the text.
const HALF_CAPITAL: f64 = 0.347;
/// What `plotters` takes for this where it centres text in SVG: half of the height of an x.
const HALF_X: f64 = 0.26;
/// What `plotters` divides the size of a text by in SVG.
const SVG_LINE: f64 = 1.24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Svg,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_lowercase).as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(TatiError::InvalidSetting {
                name: "path",
                value: path.display().to_string(),
                expected: "the name of a figure, which ends in .png or .svg".to_string(),
            }),
        }
    }
}

/// Writes what `draw` makes to `path`, in the format that its extension names.
pub(super) fn save(path: &Path, draw: impl FnOnce() -> Result<Canvas>) -> Result<()> {
    let format = Format::of(path)?;
    let canvas = draw()?;
    // `plotters` knows the format by the extension.
    let temporary = path.with_extension(match format {
        Format::Png => "part.png",
        Format::Svg => "part.svg",
    });
    let written = match format {
        Format::Png => write_png(&canvas, &temporary),
        Format::Svg => svg(&canvas).and_then(|text| fs::write(&temporary, text)),
    };
    written
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| {
            let _ = fs::remove_file(&temporary);
            TatiError::file(path, "writing the figure", error)
        })
}

/// The figure as the text of an SVG file, for what is no file.
pub(super) fn svg_of(canvas: &Canvas) -> Result<String> {
    svg(canvas)
        .map_err(|error| TatiError::format("the figure", format!("cannot be drawn: {error}")))
}

/// The figure as the text of an SVG file.
pub(super) fn svg(canvas: &Canvas) -> io::Result<String> {
    let mut text = String::new();
    let (width, height) = size(canvas);
    {
        let mut backend = SVGBackend::with_string(&mut text, (width, height));
        paint(canvas, &mut backend, Format::Svg)?;
    }
    // Drawn in units, shown in points.
    let drawn = format!("width=\"{width}\" height=\"{height}\"");
    let shown = format!("width=\"{}\" height=\"{}\"", canvas.width, canvas.height);
    Ok(text.replacen(&drawn, &shown, 1))
}

fn write_png(canvas: &Canvas, path: &Path) -> io::Result<()> {
    let (width, height) = size(canvas);
    let mut drawn = vec![255; 3 * (width * height) as usize];
    {
        let mut backend = BitMapBackend::with_buffer(&mut drawn, (width, height));
        paint(canvas, &mut backend, Format::Png)?;
    }
    let (wide, high) = (width / UNITS_PER_PIXEL, height / UNITS_PER_PIXEL);
    let pixels = averaged(&drawn, width as usize, wide as usize, high as usize);
    let mut backend = BitMapBackend::new(path, (wide, high));
    backend
        .blit_bitmap((0, 0), (wide, high), &pixels)
        .map_err(failed)?;
    backend.present().map_err(failed)
}

/// Means over squares of pixels.
fn averaged(drawn: &[u8], width: usize, wide: usize, high: usize) -> Vec<u8> {
    let side = UNITS_PER_PIXEL as usize;
    let mut pixels = Vec::with_capacity(3 * wide * high);
    for (y, x) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
        for channel in 0..3 {
            let square = (0..side * side).map(|part| {
                let (row, column) = (side * y + part / side, side * x + part % side);
                u32::from(drawn[3 * (row * width + column) + channel])
            });
            let parts = (side * side) as u32;
            pixels.push(((square.sum::<u32>() + parts / 2) / parts) as u8);
        }
    }
    pixels
}

fn size(canvas: &Canvas) -> (u32, u32) {
    let units = |points: f64| (points * UNITS).round() as u32;
    (units(canvas.width), units(canvas.height))
}

fn failed(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn units(point: Point) -> (i32, i32) {
    (
        (point[0] * UNITS).round() as i32,
        (point[1] * UNITS).round() as i32,
    )
}

fn scaled(points: &[Point]) -> Vec<Point> {
    points
        .iter()
        .map(|point| point.map(|part| part * UNITS))
        .collect()
}

fn paint<B: DrawingBackend>(canvas: &Canvas, backend: &mut B, format: Format) -> io::Result<()> {
    let (width, height) = size(canvas);
    let white = ShapeStyle::from(&super::style::WHITE).filled();
    backend
        .draw_rect((0, 0), (width as i32, height as i32), &white, true)
        .map_err(failed)?;
    for shape in &canvas.shapes {
        match (shape, format) {
            (
                Shape::Line {
                    points,
                    color,
                    width,
                },
                Format::Png,
            ) => fill::line(backend, &scaled(points), width * UNITS, color.mix(1.0))?,
            (
                Shape::Line {
                    points,
                    color,
                    width,
                },
                Format::Svg,
            ) => {
                let style = color.stroke_width((width * UNITS).round().max(1.0) as u32);
                let path = points.iter().map(|point| units(*point));
                backend.draw_path(path, &style).map_err(failed)?;
            }
            (
                Shape::Polygon {
                    points,
                    color,
                    opacity,
                },
                Format::Png,
            ) => fill::polygon(backend, &scaled(points), color.mix(*opacity))?,
            (
                Shape::Polygon {
                    points,
                    color,
                    opacity,
                },
                Format::Svg,
            ) => {
                let corners = points.iter().map(|point| units(*point));
                let filled = backend.fill_polygon(corners, &color.mix(*opacity));
                filled.map_err(failed)?;
            }
            (
                Shape::Disc {
                    center,
                    radius,
                    color,
                },
                Format::Png,
            ) => {
                let center = center.map(|part| part * UNITS);
                fill::disc(backend, center, radius * UNITS, color.mix(1.0))?;
            }
            (
                Shape::Disc {
                    center,
                    radius,
                    color,
                },
                Format::Svg,
            ) => {
                let radius = (radius * UNITS).round().max(1.0) as u32;
                let drawn = backend.draw_circle(units(*center), radius, &color.filled(), true);
                drawn.map_err(failed)?;
            }
            (Shape::Text(text), Format::Png) => png_text(backend, text)?,
            (Shape::Text(text), Format::Svg) => svg_text(backend, text)?,
        }
    }
    backend.present().map_err(failed)
}

fn svg_text<B: DrawingBackend>(backend: &mut B, text: &Text) -> io::Result<()> {
    let lower = (HALF_CAPITAL - HALF_X) * text.size;
    let place = if text.vertical {
        [text.at[0] + lower, text.at[1]]
    } else {
        [text.at[0], text.at[1] + lower]
    };
    let anchor = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let style = text_style(text, FONT, text.size * SVG_LINE).pos(Pos::new(anchor, VPos::Center));
    let drawn = backend.draw_text(&text.text, &style, units(place));
    drawn.map_err(failed)
}

fn png_text<B: DrawingBackend>(backend: &mut B, text: &Text) -> io::Result<()> {
    let runs = runs(&text.text);
    let whole: f64 = runs.iter().map(|run| run.width(text.size)).sum();
    let mut along = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => -whole / 2.0,
        Anchor::End => -whole,
    };
    for run in &runs {
        let size = run.scale * text.size;
        // The baseline lies half a line below the place that `plotters` is given.
        let down = (HALF_CAPITAL - run.raise) * text.size - run.line() / 2.0 * size;
        let place = if text.vertical {
            [text.at[0] + down, text.at[1] - along]
        } else {
            [text.at[0] + along, text.at[1] + down]
        };
        let style = text_style(text, run.font, size * run.line());
        let style = style.pos(Pos::new(HPos::Left, VPos::Top));
        let drawn = backend.draw_text(&run.text, &style, units(place));
        drawn.map_err(failed)?;
        along += run.width(text.size);
    }
    Ok(())
}

fn text_style<'a>(text: &'a Text, font: &'static str, line: f64) -> TextStyle<'a> {
    let font = FontDesc::new(FontFamily::Name(font), line * UNITS, FontStyle::Normal);
    let font = if text.vertical {
        font.transform(FontTransform::Rotate270)
    } else {
        font
    };
    TextStyle::from(font).color(&text.color)
}
