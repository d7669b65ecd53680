//! What a figure consists of before it becomes a file: lines, polygons, discs and text, in points from the upper left corner.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use tati_core::{Result, TatiError};

use super::style::{Color, Dash, INK};

/// The text font, and what an SVG viewer without it should take.
pub(super) const FONT: &str = "Ubuntu, Helvetica, Arial, sans-serif";
/// The font of the characters that the text font lacks.
const SYMBOLS: &str = "tati symbols";
/// Height of a line of the text font over its size, which is what `plotters` calls the size.
const TEXT_LINE: f64 = (932.0 + 189.0) / 1000.0;
/// As [`TEXT_LINE`], for the symbols.
const SYMBOLS_LINE: f64 = (1901.0 + 483.0) / 2048.0;
const LACKING: &str = "→∇⟨⟩′‖";

/// x from the left, y from the top.
pub(super) type Point = [f64; 2];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Line {
        points: Vec<Point>,
        color: Color,
        width: f64,
    },
    Polygon {
        points: Vec<Point>,
        color: Color,
        opacity: f64,
    },
    Disc {
        center: Point,
        radius: f64,
        color: Color,
    },
    Text(Text),
}

/// The part of a text that lies at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text; `at` is halfway up its capital letters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) at: Point,
    pub(super) anchor: Anchor,
    pub(super) size: f64,
    pub(super) color: Color,
    /// Reads upwards.
    pub(super) vertical: bool,
}

impl Text {
    pub(super) fn new(text: impl Into<String>, at: Point, anchor: Anchor, size: f64) -> Self {
        Self {
            text: text.into(),
            at,
            anchor,
            size,
            color: INK,
            vertical: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Result<Self> {
        for (name, bytes) in [
            (FONT, epaint_default_fonts::UBUNTU_LIGHT),
            (SYMBOLS, epaint_default_fonts::HACK_REGULAR),
        ] {
            register_font(name, FontStyle::Normal, bytes)
                .map_err(|_| TatiError::format(name, "the font of the figures cannot be read"))?;
        }
        Ok(Self {
            width,
            height,
            shapes: Vec::new(),
        })
    }

    pub(super) fn line(&mut self, points: Vec<Point>, color: Color, width: f64) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line {
                points,
                color,
                width,
            });
        }
    }

    pub(super) fn dashed(&mut self, points: Vec<Point>, dash: Dash, color: Color, width: f64) {
        if dash.is_empty() {
            return self.line(points, color, width);
        }
        for piece in dashes(&points, dash) {
            self.line(piece, color, width);
        }
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, color: Color) {
        self.translucent(points, color, 1.0);
    }

    pub(super) fn translucent(&mut self, points: Vec<Point>, color: Color, opacity: f64) {
        if points.len() > 2 {
            self.shapes.push(Shape::Polygon {
                points,
                color,
                opacity,
            });
        }
    }

    pub(super) fn disc(&mut self, center: Point, radius: f64, color: Color) {
        self.shapes.push(Shape::Disc {
            center,
            radius,
            color,
        });
    }

    pub(super) fn text(&mut self, text: Text) {
        if !text.text.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }
}

/// The pieces of a line that a dash leaves.
fn dashes(points: &[Point], dash: Dash) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = points.first().copied().into_iter().collect();
    let (mut part, mut left) = (0, dash[0]);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let mut gone = 0.0;
        while length - gone > left {
            gone += left;
            let share = gone / length;
            let turn = [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * share);
            if part % 2 == 0 {
                piece.push(turn);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![turn];
            }
            part += 1;
            left = dash[part % dash.len()];
        }
        left -= length - gone;
        if part % 2 == 0 {
            piece.push(to);
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// Neighbouring characters that are drawn alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) font: &'static str,
    pub(super) text: String,
    /// Size, over that of the whole text.
    pub(super) scale: f64,
    /// Height of the baseline above that of the whole text, over its size.
    pub(super) raise: f64,
}

