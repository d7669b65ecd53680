//! The learning coefficient over step sizes and tether strengths: where it depends on neither.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use tati_core::{ModelPotential, Result, Rows, TatiError, require_count};
use tati_landscape::LearningCoefficient;
use tati_samplers::entropy_seed;

use super::{ChainsProgress, LearningCoefficientConfig};

/// Standard errors by which neighbours on a plateau may differ.
const MOST_ERRORS: f64 = 3.0;
/// The largest standard error relative to the estimate with which a setting can be said to be on a plateau.
const LARGEST_RELATIVE_ERROR: f64 = 0.1;

/// Estimates the learning coefficient at every pair of a step size and a tether strength, each with noise of its own.
///
/// A setting is on a plateau if its estimate agrees with that of every sound neighbour in the table within three standard errors of their
/// difference, it has such a neighbour along each side of the table that is longer than 1, and its own error is below a tenth of it.
/// Sound is what neither diverges nor falls below the loss at θ*: a negative estimate says that θ* is no minimum, or that the chains have
/// left for a deeper one.
///
/// # Example
/// ```
/// use tati::workflow::{LearningCoefficientConfig, LearningCoefficientSweepConfig};
///
/// // The step size and tether of the first are replaced by those of the sweep.
/// let one = LearningCoefficientConfig::new(1e-3, 1.0).with_num_chains(4);
/// let sweep = LearningCoefficientSweepConfig::new(one, vec![1e-4, 1e-3, 1e-2], vec![1.0, 10.0]);
/// assert_eq!(sweep.step_sizes.len(), 3);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct LearningCoefficientSweepConfig {
    /// What every setting has in common.
    pub estimate: LearningCoefficientConfig,
    /// The step sizes, ascending.
    pub step_sizes: Vec<f64>,
    /// The tether strengths, ascending.
    pub tether_strengths: Vec<f64>,
}

/// What a sweep found.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningCoefficientSweep {
    /// Every setting: all tether strengths of the first step size, then of the next.
    pub settings: Vec<SweepSetting>,
    /// The seed in use.
    pub seed: u64,
}

/// One setting of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSetting {
    /// h.
    pub step_size: f64,
    /// γ.
    pub tether_strength: f64,
    /// What came of it.
    pub outcome: SweepOutcome,
    /// The largest difference from a sound neighbour in step size, in standard errors of the difference; `None` if it has none or is not
    /// sound.
    pub step_size_disagreement: Option<f64>,
    /// The same of the neighbours in tether strength.
    pub tether_disagreement: Option<f64>,
    /// Whether the estimate is on a plateau.
    pub on_plateau: bool,
}

/// What came of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepOutcome {
    /// An estimate that is not negative.
    Sound(LearningCoefficient),
    /// A negative estimate: the chains have fallen below the loss at θ*.
    BelowBaseline(LearningCoefficient),
    /// A chain has diverged; how.
    Diverged(String),
}

impl SweepOutcome {
    /// The estimate, unless it is negative or diverged.
    pub fn sound(&self) -> Option<&LearningCoefficient> {
        match self {
            Self::Sound(coefficient) => Some(coefficient),
            Self::BelowBaseline(_) | Self::Diverged(_) => None,
        }
    }
}

impl LearningCoefficientSweep {
    /// The setting on a plateau whose estimate has the smallest relative error; `None` if none is on a plateau.
    pub fn best(&self) -> Option<&SweepSetting> {
        let on_plateau = self.settings.iter().filter(|setting| setting.on_plateau);
        let relative = |setting: &&SweepSetting| {
            let coefficient = setting.outcome.sound();
            coefficient.map_or(f64::INFINITY, |found| found.standard_error / found.estimate)
        };
        on_plateau.min_by(|a, b| relative(a).total_cmp(&relative(b)))
    }
}

impl LearningCoefficientSweepConfig {
    /// Runs [`LearningCoefficientConfig::run`] at every setting. A chain that diverges is an outcome, not an error.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no step size or no tether strength, or they do not ascend; the errors of
    /// [`LearningCoefficientConfig::run`] other than divergence.
    pub fn run<M, R, L>(
        &self,
        model: &M,
        potential: &ModelPotential<M, R, L>,
        progress: impl Fn(&ChainsProgress) + Sync,
    ) -> Result<LearningCoefficientSweep>
    where
        M: Module,
        R: Rows,
        L: Fn(&M, R) -> Tensor<1> + Clone + Send + Sync,
    {
        require_ascending("step_sizes", &self.step_sizes)?;
        require_ascending("tether_strengths", &self.tether_strengths)?;
        let seed = self.estimate.seed.unwrap_or_else(entropy_seed);
        let steps = self.estimate.max_steps();
        let count = self.step_sizes.len() * self.tether_strengths.len();
        let mut settings = Vec::with_capacity(count);
        for &step_size in &self.step_sizes {
            for &tether_strength in &self.tether_strengths {
                let number = settings.len();
                let config = LearningCoefficientConfig {
                    step_size,
                    tether_strength,
                    ..self.estimate.clone()
                };
                let report = |num_steps| {
                    progress(&ChainsProgress {
                        num_steps: number as u64 * steps + num_steps,
                        max_steps: count as u64 * steps,
                    });
                };
                let first_walker = (number * self.estimate.num_chains) as u32;
                let outcome =
                    match config.run_walkers(model, potential, seed, first_walker, &report) {
                        Ok(found) if found.estimate < 0.0 => SweepOutcome::BelowBaseline(found),
                        Ok(found) => SweepOutcome::Sound(found),
                        Err(error @ TatiError::NotFinite { .. }) => {
                            SweepOutcome::Diverged(error.to_string())
                        }
                        Err(error) => return Err(error),
                    };
                settings.push(SweepSetting {
                    step_size,
                    tether_strength,
                    outcome,
                    step_size_disagreement: None,
                    tether_disagreement: None,
                    on_plateau: false,
                });
            }
        }
        compare_neighbours(&mut settings, self.tether_strengths.len());
        Ok(LearningCoefficientSweep { settings, seed })
    }
}

