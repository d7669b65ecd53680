//! What a known linear network predicts on grids of inputs.

use std::fs;

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Tensor, TensorData};
use tati_core::{Result, open_device};
use tati_landscape::{Draws, InputGrid};

/// y₁ = x₁ + 2 x₂ + 3 x₃, y₂ = −x₁ in single precision.
fn linear() -> Linear {
    let device = open_device("flex").unwrap().autodiff();
    let mut model = LinearConfig::new(3, 2).with_bias(false).init(&device);
    let weight = Tensor::<2>::from_data([[1.0, -1.0], [2.0, 0.0], [3.0, 0.0]], &device);
    model.weight = Param::from_tensor(weight);
    model
}

fn forward(model: &Linear, inputs: Tensor<2>) -> Tensor<2> {
    model.forward(inputs)
}

#[test]
fn predictions_lie_on_the_grid_of_inputs() {
    // More inputs than a network sees at once; the third varies slowest, the second is held.
    let grid = InputGrid::new(vec![9.0, 0.5, 9.0])
        .with_input(2, 0.0..=40.0, 41)
        .and_then(|grid| grid.with_input(0, -2.0..=2.0, 33))
        .unwrap();
    let predictions = grid.predict(&linear(), forward).unwrap();
    assert_eq!(predictions.axes[0].name, "x3");
    assert_eq!((grid.shape(), predictions.num_outputs), (vec![41, 33], 2));
    for (point, outputs) in predictions.outputs.chunks(2).enumerate() {
        let (third, first) = ((point / 33) as f64, (point % 33) as f64 * 0.125 - 2.0);
        assert_eq!(outputs, [first + 1.0 + 3.0 * third, -first]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inputs.csv");
    predictions.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("x3,x1,output0,output1\n0.0,-2.0,-1.0,2.0\n0.0,-1.875,"),
        "{text}"
    );
}

#[test]
fn predictions_of_draws_have_their_mean_and_spread() {
    let grid = InputGrid::new(vec![0.0, 0.0, 1.0])
        .with_input(0, 1.0..=2.0, 2)
        .unwrap();
    // W of shape [3, 2], two chains of two draws; y₁ = w₁₁ x₁ + w₃₁.
    let theta: Vec<f64> = [1.0, 3.0, 5.0, 7.0]
        .into_iter()
        .flat_map(|w| [w, 0.0, 0.0, 0.0, -w, 1.0])
        .collect();
    let draws = Draws::from_f64(&theta, [2, 2, 6]).unwrap();
    let spread = grid.predict_draws(&linear(), &draws, forward).unwrap();
    assert_eq!((spread.num_outputs, spread.num_draws), (2, 4));
    assert_eq!(spread.mean, [0.0, 1.0, 4.0, 1.0]);
    for (found, exact) in spread
        .standard_deviation
        .iter()
        .zip([0.0, 0.0, 5f64.sqrt(), 0.0])
    {
        assert!((found - exact).abs() < 1e-14, "{found} is not {exact}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inputs.csv");
    spread.write_csv(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with(
            "x1,mean0,mean1,standard_deviation0,standard_deviation1\n1.0,0.0,1.0,0.0,0.0\n"
        ),
        "{text}"
    );
    let draws = Draws::from_f64(&theta, [2, 3, 4]).unwrap();
    assert!(grid.predict_draws(&linear(), &draws, forward).is_err());
}

#[test]
fn input_grids_refuse_what_does_not_fit() {
    let grid = InputGrid::new(vec![0.0; 3]);
    let message = |grid: Result<InputGrid>| grid.unwrap_err().to_string();
    assert_eq!(
        message(grid.clone().with_input(3, 0.0..=1.0, 2)),
        "`input` is 3: it must be from 0 to below 3"
    );
    assert!(message(grid.clone().with_input(0, 1.0..=0.0, 2)).contains("range of an axis"));
    assert!(message(grid.clone().with_input(0, 0.0..=1.0, 0)).contains("points of an axis"));
    let once = grid.clone().with_input(0, 0.0..=1.0, 2).unwrap();
    assert!(message(once.clone().with_input(0, 0.0..=1.0, 2)).contains("0 twice"));
    // No input varies, and a network that mixes up its rows.
    assert!(grid.predict(&linear(), forward).is_err());
    let transposed = |model: &Linear, inputs: Tensor<2>| model.forward(inputs).slice([0..1, 0..2]);
    assert!(once.predict(&linear(), transposed).is_err());
}

/// In double precision the model sees the numbers of the grid as they are.
#[test]
fn the_precision_of_the_model_is_that_of_its_inputs() {
    let device = open_device("flex").unwrap().autodiff();
    let mut model = LinearConfig::new(1, 1).with_bias(false).init(&device);
    let weight = TensorData::new(vec![1.0f64], [1, 1]);
    model.weight = Param::from_tensor(Tensor::from_data(weight, (&device, DType::F64)));
    let grid = InputGrid::new(vec![0.0])
        .with_input(0, 0.1..=0.3, 3)
        .unwrap();
    let predictions = grid.predict(&model, forward).unwrap();
    assert_eq!(predictions.outputs, grid.axes()[0].values);
}
