//! Diffusion maps equal those of pyDiffMap 0.2.0.1 and datafold 2.0.2 where the definitions coincide.
//!
//! The definitions differ in this, and the tests allow for it:
//!
//! - Both libraries leave the scale of eigenvectors to the solver (pyDiffMap multiplies it by (−λ)^(−1/2)). Here coordinates have mean square 1
//!   under the stationary density. They are compared as vectors of norm 1, up to sign.
//! - pyDiffMap reports the row sums of the kernel as density. Here they are divided by n(4πε)^(d/2), which makes a density of them.
//! - pyDiffMap extends by the step of the walk alone, Σⱼ p(x, xⱼ)φⱼ. Nyström's extension divides that by 1 + ελ, as here and in datafold.
//! - Of k neighbours pyDiffMap extends from the k nearest points. Here, as in the fit, also from points that count x among theirs.
//! - pyDiffMap divides row sums by ρ² whatever the dimension, which is ρᵈ in two dimensions only.
//! - pyDiffMap's `TMDmap` divides out the power α of the density, ½ unless said otherwise. The target is reached with α = 1 alone, which
//!   is what `fit_to_target` has.
//! - datafold's kernel is exp(−d²/(2ε)), and it has no criterion of Berry, Giannakis and Harlim.
//! - datafold leaves the kernel between k neighbours as it is, which is not symmetric where a neighbour is so in one direction only; its
//!   eigenvalues are others.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use nalgebra::DVector;
use serde::Deserialize;
use serde_json::Value;
use tati_landscape::{Bandwidth, DiffusionMap, DiffusionMapConfig, Draws};

const POINTS: usize = 300;
const PAIRS: usize = 6;
const TOLERANCE: f64 = 1e-6;

/// The points of `references/diffusion_map.py`.
fn sheet(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let points = numbers.flat_map(|number| {
        let u = (number * 0.754_877_666_246_692_7) % 1.0;
        let v = (number * 0.569_840_290_998_053_2) % 1.0;
        let x = 2.0 * u + 0.5 * u * u;
        [x, v, 0.4 * x * x + 0.2 * (3.0 * v).sin()]
    });
    points.collect()
}

fn points_of_the_fit() -> Vec<f64> {
    sheet((1..=POINTS).map(|number| number as f64))
}

/// −βU of the target at a point.
fn log_weight(point: &[f64]) -> f64 {
    -3.0 * (point[0] - 1.2).powi(2) - 2.0 * (point[1] - 0.4).powi(2)
}

#[derive(Deserialize)]
struct Reference {
    bandwidth: f64,
    dimension: Option<f64>,
    /// Without the first.
    eigenvalues: Vec<f64>,
    #[serde(default)]
    kernel_sums: Vec<f64>,
    /// At every thirtieth point.
    eigenvectors: Vec<Vec<f64>>,
    #[serde(default)]
    extension: Vec<Vec<f64>>,
}

fn references(file: &str) -> BTreeMap<String, Reference> {
    let mut all: BTreeMap<String, Value> = serde_json::from_str(file).unwrap();
    assert!(all.remove("made_by").is_some());
    all.into_iter()
        .map(|(name, value)| (name, serde_json::from_value(value).unwrap()))
        .collect()
}

fn pydiffmap() -> BTreeMap<String, Reference> {
    references(include_str!("../references/diffusion_map_pydiffmap.json"))
}

fn datafold() -> BTreeMap<String, Reference> {
    references(include_str!("../references/diffusion_map_datafold.json"))
}

fn config(bandwidth: Bandwidth, density_exponent: f64) -> DiffusionMapConfig {
    DiffusionMapConfig::new(PAIRS)
        .with_bandwidth(bandwidth)
        .with_density_exponent(density_exponent)
}

