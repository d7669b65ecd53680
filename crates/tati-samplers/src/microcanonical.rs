//! MCLMC: dynamics of constant speed that loses its direction little by little.

mod tuning;
mod velocity;

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result, TatiError, require_count, require_positive};

use self::tuning::Tuning;
use self::velocity::{kick, normalize, refresh};
use crate::kernel::{Kernel, KernelConfig, Transition, kernel_config};
use crate::metropolis::DIVERGENCE;
use crate::metropolis::evaluate::Target;
use crate::metropolis::saved::{KernelState, kernel_state};
use crate::metropolis::walker::{Point, Stream, Walker};
use crate::optim::NoiseSource;
use crate::prior::Prior;

/// Configuration of [`Mclmc`].
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{analytic::Harmonic, open_device};
/// use tati_samplers::{Kernel, MclmcConfig, NoiseSource};
///
/// let well = Harmonic::new(vec![1.0; 10])?;
/// let start = Tensor::<1>::ones([10], &open_device("flex")?);
/// let mut mclmc = MclmcConfig::new(1.0, 0.5)
///     .with_tuning_steps(300)
///     .init(&start, &NoiseSource::new(42, 0))?;
/// for _ in 0..mclmc.tuning_steps() {
///     mclmc.transition(&well)?;
/// }
/// let transition = mclmc.transition(&well)?;
/// assert_eq!(transition.num_gradients, 1);
/// assert_eq!(transition.step_size, mclmc.step_size());
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct MclmcConfig {
    /// β of the sampled density exp(−βU).
    pub inverse_temperature: f64,
    /// ε, the length of a step in θ; where tuning begins if there are `tuning_steps`.
    pub step_size: f64,
    /// L, the length over which the velocity forgets its direction. If `None` it is sqrt(N), the size of a standard normal,
    /// until tuning has found the square root of the summed variances.
    pub momentum_decoherence_length: Option<f64>,
    /// The number of transitions that tune ε, and L if it is `None`, after which they stay.
    #[config(default = 0)]
    pub tuning_steps: u64,
    /// What ε is tuned to: the mean square of a step's energy error, divided by N, in units of 1/β².
    #[config(default = 5e-4)]
    pub energy_variance_per_dimension: f64,
    /// A prior added to U.
    pub prior: Option<Prior>,
    /// The seed of a [`Chain`](crate::Chain)'s noise; from entropy if `None`.
    pub seed: Option<u64>,
    /// Number of the walker, for independent chains with one seed.
    #[config(default = 0)]
    pub walker: u32,
}

impl MclmcConfig {
    /// A kernel at `start`, of shape \[N\] with N at least 2, whose device and precision the potential's tensors will have, with the seed
    /// and walker of `noise`.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] for a setting outside its domain, and where N is 1.
    pub fn init(&self, start: &Tensor<1>, noise: &NoiseSource) -> Result<Mclmc> {
        let (target, position) = Target::new(start, self.inverse_temperature, self.prior.as_ref())?;
        require_positive("step_size", self.step_size)?;
        if let Some(length) = self.momentum_decoherence_length {
            require_positive("momentum_decoherence_length", length)?;
        }
        require_positive(
            "energy_variance_per_dimension",
            self.energy_variance_per_dimension,
        )?;
        let num_parameters = position.len();
        require_count("number of parameters of MCLMC", num_parameters, 2..)?;
        let walker = Walker::new(position, noise);
        let mut velocity = walker.normals(Stream::Momenta, 0);
        normalize(&mut velocity);
        Ok(Mclmc {
            target,
            tuning_steps: self.tuning_steps,
            energy_variance: self.energy_variance_per_dimension,
            finds_length: self.momentum_decoherence_length.is_none(),
            state: State {
                walker,
                velocity,
                step_size: self.step_size,
                length: self
                    .momentum_decoherence_length
                    .unwrap_or((num_parameters as f64).sqrt()),
                tuning: (self.tuning_steps > 0).then(|| Tuning::new(num_parameters)),
            },
        })
    }
}

