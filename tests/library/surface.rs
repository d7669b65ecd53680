//! Surfaces of real networks on drawn digits: equal to direct evaluation, the same on any number of threads, by outputs as by points.

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rayon::ThreadPoolBuilder;
use tati::landscape::{
    Axis, Draws, ParameterAxis, RandomDirectionConfig, Surface, TrajectoryPotential, ZoomConfig,
};
use tati::models::{
    GlyphsConfig, LeNet, LeNetConfig, Mlp, MlpConfig, Perceptron, PerceptronConfig,
    softmax_cross_entropy,
};
use tati::{
    AffineSubspace, ModelPotential, ParameterLayout, Potential, freeze_parameters, open_device,
};

type Rows = (Tensor<2>, Tensor<1, Int>);

fn device() -> Device {
    open_device("flex").unwrap().autodiff()
}

/// 2,300 drawn digits: three chunks, the last one shorter.
fn digits() -> Rows {
    let digits = GlyphsConfig::new().with_train(2300).with_test(1);
    digits.generate().unwrap().train.to_tensors(&device())
}

fn loss(model: &Perceptron, (images, labels): Rows) -> Tensor<1> {
    softmax_cross_entropy(model.forward(images), labels)
}

type PerceptronLoss = fn(&Perceptron, Rows) -> Tensor<1>;

fn perceptron() -> ModelPotential<Perceptron, Rows, PerceptronLoss> {
    let model = PerceptronConfig::new().init(&device());
    ModelPotential::new(model, digits(), loss as PerceptronLoss).unwrap()
}

fn with_outputs(
    potential: &ModelPotential<Perceptron, Rows, PerceptronLoss>,
) -> ModelPotential<Perceptron, Rows, PerceptronLoss> {
    let outputs = |model: &Perceptron, (images, _): Rows| model.forward(images);
    let loss = |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels);
    potential
        .clone()
        .with_affine_outputs(outputs, loss)
        .unwrap()
}

/// Some numbers of size 0.05, the same in every run.
fn vector(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 0.1 * ((i * 7919 + seed * 104_729) % 1009) as f64 / 1009.0 - 0.05)
        .collect()
}

fn plane(n: usize) -> AffineSubspace {
    AffineSubspace::new(&vector(n, 1), &[&vector(n, 2), &vector(n, 3)]).unwrap()
}

fn axes(reach: f64, points: usize) -> [Axis; 2] {
    ["c0", "c1"].map(|name| Axis::equidistant(name, -reach..=reach, points).unwrap())
}

/// The largest deviation of a surface from evaluation one point at a time, relative to U where it is above 1.
fn deviation(surface: &Surface, potential: &impl Potential, plane: &AffineSubspace) -> f64 {
    let [rows, columns] = [&surface.axes[0], &surface.axes[1]];
    let coefficients = rows
        .values
        .iter()
        .flat_map(|&a| columns.values.iter().map(move |&b| [a, b]));
    let mut largest = 0.0f64;
    for (c, found) in coefficients.zip(&surface.potential) {
        let theta = plane.point(&c).unwrap();
        let position = potential.positions(&theta).unwrap().flatten(0, 1);
        let direct = potential.energy(&position).unwrap();
        largest = largest.max((found - direct).abs() / direct.max(1.0));
    }
    largest
}

#[test]
fn a_surface_is_what_direct_evaluation_gives() {
    let potential = perceptron();
    let plane = plane(7850);
    for (reach, points) in [(1.0, 5), (10.0, 3)] {
        let over = |potential: &ModelPotential<_, _, PerceptronLoss>| {
            Surface::over(potential, &plane, &axes(reach, points), &mut |_| {}).unwrap()
        };
        // Point by point it is the same arithmetic.
        assert_eq!(deviation(&over(&potential), &potential, &plane), 0.0);
        let by_outputs = deviation(&over(&with_outputs(&potential)), &potential, &plane);
        assert!(by_outputs < 1e-6, "{by_outputs:e} at ±{reach}");
    }
}

