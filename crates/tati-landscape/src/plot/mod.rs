//! Figures of a loss landscape in PNG and SVG.
//!
//! A figure is a struct of slices and labels with a method `save`, which writes a PNG (1600 pixels wide with one panel) or an SVG (text
//! as text), as the extension of the path says, under a temporary name that is then renamed; its method `svg` gives the text. What a slice holds that cannot be shown, as NaN or
//! on a logarithmic axis 0, leaves a gap. Every figure has a `title`, which may be empty, and a `source`: a line in small print that says which
//! run it came from.
//!
//! # Example
//! ```
//! use tati_landscape::plot::Spectrum;
//!
//! let folder = tempfile::tempdir()?;
//! let figure = Spectrum {
//!     eigenvalues: &[4.0, 1.0, 0.4, 0.3],
//!     null: &[3.5, 0.9, 0.4, 0.2],
//!     source: "run/trajectory.zarr, seed 1",
//!     ..Spectrum::default()
//! };
//! figure.save(folder.path().join("spectrum.svg"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod autocorrelation;
mod axis;
mod canvas;
mod color_bar;
mod colormap;
mod contour;
mod curve;
mod curves;
mod diffusion_coordinates;
mod diffusion_spectrum;
mod fill;
mod free_energy;
mod free_energy_map;
mod grid;
mod hessian;
mod histogram;
mod isolines;
mod mark;
mod output;
mod page;
mod panel;
mod path;
mod projection;
mod rect;
mod relief;
mod running_mean;
mod scene;
mod spectrum;
mod style;
mod sweep;
mod terrain;
mod ticks;
mod traces;
mod trajectories;
mod zoom;

pub use autocorrelation::{Autocorrelation, CorrelationFunction};
pub use contour::Contour;
pub use curve::Curve;
pub use curves::Curves;
pub use diffusion_coordinates::{DiffusionCoordinates, PointColors};
pub use diffusion_spectrum::DiffusionSpectrum;
pub use free_energy::{Barrier, FreeEnergy};
pub use free_energy_map::FreeEnergyMap;
pub use grid::{ColorScale, Grid};
pub use hessian::HessianSpectrum;
pub use histogram::Histogram;
pub use mark::Mark;
pub use path::Path;
pub use relief::Relief;
pub use running_mean::RunningMean;
pub use spectrum::Spectrum;
pub use sweep::Sweep;
pub use traces::Traces;
pub use trajectories::Trajectories;
pub use zoom::{Zoom, ZoomView};
