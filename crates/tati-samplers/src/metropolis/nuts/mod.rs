//! NUTS: legs of Hamilton's equations that turn back by themselves.

mod tree;
mod tuning;

use burn::config::Config;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use tati_core::{Potential, Result, require_count, require_positive};

use self::tree::Tree;
use self::tuning::{Lesson, Tuning};
use super::evaluate::Target;
use super::saved::{KernelState, kernel_state};
use super::step_size::require_acceptance;
use super::walker::{Stream, Walker, dot};
use crate::kernel::{Kernel, KernelConfig, Transition, kernel_config};
use crate::optim::NoiseSource;
use crate::prior::Prior;

/// Configuration of [`Nuts`].
///
/// # Example
/// ```
/// use burn::tensor::Tensor;
/// use tati_core::{analytic::Harmonic, open_device};
/// use tati_samplers::{Kernel, NoiseSource, NutsConfig};
///
/// let well = Harmonic::new(vec![1.0, 1.0e4])?;
/// let start = Tensor::<1>::from_data([1.0, 0.0], &open_device("flex")?);
/// let mut nuts = NutsConfig::new(1.0)
///     .with_tuning_steps(100)
///     .init(&start, &NoiseSource::new(42, 0))?;
/// for _ in 0..nuts.tuning_steps() {
///     nuts.transition(&well)?;
/// }
/// // The standard deviations are 1 and 0.01.
/// assert!((nuts.scales()[0] / nuts.scales()[1] - 100.0).abs() < 1.0);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug)]
pub struct NutsConfig {
    /// β of the sampled density exp(−βU).
    pub inverse_temperature: f64,
    /// ε, the step size with which tuning begins, in units of each parameter's scale; searched for if `None`.
    pub step_size: Option<f64>,
    /// The acceptance statistic that ε is tuned to.
    #[config(default = 0.8)]
    pub target_acceptance: f64,
    /// The number of transitions that tune ε and the scales, after which they stay. With 0 the scales are 1.
    #[config(default = 1000)]
    pub tuning_steps: u64,
    /// The most doublings of a tree, which then takes 2^`max_depth` − 1 gradients.
    #[config(default = 10)]
    pub max_depth: usize,
    /// A prior added to U.
    pub prior: Option<Prior>,
    /// The seed of a [`Chain`](crate::Chain)'s noise; from entropy if `None`.
    pub seed: Option<u64>,
    /// Number of the walker, for independent chains with one seed.
    #[config(default = 0)]
    pub walker: u32,
}

impl NutsConfig {
    /// A kernel at `start`, of shape \[N\], whose device and precision the potential's tensors will have, with the seed
    /// and walker of `noise`.
    ///
    /// # Errors
    /// [`tati_core::TatiError::InvalidSetting`] for a setting outside its domain.
    pub fn init(&self, start: &Tensor<1>, noise: &NoiseSource) -> Result<Nuts> {
        let (target, position) = Target::new(start, self.inverse_temperature, self.prior.as_ref())?;
        if let Some(step_size) = self.step_size {
            require_positive("step_size", step_size)?;
        }
        require_acceptance(self.target_acceptance)?;
        require_count("max_depth", self.max_depth, 1..=30)?;
        let num_parameters = position.len();
        let step_size = self.step_size.unwrap_or(1.0);
        Ok(Nuts {
            target,
            tuning_steps: self.tuning_steps,
            max_depth: self.max_depth as u64,
            state: State {
                walker: Walker::new(position, noise),
                step_size,
                search: self.step_size.is_none(),
                scales: vec![1.0; num_parameters],
                tuning: (self.tuning_steps > 0).then(|| {
                    Tuning::new(
                        self.tuning_steps,
                        self.target_acceptance,
                        step_size,
                        num_parameters,
                    )
                }),
            },
        })
    }
}

/// The No-U-Turn sampler: Hamiltonian Monte Carlo whose legs double, forwards or backwards in time, until their ends begin to
/// come nearer to each other; the next θ is a multinomial draw from the leg.
///
/// exp(−βU) is sampled exactly once tuning is over; one gradient a leapfrog step. The mass matrix is diagonal, 1/σᵢ² in units
/// of β, with scales σᵢ found in tuning. The reported acceptance is the mean over the tree of min(1, exp(−βΔH)), the kinetic
/// energy is pᵀM⁻¹p/2 with mean N/(2β), and the step size ε is in units of the scales. Trees are those of the crate `nuts-rs`,
/// whose generator is seeded with Philox words of (seed; walker; transition).
///
/// Source: M. D. Hoffman, A. Gelman, "The No-U-Turn sampler", J. Mach. Learn. Res. 15 (2014) 1593; multinomial draws:
/// M. Betancourt, arXiv 1701.02434 (2017), appendix A.
#[derive(Clone, Debug)]
pub struct Nuts {
    target: Target,
    tuning_steps: u64,
    max_depth: u64,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    walker: Walker,
    step_size: f64,
    /// Whether to search for a step size before the next transition.
    search: bool,
    scales: Vec<f64>,
    tuning: Option<Tuning>,
}