#[test]
fn layers_that_are_not_affine_go_point_by_point_and_equal_direct_evaluation() {
    let check = |surface: Surface, deviation: f64| {
        assert!(surface.potential.iter().all(|u| u.is_finite()));
        assert!(deviation < 1e-6, "{deviation:e}");
    };
    let mlp = MlpConfig::new(vec![16]).init(&device());
    let mlp_loss =
        |model: &Mlp, (images, labels): Rows| softmax_cross_entropy(model.forward(images), labels);
    let potential = ModelPotential::new(mlp, digits(), mlp_loss).unwrap();
    let plane_of_mlp = plane(potential.num_parameters());
    let surface = Surface::over(&potential, &plane_of_mlp, &axes(2.0, 3), &mut |_| {}).unwrap();
    let off = deviation(&surface, &potential, &plane_of_mlp);
    check(surface, off);

    let (images, labels) = digits();
    let few = (images.narrow(0, 0, 60), labels.narrow(0, 0, 60));
    let lenet_loss = |model: &LeNet, (images, labels): Rows| {
        softmax_cross_entropy(model.forward(images), labels)
    };
    let model = LeNetConfig::new().init(&device());
    let potential = ModelPotential::new(model, few, lenet_loss).unwrap();
    let plane_of_lenet = plane(potential.num_parameters());
    let surface = Surface::over(&potential, &plane_of_lenet, &axes(1.0, 3), &mut |_| {}).unwrap();
    let off = deviation(&surface, &potential, &plane_of_lenet);
    check(surface, off);
}

#[test]
fn values_do_not_depend_on_the_number_of_threads() {
    let potential = perceptron();
    let plane = plane(7850);
    for potential in [with_outputs(&potential), potential] {
        let on = |threads| {
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| Surface::over(&potential, &plane, &axes(1.0, 7), &mut |_| {}).unwrap())
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}

#[test]
fn progress_rises_to_1() {
    let potential = perceptron();
    for potential in [with_outputs(&potential), potential] {
        let mut shares = Vec::new();
        let plane = plane(7850);
        let axes = axes(1.0, 17);
        Surface::over(&potential, &plane, &axes, &mut |share| shares.push(share)).unwrap();
        assert!(shares.len() > 1 && shares.is_sorted(), "{shares:?}");
        assert_eq!(shares.last(), Some(&1.0));
    }
}

/// Where far-out weights overflow single precision, the point has no number and the others have theirs.
#[test]
fn points_without_a_number_are_kept() {
    let plain = perceptron();
    let plane = plane(7850);
    let axis = |values: &[f64]| Axis {
        name: "c".to_string(),
        values: values.to_vec(),
    };
    let axes = [axis(&[0.0, 1e300]), axis(&[0.0])];
    for potential in [plain.clone(), with_outputs(&plain)] {
        let surface = Surface::over(&potential, &plane, &axes, &mut |_| {}).unwrap();
        assert!(surface.potential[0].is_finite() && !surface.potential[1].is_finite());
        assert_eq!(surface.minimum().unwrap().indices, [0, 0]);
    }
    let nowhere = [axis(&[1e300]), axis(&[0.0])];
    let surface = Surface::over(&plain, &plane, &nowhere, &mut |_| {}).unwrap();
    assert_eq!(surface.minimum(), None);
}

#[test]
fn outputs_that_are_not_affine_are_refused() {
    let mlp_loss =
        |model: &Mlp, (images, labels): Rows| softmax_cross_entropy(model.forward(images), labels);
    let outputs = |model: &Mlp, (images, _): Rows| model.forward(images);
    let loss = |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels);
    let model = MlpConfig::new(vec![8]).init(&device());
    let potential = ModelPotential::new(model.clone(), digits(), mlp_loss).unwrap();
    let message = potential.with_affine_outputs(outputs, loss).err().unwrap();
    assert!(message.to_string().contains("not affine"), "{message}");

    // All but the last layer frozen, they are.
    let model = freeze_parameters(model, &["layers.0"]).unwrap();
    let point_by_point = ModelPotential::new(model, digits(), mlp_loss).unwrap();
    let by_outputs = point_by_point
        .clone()
        .with_affine_outputs(outputs, loss)
        .unwrap();
    let plane = plane(by_outputs.num_parameters());
    let surface = Surface::over(&by_outputs, &plane, &axes(5.0, 3), &mut |_| {}).unwrap();
    assert!(deviation(&surface, &point_by_point, &plane) < 1e-6);

    // Another loss than the potential's.
    let other = |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels) * 2.0;
    let outputs = |model: &Perceptron, (images, _): Rows| model.forward(images);
    let message = perceptron()
        .with_affine_outputs(outputs, other)
        .unwrap_err();
    assert!(message.to_string().starts_with("`loss` is"), "{message}");
}

