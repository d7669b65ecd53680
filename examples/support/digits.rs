//! MNIST, or the bundled glyphs in its place.

use std::path::PathBuf;

use tati::TatiError;
use tati::models::{Digits, GlyphsConfig, MnistConfig};

/// The digits that `data` names, `mnist` or `glyphs`, with that name. Left out, they are MNIST from `folder` or where it is usually
/// found, and where it is not, the glyphs, with a line on stderr that says so. `names` are the names that the error for any other tells.
pub fn load(
    data: Option<&str>,
    folder: Option<PathBuf>,
    names: &str,
) -> Result<(&'static str, Digits), TatiError> {
    let mnist = || MnistConfig::new().with_folder(folder.clone()).load();
    let glyphs = || GlyphsConfig::new().generate();
    match data {
        Some("mnist") => Ok(("mnist", mnist()?)),
        Some("glyphs") => Ok(("glyphs", glyphs()?)),
        Some(other) => Err(TatiError::InvalidSetting {
            name: "data",
            value: other.to_string(),
            expected: names.to_string(),
        }),
        // Only absence is made up for: a broken file must be seen.
        None => match mnist() {
            Err(error @ TatiError::DatasetUnavailable { .. }) => {
                eprintln!("{error}. Going on with the bundled glyphs.");
                Ok(("glyphs", glyphs()?))
            }
            mnist => Ok(("mnist", mnist?)),
        },
    }
}
