//! The densities exp(−βU) in the plane, and their moments: in closed form or by quadrature.

use tati::TatiError;
use tati::analytic::{DoubleWell, HostPotential, MuellerBrown};

/// Points of the quadrature along each coordinate.
const POINTS: usize = 1000;

/// The angle of the Gaussians' long axis with that of x.
const ANGLE: f64 = std::f64::consts::FRAC_PI_6;

/// A density exp(−βU), and what is measured of it.
pub struct Target {
    pub key: &'static str,
    pub number: u32,
    pub title: String,
    pub inverse_temperature: f64,
    pub surface: Surface,
    /// Lower left and upper right corner of what a figure shows.
    pub view: [[f64; 2]; 2],
    /// The angle of a figure's axes with those of x and y.
    turned: f64,
    /// Where walkers begin, in turn.
    pub starts: &'static [[f64; 2]],
    pub quantities: &'static [Quantity],
    /// Of the density itself.
    pub moments: Moments,
}

/// What is averaged over draws (x, y).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Mean(usize),
    Covariance(usize, usize),
    /// The share of draws that are nearest to this one of the surface's minima.
    Population(usize),
}

/// Averages over a density.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    pub mean: [f64; 2],
    pub covariance: [[f64; 2]; 2],
    pub populations: [f64; 3],
}

pub enum Surface {
    Gaussian(Gaussian),
    MuellerBrown,
    TiltedWell(TiltedWell),
}

/// U = ½ θᵀAθ.
pub struct Gaussian {
    pub eigenvalues: [f64; 2],
    /// Of the first eigenvector with the axis of x.
    angle: f64,
    /// A.
    pub precision: [[f64; 2]; 2],
}

/// U = (x² − 1)² + tilt·x + ½ stiffness·y².
pub struct TiltedWell {
    well: DoubleWell,
    tilt: f64,
    stiffness: f64,
}

const MOMENTS: [Quantity; 5] = [
    Quantity::Mean(0),
    Quantity::Mean(1),
    Quantity::Covariance(0, 0),
    Quantity::Covariance(0, 1),
    Quantity::Covariance(1, 1),
];
const MOMENTS_AND_BASINS: [Quantity; 8] = [
    MOMENTS[0],
    MOMENTS[1],
    MOMENTS[2],
    MOMENTS[3],
    MOMENTS[4],
    Quantity::Population(0),
    Quantity::Population(1),
    Quantity::Population(2),
];

impl Target {
    /// A correlated Gaussian that suits every sampler.
    pub fn gaussian() -> Self {
        Self::of_gaussian("gaussian", 0, 10.0)
    }

    /// A strongly correlated one.
    pub fn narrow_gaussian() -> Self {
        let target = Self::of_gaussian("narrow_gaussian", 2, 1000.0);
        Self {
            view: [[-2.4, -0.08], [2.4, 0.08]],
            turned: ANGLE,
            ..target
        }
    }

    fn of_gaussian(key: &'static str, number: u32, condition_number: f64) -> Self {
        let gaussian = Gaussian::new([1.0, condition_number], ANGLE);
        let beta = 2.0;
        Self {
            key,
            number,
            title: format!(
                "Correlated Gaussian of condition number {condition_number}, β = {beta}"
            ),
            inverse_temperature: beta,
            moments: gaussian.moments(|eigenvalue| 1.0 / (beta * eigenvalue)),
            surface: Surface::Gaussian(gaussian),
            view: [[-2.4, -1.8], [2.4, 1.8]],
            turned: 0.0,
            starts: &[[0.6, 0.3], [-0.6, -0.3]],
            quantities: &MOMENTS,
        }
    }

    /// The Müller-Brown surface, so warm that walkers cross between its basins.
    pub fn mueller_brown() -> Self {
        let beta = 0.02;
        let surface = Surface::MuellerBrown;
        Self {
            key: "mueller_brown",
            number: 1,
            title: format!("Müller-Brown surface, β = {beta}"),
            inverse_temperature: beta,
            moments: surface.quadrature(beta, |_| 1.0),
            surface,
            view: [[-2.5, -1.0], [1.6, 3.0]],
            turned: 0.0,
            starts: &[[-0.4, 1.3], [0.4, 0.2], [-0.2, 0.6]],
            quantities: &MOMENTS_AND_BASINS,
        }
    }

