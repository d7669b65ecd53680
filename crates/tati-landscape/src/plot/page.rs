//! What surrounds the panels of every figure: its title, its legend and the run it came from.

use tati_core::Result;

use super::canvas::{Anchor, Canvas, Text, fit, text_room};
use super::rect::Rect;
use super::style::{
    CURVE_WIDTH, Color, DISC_RADIUS, Dash, LABEL_SIZE, MARGIN, SOURCE_INK, SOURCE_SIZE, TICK_SIZE,
    TITLE_SIZE, WHITE,
};

/// A figure with its title and source, and the room that is left between them.
pub(super) fn page([width, height]: [f64; 2], title: &str, source: &str) -> Result<(Canvas, Rect)> {
    let mut canvas = Canvas::new(width, height)?;
    let mut body = Rect {
        left: MARGIN,
        top: MARGIN,
        right: width - MARGIN,
        bottom: height - MARGIN,
    };
    if !title.is_empty() {
        let (title, size) = fit(title, TITLE_SIZE, body.width());
        let at = [body.left, body.top + TITLE_SIZE / 2.0];
        canvas.text(Text::new(title, at, Anchor::Start, size));
        body.top += TITLE_SIZE + 10.0;
    }
    if !source.is_empty() {
        let (source, size) = fit(source, SOURCE_SIZE, body.width());
        let at = [body.right, height - 4.0 - SOURCE_SIZE / 2.0];
        let mut text = Text::new(source, at, Anchor::End, size);
        text.color = SOURCE_INK;
        canvas.text(text);
        body.bottom -= 4.0 + SOURCE_SIZE - 6.0;
    }
    Ok((canvas, body))
}

/// What stands for a series in the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Line(Dash),
    Disc,
    /// A disc with a white heart.
    Ring,
    CurveWithDiscs,
    Area,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) key: Key,
    pub(super) color: Color,
}

impl Entry {
    pub(super) fn new(label: impl Into<String>, key: Key, color: Color) -> Self {
        Self {
            label: label.into(),
            key,
            color,
        }
    }
}

const KEY_WIDTH: f64 = 26.0;
const ROW: f64 = 20.0;
/// Rows of a legend; more entries are counted.
const MOST_ROWS: usize = 4;

/// Draws the legend in rows at the top of `body`, and takes them from it.
pub(super) fn legend(canvas: &mut Canvas, body: &mut Rect, entries: Vec<Entry>) {
    const GAP: f64 = 18.0;
    const KEY_GAP: f64 = 6.0;

    let entries: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| !entry.label.is_empty())
        .collect();
    if entries.is_empty() {
        return;
    }
    let label_room = body.width() - KEY_WIDTH - KEY_GAP;
    // Room for the count of what is left out.
    let (mut x, mut row) = (body.left, 0);
    let mut drawn = 0;
    let count = |left: usize| format!("and {left} more");
    for entry in &entries {
        let (label, size) = fit(&entry.label, TICK_SIZE, label_room);
        let width = KEY_WIDTH + KEY_GAP + text_room(&label, size);
        let is_last = drawn + 1 == entries.len();
        let reserve = if row + 1 == MOST_ROWS && !is_last {
            GAP + text_room(&count(entries.len()), TICK_SIZE)
        } else {
            0.0
        };
        if x > body.left && x + width + reserve > body.right {
            if row + 1 == MOST_ROWS {
                break;
            }
            row += 1;
            x = body.left;
        }
        let y = body.top + ROW * (row as f64 + 0.5);
        draw_key(canvas, entry, x, y);
        let at = [x + KEY_WIDTH + KEY_GAP, y];
        canvas.text(Text::new(label, at, Anchor::Start, size));
        x += width + GAP;
        drawn += 1;
    }
    if drawn < entries.len() {
        let y = body.top + ROW * (row as f64 + 0.5);
        let text = count(entries.len() - drawn);
        canvas.text(Text::new(text, [x, y], Anchor::Start, TICK_SIZE));
    }
    body.top += ROW * (row + 1) as f64 + 6.0;
}

fn draw_key(canvas: &mut Canvas, entry: &Entry, x: f64, y: f64) {
    let middle = [x + KEY_WIDTH / 2.0, y];
    let line = vec![[x, y], [x + KEY_WIDTH, y]];
    match entry.key {
        Key::Line(dash) => canvas.dashed(line, dash, entry.color, CURVE_WIDTH),
        Key::Disc => canvas.disc(middle, DISC_RADIUS + 0.5, entry.color),
        Key::Ring => ring(canvas, middle, entry.color),
        Key::CurveWithDiscs => {
            canvas.line(line, entry.color, CURVE_WIDTH);
            canvas.disc(middle, DISC_RADIUS, entry.color);
        }
        Key::Area => {
            let area = Rect {
                left: x,
                top: y - 6.0,
                right: x + KEY_WIDTH,
                bottom: y + 6.0,
            };
            canvas.polygon(area.corners(), entry.color);
        }
    }
}

/// A disc with a white heart.
pub(super) fn ring(canvas: &mut Canvas, center: [f64; 2], color: Color) {
    canvas.disc(center, DISC_RADIUS + 2.5, WHITE);
    canvas.disc(center, DISC_RADIUS + 1.5, color);
    canvas.disc(center, DISC_RADIUS - 0.5, WHITE);
}

/// Draws the name of a panel above it, and takes the room from its frame.
pub(super) fn heading(canvas: &mut Canvas, frame: &mut Rect, text: &str) {
    let (text, size) = fit(text, LABEL_SIZE, frame.width());
    let at = [
        (frame.left + frame.right) / 2.0,
        frame.top + LABEL_SIZE / 2.0,
    ];
    canvas.text(Text::new(text, at, Anchor::Middle, size));
    frame.top += LABEL_SIZE + 6.0;
}
