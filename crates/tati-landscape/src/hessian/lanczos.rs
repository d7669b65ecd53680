//! Lanczos' method with full reorthogonalisation, in the complement of eigenvectors already found.

use nalgebra::{DMatrix, SymmetricEigen};
use tati_core::{Result, TatiError};

use super::{Hessian, vectors};

/// Rounds of QR iteration for a small tridiagonal matrix, far more than it ever takes.
const MAX_ROUNDS: usize = 10_000;

/// An orthonormal basis V of a Krylov space of H with the tridiagonal T = VᵀHV:
///
/// ```text
/// β_(j+1) v_(j+1) = H v_j − α_j v_j − β_j v_(j−1)
/// ```
///
/// each vector made orthogonal to all before it and to the locked ones.
pub(super) struct Lanczos<'a> {
    locked: &'a [Vec<f64>],
    basis: Vec<Vec<f64>>,
    /// The basis vector to come; `None` once the space is invariant.
    next: Option<Vec<f64>>,
    diagonal: Vec<f64>,
    /// v_i·Hv_j for i ≤ j, column by column.
    upper: Vec<Vec<f64>>,
    /// β_j below the diagonal, the last of them that of `next`.
    off_diagonal: Vec<f64>,
    asymmetry: Asymmetry,
}

/// Sum of squares and number of the elements of VᵀHV that are zero for a symmetric H without noise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asymmetry {
    squares: f64,
    count: usize,
}

/// Eigenvalues of T, descending, with the residuals |Hy − θy| of the vectors y = V·coefficients.
pub(super) struct Ritz {
    pub(super) values: Vec<f64>,
    pub(super) residuals: Vec<f64>,
    /// Column i belongs to value i.
    pub(super) coefficients: DMatrix<f64>,
}

impl<'a> Lanczos<'a> {
    /// Begins with `direction`; `None` if nothing of it is left in the complement of the locked vectors.
    pub(super) fn start(mut direction: Vec<f64>, locked: &'a [Vec<f64>]) -> Option<Self> {
        if locked.len() >= direction.len() {
            return None;
        }
        for _ in 0..2 {
            project_out(&mut direction, locked);
        }
        let length = vectors::norm(&direction);
        if length == 0.0 {
            return None;
        }
        vectors::scale(&mut direction, 1.0 / length);
        Some(Self {
            locked,
            basis: Vec::new(),
            next: Some(direction),
            diagonal: Vec::new(),
            upper: Vec::new(),
            off_diagonal: Vec::new(),
            asymmetry: Asymmetry::default(),
        })
    }

    /// One product; nothing once the space is invariant.
    pub(super) fn step(&mut self, hessian: &mut Hessian) -> Result<()> {
        let Some(vector) = self.next.take() else {
            return Ok(());
        };
        let mut product = hessian.product_at(&vector, hessian.difference_step)?;
        self.basis.push(vector);
        let before = vectors::norm(&product);
        project_out(&mut product, self.locked);
        let coefficients = project_out(&mut product, &self.basis);
        self.note(&coefficients);
        self.diagonal.push(coefficients[self.basis.len() - 1]);
        self.upper.push(coefficients);
        let mut length = vectors::norm(&product);
        // Twice is enough (Daniel, Gragg, Kaufman, Stewart 1976), and once where little has cancelled.
        if length < 0.7 * before {
            project_out(&mut product, self.locked);
            project_out(&mut product, &self.basis);
            length = vectors::norm(&product);
        }
        let full = self.basis.len() + self.locked.len() >= hessian.num_parameters();
        let nothing = self.scale() * f64::EPSILON * (hessian.num_parameters() as f64).sqrt();
        if full || length <= nothing {
            self.off_diagonal.push(0.0);
            return Ok(());
        }
        self.off_diagonal.push(length);
        vectors::scale(&mut product, 1.0 / length);
        self.next = Some(product);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.basis.len()
    }