fn fit(config: &DiffusionMapConfig) -> DiffusionMap {
    let theta = points_of_the_fit();
    let draws = Draws::from_f64(&theta, [1, POINTS, 3]).unwrap();
    config.fit(&draws).unwrap()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

/// Coordinate `pair` of the map over its norm, with the sign of the reference, and that factor.
fn normalised(map: &DiffusionMap, reference: &Reference, pair: usize) -> (DVector<f64>, f64) {
    let column = map.coordinates().column(pair);
    let every = column.iter().step_by(30);
    let along: f64 = every
        .zip(&reference.eigenvectors)
        .map(|(ours, theirs)| ours * theirs[pair - 1])
        .sum();
    let factor = along.signum() / column.norm();
    (column * factor, factor)
}

fn compare_eigenpairs(map: &DiffusionMap, reference: &Reference, name: &str) {
    let bandwidth = map.bandwidth();
    assert!(
        (bandwidth / reference.bandwidth - 1.0).abs() < TOLERANCE,
        "{name}: {bandwidth}"
    );
    assert!(map.eigenvalues()[0].abs() < 1e-9);
    for (ours, theirs) in map.eigenvalues()[1..].iter().zip(&reference.eigenvalues) {
        assert!(
            (ours / theirs - 1.0).abs() < TOLERANCE,
            "{name}: {ours} {theirs}"
        );
    }
    for pair in 1..PAIRS {
        let (ours, _) = normalised(map, reference, pair);
        let ours: Vec<f64> = ours.iter().copied().step_by(30).collect();
        let theirs: Vec<f64> = reference
            .eigenvectors
            .iter()
            .map(|row| row[pair - 1])
            .collect();
        let difference = largest_difference(&ours, &theirs);
        assert!(
            difference < TOLERANCE,
            "{name}, coordinate {pair}: {difference}"
        );
    }
}

/// Compares qᵢ/(n(4πε)^(d/2)) with the row sums of the reference.
fn compare_densities(map: &DiffusionMap, reference: &Reference, name: &str) {
    let volume = POINTS as f64 * (4.0 * PI * map.bandwidth()).powf(0.5 * map.dimension());
    for (ours, theirs) in map.density().iter().step_by(30).zip(&reference.kernel_sums) {
        assert!(
            (ours * volume / theirs - 1.0).abs() < TOLERANCE,
            "{name}: {ours} {theirs}"
        );
    }
}

/// Compares extensions, the reference's divided by `divisor` of each eigenvalue.
fn compare_extensions(
    map: &DiffusionMap,
    reference: &Reference,
    name: &str,
    divisor: impl Fn(f64) -> f64,
) {
    let further = sheet((0..5).map(|number| f64::from(number) + 0.5));
    let further = Draws::from_f64(&further, [1, 5, 3]).unwrap();
    let extension = map.extend(&further).unwrap();
    for pair in 1..PAIRS {
        let (_, factor) = normalised(map, reference, pair);
        let ours = extension.column(pair) * factor;
        let divisor = divisor(map.eigenvalues()[pair]);
        let theirs = reference
            .extension
            .iter()
            .map(|row| row[pair - 1] / divisor);
        let theirs: Vec<f64> = theirs.collect();
        let difference = largest_difference(ours.as_slice(), &theirs);
        assert!(
            difference < TOLERANCE,
            "{name}, coordinate {pair}: {difference}"
        );
    }
}

#[test]
fn fixed_and_chosen_bandwidths_equal_pydiffmap() {
    let references = pydiffmap();
    let chosen = Bandwidth::BerryGiannakisHarlim;
    for (name, bandwidth, exponent, neighbors) in [
        ("dense", Bandwidth::Fixed(0.02), 1.0, None),
        ("neighbors", Bandwidth::Fixed(0.01), 0.5, Some(24)),
        ("chosen_dense", chosen, 1.0, None),
        ("chosen_neighbors", chosen, 0.5, Some(24)),
    ] {
        let reference = &references[name];
        let map = fit(&config(bandwidth, exponent).with_neighbors(neighbors));
        compare_eigenpairs(&map, reference, name);
        compare_densities(&map, reference, name);
        if let Some(dimension) = reference.dimension {
            assert_eq!(map.dimension(), dimension, "{name}");
        }
        if neighbors.is_none() {
            let epsilon = map.bandwidth();
            compare_extensions(&map, reference, name, |eigenvalue| {
                1.0 + epsilon * eigenvalue
            });
        }
    }
}

#[test]
fn maps_to_a_target_equal_pydiffmap() {
    let references = pydiffmap();
    let theta = points_of_the_fit();
    let draws = Draws::from_f64(&theta, [1, POINTS, 3]).unwrap();
    let log_weights: Vec<f64> = theta.chunks_exact(3).map(log_weight).collect();
    for (name, bandwidth, neighbors) in
        [("target", 0.02, None), ("target_neighbors", 0.01, Some(24))]
    {
        let reference = &references[name];
        let config = config(Bandwidth::Fixed(bandwidth), 1.0).with_neighbors(neighbors);
        let map = config.fit_to_target(&draws, &log_weights).unwrap();
        compare_eigenpairs(&map, reference, name);
        compare_densities(&map, reference, name);
        if neighbors.is_none() {
            compare_extensions(&map, reference, name, |eigenvalue| {
                1.0 + bandwidth * eigenvalue
            });
        }
    }
    // A map without the target is another one.
    let map = fit(&config(Bandwidth::Fixed(0.02), 1.0));
    let ratio = map.eigenvalues()[1] / references["target"].eigenvalues[0];
    assert!((ratio - 1.0).abs() > 0.1, "{ratio}");
}

#[test]
fn a_variable_bandwidth_equals_pydiffmap() {
    let references = pydiffmap();
    let reference = &references["variable"];
    let config = config(Bandwidth::DensityPower(-0.5), 0.5).with_dimension(Some(2.0));
    let map = fit(&config);
    compare_eigenpairs(&map, reference, "variable");
    compare_densities(&map, reference, "variable");
}

#[test]
fn dense_maps_equal_datafold() {
    let references = datafold();
    let reference = &references["dense"];
    let map = fit(&config(Bandwidth::Fixed(0.02), 1.0));
    compare_eigenpairs(&map, reference, "dense");
    compare_extensions(&map, reference, "dense", |_| 1.0);
}

/// datafold's kernel between neighbours is not symmetric: close, but not the same.
#[test]
fn maps_of_neighbors_differ_from_datafold_as_documented() {
    let references = datafold();
    let reference = &references["neighbors"];
    let map = fit(&config(Bandwidth::Fixed(0.01), 0.5).with_neighbors(Some(24)));
    let ratio = map.eigenvalues()[1] / reference.eigenvalues[0];
    assert!((0.005..0.1).contains(&(ratio - 1.0).abs()), "{ratio}");
}
