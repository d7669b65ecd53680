//! The low-rank root against the dense one.

use std::time::Instant;

use super::*;
use crate::NoiseStream;

/// Positions of walkers, one correlated cloud.
fn cloud(walkers: usize, num_parameters: usize) -> Vec<Vec<f64>> {
    let position = |walker: usize| {
        let stream = NoiseStream {
            seed: 3,
            walker: walker as u32,
            tensor: 0,
        };
        let mut noise = vec![0.0f32; num_parameters];
        stream.fill_normal(1, &mut noise);
        let common = f64::from(noise[0]);
        let scaled = noise.iter().enumerate().map(|(index, xi)| {
            let scale = 0.1 + index as f64 / num_parameters as f64;
            5.0 + scale * f64::from(*xi) + common
        });
        // In single precision, as the deviations are kept: the dense root then is of the same matrix.
        scaled.map(|theta| f64::from(theta as f32)).collect()
    };
    (0..walkers).map(position).collect()
}

fn slices<T>(positions: &[Vec<T>]) -> Vec<&[T]> {
    positions.iter().map(Vec::as_slice).collect()
}

/// I + η cov of the walkers in `others`, over the parameters of each group, from the rounded deviations of all.
fn dense(
    spread: &Spread,
    others: &[usize],
    groups: &[Vec<Range<usize>>],
    blending: f64,
) -> DMatrix<f64> {
    let num_parameters = spread.num_parameters();
    let group_of = |parameter: usize| {
        groups
            .iter()
            .position(|ranges| ranges.iter().any(|range| range.contains(&parameter)))
    };
    let deviations = DMatrix::from_fn(num_parameters, others.len(), |row, column| {
        f64::from(spread.deviations[others[column]][row])
    });
    let mean = deviations.column_mean();
    DMatrix::from_fn(num_parameters, num_parameters, |i, j| {
        let same = group_of(i).is_some() && group_of(i) == group_of(j);
        let covariance: f64 = (0..others.len())
            .map(|k| (deviations[(i, k)] - mean[i]) * (deviations[(j, k)] - mean[j]))
            .sum();
        let own = f64::from(u8::from(i == j));
        own + f64::from(u8::from(same)) * blending * covariance / others.len().max(1) as f64
    })
}

fn dense_root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let eigen = matrix.symmetric_eigen();
    let roots = DMatrix::from_diagonal(&eigen.eigenvalues.map(f64::sqrt));
    &eigen.eigenvectors * roots * eigen.eigenvectors.transpose()
}

/// B as a matrix, column by column.
fn as_matrix(root: &QuasiNewton, num_parameters: usize) -> DMatrix<f64> {
    let mut matrix = DMatrix::identity(num_parameters, num_parameters);
    for mut column in matrix.column_iter_mut() {
        root.apply(column.as_mut_slice());
    }
    matrix
}

#[test]
fn the_root_is_the_dense_symmetric_square_root() {
    for (walkers, num_parameters) in [(3, 2), (4, 12), (8, 40), (9, 5)] {
        let positions = cloud(walkers, num_parameters);
        for blending in [0.1, 10.0, 1.0e6] {
            let groups = all(num_parameters);
            let spread = Arc::new(Spread::of(&slices(&positions), &groups).unwrap());
            for walker in 0..walkers {
                let others: Vec<usize> = (0..walkers).filter(|other| *other != walker).collect();
                let root = QuasiNewton::without(&spread, walker, blending);
                let found = as_matrix(&root, num_parameters);
                let expected = dense_root(dense(&spread, &others, &groups, blending));
                let error = (&found - &expected).abs().max() / expected.abs().max();
                // The dense root of a matrix of condition 1e6 has lost some digits itself.
                assert!(error < 1e-11, "{walkers} {blending}: {error}");
                let asymmetry = (&found - found.transpose()).abs().max() / found.abs().max();
                assert!(asymmetry < 1e-13, "{asymmetry}");
            }
        }
    }
}

/// Another walker's root is another matrix: leaving out the wrong walker would show.
#[test]
fn each_walker_has_the_covariance_of_the_others() {
    let positions = cloud(5, 6);
    let spread = Arc::new(Spread::of(&slices(&positions), &all(6)).unwrap());
    let roots: Vec<_> = (0..5)
        .map(|walker| as_matrix(&QuasiNewton::without(&spread, walker, 10.0), 6))
        .collect();
    assert!((&roots[0] - &roots[1]).abs().max() > 0.1);
    // It does not depend on where the walker itself is.
    let mut moved = positions.clone();
    moved[0] = vec![1.0e3; 6];
    let spread = Arc::new(Spread::of(&slices(&moved), &all(6)).unwrap());
    let root = as_matrix(&QuasiNewton::without(&spread, 0, 10.0), 6);
    assert!((&root - &roots[0]).abs().max() < 1e-3 * roots[0].abs().max());
}

