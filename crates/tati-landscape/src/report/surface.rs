//! A surface that is turned by hand, at one scale or several.

use std::fmt::Write as _;

use super::section::escape;

/// A surface at one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SurfaceLevel<'a> {
    /// What its button says.
    pub label: &'a str,
    /// Places along the first direction, ascending.
    pub x: &'a [f64],
    /// Places along the second direction, ascending.
    pub y: &'a [f64],
    /// The values, the first direction running fastest; one that is not finite leaves a hole.
    pub values: &'a [f64],
}

/// A surface over two directions that is drawn by the page's own script: turned by dragging or with the arrow keys, made larger by the wheel or with
/// `+` and `-`, and with a button for each scale.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SurfaceView<'a> {
    /// The scales, the first of which is shown at first.
    pub levels: &'a [SurfaceLevel<'a>],
    /// Places of draws in the two directions, shown as dots on the surface; may be empty.
    pub draws: &'a [[f64; 2]],
    /// Name of the first direction.
    pub x_label: &'a str,
    /// Name of the second direction.
    pub y_label: &'a str,
    /// Name of the values.
    pub value_label: &'a str,
}

impl SurfaceView<'_> {
    pub(super) fn html(&self) -> String {
        let buttons = self.levels.iter().enumerate().map(|(at, level)| {
            format!(
                "<button type=\"button\" data-level=\"{at}\" aria-pressed=\"{}\">{}</button>",
                at == 0,
                escape(level.label)
            )
        });
        let buttons: String = buttons.collect();
        format!(
            "<div class=\"surface\">\n<div class=\"buttons\" role=\"group\" aria-label=\"Scale\">{buttons}\
             <button type=\"button\" data-logarithmic aria-pressed=\"false\">logarithmic height</button></div>\n\
             <canvas tabindex=\"0\" role=\"img\" aria-label=\"{}\"></canvas>\n\
             <p class=\"hint\">Drag to turn, wheel to zoom; or the arrow keys, + and −. A double click puts it back.</p>\n\
             <noscript><p class=\"absent\">Not shown: the surface is drawn by the script of this page, which is switched off.</p></noscript>\n\
             <script type=\"application/json\">{}</script>\n</div>\n",
            escape(&format!(
                "{} over {} and {}",
                self.value_label, self.x_label, self.y_label
            )),
            self.data()
        )
    }

    /// What the script draws, as JSON that can stand within HTML.
    fn data(&self) -> String {
        let levels = self.levels.iter().map(|level| {
            format!(
                "{{\"x\":{},\"y\":{},\"values\":{}}}",
                numbers(level.x),
                numbers(level.y),
                numbers(level.values)
            )
        });
        let levels: Vec<String> = levels.collect();
        let draws: Vec<String> = self.draws.iter().map(|place| numbers(place)).collect();
        format!(
            "{{\"labels\":[{},{},{}],\"levels\":[{}],\"draws\":[{}]}}",
            text(self.x_label),
            text(self.y_label),
            text(self.value_label),
            levels.join(","),
            draws.join(",")
        )
    }
}

/// Numbers in seven digits, which are more than a screen shows.
fn numbers(values: &[f64]) -> String {
    let each = values.iter().map(|value| match value.is_finite() {
        true => {
            let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(*value);
            match (1e-4..1e7).contains(&rounded.abs()) || rounded == 0.0 {
                true => rounded.to_string(),
                false => format!("{rounded:e}"),
            }
        }
        false => "null".to_string(),
    });
    format!("[{}]", each.collect::<Vec<_>>().join(","))
}

fn text(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            // What would end the string, or the script.
            '"' | '\\' | '<' | '>' | '&' | '\0'..='\u{1f}' => {
                let _ = write!(quoted, "\\u{:04x}", character as u32);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_json() {
        assert_eq!(
            numbers(&[0.0, -1.5, 1.0 / 3.0, 1e-9, 2.5e12, f64::INFINITY]),
            "[0,-1.5,0.3333333,1e-9,2.5e12,null]"
        );
        assert_eq!(
            text("a \"b\" </script>\n"),
            "\"a \\u0022b\\u0022 \\u003c/script\\u003e\\u000a\""
        );
    }
}
