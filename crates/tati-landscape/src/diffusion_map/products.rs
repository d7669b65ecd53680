//! Distances of all pairs of points by blocked matrix products.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::points::Points;
use super::rows::Rows;

/// Points in a block.
const BLOCK: usize = 256;

/// Width up to which distances of all pairs are computed one by one.
const FEW_NUMBERS: usize = 32;

/// |c|² + |c'|² over d² above which the product has cost so many digits that a distance is computed by itself.
const CANCELLATION: f64 = 1e6;

/// The squared distances of all pairs of points.
pub(super) fn all_distances(points: &Points) -> Rows {
    let size = points.len();
    let mut values = vec![0.0; size * size];
    let centred = (points.width() > FEW_NUMBERS).then(|| {
        let mean = points.mean();
        let mut rows = vec![0.0; size * points.width()];
        rows.par_chunks_mut(points.width())
            .enumerate()
            .for_each(|(at, row)| points.row_from(&mean, at, row));
        rows
    });
    let norms: Vec<f64> = (centred.iter().flat_map(|rows| rows.chunks(points.width())))
        .map(|row| row.iter().map(|x| x * x).sum())
        .collect();
    // Below the diagonal.
    values
        .par_chunks_mut(BLOCK * size)
        .enumerate()
        .for_each(|(block, rows)| {
            let own = block * BLOCK..(block * BLOCK + rows.len() / size);
            let mut point = vec![0.0; points.width()];
            if let Some(centred) = &centred {
                let all = |span: &Range<usize>| {
                    let numbers = &centred[span.start * points.width()..span.end * points.width()];
                    MatRef::from_row_major_slice(numbers, span.len(), points.width())
                };
                let target = MatMut::from_row_major_slice_mut(rows, own.len(), size);
                matmul(
                    target.subcols_mut(0, own.end),
                    Accum::Replace,
                    all(&own),
                    all(&(0..own.end)).transpose(),
                    1.0,
                    Par::Seq,
                );
            }
            for (at, row) in own.zip(rows.chunks_exact_mut(size)) {
                points.row(at, &mut point);
                for (other, value) in row[..at].iter_mut().enumerate() {
                    let is_exact = centred.is_none() || {
                        let sum = norms[at] + norms[other];
                        *value = sum - 2.0 * *value;
                        sum > CANCELLATION * *value
                    };
                    if is_exact {
                        *value = points.squared_distance(&point, other);
                    }
                }
                row[at] = 0.0;
            }
        });
    mirror(&mut values, size);
    Rows::full(size, values)
}

/// Copies what is below the diagonal above it.
fn mirror(values: &mut [f64], size: usize) {
    for first in (0..size).step_by(BLOCK) {
        let last = (first + BLOCK).min(size);
        let (head, tail) = values.split_at_mut(last * size);
        let block = &mut head[first * size..];
        for row in 0..last - first {
            for column in row + 1..last - first {
                block[row * size + first + column] = block[column * size + first + row];
            }
        }
        block
            .par_chunks_mut(size)
            .enumerate()
            .for_each(|(row, values)| {
                for (below, value) in values[last..].iter_mut().enumerate() {
                    *value = tail[below * size + first + row];
                }
            });
    }
}
