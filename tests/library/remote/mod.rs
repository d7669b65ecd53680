//! Remote devices: the same chains as on a local one, and what becomes of a run whose server is killed.

mod addresses;
mod loss;
mod server;

use burn::tensor::{Device, Tensor, TensorData};
use tati::models::{Mlp, MlpConfig};
use tati::prelude::*;

use crate::common::flex;
use server::Server;

type Rows = (Tensor<2>, Tensor<2>);
type Loss = fn(&Mlp, Rows) -> Tensor<1>;
type Regression = ModelPotential<Mlp, Rows, Loss>;

/// A network and the mean squared error of its outputs over twelve rows, on flex.
fn regression() -> (Mlp, Regression) {
    let plain = flex();
    let model = MlpConfig::new(vec![4])
        .with_inputs(2)
        .with_outputs(2)
        .init(&plain.clone().autodiff());
    let layout = ParameterLayout::of(&model).expect("a layout");
    let start = numbers(layout.num_parameters(), 0.7);
    let theta = Tensor::<1>::from_data(TensorData::new(start, [layout.num_parameters()]), &plain);
    let model = layout.unflatten(model, theta).expect("a model");
    let rows = |scale| Tensor::<2>::from_data(TensorData::new(numbers(24, scale), [12, 2]), &plain);
    let loss: Loss =
        |model, (inputs, targets)| (model.forward(inputs) - targets).powi_scalar(2).mean();
    let potential = ModelPotential::new(model.clone(), (rows(1.3), rows(2.1)), loss);
    (model, potential.expect("a potential"))
}

fn numbers(count: usize, scale: f32) -> Vec<f32> {
    (0..count).map(|i| (scale * (i + 1) as f32).sin()).collect()
}

/// The regression on `device`.
fn regression_on(device: &Device) -> (Mlp, Regression) {
    let (model, potential) = regression();
    let model = burn::module::Module::fork(model, &device.clone().autodiff());
    (model, potential.to_device(device))
}

fn theta(model: &Mlp) -> Vec<f64> {
    let layout = ParameterLayout::of(model).expect("a layout");
    let flat = layout.flatten(model).expect("parameters");
    flat.into_data().iter::<f64>().collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

/// The draws of θ and U of 20 steps.
fn chain(device: &Device, sampler: ChainSampler, batch_size: Option<usize>) -> Vec<f64> {
    let (model, mut potential) = regression_on(device);
    if let Some(batch_size) = batch_size {
        potential = potential.with_batch_size(batch_size, 5).expect("batches");
    }
    let mut seen = Vec::new();
    let mut watch = |draw: &Draw<'_, Mlp>| {
        seen.push(draw.statistics.potential);
        seen.extend(draw.position.to_data().iter::<f64>());
        Ok(())
    };
    let chain = ChainConfig::new(20).with_thinning(4);
    let chain = chain.init(model, potential, sampler).expect("a chain");
    chain.with_observer(&mut watch).run().expect("a run");
    seen
}

#[test]
fn a_remote_device_computes_what_a_local_one_does() {
    let server = Server::start();
    let device = open_device(&server.name).expect("a device");

    // The same operations on the same backend: the same bits.
    let evaluated = |device: &Device| {
        let (model, potential) = regression_on(device);
        let (value, gradients) = potential.gradients(&model);
        let slopes = potential.layout().flatten_gradients(&model, &gradients);
        let slopes = slopes.expect("gradients").into_data();
        (value, slopes.iter::<f64>().collect::<Vec<_>>())
    };
    assert_eq!(evaluated(&device), evaluated(&flex()));
    // A kernel moves in memory of this process.
    let hmc = || ChainSampler::kernel(&HmcConfig::new(50.0, 0.05, 0.2).with_seed(Some(4)));
    let drawn = chain(&device, hmc(), None);
    assert_eq!(drawn, chain(&flex(), hmc(), None));
    assert!(drawn.iter().all(|number| number.is_finite()) && drawn.len() > 60);

    // A Burn optimizer moves there, by tensor operations in place of the kernel in host memory.
    let tether = Some(Prior::Tether(0.1));
    let baoab = BaoabConfig::new(50.0).with_prior(tether).with_seed(Some(4));
    let sgnht = SgnhtConfig::new(50.0).with_seed(Some(4));
    for (name, sampler, batch_size) in [
        ("baoab", ChainSampler::optimizer(&baoab, 0.05), None),
        ("sgnht", ChainSampler::optimizer(&sgnht, 0.05), Some(5)),
    ] {
        let remote = chain(&device, sampler.clone(), batch_size);
        let local = chain(&flex(), sampler, batch_size);
        let difference = largest_difference(&remote, &local);
        assert!(difference < 1e-5, "{name}: {difference:e}");
        // U and 22 parameters a draw.
        let (first, last) = (&local[1..23], &local[local.len() - 22..]);
        let moved = largest_difference(first, last);
        assert!(moved > 0.01, "{name} moved by {moved} only");
    }
}
