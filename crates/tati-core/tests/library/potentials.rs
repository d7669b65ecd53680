//! Potentials against their exact answers and against finite differences.

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::analytic::{DoubleWell, Harmonic, HostPotential, MuellerBrown, Rosenbrock};
use tati_core::{ModelPotential, Potential, configurational_temperature_terms, open_device};

fn device() -> Device {
    open_device("flex").unwrap()
}

fn vector(values: &[f64]) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (&device(), DType::F64))
}

fn analytic_potentials() -> Vec<Box<dyn HostPotential>> {
    vec![
        Box::new(Harmonic::new(vec![1.0, 3.0, 0.2]).unwrap()),
        Box::new(DoubleWell::new(2.0).unwrap()),
        Box::new(MuellerBrown),
        Box::new(Rosenbrock::new(100.0).unwrap()),
    ]
}

#[test]
fn gradients_and_laplacians_agree_with_finite_differences() {
    let step = 1e-5;
    for potential in analytic_potentials() {
        let n = potential.dimension();
        let at: Vec<f64> = (0..n).map(|i| 0.3 - 0.45 * i as f64).collect();
        let gradient_at = |theta: &[f64]| {
            let mut gradient = vec![0.0; n];
            let energy = potential.value_and_gradient(theta, &mut gradient);
            (energy, gradient)
        };
        let (_, gradient) = gradient_at(&at);
        let mut laplacian = 0.0;
        for i in 0..n {
            let (mut up, mut down) = (at.clone(), at.clone());
            up[i] += step;
            down[i] -= step;
            let ((energy_up, gradient_up), (energy_down, gradient_down)) =
                (gradient_at(&up), gradient_at(&down));
            let difference = (energy_up - energy_down) / (2.0 * step);
            assert!((difference - gradient[i]).abs() < 1e-5 * (1.0 + difference.abs()));
            laplacian += (gradient_up[i] - gradient_down[i]) / (2.0 * step);
        }
        let exact = potential.laplacian_at(&at);
        assert!((laplacian - exact).abs() < 1e-5 * (1.0 + exact.abs()));
    }
}

#[test]
fn mueller_brown_has_its_published_stationary_points() {
    let points = MuellerBrown::MINIMA
        .iter()
        .zip(MuellerBrown::MINIMUM_ENERGIES);
    let saddles = MuellerBrown::SADDLES
        .iter()
        .zip(MuellerBrown::SADDLE_ENERGIES);
    for (point, energy) in points.chain(saddles) {
        let (found, gradient) = MuellerBrown.energy_and_gradient(&vector(point)).unwrap();
        assert!((found - energy).abs() < 1e-8);
        assert!(gradient.abs().max().into_scalar::<f64>() < 1e-4);
    }
}

#[test]
fn rosenbrock_moments_agree_with_quadrature() {
    let (steepness, beta) = (5.0, 2.0);
    let valley = Rosenbrock::new(steepness).unwrap();
    let mut sums = [0.0; 6];
    let mut gradient = [0.0; 2];
    for i in 0..800 {
        let x = -2.5 + 7.0 * f64::from(i) / 800.0;
        for j in 0..2400 {
            let y = -2.0 + 24.0 * f64::from(j) / 2400.0;
            let weight = (-beta * valley.value_and_gradient(&[x, y], &mut gradient)).exp();
            for (sum, value) in sums.iter_mut().zip([1.0, x, y, x * x, x * y, y * y]) {
                *sum += weight * value;
            }
        }
    }
    let [total, x, y, xx, xy, yy] = sums;
    let (x, y) = (x / total, y / total);
    let mean = valley.mean(beta);
    let covariance = valley.covariance(beta);
    assert!((x - mean[0]).abs() < 1e-6 && (y - mean[1]).abs() < 1e-6);
    assert!((xx / total - x * x - covariance[0][0]).abs() < 1e-6);
    assert!((xy / total - x * y - covariance[0][1]).abs() < 1e-6);
    assert!((yy / total - y * y - covariance[1][1]).abs() < 1e-6);
}

#[test]
fn double_well_averages_satisfy_the_virial_theorem() {
    let well = DoubleWell::new(1.5).unwrap();
    let beta = 2.0;
    let virial = |theta: f64| {
        let mut gradient = [0.0];
        well.value_and_gradient(&[theta], &mut gradient);
        theta * gradient[0]
    };
    let average = well.average(beta, virial);
    assert!((average - 1.0 / beta).abs() < 1e-12);
}

#[test]
fn harmonic_free_energy_is_the_gaussian_integral() {
    let well = Harmonic::new(vec![2.0]).unwrap();
    let partition: f64 = (-4000..4000)
        .map(|i| (-3.0 * f64::from(i * i) * 1e-6).exp() * 1e-3)
        .sum();
    assert!((well.free_energy(3.0) + partition.ln() / 3.0).abs() < 1e-9);
    let terms = configurational_temperature_terms(&well, &vector(&[0.5])).unwrap();
    assert_eq!(terms, Some((1.0, 2.0)));
}