    /// A double well along x whose left side is lower, with a spring across it.
    pub fn double_well() -> Result<Self, TatiError> {
        let beta = 2.5;
        let well = TiltedWell {
            well: DoubleWell::new(1.0)?,
            tilt: 0.2,
            stiffness: 4.0,
        };
        Ok(Self {
            key: "double_well",
            number: 3,
            title: format!("Double well, tilted, β = {beta}"),
            inverse_temperature: beta,
            moments: well.moments(beta),
            surface: Surface::TiltedWell(well),
            view: [[-2.4, -1.4], [2.0, 1.4]],
            turned: 0.0,
            starts: &[[-1.0, 0.0], [1.0, 0.0]],
            quantities: &MOMENTS_AND_BASINS[..7],
        })
    }
}

impl Target {
    pub fn title_of_figure(&self) -> String {
        if self.turned == 0.0 {
            self.title.clone()
        } else {
            format!("{}, along and across its axis", self.title)
        }
    }

    /// Where a figure shows a position.
    pub fn to_view(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (sine, cosine) = self.turned.sin_cos();
        [cosine * x + sine * y, cosine * y - sine * x]
    }

    /// U where a figure shows it.
    pub fn energy_at(&self, [along, across]: [f64; 2]) -> f64 {
        let (sine, cosine) = self.turned.sin_cos();
        let position = [
            cosine * along - sine * across,
            sine * along + cosine * across,
        ];
        self.surface.value_and_gradient(&position, &mut [0.0; 2])
    }
}

impl Quantity {
    pub fn key(self) -> String {
        let axis = |index: usize| ["x", "y"][index];
        match self {
            Self::Mean(i) => format!("mean_{}", axis(i)),
            Self::Covariance(i, j) if i == j => format!("variance_{}", axis(i)),
            Self::Covariance(i, j) => format!("covariance_{}{}", axis(i), axis(j)),
            Self::Population(basin) => format!("population_{}", basin + 1),
        }
    }

    /// As the head of a column.
    pub fn label(self) -> String {
        let axis = |index: usize| ["x", "y"][index];
        match self {
            Self::Mean(i) => format!("mean {}", axis(i)),
            Self::Covariance(i, j) if i == j => format!("var {}", axis(i)),
            Self::Covariance(i, j) => format!("cov {}{}", axis(i), axis(j)),
            Self::Population(basin) => format!("basin {}", basin + 1),
        }
    }
}

impl Moments {
    pub fn of(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::Mean(i) => self.mean[i],
            Quantity::Covariance(i, j) => self.covariance[i][j],
            Quantity::Population(basin) => self.populations[basin],
        }
    }

    pub fn set(&mut self, quantity: Quantity, value: f64) {
        match quantity {
            Quantity::Mean(i) => self.mean[i] = value,
            Quantity::Covariance(i, j) => {
                self.covariance[i][j] = value;
                self.covariance[j][i] = value;
            }
            Quantity::Population(basin) => self.populations[basin] = value,
        }
    }
}

impl Surface {
    /// The minimum that a position is nearest to, where there are several.
    pub fn basin(&self, position: [f64; 2]) -> usize {
        match self {
            Self::Gaussian(_) => 0,
            Self::TiltedWell(_) => usize::from(position[0] > 0.0),
            Self::MuellerBrown => {
                let squares = MuellerBrown::MINIMA
                    .map(|[x, y]| (position[0] - x).powi(2) + (position[1] - y).powi(2));
                let nearer = usize::from(squares[1] < squares[0]);
                if squares[2] < squares[nearer] {
                    2
                } else {
                    nearer
                }
            }
        }
    }

