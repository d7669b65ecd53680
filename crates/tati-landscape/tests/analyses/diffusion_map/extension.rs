//! Nyström extension: the points of the fit, and new points against a refit.

use std::f64::consts::TAU;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tati_landscape::{Bandwidth, DiffusionMapConfig};

use super::{draws, fit, fixed, largest_difference, on_circle};

#[test]
fn extension_gives_the_points_of_the_fit_and_of_a_refit() {
    let angles = |seed| {
        let mut random = StdRng::seed_from_u64(seed);
        on_circle((0..800).map(move |_| TAU * random.random::<f64>()))
    };
    let points = angles(7);
    let [inside, outside] = [&points[..1500], &points[1500..]];
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
        for pair in [0, 2] {
            // Double eigenvalues: the planes of their vectors are compared.
            let refit = refit.coordinates().view((750, 1 + pair), (50, 2));
            let further = further.view((0, 1 + pair), (50, 2));
            let fitted = (further.transpose() * further).try_inverse().unwrap()
                * further.transpose()
                * refit;
            let left = (further * fitted - refit).norm() / refit.norm();
            assert!(left < 0.05, "{left} {config}");
        }
    }
}
