//! Leading eigenpairs of a sparse matrix by the block Davidson method.

use faer::{Mat, MatRef};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::leading::TOLERANCE;
use super::operator::{BLOCK, Operator};
use super::preconditioner::{IncompleteCholesky, VECTORS};
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{extend, product, random_block};

/// Steps after which the search ends.
const MAX_STEPS: usize = 2000;

/// Vectors kept, in blocks of those improved at a time; and what is left of them at a restart.
const MAX_BLOCKS: usize = 4;
const KEPT_BLOCKS: usize = 2;

/// The leading eigenpairs beside the known ones, as many as there are vectors to `start` from.
///
/// Rayleigh-Ritz on a space that grows by M r for the residuals r of the leading pairs, M ≈ (1 − A)⁻¹: this brings out eigenvalues that
/// crowd at 1 as the inverse itself would (R. Morgan, D. Scott, SIAM J. Sci. Stat. Comput. 7 (1986) 817; restarts: A. Stathopoulos,
/// Y. Saad, K. Wu, SIAM J. Sci. Comput. 19 (1998) 227).
pub(super) fn leading(operator: &Operator, start: Mat<f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let count = start.ncols();
    let block = block_size(count);
    let preconditioner = IncompleteCholesky::new(&operator.matrix);
    let mut random = StdRng::seed_from_u64(0);
    let mut more = random_block(operator.size(), block - count, &mut random);
    precondition(&preconditioner, &mut more);
    let mut directions = Mat::zeros(operator.size(), block);
    directions.as_mut().subcols_mut(0, count).copy_from(&start);
    drop(start);
    directions
        .as_mut()
        .subcols_mut(count, block - count)
        .copy_from(&more);
    let mut space = Space::new(operator, MAX_BLOCKS * block);
    // Residuals of the leading pairs when last computed, and which pairs are to be improved.
    let mut residuals = vec![f64::INFINITY; block];
    let mut open: Vec<usize> = (0..block).collect();
    for _ in 0..MAX_STEPS {
        space.grow(operator, directions, &mut random);
        let (values, rotation) = space.eigen()?;
        let mut added = space.residuals(&values, &rotation, &open, &mut residuals);
        let is_converged = |residuals: &[f64]| residuals[..count].iter().all(|x| *x <= TOLERANCE);
        if is_converged(&residuals) && open.len() < block {
            // Others may have come between since their residuals were computed.
            open = (0..block).collect();
            added = space.residuals(&values, &rotation, &open, &mut residuals);
        }
        if is_converged(&residuals) {
            let vectors = product(space.vectors(), rotation.as_ref().subcols(0, count));
            return Ok((values[..count].to_vec(), vectors));
        }
        let columns: Vec<usize> = (0..open.len())
            .filter(|&at| residuals[open[at]].total_cmp(&TOLERANCE).is_gt())
            .collect();
        directions = Mat::from_fn(added.nrows(), columns.len(), |row, at| {
            added[(row, columns[at])]
        });
        open = columns.iter().map(|&at| open[at]).collect();
        // Rounding has left something of the known eigenvectors, which the inverse would enlarge most.
        let along = product(operator.known.transpose(), directions.as_ref());
        directions -= product(operator.known.as_ref(), along.as_ref());
        precondition(&preconditioner, &mut directions);
        if space.dimension + open.len() > MAX_BLOCKS * block {
            space.restart(operator, &rotation, KEPT_BLOCKS * block, &mut random);
        }
    }
    Err(TatiError::NotConverged {
        what: "the residual of a diffusion map's eigenpairs".to_string(),
        reached: residuals[..count].iter().copied().fold(0.0, f64::max),
        tolerance: TOLERANCE,
        remedy: "take a larger bandwidth, more neighbours or fewer eigenpairs",
    })
}

/// Vectors that a search for `count` eigenpairs keeps: the space and its images, what is left at a restart with its images, and the new
/// directions as residuals, preconditioned and in the order of rows.
pub(super) fn vectors_kept(count: usize) -> usize {
    (2 * MAX_BLOCKS + 2 * KEPT_BLOCKS + 3) * block_size(count)
}

