//! Principal components of draws: the leading eigenpairs of their covariance, by the cheapest exact way.

use burn::config::Config;
use faer::Mat;
use nalgebra::DMatrix;
use tati_core::{Result, TatiError, require_count, require_positive};

use super::centred::CentredDraws;
use super::{dense, gram, streamed};
use crate::Draws;
use crate::eigenpairs::{to_nalgebra, with_fixed_signs};
use crate::krylov::KrylovSettings;

/// How the eigenpairs of a covariance are found.
#[derive(Config, Copy, Debug, PartialEq)]
pub enum CovarianceMethod {
    /// The cheapest of the others for the number of draws and parameters.
    Cheapest,
    /// All eigenpairs of the N × N covariance matrix: for few parameters.
    Dense,
    /// All eigenpairs of the n × n matrix of products between draws: for few draws.
    Gram,
    /// Block Krylov iteration with passes over the draws, to a given residual: where both are many.
    Krylov,
}

/// Configuration of [`PrincipalComponents`].
///
/// # Example
/// ```
/// use tati_landscape::{Draws, PrincipalComponentsConfig};
///
/// // Four draws on a line through (1, 1).
/// let theta = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
/// let draws = Draws::from_f64(&theta, [1, 4, 2])?;
/// let components = PrincipalComponentsConfig::new(1).compute(&draws)?;
/// assert_eq!(components.mean, [1.5, 1.5]);
/// assert!((components.eigenvalues[0] - 10.0 / 3.0).abs() < 1e-12);
/// assert!((components.explained_variance_ratio()[0] - 1.0).abs() < 1e-12);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct PrincipalComponentsConfig {
    /// Components wanted, k, at most N and n − 1.
    pub num_components: usize,
    /// How they are found.
    #[config(default = "CovarianceMethod::Cheapest")]
    pub method: CovarianceMethod,
    /// The residual |Cv − λv| that [`CovarianceMethod::Krylov`] has to reach, in units of λ. The error of λ itself is about its square.
    #[config(default = 1e-6)]
    pub tolerance: f64,
    /// Passes over the draws after which [`CovarianceMethod::Krylov`] gives up.
    #[config(default = 200)]
    pub max_passes: usize,
    /// Seed of the vectors that [`CovarianceMethod::Krylov`] starts from.
    #[config(default = 0)]
    pub seed: u64,
}

/// The leading eigenpairs of the covariance C = 1/(n − 1) Σ (θᵢ − m)(θᵢ − m)ᵀ of n draws of N parameters, all chains taken together.
///
/// A chain that has not converged is a random walk, and its components are cosines of time, whatever the landscape: look at
/// [`RandomWalkCheck`](crate::RandomWalkCheck) before reading anything into them.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalComponents {
    /// The mean m of the draws, of length N.
    pub mean: Vec<f64>,
    /// The leading eigenvalues of C, descending.
    pub eigenvalues: Vec<f64>,
    /// Their eigenvectors, of unit length, in columns: of shape \[N, k\]. The component of largest magnitude of each is positive.
    pub eigenvectors: DMatrix<f64>,
    /// What the eigenvalues may be off by: each |Cv − λv|, within which of λ there is an eigenvalue of C.
    pub error_bounds: Vec<f64>,
    /// The sum of all N eigenvalues.
    pub total_variance: f64,
    /// The number of draws of all chains together, n.
    pub num_draws: usize,
    /// How the eigenpairs were found.
    pub method: CovarianceMethod,
}

impl PrincipalComponentsConfig {
    /// Computes the components of `draws`, which are read block by block and never held in memory together.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there are fewer than two draws, or more components asked for than there can be;
    /// [`TatiError::NotFinite`] if a draw is not finite; [`TatiError::NotConverged`] if [`CovarianceMethod::Krylov`] does not reach its
    /// tolerance; what reading the draws reports.
    pub fn compute(&self, draws: &Draws<'_>) -> Result<PrincipalComponents> {
        let [n, size] = [
            draws.num_chains() * draws.num_draws(),
            draws.num_parameters(),
        ];
        require_count("number of draws", n, 2..)?;
        require_count("num_components", self.num_components, 1..=size.min(n - 1))?;
        require_positive("tolerance", self.tolerance)?;
        require_count("max_passes", self.max_passes, 1..)?;
        let method = match self.method {
            CovarianceMethod::Cheapest => cheapest(n, size, self.num_components),
            method => method,
        };
        let centred = CentredDraws::new(*draws)?;
        let (values, vectors, error_bounds) = self.eigenpairs(method, &centred)?;
        Ok(PrincipalComponents {
            eigenvalues: values,
            eigenvectors: with_fixed_signs(to_nalgebra(vectors.as_ref())),
            error_bounds,
            total_variance: centred.total_variance,
            num_draws: n,
            method,
            mean: centred.mean,
        })
    }

