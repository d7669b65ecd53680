//! The scale of the colours of a surface.

use super::axis::{Axis, widest};
use super::canvas::{Anchor, Canvas, Text, fit};
use super::grid::Shades;
use super::rect::Rect;
use super::style::{AXIS_WIDTH, Color, INK, LABEL_SIZE, TICK_LENGTH, TICK_SIZE};

const BAR: f64 = 16.0;
const NUMBERS: f64 = TICK_LENGTH + 4.0;
const NAME: f64 = 10.0 + LABEL_SIZE;

/// Room that a bar of this height takes, from its left edge on.
pub(super) fn room(axis: &Axis, height: f64) -> f64 {
    let numbers = BAR + NUMBERS + widest(&axis.ticks_up(height));
    numbers + if axis.label.is_empty() { 0.0 } else { NAME }
}

/// The bands of `shades`.
pub(super) fn bands(canvas: &mut Canvas, shades: &Shades, left: f64, top: f64, bottom: f64) {
    let bands = (0..=shades.levels.len()).map(|band| (shades.ends(band), shades.band_color(band)));
    bar(canvas, bands, left, top, bottom);
    axis(canvas, &shades.axis, left, top, bottom);
}

/// A smooth transition.
pub(super) fn smooth(
    canvas: &mut Canvas,
    scale: &Axis,
    color: impl Fn(f64) -> Color,
    left: f64,
    top: f64,
    bottom: f64,
) {
    const PARTS: usize = 100;

    let share = |part: usize| part as f64 / PARTS as f64;
    let parts = (0..PARTS).map(|part| {
        let middle = (share(part) + share(part + 1)) / 2.0;
        ([share(part), share(part + 1)], color(middle))
    });
    bar(canvas, parts, left, top, bottom);
    axis(canvas, scale, left, top, bottom);
}

fn bar(
    canvas: &mut Canvas,
    parts: impl Iterator<Item = ([f64; 2], Color)>,
    left: f64,
    top: f64,
    bottom: f64,
) {
    let height = bottom - top;
    for ([_, end], color) in parts.collect::<Vec<_>>().into_iter().rev() {
        // Down to the foot, so that no part leaves a gap to the next.
        let part = Rect {
            left,
            top: bottom - end * height,
            right: left + BAR,
            bottom,
        };
        canvas.polygon(part.corners(), color);
    }
    let frame = Rect {
        left,
        top,
        right: left + BAR,
        bottom,
    };
    let mut corners = frame.corners();
    corners.push(corners[0]);
    canvas.line(corners, INK, AXIS_WIDTH);
}

fn axis(canvas: &mut Canvas, axis: &Axis, left: f64, top: f64, bottom: f64) {
    let (height, right) = (bottom - top, left + BAR);
    let ticks = axis.ticks_up(height);
    for (number, text) in &ticks.major {
        let Some(share) = axis.share(*number) else {
            continue;
        };
        let y = bottom - share * height;
        canvas.line(vec![[right, y], [right + TICK_LENGTH, y]], INK, AXIS_WIDTH);
        let at = [right + NUMBERS, y];
        canvas.text(Text::new(text, at, Anchor::Start, TICK_SIZE));
    }
    let (name, size) = fit(&ticks.describe(&axis.label), LABEL_SIZE, height);
    let x = right + NUMBERS + widest(&ticks) + NAME - LABEL_SIZE / 2.0;
    let mut text = Text::new(name, [x, (top + bottom) / 2.0], Anchor::Middle, size);
    text.vertical = true;
    canvas.text(text);
}
