//! HMC: legs of Hamilton's equations as proposals.

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result, TatiError, require_positive};

use super::evaluate::Target;
use super::leg::{Leg, Surroundings};
use super::saved::{KernelState, kernel_state};
use super::step_size::StepSize;
use super::walker::{Stream, Walker, dot};
use super::{DIVERGENCE, acceptance_probability};
use crate::ensemble::QuasiNewton;
use crate::kernel::{Kernel, KernelConfig, Transition, kernel_config};
use crate::optim::NoiseSource;
use crate::prior::Prior;

/// Steps of a leg above which it is cut, unless the configured step size asks for more: tuning may try tiny steps.
const STEPS_WITHIN_REASON: f64 = 1000.0;

/// The integrator of [`Hmc`].
#[derive(Config, Debug, PartialEq)]
pub enum HmcOrder {
    /// First order: symplectic Euler.
    SymplecticEuler,
    /// Second order: the leapfrog.
    Leapfrog,
}

/// Configuration of [`Hmc`].
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{analytic::Harmonic, open_device};
/// use tati_samplers::{HmcConfig, Kernel, NoiseSource};
///
/// let well = Harmonic::new(vec![1.0, 4.0])?;
/// let start = Tensor::<1>::from_data([1.0, 1.0], &open_device("flex")?);
/// let mut hmc = HmcConfig::new(1.0, 0.2, 1.0).init(&start, &NoiseSource::new(42, 0))?;
/// let transition = hmc.transition(&well)?;
/// // The first transition also evaluates the start; a leg of length 1 takes 5 or 6 steps of 0.2.
/// assert!((5..=7).contains(&transition.num_gradients));
/// assert!(transition.acceptance > Some(0.8));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct HmcConfig {
    /// β of the sampled density exp(−βU).
    pub inverse_temperature: f64,
    /// h, of dimension time; where tuning begins if there is a `target_acceptance`.
    pub step_size: f64,
    /// The length of a leg in time, which does not change while h is tuned.
    pub trajectory_length: f64,
    /// The integrator.
    #[config(default = "HmcOrder::Leapfrog")]
    pub order: HmcOrder,
    /// r: each leg takes a step size of its own, uniform between (1 − r) h and (1 + r) h, so that no direction is in resonance
    /// with the leg for ever.
    #[config(default = 0.3)]
    pub step_size_jitter: f64,
    /// The acceptance rate that h is tuned to (0.65 is best in many dimensions: Beskos et al. 2013); `None` keeps h.
    pub target_acceptance: Option<f64>,
    /// The number of transitions that tune h, after which it stays.
    #[config(default = 1000)]
    pub tuning_steps: u64,
    /// A prior added to U.
    pub prior: Option<Prior>,
    /// The seed of a [`Chain`](crate::Chain)'s noise; from entropy if `None`.
    pub seed: Option<u64>,
    /// Number of the walker, for independent chains with one seed.
    #[config(default = 0)]
    pub walker: u32,
}

impl HmcConfig {
    /// A kernel at `start`, of shape \[N\], whose device and precision the potential's tensors will have, with the seed
    /// and walker of `noise`.
    ///
    /// # Errors
    /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
    pub fn init(&self, start: &Tensor<1>, noise: &NoiseSource) -> Result<Hmc> {
        let (target, position) = Target::new(start, self.inverse_temperature, self.prior.as_ref())?;
        let (step_size, tuning_steps) =
            StepSize::new(self.step_size, self.target_acceptance, self.tuning_steps)?;
        require_positive("trajectory_length", self.trajectory_length)?;
        if !(0.0..1.0).contains(&self.step_size_jitter) {
            return Err(TatiError::InvalidSetting {
                name: "step_size_jitter",
                value: self.step_size_jitter.to_string(),
                expected: "at least 0 and below 1".to_string(),
            });
        }
        let configured_steps = (1.1 * self.trajectory_length / self.step_size).ceil();
        Ok(Hmc {
            target,
            order: self.order.clone(),
            trajectory_length: self.trajectory_length,
            step_size_jitter: self.step_size_jitter,
            most_steps: configured_steps.max(STEPS_WITHIN_REASON),
            tuning_steps,
            metric: None,
            state: State {
                walker: Walker::new(position, noise),
                step_size,
            },
        })
    }
}