    fn eigenpairs(
        &self,
        method: CovarianceMethod,
        draws: &CentredDraws<'_>,
    ) -> Result<(Vec<f64>, Mat<f64>, Vec<f64>)> {
        let count = self.num_components;
        let (mut values, vectors) = match method {
            CovarianceMethod::Gram => gram::eigenpairs(draws, count)?,
            CovarianceMethod::Krylov => {
                let block_size = count.div_ceil(2).clamp(4, 32);
                let settings = KrylovSettings {
                    num_eigenpairs: count,
                    block_size,
                    max_dimension: 6 * count + 6 * block_size,
                    tolerance: self.tolerance,
                    max_applications: self.max_passes,
                    seed: self.seed,
                };
                let found = streamed::eigenpairs(draws, &settings)?;
                self.require_converged(&found.values, &found.residuals)?;
                return Ok((found.values, found.vectors, found.residuals));
            }
            CovarianceMethod::Dense | CovarianceMethod::Cheapest => dense::eigenpairs(draws)?,
        };
        // Of a backward stable method.
        let size = draws.num_parameters().min(draws.num_draws());
        let bound = f64::EPSILON * size as f64 * values[0];
        values.truncate(count);
        let vectors = vectors.as_ref().subcols(0, count).to_owned();
        Ok((values, vectors, vec![bound; count]))
    }

    fn require_converged(&self, values: &[f64], residuals: &[f64]) -> Result<()> {
        // Where the draws have no variance, rounding alone is left.
        let rounding = values[0].abs() * 1e-13;
        let mut relative = residuals.iter().zip(values).map(|(residual, value)| {
            if *residual <= rounding {
                0.0
            } else {
                residual / value.abs()
            }
        });
        match relative.find(|&residual| residual > self.tolerance) {
            None => Ok(()),
            Some(reached) => Err(TatiError::NotConverged {
                what: format!(
                    "the relative residual of an eigenpair, after {} passes over the draws,",
                    self.max_passes
                ),
                reached,
                tolerance: self.tolerance,
                remedy: "raise `max_passes` or `tolerance`, or ask for fewer components",
            }),
        }
    }
}

impl PrincipalComponents {
    /// The share of the total variance along each component: λₖ / tr C.
    pub fn explained_variance_ratio(&self) -> Vec<f64> {
        self.eigenvalues
            .iter()
            .map(|value| value / self.total_variance)
            .collect()
    }

    /// The coordinates (θ − m)·vₖ of the draws of `chain`, of shape \[draws, k\].
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] if the draws have another number of parameters, [`TatiError::InvalidSetting`] if there is no such
    /// chain; what reading the draws reports.
    pub fn project(&self, draws: &Draws<'_>, chain: usize) -> Result<DMatrix<f64>> {
        let size = self.mean.len();
        if draws.num_parameters() != size {
            return Err(TatiError::ShapeMismatch {
                what: "number of parameters of draws to project".to_string(),
                expected: size.to_string(),
                found: draws.num_parameters().to_string(),
            });
        }
        let mut coordinates = DMatrix::zeros(draws.num_draws(), self.eigenvalues.len());
        draws.for_each_block(chain, |block| {
            let rows = block.theta.len() / size;
            let centred = DMatrix::from_fn(rows, size, |row, at| {
                block.theta[row * size + at] - self.mean[at]
            });
            let mut part = coordinates.rows_mut(block.first_draw, rows);
            part.gemm(1.0, &centred, &self.eigenvectors, 0.0);
            Ok(())
        })?;
        Ok(coordinates)
    }
}

/// The method that takes the fewest operations.
fn cheapest(n: usize, size: usize, count: usize) -> CovarianceMethod {
    let [n, size, count] = [n, size, count].map(|x| x as f64);
    // A dense eigenproblem takes about ten cubes of its size, on one thread.
    let costs = [
        (
            CovarianceMethod::Dense,
            n * size * size + 20.0 * size.powi(3),
        ),
        (CovarianceMethod::Gram, n * n * size + 20.0 * n.powi(3)),
        (
            CovarianceMethod::Krylov,
            4.0 * n * size * (8.0 * count + 100.0),
        ),
    ];
    let best = costs.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(CovarianceMethod::Krylov, |(method, _)| *method)
}
