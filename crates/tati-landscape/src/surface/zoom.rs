//! Nested surfaces around one origin, each ten times narrower than the one before.

use burn::config::Config;
use tati_core::{AffineSubspace, Potential, Progress, Result, TatiError, require_count};

use super::{Axis, Surface};

/// A series of surfaces over ±10^i in every direction, i from `widest` down to `narrowest`: the way to see a funnel, whose walls and
/// floor are on different scales.
///
/// Source: F. Heber, Z. Trstanova, B. Leimkuhler, J. Mach. Learn. Res. 21(228) (2020).
///
/// # Example
/// ```
/// use tati_core::{AffineSubspace, analytic::Harmonic};
/// use tati_landscape::ZoomConfig;
///
/// let line = AffineSubspace::new(&[0.0], &[&[1.0]])?;
/// let series = ZoomConfig::new().with_points(3).evaluate(&Harmonic::new(vec![2.0])?, &line, &mut |_| {})?;
/// assert_eq!(series.len(), 7);
/// assert_eq!(series[0].potential, [100.0, 0.0, 100.0]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct ZoomConfig {
    /// Points of every axis; an odd number has the origin among them.
    #[config(default = 41)]
    pub points: usize,
    /// The exponent of the widest range.
    #[config(default = 1)]
    pub widest: i32,
    /// The exponent of the narrowest range.
    #[config(default = -5)]
    pub narrowest: i32,
}

impl ZoomConfig {
    /// The surfaces, from the widest to the narrowest, with the axes `c0`, `c1`, … `progress` is told the share of all that is done.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are fewer than 2 points, or the exponents are not in order or leave the range of
    /// ±300; otherwise as of [`Surface::over`].
    pub fn evaluate(
        &self,
        potential: &(impl Potential + ?Sized),
        subspace: &AffineSubspace,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Surface>> {
        require_count("points", self.points, 2..)?;
        if !(-300 <= self.narrowest && self.narrowest <= self.widest && self.widest <= 300) {
            return Err(TatiError::InvalidSetting {
                name: "narrowest",
                value: self.narrowest.to_string(),
                expected: format!("from -300 to `widest`, {}, at most 300", self.widest),
            });
        }
        let num_levels = f64::from(self.widest - self.narrowest + 1);
        (self.narrowest..=self.widest)
            .rev()
            .enumerate()
            .map(|(level, exponent)| {
                let reach = 10f64.powi(exponent);
                let axes = (0..subspace.num_directions())
                    .map(|k| Axis::equidistant(format!("c{k}"), -reach..=reach, self.points))
                    .collect::<Result<Vec<_>>>()?;
                let mut of_level = |share: f64| progress((level as f64 + share) / num_levels);
                Surface::over(potential, subspace, &axes, &mut of_level)
            })
            .collect()
    }
}
