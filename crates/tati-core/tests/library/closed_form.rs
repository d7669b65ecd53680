//! Gradients in closed form against those of Burn's tape.

use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Distribution, Tensor};
use rayon::ThreadPoolBuilder;
use tati_core::{ModelPotential, Potential, Result, freeze_parameters, open_device};

type Loss = fn(&Linear, Tensor<2>) -> Tensor<1>;
type Regression = ModelPotential<Linear, Tensor<2>, Loss>;

/// U = mean over rows x and outputs of (x W + b)².
fn loss(model: &Linear, rows: Tensor<2>) -> Tensor<1> {
    model.forward(rows).powi_scalar(2).mean()
}

/// U, and its gradients times `factor`, with the bias or without.
fn closed_form(
    models: &[Linear],
    rows: Tensor<2>,
    factor: f64,
    with_bias: bool,
) -> Vec<(f64, GradientsParams)> {
    let one = |model: &Linear| {
        let outputs = model.forward(rows.clone()).inner();
        let share = 2.0 * factor / outputs.shape().num_elements() as f64;
        let delta = outputs.clone().mul_scalar(share);
        let mut gradients = GradientsParams::new();
        if model.weight.val().is_require_grad() {
            let slope = rows.clone().transpose().matmul(delta.clone());
            gradients.register(model.weight.id, slope);
        }
        if let Some(bias) = model.bias.as_ref().filter(|_| with_bias) {
            let slope: Tensor<1> = delta.sum_dim(0).flatten(0, 1);
            gradients.register(bias.id, slope);
        }
        (
            outputs.powi_scalar(2).mean().into_scalar::<f64>(),
            gradients,
        )
    };
    models.iter().map(one).collect()
}

fn regression(rows: usize) -> (Linear, Regression) {
    let device = open_device("flex").unwrap();
    let model = LinearConfig::new(7, 3).init(&device.clone().autodiff());
    let rows = Tensor::random([rows, 7], Distribution::Uniform(-1.0, 1.0), &device);
    let potential = ModelPotential::new(model.clone(), rows, loss as Loss).unwrap();
    (model, potential)
}

fn in_closed_form(potential: Regression) -> Result<Regression> {
    potential.with_closed_form_gradients(|models, rows| closed_form(models, rows, 1.0, true))
}

/// Over one piece of data and over three, over mini-batches, and at more points than share a product.
#[test]
fn they_are_those_of_the_tape_to_rounding() {
    for (rows, batch) in [(40, None), (2500, None), (40, Some(8))] {
        let (model, mut tape) = regression(rows);
        if let Some(batch) = batch {
            tape = tape.with_batch_size(batch, 5).unwrap();
        }
        let mut ours = in_closed_form(tape.clone()).unwrap();
        assert!(ours.has_closed_form_gradients() && !tape.has_closed_form_gradients());
        for _ in 0..3 {
            let theta = tape.layout().flatten(&model).unwrap();
            let (energy, gradient) = ours.energy_and_gradient(&theta).unwrap();
            let (expected, slope) = tape.energy_and_gradient(&theta).unwrap();
            assert!((energy - expected).abs() < 1e-6);
            let largest = (gradient - slope).abs().max().into_scalar::<f64>();
            assert!(largest < 1e-6, "{largest}");
            tape.next_batch();
            ours.next_batch();
        }
        let n = tape.num_parameters();
        let device = open_device("flex").unwrap();
        let positions = Tensor::<2>::random([20, n], Distribution::Default, &device);
        let on = |threads: usize, potential: &Regression| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let evaluate = || potential.energies_and_gradients(&positions).unwrap();
            let (energies, gradients) = pool.unwrap().install(evaluate);
            let gradients = gradients.into_data().try_to_vec::<f32>().unwrap();
            (energies, gradients)
        };
        let (energies, gradients) = on(1, &ours);
        assert!((energies.clone(), gradients.clone()) == on(3, &ours));
        let (expected_energies, expected_gradients) = on(1, &tape);
        let close = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-5;
        assert!(energies.iter().zip(&expected_energies).all(close));
        let close = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-5;
        assert!(gradients.iter().zip(&expected_gradients).all(close));
    }
}

#[test]
fn a_frozen_tensor_has_none() {
    let (model, _) = regression(1);
    let model = freeze_parameters(model, &["weight"]).unwrap();
    let device = open_device("flex").unwrap();
    let rows = Tensor::random([9, 7], Distribution::Default, &device);
    let tape = ModelPotential::new(model.clone(), rows, loss as Loss).unwrap();
    let ours = in_closed_form(tape.clone()).unwrap();
    let ((_, ours), (_, tape)) = (ours.gradients(&model), tape.gradients(&model));
    assert_eq!((ours.len(), tape.len()), (1, 1));
}

#[test]
fn others_are_refused() {
    let refused = |factor: f64, with_bias: bool| {
        let (_, potential) = regression(30);
        let potential = potential.with_closed_form_gradients(move |models, rows| {
            closed_form(models, rows, factor, with_bias)
        });
        potential.err().unwrap().to_string()
    };
    let message = refused(1.001, true);
    assert!(message.starts_with("`gradients` is ") && message.contains("for parameter"));
    let message = refused(1.0, false);
    assert!(message.contains("is 0 for parameter 21"), "{message}");
    let (_, potential) = regression(30);
    let potential = potential.with_closed_form_gradients(|models, rows| {
        let mut evaluated = closed_form(models, rows, 1.0, true);
        evaluated[0].0 += 0.01;
        evaluated
    });
    let message = potential.err().unwrap().to_string();
    assert!(message.contains("with a loss of "), "{message}");
    let (_, potential) = regression(30);
    let potential = potential
        .with_closed_form_gradients(|models, rows| closed_form(&models[..1], rows, 1.0, true));
    let message = potential.err().unwrap().to_string();
    assert!(
        message.starts_with("`gradients` is 1 for 3 models"),
        "{message}"
    );
}
