//! MCLMC: dynamics of constant speed that loses its direction little by little.

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result, TatiError, require_count, require_positive};

use crate::kernel::{Kernel, KernelConfig, Transition, kernel_config};
use crate::metropolis::DIVERGENCE;
use crate::metropolis::evaluate::Target;
use crate::metropolis::running_variance::RunningVariance;
use crate::metropolis::saved::{self, KernelState};
use crate::metropolis::walker::{Stream, Walker, dot};
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
        let (target, position) =
            Target::new(start, self.inverse_temperature, self.prior.as_ref())?;
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
                tuning: (self.tuning_steps > 0).then(|| Tuning {
                    taken: 0,
                    largest_step_size: f64::INFINITY,
                    weighted: 0.0,
                    weight: 0.0,
                    positions: RunningVariance::new(num_parameters),
                }),
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

impl Mclmc {
    /// ε of the next transition.
    pub fn step_size(&self) -> f64 {
        self.state.step_size
    }

    /// L of the next transition.
    pub fn momentum_decoherence_length(&self) -> f64 {
        self.state.length
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
        let mut num_gradients = self.state.walker.begin(&self.target, potential)?;
        let State {
            walker,
            velocity,
            step_size,
            length,
            tuning,
        } = &mut self.state;
        let (beta, epsilon) = (self.target.inverse_temperature(), *step_size);
        let transition = walker.next_transition();
        let mut turned = velocity.clone();
        let refresh = |velocity: &mut [f64], stream| {
            let noise = walker.normals(stream, transition);
            refresh(velocity, &noise, epsilon / *length);
        };
        refresh(&mut turned, Stream::Momenta);
        let mut energy_error = kick(
            &mut turned,
            &walker.point.gradient,
            0.5 * epsilon * beta,
        );
        let position = walker.point.position.iter().zip(&turned);
        let position = position.map(|(theta, u)| theta + epsilon * u).collect();
        let point = self.target.evaluate(potential, position)?;
        num_gradients += 1;

        let finite = point.is_finite();
        if finite {
            energy_error += kick(&mut turned, &point.gradient, 0.5 * epsilon * beta);
            energy_error += beta * (point.energy - walker.point.energy);
            refresh(&mut turned, Stream::SecondRefreshment);
            walker.point = point;
            *velocity = turned;
        } else if tuning.is_some() {
            // Back out of it, the way it came.
            for velocity in velocity.iter_mut() {
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
        walker.finish();
        self.learn(finite.then_some(energy_error));
        Ok(Transition {
            diverged: !finite || energy_error.abs() > DIVERGENCE,
            ..self.state.walker.report(epsilon, num_gradients)
        })
    }

    fn position(&self) -> &[f64] {
        &self.state.walker.point.position
    }

    fn tuning_steps(&self) -> u64 {
        self.tuning_steps
    }

    fn save(&self) -> Vec<u8> {
        saved::save(&self.target, &self.state)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<()> {
        saved::restore(&mut self.target, &mut self.state, saved)
    }
}

kernel_config!(MclmcConfig, "mclmc");

impl KernelState for State {
    const KERNEL: &'static str = MclmcConfig::NAME;

    fn num_parameters(&self) -> usize {
        self.walker.num_parameters()
    }

    fn fits(&self, num_parameters: usize) -> bool {
        self.walker.fits(num_parameters)
            && self.velocity.len() == num_parameters
            && self
                .tuning
                .as_ref()
                .is_none_or(|tuning| tuning.positions.fits(num_parameters))
    }
}

/// Tuning of ε: the energy error's square grows as ε⁶, so that of each step gives an estimate of the right ε, and they are
/// averaged with weights that prefer steps near it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tuning {
    taken: u64,
    /// Lowered at each step that led to no finite energy.
    largest_step_size: f64,
    weighted: f64,
    weight: f64,
    positions: RunningVariance,
}

impl Tuning {
    /// The next ε, from the current one and the ratio of its squared energy error to that asked for; `None` if it was not finite.
    fn step_size(&mut self, step_size: f64, ratio: Option<f64>) -> f64 {
        const SHRINK: f64 = 0.8;
        /// Steps that an estimate is averaged over.
        const MEMORY: f64 = 150.0;
        /// Spread of ln ε over which a step's estimate is trusted.
        const SPREAD: f64 = 1.5;
        const FLOOR: f64 = 1e-8;

        let Some(ratio) = ratio.filter(|ratio| ratio.is_finite()) else {
            self.largest_step_size = SHRINK * step_size;
            return self.largest_step_size;
        };
        let ratio = ratio + FLOOR;
        let distance = ratio.ln() / (6.0 * SPREAD);
        let trust = (-0.5 * distance * distance).exp().max(f64::MIN_POSITIVE);
        let keep = (MEMORY - 1.0) / (MEMORY + 1.0);
        self.weighted = keep * self.weighted + trust * ratio / step_size.powi(6);
        self.weight = keep * self.weight + trust;
        (self.weighted / self.weight)
            .powf(-1.0 / 6.0)
            .min(self.largest_step_size)
    }
}

/// B: turns the unit vector `velocity` against `gradient`; `scale` is ε times whatever multiplies the gradient. Returns the
/// change of kinetic energy (N − 1) ln(cosh δ + e·u sinh δ).
///
/// In powers of ζ = exp(−δ), of which none overflows.
fn kick(velocity: &mut [f64], gradient: &[f64], scale: f64) -> f64 {
    let norm = dot(gradient, gradient).sqrt();
    if norm == 0.0 {
        return 0.0;
    }
    let degrees = velocity.len() as f64 - 1.0;
    let delta = scale * norm / degrees;
    let along = (-dot(velocity, gradient) / norm).clamp(-1.0, 1.0);
    let lost = -(-delta).exp_m1();
    let (on_force, on_velocity) = (
        lost * (2.0 - lost + along * lost),
        2.0 * (1.0 - lost),
    );
    for (u, slope) in velocity.iter_mut().zip(gradient) {
        *u = on_velocity * *u - on_force * slope / norm;
    }
    normalize(velocity);
    let growth = (0.5 * (1.0 - along) * (-2.0 * delta).exp_m1()).ln_1p();
    // It cannot fall faster than exp(−δ), which rounding hides where the force is straight ahead.
    degrees * (delta + growth.max(-2.0 * delta))
}

/// O over half a step: mixes the unit vector `velocity` with `noise`; `share` is ε/L.
fn refresh(velocity: &mut [f64], noise: &[f64], share: f64) {
    // Beyond that nothing is left of the old direction.
    const ALL: f64 = 100.0;

    let amplitude = (share.min(ALL).exp_m1() / velocity.len() as f64).sqrt();
    for (u, noise) in velocity.iter_mut().zip(noise) {
        *u += amplitude * noise;
    }
    normalize(velocity);
}

/// Scales `vector` to length 1; a vector of length 0 stays.
fn normalize(vector: &mut [f64]) {
    let norm = dot(vector, vector).sqrt();
    if norm > 0.0 {
        for entry in vector {
            *entry /= norm;
        }
    }
}

#[cfg(test)]
mod tests {
    use tati_core::analytic::{Harmonic, HostPotential, Rosenbrock};

    use super::*;
    use crate::metropolis::testing::{deviation, mean_and_error, sample, tensor};

    /// Against the formula with hyperbolic functions, and as time runs back.
    #[test]
    fn kicks_are_those_of_the_paper() {
        let gradient = [0.3, -1.2, 0.4];
        let norm = dot(&gradient, &gradient).sqrt();
        let mut start = vec![0.6, 0.1, -0.5];
        normalize(&mut start);
        for scale in [1e-9, 1e-3, 0.5, 4.0, 30.0] {
            let mut velocity = start.clone();
            let energy = kick(&mut velocity, &gradient, scale);
            let delta = scale * norm / 2.0;
            let along = -dot(&start, &gradient) / norm;
            let growth = delta.cosh() + along * delta.sinh();
            let turn = delta.sinh() + along * (delta.cosh() - 1.0);
            for (k, u) in velocity.iter().enumerate() {
                let exact = (start[k] - gradient[k] / norm * turn) / growth;
                assert!((u - exact).abs() < 1e-14, "{scale}");
            }
            assert!((energy - 2.0 * growth.ln()).abs() < 1e-13 + 1e-14 * energy.abs());

            let mut back: Vec<f64> = velocity.iter().map(|u| -u).collect();
            let returned = kick(&mut back, &gradient, scale);
            // What lies across the force has shrunk by exp(−δ), and rounding with it.
            let lost = 1e-15 * delta.exp();
            let misses = back.iter().zip(&start).map(|(a, b)| (a + b).abs());
            assert!(misses.fold(0.0, f64::max) < 1e-14 + lost, "{scale}");
            assert!((energy + returned).abs() < 1e-13 + 10.0 * lost);
        }
    }

    /// Steep forces turn the velocity into their direction, and nothing overflows; also straight against the velocity.
    #[test]
    fn kicks_of_any_size_are_finite() {
        for scale in [1e3, 1e6, 1e300] {
            let mut velocity = vec![0.6, 0.8];
            let energy = kick(&mut velocity, &[0.0, 2.0], scale);
            assert!((velocity[1] + 1.0).abs() < 1e-14 && energy.is_finite());
            let mut against = vec![0.0, 1.0];
            let energy = kick(&mut against, &[0.0, 2.0], scale);
            assert!(against == [0.0, 1.0] && energy == -2.0 * scale, "{energy}");
        }
        let mut velocity = vec![0.6, 0.8];
        assert_eq!(kick(&mut velocity, &[0.0, 0.0], 1.0), 0.0);
        assert_eq!(velocity, [0.6, 0.8]);
        refresh(&mut velocity, &[1.0, 1.0], 1e9);
        assert!((velocity[0] - 0.5f64.sqrt()).abs() < 1e-9);
    }

    /// B A B has an energy error of third order in ε, on a bent potential.
    #[test]
    fn energy_errors_are_of_third_order() {
        let valley = Rosenbrock::new(5.0).unwrap();
        let error = |epsilon: f64| {
            let (mut position, mut velocity) = ([0.4, -0.3], vec![0.6, 0.8]);
            let mut gradient = [0.0; 2];
            let before = valley.value_and_gradient(&position, &mut gradient);
            let mut error = kick(&mut velocity, &gradient, 0.5 * epsilon);
            for (theta, u) in position.iter_mut().zip(&velocity) {
                *theta += epsilon * u;
            }
            error += valley.value_and_gradient(&position, &mut gradient) - before;
            error + kick(&mut velocity, &gradient, 0.5 * epsilon)
        };
        let ratio = error(2e-3) / error(1e-3);
        assert!((ratio - 8.0).abs() < 0.1, "{ratio}");
    }

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
            sample(&mut kernel, &well, 500, count, |theta, _| squares.push(dot(theta, theta)));
            squares
        };
        let exact = 5.0;
        let small = squares(0.3, 60_000);
        assert!(deviation(&small, exact).abs() < 4.0, "{:?}", mean_and_error(&small));
        let [(large, large_error), (half, half_error)] =
            [2.4, 1.2].map(|step_size| mean_and_error(&squares(step_size, 200_000)));
        let (large, half) = (large - exact, half - exact);
        assert!(half.abs() > 4.0 * half_error && large.abs() > 4.0 * large_error);
        assert!((large / half - 4.0).abs() < 1.2, "{large} {half}");
    }
}