/// Hamiltonian (hybrid) Monte Carlo. Each transition draws momenta p ~ N(0, 1/β), follows Hamilton's equations of
/// H = U(θ) + p·p/2 for L steps of h', and accepts the end with probability min(1, exp(−βΔH)):
///
/// ```text
/// h' = h·U(1 − r, 1 + r),   L = max(1, round(U(0.9, 1.1)·trajectory_length/h))
/// leapfrog, L times:          p ← p − (h'/2) ∇U,  θ ← θ + h' p,  p ← p − (h'/2) ∇U
/// symplectic Euler, L times:  p ← p − h' ∇U,  θ ← θ + h' p,  or in the other order
/// ```
///
/// exp(−βU) is sampled exactly at any h; L gradients a transition, at most 1000 or what the configured h asks for. The leapfrog retraces its steps when the momentum is
/// flipped. With the metric B of an ensemble (B = Bᵀ) kicks are by B ∇U and drifts by B p: the same legs in the coordinates B⁻¹θ. Symplectic Euler by kick and drift does not: the way back is by drift and kick, its adjoint, so each leg takes one
/// of the two orders with probability 1/2, and the way back is as likely as the way there.
///
/// Source: S. Duane, A. D. Kennedy, B. J. Pendleton, D. Roweth, "Hybrid Monte Carlo", Phys. Lett. B 195 (1987) 216;
/// randomised legs: P. B. Mackenzie, Phys. Lett. B 226 (1989) 369.
#[derive(Clone, Debug)]
pub struct Hmc {
    target: Target,
    order: HmcOrder,
    trajectory_length: f64,
    step_size_jitter: f64,
    most_steps: f64,
    tuning_steps: u64,
    metric: Option<QuasiNewton>,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    walker: Walker,
    step_size: StepSize,
}

impl Hmc {
    /// h of the next transition, before it is made random.
    pub fn step_size(&self) -> f64 {
        self.state.step_size.current()
    }

    /// The leg that three uniform numbers choose. It does not depend on the position.
    fn leg(&self, [jitter, length, order]: [f64; 3]) -> Leg {
        let h = self.step_size();
        let steps = (0.9 + 0.2 * length) * self.trajectory_length / h;
        Leg {
            first_kick: match self.order {
                HmcOrder::Leapfrog => 0.5,
                HmcOrder::SymplecticEuler if order < 0.5 => 1.0,
                HmcOrder::SymplecticEuler => 0.0,
            },
            step_size: h * (1.0 + self.step_size_jitter * (2.0 * jitter - 1.0)),
            num_steps: steps.round().clamp(1.0, self.most_steps) as usize,
        }
    }
}

impl Kernel for Hmc {
    fn transition(&mut self, potential: &dyn Potential) -> Result<Transition> {
        let mut num_gradients = self.state.walker.begin(&self.target, potential)?;
        let walker = &self.state.walker;
        let transition = walker.next_transition();
        let [accept, leg @ ..]: [f64; 4] = walker.uniforms(Stream::Uniforms, transition);
        let leg = self.leg(leg);
        let beta = self.target.inverse_temperature();
        let thermal = beta.recip().sqrt();
        let mut momentum = walker.normals(Stream::Momenta, transition);
        for momentum in &mut momentum {
            *momentum *= thermal;
        }
        let kinetic_energy = 0.5 * dot(&momentum, &momentum);
        let surroundings = Surroundings {
            target: &self.target,
            potential,
            metric: self.metric.as_ref(),
        };
        let (proposal, gradients) = leg.run(&surroundings, &walker.point, &mut momentum)?;
        num_gradients += gradients;

        let kinetic_change = 0.5 * dot(&momentum, &momentum) - kinetic_energy;
        let energy_error = beta * (proposal.energy - walker.point.energy + kinetic_change);
        let finite = proposal.is_finite();
        let acceptance = if finite {
            acceptance_probability(-energy_error)
        } else {
            0.0
        };
        let State { walker, step_size } = &mut self.state;
        if accept < acceptance {
            walker.point = proposal;
        }
        walker.finish();
        step_size.learn(acceptance);
        Ok(Transition {
            kinetic_energy: Some(kinetic_energy),
            acceptance: Some(acceptance),
            diverged: !finite || energy_error > DIVERGENCE,
            ..walker.report(leg.step_size, num_gradients)
        })
    }

    fn precondition(&mut self, metric: QuasiNewton) -> Result<()> {
        self.metric = Some(metric);
        Ok(())
    }

    fn move_to(&mut self, position: &[f64]) -> Result<()> {
        self.state.walker.move_to(position)
    }

    fn set_inverse_temperature(&mut self, inverse_temperature: f64) -> Result<()> {
        self.target.set_inverse_temperature(inverse_temperature)
    }

    kernel_state!();
}

kernel_config!(HmcConfig, "hmc");

