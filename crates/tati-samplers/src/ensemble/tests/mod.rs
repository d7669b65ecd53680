//! Ensembles on a Gaussian: what all their tests share.

mod batched;
mod densities;
mod replica_exchange;
mod replica_exchange_restart;
mod restart;
mod steps;
mod walkers;

use burn::module::{Module, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::{ModelPotential, Result, TatiError, open_device};

use crate::{BaoabConfig, ChainConfig, ChainSampler, Draw, Prior};

/// θ = (head, tail), two tensors.
#[derive(Module, Debug)]
struct Point {
    head: Param<Tensor<1>>,
    tail: Param<Tensor<2>>,
}

const HEAD: usize = 2;

type Loss = fn(&Point, Tensor<2>) -> Tensor<1>;
type Gaussian = ModelPotential<Point, Tensor<2>, Loss>;

/// The mean of (a·θ)² over the rows a of the data.
fn loss(point: &Point, rows: Tensor<2>) -> Tensor<1> {
    let length = point.tail.val().dims()[0];
    let head = point.head.val().reshape([HEAD, 1]);
    let theta = Tensor::cat(vec![head, point.tail.val().reshape([length, 1])], 0);
    rows.matmul(theta).powi_scalar(2).mean()
}

/// U and its gradients of several points by one product.
fn closed_form(points: &[Point], rows: Tensor<2>) -> Vec<(f64, GradientsParams)> {
    let column = |point: &Point| {
        let (head, tail) = (point.head.val().inner(), point.tail.val().inner());
        Tensor::cat(vec![head.reshape([HEAD as i32, 1]), tail], 0)
    };
    let thetas = Tensor::cat(points.iter().map(column).collect(), 1);
    let products = rows.clone().matmul(thetas);
    let share = 2.0 / rows.dims()[0] as f64;
    let slopes = rows.transpose().matmul(products.clone()).mul_scalar(share);
    let means = products.powi_scalar(2).mean_dim(0).into_data();
    let one = |(index, (point, mean)): (usize, (&Point, f64))| {
        let slope = slopes.clone().narrow(1, index, 1);
        let length = point.tail.val().dims()[0];
        let mut gradients = GradientsParams::new();
        let head: Tensor<1> = slope.clone().narrow(0, 0, HEAD).flatten(0, 1);
        gradients.register(point.head.id, head);
        gradients.register(point.tail.id, slope.narrow(0, HEAD, length));
        (mean, gradients)
    };
    let pairs = points.iter().zip(means.iter::<f64>());
    pairs.enumerate().map(one).collect()
}

fn flex() -> Device {
    open_device("flex").unwrap()
}

fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D], dtype: DType) -> Tensor<D> {
    let data = TensorData::new(values, shape).convert_dtype(dtype);
    Tensor::from_data(data, (&flex(), dtype))
}

/// The point θ.
fn point(theta: &[f64], dtype: DType) -> Point {
    let lift = |id| id;
    let (head, tail) = theta.split_at(HEAD);
    let head = tensor(head.to_vec(), [HEAD], dtype);
    let tail = tensor(tail.to_vec(), [tail.len(), 1], dtype);
    Point {
        head: Param::initialized(
            lift(ParamId::new()),
            Tensor::from_inner(head).require_grad(),
        ),
        tail: Param::initialized(ParamId::new(), Tensor::from_inner(tail).require_grad()),
    }
}

/// U(θ) = θᵀKθ/2 with these eigenvalues of K and eigenvectors across all coordinates, at θ.
fn gaussian(curvatures: &[f64], theta: &[f64], dtype: DType) -> (Point, Gaussian) {
    let n = curvatures.len();
    // U is the mean of n squares.
    let rows = (0..n).flat_map(|k| {
        let scale = (0.5 * n as f64 * curvatures[k]).sqrt();
        eigenvector(k, n)
            .into_iter()
            .map(move |entry| scale * entry)
    });
    let rows = tensor(rows.collect(), [n, n], dtype);
    let model = point(theta, dtype);
    let potential = ModelPotential::new(model.clone(), rows, loss as Loss).unwrap();
    (model, potential)
}

/// The k-th column of the reflection I − 2vvᵀ with v ∝ (1, 2, …, n).
fn eigenvector(k: usize, n: usize) -> Vec<f64> {
    let norm: f64 = (1..=n).map(|i| (i * i) as f64).sum();
    let entry = |i: usize| f64::from(u8::from(i == k)) - 2.0 * ((i + 1) * (k + 1)) as f64 / norm;
    (0..n).map(entry).collect()
}

fn numbers(model: &Point) -> Vec<f64> {
    let head = model.head.val().inner().to_data();
    let tail = model.tail.val().inner().to_data();
    head.iter::<f64>().chain(tail.iter::<f64>()).collect()
}

fn baoab() -> BaoabConfig {
    BaoabConfig::new(1.0)
        .with_friction(1.0)
        .with_prior(Some(Prior::Tether(0.3)))
        .with_seed(Some(3))
}

fn sampler() -> ChainSampler {
    ChainSampler::optimizer(&baoab(), 0.1)
}

fn steps(num_steps: u64) -> ChainConfig {
    ChainConfig::new(num_steps).with_checkpoint_every_seconds(None)
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(work)
}

/// An observer that fails from a step on.
fn failing_at(step: u64) -> impl FnMut(&Draw<'_, Point>) -> Result<()> {
    move |draw| {
        if draw.step < step {
            return Ok(());
        }
        Err(TatiError::Record {
            what: "of the test".to_string(),
            reason: "it is to end here".to_string(),
        })
    }
}