#[test]
fn a_position_of_the_wrong_length_is_refused() {
    let message = MuellerBrown
        .energy(&vector(&[1.0]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "length of the parameter vector: expected 2, found 1"
    );
}

/// The mean squared error of a linear model over rows of inputs and targets.
fn squared_error(model: &Linear, (inputs, targets): (Tensor<2>, Tensor<2>)) -> Tensor<1> {
    (model.forward(inputs) - targets).powi_scalar(2).mean()
}

type LinearLoss = fn(&Linear, (Tensor<2>, Tensor<2>)) -> Tensor<1>;

fn regression(rows: usize) -> ModelPotential<Linear, (Tensor<2>, Tensor<2>), LinearLoss> {
    let device = device().autodiff();
    let inputs: Vec<f32> = (0..3 * rows)
        .map(|i| (i * 7 % 13) as f32 / 6.0 - 1.0)
        .collect();
    let targets: Vec<f32> = (0..2 * rows)
        .map(|i| (i * 5 % 11) as f32 / 5.0 - 1.0)
        .collect();
    let data = (
        Tensor::<2>::from_data(TensorData::new(inputs, [rows, 3]), &device),
        Tensor::<2>::from_data(TensorData::new(targets, [rows, 2]), &device),
    );
    let model = LinearConfig::new(3, 2).init(&device);
    ModelPotential::new(model, data, squared_error as LinearLoss).unwrap()
}

fn some_position() -> Tensor<1> {
    Tensor::from_data([0.1f32, -0.2, 0.3, 0.4, -0.5, 0.6, 0.7, -0.8], &device())
}

#[test]
fn a_full_batch_in_chunks_is_the_mean_over_all_rows() {
    // 2,300 rows make three chunks, the last one shorter.
    let potential = regression(2300);
    let theta: Vec<f64> = some_position().to_data().iter::<f64>().collect();
    let (energy, gradient) = potential.energy_and_gradient(&some_position()).unwrap();
    let mut exact = 0.0;
    let mut exact_gradient = [0.0; 8];
    for row in 0..2300 {
        let x: Vec<f64> = (0..3)
            .map(|k| ((3 * row + k) * 7 % 13) as f64 / 6.0 - 1.0)
            .collect();
        for out in 0..2 {
            let target = ((2 * row + out) * 5 % 11) as f64 / 5.0 - 1.0;
            let output: f64 =
                (0..3).map(|k| x[k] * theta[2 * k + out]).sum::<f64>() + theta[6 + out];
            let error = output - target;
            exact += error * error / 4600.0;
            for k in 0..3 {
                exact_gradient[2 * k + out] += 2.0 * error * x[k] / 4600.0;
            }
            exact_gradient[6 + out] += 2.0 * error / 4600.0;
        }
    }
    assert!((energy - exact).abs() < 1e-6);
    assert!((potential.energy(&some_position()).unwrap() - exact).abs() < 1e-6);
    for (found, exact) in gradient.to_data().iter::<f64>().zip(exact_gradient) {
        assert!((found - exact).abs() < 1e-6, "{found} is not {exact}");
    }
}

#[test]
fn many_points_at_once_agree_with_one_at_a_time() {
    let potential = regression(1500);
    let points = Tensor::stack::<2>(vec![some_position(), some_position() * 2.0], 0);
    let together = potential.energies(&points).unwrap();
    assert_eq!(together[0], potential.energy(&some_position()).unwrap());
    assert_eq!(
        together[1],
        potential.energy(&(some_position() * 2.0)).unwrap()
    );
}

#[test]
fn requests_do_not_advance_the_mini_batch_and_its_order_resumes() {
    let mut potential = regression(100).with_batch_size(30, 5).unwrap();
    let energy =
        |potential: &ModelPotential<_, _, LinearLoss>| potential.energy(&some_position()).unwrap();
    let first = energy(&potential);
    assert_eq!(first, energy(&potential));
    assert_eq!(
        first as f32,
        potential.energy_and_gradient(&some_position()).unwrap().0 as f32
    );

    let saved = potential.batch_position().unwrap();
    let later: Vec<f64> = (0..7)
        .map(|_| {
            potential.next_batch();
            energy(&potential)
        })
        .collect();
    assert_ne!(first, later[0]);

    let mut resumed = regression(100).with_batch_size(30, 5).unwrap();
    resumed.resume_batches(saved).unwrap();
    for expected in later {
        resumed.next_batch();
        assert_eq!(energy(&resumed), expected);
    }
    assert!(regression(10).with_batch_size(11, 0).is_err());
    assert!(regression(10).resume_batches(saved).is_err());
}