    /// Whether the space is invariant, so that its Ritz values are eigenvalues.
    pub(super) fn is_invariant(&self) -> bool {
        self.next.is_none()
    }

    /// The largest element of T.
    pub(super) fn scale(&self) -> f64 {
        let elements = self.diagonal.iter().chain(&self.off_diagonal);
        elements.fold(0.0, |largest, element| largest.max(element.abs()))
    }

    /// N.
    pub(super) fn num_parameters(&self) -> usize {
        self.basis
            .first()
            .or(self.next.as_ref())
            .map_or(0, Vec::len)
    }

    /// The Christoffel function 1/Σ pᵢ(x)², pᵢ being the orthonormal polynomials of T: the most that the squared component of the start
    /// along an eigenvector of eigenvalue x can be.
    pub(super) fn most_weight(&self, x: f64) -> f64 {
        let (mut before, mut last, mut sum) = (0.0, 1.0, 1.0);
        let mut below = 0.0;
        for (&diagonal, &off_diagonal) in self.diagonal.iter().zip(&self.off_diagonal) {
            if off_diagonal == 0.0 {
                break;
            }
            let next = ((x - diagonal) * last - below * before) / off_diagonal;
            (before, last, below) = (last, next, off_diagonal);
            sum += last * last;
        }
        1.0 / sum
    }

    pub(super) fn asymmetry(&self) -> Asymmetry {
        self.asymmetry
    }

    /// The eigenpairs of T.
    pub(super) fn ritz(&self) -> Result<Ritz> {
        self.decompose(|row, column| match row.abs_diff(column) {
            0 => self.diagonal[row],
            1 => self.off_diagonal[row.min(column)],
            _ => 0.0,
        })
    }

    /// The eigenpairs of VᵀHV from its elements on and above the diagonal.
    ///
    /// v_(j+1) is chosen where the noise of Hv_j points, so that β_(j+1) has all of it, and T eigenvalues up to twice the noise's length
    /// that are none of H. The element v_j·Hv_(j+1), the same for a symmetric H, was measured with both vectors given, and has no such
    /// bias.
    pub(super) fn unbiased_ritz(&self) -> Result<Ritz> {
        self.decompose(|row, column| self.upper[row.max(column)][row.min(column)])
    }

    fn decompose(&self, element: impl Fn(usize, usize) -> f64) -> Result<Ritz> {
        let size = self.len();
        let projection = DMatrix::from_fn(size, size, element);
        let Some(eigen) = SymmetricEigen::try_new(projection, f64::EPSILON, MAX_ROUNDS) else {
            return Err(TatiError::NotFinite {
                what: format!("the projection of a Hessian on {size} vectors"),
                value: self.scale(),
                remedy: "its eigenvalues were not found; take a larger difference step, or parameters in double precision",
            });
        };
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let last = self.off_diagonal.last().copied().unwrap_or(0.0);
        let residual = |&column: &usize| (last * eigen.eigenvectors[(size - 1, column)]).abs();
        Ok(Ritz {
            values: order.iter().map(|&at| eigen.eigenvalues[at]).collect(),
            residuals: order.iter().map(residual).collect(),
            coefficients: eigen.eigenvectors.select_columns(&order),
        })
    }

    /// The unit vector V·coefficients.
    pub(super) fn vector(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut vector = vec![0.0; self.basis.first().map_or(0, Vec::len)];
        vectors::add_weighted(&mut vector, coefficients, &self.basis);
        vector
    }

    /// Takes down what should be zero, or on the first off-diagonal what should be β.
    fn note(&mut self, coefficients: &[f64]) {
        let before = self.basis.len() - 1;
        for (index, coefficient) in coefficients[..before].iter().enumerate() {
            let expected = if index + 1 == before {
                self.off_diagonal[index]
            } else {
                0.0
            };
            self.asymmetry.squares += (coefficient - expected).powi(2);
            self.asymmetry.count += 1;
        }
    }
}

