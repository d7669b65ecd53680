//! Circles and a sphere, whose spectra are known in closed form.

use std::f64::consts::{PI, TAU};

use tati_landscape::{Bandwidth, DiffusionMapConfig};

use super::{circle, draws, error, fit, fixed, largest_difference, normals, on_circle};

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