/// Outputs that are affine as far as construction looks, and not where the plane ends.
#[test]
fn a_plane_that_leaves_where_outputs_are_affine_is_refused() {
    let outputs = |model: &Perceptron, (images, _): Rows| model.forward(images).clamp(-1e5, 1e5);
    let loss = |logits, (_, labels): Rows| softmax_cross_entropy(logits, labels);
    let model = PerceptronConfig::new().init(&device());
    let clamped = move |model: &Perceptron, rows: Rows| loss(outputs(model, rows.clone()), rows);
    let potential = ModelPotential::new(model, digits(), clamped).unwrap();
    let potential = potential.with_affine_outputs(outputs, loss).unwrap();
    let plane = plane(7850);
    let over = |reach| Surface::over(&potential, &plane, &axes(reach, 3), &mut |_| {});
    assert!(over(1e3).is_ok());
    let message = over(1e6).unwrap_err().to_string();
    assert!(
        message.contains("not affine in the parameters"),
        "{message}"
    );
}

/// A zoom of a model in double precision is smooth where single precision has only rounding.
#[test]
fn double_precision_reaches_the_floor_of_a_funnel() {
    let device = device();
    let inputs: Vec<f64> = (0..200).map(|i| (f64::from(i) * 0.37).sin()).collect();
    let curvature = inputs.iter().map(|x| x * x).sum::<f64>() / 100.0;
    let data = TensorData::new(inputs, [200, 1]);
    let inputs = Tensor::<2>::from_data(data, (&device, DType::F64));
    let model: Linear = LinearConfig::new(1, 1).with_bias(false).init(&device);
    let layout = ParameterLayout::of(&model).unwrap();
    let theta = Tensor::<1>::from_data(
        TensorData::new(vec![0.0f64], [1]),
        (&device.clone().inner(), DType::F64),
    );
    let model = layout.unflatten(model, theta).unwrap();
    let forward = |model: &Linear, inputs: Tensor<2>| model.forward(inputs);
    let square = |outputs: Tensor<2>, _: Tensor<2>| (outputs + 1.0).powi_scalar(2).mean();
    let potential = ModelPotential::new(model, inputs.clone(), move |model: &Linear, x| {
        square(forward(model, x), inputs.clone())
    })
    .unwrap()
    .with_affine_outputs(forward, square)
    .unwrap();
    let line = AffineSubspace::new(&[0.0], &[&[1.0]]).unwrap();
    let zooms = ZoomConfig::new()
        .with_points(5)
        .with_widest(-4)
        .with_narrowest(-6);
    for surface in zooms.evaluate(&potential, &line, &mut |_| {}).unwrap() {
        let u = &surface.potential;
        let reach = surface.axes[0].values[4];
        let found = (u[4] - 2.0 * u[2] + u[0]) / (reach * reach);
        assert!(
            (found / curvature - 1.0).abs() < 2e-3,
            "{found} at ±{reach}"
        );
    }
}

#[test]
fn named_parameters_take_their_values_and_others_are_held() {
    let potential = perceptron();
    let centre = vector(7850, 1);
    let layout = potential.layout().clone();
    let axis = |tensor, index: &[usize]| {
        ParameterAxis::new(&layout, tensor, index, -0.5..=0.5, 3).unwrap()
    };
    let parameters = [axis("weight", &[3, 400]), axis("bias", &[7])];
    for potential in [with_outputs(&potential), potential.clone()] {
        let surface =
            Surface::over_parameters(&potential, &centre, &parameters, &mut |_| {}).unwrap();
        assert_eq!(surface.axes[0].name, "weight[3][400]");
        let values = [-0.5, 0.0, 0.5];
        for (point, found) in surface.potential.iter().enumerate() {
            let mut theta = centre.clone();
            theta[3 * 784 + 400] = values[point / 3];
            theta[7840 + 7] = values[point % 3];
            let position = potential.positions(&theta).unwrap().flatten(0, 1);
            assert!((found - potential.energy(&position).unwrap()).abs() < 1e-6);
        }
    }

    let message = |tensor, index: &[usize]| {
        let axis = ParameterAxis::new(&layout, tensor, index, -0.5..=0.5, 3);
        axis.unwrap_err().to_string()
    };
    assert_eq!(
        message("weigth", &[0, 0]),
        "`parameter` is `weigth`: it must be one of the model's; the nearest is `weight`"
    );
    assert!(message("bias", &[10]).contains("inside `bias`, whose shape is [10]"));
    assert!(message("weight", &[3]).contains("whose shape is [10, 784]"));
    let twice = [axis("bias", &[7]), axis("bias", &[7])];
    assert!(Surface::over_parameters(&potential, &centre, &twice, &mut |_| {}).is_err());
    assert!(Surface::over_parameters(&potential, &[0.0], &twice[..1], &mut |_| {}).is_err());
}