#[test]
fn groups_are_preconditioned_apart_and_the_rest_not_at_all() {
    let positions = cloud(6, 11);
    let groups = [vec![0..2, 7..9], vec![4..5, 5..7]];
    let spread = Arc::new(Spread::of(&slices(&positions), &groups).unwrap());
    let found = as_matrix(&QuasiNewton::without(&spread, 2, 3.0), 11);
    let expected = dense_root(dense(&spread, &[0, 1, 3, 4, 5], &groups, 3.0));
    assert!((&found - &expected).abs().max() < 1e-12);
    assert_eq!(
        (found[(3, 3)], found[(3, 4)], found[(0, 4)]),
        (1.0, 0.0, 0.0)
    );
    assert!(found[(0, 8)] != 0.0);
}

#[test]
fn few_and_equal_walkers_and_no_blending_give_the_identity_to_the_last_bit() {
    let vector = [0.1, -3.0, 7.0e8];
    let unchanged = |positions: &[Vec<f64>], blending| {
        let root = QuasiNewton::new(positions, blending).unwrap();
        let mut result = vector;
        if !positions.is_empty() {
            root.apply(&mut result);
        }
        result == vector
    };
    assert!(unchanged(&[], 10.0));
    assert!(unchanged(&cloud(1, 3), 10.0));
    assert!(unchanged(&vec![cloud(1, 3)[0].clone(); 4], 10.0));
    assert!(unchanged(&cloud(4, 3), 0.0));
    assert!(!unchanged(&cloud(2, 3), 10.0));
    // Two walkers: the other one alone has no covariance.
    let pair = cloud(2, 3);
    let spread = Arc::new(Spread::of(&slices(&pair), &all(3)).unwrap());
    let mut result = vector;
    QuasiNewton::without(&spread, 0, 10.0).apply(&mut result);
    assert_eq!(result, vector);
    // Three of which two are equal.
    let mut three = cloud(3, 3);
    three[2] = three[1].clone();
    let spread = Arc::new(Spread::of(&slices(&three), &all(3)).unwrap());
    let root = as_matrix(&QuasiNewton::without(&spread, 0, 10.0), 3);
    assert!((root - DMatrix::identity(3, 3)).abs().max() < 1e-5);
}

#[test]
fn single_precision_is_the_double_one_rounded() {
    let positions = cloud(6, 3000);
    let spread = Arc::new(Spread::of(&slices(&positions), &all(3000)).unwrap());
    let root = QuasiNewton::without(&spread, 1, 10.0);
    let vector: Vec<f64> = cloud(1, 3000).remove(0);
    let mut single: Vec<f32> = vector.iter().map(|v| *v as f32).collect();
    let mut double: Vec<f64> = single.iter().map(|v| f64::from(*v)).collect();
    root.multiply(&mut single);
    root.multiply(&mut double);
    for (single, double) in single.iter().zip(&double) {
        assert_eq!(*single, *double as f32);
    }
    let single: Vec<Vec<f32>> = positions
        .iter()
        .map(|position| position.iter().map(|theta| *theta as f32).collect())
        .collect();
    let of_single = Spread::of(&slices(&single), &all(3000)).unwrap();
    assert_eq!(of_single.deviations, spread.deviations);
}

#[test]
fn what_is_not_finite_or_of_unequal_length_is_refused() {
    let mut positions = cloud(3, 4);
    positions[1][2] = f64::NAN;
    let message = QuasiNewton::new(&positions, 1.0).unwrap_err().to_string();
    assert!(
        message.contains("deviation of a walker") && message.contains("NaN"),
        "{message}"
    );
    positions[1] = vec![0.0; 3];
    let message = QuasiNewton::new(&positions, 1.0).unwrap_err().to_string();
    assert_eq!(
        message,
        "length of a walker's position: expected 4, found 3"
    );
    assert!(QuasiNewton::new(&cloud(3, 4), -1.0).is_err());
    assert!(QuasiNewton::new(&cloud(3, 4), f64::NAN).is_err());
}

/// The number of threads changes no bit; a million parameters and eight walkers take less than a second.
#[test]
fn a_million_parameters() {
    let num_parameters = 1_000_000;
    let positions: Vec<Vec<f32>> = cloud(8, num_parameters)
        .into_iter()
        .map(|position| position.into_iter().map(|theta| theta as f32).collect())
        .collect();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let start = Instant::now();
            let spread = Arc::new(Spread::of(&slices(&positions), &all(num_parameters)).unwrap());
            let roots: Vec<_> = (0..8)
                .map(|walker| QuasiNewton::without(&spread, walker, 10.0))
                .collect();
            let refresh = start.elapsed().as_secs_f64();
            let mut vector = positions[0].clone();
            roots[5].multiply(&mut vector);
            // All that the walkers share is as large as their positions.
            let numbers: usize = spread.deviations.iter().map(Vec::len).sum();
            assert_eq!(numbers, 8 * num_parameters);
            (vector, refresh)
        })
    };
    let (vector, mut refresh) = run(1);
    for _ in 0..4 {
        let (again, time) = run(2);
        assert!(again == vector);
        // The machine may have other things to do.
        refresh = refresh.min(time);
    }
    if cfg!(not(debug_assertions)) {
        assert!(refresh < 1.0, "{refresh} s");
    }
}
