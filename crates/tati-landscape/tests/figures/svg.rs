//! The texts of an SVG figure and the room they take in a common font.

pub struct Text {
    pub text: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// Every text, and the size of the figure, in the same units.
pub fn texts(svg: &str) -> (Vec<Text>, [f64; 2]) {
    let size: Vec<f64> = attribute(svg, "viewBox").split(' ').map(number).collect();
    let elements = svg.split("<text ").skip(1).map(|element| {
        let (attributes, rest) = element.split_once('>').unwrap();
        let text = rest.split_once("</text>").unwrap().0.trim();
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&apos;", "'");
        let text = text.replace("&quot;", "\"").replace("&amp;", "&");
        let attribute = |name| attribute(attributes, name);
        let (x, y) = (number(attribute("x")), number(attribute("y")));
        let size = number(attribute("font-size"));
        let width: f64 = size * text.chars().map(advance).sum::<f64>();
        let start = match attribute("text-anchor") {
            "start" => 0.0,
            "middle" => -width / 2.0,
            "end" => -width,
            other => panic!("anchor {other}"),
        };
        // Capitals and digits, around the place.
        let half = 0.38 * size;
        if attributes.contains("rotate(270") {
            Text {
                text,
                left: x - half,
                right: x + half,
                top: y - start - width,
                bottom: y - start,
            }
        } else {
            Text {
                text,
                left: x + start,
                right: x + start + width,
                top: y - half,
                bottom: y + half,
            }
        }
    });
    (elements.collect(), [size[2], size[3]])
}

/// The first pair of texts that overlap, or a text that leaves the figure.
pub fn collision(texts: &[Text], [width, height]: [f64; 2]) -> Option<String> {
    for (index, a) in texts.iter().enumerate() {
        if a.left < 0.0 || a.top < 0.0 || a.right > width || a.bottom > height {
            return Some(format!("`{}` leaves the figure", a.text));
        }
        for b in &texts[index + 1..] {
            if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
                return Some(format!("`{}` lies on `{}`", a.text, b.text));
            }
        }
    }
    None
}

/// Width over size, about that of DejaVu Sans, the widest font of common viewers.
fn advance(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '|' | ' ' | '/' | '(' | ')' | '\'' => 0.36,
        '⁰'..='⁹' | '¹' | '²' | '³' | '⁻' | '₀'..='₉' => 0.43,
        'm' | 'w' | 'M' | 'W' | '±' | '×' | '−' | '=' | '%' | '…' => 0.88,
        character if character.is_uppercase() => 0.70,
        _ => 0.61,
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let from = tag.split_once(&format!("{name}=\"")).unwrap().1;
    from.split_once('"').unwrap().0
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

#[test]
fn overlaps_are_seen() {
    let text = |x: i32, y: i32, anchor: &str, turn: &str| {
        format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"50\"{turn}>\nabcd\n</text>\n"
        )
    };
    let seen = |a: String, b: String| {
        let (texts, size) = texts(&format!("<svg viewBox=\"0 0 500 500\">{a}{b}</svg>"));
        collision(&texts, size).is_some()
    };
    let turn = " transform=\"rotate(270, 100, 250)\"";
    assert!(seen(
        text(100, 100, "start", ""),
        text(210, 130, "start", "")
    ));
    assert!(!seen(
        text(100, 100, "start", ""),
        text(230, 100, "start", "")
    ));
    assert!(!seen(
        text(100, 100, "start", ""),
        text(100, 140, "start", "")
    ));
    assert!(seen(
        text(100, 250, "middle", turn),
        text(100, 200, "start", "")
    ));
    assert!(!seen(
        text(100, 250, "middle", turn),
        text(125, 250, "start", "")
    ));
    assert!(seen(
        text(400, 100, "start", ""),
        text(100, 100, "start", "")
    ));
}
