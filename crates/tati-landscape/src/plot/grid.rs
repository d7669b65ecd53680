//! Values on a grid of a plane, and the levels and colours that show them.

use tati_core::{Result, TatiError};

use super::axis::{Axis, Scale};
use super::colormap::{diverging, sequential};
use super::style::Color;
use super::ticks;

/// Values on a grid.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grid<'a> {
    /// Places along the first direction, ascending.
    pub x: &'a [f64],
    /// Places along the second direction, ascending.
    pub y: &'a [f64],
    /// The value at (xⱼ, yᵢ) is number i·(places along x) + j; NaN is a hole.
    pub values: &'a [f64],
}

impl Grid<'_> {
    pub(super) fn check(&self) -> Result<()> {
        for (name, places) in [("grid.x", self.x), ("grid.y", self.y)] {
            let ascending = places.windows(2).all(|pair| pair[0] < pair[1]);
            let finite = places.iter().all(|place| place.is_finite());
            if places.len() < 2 || !ascending || !finite {
                return Err(TatiError::InvalidSetting {
                    name,
                    value: match places.len() {
                        0 | 1 => format!("{} places", places.len()),
                        _ => "not ascending".to_string(),
                    },
                    expected: "at least two finite numbers in ascending order".to_string(),
                });
            }
        }
        if self.values.len() != self.x.len() * self.y.len() {
            return Err(TatiError::ShapeMismatch {
                what: "values of the grid".to_string(),
                expected: format!("{} × {}", self.y.len(), self.x.len()),
                found: self.values.len().to_string(),
            });
        }
        Ok(())
    }
}

/// How values become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorScale {
    /// Evenly, in a sequential map.
    #[default]
    Linear,
    /// By their logarithms, in a sequential map; what is not above 0 is a hole.
    Logarithmic,
    /// Evenly and symmetrical about 0, in a diverging map.
    Diverging,
}

/// A range of values cut at round numbers into bands of one colour each.
#[derive(Clone, Debug)]
pub(super) struct Shades {
    pub(super) axis: Axis,
    diverging: bool,
    /// Shares of the axis between which the bands lie.
    pub(super) levels: Vec<f64>,
}

impl Shades {
    /// Over the values of a grid.
    pub(super) fn over(label: &str, scale: ColorScale, values: &[f64]) -> Result<Self> {
        let axis_scale = match scale {
            ColorScale::Logarithmic => Scale::Logarithmic,
            ColorScale::Linear | ColorScale::Diverging => Scale::Linear,
        };
        let values = values.iter().copied();
        let mut axis = Axis::tight("grid.values", label, axis_scale, values)?;
        if scale == ColorScale::Diverging {
            axis.high = axis.high.abs().max(axis.low.abs());
            axis.low = -axis.high;
        }
        let levels = cuts(&axis).into_iter().filter_map(|cut| axis.share(cut));
        // A level at an end bounds nothing.
        let levels = levels.filter(|share| (1e-6..1.0 - 1e-6).contains(share));
        Ok(Self {
            levels: levels.collect(),
            axis,
            diverging: scale == ColorScale::Diverging,
        })
    }

    /// Every value as its share of the range, holes as NaN.
    pub(super) fn shares(&self, values: &[f64]) -> Vec<f64> {
        let shares = values
            .iter()
            .map(|value| self.axis.share(*value).unwrap_or(f64::NAN));
        shares.collect()
    }

    /// The number of the band of a share.
    pub(super) fn band(&self, share: f64) -> usize {
        self.levels.partition_point(|level| *level <= share)
    }

    /// The ends of a band.
    pub(super) fn ends(&self, band: usize) -> [f64; 2] {
        let below = band.checked_sub(1).and_then(|below| self.levels.get(below));
        let above = self.levels.get(band);
        [below.copied().unwrap_or(0.0), above.copied().unwrap_or(1.0)]
    }

    /// The colour of a band.
    pub(super) fn band_color(&self, band: usize) -> Color {
        let [low, high] = self.ends(band);
        // Such that the first and the last band have the ends of the map.
        let middle = match band {
            0 if !self.levels.is_empty() => 0.0,
            band if band == self.levels.len() && band > 0 => 1.0,
            _ => (low + high) / 2.0,
        };
        self.color(middle)
    }

    /// The colour of a share, without bands.
    pub(super) fn color(&self, share: f64) -> Color {
        if self.diverging {
            diverging(share)
        } else {
            sequential(share)
        }
    }
}

/// About a dozen round numbers.
fn cuts(axis: &Axis) -> Vec<f64> {
    const MOST: usize = 14;

    if axis.scale == Scale::Logarithmic {
        for factors in [&[1, 2, 3, 5, 7][..], &[1, 2, 5], &[1, 3], &[1]] {
            let cuts = ticks::multiples(axis.low, axis.high, factors, false);
            if cuts.len() <= MOST && cuts.len() >= 4 {
                return cuts;
            }
        }
    }
    let ticks = axis.ticks(MOST);
    ticks.major.into_iter().map(|(cut, _)| cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_lie_between_round_numbers() {
        let shades = Shades::over("U", ColorScale::Linear, &[0.0, 1.0, f64::NAN]).unwrap();
        assert_eq!(shades.levels.len(), 9);
        assert_eq!(shades.band(0.05), 0);
        assert_eq!(shades.band(0.97), 9);
        assert!((shades.ends(4)[0] - 0.4).abs() < 1e-12);
        let shades = Shades::over("U", ColorScale::Logarithmic, &[1e-6, 1e6, 0.0]).unwrap();
        assert_eq!(shades.levels.len(), 11);
        assert!(shades.shares(&[0.0])[0].is_nan());
        let shades = Shades::over("U", ColorScale::Diverging, &[-1.0, 3.0]).unwrap();
        assert_eq!([shades.axis.low, shades.axis.high], [-3.0, 3.0]);
    }

    #[test]
    fn malformed_grids_are_refused() {
        let (two, three) = ([0.0, 1.0], [0.0, 1.0, 2.0]);
        let message = |x, y, values| Grid { x, y, values }.check().unwrap_err().to_string();
        assert!(message(&two, &two, &three).contains("expected 2 × 2, found 3"));
        assert!(message(&[1.0, 0.0], &two, &three).contains("`grid.x` is not ascending"));
        assert!(message(&two, &[1.0], &two).contains("`grid.y` is 1 places"));
        assert!(message(&two, &[], &[]).contains("`grid.y` is 0 places"));
    }
}
