//! The density of a Hessian's eigenvalues.

use std::ops::Range;

use burn::config::Config;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::lanczos::{Asymmetry, Lanczos};
use super::trace::mean_and_error;
use super::{Hessian, vectors};

/// Grid points in the width of a Gaussian: as many make sums over the grid integrals to all digits.
const POINTS_PER_WIDTH: f64 = 4.0;
/// Widths that the grid goes beyond the outermost eigenvalues; 2e-9 of a Gaussian lies farther out.
const MARGIN: f64 = 6.0;
/// Points that a curve may have.
const MAX_POINTS: f64 = 1e6;

/// The spectral density of a [`Hessian`] by stochastic Lanczos quadrature: for each of m probes z of random signs, Lanczos' method
/// from z/√N gives the eigenvalues θ of a small tridiagonal matrix, and with the first components τ of its eigenvectors
///
/// ```text
/// φ(λ) = Σₖ δ(λ − λₖ) ≈ (1/m) Σ_z N Σᵢ τᵢ² δ(λ − θᵢ)
/// ```
///
/// whose moments up to order 2·`num_steps` − 1 are those of zᵀHᵏz exactly. Products by differences have noise, of which the recurrence's
/// own coefficients β would make a bulk of eigenvalues up to twice the noise's length. So the small matrix VᵀHV (V: the Lanczos vectors) is
/// taken from its elements on and above the diagonal, where the noise has no bias; without noise both are the same.
/// [`SpectralDensity::broadened`] makes a curve of it.
///
/// Source: B. Ghorbani, S. Krishnan, Y. Xiao, "An investigation into neural net optimization via Hessian eigenvalue density", ICML
/// 2019, section 2.
#[derive(Config, Debug, PartialEq)]
pub struct SpectralDensityConfig {
    /// m, the number of probes; at least 2, which the error needs.
    pub num_probes: usize,
    /// Lanczos steps a probe.
    #[config(default = 64)]
    pub num_steps: usize,
    /// Seed of the probes.
    #[config(default = 0)]
    pub seed: u64,
}

/// What one probe sees of a spectrum: weights τ² at the eigenvalues θ, summing to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralMeasure {
    /// θ, descending.
    pub eigenvalues: Vec<f64>,
    /// τ².
    pub weights: Vec<f64>,
}

/// The spectral density of a Hessian as the probes see it.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralDensity {
    /// N, the number of eigenvalues.
    pub num_parameters: usize,
    /// What each probe sees.
    pub probes: Vec<SpectralMeasure>,
    /// The first moment of the density, which is Hutchinson's estimate of the trace.
    pub trace: f64,
    /// Its standard error over the probes.
    pub trace_standard_error: f64,
    /// By how much the finite differences may displace an eigenvalue: the root mean square of what should be zero in VᵀHV, V being the
    /// Lanczos vectors. Finer structure is noise.
    pub difference_error: f64,
    /// ε, the step of the differences.
    pub difference_step: f64,
    /// Gradients evaluated.
    pub num_gradients: usize,
    /// The seed of the probes.
    pub seed: u64,
}

/// A density broadened by Gaussians, on an even grid.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityCurve {
    /// λ, ascending.
    pub eigenvalues: Vec<f64>,
    /// φ(λ): eigenvalues in a unit of λ.
    pub density: Vec<f64>,
    /// The standard error of φ over the probes.
    pub standard_error: Vec<f64>,
    /// σ, the standard deviation of the Gaussians.
    pub width: f64,
}

impl SpectralDensityConfig {
    /// Estimates the density.
    ///
    /// # Errors
    /// [`InvalidSetting`](TatiError::InvalidSetting) if there are fewer than 2 probes or no steps;
    /// [`NotFinite`](TatiError::NotFinite) if a gradient is not finite.
    pub fn run(&self, hessian: &mut Hessian) -> Result<SpectralDensity> {
        require_count("num_probes", self.num_probes, 2..)?;
        require_count("num_steps", self.num_steps, 1..)?;
        let num_parameters = hessian.num_parameters();
        hessian.plan(self.num_probes * self.num_steps.min(num_parameters));
        let first_gradient = hessian.num_gradients;
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut asymmetry = Asymmetry::default();
        let mut probes = Vec::with_capacity(self.num_probes);
        for _ in 0..self.num_probes {
            let probe = vectors::rademacher(num_parameters, &mut random);
            let measure = self.measure(hessian, probe, &mut asymmetry)?;
            probes.push(measure);
        }
        let traces: Vec<f64> = probes
            .iter()
            .map(|probe| num_parameters as f64 * vectors::dot(&probe.weights, &probe.eigenvalues))
            .collect();
        let (trace, trace_standard_error) = mean_and_error(&traces);
        Ok(SpectralDensity {
            num_parameters,
            probes,
            trace,
            trace_standard_error,
            difference_error: asymmetry.root_mean_square(),
            difference_step: hessian.difference_step,
            num_gradients: hessian.num_gradients - first_gradient,
            seed: self.seed,
        })
    }

