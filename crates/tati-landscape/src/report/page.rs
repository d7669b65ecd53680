//! The page around the sections of a report.

use std::io::Write as _;
use std::path::Path;

use tati_core::{Result, write_atomically};

use super::section::{Section, escape};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("surface.js");
/// What a browser lets the page do: show what is in it.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// A report as one HTML page: style, figures, data and script are within it, and its policy forbids it every request.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    title: String,
    sections: Vec<Section>,
}

impl Page {
    /// One without sections.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            sections: Vec::new(),
        }
    }

    /// With a section more, below the others.
    pub fn with_section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page as text.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let links: Vec<String> = self.sections.iter().map(Section::link).collect();
        let sections: String = self.sections.iter().map(Section::html).collect();
        let script = match self.sections.iter().any(Section::turns) {
            true => format!("<script>\n{SCRIPT}</script>\n"),
            false => String::new(),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<h1>{title}</h1>\n<nav aria-label=\"Sections\">{}</nav>\n</header>\n\
             <main>\n{sections}</main>\n<footer>tati {}</footer>\n{script}</body>\n</html>\n",
            links.join(" "),
            env!("CARGO_PKG_VERSION")
        )
    }

    /// Writes the page, under a temporary name that is then renamed.
    ///
    /// # Errors
    /// [`File`](tati_core::TatiError::File) if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let html = self.html();
        write_atomically(path.as_ref(), |file| file.write_all(html.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{SurfaceLevel, SurfaceView};

    #[test]
    fn only_a_page_with_a_surface_has_a_script() {
        let page = Page::new("Run").with_section(Section::new("one", "One").paragraph("text"));
        assert!(!page.html().contains("<script"));
        assert!(page.html().contains("<a href=\"#one\">One</a>"));
        let surface = SurfaceView {
            levels: &[SurfaceLevel {
                label: "±1",
                x: &[-1.0, 1.0],
                y: &[-1.0, 1.0],
                values: &[1.0, f64::NAN, 3.0, 4.0],
            }],
            ..SurfaceView::default()
        };
        let page = page.with_section(Section::new("two", "Two").surface(&surface));
        assert_eq!(page.html().matches("<script>").count(), 1);
        assert!(page.html().contains("[1,null,3,4]"));
    }
}
