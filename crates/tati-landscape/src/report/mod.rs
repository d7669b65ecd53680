//! A report of a run: one HTML page that holds everything it shows, and asks no network for anything.
//!
//! A [`Page`] is a row of [`Section`]s, each made of paragraphs, tables, figures, [`Check`]s, [`Picture`]s and a [`SurfaceView`] to be turned by
//! hand. All of them become HTML as text; nothing is computed here.
//!
//! # Example
//! ```
//! use tati_landscape::plot::Spectrum;
//! use tati_landscape::report::{Check, Finding, Page, Section};
//!
//! let spectrum = Spectrum { eigenvalues: &[4.0, 1.0, 0.4], null: &[3.5, 0.9, 0.4], ..Spectrum::default() };
//! let page = Page::new("Run 7")
//!     .with_section(Section::new("convergence", "Convergence").checks(&[Check {
//!         name: "R̂".to_string(),
//!         figure: "1.002".to_string(),
//!         finding: Finding::Good,
//!         words: "the chains agree".to_string(),
//!     }]))
//!     .with_section(Section::new("spectrum", "Spectrum").figure(&spectrum.svg()?, "Covariance of the draws"));
//! let folder = tempfile::tempdir()?;
//! page.save(folder.path().join("report.html"))?;
//! assert!(page.html().contains("the chains agree"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod page;
mod picture;
mod section;
mod surface;

pub use check::{Check, Finding};
pub use page::Page;
pub use picture::Picture;
pub use section::Section;
pub use surface::{SurfaceLevel, SurfaceView};