/// Microcanonical Langevin Monte Carlo: θ moves at unit speed u and the force turns u,
///
/// ```text
/// dθ = u dt,   du = −(1 − u uᵀ)(β∇U/(N − 1) dt + η dW),   |u| = 1
/// ```
///
/// which leaves exp(−βU) invariant. A transition is one step O(ε/2) B(ε/2) A(ε) B(ε/2) O(ε/2) with one gradient, where, with
/// e = −∇U/|∇U| and δ = ε β|∇U|/(N − 1),
///
/// ```text
/// B(ε): u ← (u + e (sinh δ + e·u (cosh δ − 1)))/(cosh δ + e·u sinh δ)
/// A(ε): θ ← θ + ε u
/// O(ε): u ← (u + ν ξ)/|u + ν ξ|,   ν = sqrt((exp(2ε/L) − 1)/N),   ξ ~ N(0, 1)
/// ```
///
/// Nothing is accepted or rejected: averages have a bias that shrinks with ε². It is small where the energy error of a step
/// is, which tuning sees to.
///
/// Source: J. Robnik, G. B. De Luca, E. Silverstein, U. Seljak, "Microcanonical Hamiltonian Monte Carlo", J. Mach. Learn.
/// Res. 24 (2023) 311, arXiv 2212.08549; J. Robnik, U. Seljak, "Fluctuation without dissipation: Microcanonical Langevin Monte
/// Carlo", arXiv 2303.18221 (2023).
#[derive(Clone, Debug)]
pub struct Mclmc {
    target: Target,
    tuning_steps: u64,
    energy_variance: f64,
    /// Whether tuning is to find L.
    finds_length: bool,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    walker: Walker,
    velocity: Vec<f64>,
    step_size: f64,
    length: f64,
    tuning: Option<Tuning>,
}

/// Where a step ends.
struct Step {
    point: Point,
    velocity: Vec<f64>,
    /// The change of βU plus that of the kinetic energy; `None` where U or its gradient is not finite.
    energy_error: Option<f64>,
}

impl Mclmc {
    /// ε of the next transition.
    pub fn step_size(&self) -> f64 {
        self.state.step_size
    }

    /// L of the next transition.
    pub fn momentum_decoherence_length(&self) -> f64 {
        self.state.length
    }

    /// The next step from where the walker is.
    fn step(&self, potential: &dyn Potential) -> Result<Step> {
        let State {
            walker,
            velocity,
            step_size,
            length,
            ..
        } = &self.state;
        let half_kick = 0.5 * step_size * self.target.inverse_temperature();
        let transition = walker.next_transition();
        let mut velocity = velocity.clone();
        let noise = walker.normals(Stream::Momenta, transition);
        refresh(&mut velocity, &noise, step_size / length);
        let mut energy_error = kick(&mut velocity, &walker.point.gradient, half_kick);
        let position = walker.point.position.iter().zip(&velocity);
        let position = position.map(|(theta, u)| theta + step_size * u).collect();
        let point = self.target.evaluate(potential, position)?;
        if !point.is_finite() {
            return Ok(Step {
                point,
                velocity,
                energy_error: None,
            });
        }
        energy_error += kick(&mut velocity, &point.gradient, half_kick);
        energy_error += self.target.inverse_temperature() * (point.energy - walker.point.energy);
        let noise = walker.normals(Stream::SecondRefreshment, transition);
        refresh(&mut velocity, &noise, step_size / length);
        Ok(Step {
            point,
            velocity,
            energy_error: Some(energy_error),
        })
    }

    /// Learns from a step while tuning goes on: ε all the time, L from the variances in the second third.
    fn learn(&mut self, energy_error: Option<f64>) {
        let State {
            walker,
            step_size,
            length,
            tuning: Some(tuning),
            ..
        } = &mut self.state
        else {
            return;
        };
        let num_parameters = walker.num_parameters() as f64;
        let square = energy_error.map(|error| error * error / num_parameters);
        *step_size = tuning.step_size(*step_size, square.map(|s| s / self.energy_variance));
        let third = self.tuning_steps / 3;
        if self.finds_length && (third..2 * third).contains(&tuning.taken) {
            tuning.positions.add(&walker.point.position);
        }
        tuning.taken += 1;
        if self.finds_length && tuning.taken == 2 * third {
            let total: f64 = tuning.positions.variances().sum();
            if total.is_normal() {
                *length = total.sqrt();
            }
        }
        if tuning.taken == self.tuning_steps {
            self.state.tuning = None;
        }
    }
}