impl Run {
    /// Height of a line over the size, which is what `plotters` calls the size.
    pub(super) fn line(&self) -> f64 {
        if self.font == FONT {
            TEXT_LINE
        } else {
            SYMBOLS_LINE
        }
    }

    /// Width in points in a text of this size.
    pub(super) fn width(&self, size: f64) -> f64 {
        // Boxes are given in whole pixels.
        const PRECISE: f64 = 1000.0;

        let name = FontFamily::Name(self.font);
        let font = FontDesc::new(name, PRECISE * self.line(), FontStyle::Normal);
        // Fonts are registered by `Canvas::new`; before it, half the size is the usual width of a letter.
        let width = font.layout_box(&self.text).map_or_else(
            |_| 0.5 * PRECISE * self.text.chars().count() as f64,
            |((left, _), (right, _))| f64::from(right - left),
        );
        width / PRECISE * size * self.scale
    }
}

/// A text in runs. The text font has raised and lowered digits but no minus to them: the usual one stands in.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for character in text.chars() {
        let (font, character, scale, raise) = match character {
            '⁻' => (FONT, '−', 0.6, 0.3),
            '₋' => (FONT, '−', 0.6, -0.12),
            lacking if LACKING.contains(lacking) => (SYMBOLS, lacking, 1.0, 0.0),
            character => (FONT, character, 1.0, 0.0),
        };
        match runs.last_mut() {
            Some(run) if (run.font, run.scale, run.raise) == (font, scale, raise) => {
                run.text.push(character);
            }
            _ => runs.push(Run {
                font,
                text: character.to_string(),
                scale,
                raise,
            }),
        }
    }
    runs
}

/// Room for a text in points: wider than the text, since viewers of SVG may have a wider font.
pub(super) fn text_room(text: &str, size: f64) -> f64 {
    const WIDER: f64 = 1.2;

    WIDER * runs(text).iter().map(|run| run.width(size)).sum::<f64>()
}

/// The text itself, or smaller, or with its middle left out, so that it is no wider than `width`.
pub(super) fn fit(text: &str, size: f64, width: f64) -> (String, f64) {
    const SMALLEST: f64 = 0.75;

    let natural = text_room(text, size);
    if natural <= width {
        return (text.to_string(), size);
    }
    let smaller = size * (width / natural).max(SMALLEST);
    let characters: Vec<char> = text.chars().collect();
    let mut kept = characters.len();
    let mut fitted = text.to_string();
    while kept > 1 && text_room(&fitted, smaller) > width * (1.0 + 1e-9) {
        kept -= 1;
        let head: String = characters[..kept.div_ceil(2)].iter().collect();
        let tail: String = characters[characters.len() - kept / 2..].iter().collect();
        fitted = format!("{head}…{tail}");
    }
    (fitted, smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_keep_their_lengths_around_corners() {
        let pieces = dashes(&[[0.0, 0.0], [10.0, 0.0], [10.0, 12.0]], &[7.0, 4.0]);
        assert_eq!(
            pieces,
            [vec![[0.0, 0.0], [7.0, 0.0]], vec![[10.0, 1.0], [10.0, 8.0]]]
        );
    }

    #[test]
    fn every_character_has_a_font() {
        let runs = runs("10⁻³ ⟨U⟩");
        let texts: Vec<&str> = runs.iter().map(|run| run.text.as_str()).collect();
        assert_eq!(texts, ["10", "−", "³ ", "⟨", "U", "⟩"]);
        assert!(runs[1].raise > 0.0 && runs[3].font == SYMBOLS);
    }

    #[test]
    fn a_text_that_fits_is_left_alone_and_a_long_one_is_cut() {
        Canvas::new(1.0, 1.0).unwrap();
        assert_eq!(fit("loss", 15.0, 100.0), ("loss".to_string(), 15.0));
        let (cut, size) = fit(&"a very long label ".repeat(20), 15.0, 200.0);
        assert!(text_room(&cut, size) <= 200.0);
        assert!(cut.starts_with("a very") && cut.contains('…'));
    }
}
