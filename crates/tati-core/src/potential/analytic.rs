//! Analytic potentials with their exact answers, for tests and examples.

use burn::tensor::{DType, Tensor, TensorData};

use super::Potential;
use crate::{Result, TatiError};

/// A potential given by a plain function of numbers; every such function is a [`Potential`].
pub trait HostPotential {
    /// N, the number of parameters.
    fn dimension(&self) -> usize;

    /// U at `position`, and ∇U written into `gradient`, both of length N.
    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64;

    /// ΔU at `position`.
    fn laplacian_at(&self, position: &[f64]) -> f64;
}

impl<T: HostPotential> Potential for T {
    fn num_parameters(&self) -> usize {
        self.dimension()
    }

    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)> {
        let theta = to_host(position, self.dimension())?;
        let mut gradient = vec![0.0; theta.len()];
        let energy = self.value_and_gradient(&theta, &mut gradient);
        Ok((energy, from_host(gradient, position)))
    }

    fn laplacian(&self, position: &Tensor<1>) -> Result<Option<f64>> {
        Ok(Some(
            self.laplacian_at(&to_host(position, self.dimension())?),
        ))
    }
}

fn to_host(position: &Tensor<1>, dimension: usize) -> Result<Vec<f64>> {
    let theta: Vec<f64> = position.to_data().iter::<f64>().collect();
    if theta.len() != dimension {
        return Err(TatiError::ShapeMismatch {
            what: "length of the parameter vector".to_string(),
            expected: dimension.to_string(),
            found: theta.len().to_string(),
        });
    }
    Ok(theta)
}

fn from_host(values: Vec<f64>, like: &Tensor<1>) -> Tensor<1> {
    let dtype: DType = like.dtype();
    let shape = [values.len()];
    let data = TensorData::new(values, shape).convert_dtype(dtype);
    Tensor::from_data(data, (&like.device().inner(), dtype))
}

/// The harmonic well U(θ) = ½ Σᵢ κᵢ θᵢ².
///
/// Exactly: θᵢ ~ N(0, 1/(βκᵢ)), independent.
///
/// # Example
/// ```
/// use tati_core::{Potential, analytic::Harmonic, open_device};
/// use burn::tensor::Tensor;
///
/// let well = Harmonic::new(vec![1.0, 4.0])?;
/// let theta = Tensor::<1>::from_data([1.0, 1.0], &open_device("flex")?);
/// assert_eq!(well.energy(&theta)?, 2.5);
/// assert_eq!(well.variances(2.0), vec![0.5, 0.125]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Harmonic {
    curvatures: Vec<f64>,
}

impl Harmonic {
    /// A well with these curvatures κ.
    ///
    /// # Errors
    /// If there is none, or one is not a finite number above 0.
    pub fn new(curvatures: Vec<f64>) -> Result<Self> {
        if curvatures.is_empty() {
            return Err(TatiError::InvalidSetting {
                name: "curvatures",
                value: "empty".to_string(),
                expected: "at least one number".to_string(),
            });
        }
        for curvature in &curvatures {
            crate::require_positive("curvature", *curvature)?;
        }
        Ok(Self { curvatures })
    }

    /// ⟨θᵢ²⟩ = 1/(βκᵢ).
    pub fn variances(&self, inverse_temperature: f64) -> Vec<f64> {
        self.curvatures
            .iter()
            .map(|curvature| 1.0 / (inverse_temperature * curvature))
            .collect()
    }

    /// The free energy −ln(∫exp(−βU) dθ)/β.
    pub fn free_energy(&self, inverse_temperature: f64) -> f64 {
        let log_partition: f64 = self
            .variances(inverse_temperature)
            .iter()
            .map(|variance| 0.5 * (std::f64::consts::TAU * variance).ln())
            .sum();
        -log_partition / inverse_temperature
    }
}

impl HostPotential for Harmonic {
    fn dimension(&self) -> usize {
        self.curvatures.len()
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let mut energy = 0.0;
        for ((theta, curvature), gradient) in position.iter().zip(&self.curvatures).zip(gradient) {
            *gradient = curvature * theta;
            energy += 0.5 * curvature * theta * theta;
        }
        energy
    }

    fn laplacian_at(&self, _position: &[f64]) -> f64 {
        self.curvatures.iter().sum()
    }
}

/// The double well U(θ) = b (θ² − 1)² in one dimension: minima at ±1, a barrier of height b at 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleWell {
    barrier: f64,
}

impl DoubleWell {
    /// The positions of the two minima, where U = 0.
    pub const MINIMA: [f64; 2] = [-1.0, 1.0];

    /// A double well with this barrier height b.
    ///
    /// # Errors
    /// If the height is not a finite number above 0.
    pub fn new(barrier: f64) -> Result<Self> {
        crate::require_positive("barrier", barrier)?;
        Ok(Self { barrier })
    }

    /// b, the height of the barrier at θ = 0.
    pub fn barrier(&self) -> f64 {
        self.barrier
    }

    /// ⟨f(θ)⟩ under exp(−βU), by the trapezoidal rule, which converges faster than any power for such a density.
    pub fn average(&self, inverse_temperature: f64, f: impl Fn(f64) -> f64) -> f64 {
        const POINTS: i32 = 4000;
        // The density has fallen below 1e-30 there.
        let reach = (1.0 + (70.0 / (inverse_temperature * self.barrier)).sqrt()).sqrt();
        let (mut weighted, mut total) = (0.0, 0.0);
        for index in -POINTS..=POINTS {
            let theta = reach * f64::from(index) / f64::from(POINTS);
            let well = theta * theta - 1.0;
            let weight = (-inverse_temperature * self.barrier * well * well).exp();
            weighted += weight * f(theta);
            total += weight;
        }
        weighted / total
    }
}