    fn measure(
        &self,
        hessian: &mut Hessian,
        probe: Vec<f64>,
        asymmetry: &mut Asymmetry,
    ) -> Result<SpectralMeasure> {
        let Some(mut lanczos) = Lanczos::start(probe, &[]) else {
            unreachable!("a probe has length 1");
        };
        while lanczos.len() < self.num_steps && !lanczos.is_invariant() {
            lanczos.step(hessian)?;
        }
        asymmetry.add(lanczos.asymmetry());
        let ritz = lanczos.unbiased_ritz()?;
        Ok(SpectralMeasure {
            weights: ritz
                .coefficients
                .row(0)
                .iter()
                .map(|tau| tau * tau)
                .collect(),
            eigenvalues: ritz.values,
        })
    }
}

impl SpectralDensity {
    /// The lowest and the highest eigenvalue that a probe sees.
    pub fn range(&self) -> (f64, f64) {
        let eigenvalues = self.probes.iter().flat_map(|probe| &probe.eigenvalues);
        eigenvalues.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        })
    }

    /// The number of eigenvalues in `range`, and its standard error over the probes.
    pub fn number_in(&self, range: Range<f64>) -> (f64, f64) {
        let of_probes: Vec<f64> = self
            .probes
            .iter()
            .map(|probe| self.num_parameters as f64 * probe.weight_in(&range))
            .collect();
        mean_and_error(&of_probes)
    }

    /// The density with each δ replaced by a Gaussian of standard deviation `width`, on a grid that holds all of it: its sum times the
    /// spacing of the grid is N.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if the width is not a finite number above 0, or is so small that the curve would have more than a
    /// million points.
    pub fn broadened(&self, width: f64) -> Result<DensityCurve> {
        require_positive("width", width)?;
        let (low, high) = self.range();
        let spacing = width / POINTS_PER_WIDTH;
        let intervals = ((high - low + 2.0 * MARGIN * width) / spacing).ceil();
        if intervals > MAX_POINTS {
            return Err(TatiError::InvalidSetting {
                name: "width",
                value: width.to_string(),
                expected: format!(
                    "at least {:.1e} for eigenvalues from {low:.3e} to {high:.3e}",
                    (high - low) * POINTS_PER_WIDTH
                        / (MAX_POINTS - 2.0 * MARGIN * POINTS_PER_WIDTH)
                ),
            });
        }
        let first = low - MARGIN * width;
        let eigenvalues: Vec<f64> = (0..=intervals as usize)
            .map(|index| first + index as f64 * spacing)
            .collect();
        let height = self.num_parameters as f64 / (width * std::f64::consts::TAU.sqrt());
        let (density, standard_error) = eigenvalues
            .iter()
            .map(|&at| {
                let of_probes: Vec<f64> = self
                    .probes
                    .iter()
                    .map(|probe| height * probe.sum_of_gaussians(at, width))
                    .collect();
                mean_and_error(&of_probes)
            })
            .unzip();
        Ok(DensityCurve {
            eigenvalues,
            density,
            standard_error,
            width,
        })
    }
}

impl SpectralMeasure {
    fn weight_in(&self, range: &Range<f64>) -> f64 {
        let pairs = self.eigenvalues.iter().zip(&self.weights);
        pairs
            .filter(|(eigenvalue, _)| range.contains(eigenvalue))
            .map(|(_, weight)| weight)
            .sum()
    }

    fn sum_of_gaussians(&self, at: f64, width: f64) -> f64 {
        let pairs = self.eigenvalues.iter().zip(&self.weights);
        pairs
            .map(|(eigenvalue, weight)| {
                let distance = (at - eigenvalue) / width;
                weight * (-0.5 * distance * distance).exp()
            })
            .sum()
    }
}

impl DensityCurve {
    /// ∫φ dλ, which is N.
    pub fn integral(&self) -> f64 {
        self.moment(|_| 1.0)
    }

    /// ∫λφ dλ, which is the estimate of the trace.
    pub fn first_moment(&self) -> f64 {
        self.moment(|eigenvalue| eigenvalue)
    }

    fn moment(&self, f: impl Fn(f64) -> f64) -> f64 {
        let spacing = self.width / POINTS_PER_WIDTH;
        let points = self.eigenvalues.iter().zip(&self.density);
        points.map(|(&at, density)| spacing * f(at) * density).sum()
    }
}
