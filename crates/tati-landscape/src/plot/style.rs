//! What all figures share: sizes, line widths and the colours of categories.

use plotters::style::RGBColor;

/// A colour without transparency.
pub(super) type Color = RGBColor;

/// Width of a figure with one panel, in points: at this width on paper, text has the size given here.
pub(super) const WIDTH: f64 = 640.0;
/// Distance from the edge of the figure.
pub(super) const MARGIN: f64 = 14.0;
/// Distance between panels.
pub(super) const GUTTER: f64 = 20.0;

pub(super) const TITLE_SIZE: f64 = 17.0;
pub(super) const LABEL_SIZE: f64 = 15.0;
pub(super) const TICK_SIZE: f64 = 13.0;
pub(super) const SOURCE_SIZE: f64 = 10.0;

pub(super) const AXIS_WIDTH: f64 = 1.0;
pub(super) const GRID_WIDTH: f64 = 0.6;
pub(super) const CURVE_WIDTH: f64 = 1.7;
pub(super) const THIN_CURVE_WIDTH: f64 = 1.0;
pub(super) const DISC_RADIUS: f64 = 3.0;
/// Length of the marks at numbers on an axis.
pub(super) const TICK_LENGTH: f64 = 5.0;

pub(super) const WHITE: Color = RGBColor(255, 255, 255);
pub(super) const INK: Color = RGBColor(30, 30, 30);
pub(super) const GRID: Color = RGBColor(226, 226, 226);
pub(super) const HOLE: Color = RGBColor(200, 200, 200);
pub(super) const SOURCE_INK: Color = RGBColor(120, 120, 120);
/// References beside what was measured: a theory, a null, a zero line.
pub(super) const REFERENCE: Color = RGBColor(95, 95, 95);

pub(super) const BLUE: Color = RGBColor(0, 114, 178);
pub(super) const VERMILLION: Color = RGBColor(213, 94, 0);
pub(super) const GREEN: Color = RGBColor(0, 158, 115);

/// The colours of M. Okabe and K. Ito, "Color universal design" (2002), in an order in which neighbours differ in lightness too;
/// their yellow is too light for lines on white.
const CATEGORIES: [Color; 7] = [
    BLUE,
    VERMILLION,
    GREEN,
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Lengths of line and gap, by turns, in points; an unbroken line has none.
pub(super) type Dash = &'static [f64];

pub(super) const UNBROKEN: Dash = &[];
pub(super) const DASHED: Dash = &[7.0, 4.0];
const DOTTED: Dash = &[1.8, 3.2];
const DASH_DOTTED: Dash = &[8.0, 3.0, 1.8, 3.0];

/// Colour and dash of the series of this number: the colours first, then again with other dashes.
pub(super) fn series(number: usize) -> (Color, Dash) {
    const DASHES: [Dash; 4] = [UNBROKEN, DASHED, DOTTED, DASH_DOTTED];
    let round = number / CATEGORIES.len();
    (
        CATEGORIES[number % CATEGORIES.len()],
        DASHES[round % DASHES.len()],
    )
}

/// `color` laid over white with this opacity.
pub(super) fn faded(color: Color, opacity: f64) -> Color {
    mix(WHITE, color, opacity)
}

/// From `a` at 0 to `b` at 1.
pub(super) fn mix(a: Color, b: Color, share: f64) -> Color {
    let part = |a: u8, b: u8| {
        let (a, b) = (f64::from(a), f64::from(b));
        (a + (b - a) * share.clamp(0.0, 1.0)).round() as u8
    };
    RGBColor(part(a.0, b.0), part(a.1, b.1), part(a.2, b.2))
}