/// The loss of recorded draws on data that they were not sampled with.
#[test]
fn a_trajectory_is_evaluated_on_other_data() {
    let (images, labels) = digits();
    let other = (images.narrow(0, 100, 50), labels.narrow(0, 100, 50));
    let model = PerceptronConfig::new().init(&device());
    let potential = ModelPotential::new(model, other, loss as PerceptronLoss).unwrap();
    let theta: Vec<f64> = (0..6).flat_map(|seed| vector(7850, seed)).collect();
    let draws = Draws::from_f64(&theta, [2, 3, 7850]).unwrap();
    let along = TrajectoryPotential::of(&draws, &potential, &mut |_| {}).unwrap();
    for (row, theta) in theta.chunks(7850).enumerate() {
        let position = potential.positions(theta).unwrap().flatten(0, 1);
        let direct = potential.energy(&position).unwrap();
        assert_eq!(along.potential[row / 3][row % 3], direct);
    }
}

/// Filters are rows of the perceptron's weights, found by the bias beside them, and columns of Burn's `Linear`.
#[test]
fn filters_of_a_random_direction_are_as_long_as_the_network_s() {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    let model = PerceptronConfig::new().init(&device());
    let layout = ParameterLayout::of(&model).unwrap();
    let theta = vector(7850, 4);
    let direction = RandomDirectionConfig::new(7).draw(&layout, &theta).unwrap();
    for class in 0..10 {
        let row = class * 784..(class + 1) * 784;
        let expected = norm(&mut theta[row.clone()].iter().copied());
        let found = norm(&mut direction[row].iter().copied());
        assert!((found - expected).abs() < 1e-12 * expected);
    }
    assert!(direction[7840..].iter().all(|&x| x == 0.0));

    let model = MlpConfig::new(vec![6])
        .with_inputs(4)
        .with_outputs(6)
        .init(&device());
    let layout = ParameterLayout::of(&model).unwrap();
    let theta = vector(layout.num_parameters(), 5);
    let config = RandomDirectionConfig::new(7);
    let direction = config.draw(&layout, &theta).unwrap();
    // `layers.0` is [4, 6]; `layers.1` is [6, 6] after its 6 biases: its filters are columns by Burn's convention.
    for (start, rows) in [(0, 4), (30, 6)] {
        for column in 0..6 {
            let of = |v: &[f64]| norm(&mut (0..rows).map(|row| v[start + 6 * row + column]));
            assert!((of(&direction) - of(&theta)).abs() < 1e-12);
        }
    }
    let rows = config.with_filter_axes(vec![("layers.1.weight".to_string(), 0)]);
    let direction = rows.draw(&layout, &theta).unwrap();
    let of = |v: &[f64]| norm(&mut v[36..42].iter().copied());
    assert!((of(&direction) - of(&theta)).abs() < 1e-12);

    let model = LeNetConfig::new().init(&device());
    let layout = ParameterLayout::of(&model).unwrap();
    let theta = vector(layout.num_parameters(), 6);
    let direction = RandomDirectionConfig::new(1).draw(&layout, &theta).unwrap();
    let second = layout
        .tensor("convolution2.weight")
        .unwrap()
        .offset
        .unwrap();
    for kernel in 0..16 {
        let place = second + 150 * kernel..second + 150 * (kernel + 1);
        let of = |v: &[f64]| norm(&mut v[place.clone()].iter().copied());
        assert!((of(&direction) - of(&theta)).abs() < 1e-12);
    }
}

#[test]
fn random_directions_follow_their_seed_and_refuse_what_does_not_fit() {
    let layout = perceptron().layout().clone();
    let theta = vector(7850, 4);
    let draw = |seed| {
        RandomDirectionConfig::new(seed)
            .draw(&layout, &theta)
            .unwrap()
    };
    assert_eq!(draw(3), draw(3));
    // Independent normals in 7,840 dimensions: their cosine has standard deviation 0.0113; 5 of them are passed once in 10⁶.
    let (a, b) = (draw(3), draw(4));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
    assert!(cosine.abs() < 0.0565, "{cosine}");

    let message = |axes: &[(&str, usize)], theta: &[f64]| {
        let axes = axes.iter().map(|(name, axis)| (name.to_string(), *axis));
        let config = RandomDirectionConfig::new(1).with_filter_axes(axes.collect());
        config.draw(&layout, theta).unwrap_err().to_string()
    };
    assert!(message(&[("wieght", 0)], &theta).ends_with("the nearest is `weight`"));
    assert!(message(&[("weight", 2)], &theta).contains("below 2, the rank of the tensor"));
    assert!(message(&[], &theta[1..]).contains("expected 7850, found 7849"));
    assert!(message(&[], &vec![0.0; 7850]).contains("0 everywhere"));
}
