//! Losses of two parameters whose learning coefficient is known.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use tati::ModelPotential;
use tati::landscape::learning_coefficient_inverse_temperature;
use tati::workflow::LearningCoefficientConfig;

use crate::Options;
use crate::support::{self, Failure};

/// Data items; only their number matters.
const ITEMS: usize = 1000;
const TETHER_STRENGTH: f64 = 4.0;

/// A loss L(w₁, w₂) with its minimum 0 at the origin.
struct Singular {
    name: &'static str,
    known: f64,
    multiplicity: u32,
    /// Its bias is below 1 %.
    step_size: f64,
    /// Of plain numbers, for the quadrature.
    loss: fn(f64, f64) -> f64,
    /// The same of tensors.
    tensor_loss: fn(Tensor<1>, Tensor<1>) -> Tensor<1>,
}

const SINGULAR: [Singular; 4] = [
    Singular {
        name: "w₁² + w₂²",
        known: 1.0,
        multiplicity: 1,
        step_size: 0.01,
        loss: |a, b| a * a + b * b,
        tensor_loss: |a, b| a.powi_scalar(2) + b.powi_scalar(2),
    },
    Singular {
        name: "w₁² + w₂⁴",
        known: 0.75,
        multiplicity: 1,
        step_size: 0.01,
        loss: |a, b| a * a + b.powi(4),
        tensor_loss: |a, b| a.powi_scalar(2) + b.powi_scalar(4),
    },
    Singular {
        name: "w₁²w₂²",
        known: 0.5,
        multiplicity: 2,
        step_size: 0.05,
        loss: |a, b| a * a * b * b,
        tensor_loss: |a, b| a.powi_scalar(2) * b.powi_scalar(2),
    },
    Singular {
        name: "w₁²w₂⁴",
        known: 0.25,
        multiplicity: 1,
        step_size: 0.05,
        loss: |a, b| a * a * b.powi(4),
        tensor_loss: |a, b| a.powi_scalar(2) * b.powi_scalar(4),
    },
];

/// Theory beside measurement.
#[derive(Serialize)]
pub struct Row {
    pub loss: &'static str,
    pub known: f64,
    pub multiplicity: u32,
    /// By quadrature at this n and with this tether.
    pub exact: f64,
    pub measured: f64,
    pub standard_error: f64,
    /// From `exact`, in standard errors.
    pub deviation: f64,
}

#[derive(Module, Debug)]
struct Weights {
    weights: Param<Tensor<1>>,
}

pub fn measure(options: &Options, device: &Device, seed: u64) -> Result<Vec<Row>, Failure> {
    let beta = learning_coefficient_inverse_temperature(ITEMS)?;
    let steps = options.singular_steps;
    let each = steps * options.chains as u64;
    let bar = support::progress("singular", each as usize * SINGULAR.len());
    let mut rows = Vec::new();
    for (number, singular) in SINGULAR.iter().enumerate() {
        let weights = Tensor::<1>::zeros([2], device).require_grad();
        let model = Weights {
            weights: Param::initialized(ParamId::new(), weights),
        };
        let items = Tensor::<1>::zeros([ITEMS], &device.clone().inner());
        let tensor_loss = singular.tensor_loss;
        // The items say nothing: the loss is the same for each.
        let potential = ModelPotential::new(model.clone(), items, move |model: &Weights, _| {
            let [first, second] = [0, 1].map(|at| model.weights.val().narrow(0, at, 1));
            tensor_loss(first, second)
        })?;
        let config = LearningCoefficientConfig::new(singular.step_size, TETHER_STRENGTH)
            .with_num_chains(options.chains)
            .with_num_steps(steps)
            .with_burn_in(steps / 6)
            .with_seed(Some(seed.wrapping_add(number as u64)));
        let (found, _) = config.run(&model, &potential, |progress| {
            bar.set_position(number as u64 * each + progress.num_steps);
        })?;
        let exact = expectation(singular.loss, beta);
        rows.push(Row {
            loss: singular.name,
            known: singular.known,
            multiplicity: singular.multiplicity,
            exact,
            measured: found.estimate,
            standard_error: found.standard_error,
            deviation: (found.estimate - exact) / found.standard_error,
        });
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// β⟨L⟩ under exp(−βL − (γ/2)|w|²), by the trapezoidal rule.
fn expectation(loss: fn(f64, f64) -> f64, beta: f64) -> f64 {
    const POINTS: i32 = 1000;

    let reach = 8.0 / TETHER_STRENGTH.sqrt();
    let at = |index: i32| reach * f64::from(index) / f64::from(POINTS);
    let (mut weighted, mut total) = (0.0, 0.0);
    for row in -POINTS..=POINTS {
        for column in -POINTS..=POINTS {
            let (a, b) = (at(row), at(column));
            let energy = beta * loss(a, b);
            let weight = (-energy - 0.5 * TETHER_STRENGTH * (a * a + b * b)).exp();
            weighted += weight * energy;
            total += weight;
        }
    }
    weighted / total
}
