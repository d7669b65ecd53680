//! Diffusion maps against spectra that are known.

use std::f64::consts::{PI, TAU};

use tati_landscape::{Bandwidth, DiffusionMap, DiffusionMapConfig, Draws};

/// Points equally spaced on a circle.
fn circle(count: usize) -> Vec<f64> {
    let angles = (0..count).map(|at| TAU * at as f64 / count as f64);
    angles
        .flat_map(|angle| [angle.cos(), angle.sin()])
        .collect()
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

fn fit(config: &DiffusionMapConfig, points: &[f64], width: usize) -> DiffusionMap {
    let shape = [1, points.len() / width, width];
    config
        .fit(&Draws::from_f64(points, shape).unwrap())
        .unwrap()
}

#[test]
fn circle_has_the_spectrum_of_its_laplacian() {
    let points = circle(1000);
    for (neighbors, bandwidth) in [(None, 2e-3), (Some(64), 5e-4)] {
        let config = DiffusionMapConfig::new(7)
            .with_neighbors(neighbors)
            .with_bandwidth(Bandwidth::Fixed(bandwidth));
        let map = fit(&config, &points, 2);
        let unit = map.eigenvalues()[1];
        for (value, exact) in map
            .eigenvalues()
            .iter()
            .zip([0.0, 1.0, 1.0, 4.0, 4.0, 9.0, 9.0])
        {
            assert!(
                (value / unit - exact).abs() <= 0.02 * exact,
                "{:?}",
                map.eigenvalues()
            );
        }
        assert!((unit + 1.0).abs() < 0.02, "{unit}");
    }
}

#[test]
fn sphere_has_the_spectrum_of_its_laplacian() {
    let points = fibonacci_sphere(3000);
    for (neighbors, bandwidth) in [(None, 2e-2), (Some(64), 3e-3)] {
        let config = DiffusionMapConfig::new(9)
            .with_neighbors(neighbors)
            .with_bandwidth(Bandwidth::Fixed(bandwidth));
        let map = fit(&config, &points, 3);
        let exact = [0.0, -2.0, -2.0, -2.0, -6.0, -6.0, -6.0, -6.0, -6.0];
        for (value, exact) in map.eigenvalues().iter().zip(exact) {
            assert!(
                (value - exact).abs() <= 0.05 * -exact,
                "{:?}",
                map.eigenvalues()
            );
        }
    }
}
