//! Mean and covariance matrix of draws that come one block after the other.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par};
use nalgebra::DMatrix;
use tati_core::{Result, TatiError, require_count};

/// Mean and covariance of vectors θ of length N, gathered block by block and mergeable:
///
/// ```text
/// m = (1/n) Σ θᵢ        C = 1/(n − 1) Σ (θᵢ − m)(θᵢ − m)ᵀ
/// ```
///
/// Everything is counted from the first draw seen, so that a mean of a million standard deviations costs no digits. Memory: N² numbers.
///
/// Source: T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37 (1983) 242, eq. 2.1.
///
/// # Example
/// ```
/// use tati_landscape::CovarianceAccumulator;
///
/// let mut first = CovarianceAccumulator::new(2)?;
/// first.add(&[1.0, 0.0, 3.0, 1.0])?; // two draws of two parameters
/// let mut second = CovarianceAccumulator::new(2)?;
/// second.add(&[2.0, 5.0])?;
/// first.merge(&second)?;
/// assert_eq!(first.mean(), [2.0, 2.0]);
/// let covariance = first.covariance()?;
/// assert!((covariance[(0, 0)] - 1.0).abs() < 1e-12);
/// assert!((covariance[(0, 1)] - 0.5).abs() < 1e-12);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CovarianceAccumulator {
    num_parameters: usize,
    num_draws: usize,
    /// The first draw, which all others are counted from.
    origin: Vec<f64>,
    /// Mean of θ − origin.
    mean: Vec<f64>,
    /// Σ (θ − m)(θ − m)ᵀ, the lower triangle.
    scatter: Mat<f64>,
}

impl CovarianceAccumulator {
    /// One that has seen no draws of `num_parameters` parameters.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are no parameters.
    pub fn new(num_parameters: usize) -> Result<Self> {
        require_count("number of parameters", num_parameters, 1..)?;
        Ok(Self {
            num_parameters,
            num_draws: 0,
            origin: Vec::new(),
            mean: vec![0.0; num_parameters],
            scatter: Mat::zeros(num_parameters, num_parameters),
        })
    }

    /// Adds draws, row-major, of shape \[draws, N\].
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the length of `theta` is no multiple of N.
    pub fn add(&mut self, theta: &[f64]) -> Result<()> {
        let width = self.num_parameters;
        if !theta.len().is_multiple_of(width) {
            return Err(TatiError::ShapeMismatch {
                what: "length of draws".to_string(),
                expected: format!("a multiple of {width}, the number of parameters"),
                found: theta.len().to_string(),
            });
        }
        if theta.is_empty() {
            return Ok(());
        }
        if self.num_draws == 0 {
            self.origin = theta[..width].to_vec();
        }
        let num_draws = theta.len() / width;
        let mut deviations: Vec<f64> = Vec::with_capacity(theta.len());
        for row in theta.chunks_exact(width) {
            deviations.extend(row.iter().zip(&self.origin).map(|(x, origin)| x - origin));
        }
        let mut mean = vec![0.0; width];
        for row in deviations.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= num_draws as f64);
        for row in deviations.chunks_exact_mut(width) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        let rows = MatRef::from_row_major_slice(&deviations, num_draws, width);
        add_product(&mut self.scatter, rows.transpose(), rows);
        self.shift_mean(&mean, num_draws);
        Ok(())
    }

    /// Adds everything that `other` has seen.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if it is of another number of parameters.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if other.num_parameters != self.num_parameters {
            return Err(TatiError::ShapeMismatch {
                what: "number of parameters of a covariance to merge".to_string(),
                expected: self.num_parameters.to_string(),
                found: other.num_parameters.to_string(),
            });
        }
        if other.num_draws == 0 {
            return Ok(());
        }
        if self.num_draws == 0 {
            *self = other.clone();
            return Ok(());
        }
        self.scatter += &other.scatter;
        let origins = other.origin.iter().zip(&self.origin);
        let mean: Vec<f64> = origins
            .zip(&other.mean)
            .map(|((theirs, ours), mean)| (theirs - ours) + mean)
            .collect();
        self.shift_mean(&mean, other.num_draws);
        Ok(())
    }

    /// The number of draws seen, n.
    pub fn num_draws(&self) -> usize {
        self.num_draws
    }

    /// The mean m, of length N; zeros if no draws were seen.
    pub fn mean(&self) -> Vec<f64> {
        if self.origin.is_empty() {
            return self.mean.clone();
        }
        let means = self.origin.iter().zip(&self.mean);
        means.map(|(origin, mean)| origin + mean).collect()
    }

    /// The covariance C, of shape \[N, N\].
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if fewer than two draws were seen.
    pub fn covariance(&self) -> Result<DMatrix<f64>> {
        require_count("number of draws", self.num_draws, 2..)?;
        let scale = 1.0 / (self.num_draws - 1) as f64;
        let size = self.num_parameters;
        Ok(DMatrix::from_fn(size, size, |row, column| {
            scale * self.scatter[(row.max(column), row.min(column))]
        }))
    }

    /// The lower triangle of Σ (θ − m)(θ − m)ᵀ.
    pub(super) fn scatter(&self) -> MatRef<'_, f64> {
        self.scatter.as_ref()
    }

    /// Takes in the mean, counted from the origin, of `num_draws` draws whose scatter about it was added.
    fn shift_mean(&mut self, mean: &[f64], num_draws: usize) {
        let [ours, theirs] = [self.num_draws as f64, num_draws as f64];
        let total = ours + theirs;
        let difference: Vec<f64> = mean.iter().zip(&self.mean).map(|(b, a)| b - a).collect();
        if self.num_draws > 0 {
            let scale = (ours * theirs / total).sqrt();
            let scaled: Vec<f64> = difference.iter().map(|x| scale * x).collect();
            let column = MatRef::from_column_major_slice(&scaled, scaled.len(), 1);
            add_product(&mut self.scatter, column, column.transpose());
        }
        for (mean, difference) in self.mean.iter_mut().zip(&difference) {
            *mean += difference * theirs / total;
        }
        self.num_draws += num_draws;
    }
}

/// The lower triangle of `sum ← sum + left · right`.
fn add_product(sum: &mut Mat<f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>) {
    triangular::matmul(
        sum.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        left,
        BlockStructure::Rectangular,
        right,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}
