//! The minima of a potential: down to them, which of them are the same, and what lies between them.
//!
//! | you want | you call |
//! |---|---|
//! | the minimum of the basin that a point lies in | [`QuenchConfig::run`] |
//! | the minima below recorded draws, each once | [`MinimaConfig::find`] |
//! | how many directions lead down from a stationary point | [`HessianIndexConfig::run`] |
//! | what permuting hidden units does | [`UnitSymmetry`] |
//! | the potential on the straight line between two minima | [`potential_on_line`] |
//! | the lowest pass between them | [`ElasticBandConfig::connect`] |

mod assignment;
mod band;
mod descent;
mod elastic_band;
mod find;
mod fire;
mod index;
mod merge;
mod path;
mod quench;
mod symmetry;

pub use elastic_band::{ElasticBandConfig, MinimumEnergyPath};
pub use find::{Minima, MinimaConfig, MinimaProgress, QuenchedDraw};
pub use index::{HessianIndex, HessianIndexConfig, StationaryPoint};
pub use merge::{Minimum, merge_minima};
pub use path::{PathPotential, potential_on_line};
pub use quench::{Quench, QuenchConfig, QuenchEnd};
pub use symmetry::{HiddenUnits, UnitSymmetry};

use tati_core::{Result, TatiError, require_count};

/// Checks that `position`, named `what`, has length N and is finite.
fn require_point(what: &str, position: &[f64], num_parameters: usize) -> Result<()> {
    require_count("number of parameters", num_parameters, 1..)?;
    if position.len() != num_parameters {
        return Err(TatiError::ShapeMismatch {
            what: format!("length of {what}"),
            expected: format!("{num_parameters}, the number of parameters"),
            found: position.len().to_string(),
        });
    }
    let Some(index) = position.iter().position(|theta| !theta.is_finite()) else {
        return Ok(());
    };
    Err(TatiError::NotFinite {
        what: format!("parameter {index} of {what}"),
        value: position[index],
        remedy: "take points that a chain has reached without diverging",
    })
}
