//! Diffusion maps against spectra that are known.

use std::f64::consts::{PI, TAU};

use nalgebra::{DMatrix, SymmetricEigen};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use rayon::ThreadPoolBuilder;
use tati_landscape::{Bandwidth, DiffusionMap, DiffusionMapConfig, Draws};

/// Points at these angles of the unit circle.
fn on_circle(angles: impl Iterator<Item = f64>) -> Vec<f64> {
    angles
        .flat_map(|angle| [angle.cos(), angle.sin()])
        .collect()
}

/// Points equally spaced on a circle.
fn circle(count: usize) -> Vec<f64> {
    on_circle((0..count).map(|at| TAU * at as f64 / count as f64))
}

/// Points on a circle, evenly spread in the distribution of density (1 + sin(θ)/2)/2π.
fn uneven_circle(count: usize) -> Vec<f64> {
    on_circle((0..count).map(|at| {
        // θ + (1 − cos θ)/2 = part, by Newton's method.
        let part = TAU * (at as f64 + 0.5) / count as f64;
        (0..50).fold(part, |angle, _| {
            let off = angle + 0.5 * (1.0 - angle.cos()) - part;
            angle - off / (1.0 + 0.5 * angle.sin())
        })
    }))
}

/// Points evenly spread on a sphere.
fn fibonacci_sphere(count: usize) -> Vec<f64> {
    let point = |at: usize| {
        let height = 1.0 - (2 * at + 1) as f64 / count as f64;
        let angle = PI * (1.0 + 5.0_f64.sqrt()) * at as f64;
        let radius = (1.0 - height * height).sqrt();
        [radius * angle.cos(), radius * angle.sin(), height]
    };
    (0..count).flat_map(point).collect()
}

fn normals(count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| random.sample(StandardNormal)).collect()
}

fn draws(points: &[f64], width: usize) -> Draws<'_> {
    Draws::from_f64(points, [1, points.len() / width, width]).unwrap()
}

fn fit(config: &DiffusionMapConfig, points: &[f64], width: usize) -> DiffusionMap {
    config.fit(&draws(points, width)).unwrap()
}

fn fixed(num_eigenpairs: usize, bandwidth: f64) -> DiffusionMapConfig {
    DiffusionMapConfig::new(num_eigenpairs).with_bandwidth(Bandwidth::Fixed(bandwidth))
}

fn largest_difference(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    (a - b).amax() / b.amax()
}

/// The largest relative difference of eigenvalues from exact ones, the first of which is 0.
fn error(eigenvalues: &[f64], exact: &[f64]) -> f64 {
    assert_eq!(eigenvalues[0], 0.0);
    let pairs = eigenvalues.iter().zip(exact).skip(1);
    pairs
        .map(|(value, exact)| (value / exact - 1.0).abs())
        .fold(0.0, f64::max)
}

/// Eigenvalues of the generator on a circle of equally spaced points.
fn circulant(count: usize, bandwidth: f64) -> Vec<f64> {
    let kernel = |at: usize| {
        let chord = 2.0 * (PI * at as f64 / count as f64).sin();
        (-chord * chord / (4.0 * bandwidth)).exp()
    };
    let total: f64 = (0..count).map(kernel).sum();
    let of_wave = |wave: usize| {
        // cos x − 1 = −2 sin²(x/2) keeps the digits.
        let half = |at: usize| (PI * (wave * at % count) as f64 / count as f64).sin();
        let sum: f64 = (0..count)
            .map(|at| -2.0 * kernel(at) * half(at).powi(2))
            .sum();
        sum / (total * bandwidth)
    };
    (0..7_usize).map(|at| of_wave(at.div_ceil(2))).collect()
}

