//! Images of digits, split for training and testing, wherever they came from.

use std::fmt;
use std::path::PathBuf;

use crate::LabelledSet;

/// Rows and columns of an image.
pub(crate) const IMAGE_SIDE: usize = 28;
/// Pixels of an image.
pub(crate) const IMAGE_PIXELS: usize = IMAGE_SIDE * IMAGE_SIDE;
/// Classes of a digit.
pub(crate) const DIGITS: usize = 10;

/// Digits 0 to 9 as images of 28 × 28 pixels in 0..1, row by row, bright ink on a dark ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Digits {
    /// What a model is trained on and sampled with.
    pub train: LabelledSet,
    /// What it is judged by.
    pub test: LabelledSet,
    /// Where the images came from.
    pub origin: DigitsOrigin,
}

/// Where [`Digits`] came from; it displays as a phrase for logs and reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigitsOrigin {
    /// MNIST, read from files in this folder.
    Folder(PathBuf),
    /// MNIST, fetched just now and kept in this folder.
    Download(PathBuf),
    /// Drawn by code with this seed.
    Glyphs(u64),
}

impl fmt::Display for DigitsOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(formatter, "MNIST from {}", folder.display()),
            Self::Download(folder) => {
                write!(formatter, "MNIST, downloaded to {}", folder.display())
            }
            Self::Glyphs(seed) => write!(formatter, "drawn digits with seed {seed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_read_as_phrases() {
        assert_eq!(
            DigitsOrigin::Folder("/data".into()).to_string(),
            "MNIST from /data"
        );
        assert_eq!(
            DigitsOrigin::Download("/data".into()).to_string(),
            "MNIST, downloaded to /data"
        );
        assert_eq!(
            DigitsOrigin::Glyphs(3).to_string(),
            "drawn digits with seed 3"
        );
    }
}
