//! The minima below draws.

use burn::config::Config;
use tati_core::{Potential, Result, TatiError, require_non_negative};

use super::index::{HessianIndexConfig, StationaryPoint};
use super::merge::{Minimum, merge_points};
use super::quench::{Quench, QuenchConfig, QuenchEnd};
use super::symmetry::UnitSymmetry;
use crate::draws::Draws;

/// The minima below draws, each once, with the number of negative curvatures there.
///
/// Quenches that did not converge end at no minimum and are counted as such.
///
/// # Example
/// ```
/// use tati_core::analytic::DoubleWell;
/// use tati_landscape::{Draws, MinimaConfig};
///
/// let theta = [-1.3, -0.2, 0.4, 1.1];
/// let draws = Draws::from_f64(&theta, [1, 4, 1])?;
/// let found = MinimaConfig::new().find(&DoubleWell::new(2.0)?, &draws, None, &mut |_| {})?;
/// assert_eq!(found.minima.len(), 2);
/// assert!(found.minima.iter().all(|minimum| minimum.point.hessian.index == 0));
/// assert_eq!(found.minimum_of_draw(0), found.minimum_of_draw(1));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct MinimaConfig {
    /// How draws are quenched.
    #[config(default = "QuenchConfig::new()")]
    pub quench: QuenchConfig,
    /// The distance |θ − θ'| up to which two minima are the same: well above the gradient's tolerance over the smallest curvature.
    #[config(default = 1e-3)]
    pub merge_distance: f64,
    /// How curvatures are counted.
    #[config(default = "HessianIndexConfig::new()")]
    pub index: HessianIndexConfig,
}

/// How far a search for minima has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinimaProgress {
    /// So many of the draws are quenched.
    Quenched {
        /// Draws quenched.
        done: usize,
        /// Draws in all.
        total: usize,
    },
    /// The negative curvatures of so many of the minima are counted.
    Counted {
        /// Minima done.
        done: usize,
        /// Minima in all.
        total: usize,
    },
}

type Report<'a> = dyn FnMut(MinimaProgress) + Send + 'a;

/// What was found below draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Minima {
    /// The minima, ascending in the potential.
    pub minima: Vec<Minimum>,
    /// What became of each draw: chains one after the other, the draws of each in order.
    pub quenches: Vec<QuenchedDraw>,
}

/// What became of a draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuenchedDraw {
    /// How the quench ended.
    pub end: QuenchEnd,
    /// U where it ended.
    pub potential: f64,
    /// |∇U| there.
    pub gradient_norm: f64,
    /// Iterations made.
    pub num_iterations: usize,
    /// The minimum that it is at; `None` if it did not converge.
    pub minimum: Option<usize>,
}

impl MinimaConfig {
    /// Quenches every one of `draws`, takes those that end at most `merge_distance` apart as one, up to `symmetry` if there is one, and
    /// counts the negative curvatures of each. `progress` is told after each draw and each minimum.
    ///
    /// # Errors
    /// Those of [`QuenchConfig::run`] and [`HessianIndexConfig::run`]; [`TatiError::InvalidSetting`] or [`TatiError::ShapeMismatch`] if
    /// the draws, the potential and the symmetry differ in their number of parameters.
    pub fn find(
        &self,
        potential: &dyn Potential,
        draws: &Draws<'_>,
        symmetry: Option<&UnitSymmetry>,
        progress: &mut Report<'_>,
    ) -> Result<Minima> {
        self.quench.require_valid()?;
        require_non_negative("merge_distance", self.merge_distance)?;
        let num_parameters = potential.num_parameters();
        let of_symmetry = symmetry.map_or(num_parameters, UnitSymmetry::num_parameters);
        for (what, found) in [
            ("draws to quench", draws.num_parameters()),
            ("a symmetry", of_symmetry),
        ] {
            if found != num_parameters {
                return Err(TatiError::ShapeMismatch {
                    what: format!("number of parameters of {what}"),
                    expected: format!("{num_parameters}, as of the potential"),
                    found: found.to_string(),
                });
            }
        }
        let quenched = self.quench_all(potential, draws, progress)?;
        let converged: Vec<usize> = (0..quenched.len())
            .filter(|&draw| quenched[draw].has_converged())
            .collect();
        let points: Vec<(f64, &[f64])> = (converged.iter())
            .map(|&draw| (quenched[draw].potential, quenched[draw].position.as_slice()))
            .collect();
        let groups = merge_points(&points, self.merge_distance, symmetry)?;
        let mut minima = Vec::with_capacity(groups.leaders.len());
        let total = groups.leaders.len();
        for &leader in &groups.leaders {
            let lowest = &quenched[converged[leader]];
            minima.push(Minimum {
                point: StationaryPoint::at(potential, &lowest.position, &self.index)?,
                draw: usize::MAX,
                num_quenches: 0,
            });
            let done = minima.len();
            progress(MinimaProgress::Counted { done, total });
        }
        let mut quenches: Vec<QuenchedDraw> = quenched.iter().map(QuenchedDraw::of).collect();
        for (&draw, &group) in converged.iter().zip(&groups.of_points) {
            quenches[draw].minimum = Some(group);
            minima[group].draw = minima[group].draw.min(draw);
            minima[group].num_quenches += 1;
        }
        Ok(Minima { minima, quenches })
    }

    fn quench_all(
        &self,
        potential: &dyn Potential,
        draws: &Draws<'_>,
        progress: &mut Report<'_>,
    ) -> Result<Vec<Quench>> {
        let total = draws.num_chains() * draws.num_draws();
        let mut quenched = Vec::with_capacity(total);
        for chain in 0..draws.num_chains() {
            draws.for_each_block(chain, |block| {
                for theta in block.theta.chunks_exact(draws.num_parameters()) {
                    quenched.push(self.quench.run(potential, theta)?);
                    let done = quenched.len();
                    progress(MinimaProgress::Quenched { done, total });
                }
                Ok(())
            })?;
        }
        Ok(quenched)
    }
}

impl Minima {
    /// The minimum below a draw; `None` if its quench did not converge or there is no such draw.
    pub fn minimum_of_draw(&self, draw: usize) -> Option<&Minimum> {
        let minimum = self.quenches.get(draw)?.minimum?;
        self.minima.get(minimum)
    }

    /// The number of quenches that did not converge.
    pub fn num_unconverged(&self) -> usize {
        let quenches = self.quenches.iter();
        quenches.filter(|draw| draw.minimum.is_none()).count()
    }
}

impl QuenchedDraw {
    fn of(quench: &Quench) -> Self {
        Self {
            end: quench.end,
            potential: quench.potential,
            gradient_norm: quench.gradient_norm,
            num_iterations: quench.num_iterations,
            minimum: None,
        }
    }
}