#[test]
fn circle_has_the_spectrum_and_the_coordinates_of_its_laplacian() {
    let points = circle(1000);
    // With the last, the eigenvalues of the walk crowd at 1: 1 − 10⁻⁵, 1 − 4·10⁻⁵, …
    for (neighbors, bandwidth) in [(None, 2e-3), (Some(64), 5e-4), (Some(65), 2e-5)] {
        let config = fixed(7, bandwidth).with_neighbors(neighbors);
        let map = fit(&config, &points, 2);
        let exact = [0.0, -1.0, -1.0, -4.0, -4.0, -9.0, -9.0];
        let off = error(map.eigenvalues(), &exact);
        assert!(off < 0.02 || bandwidth < 1e-4, "{:?}", map.eigenvalues());
        if neighbors != Some(64) {
            // The walk is the same at every point: its eigenvalues are means of cos(mθ).
            let closed = circulant(1000, bandwidth);
            let off = error(map.eigenvalues(), &closed);
            assert!(off < 1e-8, "{off} {:?} {closed:?}", map.eigenvalues());
        }
        let unit = map.eigenvalues()[1];
        let in_units: Vec<f64> = map.eigenvalues().iter().map(|x| -x / unit).collect();
        assert!(error(&in_units, &exact) < 0.02);
        assert!(map.coordinates().column(0).iter().all(|x| *x == 1.0));
        for (at, coordinate) in map.coordinates().column_iter().enumerate().skip(1) {
            // Of mean square 1, and all of it in √2 cos(mθ) and √2 sin(mθ).
            let wave = at.div_ceil(2) as f64;
            let along = |shift: f64| {
                let terms = coordinate
                    .iter()
                    .enumerate()
                    .map(|(point, x)| x * (TAU * wave * point as f64 / 1000.0 - shift).cos());
                terms.sum::<f64>() * 2.0_f64.sqrt() / 1000.0
            };
            let inside = along(0.0).powi(2) + along(0.5 * PI).powi(2);
            assert!((inside - 1.0).abs() < 1e-6, "{at} {inside}");
            let square: f64 = coordinate.iter().map(|x| x * x).sum::<f64>() / 1000.0;
            assert!((square - 1.0).abs() < 1e-9, "{at} {square}");
        }
    }
}

#[test]
fn sphere_has_the_spectrum_of_its_laplacian() {
    let points = fibonacci_sphere(3000);
    for (neighbors, bandwidth) in [(None, 2e-2), (Some(64), 3e-3)] {
        let map = fit(&fixed(10, bandwidth).with_neighbors(neighbors), &points, 3);
        let exact = [0.0, -2.0, -2.0, -2.0, -6.0, -6.0, -6.0, -6.0, -6.0, -12.0];
        assert!(
            error(&map.eigenvalues()[..9], &exact) < 0.05,
            "{:?}",
            map.eigenvalues()
        );
        assert!(map.eigenvalues()[9] < -10.0);
    }
}

/// The bandwidth is found, and with it the dimension and the density; without the density divided out, an uneven circle is none.
#[test]
fn density_is_divided_out_and_estimated() {
    let points = uneven_circle(1500);
    let exact = [0.0, -1.0, -1.0, -4.0, -4.0];
    let config = fixed(5, 2e-3);
    let map = fit(&config, &points, 2);
    assert!(
        error(map.eigenvalues(), &exact) < 0.03,
        "{:?}",
        map.eigenvalues()
    );
    assert_eq!(map.dimension(), 1.0);
    for (density, point) in map.density().iter().zip(points.chunks(2)) {
        let exact = (1.0 + 0.5 * point[1]) / TAU;
        assert!((density / exact - 1.0).abs() < 0.03, "{density} {exact}");
    }
    // The control.
    let config = config.with_density_exponent(0.0);
    let skewed = fit(&config, &points, 2);
    let off = error(skewed.eigenvalues(), &exact);
    assert!(off > 0.1, "{:?}", skewed.eigenvalues());
    // A target that is even does the same, whatever the exponent.
    let even = config
        .fit_to_target(&draws(&points, 2), &[0.0; 1500])
        .unwrap();
    let off = even.eigenvalues()[1] / map.eigenvalues()[1] - 1.0;
    assert!(off.abs() < 1e-9, "{off}");
}

