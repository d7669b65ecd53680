//! Leading eigenpairs of a sparse matrix by the block Davidson method.

use faer::{Mat, MatRef};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::improvement::Improvement;
use super::operator::{BLOCK, Interval, Operator};
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::{extend, product, random_block, subtract_product};

/// The residual |Aψ − μψ| to be reached, |ψ| = 1 and the largest μ = 1.
const TOLERANCE: f64 = 1e-11;

/// Steps after which the search ends.
const MAX_STEPS: usize = 2000;

/// Vectors kept, in blocks of those improved at a time; and what is left of them at a restart.
const MAX_BLOCKS: usize = 4;
const KEPT_BLOCKS: usize = 2;

/// The leading eigenpairs beside the known ones. Most eigenvalues are in the interval.
///
/// Rayleigh-Ritz on a space that grows by what improves the leading pairs most, their [`Improvement`] from their residuals (R. Morgan,
/// D. Scott, SIAM J. Sci. Stat. Comput. 7 (1986) 817; restarts: A. Stathopoulos, Y. Saad, K. Wu, SIAM J. Sci. Comput. 19 (1998) 227).
pub(super) fn leading(
    operator: &Operator,
    count: usize,
    interval: Interval,
) -> Result<(Vec<f64>, Mat<f64>)> {
    let block = block_size(count);
    let mut random = StdRng::seed_from_u64(0);
    let mut improvement = Improvement::new(interval);
    let mut start = random_block(operator.size(), block, &mut random);
    without_known(operator, &mut start);
    let mut directions = improvement.of(operator, &vec![interval.middle(); block], start);
    let mut space = Space::new(operator, MAX_BLOCKS * block);
    // Residuals of the leading pairs when last computed, and which pairs are to be improved.
    let mut residuals = vec![f64::INFINITY; block];
    let mut open: Vec<usize> = (0..block).collect();
    for rounds in 1..=MAX_STEPS {
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
        // Rounding has left something of the known eigenvectors.
        without_known(operator, &mut directions);
        improvement.choose(operator, &values, block, rounds);
        let open_values: Vec<f64> = open.iter().map(|&pair| values[pair]).collect();
        directions = improvement.of(operator, &open_values, directions);
        if space.dimension + open.len() > MAX_BLOCKS * block {
            space.restart(&values, &rotation, KEPT_BLOCKS * block);
        }
    }
    Err(TatiError::NotConverged {
        what: "the residual of a diffusion map's eigenpairs".to_string(),
        reached: residuals[..count].iter().copied().fold(0.0, f64::max),
        tolerance: TOLERANCE,
        remedy: "take a larger bandwidth, more neighbours or fewer eigenpairs",
    })
}

/// Takes away what is along the known eigenvectors, which would be enlarged most.
fn without_known(operator: &Operator, vectors: &mut Mat<f64>) {
    let along = product(operator.known.transpose(), vectors.as_ref());
    subtract_product(vectors, operator.known.as_ref(), along.as_ref());
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
        let mut basis = Mat::with_capacity(operator.size(), known + most);
        basis.resize_with(operator.size(), known, |row, column| {
            operator.known[(row, column)]
        });
        Self {
            known,
            dimension: 0,
            basis,
            images: Mat::with_capacity(operator.size(), most),
            projected: Mat::zeros(most, most),
        }
    }

    /// Makes room for `count` vectors more, where there is none yet.
    fn make_room(&mut self, count: usize) {
        let [size, dimension] = [self.basis.nrows(), self.dimension + count];
        for (vectors, columns) in [
            (&mut self.basis, self.known + dimension),
            (&mut self.images, dimension),
        ] {
            if vectors.ncols() < columns {
                vectors.resize_with(size, columns, |_, _| 0.0);
            }
        }
    }

    fn vectors(&self) -> MatRef<'_, f64> {
        self.basis.as_ref().subcols(self.known, self.dimension)
    }

    fn grow(&mut self, operator: &Operator, directions: Mat<f64>, random: &mut StdRng) {
        let count = directions.ncols();
        let rest = self.basis.as_ref().subcols(0, self.known + self.dimension);
        let along = product(rest.transpose(), directions.as_ref());
        let mut directions = directions;
        subtract_product(&mut directions, rest, along.as_ref());
        normalise(&mut directions);
        self.make_room(count);
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
        subtract_product(&mut residuals, self.vectors(), scaled.as_ref());
        for (norm, &pair) in normalise(&mut residuals).into_iter().zip(pairs) {
            norms[pair] = norm;
        }
        residuals
    }

    /// Keeps the `kept` leading pairs alone.
    fn restart(&mut self, values: &[f64], rotation: &Mat<f64>, kept: usize) {
        let rotation = rotation.as_ref().subcols(0, kept);
        let vectors = product(self.vectors(), rotation);
        let images = product(self.images.as_ref().subcols(0, self.dimension), rotation);
        let basis = self.basis.as_mut();
        basis.subcols_mut(self.known, kept).copy_from(&vectors);
        self.images.as_mut().subcols_mut(0, kept).copy_from(&images);
        self.projected.fill(0.0);
        for (at, value) in values[..kept].iter().enumerate() {
            self.projected[(at, at)] = *value;
        }
        self.dimension = kept;
    }
}

/// Divides the columns by their norms, and returns these.
fn normalise(vectors: &mut Mat<f64>) -> Vec<f64> {
    let columns = vectors.as_mut().par_col_iter_mut();
    let normalised = columns.map(|mut column| {
        let norm = column.norm_l2();
        column *= faer::Scale(1.0 / norm.max(f64::MIN_POSITIVE));
        norm
    });
    normalised.collect()
}
