//! Lower bounds of distances from few numbers a point: its coordinates along leading directions, and its distance from their span.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use tati_core::Result;

use super::points::{Points, squares_overflow};
use crate::eigenpairs::symmetric_eigen;
use crate::krylov::orthonormalised;

/// Points, evenly spread, that the directions are found from.
const SAMPLE: usize = 64;

/// Directions at most.
const MAX_DIRECTIONS: usize = 15;

/// Directions are added until what is left of the variance is below this part of it.
const LEFT_OVER: f64 = 0.01;

/// Points that a task projects at a time, at most, and numbers of them that stay in the cache.
const POINTS_PER_TASK: usize = 128;
const NUMBERS_PER_TASK: usize = 1 << 17;

/// Points in few dimensions, no two of them farther from each other than in all: with V orthonormal directions, c = x − m and y = Vᵀc
/// they are (y, √(|c|² − |y|²)), as |x − x'|² ≥ |y − y'|² + (r − r')² for residuals of length r and r'.
pub(super) struct Projection {
    mean: Vec<f64>,
    directions: Mat<f64>,
    /// What rounding may add to a distance here.
    pub(super) margin: f64,
}

impl Projection {
    /// The projection on the leading principal directions of a sample of points, and the projected points in rows.
    pub(super) fn new(points: &Points) -> Result<(Self, Vec<f64>)> {
        let mean = points.mean();
        let directions = principal_directions(points, &mean)?;
        let mut projection = Self {
            mean,
            directions,
            margin: 0.0,
        };
        let (rows, largest) = projection.project(points);
        if !largest.is_finite() {
            return Err(squares_overflow(largest));
        }
        let scale = largest + projection.mean.iter().map(|x| x * x).sum::<f64>();
        // |c|² and |y|² are off by less than this part of them, and r by the root of it where it is small.
        let relative = 8.0 * (points.width() + 16) as f64 * f64::EPSILON;
        projection.margin = (relative * scale).sqrt();
        Ok((projection, rows))
    }

    /// Numbers of a projected point.
    pub(super) fn width(&self) -> usize {
        self.directions.ncols() + 1
    }

    /// `points` projected, in rows, and the largest |c|².
    pub(super) fn project(&self, points: &Points) -> (Vec<f64>, f64) {
        let [size, width] = [points.width(), self.width()];
        let mut rows = vec![0.0; points.len() * width];
        let points_per_task = (NUMBERS_PER_TASK / size).clamp(1, POINTS_PER_TASK);
        let largest = rows
            .par_chunks_mut(points_per_task * width)
            .enumerate()
            .map_init(Vec::new, |centred, (task, rows)| {
                let first = task * points_per_task;
                let count = rows.len() / width;
                centred.resize(count * size, 0.0);
                for (at, row) in centred.chunks_exact_mut(size).enumerate() {
                    points.row_from(&self.mean, first + at, row);
                }
                let mut along = Mat::zeros(count, width - 1);
                matmul(
                    along.as_mut(),
                    Accum::Replace,
                    MatRef::from_row_major_slice(centred, count, size),
                    self.directions.as_ref(),
                    1.0,
                    Par::Seq,
                );
                let mut largest = 0.0_f64;
                for (at, row) in rows.chunks_exact_mut(width).enumerate() {
                    let centred = &centred[at * size..(at + 1) * size];
                    let square: f64 = centred.iter().map(|x| x * x).sum();
                    largest = largest.max(square);
                    let mut left = square;
                    for (column, target) in row[..width - 1].iter_mut().enumerate() {
                        *target = along[(at, column)];
                        left -= *target * *target;
                    }
                    row[width - 1] = left.max(0.0).sqrt();
                }
                largest
            })
            .reduce(|| 0.0, f64::max);
        (rows, largest)
    }
}

/// The leading principal directions of some of the points about `mean`, in columns.
fn principal_directions(points: &Points, mean: &[f64]) -> Result<Mat<f64>> {
    let every = points.len().div_ceil(SAMPLE);
    let sample: Vec<usize> = (0..points.len()).step_by(every).collect();
    let [count, size] = [sample.len(), points.width()];
    let mut centred = vec![0.0; count * size];
    for (row, &at) in centred.chunks_exact_mut(size).zip(&sample) {
        points.row_from(mean, at, row);
    }
    let centred = MatRef::from_row_major_slice(&centred, count, size);
    let mut gram = Mat::zeros(count, count);
    matmul(
        gram.as_mut(),
        Accum::Replace,
        centred,
        centred.transpose(),
        1.0,
        Par::Seq,
    );
    let squares: f64 = (0..count).map(|at| gram[(at, at)]).sum();
    if !squares.is_finite() {
        return Err(squares_overflow(squares));
    }
    let (values, vectors) = symmetric_eigen(gram.as_ref())?;
    let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
    let mut left = total;
    let wanted = values
        .iter()
        .take(MAX_DIRECTIONS.min(size))
        .take_while(|value| {
            let is_wanted = left > LEFT_OVER * total && **value > 1e-9 * total;
            left -= **value;
            is_wanted
        });
    let wanted = wanted.count();
    let mut directions = Mat::zeros(size, wanted);
    matmul(
        directions.as_mut(),
        Accum::Replace,
        centred.transpose(),
        vectors.as_ref().subcols(0, wanted),
        1.0,
        Par::Seq,
    );
    Ok(orthonormalised(directions, 0))
}
