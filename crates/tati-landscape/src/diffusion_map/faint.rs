//! Coordinates of points at which the stationary density is too small to divide by.

use nalgebra::DMatrix;
use rayon::prelude::*;
use tati_core::{Result, TatiError};

use super::bandwidth::Scales;
use super::kernel::Walk;

/// √π·max|φ| below which an error of 10⁻¹² in √π φ is one of more than 5·10⁻⁹ in φ, relative to its largest.
const FAINT: f64 = 2e-4;

/// The part of the largest |√π φ| that marks a component as no rounding.
const SURE: f64 = 1e-4;

/// The change of a sweep, relative to the largest |φ|, at which the sweeps end.
const TOLERANCE: f64 = 1e-10;

const MAX_SWEEPS: usize = 1000;

/// Computes coordinates anew at points where `roots`, √π, is small, from those at the others: an eigenvector of the walk is a mean over
/// neighbours, φᵢ = Σⱼ Pᵢⱼφⱼ/(1 + ελρᵢ²), and neighbours of more weight count more. The first `known` are exact.
pub(super) fn fill(
    walk: &Walk,
    scales: &Scales,
    roots: &[f64],
    eigenvalues: &[f64],
    known: usize,
    coordinates: &mut DMatrix<f64>,
) -> Result<()> {
    let columns = (coordinates.as_mut_slice().par_chunks_exact_mut(roots.len()))
        .zip(eigenvalues)
        .enumerate()
        .skip(known);
    let filled: Vec<Result<()>> = columns
        .map(|(column, (values, eigenvalue))| {
            let conjugate = |at: usize| (values[at] * roots[at]).abs();
            let largest = (0..roots.len()).map(conjugate).fold(0.0, f64::max);
            let sure = (0..roots.len()).filter(|&at| conjugate(at) > SURE * largest);
            let scale = sure.map(|at| values[at].abs()).fold(0.0, f64::max);
            let faint: Vec<usize> = (0..roots.len())
                .filter(|&at| roots[at] * scale < FAINT)
                .collect();
            for &at in &faint {
                values[at] = 0.0;
            }
            let mut change = 0.0;
            for sweep in 0.. {
                let next: Vec<f64> = faint
                    .par_iter()
                    .map(|&at| {
                        let row = walk.log_kernel.row(at).entries();
                        let mean: f64 = row
                            .map(|(other, log)| {
                                let step = log + walk.log_weights[other] - walk.log_sums[at];
                                step.exp() * values[other]
                            })
                            .sum();
                        mean / (1.0 + scales.bandwidth * eigenvalue * scales.of(at).powi(2))
                    })
                    .collect();
                let changes = faint
                    .iter()
                    .zip(&next)
                    .map(|(&at, next)| (values[at] - next).abs());
                change = changes.fold(0.0, f64::max);
                for (&at, &next) in faint.iter().zip(&next) {
                    values[at] = next;
                }
                if change <= TOLERANCE * scale || sweep == MAX_SWEEPS {
                    break;
                }
            }
            if change.is_nan() || change > TOLERANCE * scale {
                return Err(TatiError::NotConverged {
                    what: format!("coordinate {column} where the target has next to no weight"),
                    reached: change / scale,
                    tolerance: TOLERANCE,
                    remedy: "leave out points of least weight, or take fewer eigenpairs",
                });
            }
            Ok(())
        })
        .collect();
    filled.into_iter().collect()
}
