//! Scratch.
use burn::tensor::{Int, Tensor, TensorData};
use std::time::Instant;
use tati::landscape::{EigenpairsConfig, Hessian};
use tati::models::{Mlp, MlpConfig, softmax_cross_entropy};
use tati::{ModelPotential, Potential, open_device};
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn floats(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(format!("/work/wt/curvature-scratch/t8.{name}")).unwrap();
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
fn main() {
    let device = open_device("flex").unwrap().autodiff();
    let plain = device.clone().inner();
    let x = Tensor::<2>::from_data(TensorData::new(floats("x"), [10_000, 784]), &plain);
    let bytes = std::fs::read("/work/wt/curvature-scratch/t8.y").unwrap();
    let y: Vec<i32> = bytes
        .chunks_exact(4)
        .map(|b| i32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    let y = Tensor::<1, Int>::from_data(y.as_slice(), &plain);
    let model = MlpConfig::new(vec![128]).init(&device);
    let potential = ModelPotential::new(
        model,
        (x, y),
        |model: &Mlp, (x, y): (Tensor<2>, Tensor<1, Int>)| {
            softmax_cross_entropy(model.forward(x), y)
        },
    )
    .unwrap();
    let theta = Tensor::<1>::from_data(floats("theta").as_slice(), &plain);
    let (start, c) = (Instant::now(), cpu());
    for _ in 0..5 {
        potential.energy_and_gradient(&theta).unwrap();
    }
    println!(
        "gradient {:.1} ms wall, {:.1} ms cpu",
        start.elapsed().as_secs_f64() * 200.0,
        (cpu() - c) * 200.0
    );
    let step = std::env::args().nth(1).and_then(|s| s.parse::<f64>().ok());
    let most = std::env::args()
        .nth(2)
        .and_then(|s| s.parse().ok())
        .unwrap_or(60usize);
    for _ in 0..1 {
        let mut hessian = Hessian::new(&potential, &theta)
            .unwrap()
            .with_progress(|p| eprintln!("{p}"));
        if let Some(step) = step {
            hessian = hessian.with_difference_step(step).unwrap();
        }
        let (start, c) = (Instant::now(), cpu());
        let pairs = EigenpairsConfig::new(10)
            .with_max_products(most)
            .run(&mut hessian)
            .unwrap();
        println!(
            "{:.2} s wall {:.2} s cpu, {} gradients, converged {} eps {:.3e}",
            start.elapsed().as_secs_f64(),
            cpu() - c,
            pairs.num_gradients,
            pairs.converged,
            pairs.difference_step
        );
        println!(
            "{:?}\n{:?}\n{:?}",
            pairs.eigenvalues, pairs.difference_errors, pairs.residuals
        );
    }
}