impl KernelState for State {
    const KERNEL: &'static str = HmcConfig::NAME;

    fn walker(&self) -> &Walker {
        &self.walker
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::Harmonic;

    use super::super::testing::{deviation, mean_and_error, sample, tensor};
    use super::*;

    fn hmc(config: &HmcConfig, start: &[f64]) -> Hmc {
        config
            .init(&tensor(start), &NoiseSource::new(12, 0))
            .unwrap()
    }

    #[test]
    fn tiny_steps_are_accepted() {
        let well = Harmonic::new(vec![1.0, 4.0]).unwrap();
        for (order, step_size) in [
            (HmcOrder::Leapfrog, 1e-4),
            (HmcOrder::SymplecticEuler, 1e-6),
        ] {
            let config = HmcConfig::new(2.0, step_size, 10.0 * step_size).with_order(order);
            sample(
                &mut hmc(&config, &[0.5, -0.3]),
                &well,
                0,
                100,
                |_, transition| {
                    let acceptance = transition.acceptance.unwrap();
                    assert!((acceptance - 1.0).abs() < 1e-9, "{acceptance}");
                },
            );
        }
    }

    /// Of κ = 1 at h = 0.6 the leapfrog without a test gives ⟨θ²⟩ = 1/(1 − h²/4) = 1.099, and HMC 1: both within four standard
    /// errors (false alarms 2e-4), which are below 0.02, so that each would be refuted by the other.
    #[test]
    fn large_steps_are_unbiased_only_with_the_test() {
        let well = Harmonic::new(vec![1.0]).unwrap();
        let config = HmcConfig::new(1.0, 0.6, 1.8);
        for order in [HmcOrder::Leapfrog, HmcOrder::SymplecticEuler] {
            let mut kernel = hmc(&config.clone().with_order(order), &[1.0]);
            let mut squares = Vec::new();
            sample(&mut kernel, &well, 100, 30_000, |theta, _| {
                squares.push(theta[0] * theta[0]);
            });
            let z = deviation(&squares, 1.0);
            assert!(z.abs() < 4.0, "{z}");
            assert!(mean_and_error(&squares).1 < 0.02);
        }

        let kernel = hmc(&config, &[1.0]);
        let mut walker = kernel.state.walker;
        let leg = Leg {
            first_kick: 0.5,
            step_size: 0.6,
            num_steps: 3,
        };
        walker.begin(&kernel.target, &well).unwrap();
        let unadjusted: Vec<f64> = (0..30_000)
            .map(|_| {
                let mut momentum = walker.normals(Stream::Momenta, walker.next_transition());
                let surroundings = Surroundings {
                    target: &kernel.target,
                    potential: &well,
                    metric: None,
                };
                let end = leg.run(&surroundings, &walker.point, &mut momentum);
                walker.point = end.unwrap().0;
                walker.finish();
                walker.point.position[0].powi(2)
            })
            .collect();
        let z = deviation(&unadjusted, 1.0 / (1.0 - 0.09));
        assert!(z.abs() < 4.0, "{z}");
        assert!(deviation(&unadjusted, 1.0) > 4.0);
    }

    #[test]
    fn legs_are_random_within_their_bounds() {
        let well = Harmonic::new(vec![1.0]).unwrap();
        let mut kernel = hmc(&HmcConfig::new(1.0, 0.1, 1.0), &[1.0]);
        let mut seen = [0.0; 12];
        let (mut least, mut most) = (f64::INFINITY, 0.0f64);
        sample(&mut kernel, &well, 1, 2000, |_, transition| {
            seen[transition.num_gradients] += 1.0;
            least = least.min(transition.step_size);
            most = most.max(transition.step_size);
        });
        // Of U(9, 11) a quarter rounds to 9, half to 10, a quarter to 11: within 4.5 standard errors (false alarms 2e-5).
        for (steps, share) in [(9, 0.25), (10, 0.5), (11, 0.25)] {
            let error = (2000.0 * share * (1.0f64 - share)).sqrt();
            assert!((seen[steps] - 2000.0 * share).abs() < 4.5 * error);
        }
        assert!((0.07..0.0705).contains(&least) && (0.1295..0.13).contains(&most));
        // A step size that tuning has made tiny does not make legs endless.
        let mut stuck = hmc(&HmcConfig::new(1.0, 0.1, 1.0), &[1.0]);
        (stuck.state.step_size, _) = StepSize::new(1e-9, None, 0).unwrap();
        assert_eq!(stuck.leg([0.5; 3]).num_steps, 1000);
    }
}
