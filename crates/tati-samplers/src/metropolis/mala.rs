//! MALA: an overdamped Langevin step as a proposal.

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result};

use super::evaluate::Target;
use super::saved::{KernelState, kernel_state};
use super::step_size::StepSize;
use super::walker::{Stream, Walker, dot};
use super::{DIVERGENCE, acceptance_probability};
use crate::kernel::{Kernel, KernelConfig, Transition, kernel_config};
use crate::optim::NoiseSource;
use crate::prior::Prior;

/// Configuration of [`Mala`].
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{analytic::Harmonic, open_device};
/// use tati_samplers::{Kernel, MalaConfig, NoiseSource};
///
/// let well = Harmonic::new(vec![1.0, 4.0])?;
/// let start = Tensor::<1>::from_data([1.0, 1.0], &open_device("flex")?);
/// let mut mala = MalaConfig::new(1.0, 0.1)
///     .with_target_acceptance(Some(0.574))
///     .with_tuning_steps(200)
///     .init(&start, &NoiseSource::new(42, 0))?;
/// for _ in 0..mala.tuning_steps() {
///     mala.transition(&well)?;
/// }
/// let transition = mala.transition(&well)?;
/// assert_eq!(transition.step_size, mala.step_size());
/// assert_eq!(transition.num_gradients, 1);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct MalaConfig {
    /// β of the sampled density exp(−βU).
    pub inverse_temperature: f64,
    /// h, of dimension time²; where tuning begins if there is a `target_acceptance`.
    pub step_size: f64,
    /// The acceptance rate that h is tuned to (0.574 is best in many dimensions: Roberts, Rosenthal 1998); `None` keeps h.
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

impl MalaConfig {
    /// A kernel at `start`, of shape \[N\], whose device and precision the potential's tensors will have, with the seed
    /// and walker of `noise`.
    ///
    /// # Errors
    /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
    pub fn init(&self, start: &Tensor<1>, noise: &NoiseSource) -> Result<Mala> {
        let (target, position) = Target::new(start, self.inverse_temperature, self.prior.as_ref())?;
        let (step_size, tuning_steps) =
            StepSize::new(self.step_size, self.target_acceptance, self.tuning_steps)?;
        Ok(Mala {
            target,
            tuning_steps,
            state: State {
                walker: Walker::new(position, noise),
                step_size,
            },
        })
    }
}

/// The Metropolis-adjusted Langevin algorithm: the proposal
///
/// ```text
/// θ' = θ − h ∇U(θ) + sqrt(2h/β) ξ,   ξ ~ N(0, 1)
/// ```
///
/// is accepted with probability min(1, exp(−βU(θ')) q(θ|θ') / (exp(−βU(θ)) q(θ'|θ))), where q is the proposal's normal
/// density. So exp(−βU) is sampled exactly at any h; one gradient a transition.
///
/// Source: G. O. Roberts, R. L. Tweedie, "Exponential convergence of Langevin distributions and their discrete
/// approximations", Bernoulli 2 (1996) 341.
#[derive(Clone, Debug)]
pub struct Mala {
    target: Target,
    tuning_steps: u64,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    walker: Walker,
    step_size: StepSize,
}

impl Mala {
    /// h of the next transition.
    pub fn step_size(&self) -> f64 {
        self.state.step_size.current()
    }
}

