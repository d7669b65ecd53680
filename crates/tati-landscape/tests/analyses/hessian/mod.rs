//! Hessians of quadratic potentials with known spectra, and of a network against its dense Hessian.

mod refusals;

use crate::quadratic::Quadratic;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use nalgebra::{DMatrix, SymmetricEigen};
use tati_core::analytic::Harmonic;
use tati_core::{ModelPotential, Potential, open_device};
use tati_landscape::{
    Eigenpairs, EigenpairsConfig, Hessian, HessianTraceConfig, SpectralDensityConfig, SpectrumEnd,
};

fn flex() -> Device {
    open_device("flex").expect("flex is compiled in")
}

fn point(values: Vec<f64>, dtype: DType) -> Tensor<1> {
    let length = values.len();
    let data = TensorData::new(values, [length]).convert_dtype(dtype);
    Tensor::from_data(data, (&flex(), dtype))
}

/// Threefold and double eigenvalues at both ends and in the middle, zeros and negative ones.
fn spectrum() -> Vec<f64> {
    let mut spectrum = vec![
        9.0, 9.0, 9.0, 7.5, 4.0, 4.0, -8.0, -8.0, -5.0, 0.0, 0.0, 1e-3,
    ];
    spectrum.extend((0..28).map(|at| 0.1 * f64::from(at) - 1.0));
    spectrum
}

fn descending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    for (found_value, expected_value) in found.iter().zip(expected) {
        assert!(
            (found_value - expected_value).abs() <= tolerance,
            "{found:?} for {expected:?}"
        );
    }
}

/// Eigenvectors are orthonormal, of the sign agreed on, and those of A.
fn assert_eigenvectors(pairs: &Eigenpairs, quadratic: &Quadratic, tolerance: f64) {
    let gram = pairs.eigenvectors.tr_mul(&pairs.eigenvectors);
    let unit = DMatrix::identity(gram.nrows(), gram.ncols());
    assert!((gram - unit).abs().max() < 1e-10);
    for (vector, value) in pairs.eigenvectors.column_iter().zip(&pairs.eigenvalues) {
        let product = quadratic.apply(vector.as_slice());
        for (part, product) in vector.iter().zip(product) {
            assert!((product - value * part).abs() < tolerance);
        }
        let largest = vector[vector.iamax()];
        assert!(largest > 0.0, "{largest}");
    }
}

/// A search overlooks a copy of an eigenvalue with a probability of at most 1 in 1000: with some 80 of them, false alarms at most 8 in 100.
#[test]
fn known_spectra_are_found_with_their_multiplicities() {
    let spectrum = spectrum();
    let quadratic = Quadratic::new(&spectrum);
    let theta = point(vec![0.3; spectrum.len()], DType::F64);
    let all = descending(spectrum.clone());
    let mut by_magnitude = spectrum.clone();
    by_magnitude.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
    for (end, num_pairs, expected) in [
        (SpectrumEnd::Largest, 6, all[..6].to_vec()),
        (SpectrumEnd::Smallest, 4, all[36..].to_vec()),
        (
            SpectrumEnd::LargestMagnitude,
            6,
            descending(by_magnitude[..6].to_vec()),
        ),
        (SpectrumEnd::Largest, 40, all.clone()),
    ] {
        for seed in 0..5 {
            let mut hessian = Hessian::new(&quadratic, &theta).unwrap();
            let config = EigenpairsConfig::new(num_pairs)
                .with_end(end)
                .with_tolerance(1e-9)
                .with_seed(seed);
            let pairs = config.run(&mut hessian).unwrap();
            assert!(pairs.converged, "{end:?} {seed}");
            assert_close(&pairs.eigenvalues, &expected, 1e-8);
            assert_eigenvectors(&pairs, &quadratic, 1e-6);
            let errors = pairs.difference_errors.iter().chain(&pairs.residuals);
            assert!(errors.into_iter().all(|error| *error < 1e-6), "{pairs:?}");
            assert_eq!(
                (pairs.seed, pairs.num_gradients),
                (seed, hessian.num_gradients())
            );
        }
    }
}

