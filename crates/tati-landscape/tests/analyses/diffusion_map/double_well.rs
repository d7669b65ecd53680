//! A double well against its Fokker-Planck operator.

use nalgebra::{DMatrix, SymmetricEigen};

use super::{double_well, draws, error, fit, fixed};

/// The leading eigenvalues of Δf − β∇U·∇f: along x by finite volumes, along y those of the Ornstein-Uhlenbeck process, −2βj.
fn fokker_planck(inverse_temperature: f64, count: usize) -> Vec<f64> {
    let cells = 400;
    let [low, step] = [-2.8, 5.6 / cells as f64];
    let weight = |x: f64| (-double_well(inverse_temperature, &[x, 0.0])).exp();
    let centre = |cell: usize| weight(low + (cell as f64 + 0.5) * step);
    let mut matrix = DMatrix::<f64>::zeros(cells, cells);
    for cell in 1..cells {
        let flow = weight(low + cell as f64 * step) / (step * step);
        matrix[(cell - 1, cell - 1)] -= flow / centre(cell - 1);
        matrix[(cell, cell)] -= flow / centre(cell);
        let between = flow / (centre(cell - 1) * centre(cell)).sqrt();
        matrix[(cell - 1, cell)] = between;
        matrix[(cell, cell - 1)] = between;
    }
    let along: Vec<f64> = SymmetricEigen::new(matrix)
        .eigenvalues
        .iter()
        .copied()
        .collect();
    let across = (0..count).map(|order| -2.0 * inverse_temperature * order as f64);
    let mut sums: Vec<f64> = across
        .flat_map(|across| along.iter().map(move |along| along + across))
        .collect();
    sums.sort_by(|a, b| b.total_cmp(a));
    sums.truncate(count);
    sums[0] = 0.0;
    sums
}

/// Numbers that part a density on [−4, 4] into `count` shares of equal probability, at the middle of each.
fn quantiles(log_density: impl Fn(f64) -> f64, count: usize) -> Vec<f64> {
    let step = 2e-4;
    let mut sums = vec![0.0];
    for at in 0..40_000 {
        let x = -4.0 + step * (f64::from(at) + 0.5);
        sums.push(sums[sums.len() - 1] + log_density(x).exp());
    }
    let total = sums[40_000];
    let quantile = |at: usize| {
        let sought = total * (at as f64 + 0.5) / count as f64;
        let right = sums.partition_point(|sum| *sum < sought);
        let [low, high] = [sums[right - 1], sums[right]];
        -4.0 + step * (right as f64 - (high - sought) / (high - low))
    };
    (0..count).map(quantile).collect()
}

fn lattice(xs: &[f64], ys: &[f64]) -> Vec<f64> {
    let rows = xs.iter().flat_map(|x| ys.iter().map(move |y| [*x, *y]));
    rows.flatten().collect()
}

/// The points are spread evenly in the density that they are taken from, so that what is left is the error of the bandwidth.
#[test]
fn double_well_has_the_spectrum_of_its_generator() {
    let exact = fokker_planck(1.0, 4);
    // At β = 1: half of the density divided out leaves the generator at β.
    let along = quantiles(|x| -double_well(1.0, &[x, 0.0]), 90);
    let across = quantiles(|y| -double_well(1.0, &[1.0, y]), 36);
    let map = fit(
        &fixed(4, 0.02).with_density_exponent(0.5),
        &lattice(&along, &across),
        2,
    );
    assert!(
        error(map.eigenvalues(), &exact) < 0.05,
        "{exact:?} {:?}",
        map.eigenvalues()
    );
    // At β = 0 in a box, with the weights of β = 1.
    let even = |end: f64, count: usize| -> Vec<f64> {
        let place = |at: usize| end * (2.0 * at as f64 / (count - 1) as f64 - 1.0);
        (0..count).map(place).collect()
    };
    let points = lattice(&even(2.2, 82), &even(1.8, 40));
    let weights: Vec<f64> = points
        .chunks(2)
        .map(|point| -double_well(1.0, point))
        .collect();
    let config = fixed(4, 0.005).with_density_exponent(0.5);
    for neighbors in [None, Some(300)] {
        let config = config.clone().with_neighbors(neighbors);
        let target = config.fit_to_target(&draws(&points, 2), &weights).unwrap();
        assert!(
            error(target.eigenvalues(), &exact) < 0.05,
            "{exact:?} {:?}",
            target.eigenvalues()
        );
    }
    // The control: without the weights.
    let other = fit(&config, &points, 2);
    assert!(
        error(other.eigenvalues(), &exact) > 0.2,
        "{exact:?} {:?}",
        other.eigenvalues()
    );
}
