//! A part of a report under its heading.

use super::check::{self, Check, Finding};
use super::picture::{self, Picture};
use super::surface::SurfaceView;

/// A part of a [`Page`](super::Page): a heading, and what stands below it in the order in which it was added. All text is escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    id: String,
    title: String,
    body: String,
    turns: bool,
}

impl Section {
    /// An empty one. `id` is what links within the page go to: letters, digits and dashes.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            body: String::new(),
            turns: false,
        }
    }

    /// With a paragraph more.
    pub fn paragraph(self, text: &str) -> Self {
        self.with(format!("<p>{}</p>\n", escape(text)))
    }

    /// With a statement that stands out: what it came to.
    pub fn verdict(self, finding: Finding, text: &str) -> Self {
        self.with(format!(
            "<p class=\"verdict {}\">{}</p>\n",
            finding.class(),
            escape(text)
        ))
    }

    /// With the reason why something is not shown.
    pub fn not_shown(self, reason: &str) -> Self {
        self.with(format!(
            "<p class=\"absent\">Not shown: {}</p>\n",
            escape(reason)
        ))
    }

    /// With lines for a shell.
    pub fn commands(self, lines: &[String]) -> Self {
        // An option is not torn apart at the end of a line.
        let word = |word: &str| format!("<span>{}</span>", escape(word));
        let line = |line: &String| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = lines.iter().map(line).collect();
        self.with(format!("<pre><code>{}</code></pre>\n", lines.join("\n")))
    }

    /// With names and what belongs to them.
    pub fn facts(self, facts: &[(String, String)]) -> Self {
        let rows = facts.iter().map(|(name, fact)| {
            format!(
                "<div><dt>{}</dt><dd>{}</dd></div>\n",
                escape(name),
                escape(fact)
            )
        });
        let rows: String = rows.collect();
        self.with(format!("<dl class=\"facts\">\n{rows}</dl>\n"))
    }

    /// With a table: text in the first column, numbers in the others.
    pub fn table(self, heading: &[&str], rows: &[Vec<String>]) -> Self {
        let cells = |row: &[String], of: &str| -> String {
            let cells = row.iter().enumerate().map(|(at, cell)| match at {
                0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
                _ => format!("<{of} class=\"number\">{}</{of}>", escape(cell)),
            });
            cells.collect()
        };
        let head: String = heading
            .iter()
            .map(|name| format!("<th scope=\"col\">{}</th>", escape(name)))
            .collect();
        let rows: String = rows
            .iter()
            .map(|row| format!("<tr>{}</tr>\n", cells(row, "td")))
            .collect();
        self.with(format!(
            "<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
        ))
    }

    /// With a figure, whose text is `svg`, and what stands below it.
    pub fn figure(self, svg: &str, caption: &str) -> Self {
        // Within HTML an SVG needs no declaration of what it is.
        let start = svg.find("<svg").unwrap_or(0);
        let label = format!("<svg role=\"img\" aria-label=\"{}\"", escape(caption));
        let drawing = svg[start..]
            .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
            .replacen("<svg", &label, 1);
        self.with(format!(
            "<figure>{}<figcaption>{}</figcaption></figure>\n",
            drawing.trim_end(),
            escape(caption)
        ))
    }

    /// With what checks came to.
    pub fn checks(self, checks: &[Check]) -> Self {
        self.with(check::table(checks))
    }

    /// With pictures side by side, and what stands above them.
    pub fn pictures(self, title: &str, pictures: &[Picture<'_>]) -> Self {
        self.with(format!(
            "<h3>{}</h3>\n{}",
            escape(title),
            picture::row(pictures)
        ))
    }

    /// With a surface that is turned by hand.
    pub fn surface(mut self, surface: &SurfaceView<'_>) -> Self {
        self.turns = true;
        self.with(surface.html())
    }

    fn with(mut self, html: String) -> Self {
        self.body.push_str(&html);
        self
    }

    /// Whether it needs the script of surfaces.
    pub(super) fn turns(&self) -> bool {
        self.turns
    }

    /// The line that leads to it.
    pub(super) fn link(&self) -> String {
        format!(
            "<a href=\"#{}\">{}</a>",
            escape(&self.id),
            escape(&self.title)
        )
    }

    pub(super) fn html(&self) -> String {
        format!(
            "<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n",
            escape(&self.id),
            escape(&self.title),
            self.body
        )
    }
}

/// Text as HTML, within an element or the quotes of an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_never_markup() {
        let section = Section::new("a", "<b> & \"c\"")
            .paragraph("<script>")
            .commands(&["tati <RUN>".to_string()])
            .facts(&[("<".to_string(), ">".to_string())])
            .table(&["<i>"], &[vec!["<u>".to_string()]]);
        let html = section.html();
        assert!(html.contains("<h2>&lt;b&gt; &amp; &quot;c&quot;</h2>"));
        for tag in ["<b>", "<script>", "<RUN>", "<i>", "<u>"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
    }

    #[test]
    fn a_figure_names_no_address_and_says_what_it_is() {
        let svg = "<svg width=\"1\" xmlns=\"http://www.w3.org/2000/svg\">\n<g/></svg>\n";
        let html = Section::new("a", "A").figure(svg, "a figure").html();
        assert!(!html.contains("http"), "{html}");
        assert!(html.contains("<svg role=\"img\" aria-label=\"a figure\" width=\"1\">"));
    }
}
