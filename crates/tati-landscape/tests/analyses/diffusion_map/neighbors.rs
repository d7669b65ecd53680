//! Nearest neighbours: exact, all pairs in the limit, whatever the threads and the precision.

use rayon::ThreadPoolBuilder;
use tati_landscape::{Bandwidth, DiffusionMapConfig, Draws};

use super::{draws, fit, fixed, largest_difference, normals};

const WIDTH: usize = 52;

#[test]
fn neighbors_tend_to_all_pairs() {
    let points = normals(3 * 300, 1);
    let all = fit(&fixed(5, 0.2), &points, 3);
    let off = [30, 100, 200, 300].map(|neighbors| {
        let near = fit(&fixed(5, 0.2).with_neighbors(Some(neighbors)), &points, 3);
        largest_difference(near.coordinates(), all.coordinates())
    });
    assert!(off.windows(2).all(|pair| pair[1] < pair[0]), "{off:?}");
    assert!(off[0] > 1e-3 && off[3] < 1e-9, "{off:?}");
}

/// Points near a plane, whose neighbours are sought by projection, and points in all directions, whose are by products.
#[test]
fn threads_do_not_change_a_bit() {
    let plane: Vec<f64> = normals(52 * 700, 2)
        .iter()
        .enumerate()
        .map(|(at, x)| if at % 52 < 2 { *x } else { 1e-3 * x })
        .collect();
    let ball = normals(52 * 700, 3);
    for points in [plane, ball] {
        let [inside, outside] =
            [0..650, 650..700].map(|span| &points[52 * span.start..52 * span.end]);
        for neighbors in [None, Some(20)] {
            let config = DiffusionMapConfig::new(6).with_neighbors(neighbors);
            let results = [1, 2, 3].map(|threads| {
                let pool = ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| {
                    let map = fit(&config, inside, 52);
                    let further = map.extend(&draws(outside, 52)).unwrap();
                    (map, further)
                })
            });
            for (map, further) in &results[1..] {
                assert_eq!(map.eigenvalues(), results[0].0.eigenvalues());
                assert_eq!(map.coordinates(), results[0].0.coordinates());
                assert_eq!(map.density(), results[0].0.density());
                assert_eq!(further, &results[0].1);
            }
        }
    }
}

#[test]
fn single_precision_gives_what_the_same_numbers_give() {
    let single: Vec<f32> = normals(40 * 300, 4).iter().map(|x| *x as f32).collect();
    let double: Vec<f64> = single.iter().map(|x| f64::from(*x)).collect();
    let config = DiffusionMapConfig::new(4).with_neighbors(Some(16));
    let map = config
        .fit(&Draws::from_f32(&single, [2, 150, 40]).unwrap())
        .unwrap();
    assert_eq!(map.coordinates(), fit(&config, &double, 40).coordinates());
}

/// Root mean square distances of each point from its 16 nearest, itself counted but not in the mean, one pair at a time.
fn neighbor_distances(points: &[f64], width: usize) -> Vec<f64> {
    let rows = || points.chunks(width);
    let of = |own: &[f64]| {
        let squared = |other: &[f64]| own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
        let mut all: Vec<f64> = rows().map(squared).collect();
        all.sort_by(f64::total_cmp);
        (all[..16].iter().sum::<f64>() / 15.0).sqrt()
    };
    rows().map(of).collect()
}

/// Points in 52 dimensions for which few distances are needed, or all, or on which products in single precision fail.
fn clouds() -> [Vec<f64>; 6] {
    let ball = normals(WIDTH * 700, 9);
    let plane = |noise: f64| -> Vec<f64> {
        let scaled = ball.iter().enumerate();
        scaled
            .map(|(at, x)| if at % WIDTH < 3 { *x } else { noise * x })
            .collect()
    };
    // Clusters so far apart, and in so many directions, that products in single precision cannot tell points of one from each other.
    let clusters: Vec<f64> = (ball.iter().enumerate())
        .map(|(at, x)| 1e-3 * x + 1e5 * ball[at % WIDTH + WIDTH * (at / WIDTH % 35)])
        .collect();
    // Every point three times, as Metropolis' rejections leave it.
    let repeated: Vec<f64> = (ball[..WIDTH * 200].chunks(WIDTH))
        .flat_map(|row| row.repeat(3))
        .collect();
    [
        ball.clone(),
        plane(1e-2),
        plane(0.0),
        plane(0.3),
        clusters,
        repeated,
    ]
}

#[test]
fn neighbors_are_exact() {
    for points in clouds() {
        let config = fixed(40, 1.0)
            .with_neighbors(Some(16))
            .with_bandwidth(Bandwidth::NeighborDistance(16));
        let map = fit(&config, &points, WIDTH);
        let scales = map.point_scales().unwrap();
        for (scale, exact) in scales.iter().zip(neighbor_distances(&points, WIDTH)) {
            assert!((scale / exact - 1.0).abs() < 1e-9, "{scale} {exact}");
        }
    }
}

#[test]
fn neighbors_sought_on_a_device_are_the_same() {
    let device = tati_core::open_device("flex").unwrap();
    for points in clouds() {
        let config = fixed(40, 1.0)
            .with_neighbors(Some(16))
            .with_bandwidth(Bandwidth::NeighborDistance(16));
        let here = fit(&config, &points, WIDTH);
        let there = config.fit_on(&device, &draws(&points, WIDTH)).unwrap();
        assert_eq!(there.point_scales(), here.point_scales());
        assert_eq!(there.coordinates(), here.coordinates());
    }
    let points = normals(3 * 100, 5);
    let log_weights: Vec<f64> = points.chunks(3).map(|point| -point[0]).collect();
    let (points, config) = (draws(&points, 3), fixed(4, 0.5).with_neighbors(Some(20)));
    let here = config.fit_to_target(&points, &log_weights).unwrap();
    let there = config.fit_to_target_on(&device, &points, &log_weights);
    assert_eq!(there.unwrap().coordinates(), here.coordinates());
    let error = fixed(4, 0.5).fit_on(&device, &points).unwrap_err();
    assert!(error.to_string().contains("`neighbors`"), "{error}");
}

/// Numbers whose squares single precision does not hold, in all directions, so that neighbours are found by products.
#[test]
fn neighbors_are_those_of_points_of_usual_size_whatever_the_unit() {
    let ball = normals(WIDTH * 700, 10);
    let map = |unit: f64| {
        let points: Vec<f64> = ball.iter().map(|x| unit * x).collect();
        let config = fixed(6, 30.0 * unit * unit).with_neighbors(Some(16));
        fit(&config, &points, WIDTH)
    };
    let usual = map(1.0);
    for unit in [2.0_f64.powi(100), 2.0_f64.powi(-100)] {
        let found = map(unit);
        let off = largest_difference(found.coordinates(), usual.coordinates());
        assert!(off < 1e-6, "{off} in units of {unit:e}");
    }
}