/// In single precision the eigenvalues are right to about the error that is reported.
#[test]
fn single_precision_tells_its_error() {
    let spectrum = spectrum();
    let quadratic = Quadratic::new(&spectrum);
    let theta = point(vec![0.3; spectrum.len()], DType::F32);
    let mut hessian = Hessian::new(&quadratic, &theta).unwrap();
    let pairs = EigenpairsConfig::new(6).run(&mut hessian).unwrap();
    assert!(pairs.converged);
    let expected = descending(spectrum);
    for ((found, expected), error) in pairs
        .eigenvalues
        .iter()
        .zip(&expected)
        .zip(&pairs.difference_errors)
    {
        assert!(
            (found - expected).abs() < 1e-3 * expected,
            "{found} for {expected}"
        );
        assert!(
            (found - expected).abs() < 5.0 * error,
            "{found} for {expected} ± {error}"
        );
        assert!(*error < 1e-3 * expected, "{error}");
    }
}

#[test]
fn products_that_do_not_suffice_are_said_not_to() {
    let spectrum: Vec<f64> = (0..400).map(|at| f64::from(at) / 400.0).collect();
    let quadratic = Quadratic::new(&spectrum);
    let theta = point(vec![0.0; 400], DType::F64);
    let run = |max_products| {
        let mut hessian = Hessian::new(&quadratic, &theta).unwrap();
        let config = EigenpairsConfig::new(5).with_max_products(max_products);
        config.run(&mut hessian).unwrap()
    };
    let short = run(10);
    assert!(!short.converged);
    assert_eq!(
        (short.eigenvalues.len(), short.num_gradients),
        (5, 1 + 2 * (10 + 5))
    );
    assert!(short.residuals[4] > 1e-3);
    assert!(run(500).converged);
}

/// Burn's network with one hidden layer of tanh units: 45 parameters.
#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

type Loss = fn(&Network, (Tensor<2>, Tensor<1, Int>)) -> Tensor<1>;
type NetworkPotential = ModelPotential<Network, (Tensor<2>, Tensor<1, Int>), Loss>;

/// The network's cross-entropy over 60 points and parameters of both signs, in `dtype`.
fn network(dtype: DType) -> (NetworkPotential, Tensor<1>) {
    let device = flex().autodiff();
    let model = Network {
        hidden: LinearConfig::new(3, 6).init(&device),
        output: LinearConfig::new(6, 3).init(&device),
    };
    let wave = |at: usize, pace: f64| (pace * at as f64).sin();
    let inputs: Vec<f64> = (0..180).map(|at| 1.5 * wave(at, 0.7)).collect();
    let inputs = TensorData::new(inputs, [60, 3]).convert_dtype(dtype);
    let inputs = Tensor::<2>::from_data(inputs, (&flex(), dtype));
    let labels: Vec<i32> = (0..60).map(|at| at * at % 3).collect();
    let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &flex());
    let loss: Loss = |model, (inputs, labels)| {
        let logits = model.output.forward(model.hidden.forward(inputs).tanh());
        CrossEntropyLossConfig::new()
            .init(&logits.device())
            .forward(logits, labels)
    };
    let potential = ModelPotential::new(model, (inputs, labels), loss).unwrap();
    let theta = (0..45).map(|at| 1.2 * wave(at, 1.3)).collect();
    (potential, point(theta, dtype))
}

/// All second derivatives, column by column, by differences of fourth order in double precision.
fn dense_hessian(potential: &impl Potential, theta: &Tensor<1>) -> DMatrix<f64> {
    const STEP: f64 = 1e-3;

    let length = potential.num_parameters();
    let gradient = |at: usize, displacement: f64| {
        let mut values: Vec<f64> = theta.to_data().iter::<f64>().collect();
        values[at] += displacement;
        let (_, gradient) = potential
            .energy_and_gradient(&point(values, DType::F64))
            .unwrap();
        gradient.into_data().iter::<f64>().collect::<Vec<f64>>()
    };
    let mut hessian = DMatrix::zeros(length, length);
    for at in 0..length {
        let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(|steps| gradient(at, steps * STEP));
        for row in 0..length {
            hessian[(row, at)] = (8.0 * (c[row] - b[row]) - (d[row] - a[row])) / (12.0 * STEP);
        }
    }
    0.5 * (&hessian + hessian.transpose())
}