impl Kernel for Mala {
    fn transition(&mut self, potential: &dyn Potential) -> Result<Transition> {
        let State { walker, step_size } = &mut self.state;
        let mut num_gradients = walker.begin(&self.target, potential)?;
        let (beta, h) = (self.target.inverse_temperature(), step_size.current());
        let noise = walker.normals(Stream::Momenta, walker.next_transition());
        let amplitude = (2.0 * h / beta).sqrt();
        let point = &walker.point;
        let steps = point.position.iter().zip(&point.gradient).zip(&noise);
        let position = steps
            .map(|((theta, slope), noise)| theta - h * slope + amplitude * noise)
            .collect();
        let proposal = self.target.evaluate(potential, position)?;
        num_gradients += 1;

        // ln q(θ|θ') − ln q(θ'|θ) with the squares multiplied out, which loses no digits at small h: with G = ∇U(θ) + ∇U(θ')
        // the noise that leads back is (h G − sqrt(2h/β) ξ)/sqrt(2h/β).
        let slopes = point.gradient.iter().zip(&proposal.gradient);
        let sum: Vec<f64> = slopes.map(|(from, to)| from + to).collect();
        let log_ratio = -beta * (proposal.energy - point.energy)
            + 0.5 * beta * (amplitude * dot(&sum, &noise) - 0.5 * h * dot(&sum, &sum));
        let finite = proposal.is_finite();
        let acceptance = if finite {
            acceptance_probability(log_ratio)
        } else {
            0.0
        };
        let [uniform] = walker.uniforms(Stream::Uniforms, walker.next_transition());
        if uniform < acceptance {
            walker.point = proposal;
        }
        walker.finish();
        step_size.learn(acceptance);
        Ok(Transition {
            acceptance: Some(acceptance),
            diverged: !finite || log_ratio < -DIVERGENCE,
            ..walker.report(h, num_gradients)
        })
    }

    kernel_state!();
}

kernel_config!(MalaConfig, "mala");

impl KernelState for State {
    const KERNEL: &'static str = MalaConfig::NAME;

    fn walker(&self) -> &Walker {
        &self.walker
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::Rosenbrock;

    use super::super::testing::{sample, target, tensor};
    use super::*;

    /// 1 − acceptance shrinks as h^(3/2): by 8 from h to h/4, within 15 %, as the same noise is used.
    #[test]
    fn small_steps_are_accepted() {
        let valley = Rosenbrock::new(2.0).unwrap();
        let refused = |step_size: f64| {
            let mut refused = 0.0;
            for walker in 0..400 {
                let noise = NoiseSource::new(21, walker);
                let config = MalaConfig::new(1.5, step_size);
                let mut mala = config.init(&tensor(&[0.4, 0.7]), &noise).unwrap();
                sample(&mut mala, &valley, 0, 1, |_, transition| {
                    refused += 1.0 - transition.acceptance.unwrap();
                });
            }
            refused / 400.0
        };
        let [large, small] = [4e-4, 1e-4].map(refused);
        assert!((large / small / 8.0 - 1.0).abs() < 0.15, "{large} {small}");
        assert!(refused(1e-12) < 1e-14);
    }

    /// The acceptance against the proposal density written out.
    #[test]
    fn acceptance_is_that_of_metropolis_and_hastings() {
        let (beta, h) = (1.5, 0.05);
        let valley = Rosenbrock::new(2.0).unwrap();
        let target = target(&[0.4, 0.7], beta);
        let start = target.evaluate(&valley, vec![0.4, 0.7]).unwrap();
        for walker in 0..50 {
            let noise = NoiseSource::new(22, walker);
            let config = MalaConfig::new(beta, h);
            let mut mala = config.init(&tensor(&start.position), &noise).unwrap();
            let noise = mala.state.walker.normals(Stream::Momenta, 1);
            let position = (0..2)
                .map(|k| {
                    start.position[k] - h * start.gradient[k] + (2.0 * h / beta).sqrt() * noise[k]
                })
                .collect();
            let end = target.evaluate(&valley, position).unwrap();
            let log_proposal = |from: &super::super::walker::Point, to: &[f64]| {
                let squares =
                    (0..2).map(|k| (to[k] - from.position[k] + h * from.gradient[k]).powi(2));
                -0.25 * beta / h * squares.sum::<f64>()
            };
            let log_ratio = beta * (start.energy - end.energy)
                + log_proposal(&end, &start.position)
                - log_proposal(&start, &end.position);
            let acceptance = mala.transition(&valley).unwrap().acceptance.unwrap();
            assert!((acceptance - log_ratio.exp().min(1.0)).abs() < 1e-12);
        }
    }
}