/// Fills in the disagreements and `on_plateau` of a table with `columns` columns.
fn compare_neighbours(settings: &mut [SweepSetting], columns: usize) {
    let rows = settings.len() / columns;
    for at in 0..settings.len() {
        let (row, column) = (at / columns, at % columns);
        let along_rows = [
            (row > 0).then(|| at - columns),
            (row + 1 < rows).then_some(at + columns),
        ];
        let along_columns = [
            (column > 0).then(|| at - 1),
            (column + 1 < columns).then_some(at + 1),
        ];
        let Some(own) = settings[at].outcome.sound() else {
            continue;
        };
        let largest = |neighbours: [Option<usize>; 2]| {
            let sound = neighbours.into_iter().flatten();
            sound
                .filter_map(|at| settings[at].outcome.sound())
                .map(|other| difference(own, other))
                .reduce(f64::max)
        };
        let (by_step_size, by_tether) = (largest(along_rows), largest(along_columns));
        let agrees = |length: usize, difference: Option<f64>| {
            length == 1 || difference.is_some_and(|difference| difference <= MOST_ERRORS)
        };
        let on_plateau = settings.len() > 1
            && agrees(rows, by_step_size)
            && agrees(columns, by_tether)
            && own.standard_error <= LARGEST_RELATIVE_ERROR * own.estimate;
        settings[at].on_plateau = on_plateau;
        settings[at].step_size_disagreement = by_step_size;
        settings[at].tether_disagreement = by_tether;
    }
}

/// |a − b| in standard errors of it.
fn difference(a: &LearningCoefficient, b: &LearningCoefficient) -> f64 {
    let error = a.standard_error.hypot(b.standard_error);
    (a.estimate - b.estimate).abs() / error.max(f64::MIN_POSITIVE)
}

fn require_ascending(name: &'static str, values: &[f64]) -> Result<()> {
    require_count(name, values.len(), 1..)?;
    let pairs = values.windows(2);
    if let Some(pair) = pairs
        .into_iter()
        .find(|pair| pair[0].total_cmp(&pair[1]).is_ge())
    {
        return Err(TatiError::InvalidSetting {
            name,
            value: format!("{} after {}", pair[1], pair[0]),
            expected: "ascending".to_string(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(estimate: Option<f64>) -> SweepSetting {
        let outcome = match estimate {
            None => SweepOutcome::Diverged("diverged".to_string()),
            Some(estimate) => {
                let losses = [vec![estimate - 0.1], vec![estimate + 0.1]];
                let found = LearningCoefficient::from_losses(&losses, 0, 0.0, 1.0).unwrap();
                if estimate < 0.0 {
                    SweepOutcome::BelowBaseline(found)
                } else {
                    SweepOutcome::Sound(found)
                }
            }
        };
        SweepSetting {
            step_size: 1.0,
            tether_strength: 1.0,
            outcome,
            step_size_disagreement: None,
            tether_disagreement: None,
            on_plateau: false,
        }
    }

    /// Estimates with a standard error of 0.1, two tethers a line.
    fn plateau(table: &[[Option<f64>; 2]]) -> Vec<bool> {
        let mut settings: Vec<SweepSetting> =
            table.iter().flatten().copied().map(setting).collect();
        compare_neighbours(&mut settings, 2);
        settings.iter().map(|setting| setting.on_plateau).collect()
    }

    #[test]
    fn a_plateau_is_where_neighbours_agree() {
        let table = [
            [Some(2.0), Some(2.1)],
            [Some(3.0), Some(3.1)],
            [Some(3.1), Some(3.0)],
            [Some(3.2), Some(3.1)],
            [None, Some(-1.0)],
        ];
        // The third line agrees with the second and the fourth; the second does not with the first.
        let expected = [
            false, false, false, false, true, true, true, true, false, false,
        ];
        assert_eq!(plateau(&table), expected);
        // Errors as large as the estimate prove nothing.
        assert_eq!(plateau(&[[Some(0.1); 2], [Some(0.1); 2]]), [false; 4]);
        // Nor does a setting without a sound neighbour along one side.
        assert_eq!(plateau(&[[Some(3.0); 2], [None, None]]), [false; 4]);
    }

    #[test]
    fn the_best_of_a_plateau_has_the_smallest_relative_error() {
        let mut settings = vec![setting(Some(3.0)), setting(Some(3.2))];
        compare_neighbours(&mut settings, 1);
        let disagreement = settings[0].step_size_disagreement.unwrap();
        assert!((disagreement - 2.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!(settings[0].tether_disagreement, None);
        let mut sweep = LearningCoefficientSweep { settings, seed: 1 };
        assert_eq!(sweep.best(), Some(&sweep.settings[1]));
        sweep.settings.truncate(1);
        compare_neighbours(&mut sweep.settings, 1);
        assert_eq!(sweep.best(), None);
    }

    #[test]
    fn sides_must_ascend() {
        assert!(require_ascending("step_sizes", &[1.0, 2.0]).is_ok());
        for values in [&[][..], &[2.0, 1.0], &[1.0, 1.0], &[1.0, f64::NAN, 2.0]] {
            assert!(
                require_ascending("step_sizes", values).is_err(),
                "{values:?}"
            );
        }
    }
}