/// Vectors that a search for `count` eigenpairs improves at a time.
fn block_size(count: usize) -> usize {
    (count + BLOCK / 2).next_multiple_of(BLOCK)
}

fn precondition(preconditioner: &IncompleteCholesky, vectors: &mut Mat<f64>) {
    let blocks = vectors.as_mut().par_col_chunks_mut(VECTORS);
    blocks.for_each(|vectors| preconditioner.solve(vectors));
}

/// Orthonormal vectors V beside the known eigenvectors, with AV and VᵀAV.
struct Space {
    known: usize,
    dimension: usize,
    /// The known eigenvectors and V.
    basis: Mat<f64>,
    images: Mat<f64>,
    projected: Mat<f64>,
}

impl Space {
    fn new(operator: &Operator, most: usize) -> Self {
        let known = operator.known.ncols();
        let mut basis = Mat::zeros(operator.size(), known + most);
        basis
            .as_mut()
            .subcols_mut(0, known)
            .copy_from(&operator.known);
        Self {
            known,
            dimension: 0,
            basis,
            images: Mat::zeros(operator.size(), most),
            projected: Mat::zeros(most, most),
        }
    }

    fn vectors(&self) -> MatRef<'_, f64> {
        self.basis.as_ref().subcols(self.known, self.dimension)
    }

    fn grow(&mut self, operator: &Operator, directions: Mat<f64>, random: &mut StdRng) {
        let count = directions.ncols();
        let rest = self.basis.as_ref().subcols(0, self.known + self.dimension);
        let mut directions = directions;
        // Twice, as often little is left the first time.
        for _ in 0..2 {
            let along = product(rest.transpose(), directions.as_ref());
            directions -= product(rest, along.as_ref());
            normalise(&mut directions);
        }
        extend(
            &mut self.basis,
            self.known + self.dimension,
            directions,
            random,
        );
        let first = self.dimension;
        self.dimension += count;
        let image = operator.apply(self.vectors().subcols(first, count));
        let coefficients = product(self.vectors().transpose(), image.as_ref());
        self.images
            .as_mut()
            .subcols_mut(first, count)
            .copy_from(&image);
        for column in 0..count {
            for row in 0..self.dimension {
                self.projected[(row, first + column)] = coefficients[(row, column)];
                self.projected[(first + column, row)] = coefficients[(row, column)];
            }
        }
    }

    /// The eigenpairs of VᵀAV.
    fn eigen(&self) -> Result<(Vec<f64>, Mat<f64>)> {
        let size = self.dimension;
        symmetric_eigen(self.projected.as_ref().submatrix(0, 0, size, size))
    }

    /// The residuals of some of the pairs, normalised, and their norms.
    fn residuals(
        &self,
        values: &[f64],
        rotation: &Mat<f64>,
        pairs: &[usize],
        norms: &mut [f64],
    ) -> Mat<f64> {
        let wanted = Mat::from_fn(self.dimension, pairs.len(), |row, at| {
            rotation[(row, pairs[at])]
        });
        let images = self.images.as_ref().subcols(0, self.dimension);
        let mut residuals = product(images, wanted.as_ref());
        let scaled = Mat::from_fn(self.dimension, pairs.len(), |row, at| {
            wanted[(row, at)] * values[pairs[at]]
        });
        residuals -= product(self.vectors(), scaled.as_ref());
        for (norm, &pair) in normalise(&mut residuals).into_iter().zip(pairs) {
            norms[pair] = norm;
        }
        residuals
    }

    /// Begins anew with the `kept` leading vectors.
    fn restart(
        &mut self,
        operator: &Operator,
        rotation: &Mat<f64>,
        kept: usize,
        random: &mut StdRng,
    ) {
        let vectors = product(self.vectors(), rotation.as_ref().subcols(0, kept));
        self.dimension = 0;
        self.grow(operator, vectors, random);
    }
}

/// Divides the columns by their norms, and returns these.
fn normalise(vectors: &mut Mat<f64>) -> Vec<f64> {
    let normalised = vectors.col_iter_mut().map(|mut column| {
        let norm = column.norm_l2();
        column *= faer::Scale(1.0 / norm.max(f64::MIN_POSITIVE));
        norm
    });
    normalised.collect()
}
