//! Burn's L-BFGS, one iteration at a time, over a potential.

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, LBFGS, LBFGSConfig, LineSearchFn};
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::{
    HostEvaluator, Potential, Result, TatiError, available_devices, open_device, shares_host_memory,
};

use super::quench::QuenchConfig;
use super::require_point;
use crate::hessian::spacing_at_one;
use crate::hessian::vectors::{dot, norm};

/// Points that a line search tries.
const MAX_TRIALS: usize = 30;
/// Changes of the potential below so many roundings of it are taken from the gradients.
const ROUNDINGS: f64 = 1e3;

/// A descent at a point.
pub(super) struct Descent<'a> {
    search: Search<'a>,
    optimizer: LBFGS,
    settings: LBFGSConfig,
    is_fresh: bool,
    parameters: FlatParameters,
}

/// θ as Burn's L-BFGS wants it.
#[derive(Module, Debug)]
struct FlatParameters {
    theta: Param<Tensor<1>>,
}

struct Point {
    position: Vec<f64>,
    potential: f64,
    gradient: Vec<f64>,
}

/// The function that a line search from `from` sees: the change of the potential over the square of the gradient's tolerance. In these
/// units the curvature that Burn takes for none, s·y ≤ 1e-10, is far below any that matters.
struct Search<'a> {
    potential: &'a dyn Potential,
    evaluator: HostEvaluator,
    device: Device,
    from: Point,
    trials: Vec<Point>,
    max_change: f64,
    unit: f64,
    /// Whether this search has tried a step that was too long.
    was_limited: bool,
    error: Option<TatiError>,
    num_gradients: usize,
}

impl<'a> Descent<'a> {
    pub(super) fn begin(
        config: &QuenchConfig,
        potential: &'a dyn Potential,
        start: &[f64],
    ) -> Result<Self> {
        require_point("the start of a quench", start, potential.num_parameters())?;
        let first = potential.positions(start)?.flatten(0, 1);
        let mut search = Search {
            potential,
            evaluator: HostEvaluator::like(&first),
            from: Point {
                position: Vec::new(),
                potential: 0.0,
                gradient: Vec::new(),
            },
            trials: Vec::new(),
            max_change: config.max_change,
            unit: config.gradient_tolerance * config.gradient_tolerance,
            was_limited: false,
            error: None,
            num_gradients: 0,
            device: host_device()?,
        };
        search.from = search.evaluate(start.to_vec())?;
        if !search.from.is_finite() {
            return Err(TatiError::NotFinite {
                what: "the potential or its gradient at the start of a quench".to_string(),
                value: if search.from.potential.is_finite() {
                    f64::NAN
                } else {
                    search.from.potential
                },
                remedy: "quench from points that a chain has reached without diverging",
            });
        }
        let settings = LBFGSConfig::new()
            .with_max_iter(1)
            .with_max_eval(Some(MAX_TRIALS))
            .with_history_size(config.history_size)
            .with_tolerance_grad(0.0)
            .with_tolerance_change(0.0)
            .with_line_search_fn(LineSearchFn::StrongWolfe);
        // Burn asks for parameters on a tape, though gradients come from elsewhere.
        let theta = Tensor::from_inner(search.tensor(start.to_vec()));
        Ok(Self {
            optimizer: settings.init(),
            settings,
            is_fresh: true,
            parameters: FlatParameters {
                theta: Param::from_tensor(theta),
            },
            search,
        })
    }

    /// One iteration; `false` if it found no lower point.
    pub(super) fn step(&mut self) -> Result<bool> {
        let search = &mut self.search;
        search.was_limited = false;
        let (parameters, _) = (self.optimizer).step(1.0, self.parameters.clone(), |parameters| {
            search.answer(&parameters)
        });
        if let Some(error) = search.error.take() {
            return Err(error);
        }
        let position = values(&parameters);
        let mut trials = search.trials.drain(..);
        let Some(reached) = trials.find(|trial| trial.position == position) else {
            return Ok(false);
        };
        drop(trials);
        let falls = search.change(&reached) < 0.0;
        if falls {
            search.from = reached;
            self.parameters = parameters;
            self.is_fresh = false;
        }
        Ok(falls)
    }

