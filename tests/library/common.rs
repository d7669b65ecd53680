//! What several test files need: statistics with their errors, and a module that is one tensor.

use burn::module::{Module, Param, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati::open_device;

pub fn flex() -> Device {
    open_device("flex").expect("flex is compiled in")
}

/// Thousands of independent one-dimensional systems as one parameter, with the gradient given in closed form.
#[derive(Module, Debug)]
pub struct Ensemble {
    position: Param<Tensor<1>>,
}

impl Ensemble {
    pub fn new(positions: Vec<f64>, dtype: DType) -> Self {
        Self::on(&flex(), positions, dtype)
    }

    pub fn on(device: &Device, positions: Vec<f64>, dtype: DType) -> Self {
        let length = positions.len();
        let data = TensorData::new(positions, [length]).convert_dtype(dtype);
        let tensor = Tensor::from_data(data, (&device.clone().autodiff(), dtype));
        Self {
            position: Param::initialized(ParamId::new(), tensor.require_grad()),
        }
    }

    pub fn tensor(&self) -> Tensor<1> {
        self.position.val()
    }

    pub fn positions(&self) -> Vec<f64> {
        self.tensor().inner().to_data().iter::<f64>().collect()
    }

    /// One step on U = `curvature` θ²/2 for every member.
    pub fn harmonic_step(
        self,
        sampler: &mut ModuleOptimizer,
        step_size: f64,
        curvature: f64,
    ) -> Self {
        self.step(sampler, step_size, |theta| theta.mul_scalar(curvature))
    }

    /// One step with the gradient that belongs to the positions.
    pub fn step(
        self,
        sampler: &mut ModuleOptimizer,
        step_size: f64,
        gradient: impl FnOnce(Tensor<1>) -> Tensor<1>,
    ) -> Self {
        let mut gradients = GradientsParams::new();
        let gradient = gradient(self.position.val().inner());
        gradients.register(self.position.id, gradient);
        sampler.step(step_size, self, gradients)
    }
}

/// Mean and standard error of independent numbers.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Kolmogorov's D of `values` against a distribution function, and sqrt(n)·D.
pub fn kolmogorov(values: &mut [f64], distribution: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let mut largest: f64 = 0.0;
    for (index, value) in values.iter().enumerate() {
        let expected = distribution(*value);
        let (below, above) = (index as f64 / n, (index + 1) as f64 / n);
        largest = largest
            .max((expected - below).abs())
            .max((above - expected).abs());
    }
    n.sqrt() * largest
}

/// The standard normal distribution function to 1e-15, by its series and continued fraction
/// (Abramowitz, Stegun 1964, 26.2.10 and 26.2.14).
pub fn normal_distribution(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    if x.abs() < 4.0 {
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-17 {
            term *= x * x / (2.0 * k + 1.0);
            sum += term;
            k += 1.0;
        }
        return 0.5 + density * sum;
    }
    let mut fraction = 0.0;
    for k in (1..60).rev() {
        fraction = f64::from(k) / (x.abs() + fraction);
    }
    let tail = density / (x.abs() + fraction);
    if x > 0.0 { 1.0 - tail } else { tail }
}