#[test]
fn eigenvalues_of_a_network_are_those_of_its_dense_hessian() {
    let (exact, theta) = network(DType::F64);
    let dense = dense_hessian(&exact, &theta);
    let eigenvalues = SymmetricEigen::new(dense.clone()).eigenvalues;
    let all = descending(eigenvalues.as_slice().to_vec());
    assert!(all[44] < -1e-2, "a saddle: {all:?}");
    for (dtype, tolerance) in [(DType::F64, 1e-6), (DType::F32, 1e-3)] {
        let (potential, theta) = network(dtype);
        let mut hessian = Hessian::new(&potential, &theta).unwrap();
        let config = EigenpairsConfig::new(10).with_tolerance(1e-4);
        let pairs = config.run(&mut hessian).unwrap();
        assert!(pairs.converged);
        for ((found, expected), error) in pairs
            .eigenvalues
            .iter()
            .zip(&all)
            .zip(&pairs.difference_errors)
        {
            let off = (found - expected).abs();
            assert!(
                off < tolerance * expected,
                "{dtype:?}: {found} for {expected}"
            );
            assert!(*error < 3.0 * tolerance * all[0], "{dtype:?}: {error}");
        }
        let lowest = EigenpairsConfig::new(1).with_end(SpectrumEnd::Smallest);
        let lowest = lowest.run(&mut hessian).unwrap();
        assert!((lowest.eigenvalues[0] - all[44]).abs() < 3e-3 * all[44].abs());

        // Four standard errors: false alarms 6 in 100,000 each.
        let trace = HessianTraceConfig::new(400)
            .with_seed(1)
            .run(&mut hessian)
            .unwrap();
        let error = trace.standard_error + trace.difference_error;
        assert!(
            (trace.trace - dense.trace()).abs() < 4.0 * error,
            "{trace:?}"
        );
        assert!(trace.standard_error < 0.5, "{}", trace.standard_error);
    }
}

#[test]
fn a_product_is_that_of_the_dense_hessian_and_knows_its_error() {
    let (potential, theta) = network(DType::F64);
    let dense = dense_hessian(&potential, &theta);
    let direction: Vec<f64> = (0..45).map(|at| f64::from(at % 7) - 2.0).collect();
    let expected = &dense * nalgebra::DVector::from_vec(direction.clone());
    let mut hessian = Hessian::new(&potential, &theta).unwrap();
    let fine = hessian.product(&direction).unwrap();
    assert_close(&fine.product, expected.as_slice(), 1e-7);
    assert!(fine.difference_error < 1e-6);
    assert_eq!(hessian.num_gradients(), 4);
    // With a coarse step the curvature's change dominates: the error of second order is a third of what is reported.
    let mut hessian = Hessian::new(&potential, &theta)
        .unwrap()
        .with_difference_step(0.02)
        .unwrap();
    let coarse = hessian.product(&direction).unwrap();
    let squares = coarse.product.iter().zip(expected.iter());
    let off = squares.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    assert!(
        (coarse.difference_error / off - 3.0).abs() < 0.1,
        "{off} {}",
        coarse.difference_error
    );
}

#[test]
fn a_trace_is_within_its_error() {
    // Signs square to one: on the axes the estimate is exact.
    let well = Harmonic::new(vec![3.0, 1.0, 0.5, 20.0]).unwrap();
    let theta = point(vec![0.1; 4], DType::F64);
    let mut hessian = Hessian::new(&well, &theta).unwrap();
    let trace = HessianTraceConfig::new(3).run(&mut hessian).unwrap();
    assert!((trace.trace - 24.5).abs() < 1e-8 && trace.standard_error < 1e-8);
    assert_eq!((trace.num_gradients, trace.probes.len()), (8, 3));

    // Elsewhere the deviations of 300 seeds have the variance that is reported; with 20 probes each the square of Student's t has mean
    // 19/17, its mean over 300 a standard deviation of 0.11: four of them, false alarms 6 in 100,000.
    let spectrum = spectrum();
    let quadratic = Quadratic::new(&spectrum);
    let theta = point(vec![0.0; spectrum.len()], DType::F64);
    let exact: f64 = spectrum.iter().sum();
    let mut hessian = Hessian::new(&quadratic, &theta).unwrap();
    let mut squares = [0.0, 0.0];
    for seed in 0..300 {
        let found = HessianTraceConfig::new(20)
            .with_seed(seed)
            .run(&mut hessian)
            .unwrap();
        squares[0] += ((found.trace - exact) / found.standard_error).powi(2) / 300.0;
        // The control: a trace without one of its eigenvalues.
        squares[1] += ((found.trace - exact + 9.0) / found.standard_error).powi(2) / 300.0;
    }
    let expected = 19.0 / 17.0;
    assert!((squares[0] - expected).abs() < 0.45, "{squares:?}");
    assert!(squares[1] > expected + 1.0, "{squares:?}");
}

