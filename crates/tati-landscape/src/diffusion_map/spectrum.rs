//! The leading eigenpairs of a random walk between points, by its symmetric conjugate.

use faer::{Mat, MatRef};
use nalgebra::DMatrix;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::bandwidth::Scales;
use super::kernel::Walk;
use super::rows::{ROWS_PER_TASK, Rows};
use crate::eigenpairs::{symmetric_eigen, with_fixed_signs};
use crate::krylov::{KrylovSettings, leading_eigenpairs};

/// The residual |Aψ − μψ| to be reached, |ψ| = 1 and the largest μ = 1.
const TOLERANCE: f64 = 1e-12;

/// Applications of the matrix to a block of vectors after which the search ends.
const MAX_APPLICATIONS: usize = 3000;

/// Points up to which all eigenpairs are computed.
const MAX_DENSE: usize = 200;

/// Vectors that share a pass over the matrix.
const LANES: usize = 8;

/// Eigenvalues of the generator, descending, and its eigenvectors in columns.
pub(super) struct Spectrum {
    pub(super) eigenvalues: Vec<f64>,
    pub(super) coordinates: DMatrix<f64>,
}

/// The symmetric matrix A = 1 + s ρ⁻¹(S − 1)ρ⁻¹, which has the eigenvalue 1 + sελ for every eigenvalue λ of the generator
/// L = (P − 1)/(ερ²), and its known eigenvectors to the eigenvalue 1.
struct Operator<'a> {
    pattern: &'a Rows,
    values: Vec<f64>,
    /// One for each part of the graph, in columns.
    kernel: Mat<f64>,
}

impl Spectrum {
    /// The `count` leading eigenpairs. `parts` are the parts of the graph, at most as many as eigenpairs.
    pub(super) fn new(walk: &Walk, scales: &Scales, parts: &[usize], count: usize) -> Result<Self> {
        let size = parts.len();
        // s, such that no |1 − A| is larger than that of S.
        let least = (0..size)
            .map(|at| scales.of(at))
            .fold(f64::INFINITY, f64::min);
        let step = least * least;
        let mut values = walk.symmetric();
        if scales.point_scales.is_some() {
            let pattern = &walk.log_kernel;
            let scaled = pattern.with_values(values).values_of(|row, column, value| {
                let [own, other] = [row, column].map(|at| least / scales.of(at));
                let diagonal = f64::from(u8::from(row == column));
                diagonal + own * other * (value - diagonal)
            });
            values = scaled;
        }
        // √π, π the stationary density of L.
        let mut log_stationary: Vec<f64> = (0..size)
            .map(|at| walk.log_weights[at] + walk.log_sums[at] + 2.0 * scales.of(at).ln())
            .collect();
        let largest = log_stationary
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = log_stationary.iter().map(|log| (log - largest).exp()).sum();
        log_stationary
            .iter_mut()
            .for_each(|log| *log -= largest + sum.ln());
        let roots: Vec<f64> = log_stationary.iter().map(|log| (0.5 * log).exp()).collect();
        let kernel = kernel_vectors(&roots, parts);
        let known = kernel.ncols();
        let operator = Operator {
            pattern: &walk.log_kernel,
            values,
            kernel,
        };
        let (found, vectors) = operator.leading(count - known)?;
        let mut eigenvalues = vec![0.0; known];
        eigenvalues.extend(
            found
                .iter()
                .map(|value| (value - 1.0) / (step * scales.bandwidth)),
        );
        let mut coordinates = DMatrix::from_fn(size, count, |row, column| {
            let vector = if column < known {
                operator.kernel[(row, column)]
            } else {
                vectors[(row, column - known)]
            };
            vector / roots[row]
        });
        coordinates.column_mut(0).fill(1.0);
        Ok(Self {
            eigenvalues,
            coordinates: with_fixed_signs(coordinates),
        })
    }
}

/// Vectors that a search for `count` eigenpairs keeps.
pub(super) fn basis_vectors(count: usize) -> usize {
    4 * (count + block_size(count))
}

fn block_size(count: usize) -> usize {
    count.next_multiple_of(LANES).min(2 * LANES)
}

