//! The search for eigenpairs on diagonals, whose eigenpairs are plain.

use super::*;

#[test]
fn restarts_lose_nothing() {
    // A diagonal of 300, 299, …, each twice; room for so few vectors that there are many restarts.
    let size = 300;
    let diagonal = |row: usize| (size - row / 2) as f64;
    let settings = KrylovSettings {
        num_eigenpairs: 6,
        block_size: 3,
        max_dimension: 15,
        tolerance: 1e-9,
        max_applications: 2000,
        seed: 1,
    };
    let mut applications = 0;
    let found = leading_eigenpairs(size, &settings, |vectors| {
        applications += 1;
        Ok(Mat::from_fn(size, vectors.ncols(), |row, column| {
            diagonal(row) * vectors[(row, column)]
        }))
    });
    let found = found.unwrap();
    assert!((20..2000).contains(&applications), "{applications}");
    for (at, value) in found.values.iter().enumerate() {
        assert!((value - diagonal(at)).abs() < 1e-9, "{:?}", found.values);
        // What the residual claims is what the vector does.
        let vector = found.vectors.col(at);
        let off = (0..size).map(|row| ((diagonal(row) - value) * vector[row]).powi(2));
        let residual = off.sum::<f64>().sqrt();
        assert!(residual < 2e-9 * value, "{residual}");
    }
    let products = product(found.vectors.transpose(), found.vectors.as_ref());
    for column in 0..6 {
        for row in 0..6 {
            let expected = f64::from(u8::from(row == column));
            assert!((products[(row, column)] - expected).abs() < 1e-10);
        }
    }
}

/// A diagonal of 30, 29, …: from its first axes, a little off, few applications are left, and from the axes themselves one.
#[test]
fn a_good_start_saves_applications() {
    let size = 30;
    let settings = KrylovSettings {
        num_eigenpairs: 4,
        block_size: 4,
        max_dimension: 30,
        tolerance: 1e-6,
        max_applications: 100,
        seed: 1,
    };
    let apply = |vectors: MatRef<'_, f64>| {
        Ok(Mat::from_fn(size, vectors.ncols(), |row, column| {
            (size - row) as f64 * vectors[(row, column)]
        }))
    };
    let from = |off: f64| {
        let start = Mat::from_fn(size, 4, |row, column| {
            f64::from(u8::from(row == column)) + off * (row as f64).sin()
        });
        let found = leading_eigenpairs_from(start, &settings, apply).unwrap();
        for (at, value) in found.values.iter().enumerate() {
            assert!((value - (size - at) as f64).abs() < 1e-9);
        }
        found.applications
    };
    let random = leading_eigenpairs(size, &settings, apply).unwrap();
    let counts = [from(0.0), from(1e-4), random.applications];
    assert!(counts[0] == 1 && counts[1] < counts[2], "{counts:?}");
}
