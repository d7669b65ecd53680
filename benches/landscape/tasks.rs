//! The work that is timed, the same as the Python libraries are timed on.

mod data;

use burn::optim::AdamConfig;
use burn::tensor::{Device, Int, Tensor};
use tati::landscape::{
    Axis, Draws, EigenpairsConfig, Hessian, PrincipalComponentsConfig, Surface, convergence,
};
use tati::models::{Mlp, MlpConfig, Perceptron, PerceptronConfig, softmax_cross_entropy};
use tati::{AffineSubspace, ModelPotential, ParameterLayout, Potential, open_device};

/// Something to time.
pub struct Task {
    pub name: &'static str,
    pub work: &'static str,
    /// Makes the data, of the given share of the full size, and returns the work, which tells its result.
    pub prepare: fn(f64) -> Box<dyn FnMut() -> String>,
}

/// All tasks.
pub fn all() -> Vec<Task> {
    vec![
        Task {
            name: "covariance",
            work: "leading 64 eigenpairs, 5,000 draws of 7,850 parameters",
            prepare: covariance,
        },
        Task {
            name: "convergence",
            work: "R̂, bulk and tail effective draws, 4 × 5,000 × 7,850",
            prepare: diagnostics,
        },
        Task {
            name: "surface",
            work: "perceptron on 51 × 51 points, 60,000 × 784",
            prepare: |size| surface(size, true),
        },
        Task {
            name: "any-network",
            work: "the same, as for a network whose outputs are not affine",
            prepare: |size| surface(size, false),
        },
        Task {
            name: "hessian",
            work: "leading 10 eigenvalues, MLP 784-128-10 on 10,000 images",
            prepare: hessian,
        },
    ]
}

fn covariance(size: f64) -> Box<dyn FnMut() -> String> {
    let draws = scaled(5000, size, 200);
    let theta = data::signal_and_noise(draws, 7850);
    Box::new(move || {
        let draws = Draws::from_f32(&theta, [1, draws, 7850]).expect("draws");
        let found = PrincipalComponentsConfig::new(64)
            .compute(&draws)
            .expect("components");
        let worst = found
            .error_bounds
            .iter()
            .zip(&found.eigenvalues)
            .map(|(bound, value)| bound / value);
        let worst = worst.fold(0.0, f64::max);
        format!(
            "λ₁ {:.1}, λ₆₄ {:.5}, residual {worst:.1e}, {:?}",
            found.eigenvalues[0], found.eigenvalues[63], found.method
        )
    })
}

fn diagnostics(size: f64) -> Box<dyn FnMut() -> String> {
    let parameters = scaled(7850, size, 16);
    let theta = data::autoregressive_chains([4, 5000, parameters]);
    Box::new(move || {
        let draws = Draws::from_f32(&theta, [4, 5000, parameters]).expect("draws");
        let found = convergence(&draws).expect("diagnostics");
        format!(
            "largest R̂ {:.4}, fewest effective draws {:.0}",
            found.max_r_hat().expect("a parameter").1,
            found.min_bulk().expect("a parameter").1
        )
    })
}

type Rows = (Tensor<2>, Tensor<1, Int>);

fn surface(size: f64, is_affine: bool) -> Box<dyn FnMut() -> String> {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    let rows = data::images(scaled(60_000, size, 1000), &device.clone().inner());
    let model = PerceptronConfig::new().init(&device);
    let loss = |model: &Perceptron, (images, labels): Rows| {
        softmax_cross_entropy(model.forward(images), labels)
    };
    let layout = ParameterLayout::of(&model).expect("a layout");
    let mut origin = Vec::new();
    layout
        .copy_to_host::<_, f64>(&model, &mut origin)
        .expect("parameters");
    let potential = ModelPotential::new(model, rows, loss).expect("a potential");
    let potential = if is_affine {
        potential
            .with_affine_outputs(
                |model: &Perceptron, (images, _): Rows| model.forward(images),
                |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels),
            )
            .expect("affine outputs")
    } else {
        potential
    };
    let [first, second] = [5, 6].map(|seed| {
        let direction = data::normals(seed, 7850).into_iter();
        direction.map(|x| 0.05 * f64::from(x)).collect::<Vec<_>>()
    });
    let plane = AffineSubspace::new(&origin, &[&first, &second]).expect("a plane");
    let points = scaled(51, size, 5);
    Box::new(move || {
        let axes = ["c0", "c1"].map(|name| Axis::equidistant(name, -1.0..=1.0, points));
        let axes = axes.map(|axis| axis.expect("an axis"));
        let surface = Surface::over(&potential, &plane, &axes, &mut |_| {}).expect("a surface");
        let minimum = surface.minimum().expect("a minimum");
        format!(
            "least {:.4} at {:?}",
            minimum.potential, minimum.coordinates
        )
    })
}

fn hessian(size: f64) -> Box<dyn FnMut() -> String> {
    let device = open_device("flex").expect("flex is compiled in").autodiff();
    let rows = data::images(scaled(10_000, size, 1000), &device.clone().inner());
    let (potential, theta) = trained(rows, &device);
    Box::new(move || {
        let mut hessian = Hessian::new(&potential, &theta).expect("a Hessian");
        let found = EigenpairsConfig::new(10)
            .run(&mut hessian)
            .expect("eigenpairs");
        format!(
            "λ₁ {:.4}, λ₁₀ {:.4}, {} gradients, converged: {}",
            found.eigenvalues[0], found.eigenvalues[9], found.num_gradients, found.converged
        )
    })
}

/// An MLP after 200 steps of Adam, as a potential over all rows, and its parameters.
fn trained(rows: Rows, device: &Device) -> (impl Potential + use<>, Tensor<1>) {
    let loss =
        |model: &Mlp, (images, labels): Rows| softmax_cross_entropy(model.forward(images), labels);
    device.seed(1);
    let mut model = MlpConfig::new(vec![128]).init(device);
    let potential = ModelPotential::new(model.clone(), rows, loss).expect("a potential");
    let mut batches = potential
        .clone()
        .with_batch_size(500, 1)
        .expect("mini-batches");
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..200 {
        let (_, gradients) = batches.gradients(&model);
        model = optimizer.step(1e-3, model, gradients);
        batches.next_batch();
    }
    let theta = potential.layout().flatten(&model);
    (potential, theta.expect("parameters"))
}

/// The share `size` of `full`, but at least `least`.
fn scaled(full: usize, size: f64, least: usize) -> usize {
    ((full as f64 * size) as usize).max(least)
}
