//! Training on potentials whose minimum is known.

use burn::module::Param;

use super::*;

/// U = ½ Σ κᵢ (θᵢ − mᵢ)², with κ and m as the one row of data.
#[derive(Module, Debug)]
struct Well {
    theta: Param<Tensor<1>>,
}

/// κ and m.
type Shape = (Tensor<2>, Tensor<2>);
type WellPotential = ModelPotential<Well, Shape, fn(&Well, Shape) -> Tensor<1>>;

fn well(start: &[f64], stiffness: &[f64], minimum: &[f64]) -> (Well, WellPotential) {
    let device = tati_core::open_device("flex").unwrap().autodiff();
    let row = |values: &[f64]| {
        let plain = device.clone().inner();
        Tensor::<1>::from_data(
            burn::tensor::TensorData::from(values).convert_dtype(burn::tensor::DType::F32),
            &plain,
        )
        .unsqueeze::<2>()
    };
    let theta = Tensor::from_inner(row(start).flatten(0, 1));
    let model = Well {
        theta: Param::from_tensor(theta),
    };
    let loss: fn(&Well, Shape) -> Tensor<1> = |well, (stiffness, minimum)| {
        let from = well.theta.val().unsqueeze::<2>() - minimum;
        (stiffness * from.powi_scalar(2)).sum().mul_scalar(0.5)
    };
    let potential = ModelPotential::new(model.clone(), (row(stiffness), row(minimum)), loss);
    (model, potential.unwrap())
}

fn go_on(_: &TrainStep<'_>) -> Result<ControlFlow<()>> {
    Ok(ControlFlow::Continue(()))
}

fn theta(model: &Well) -> Vec<f64> {
    model.theta.val().into_data().iter::<f64>().collect()
}

#[test]
fn plain_gradient_descent_takes_the_steps_of_its_formula() {
    let (model, potential) = well(&[4.0, -2.0], &[1.0, 0.5], &[0.0, 0.0]);
    let config = TrainConfig::new(
        TrainOptimizer::Sgd { momentum: 0.0 },
        vec![TrainStage::new(2, 0.5), TrainStage::new(1, 1.0)],
    );
    let mut seen = Vec::new();
    let trained = config
        .run(model, &potential, |state| {
            seen.push((state.step, state.potential, state.step_size));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    // θ₁ is halved by each of two steps and gone after the third; θ₂ is shrunk by 3/4, 3/4, 1/2.
    assert_eq!(theta(&trained.model), [0.0, -0.5625]);
    assert_eq!(
        seen,
        [(0, 9.0, 0.5), (1, 2.5625, 0.5), (2, 0.81640625, 1.0)]
    );
    assert_eq!(
        (trained.num_steps, trained.potential),
        (3, 0.25 * 0.5625 * 0.5625)
    );
}

#[test]
fn momentum_adds_the_last_step() {
    let (model, potential) = well(&[1.0], &[1.0], &[0.0]);
    let optimizer = TrainOptimizer::Sgd { momentum: 0.5 };
    let config = TrainConfig::new(optimizer, vec![TrainStage::new(2, 0.25)]);
    let trained = config.run(model, &potential, go_on).unwrap();
    // 1 → 0.75 by −0.25; then by 0.5·(−0.25) − 0.25·0.75.
    assert_eq!(theta(&trained.model), [0.75 - 0.125 - 0.1875]);
}

#[test]
fn every_optimizer_finds_the_minimum_of_an_uneven_well() {
    let minimum = [1.0, -2.0, 0.5];
    for (optimizer, steps, step_size, tolerance) in [
        (TrainOptimizer::Sgd { momentum: 0.9 }, 600, 0.01, 1e-3),
        (TrainOptimizer::Adam, 4000, 0.01, 1e-3),
        (TrainOptimizer::Lbfgs, 40, 1.0, 1e-4),
        (TrainOptimizer::BarzilaiBorwein, 100, 0.01, 1e-4),
    ] {
        let (model, potential) = well(&[0.0; 3], &[1.0, 10.0, 100.0], &minimum);
        let config = TrainConfig::new(optimizer, vec![TrainStage::new(steps, step_size)])
            .with_gradient_tolerance(1e-5);
        let trained = config.run(model, &potential, go_on).unwrap();
        for (found, expected) in theta(&trained.model).iter().zip(minimum) {
            assert!(
                (found - expected).abs() < tolerance,
                "{optimizer:?}: {found} {expected}"
            );
        }
    }
}

/// With a Gaussian prior of the well's own stiffness the minimum is half way.
#[test]
fn a_prior_moves_the_minimum() {
    let (model, potential) = well(&[3.0], &[2.0], &[1.0]);
    let config = TrainConfig::new(
        TrainOptimizer::BarzilaiBorwein,
        vec![TrainStage::new(10, 0.1)],
    )
    .with_prior(Some(Prior::Gaussian(2.0)));
    let trained = config.run(model, &potential, go_on).unwrap();
    assert_eq!(theta(&trained.model), [0.5]);
    assert_eq!(trained.potential, 0.5);
}

#[test]
fn a_stop_keeps_what_was_reached() {
    let (model, potential) = well(&[4.0], &[1.0], &[0.0]);
    let config = TrainConfig::new(
        TrainOptimizer::Sgd { momentum: 0.0 },
        vec![TrainStage::new(100, 0.5)],
    );
    let trained = config.run(model, &potential, |state| {
        Ok(if state.step == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    });
    let trained = trained.unwrap();
    assert_eq!((trained.num_steps, trained.interrupted), (2, true));
    assert_eq!(theta(&trained.model), [1.0]);
}

#[test]
fn what_cannot_be_trained_is_named() {
    let message = |config: TrainConfig| {
        let (model, potential) = well(&[1.0], &[1.0], &[0.0]);
        let trained = config.run(model, &potential, go_on);
        trained.unwrap_err().to_string()
    };
    let sgd = TrainOptimizer::Sgd { momentum: 0.0 };
    let stage = TrainStage::new(10, 0.1);
    assert_eq!(
        message(TrainConfig::new(sgd, vec![])),
        "`num_steps` is 0: it must be at least 1"
    );
    assert_eq!(
        message(TrainConfig::new(
            sgd,
            vec![stage.clone().with_batch_size(Some(7))]
        )),
        "`batch_size` is 7: it must be between 1 and the number of data items, 1"
    );
    let diverging = TrainConfig::new(sgd, vec![TrainStage::new(1000, 10.0)]);
    let error = message(diverging);
    assert!(
        error.contains("at step 2") && error.contains("smaller step size"),
        "{error}"
    );
    let momentum = TrainOptimizer::Sgd { momentum: 1.0 };
    assert!(message(TrainConfig::new(momentum, vec![stage.clone()])).contains("`momentum` is 1"));
    let tether = TrainConfig::new(sgd, vec![stage]).with_prior(Some(Prior::Tether(1.0)));
    assert!(message(tether).contains("a tether"));
}

#[test]
fn stages_are_written_as_they_are_read() {
    for text in ["10:0.5", "3000:0.05:550"] {
        let stage: TrainStage = text.parse().unwrap();
        assert_eq!(stage.to_string(), text);
    }
    for bad in [
        "",
        "10",
        "10:",
        "10:a",
        "10:0.1:",
        "10:0.1:5:6",
        "-1:0.1",
        "1.5:0.1",
    ] {
        assert!(bad.parse::<TrainStage>().is_err(), "{bad}");
    }
}