/// Orthonormal vectors √π f with f constant on each part of the graph, the first with f = 1 everywhere.
fn kernel_vectors(roots: &[f64], parts: &[usize]) -> Mat<f64> {
    let count = parts.iter().max().map_or(0, |last| last + 1);
    let mut masses = vec![0.0; count];
    for (root, &part) in roots.iter().zip(parts) {
        masses[part] += root * root;
    }
    // f tells part c from all parts after it: orthogonal to the constant, and to each other.
    let mut after = vec![0.0; count + 1];
    for part in (0..count).rev() {
        after[part] = after[part + 1] + masses[part];
    }
    Mat::from_fn(roots.len(), count, |row, column| {
        let part = parts[row];
        let Some(own) = column.checked_sub(1) else {
            return roots[row] / after[0].sqrt();
        };
        let [mass, rest] = [masses[own], after[own + 1]];
        let value = match part.cmp(&own) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => (rest / (mass * (mass + rest))).sqrt(),
            std::cmp::Ordering::Greater => -(mass / (rest * (mass + rest))).sqrt(),
        };
        roots[row] * value
    })
}

impl Operator<'_> {
    /// The `count` leading eigenpairs beside the known ones.
    fn leading(&self, count: usize) -> Result<(Vec<f64>, Mat<f64>)> {
        let size = self.pattern.len();
        if count == 0 {
            return Ok((Vec::new(), Mat::zeros(size, 0)));
        }
        if size <= MAX_DENSE || 4 * count > size {
            let identity = Mat::identity(size, size);
            let (values, vectors) = symmetric_eigen(self.apply(identity.as_ref()).as_ref())?;
            return Ok((
                values[..count].to_vec(),
                vectors.as_ref().subcols(0, count).to_owned(),
            ));
        }
        let block_size = block_size(count);
        let settings = KrylovSettings {
            num_eigenpairs: count,
            block_size,
            max_dimension: basis_vectors(count),
            tolerance: TOLERANCE,
            max_applications: MAX_APPLICATIONS,
            seed: 0,
        };
        let pairs = leading_eigenpairs(size, &settings, |vectors| Ok(self.apply(vectors)))?;
        let worst = pairs.residuals.iter().copied().fold(0.0, f64::max);
        if worst > 10.0 * TOLERANCE {
            return Err(TatiError::NotConverged {
                what: "the residual of a diffusion map's eigenpairs".to_string(),
                reached: worst,
                tolerance: TOLERANCE,
                remedy: "take a larger bandwidth, more neighbours or fewer eigenpairs",
            });
        }
        Ok((pairs.values, pairs.vectors))
    }

    /// A v, with the eigenvalue of the known eigenvectors moved from 1 to −2, below all others.
    fn apply(&self, vectors: MatRef<'_, f64>) -> Mat<f64> {
        let (size, count) = (vectors.nrows(), vectors.ncols());
        let mut image = Mat::zeros(size, count);
        let tasks = image
            .as_mut()
            .par_col_chunks_mut(LANES)
            .zip(vectors.par_col_chunks(LANES));
        tasks.for_each(|(mut image, vectors)| {
            let width = vectors.ncols();
            let mut rows = vec![[0.0; LANES]; size];
            for column in 0..width {
                for (row, &value) in rows.iter_mut().zip(vectors.col(column).iter()) {
                    row[column] = value;
                }
            }
            let images: Vec<[f64; LANES]> = (0..size)
                .into_par_iter()
                .with_min_len(ROWS_PER_TASK)
                .map(|at| {
                    let mut sums = [0.0; LANES];
                    for (column, value) in self.pattern.row_of(&self.values, at).entries() {
                        for lane in 0..LANES {
                            sums[lane] += value * rows[column][lane];
                        }
                    }
                    sums
                })
                .collect();
            for column in 0..width {
                for (target, row) in image.as_mut().col_mut(column).iter_mut().zip(&images) {
                    *target = row[column];
                }
            }
        });
        let along = crate::krylov::product(self.kernel.transpose(), vectors);
        image -= crate::krylov::product(self.kernel.as_ref(), along.as_ref()) * faer::Scale(3.0);
        image
    }
}
