//! How NUTS finds its step size and the scales of the parameters.

use serde::{Deserialize, Serialize};

use super::super::running_variance::RunningVariance;
use super::super::step_size::DualAveraging;
use super::super::walker::Point;

/// The length of the first window; each next one is twice as long.
const FIRST_WINDOW: u64 = 10;
/// The last stage of tuning, which is left to the step size alone, is this part of it.
const LAST_STAGE: u64 = 5;
/// Draws without which no scales are taken from a window.
const FEWEST_DRAWS: u64 = 5;

/// Tuning in windows: at the end of each the scales become those of its draws, σᵢ⁴ = var θᵢ / var β∂ᵢU, and the step size is
/// searched anew. A last stage tunes the step size alone.
///
/// On a Gaussian of independent coordinates σᵢ is the standard deviation from the first few draws on.
///
/// Source: A. Seyboldt, E. L. Carlson, B. Carpenter, "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher
/// divergence", arXiv 2603.18845 (2026); windows: B. Carpenter et al., "Stan", J. Stat. Softw. 76 (2017) 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tuning {
    steps: u64,
    taken: u64,
    window: u64,
    window_end: u64,
    positions: RunningVariance,
    gradients: RunningVariance,
    pub(super) averaging: DualAveraging,
}

/// What a transition of tuning leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lesson {
    /// Go on with this step size.
    StepSize(f64),
    /// The scales have changed: search for a step size.
    Search,
    /// Keep this step size.
    Finished(f64),
}

impl Tuning {
    /// Tuning that takes `steps` transitions, at least one.
    pub(super) fn new(
        steps: u64,
        target_acceptance: f64,
        step_size: f64,
        num_parameters: usize,
    ) -> Self {
        let mut tuning = Self {
            steps,
            taken: 0,
            window: FIRST_WINDOW,
            window_end: 0,
            positions: RunningVariance::new(num_parameters),
            gradients: RunningVariance::new(num_parameters),
            averaging: DualAveraging::new(target_acceptance, step_size),
        };
        tuning.place_window();
        tuning
    }

    pub(super) fn fits(&self, num_parameters: usize) -> bool {
        self.positions.fits(num_parameters) && self.gradients.fits(num_parameters)
    }

    /// Learns from a transition to `point`, and may change `scales`.
    pub(super) fn learn(
        &mut self,
        acceptance: f64,
        point: &Point,
        inverse_temperature: f64,
        scales: &mut [f64],
    ) -> Lesson {
        self.taken += 1;
        self.averaging.update(acceptance);
        if self.taken >= self.steps {
            return Lesson::Finished(self.averaging.average());
        }
        if self.taken == self.last_window_end().midpoint(self.steps) {
            self.averaging.refine();
        }
        if self.taken <= self.window_end {
            self.positions.add(&point.position);
            self.gradients.add(&point.gradient);
            if self.taken == self.window_end {
                self.take_scales(inverse_temperature, scales);
                self.window *= 2;
                self.place_window();
                return Lesson::Search;
            }
        }
        Lesson::StepSize(self.averaging.step_size())
    }

    fn take_scales(&mut self, inverse_temperature: f64, scales: &mut [f64]) {
        let length = scales.len();
        if self.positions.count() >= FEWEST_DRAWS {
            let variances = self.positions.variances().zip(self.gradients.variances());
            for (scale, (of_position, of_gradient)) in scales.iter_mut().zip(variances) {
                let found = (of_position / of_gradient).sqrt().sqrt() / inverse_temperature.sqrt();
                // A coordinate that did not move, or has no slope, keeps its scale.
                if found.is_normal() {
                    *scale = found;
                }
            }
        }
        self.positions = RunningVariance::new(length);
        self.gradients = RunningVariance::new(length);
    }

    fn last_window_end(&self) -> u64 {
        self.steps - self.steps.div_ceil(LAST_STAGE)
    }

    /// The next window, stretched to the last stage where the one after it would not fit.
    fn place_window(&mut self) {
        let last = self.last_window_end();
        let end = self.taken + self.window;
        self.window_end = if end + 2 * self.window > last {
            last
        } else {
            end
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of 1000 transitions end at 10, 30, 70, 150, 310 and 800; short runs have fewer.
    #[test]
    fn windows_double_and_the_last_is_stretched() {
        let ends = |steps| {
            let mut tuning = Tuning::new(steps, 0.8, 0.1, 1);
            let mut scales = [1.0];
            let mut ends = Vec::new();
            for step in 1..=steps {
                let place = step as f64;
                let point = Point {
                    position: vec![place],
                    energy: 0.0,
                    gradient: vec![4.0 * place],
                };
                match tuning.learn(0.8, &point, 1.0, &mut scales) {
                    Lesson::Search => ends.push(step),
                    Lesson::Finished(_) => assert_eq!(step, steps),
                    Lesson::StepSize(_) => {}
                }
            }
            (ends, scales[0])
        };
        // A slope of 4θ belongs to a standard deviation of 1/2.
        assert_eq!(ends(1000), (vec![10, 30, 70, 150, 310, 800], 0.5));
        assert_eq!(ends(50), (vec![10, 40], 0.5));
        assert_eq!(ends(4), (vec![3], 1.0));
        assert_eq!(ends(1), (vec![], 1.0));
    }
}
