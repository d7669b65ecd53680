//! Nyström extension: the points of the fit, and new points as near to a refit as these.

use std::f64::consts::TAU;

use nalgebra::{DMatrix, DMatrixView};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tati_landscape::{Bandwidth, DiffusionMapConfig};

use super::{draws, fit, fixed, largest_difference, on_circle};

/// New points lie as near to a refit with them in it as the points of the fit do: what is left is what the further points change, and
/// no error of the extension. The control: the coordinates of the nearest of a quarter of the points lie farther off.
#[test]
fn extension_gives_the_points_of_the_fit_and_of_a_refit() {
    const INSIDE: usize = 784;

    let mut random = StdRng::seed_from_u64(7);
    let points = on_circle((0..800).map(|_| TAU * random.random::<f64>()));
    let [inside, outside] = [&points[..2 * INSIDE], &points[2 * INSIDE..]];
    let nearest: Vec<usize> = outside
        .chunks(2)
        .map(|at| nearest(&inside[..INSIDE / 2], at))
        .collect();
    for config in [
        fixed(5, 0.01),
        fixed(5, 0.01).with_neighbors(Some(100)),
        DiffusionMapConfig::new(5)
            .with_neighbors(Some(100))
            .with_bandwidth(Bandwidth::DensityPower(-0.5)),
        DiffusionMapConfig::new(5)
            .with_bandwidth_factor(1.0 / 32.0)
            .with_bandwidth(Bandwidth::NeighborDistance(30)),
    ] {
        let map = fit(&config, inside, 2);
        let again = map.extend(&draws(inside, 2)).unwrap();
        let off = largest_difference(&again, map.coordinates());
        assert!(off < 1e-8, "{off} {config}");
        let further = map.extend(&draws(outside, 2)).unwrap();
        let refit = fit(&config, &points, 2);
        for pair in [1, 3] {
            // Double eigenvalues: the planes of their vectors are compared, turned onto each other at the points of the fit.
            let before = map.coordinates().columns(pair, 2).into_owned();
            let [after, sought] = [(0, INSIDE), (INSIDE, 16)]
                .map(|(first, count)| refit.coordinates().view((first, pair), (count, 2)));
            let turn =
                (before.transpose() * &before).try_inverse().unwrap() * before.transpose() * after;
            let error = |rows: &DMatrix<f64>, refit: DMatrixView<'_, f64>| {
                (rows * &turn - refit).norm() / refit.norm()
            };
            let fitted = error(&before, after);
            let extended = error(&further.columns(pair, 2).into_owned(), sought);
            let copied = error(&before.select_rows(&nearest), sought);
            assert!(extended < 1.3 * fitted, "{extended} {fitted} {config}");
            assert!(copied > 1.5 * fitted, "{copied} {fitted} {config}");
        }
    }
}

fn nearest(points: &[f64], to: &[f64]) -> usize {
    let squared =
        |at: usize| (points[2 * at] - to[0]).powi(2) + (points[2 * at + 1] - to[1]).powi(2);
    (0..points.len() / 2)
        .min_by(|&a, &b| squared(a).total_cmp(&squared(b)))
        .unwrap()
}