#[test]
fn a_density_integrates_to_the_number_of_parameters() {
    let spectrum = spectrum();
    let quadratic = Quadratic::new(&spectrum);
    let theta = point(vec![0.0; spectrum.len()], DType::F64);
    let mut hessian = Hessian::new(&quadratic, &theta).unwrap();
    let trace = HessianTraceConfig::new(40)
        .with_seed(5)
        .run(&mut hessian)
        .unwrap();
    let config = SpectralDensityConfig::new(40).with_seed(5);
    for num_steps in [1, 5, 20, 40] {
        let density = config
            .clone()
            .with_num_steps(num_steps)
            .run(&mut hessian)
            .unwrap();
        // The first moment is Hutchinson's estimate from the same probes, after however few steps.
        assert!((density.trace - trace.trace).abs() < 1e-7, "{num_steps}");
        assert!((density.trace_standard_error - trace.standard_error).abs() < 1e-7);
        assert!(density.difference_error < 1e-8);
        for width in [0.05, 0.5, 3.0] {
            let curve = density.broadened(width).unwrap();
            assert!(
                (curve.integral() - 40.0).abs() < 1e-6,
                "{}",
                curve.integral()
            );
            assert!((curve.first_moment() - trace.trace).abs() < 1e-5);
        }
    }

    // Five standard errors of 40 probes: false alarms 1 in 100,000 each.
    let density = config.run(&mut hessian).unwrap();
    for (range, expected) in [(3.9..10.0, 6.0), (-9.0..-4.0, 3.0), (-9.0..10.0, 40.0)] {
        let (number, error) = density.number_in(range);
        assert!(
            (number - expected).abs() < (5.0 * error).max(1e-6),
            "{number} ± {error} for {expected}"
        );
    }

    // With all 40 steps the probes differ from the spectrum only by chance. Five standard errors of 40 probes at some 40 independent
    // places: false alarms 5 in 10,000.
    let curve = density.broadened(0.5).unwrap();
    let largest = |shift: f64| {
        let mut largest: f64 = 0.0;
        for (at, (found, error)) in curve
            .eigenvalues
            .iter()
            .zip(curve.density.iter().zip(&curve.standard_error))
        {
            let gaussian = |eigenvalue: &f64| {
                let distance = (at - shift - eigenvalue) / 0.5;
                (-0.5 * distance * distance).exp() / (0.5 * std::f64::consts::TAU.sqrt())
            };
            let expected: f64 = spectrum.iter().map(gaussian).sum();
            // Where no eigenvalue is near there is nothing to compare.
            if expected > 1e-3 {
                largest = largest.max((found - expected).abs() / error);
            }
        }
        largest
    };
    assert!(largest(0.0) < 5.0, "{}", largest(0.0));
    assert!(largest(0.5) > 8.0, "the control: {}", largest(0.5));
}

#[test]
fn progress_counts_products() {
    let well = Harmonic::new(vec![1.0, 2.0, 3.0]).unwrap();
    let theta = point(vec![0.0; 3], DType::F64);
    let mut seen = Vec::new();
    let mut hessian = Hessian::new(&well, &theta)
        .unwrap()
        .with_progress(|progress| seen.push((progress.num_products, progress.max_products)));
    HessianTraceConfig::new(4).run(&mut hessian).unwrap();
    drop(hessian);
    assert_eq!(seen, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);
}