impl Kernel for Mclmc {
    fn transition(&mut self, potential: &dyn Potential) -> Result<Transition> {
        let num_gradients = 1 + self.state.walker.begin(&self.target, potential)?;
        let used = self.state.step_size;
        let Step {
            point,
            velocity,
            energy_error,
        } = self.step(potential)?;
        let state = &mut self.state;
        if energy_error.is_some() {
            (state.walker.point, state.velocity) = (point, velocity);
        } else if state.tuning.is_some() {
            // Back out of it, the way it came.
            for velocity in &mut state.velocity {
                *velocity = -*velocity;
            }
        } else {
            return Err(TatiError::NotFinite {
                what: "the potential or its gradient, met by MCLMC, which cannot reject a step,"
                    .to_string(),
                value: point.energy,
                remedy: "take a smaller step_size, give it tuning_steps, or use HMC",
            });
        }
        state.walker.finish();
        self.learn(energy_error);
        Ok(Transition {
            diverged: energy_error.is_none_or(|error| error.abs() > DIVERGENCE),
            ..self.state.walker.report(used, num_gradients)
        })
    }

    kernel_state!();
}

kernel_config!(MclmcConfig, "mclmc");

impl KernelState for State {
    const KERNEL: &'static str = MclmcConfig::NAME;

    fn walker(&self) -> &Walker {
        &self.walker
    }

    fn fits(&self, num_parameters: usize) -> bool {
        self.velocity.len() == num_parameters
            && self
                .tuning
                .as_ref()
                .is_none_or(|tuning| tuning.positions.fits(num_parameters))
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::Harmonic;

    use super::*;
    use crate::metropolis::testing::{deviation, mean_and_error, sample, tensor};
    use crate::metropolis::walker::dot;

    /// On a standard normal in ten dimensions at β = 2: ⟨θ²⟩ is right within four standard errors at a small step (false alarms
    /// 6e-5), and its bias at large steps is seen, and falls by about 4 with half the step.
    #[test]
    fn bias_shrinks_with_the_square_of_the_step_size() {
        let well = Harmonic::new(vec![1.0; 10]).unwrap();
        let squares = |step_size: f64, count: usize| {
            let config =
                MclmcConfig::new(2.0, step_size).with_momentum_decoherence_length(Some(2.0));
            let noise = NoiseSource::new(31, 0);
            let mut kernel = config.init(&tensor(&[0.7; 10]), &noise).unwrap();
            let mut squares = Vec::new();
            sample(&mut kernel, &well, 500, count, |theta, _| {
                squares.push(dot(theta, theta))
            });
            squares
        };
        let exact = 5.0;
        let small = squares(0.3, 60_000);
        assert!(
            deviation(&small, exact).abs() < 4.0,
            "{:?}",
            mean_and_error(&small)
        );
        let [(large, large_error), (half, half_error)] =
            [2.4, 1.2].map(|step_size| mean_and_error(&squares(step_size, 200_000)));
        let (large, half) = (large - exact, half - exact);
        assert!(half.abs() > 4.0 * half_error && large.abs() > 4.0 * large_error);
        assert!((large / half - 4.0).abs() < 1.2, "{large} {half}");
    }

    /// After tuning, the mean square energy error per dimension is that asked for within a factor of 2, on standard deviations
    /// of 1 to 1/3.
    #[test]
    fn tuning_reaches_the_energy_error() {
        let well = Harmonic::new((0..10).map(|k| 1.0 + f64::from(k)).collect()).unwrap();
        for wanted in [5e-4, 5e-3] {
            let config = MclmcConfig::new(2.0, 0.01)
                .with_energy_variance_per_dimension(wanted)
                .with_tuning_steps(3000);
            let noise = NoiseSource::new(9, 0);
            let mut kernel = config.init(&tensor(&[0.3; 10]), &noise).unwrap();
            sample(&mut kernel, &well, 0, 1, |_, _| {});
            let mut squares = 0.0;
            for _ in 0..5000 {
                squares += kernel.step(&well).unwrap().energy_error.unwrap().powi(2);
                kernel.transition(&well).unwrap();
            }
            let reached = squares / 5e4;
            assert!(
                (0.5..2.0).contains(&(reached / wanted)),
                "{reached} for {wanted}"
            );
        }
    }
}