impl HostPotential for DoubleWell {
    fn dimension(&self) -> usize {
        1
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let well = position[0] * position[0] - 1.0;
        gradient[0] = 4.0 * self.barrier * well * position[0];
        self.barrier * well * well
    }

    fn laplacian_at(&self, position: &[f64]) -> f64 {
        self.barrier * (12.0 * position[0] * position[0] - 4.0)
    }
}

/// The Müller-Brown surface: two dimensions, three minima, two saddles; the usual test of transition methods.
///
/// U(x, y) = Σₖ Aₖ exp(aₖ(x − xₖ)² + bₖ(x − xₖ)(y − yₖ) + cₖ(y − yₖ)²) with four terms.
///
/// Source: K. Müller, L. D. Brown, Theor. Chim. Acta 53 (1979) 75.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MuellerBrown;

/// Amplitude, a, b, c, x, y of a term of [`MuellerBrown`].
const MUELLER_BROWN_TERMS: [[f64; 6]; 4] = [
    [-200.0, -1.0, 0.0, -10.0, 1.0, 0.0],
    [-100.0, -1.0, 0.0, -10.0, 0.0, 0.5],
    [-170.0, -6.5, 11.0, -6.5, -0.5, 1.5],
    [15.0, 0.7, 0.6, 0.7, -1.0, 1.0],
];

impl MuellerBrown {
    /// The minima, deepest first.
    pub const MINIMA: [[f64; 2]; 3] = [
        [-0.558_223_635, 1.441_725_842],
        [0.623_499_405, 0.028_037_759],
        [-0.050_010_823, 0.466_694_105],
    ];
    /// U at the minima.
    pub const MINIMUM_ENERGIES: [f64; 3] = [-146.699_517_210, -108.166_724_117, -80.767_818_130];
    /// The saddle between the first and the third minimum, then that between the third and the second.
    pub const SADDLES: [[f64; 2]; 2] = [
        [-0.822_001_559, 0.624_312_803],
        [0.212_486_582, 0.292_988_325],
    ];
    /// U at the saddles.
    pub const SADDLE_ENERGIES: [f64; 2] = [-40.664_843_509, -72.248_940_112];
}

impl HostPotential for MuellerBrown {
    fn dimension(&self) -> usize {
        2
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut energy = 0.0;
        for [amplitude, a, b, c, x, y] in MUELLER_BROWN_TERMS {
            let (dx, dy) = (position[0] - x, position[1] - y);
            let term = amplitude * (a * dx * dx + b * dx * dy + c * dy * dy).exp();
            energy += term;
            gradient[0] += term * (2.0 * a * dx + b * dy);
            gradient[1] += term * (b * dx + 2.0 * c * dy);
        }
        energy
    }

    fn laplacian_at(&self, position: &[f64]) -> f64 {
        MUELLER_BROWN_TERMS
            .iter()
            .map(|[amplitude, a, b, c, x, y]| {
                let (dx, dy) = (position[0] - x, position[1] - y);
                let term = amplitude * (a * dx * dx + b * dx * dy + c * dy * dy).exp();
                let (u, v) = (2.0 * a * dx + b * dy, b * dx + 2.0 * c * dy);
                term * (u * u + v * v + 2.0 * (a + c))
            })
            .sum()
    }
}

/// The Rosenbrock valley U(x, y) = (1 − x)² + b (y − x²)²: one minimum at (1, 1) in a narrow bent valley.
///
/// Exactly: x ~ N(1, 1/(2β)) and y given x ~ N(x², 1/(2βb)).
///
/// Source: H. H. Rosenbrock, Comput. J. 3 (1960) 175.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rosenbrock {
    steepness: f64,
}

impl Rosenbrock {
    /// The minimum, where U = 0.
    pub const MINIMUM: [f64; 2] = [1.0, 1.0];

    /// A valley with this steepness b; Rosenbrock's own is 100.
    ///
    /// # Errors
    /// If the steepness is not a finite number above 0.
    pub fn new(steepness: f64) -> Result<Self> {
        crate::require_positive("steepness", steepness)?;
        Ok(Self { steepness })
    }

    /// ⟨(x, y)⟩ under exp(−βU): (1, 1 + 1/(2β)).
    pub fn mean(&self, inverse_temperature: f64) -> [f64; 2] {
        [1.0, 1.0 + 0.5 / inverse_temperature]
    }

    /// The covariance of (x, y) under exp(−βU). With v = 1/(2β): var x = v, cov = 2v, var y = v/b + 4v + 2v².
    pub fn covariance(&self, inverse_temperature: f64) -> [[f64; 2]; 2] {
        let v = 0.5 / inverse_temperature;
        [
            [v, 2.0 * v],
            [2.0 * v, v / self.steepness + 4.0 * v + 2.0 * v * v],
        ]
    }
}

impl HostPotential for Rosenbrock {
    fn dimension(&self) -> usize {
        2
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let (x, y) = (position[0], position[1]);
        let (along, across) = (1.0 - x, y - x * x);
        gradient[0] = -2.0 * along - 4.0 * self.steepness * x * across;
        gradient[1] = 2.0 * self.steepness * across;
        along * along + self.steepness * across * across
    }

    fn laplacian_at(&self, position: &[f64]) -> f64 {
        let (x, y) = (position[0], position[1]);
        2.0 + self.steepness * (12.0 * x * x - 4.0 * y) + 2.0 * self.steepness
    }
}
