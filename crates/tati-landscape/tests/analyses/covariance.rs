//! Covariance and principal components: every way gives the same, and what scipy gives.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use nalgebra::DMatrix;
use proptest::prelude::*;
use serde::Deserialize;
use tati_core::TatiError;
use tati_landscape::{
    CovarianceAccumulator, CovarianceMethod, Draws, PrincipalComponents, PrincipalComponentsConfig,
};

/// `count` numbers of mean 0 and variance 1 from the hash splitmix64 of (stream, place).
fn uniform(stream: u64, count: usize) -> impl Iterator<Item = f64> {
    (0..count as u64).map(move |place| {
        let mut z = (place + (stream << 40) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 12.0_f64.sqrt()
    })
}

/// Draws of decreasing variance along random directions, with white noise and a mean.
fn trajectory([draws, size, directions]: [usize; 3], noise: f64) -> Vec<f64> {
    let mut scores = uniform(1, draws * directions);
    let scores = Mat::from_fn(directions, draws, |_, _| scores.next().unwrap());
    let mut axes = uniform(2, directions * size);
    let mut all = Vec::new();
    all.extend((0..directions * size).map(|_| axes.next().unwrap() / (size as f64).sqrt()));
    let axes = faer::MatRef::from_column_major_slice(&all, size, directions);
    let scaled = Mat::from_fn(directions, draws, |k, t| {
        scores[(k, t)] * 10.0 / (k + 1) as f64
    });
    let mut theta = Mat::<f64>::zeros(size, draws);
    matmul(theta.as_mut(), Accum::Replace, axes, &scaled, 1.0, Par::Seq);
    let mean: Vec<f64> = uniform(4, size).collect();
    let mut white = uniform(3, draws * size);
    (0..draws * size)
        .map(|at| theta[(at % size, at / size)] + noise * white.next().unwrap() + mean[at % size])
        .collect()
}

fn components(draws: &Draws, count: usize, method: CovarianceMethod) -> PrincipalComponents {
    PrincipalComponentsConfig::new(count)
        .with_method(method)
        .with_tolerance(1e-9)
        .compute(draws)
        .unwrap()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[derive(Deserialize)]
struct Reference {
    eigenvalues: Vec<f64>,
    total_variance: f64,
    components: Vec<Vec<f64>>,
}

#[test]
fn five_thousand_draws_of_a_perceptron_equal_scipy() {
    let reference = include_str!("../references/covariance.json");
    let reference: Reference = serde_json::from_str(reference).unwrap();
    let theta = trajectory([5000, 7850, 200], 0.05);
    let single: Vec<f32> = theta.iter().map(|&x| x as f32).collect();
    drop(theta);
    let draws = Draws::from_f32(&single, [1, 5000, 7850]).unwrap();
    let found = PrincipalComponentsConfig::new(64).compute(&draws).unwrap();
    assert_eq!(found.method, CovarianceMethod::Krylov);
    for (at, (value, exact)) in found
        .eigenvalues
        .iter()
        .zip(&reference.eigenvalues)
        .enumerate()
    {
        assert!(
            (value / exact - 1.0).abs() < 1e-6,
            "λ{} {value} {exact}",
            at + 1
        );
        assert!(found.error_bounds[at] <= 1e-6 * value);
    }
    let ratio = found.explained_variance_ratio();
    for (ratio, exact) in ratio.iter().zip(&reference.eigenvalues) {
        assert!((ratio * reference.total_variance / exact - 1.0).abs() < 1e-6);
    }
    for (at, exact) in reference.components.iter().enumerate() {
        let vector: Vec<f64> = found
            .eigenvectors
            .column(at)
            .iter()
            .step_by(1000)
            .copied()
            .collect();
        let difference = largest_difference(&vector, exact);
        assert!(difference < 1e-6, "v{} is off by {difference}", at + 1);
    }
}

#[test]
fn all_ways_agree() {
    // Few enough of both that each is possible.
    for shape in [[300, 120, 40], [120, 300, 40]] {
        let theta = trajectory(shape, 0.01);
        let draws = Draws::from_f64(&theta, [2, shape[0] / 2, shape[1]]).unwrap();
        let dense = components(&draws, 10, CovarianceMethod::Dense);
        for method in [CovarianceMethod::Gram, CovarianceMethod::Krylov] {
            let other = components(&draws, 10, method);
            for (a, b) in other.eigenvalues.iter().zip(&dense.eigenvalues) {
                assert!((a / b - 1.0).abs() < 1e-10, "{method:?} {a} {b}");
            }
            let difference = (&other.eigenvectors - &dense.eigenvectors).amax();
            assert!(difference < 1e-7, "{method:?} {difference}");
            assert!((other.total_variance / dense.total_variance - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn the_scale_of_the_draws_does_not_matter() {
    let theta = trajectory([300, 120, 40], 0.01);
    let of = |scale: f64| {
        let scaled: Vec<f64> = theta.iter().map(|x| scale * x).collect();
        let draws = Draws::from_f64(&scaled, [1, 300, 120]).unwrap();
        components(&draws, 10, CovarianceMethod::Krylov).eigenvalues
    };
    // Squares of the first are too small for single precision, of the last too large.
    let exact = of(1.0);
    for scale in [1e-30, 1e-9, 1e9, 1e30] {
        for (value, exact) in of(scale).iter().zip(&exact) {
            assert!((value / scale / scale / exact - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn multiple_eigenvalues_are_all_found() {
    // Two draws each way along every axis: all variances the same, in pairs of 4, 4, 1, 1.
    let mut theta = Vec::new();
    for (axis, length) in [2.0, 2.0, 1.0, 1.0].into_iter().enumerate() {
        for sign in [1.0, -1.0] {
            let mut draw = [0.0; 6];
            draw[axis] = sign * length;
            theta.extend(draw);
        }
    }
    let draws = Draws::from_f64(&theta, [1, 8, 6]).unwrap();
    for method in [
        CovarianceMethod::Dense,
        CovarianceMethod::Gram,
        CovarianceMethod::Krylov,
    ] {
        let found = components(&draws, 6, method);
        let exact = [8.0, 8.0, 2.0, 2.0, 0.0, 0.0].map(|x| x / 7.0);
        assert!(
            largest_difference(&found.eigenvalues, &exact) < 1e-12,
            "{found:?}"
        );
        let product = found.eigenvectors.transpose() * &found.eigenvectors;
        assert!(
            (product - DMatrix::identity(6, 6)).amax() < 1e-12,
            "{found:?}"
        );
    }
}

#[test]
fn the_eigenvalues_of_white_noise_lie_between_the_edges_of_marchenko_and_pastur() {
    // (1 ± √(N/n))² for N/n = 1/4, as N grows; at N = 400 the edges are sharp to about N^(−2/3).
    let [n, size] = [1600, 400];
    let theta: Vec<f64> = uniform(9, n * size).collect();
    let draws = Draws::from_f64(&theta, [1, n, size]).unwrap();
    let found = components(&draws, size, CovarianceMethod::Cheapest);
    let [low, high] = [(1.0 - 0.5_f64).powi(2), (1.0 + 0.5_f64).powi(2)];
    let [first, last] = [found.eigenvalues[0], found.eigenvalues[size - 1]];
    assert!((first / high - 1.0).abs() < 0.05, "{first} at {high}");
    assert!((last / low - 1.0).abs() < 0.05, "{last} at {low}");
    assert!((found.total_variance / size as f64 - 1.0).abs() < 0.01);
    // As many as the law has above 1: ∫ √((high − x)(x − low)) / (2π x/4) dx.
    let steps = 100_000;
    let width = (high - 1.0) / steps as f64;
    let law: f64 = (0..steps)
        .map(|step| 1.0 + (f64::from(step) + 0.5) * width)
        .map(|x| ((high - x) * (x - low)).sqrt() / (0.5 * std::f64::consts::PI * x) * width)
        .sum();
    let above = found
        .eigenvalues
        .iter()
        .filter(|value| **value > 1.0)
        .count() as f64;
    assert!((above / size as f64 - law).abs() < 0.02, "{above} of {law}");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let theta = trajectory([400, 3000, 60], 0.05);
    let draws = Draws::from_f64(&theta, [1, 400, 3000]).unwrap();
    for method in [CovarianceMethod::Gram, CovarianceMethod::Krylov] {
        let by = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| components(&draws, 5, method))
        };
        assert_eq!(by(1), by(3));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let theta = trajectory([10, 4, 4], 0.0);
    let draws = Draws::from_f64(&theta, [1, 10, 4]).unwrap();
    let error = PrincipalComponentsConfig::new(5)
        .compute(&draws)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`num_components` is 5: it must be from 1 to 4"
    );
    let one = draws.with_burn_in(9).unwrap();
    assert!(PrincipalComponentsConfig::new(1).compute(&one).is_err());
    let mut damaged = theta.clone();
    damaged[7] = f64::NAN;
    let draws = Draws::from_f64(&damaged, [1, 10, 4]).unwrap();
    let error = PrincipalComponentsConfig::new(1)
        .compute(&draws)
        .unwrap_err();
    assert!(matches!(error, TatiError::NotFinite { .. }), "{error}");
    let theta = trajectory([400, 300, 300], 0.0);
    let draws = Draws::from_f64(&theta, [1, 400, 300]).unwrap();
    let hasty = PrincipalComponentsConfig::new(50)
        .with_method(CovarianceMethod::Krylov)
        .with_max_passes(2);
    let error = hasty.compute(&draws).unwrap_err();
    assert!(matches!(error, TatiError::NotConverged { .. }), "{error}");
}

/// The covariance by the textbook, in two passes.
fn textbook(theta: &[f64], size: usize) -> DMatrix<f64> {
    let rows = DMatrix::from_row_slice(theta.len() / size, size, theta);
    let mean = rows.row_mean();
    let centred = DMatrix::from_fn(rows.nrows(), size, |i, j| rows[(i, j)] - mean[j]);
    centred.transpose() * &centred / (rows.nrows() - 1) as f64
}

proptest! {
    #[test]
    fn any_chunking_gives_the_covariance_of_all(
        cuts in prop::collection::vec(0_usize..=60, 0..6),
        mean in prop::sample::select(vec![0.0, 1.0, 1.0e6]),
        seed in 10_u64..1000,
    ) {
        let [n, size] = [60, 5];
        let spread: Vec<f64> = uniform(seed, n * size).collect();
        let theta: Vec<f64> = spread.iter().map(|x| mean + x).collect();
        let mut cuts = cuts;
        cuts.extend([0, n]);
        cuts.sort_unstable();
        let chunks = || cuts.windows(2).map(|cut| &theta[cut[0] * size..cut[1] * size]);
        let mut streamed = CovarianceAccumulator::new(size).unwrap();
        let mut merged = CovarianceAccumulator::new(size).unwrap();
        for chunk in chunks() {
            streamed.add(chunk).unwrap();
            let mut part = CovarianceAccumulator::new(size).unwrap();
            part.add(chunk).unwrap();
            merged.merge(&part).unwrap();
        }
        let mut batch = CovarianceAccumulator::new(size).unwrap();
        batch.add(&theta).unwrap();
        // Of the same numbers: what is lost in θ = mean + x is lost for all.
        let shifted: Vec<f64> = theta.iter().map(|x| x - mean).collect();
        let exact = textbook(&shifted, size);
        for accumulator in [&streamed, &merged, &batch] {
            prop_assert_eq!(accumulator.num_draws(), n);
            let difference = (accumulator.covariance().unwrap() - &exact).amax();
            prop_assert!(difference < 1e-10 * exact.amax(), "{difference}");
        }
    }
}