    /// Forgets all steps; `false` if there are none.
    pub(super) fn forget(&mut self) -> bool {
        self.optimizer = self.settings.init();
        !std::mem::replace(&mut self.is_fresh, true)
    }

    pub(super) fn gradient_norm(&self) -> f64 {
        norm(&self.search.from.gradient)
    }

    pub(super) fn potential(&self) -> f64 {
        self.search.from.potential
    }

    pub(super) fn num_gradients(&self) -> usize {
        self.search.num_gradients
    }

    pub(super) fn into_position(self) -> Vec<f64> {
        self.search.from.position
    }
}

impl Search<'_> {
    /// What the optimizer is told at a trial point.
    fn answer(&mut self, parameters: &FlatParameters) -> (f64, GradientsParams) {
        let (change, gradient) = self.at(values(parameters)).unwrap_or_else(|error| {
            self.error = self.error.take().or(Some(error));
            (f64::INFINITY, vec![0.0; self.from.position.len()])
        });
        let scaled = gradient.iter().map(|slope| slope / self.unit).collect();
        let mut gradients = GradientsParams::new();
        gradients.register(parameters.theta.id, self.tensor(scaled));
        (change / self.unit, gradients)
    }

    /// The change of the potential to `position`, and the gradient there.
    fn at(&mut self, position: Vec<f64>) -> Result<(f64, Vec<f64>)> {
        if position == self.from.position {
            return Ok((0.0, self.from.gradient.clone()));
        }
        let step = difference(&position, &self.from.position);
        let largest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        if largest > self.max_change {
            return Ok(self.too_far(&step, largest / self.max_change));
        }
        let trial = self.evaluate(position)?;
        if !trial.is_finite() {
            return Ok(self.too_far(&step, 2.0));
        }
        let change = self.change(&trial);
        // Where the step is limited the search must not wait for the slope to become small.
        let gradient = if self.was_limited && dot(&trial.gradient, &step) < 0.0 {
            vec![0.0; step.len()]
        } else {
            trial.gradient.clone()
        };
        self.trials.push(trial);
        Ok((change, gradient))
    }

    /// A step `ratio` times too long is answered with the parabola that has its minimum at half of what is allowed.
    fn too_far(&mut self, step: &[f64], ratio: f64) -> (f64, Vec<f64>) {
        self.was_limited = true;
        let slope = dot(&self.from.gradient, step);
        let gradient = (self.from.gradient.iter()).map(|part| (1.0 - 2.0 * ratio) * part);
        (slope * (1.0 - ratio), gradient.collect())
    }

    /// U(trial) − U(from), by the trapezoidal rule where it would drown in rounding.
    fn change(&self, trial: &Point) -> f64 {
        let (before, after) = (self.from.potential, trial.potential);
        let rounding = spacing_at_one(self.evaluator.dtype()) * before.abs().max(after.abs());
        if (after - before).abs() > ROUNDINGS * rounding {
            return after - before;
        }
        let step = difference(&trial.position, &self.from.position);
        0.5 * (dot(&self.from.gradient, &step) + dot(&trial.gradient, &step))
    }

    fn evaluate(&mut self, position: Vec<f64>) -> Result<Point> {
        let mut gradient = Vec::with_capacity(position.len());
        let potential =
            (self.evaluator).energy_and_gradient(self.potential, &position, &mut gradient)?;
        self.num_gradients += 1;
        Ok(Point {
            position,
            potential,
            gradient,
        })
    }

    fn tensor(&self, values: Vec<f64>) -> Tensor<1> {
        let length = [values.len()];
        Tensor::from_data(TensorData::new(values, length), (&self.device, DType::F64))
    }
}

impl Point {
    fn is_finite(&self) -> bool {
        self.potential.is_finite() && self.gradient.iter().all(|slope| slope.is_finite())
    }
}

/// Where vectors in double precision are kept.
fn host_device() -> Result<Device> {
    for name in available_devices() {
        let device = open_device(name)?;
        if shares_host_memory(&device) {
            return Ok(device);
        }
    }
    Err(TatiError::DeviceNotCompiled {
        name: "flex".to_string(),
        feature: "flex",
        available: "no other that works in double precision in host memory".to_string(),
    })
}

fn values(parameters: &FlatParameters) -> Vec<f64> {
    parameters
        .theta
        .val()
        .inner()
        .into_data()
        .iter::<f64>()
        .collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