/// The bandwidth found has the steepest ln T of all powers of two.
#[test]
fn bandwidth_is_where_the_sum_of_the_kernel_grows_fastest() {
    let points = normals(3 * 200, 10);
    let mut squared = Vec::new();
    for a in points.chunks(3) {
        let distance = |b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        squared.extend(points.chunks(3).map(distance));
    }
    let log_sum = |power: i32| {
        let bandwidth = f64::from(power).exp2();
        let kernel = squared
            .iter()
            .map(|squared| (-squared / (4.0 * bandwidth)).exp());
        kernel.sum::<f64>().log2()
    };
    let slopes = (-20..20).map(|power| (log_sum(power + 1) - log_sum(power), power));
    let (slope, power) = slopes.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let map = fit(&DiffusionMapConfig::new(2), &points, 3);
    assert_eq!(map.bandwidth(), f64::from(power).exp2());
    assert_eq!(map.dimension(), (2.0 * slope).round());
    let half = fit(
        &DiffusionMapConfig::new(2).with_bandwidth_factor(0.5),
        &points,
        3,
    );
    assert_eq!(half.bandwidth(), 0.5 * map.bandwidth());
}

/// With ρ = q^β in one dimension, L → Δ + (2 − 2α + 3β) ∇ln q·∇, and ρ by neighbours is q⁻¹.
#[test]
fn variable_bandwidths_have_the_limit_that_is_stated() {
    let points = uneven_circle(1500);
    let exact = [0.0, -1.0, -1.0, -4.0, -4.0];
    let config = DiffusionMapConfig::new(5)
        .with_dimension(Some(1.0))
        .with_bandwidth_factor(1.0 / 64.0);
    for (bandwidth, exponent) in [
        (Bandwidth::DensityPower(-0.5), 0.25),
        (Bandwidth::NeighborDistance(16), -0.5),
    ] {
        for neighbors in [None, Some(400)] {
            let config = config
                .clone()
                .with_neighbors(neighbors)
                .with_bandwidth(bandwidth)
                .with_density_exponent(exponent);
            let map = fit(&config, &points, 2);
            assert!(
                error(map.eigenvalues(), &exact) < 0.04,
                "{:?}",
                map.eigenvalues()
            );
            // The control: the exponent for a bandwidth that does not vary.
            let other = fit(&config.clone().with_density_exponent(1.0), &points, 2);
            assert!(
                error(other.eigenvalues(), &exact) > 0.1,
                "{:?}",
                other.eigenvalues()
            );
            let even = config
                .fit_to_target(&draws(&points, 2), &[0.0; 1500])
                .unwrap();
            assert!(
                error(even.eigenvalues(), &exact) < 0.04,
                "{:?}",
                even.eigenvalues()
            );
            let again = even.extend(&draws(&points, 2)).unwrap();
            assert!(largest_difference(&again, even.coordinates()) < 1e-8);
        }
    }
}

/// βU of the double well U = (x² − 1)² + y².
fn double_well(inverse_temperature: f64, point: &[f64]) -> f64 {
    inverse_temperature * ((point[0] * point[0] - 1.0).powi(2) + point[1] * point[1])
}

/// Draws from exp(−βU): x by the inverse of its distribution function on a grid, y normal.
fn double_well_draws(inverse_temperature: f64, count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let grid: Vec<f64> = (0..=40_000).map(|at| -4.0 + 2e-4 * f64::from(at)).collect();
    let mut sums = vec![0.0];
    for x in &grid {
        let last = sums[sums.len() - 1];
        sums.push(last + (-double_well(inverse_temperature, &[*x, 0.0])).exp());
    }
    let total = sums[grid.len()];
    let mut point = || {
        let sought = total * random.random::<f64>();
        let at = sums
            .partition_point(|sum| *sum < sought)
            .clamp(1, grid.len());
        let y: f64 = random.sample(StandardNormal);
        [grid[at - 1], y / (2.0 * inverse_temperature).sqrt()]
    };
    (0..count).flat_map(|_| point()).collect()
}

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

#[test]
fn a_constant_in_the_log_weights_changes_nothing() {
    let points = double_well_draws(1.0, 600, 5);
    // Binary fractions, of which even 1e6 takes no digit.
    let log_weight = |point: &[f64]| -(double_well(2.0, point) * 1024.0).round() / 1024.0;
    let weights: Vec<f64> = points.chunks(2).map(log_weight).collect();
    for neighbors in [None, Some(60)] {
        let config = fixed(4, 0.1).with_neighbors(neighbors);
        let maps = [0.0, 1e6, -1e6].map(|shift| {
            let shifted: Vec<f64> = weights.iter().map(|log| log + shift).collect();
            config.fit_to_target(&draws(&points, 2), &shifted).unwrap()
        });
        for map in &maps[1..] {
            assert_eq!(map.eigenvalues(), maps[0].eigenvalues());
            assert_eq!(map.coordinates(), maps[0].coordinates());
        }
    }
}