impl Asymmetry {
    /// The root of the mean square; 0 where nothing was compared.
    pub(super) fn root_mean_square(self) -> f64 {
        (self.squares / self.count.max(1) as f64).sqrt()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.squares += other.squares;
        self.count += other.count;
    }
}

/// `vector ← vector − Σ coefficientsᵢ basisᵢ` with the coefficients basisᵢ·vector, which it returns.
fn project_out(vector: &mut [f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let coefficients = vectors::dots(basis, vector);
    let weights: Vec<f64> = coefficients
        .iter()
        .map(|coefficient| -coefficient)
        .collect();
    vectors::add_weighted(vector, &weights, basis);
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Tensor};
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use tati_core::analytic::Harmonic;

    /// The weights of the start on the eigenvectors of diag(1, 2, 3, 4) are attained once all polynomials are there, and bounded before.
    #[test]
    fn the_christoffel_function_bounds_weights() {
        let well = Harmonic::new(vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let device = tati_core::open_device("flex").unwrap();
        let origin = Tensor::<1>::zeros([4], (&device, DType::F64));
        let mut hessian = Hessian::new(&well, &origin).unwrap();
        let mut lanczos = Lanczos::start(vec![0.1, 0.7, 0.5, 0.5], &[]).unwrap();
        let mut bounds = vec![1.0; 4];
        for size in 1..=4 {
            lanczos.step(&mut hessian).unwrap();
            for ((bound, weight), at) in bounds.iter_mut().zip([0.01, 0.49, 0.25, 0.25]).zip(1..) {
                let smaller = lanczos.most_weight(f64::from(at));
                assert!(smaller <= *bound && smaller > weight - 1e-8, "{size} {at}");
                *bound = smaller;
            }
        }
        for (bound, weight) in bounds.iter().zip([0.01, 0.49, 0.25, 0.25]) {
            assert!((bound - weight).abs() < 1e-8, "{bounds:?}");
        }
        // Nothing beyond: the bound falls with the distance.
        assert!(lanczos.most_weight(6.0) < 1e-2 && lanczos.most_weight(60.0) < 1e-7);
    }

    /// One Krylov space has one vector of each eigenspace: why eigenpairs are looked for again beside those found.
    #[test]
    fn a_single_space_sees_an_eigenvalue_once_and_its_complement_the_others() {
        let well = Harmonic::new(vec![5.0, 5.0, 5.0, 2.0, 1.0, 1.0]).unwrap();
        let device = tati_core::open_device("flex").unwrap();
        let origin = Tensor::<1>::zeros([6], (&device, DType::F64));
        let mut hessian = Hessian::new(&well, &origin).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        let mut locked: Vec<Vec<f64>> = Vec::new();
        for expected in [vec![5.0, 2.0, 1.0], vec![5.0, 1.0], vec![5.0]] {
            let start = vectors::random_direction(6, &mut random);
            let mut lanczos = Lanczos::start(start, &locked).unwrap();
            while lanczos.len() < expected.len() {
                lanczos.step(&mut hessian).unwrap();
            }
            let ritz = lanczos.ritz().unwrap();
            for (value, expected) in ritz.values.iter().zip(&expected) {
                assert!((value - expected).abs() < 1e-8, "{:?}", ritz.values);
            }
            assert!(ritz.residuals.iter().all(|residual| *residual < 1e-8));
            assert!(lanczos.asymmetry().root_mean_square() < 1e-8);
            let found: Vec<Vec<f64>> = (0..expected.len())
                .map(|at| lanczos.vector(ritz.coefficients.column(at).as_slice()))
                .collect();
            locked.extend(found);
        }
        assert!(Lanczos::start(vec![1.0; 6], &locked).is_none());
        for (row, a) in locked.iter().enumerate() {
            for (column, b) in locked.iter().enumerate() {
                let expected = f64::from(u8::from(row == column));
                assert!((vectors::dot(a, b) - expected).abs() < 1e-12);
            }
        }
    }
}