impl Nuts {
    /// ε of the next transition, in units of the scales.
    pub fn step_size(&self) -> f64 {
        self.state.step_size
    }

    /// The scales σ of the parameters, of length N: 1 until tuning has found others.
    pub fn scales(&self) -> &[f64] {
        &self.state.scales
    }

    /// The ε, and the gradients it took, at which one leapfrog step from here crosses an acceptance of 1/2.
    ///
    /// Source: Hoffman, Gelman 2014, algorithm 4.
    fn search(&self, potential: &dyn Potential) -> Result<(f64, usize)> {
        const MOST_DOUBLINGS: usize = 100;

        let walker = &self.state.walker;
        let momentum = walker.normals(Stream::Momenta, walker.next_transition());
        let mut step_size = self.state.step_size;
        let mut accepts = self.step_is_accepted(potential, &momentum, step_size)?;
        let grow = accepts;
        let mut gradients = 1;
        while accepts == grow && gradients <= MOST_DOUBLINGS {
            step_size *= if grow { 2.0 } else { 0.5 };
            accepts = self.step_is_accepted(potential, &momentum, step_size)?;
            gradients += 1;
        }
        Ok((step_size, gradients))
    }

    /// Whether one leapfrog step would be accepted with a probability above 1/2.
    fn step_is_accepted(
        &self,
        potential: &dyn Potential,
        momentum: &[f64],
        step_size: f64,
    ) -> Result<bool> {
        let State { walker, scales, .. } = &self.state;
        let beta = self.target.inverse_temperature();
        let half_kick = |momentum: &[f64], gradient: &[f64]| -> Vec<f64> {
            let slopes = gradient.iter().zip(scales);
            let kicks = slopes.map(|(slope, scale)| 0.5 * step_size * beta * scale * slope);
            momentum
                .iter()
                .zip(kicks)
                .map(|(p, kick)| p - kick)
                .collect()
        };
        let halfway = half_kick(momentum, &walker.point.gradient);
        let drifts = scales.iter().zip(&halfway);
        let position = walker
            .point
            .position
            .iter()
            .zip(drifts)
            .map(|(theta, (scale, p))| theta + step_size * scale * p)
            .collect();
        let end = self.target.evaluate(potential, position)?;
        let last = half_kick(&halfway, &end.gradient);
        let energy_error = beta * (end.energy - walker.point.energy)
            + 0.5 * (dot(&last, &last) - dot(momentum, momentum));
        Ok(end.is_finite() && energy_error < std::f64::consts::LN_2)
    }
}

impl Kernel for Nuts {
    fn transition(&mut self, potential: &dyn Potential) -> Result<Transition> {
        let mut num_gradients = self.state.walker.begin(&self.target, potential)?;
        let found = if self.state.search {
            Some(self.search(potential)?)
        } else {
            None
        };
        let (used, searched) = found.unwrap_or((self.state.step_size, 0));
        num_gradients += searched;
        let State {
            walker,
            step_size,
            search,
            scales,
            tuning,
        } = &mut self.state;
        let tree = Tree {
            scales,
            step_size: used,
            max_depth: self.max_depth,
        };
        let words: [f64; 4] = walker.uniforms(Stream::Trees, walker.next_transition());
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_bits().to_le_bytes());
        }
        let draw = tree.draw(&self.target, potential, &walker.point, seed)?;
        num_gradients += draw.num_gradients;
        walker.point = draw.point;
        walker.finish();
        (*search, *step_size) = (false, used);
        if let Some(active) = tuning {
            if found.is_some() {
                active.averaging.restart(used);
            }
            let beta = self.target.inverse_temperature();
            match active.learn(draw.acceptance, &walker.point, beta, scales) {
                Lesson::StepSize(next) => *step_size = next,
                Lesson::Search => *search = true,
                Lesson::Finished(kept) => {
                    *step_size = kept;
                    *tuning = None;
                }
            }
        }
        Ok(Transition {
            kinetic_energy: Some(draw.kinetic_energy),
            acceptance: Some(draw.acceptance),
            diverged: draw.diverged,
            ..walker.report(used, num_gradients)
        })
    }

    kernel_state!();
}

kernel_config!(NutsConfig, "nuts");

impl KernelState for State {
    const KERNEL: &'static str = NutsConfig::NAME;

    fn walker(&self) -> &Walker {
        &self.walker
    }

    fn fits(&self, num_parameters: usize) -> bool {
        self.scales.len() == num_parameters
            && self
                .tuning
                .as_ref()
                .is_none_or(|tuning| tuning.fits(num_parameters))
    }
}
