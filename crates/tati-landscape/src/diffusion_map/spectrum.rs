//! The leading eigenpairs of a random walk between points, by its symmetric conjugate.

use std::cmp::Ordering;

use faer::Mat;
use nalgebra::DMatrix;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::bandwidth::Scales;
use super::kernel::Walk;
use super::operator::Operator;
use super::{faint, leading};
use crate::eigenpairs::with_fixed_signs;
use crate::exponential::exponentials;

/// Numbers that a task takes the exponentials of at a time.
const NUMBERS_PER_TASK: usize = 1 << 12;

/// Eigenvalues of the generator, descending, and its eigenvectors in columns.
pub(super) struct Spectrum {
    pub(super) eigenvalues: Vec<f64>,
    pub(super) coordinates: DMatrix<f64>,
}

impl Spectrum {
    /// The `count` leading eigenpairs. `order` are the points in one in which the matrix is best worked through; `parts` the parts of the
    /// graph, at most as many as eigenpairs.
    pub(super) fn new(
        walk: &Walk,
        scales: &Scales,
        order: &[u32],
        parts: &[usize],
        count: usize,
    ) -> Result<Self> {
        let size = parts.len();
        // s, such that no |1 − A| is larger than that of S.
        let least = (0..size)
            .map(|at| scales.of(at))
            .fold(f64::INFINITY, f64::min);
        let step = least * least;
        let halves = walk.log_halves();
        let mut matrix = walk
            .log_kernel
            .reordered(order, |row, column, log| log + halves[row] + halves[column]);
        let mut values = std::mem::take(&mut matrix.values);
        values
            .par_chunks_mut(NUMBERS_PER_TASK)
            .for_each(exponentials);
        if scales.point_scales.is_some() {
            matrix.transform(&mut values, |row, column, value| {
                let [own, other] = [row, column].map(|at| least / scales.of(order[at] as usize));
                let diagonal = f64::from(u8::from(row == column));
                diagonal + own * other * (value - diagonal)
            });
        }
        matrix.values = values;
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
        let parts = Parts::new(&roots, parts)?;
        let known = parts.masses.len();
        let operator = Operator::new(
            matrix,
            Mat::from_fn(size, known, |place, column| {
                let at = order[place] as usize;
                roots[at] * parts.coordinate(at, column)
            }),
        );
        let (found, vectors) = leading::leading(&operator, count - known)?;
        let mut eigenvalues = vec![0.0; known];
        eigenvalues.extend(
            found
                .iter()
                // No eigenvalue of a walk is above 1, but by rounding.
                .map(|value| (value - 1.0).min(0.0) / (step * scales.bandwidth)),
        );
        let mut coordinates =
            DMatrix::from_fn(size, known, |at, column| parts.coordinate(at, column))
                .resize_horizontally(count, 0.0);
        for (place, &at) in order.iter().enumerate() {
            let at = at as usize;
            for column in known..count {
                coordinates[(at, column)] = vectors[(place, column - known)] / roots[at];
            }
        }
        faint::fill(walk, scales, &roots, &eigenvalues, known, &mut coordinates)?;
        Ok(Self {
            eigenvalues,
            coordinates: with_fixed_signs(coordinates),
        })
    }
}

/// The parts of the graph, each of which has an eigenvalue 0 of the generator.
struct Parts<'a> {
    of_points: &'a [usize],
    /// Stationary probability of each.
    masses: Vec<f64>,
    /// That of each and all after it.
    rest: Vec<f64>,
}

impl<'a> Parts<'a> {
    fn new(roots: &[f64], of_points: &'a [usize]) -> Result<Self> {
        let count = of_points.iter().max().map_or(0, |last| last + 1);
        let mut masses = vec![0.0; count];
        for (root, &part) in roots.iter().zip(of_points) {
            masses[part] += root * root;
        }
        if let Some(part) = masses.iter().position(|mass| !mass.is_normal()) {
            let first = of_points.iter().position(|&of| of == part).unwrap_or(0);
            return Err(TatiError::InvalidSetting {
                name: "log_weights",
                value: format!("next to nothing on the part of the points with point {first}"),
                expected: "above 10⁻³⁰⁰ of the whole on each part that no step leads to: leave these points out"
                    .to_string(),
            });
        }
        let mut rest = masses.clone();
        for part in (1..count).rev() {
            rest[part - 1] += rest[part];
        }
        Ok(Self {
            of_points,
            masses,
            rest,
        })
    }

    /// Orthonormal functions, constant on each part: the first is 1, number m tells part m − 1 from those after it.
    fn coordinate(&self, point: usize, number: usize) -> f64 {
        let Some(own) = number.checked_sub(1) else {
            return 1.0;
        };
        let [mass, after] = [self.masses[own], self.rest[own + 1]];
        match self.of_points[point].cmp(&own) {
            Ordering::Less => 0.0,
            Ordering::Equal => (after / (mass * (mass + after))).sqrt(),
            Ordering::Greater => -(mass / (after * (mass + after))).sqrt(),
        }
    }
}