/// Weights that no double precision number holds: such points follow those of more weight.
#[test]
fn points_of_next_to_no_weight_get_coordinates() {
    let points = double_well_draws(0.3, 800, 6);
    let weights: Vec<f64> = points
        .chunks(2)
        .map(|point| -double_well(300.0, point))
        .collect();
    let least = weights.iter().copied().fold(0.0, f64::min);
    assert!(least < -2000.0, "{least}");
    for neighbors in [None, Some(80)] {
        let config = fixed(3, 0.1).with_neighbors(neighbors);
        let map = config.fit_to_target(&draws(&points, 2), &weights).unwrap();
        assert!(map.coordinates().iter().all(|x| x.is_finite()));
        let again = map.extend(&draws(&points, 2)).unwrap();
        let off = largest_difference(&again, map.coordinates());
        assert!(off < 1e-8, "{off}");
        // The first coordinate tells the wells apart.
        let side = |at: usize| points[2 * at].signum() * map.coordinates()[(at, 1)].signum();
        let sure: Vec<usize> = (0..800).filter(|&at| points[2 * at].abs() > 0.5).collect();
        assert!(sure.iter().all(|&at| side(at) == side(sure[0])));
    }
}

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

#[test]
fn parts_have_an_eigenvalue_of_zero_each() {
    let mut points = circle(300);
    points.extend(circle(200).iter().map(|x| x + 100.0));
    points.extend([1000.0, 0.0]);
    let config = fixed(8, 1e-2).with_neighbors(Some(20));
    for config in [config.clone(), config.with_neighbors(None)] {
        let map = fit(&config, &points, 2);
        let parts: Vec<usize> = (0..501)
            .map(|at| [0, 1, 2][usize::from(at >= 300) + usize::from(at >= 500)])
            .collect();
        assert_eq!(map.parts(), parts);
        let zeros = map.eigenvalues().iter().filter(|value| **value == 0.0);
        assert_eq!(zeros.count(), 3);
        // Each circle has its own.
        let [first, last] = [map.eigenvalues()[3], map.eigenvalues()[6]];
        assert!(first < -0.3 && (config.neighbors.is_some() || (last / first - 1.0).abs() < 1e-6));
        for (at, part) in parts.iter().enumerate() {
            let coordinates = [1, 2].map(|number| map.coordinates()[(at, number)]);
            let first = parts.iter().position(|other| other == part).unwrap();
            let expected = [1, 2].map(|number| map.coordinates()[(first, number)]);
            assert_eq!(coordinates, expected);
        }
        if config.neighbors.is_none() {
            let again = map.extend(&draws(&points, 2)).unwrap();
            let off = largest_difference(&again, map.coordinates());
            assert!(off < 1e-8, "{off}");
        }
    }
}

