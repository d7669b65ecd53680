//! Step sizes that tune themselves to an acceptance rate, by dual averaging.

use serde::{Deserialize, Serialize};
use tati_core::{Result, TatiError, require_positive};

/// Dual averaging of ln h, with the acceptance statistic α_t of transition t:
///
/// ```text
/// H̄ ← (1 − 1/(t + t₀)) H̄ + (δ − α_t)/(t + t₀)
/// ln h ← μ − sqrt(t)/γ · H̄,   ln h̄ ← t^(−κ) ln h + (1 − t^(−κ)) ln h̄
/// ```
///
/// with μ = ln(10 h₀), γ = 0.05, t₀ = 10, κ = 0.75. These constants let h vary by a lot to the end, and where the acceptance
/// falls off ever faster with ln h, as it does towards the limit of stability, its mean over those h is below that at h̄.
/// So half-way a second averaging begins at h̄ with μ = ln h̄ and γ = 0.5, whose h hardly vary.
///
/// Source: M. D. Hoffman, A. Gelman, "The No-U-Turn sampler", J. Mach. Learn. Res. 15 (2014) 1593, algorithm 5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DualAveraging {
    target_acceptance: f64,
    shrinkage_point: f64,
    gamma: f64,
    updates: u64,
    error: f64,
    log_step_size: f64,
    log_average: f64,
}

impl DualAveraging {
    pub(crate) fn new(target_acceptance: f64, step_size: f64) -> Self {
        Self {
            target_acceptance,
            shrinkage_point: (10.0 * step_size).ln(),
            gamma: 0.05,
            updates: 0,
            error: 0.0,
            log_step_size: step_size.ln(),
            log_average: 0.0,
        }
    }

    /// Begins anew at another step size.
    pub(crate) fn restart(&mut self, step_size: f64) {
        *self = Self::new(self.target_acceptance, step_size);
    }

    /// Begins the second averaging.
    pub(crate) fn refine(&mut self) {
        *self = Self {
            shrinkage_point: self.log_average,
            gamma: 0.5,
            ..Self::new(self.target_acceptance, self.average())
        };
    }

    pub(crate) fn update(&mut self, acceptance: f64) {
        const DELAY: f64 = 10.0;
        const KAPPA: f64 = 0.75;
        // Far beyond any useful step size, and still far from overflow.
        const LARGEST_LOG: f64 = 300.0;

        self.updates += 1;
        let t = self.updates as f64;
        let weight = (t + DELAY).recip();
        self.error += weight * (self.target_acceptance - acceptance - self.error);
        self.log_step_size = (self.shrinkage_point - t.sqrt() / self.gamma * self.error)
            .clamp(-LARGEST_LOG, LARGEST_LOG);
        self.log_average += t.powf(-KAPPA) * (self.log_step_size - self.log_average);
    }

    /// h, to be tried next.
    pub(crate) fn step_size(&self) -> f64 {
        self.log_step_size.exp()
    }

    /// h̄, to be kept.
    pub(crate) fn average(&self) -> f64 {
        self.log_average.exp()
    }
}

/// A step size that is tuned during the first transitions, on request, and then stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StepSize {
    current: f64,
    averaging: Option<DualAveraging>,
    taken: u64,
    steps: u64,
}

impl StepSize {
    /// A step size that tunes itself during `tuning_steps` transitions if there is a target, with the number of transitions
    /// it will take for that.
    pub(crate) fn new(
        step_size: f64,
        target_acceptance: Option<f64>,
        tuning_steps: u64,
    ) -> Result<(Self, u64)> {
        require_positive("step_size", step_size)?;
        let tuning_steps = match target_acceptance {
            Some(target) => {
                require_acceptance(target)?;
                if tuning_steps == 0 {
                    return Err(TatiError::InvalidSetting {
                        name: "tuning_steps",
                        value: "0".to_string(),
                        expected: "at least 1 where there is a target_acceptance".to_string(),
                    });
                }
                tuning_steps
            }
            None => 0,
        };
        let step_size = Self {
            current: step_size,
            averaging: target_acceptance.map(|target| DualAveraging::new(target, step_size)),
            taken: 0,
            steps: tuning_steps,
        };
        Ok((step_size, tuning_steps))
    }

    /// The step size of the next transition.
    pub(crate) fn current(&self) -> f64 {
        self.current
    }

    /// Learns from a transition, while tuning goes on.
    pub(crate) fn learn(&mut self, acceptance: f64) {
        let Some(averaging) = &mut self.averaging else {
            return;
        };
        averaging.update(acceptance);
        self.taken += 1;
        if self.taken >= self.steps {
            self.current = averaging.average();
            self.averaging = None;
        } else {
            if self.taken == self.steps / 2 {
                averaging.refine();
            }
            self.current = averaging.step_size();
        }
    }
}

/// Checks that an acceptance rate to aim at lies between 0 and 1.
pub(crate) fn require_acceptance(target: f64) -> Result<()> {
    if target > 0.0 && target < 1.0 {
        return Ok(());
    }
    Err(TatiError::InvalidSetting {
        name: "target_acceptance",
        value: target.to_string(),
        expected: "above 0 and below 1".to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On the noiseless response α(h) = exp(−h), the average must come to h* = −ln δ.
    #[test]
    fn dual_averaging_finds_the_step_size_of_a_known_response() {
        for (start, target) in [(1e-3, 0.8), (50.0, 0.8), (0.2, 0.3)] {
            let (mut step_size, steps) = StepSize::new(start, Some(target), 2000).unwrap();
            for _ in 0..steps {
                step_size.learn((-step_size.current()).exp());
            }
            let reached = (-step_size.current()).exp();
            assert!((reached - target).abs() < 5e-3, "{reached} for {target}");
            let frozen = step_size.clone();
            step_size.learn(0.0);
            assert_eq!(step_size, frozen);
        }
    }

    /// The first two updates of algorithm 5 by hand.
    #[test]
    fn first_updates() {
        let mut averaging = DualAveraging::new(0.65, 0.1);
        averaging.update(1.0);
        let first = 1f64.ln() + 20.0 * 0.35 / 11.0;
        assert!((averaging.log_step_size - first).abs() < 1e-14);
        assert!((averaging.log_average - first).abs() < 1e-14);
        averaging.update(0.5);
        let error = (1.0 - 1.0 / 12.0) * (-0.35 / 11.0) + 0.15 / 12.0;
        let second = -(2f64.sqrt()) * 20.0 * error;
        assert!((averaging.log_step_size - second).abs() < 1e-14);
        let weight = 2f64.powf(-0.75);
        let average = weight * second + (1.0 - weight) * first;
        assert!((averaging.log_average - average).abs() < 1e-14);
    }
}
