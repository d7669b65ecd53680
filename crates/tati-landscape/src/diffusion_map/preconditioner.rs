//! An approximate inverse of one minus the matrix of a diffusion map: its incomplete Cholesky factor.

use faer::MatMut;
use tati_core::SimdLevel;

use super::rows::Rows;

/// Entries that are smaller than this part of the root of the product of their diagonal elements are left out.
const LEAST_ENTRY: f64 = 3e-3;

/// The least diagonal element, and the least pivot as a part of it: below these there is rounding only.
const LEAST_DIAGONAL: f64 = 1e-15;
const LEAST_PIVOT: f64 = 1e-9;

/// Vectors that share a pass over the factor.
pub(super) const VECTORS: usize = 8;

/// One row of some vectors.
type Lanes = [f64; VECTORS];

/// L with LLᵀ ≈ D⁻¹(1 − A)D⁻¹, D² the diagonal of 1 − A, with entries only where there are large ones. 1 − A is an M-matrix, of which
/// there is such a factor (J. Meijerink, H. van der Vorst, Math. Comp. 31 (1977) 148).
pub(super) struct IncompleteCholesky {
    /// 1/D.
    scales: Vec<f64>,
    /// Where the entries of each row begin, those left of the diagonal, and where the last ones end.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    /// One over each element of the diagonal.
    inverse_pivots: Vec<f64>,
}

impl IncompleteCholesky {
    /// The factor of one minus a symmetric matrix.
    pub(super) fn new(matrix: &Rows) -> Self {
        let size = matrix.len();
        let diagonal = |at: usize| {
            let mut row = matrix.row(at).entries();
            let own = row.find(|&(column, _)| column == at);
            1.0 - own.map_or(0.0, |(_, value)| value)
        };
        let scales: Vec<f64> = (0..size)
            .map(|at| 1.0 / diagonal(at).max(LEAST_DIAGONAL).sqrt())
            .collect();
        let mut factor = Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            inverse_pivots: Vec::with_capacity(size),
            scales,
        };
        // The row of L that is being made, 0 where it has no entry.
        let mut row = vec![0.0; size];
        let mut large: Vec<(u32, f64)> = Vec::new();
        for at in 0..size {
            large.clear();
            let entries = matrix.row(at).entries();
            for (column, value) in entries.filter(|&(column, _)| column < at) {
                let scaled = value * factor.scales[at] * factor.scales[column];
                if scaled > LEAST_ENTRY {
                    large.push((column as u32, -scaled));
                }
            }
            large.sort_unstable_by_key(|&(column, _)| column);
            let mut pivot = 1.0;
            for &(column, value) in &large {
                row[column as usize] = value;
            }
            for &(column, _) in &large {
                let own = column as usize;
                let value = (row[own] - factor.product(own, &row)) * factor.inverse_pivots[own];
                row[own] = value;
                factor.columns.push(column);
                factor.values.push(value);
                pivot -= value * value;
            }
            for &(column, _) in &large {
                row[column as usize] = 0.0;
            }
            factor.starts.push(factor.columns.len());
            factor
                .inverse_pivots
                .push(pivot.max(LEAST_PIVOT).sqrt().recip());
        }
        factor
    }

    /// Row `at` of L, left of the diagonal, times a vector.
    fn product(&self, at: usize, vector: &[f64]) -> f64 {
        self.row(at)
            .map(|(column, value)| value * vector[column])
            .sum()
    }

    fn row(&self, at: usize) -> impl Iterator<Item = (usize, f64)> {
        let span = self.starts[at]..self.starts[at + 1];
        let columns = self.columns[span.clone()].iter();
        columns
            .zip(&self.values[span])
            .map(|(&column, &value)| (column as usize, value))
    }

    /// D⁻¹(LLᵀ)⁻¹D⁻¹ v of at most [`VECTORS`] vectors, in place, each in a column.
    pub(super) fn solve(&self, mut vectors: MatMut<'_, f64>) {
        let size = self.scales.len();
        let mut rows = vec![[0.0; VECTORS]; size];
        for (lane, column) in vectors.as_ref().col_iter().enumerate() {
            for ((row, &value), scale) in rows.iter_mut().zip(column.iter()).zip(&self.scales) {
                row[lane] = value * scale;
            }
        }
        SimdLevel::widest().run(
            #[inline(always)]
            || self.solve_rows(&mut rows),
        );
        for (lane, column) in vectors.as_mut().col_iter_mut().enumerate() {
            for ((row, value), scale) in rows.iter().zip(column.iter_mut()).zip(&self.scales) {
                *value = row[lane] * scale;
            }
        }
    }

    #[inline(always)]
    fn solve_rows(&self, rows: &mut [Lanes]) {
        for at in 0..rows.len() {
            let mut own = rows[at];
            for (column, value) in self.row(at) {
                for (own, x) in own.iter_mut().zip(&rows[column]) {
                    *own -= value * x;
                }
            }
            rows[at] = own.map(|x| x * self.inverse_pivots[at]);
        }
        for at in (0..rows.len()).rev() {
            let own = rows[at].map(|x| x * self.inverse_pivots[at]);
            rows[at] = own;
            for (column, value) in self.row(at) {
                for (x, own) in rows[column].iter_mut().zip(&own) {
                    *x -= value * own;
                }
            }
        }
    }
}