#[test]
fn what_makes_no_map_is_refused() {
    let points = normals(60, 8);
    let config = DiffusionMapConfig::new(2);
    let near = |count| DiffusionMapConfig::new(2).with_neighbors(Some(count));
    let message = |config: &DiffusionMapConfig, points: &[f64], width| {
        config.fit(&draws(points, width)).unwrap_err().to_string()
    };
    let refused = |config: &DiffusionMapConfig, part: &str| {
        let message = message(config, &points, 2);
        assert!(message.contains(part), "{message}");
    };
    refused(&near(31), "`neighbors` is 31: it must be from 2 to 30");
    refused(&near(1), "`neighbors` is 1: it must be from 2 to 30");
    refused(&DiffusionMapConfig::new(31), "`num_eigenpairs` is 31");
    refused(&DiffusionMapConfig::new(0), "`num_eigenpairs` is 0");
    refused(&fixed(2, 0.0), "`bandwidth` is 0");
    refused(
        &fixed(2, 1e-9),
        "30 parts without a step between them, one of 1 with point 0",
    );
    refused(
        &config.clone().with_density_exponent(f64::NAN),
        "`density_exponent` is NaN",
    );
    refused(
        &config.clone().with_bandwidth_factor(0.0),
        "`bandwidth_factor` is 0",
    );
    let variable = |bandwidth| DiffusionMapConfig::new(2).with_bandwidth(bandwidth);
    refused(
        &variable(Bandwidth::NeighborDistance(31)),
        "is 31: it must be from 2 to 30",
    );
    refused(&variable(Bandwidth::DensityPower(f64::NAN)), "is NaN");
    let few = near(7).with_bandwidth(Bandwidth::DensityPower(-0.5));
    refused(&few, "`neighbors` is 7: it must be at least 8");
    for config in [config.clone(), near(20)] {
        let needed = config.memory_needed(&draws(&points, 2));
        refused(
            &config.clone().with_memory(needed - 1),
            &format!("at least {needed} bytes for 30 points of 2 parameters"),
        );
        fit(&config.with_memory(needed), &points, 2);
    }
    let one = message(&config, &points, 60);
    assert!(one.contains("`number of points` is 1"), "{one}");
    for config in [config.clone(), near(5)] {
        let equal = message(&config, &[1.5; 60], 2);
        assert!(
            equal.contains("all points are equal to their neighbours"),
            "{equal}"
        );
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let mut points = points.clone();
        points[17] = bad;
        let found = message(&config, &points, 2);
        assert!(
            found.contains(&format!("parameter 1 of draw 8 of chain 0 is {bad}")),
            "{found}"
        );
    }
    let mut copies = points.clone();
    copies.extend([points[0], points[1]].repeat(10));
    let found = message(&variable(Bandwidth::DensityPower(-0.5)), &copies, 2);
    assert!(
        found.contains("0 at point 0, which is the same as its 7 nearest"),
        "{found}"
    );
    let draws = draws(&points, 2);
    let found = config.fit_to_target(&draws, &[0.0; 29]).unwrap_err();
    assert!(
        found
            .to_string()
            .contains("expected 30, the number of points, found 29")
    );
    for bad in [f64::NEG_INFINITY, f64::NAN] {
        let mut weights = vec![0.0; 30];
        weights[3] = bad;
        let found = config
            .fit_to_target(&draws, &weights)
            .unwrap_err()
            .to_string();
        assert!(found.contains("the log weight of point 3"), "{found}");
    }
    let map = config.fit(&draws).unwrap();
    let other = Draws::from_f64(&points, [1, 20, 3]).unwrap();
    let found = map.extend(&other).unwrap_err().to_string();
    assert!(found.contains("expected 2, found 3"), "{found}");
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

#[test]
fn neighbors_are_exact() {
    let width = 52;
    let ball = normals(width * 700, 9);
    let plane = |noise: f64| -> Vec<f64> {
        let scaled = ball.iter().enumerate();
        scaled
            .map(|(at, x)| if at % width < 3 { *x } else { noise * x })
            .collect()
    };
    // Clusters so far apart, and in so many directions, that products in single precision cannot tell points of one from each other.
    let clusters: Vec<f64> = (ball.iter().enumerate())
        .map(|(at, x)| 1e-3 * x + 1e5 * ball[at % width + width * (at / width % 35)])
        .collect();
    // Every point three times, as Metropolis' rejections leave it.
    let repeated: Vec<f64> = (ball[..width * 200].chunks(width))
        .flat_map(|row| row.repeat(3))
        .collect();
    for points in [
        ball.clone(),
        plane(1e-2),
        plane(0.0),
        plane(0.3),
        clusters,
        repeated,
    ] {
        let config = fixed(40, 1.0)
            .with_neighbors(Some(16))
            .with_bandwidth(Bandwidth::NeighborDistance(16));
        let map = fit(&config, &points, width);
        let scales = map.point_scales().unwrap();
        for (scale, exact) in scales.iter().zip(neighbor_distances(&points, width)) {
            assert!((scale / exact - 1.0).abs() < 1e-9, "{scale} {exact}");
        }
    }
}