    /// Moments of the Müller-Brown surface's exp(−βU) times `weight`, which gets the position, by the trapezoidal rule on a grid
    /// beyond which the density is below 1e-12 of its maximum.
    pub fn quadrature(
        &self,
        inverse_temperature: f64,
        weight: impl Fn(&[f64; 2]) -> f64,
    ) -> Moments {
        const CORNERS: [[f64; 2]; 2] = [[-3.6, -2.4], [2.6, 4.0]];

        let lowest = MuellerBrown::MINIMUM_ENERGIES[0];
        let mut total = 0.0;
        let mut sums = Moments::default();
        let place = |axis: usize, index: usize| {
            let width = CORNERS[1][axis] - CORNERS[0][axis];
            CORNERS[0][axis] + width * index as f64 / POINTS as f64
        };
        for index in 0..=POINTS * (POINTS + 2) {
            let position = [
                place(0, index % (POINTS + 1)),
                place(1, index / (POINTS + 1)),
            ];
            let mut gradient = [0.0; 2];
            let energy = self.value_and_gradient(&position, &mut gradient);
            let density = (-inverse_temperature * (energy - lowest)).exp();
            if density < 1e-14 {
                continue;
            }
            let density = density * weight(&position);
            total += density;
            sums.populations[self.basin(position)] += density;
            for i in 0..2 {
                sums.mean[i] += density * position[i];
                for j in 0..2 {
                    sums.covariance[i][j] += density * position[i] * position[j];
                }
            }
        }
        let mean = sums.mean.map(|sum| sum / total);
        Moments {
            mean,
            covariance: std::array::from_fn(|i| {
                std::array::from_fn(|j| sums.covariance[i][j] / total - mean[i] * mean[j])
            }),
            populations: sums.populations.map(|sum| sum / total),
        }
    }
}

impl HostPotential for Surface {
    fn dimension(&self) -> usize {
        2
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            Self::Gaussian(gaussian) => gaussian.value_and_gradient(position, gradient),
            Self::MuellerBrown => MuellerBrown.value_and_gradient(position, gradient),
            Self::TiltedWell(well) => well.value_and_gradient(position, gradient),
        }
    }

    fn laplacian_at(&self, position: &[f64]) -> f64 {
        match self {
            Self::Gaussian(gaussian) => gaussian.eigenvalues.iter().sum(),
            Self::MuellerBrown => MuellerBrown.laplacian_at(position),
            Self::TiltedWell(well) => well.well.laplacian_at(&position[..1]) + well.stiffness,
        }
    }
}

impl Gaussian {
    fn new(eigenvalues: [f64; 2], angle: f64) -> Self {
        let mut gaussian = Self {
            eigenvalues,
            angle,
            precision: [[0.0; 2]; 2],
        };
        gaussian.precision = gaussian.matrix(|eigenvalue| eigenvalue);
        gaussian
    }

    /// A matrix with the eigenvectors of A, and with eigenvalues that are a function of A's.
    pub fn matrix(&self, of_eigenvalue: impl Fn(f64) -> f64) -> [[f64; 2]; 2] {
        let (sine, cosine) = self.angle.sin_cos();
        let [first, second] = self.eigenvalues.map(of_eigenvalue);
        let mixed = (first - second) * sine * cosine;
        [
            [first * cosine * cosine + second * sine * sine, mixed],
            [mixed, first * sine * sine + second * cosine * cosine],
        ]
    }

    /// The mean 0 and the covariance with these variances along the eigenvectors.
    pub fn moments(&self, variance: impl Fn(f64) -> f64) -> Moments {
        Moments {
            covariance: self.matrix(variance),
            ..Moments::default()
        }
    }

    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        for (slope, row) in gradient.iter_mut().zip(&self.precision) {
            *slope = row[0] * position[0] + row[1] * position[1];
        }
        0.5 * (gradient[0] * position[0] + gradient[1] * position[1])
    }
}

impl TiltedWell {
    fn value_and_gradient(&self, position: &[f64], gradient: &mut [f64]) -> f64 {
        let (x, y) = (position[0], position[1]);
        let along = self
            .well
            .value_and_gradient(&position[..1], &mut gradient[..1]);
        gradient[0] += self.tilt;
        gradient[1] = self.stiffness * y;
        along + self.tilt * x + 0.5 * self.stiffness * y * y
    }

    /// By quadrature of the symmetric well, each point weighted with exp(−β tilt·x).
    fn moments(&self, inverse_temperature: f64) -> Moments {
        let weighted = |f: &dyn Fn(f64) -> f64| {
            self.well.average(inverse_temperature, |x| {
                (-inverse_temperature * self.tilt * x).exp() * f(x)
            })
        };
        let total = weighted(&|_| 1.0);
        let average = |f: &dyn Fn(f64) -> f64| weighted(f) / total;
        let mean = average(&|x| x);
        // The middle of the grid belongs to both sides.
        let right = average(&|x| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                0.0
            } else {
                0.5
            }
        });
        let across = 1.0 / (inverse_temperature * self.stiffness);
        Moments {
            mean: [mean, 0.0],
            covariance: [[average(&|x| x * x) - mean * mean, 0.0], [0.0, across]],
            populations: [1.0 - right, right, 0.0],
        }
    }
}
